//! Colours on a real terminal, and nowhere else.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Stdio};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::cases::assert_printable;
use crate::support::{Format, Sandbox};

/// What a command shows on standard error where that is a terminal.
fn on_terminal(command: &mut Command) -> String {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap().into_bytes();
    let theirs = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(OFlags::NOCTTY.bits() as i32)
        .open(std::ffi::OsString::from_vec(name))
        .unwrap();
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::from(theirs)).spawn().unwrap();
    // Until nobody has it open any more, this process included, the terminal doesn't end.
    command.stderr(Stdio::null());
    let mut shown = Vec::new();
    // Then it ends in an error, after all that was written to it.
    let _ = File::from(ours).read_to_end(&mut shown);
    child.wait().unwrap();
    String::from_utf8(shown).unwrap().replace("\r\n", "\n")
}

/// `check` of a refused commit.
fn refused(s: &Sandbox, format: &str) -> Command {
    let base = s.base();
    let bad = s.touch(&base, "net/a.c");
    let mut command = s.treewarden();
    command.current_dir(s.client()).env("TERM", "xterm");
    command.args(["check", &format!("{base}..{bad}"), "--ref=master"]);
    command.args(["--policy=preset:bpf-next", "--format", format]);
    command
}

#[test]
fn a_terminal_gets_colours() {
    let s = &Sandbox::new(Format::Sha1Files);
    let command = &mut refused(s, "text");
    let shown = on_terminal(command);
    assert!(
        shown.contains("\x1b[31merror[denied-path]\x1b[0m"),
        "{shown:?}"
    );
    // An empty NO_COLOR asks for nothing.
    assert_eq!(on_terminal(command.env("NO_COLOR", "")), shown);
}

#[test]
fn whoever_wants_none_gets_none() {
    let s = &Sandbox::new(Format::Sha1Files);
    for (variable, value) in [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "")] {
        let shown = on_terminal(refused(s, "text").env(variable, value));
        assert!(shown.contains("error[denied-path]: commit "), "{shown:?}");
        assert_printable(&shown, variable);
    }
}

#[test]
fn a_pipe_gets_none() {
    let s = &Sandbox::new(Format::Sha1Files);
    let command = &mut refused(s, "text");
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("error[denied-path]: commit "), "{said:?}");
    assert_printable(&said, "a pipe");
}

/// receive-pack gives the hook a pipe, whatever the environment says.
#[test]
fn the_servers_hook_has_none() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.started();
    let bad = s.touch(&base, "net/a.c");
    let update = [(&*bad, "master")];
    let pushed = s.push_to(s.server(), &update, |command| {
        command.env("TERM", "xterm").env("CLICOLOR_FORCE", "1");
    });
    pushed.rejected("denied-path");
    assert!(!pushed.raw().contains(&0x1b));
}
