//! How findings are printed: every format of one report, held to its schema.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod cases;
mod github;
mod json;
mod lint;
mod pages;
mod sarif;
pub mod schema;
mod terminal;
mod text;

use crate::support::{Format, HookRun, Sandbox};

/// The formats that are printed on standard output.
const DOCUMENTS: [&str; 3] = ["json", "github", "sarif"];

/// Runs `treewarden check` in the client's repository.
fn check(s: &Sandbox, arguments: &[&str]) -> HookRun {
    let mut command = s.treewarden();
    command.current_dir(s.client()).arg("check");
    HookRun::of(command.args(arguments), b"")
}

/// The same for one commit that would be pushed to `master` of the preset.
fn check_one(s: &Sandbox, commit: &str, format: &str) -> HookRun {
    let range = format!("{commit}^..{commit}");
    let rest = ["--ref=master", "--policy=preset:bpf-next", "--format"];
    check(s, &[&[&*range], &rest[..], &[format]].concat())
}

#[test]
fn the_exit_status_is_that_of_the_text() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.base();
    let good = s.touch(&base, "kernel/a.c");
    let bad = s.touch(&base, "net/a.c");
    for format in DOCUMENTS {
        for (commit, status) in [(&good, 0), (&bad, 1)] {
            let run = check_one(s, commit, format);
            run.ended(status, "");
            assert!(run.raw().is_empty(), "{format} on standard error");
            assert!(!run.printed().is_empty(), "{format} not on standard output");
        }
    }
    let run = check_one(s, &bad, "text");
    run.rejected("denied-path");
    assert!(run.printed().is_empty(), "text on standard output");
    check_one(s, &bad, "xml").ended(2, "possible values: text, json, github, sarif");
}

/// A reader of standard output alone must not take a failure for an acceptance.
#[test]
fn what_cannot_be_judged_prints_no_document() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.base();
    std::fs::write(s.client().join("bad.toml"), "version = 2\n").unwrap();
    let tree = "--tree=bpf-next/master";
    let preset = "--policy=preset:bpf-next";
    for format in DOCUMENTS.map(|name| format!("--format={name}")) {
        for (arguments, status) in [
            ([&*base, tree, "--policy=bad.toml"], 3),
            ([&base, tree, "--policy=preset:none"], 3),
            (["nowhere", tree, preset], 2),
            ([&base, "--tree=none", preset], 2),
        ] {
            let run = check(s, &[&arguments[..], &[&format]].concat());
            run.ended(status, "error: ");
            assert!(run.printed().is_empty(), "{format} {arguments:?}");
        }
        let mut command = s.treewarden();
        command.args(["check", &base, tree, preset, &format]);
        let run = HookRun::of(&mut command, b"");
        run.ended(4, "no git repository");
        assert!(run.printed().is_empty(), "{format}");
    }
}

#[test]
fn a_document_that_cannot_be_written_is_no_acceptance() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.base();
    let good = s.touch(&base, "kernel/a.c");
    for format in DOCUMENTS {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let mut command = s.treewarden();
        command.current_dir(s.client());
        command.args(["check", &format!("{base}..{good}"), "--ref=master"]);
        command.args(["--policy=preset:bpf-next", "--format", format]);
        let output = command.stdout(full.unwrap()).output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{format}");
    }
}
