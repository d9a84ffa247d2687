//! The word to those who wait.

use std::process::Command;
use std::time::Duration;

use crate::support::{Format, Sandbox};

/// A policy that takes its time to be read.
#[test]
fn a_pusher_who_waits_is_told_every_few_seconds() {
    let s = Sandbox::new(Format::Sha1Files);
    let base = s.started();
    let slow = s.folder().join("slow.toml");
    assert!(
        Command::new("mkfifo")
            .arg(&slow)
            .status()
            .unwrap()
            .success()
    );
    s.on_server(&["config", "treewarden.policy", slow.to_str().unwrap()]);
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(5));
        std::fs::write(slow, "version = 1\nextends = \"preset:bpf-next\"\n").unwrap();
    });
    let networking = s.touch(&base, "net/a.c");
    s.push(&networking, "master")
        .says("treewarden: still judging: 0 commits")
        .rejected("denied-path");
    writer.join().unwrap();
}
