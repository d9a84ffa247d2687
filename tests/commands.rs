//! What is asked of every command.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use crate::support::{Format, HookRun, Sandbox};

/// Runs `treewarden`.
fn treewarden(s: &Sandbox, arguments: &[&str]) -> HookRun {
    HookRun::of(s.treewarden().args(arguments), b"")
}

/// The same, for what it prints.
fn printed(s: &Sandbox, arguments: &[&str]) -> (Option<i32>, String) {
    let output = s.treewarden().args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), text)
}

#[test]
fn usage_is_told_and_ends_in_2() {
    let s = &Sandbox::new(Format::Sha1Files);
    for arguments in [
        &[][..],
        &["nothing"],
        &["check"],
        &["explain"],
        &["install", "--x"],
        &["uninstall"],
        &["route"],
        &["audit"],
        &["pause", "--end", "--for", "1h"],
    ] {
        treewarden(s, arguments).ended(2, "Usage");
    }
    for arguments in [
        &["--help"][..],
        &["check", "--help"],
        &["explain", "--help"],
        &["install", "--help"],
        &["uninstall", "--help"],
        &["route", "--help"],
        &["audit", "verify", "--help"],
        &["pause", "--help"],
    ] {
        let (status, said) = printed(s, arguments);
        assert_eq!(status, Some(0));
        assert!(said.contains("Usage: treewarden"), "{said}");
    }
    let (status, said) = printed(s, &["--version"]);
    assert_eq!(
        (status, said),
        (
            Some(0),
            format!("treewarden {}\n", env!("CARGO_PKG_VERSION"))
        )
    );
}
