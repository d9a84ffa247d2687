//! The hook's own surroundings: its arguments, input, output and environment.

use std::fs::{File, OpenOptions};
use std::process::Stdio;

use crate::support::{HookRun, Sandbox, everywhere};

/// A line that would be accepted and one that would be refused, with their objects on the server.
fn lines(s: &Sandbox) -> (String, String) {
    let base = s.started();
    let good = s.touch(&base, "kernel/a.c");
    let bad = s.touch(&base, "net/a.c");
    s.seed(&good, &["good"]);
    s.seed(&bad, &["bad"]);
    let line = |commit: &str| format!("{base} {commit} refs/heads/master\n");
    (line(&good), line(&bad))
}

#[test]
fn an_argument_is_never_a_way_to_exit_0() {
    everywhere(|s| {
        let (good, _) = lines(s);
        for argument in ["--help", "-h", "--version", "-V", "", "--", "check"] {
            let mut command = s.hook_command();
            HookRun::of(command.arg(argument), good.as_bytes())
                .ended(2, "takes no arguments")
                .ended(2, "treewarden: refused");
        }
    });
}

#[test]
fn input_that_is_not_gits_is_refused() {
    everywhere(|s| {
        let (good, _) = lines(s);
        let cut = &good[..good.len() - 1];
        for input in [
            "",
            "\n",
            cut,
            &good[..20],
            &format!("{good}\n"),
            &format!("{good}x"),
            &format!("{good}{cut}"),
            "two fields\n",
            &good.replacen(' ', "\t", 2),
            &good.replacen(' ', "", 1),
        ] {
            s.hook(input).ended(4, "treewarden: refused");
        }
        // Not a line's end, but a part of the name: git never sends it.
        s.hook(good.replace('\n', "\r\n")).rejected("bad-update");
    });
}

#[test]
fn input_that_cannot_be_read_is_refused() {
    everywhere(|s| {
        let mut command = s.hook_command();
        let folder = File::open(s.folder()).unwrap();
        let output = command.stdin(folder).output().unwrap();
        assert_eq!(output.status.code(), Some(4));
        let closed = Stdio::null();
        let output = s.hook_command().stdin(closed).output().unwrap();
        assert_eq!(output.status.code(), Some(4));
    });
}

#[test]
fn an_object_that_is_nowhere_is_refused() {
    everywhere(|s| {
        let (good, _) = lines(s);
        let absent = s.format.zero().replace('0', "7");
        let mut fields: Vec<&str> = good.split(' ').collect();
        fields[1] = &absent;
        s.hook(fields.join(" "))
            .ended(4, &absent)
            .ended(4, "missing");
    });
}

#[test]
fn an_environment_that_is_not_a_hooks_is_refused() {
    everywhere(|s| {
        let (good, _) = lines(s);
        s.needs_git();
        for (name, value, status, says) in [
            ("GIT_DIR", "", 2, "GIT_DIR"),
            ("GIT_DIR", "..", 4, "error"),
            ("GIT_DIR", "/nonexistent", 4, "nonexistent"),
            ("PATH", "/nonexistent", 4, "git"),
        ] {
            let mut command = s.hook_command();
            HookRun::of(command.env(name, value), good.as_bytes())
                .ended(status, says)
                .ended(status, "treewarden: refused");
        }
        let mut command = s.hook_command();
        HookRun::of(command.env_remove("GIT_DIR"), good.as_bytes()).ended(2, "GIT_DIR");
    });
}

/// Without the quarantine's objects there is nothing to judge the push by.
#[test]
fn a_quarantine_that_is_not_there_is_refused() {
    everywhere(|s| {
        let base = s.started();
        let unsent = s.touch(&base, "kernel/a.c");
        let mut command = s.hook_command();
        command.env("GIT_QUARANTINE_PATH", "/nonexistent");
        let line = format!("{base} {unsent} refs/heads/master\n");
        HookRun::of(&mut command, line.as_bytes())
            .ended(4, "nonexistent")
            .ended(4, "treewarden: refused");
    });
}

#[test]
fn a_config_that_cannot_be_read_is_refused() {
    everywhere(|s| {
        let (good, _) = lines(s);
        let config = s.server().join("config");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, format!("{text}[unclosed\n")).unwrap();
        s.hook(&good).ended(4, "treewarden: refused");
        std::fs::write(&config, text).unwrap();
        std::fs::write(s.server().join("shallow"), "no object name\n").unwrap();
        s.hook(&good).ended(4, "treewarden: refused");
    });
}

/// Whoever pushes would take silence for "nothing to say".
#[test]
fn a_report_that_cannot_be_written_is_no_acceptance() {
    everywhere(|s| {
        let (good, bad) = lines(s);
        let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
        let broken_pipe = || {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            writer
        };
        for (line, status) in [(&good, 4), (&bad, 1)] {
            let run = |stderr: Stdio| {
                let mut command = s.hook_command();
                let input = s.folder().join("input");
                std::fs::write(&input, line).unwrap();
                command.stdin(File::open(&input).unwrap()).stderr(stderr);
                command.status().unwrap().code()
            };
            assert_eq!(run(full().into()), Some(status));
            assert_eq!(run(broken_pipe().into()), Some(status));
        }
    });
}

/// Without a standard error at all, a refusal is still one.
#[test]
fn a_closed_standard_error_refuses_what_is_refused() {
    everywhere(|s| {
        let (_, bad) = lines(s);
        let mut command = s.command("sh");
        let program = env!("CARGO_BIN_EXE_treewarden-pre-receive");
        command
            .args(["-c", "exec \"$0\" 2>&-", program])
            .env("GIT_DIR", ".")
            .current_dir(s.server());
        HookRun::of(&mut command, bad.as_bytes()).ended(1, "");
        HookRun::of(&mut command, b"").ended(4, "");
    });
}
