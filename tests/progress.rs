//! The word to those who wait.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Format, HookRun, Sandbox};

/// A git that takes its time to answer.
#[test]
fn a_pusher_who_waits_is_told_every_few_seconds() {
    let s = Sandbox::new(Format::Sha1Files);
    let base = s.started();
    let networking = s.touch(&base, "net/a.c");
    s.seed(&networking, &["pushed"]);
    s.needs_git();
    let folder = s.folder().join("slow");
    std::fs::create_dir(&folder).unwrap();
    let path = std::env::var("PATH").unwrap();
    let slow = format!("#!/bin/sh\nsleep 5\nPATH='{path}' exec git \"$@\"\n");
    std::fs::write(folder.join("git"), slow).unwrap();
    std::fs::set_permissions(folder.join("git"), PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = s.hook_command();
    command.env("PATH", format!("{}:{path}", folder.display()));
    let line = format!("{base} {networking} refs/heads/master\n");
    HookRun::of(&mut command, line.as_bytes())
        .ended(1, "treewarden: still judging: 0 commits")
        .rejected("denied-path");
}
