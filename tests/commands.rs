//! `explain`, and what is asked of every command.

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
fn explain_names_the_class_and_the_line() {
    let s = &Sandbox::new(Format::Sha1Files);
    let paths = [
        "net/core/dev.c",
        "kernel/bpf/core.c",
        "tools/x",
        "Makefile",
        "net",
    ];
    let arguments = [
        &["explain", "--policy", "preset:bpf-next", "--path"],
        &paths[..],
    ]
    .concat();
    let (status, said) = printed(s, &arguments);
    assert_eq!(status, Some(0));
    let classes: Vec<&str> = said
        .lines()
        .map(|line| line.split('\t').next().unwrap())
        .collect();
    assert_eq!(
        classes,
        ["networking", "core", "neutral", "none", "networking"]
    );
    let first = said.lines().next().unwrap();
    assert!(
        first.starts_with("networking\tnet/core/dev.c\tnet/**\tpreset:bpf-next:"),
        "{first}"
    );
}

#[test]
fn explain_prints_no_name_raw() {
    let s = &Sandbox::new(Format::Sha1Files);
    let path = "net/a\x1b[2J\tb";
    let (_, said) = printed(
        s,
        &["explain", "--policy", "preset:bpf-next", "--path", path],
    );
    assert!(said.contains("net/a\\x1b[2J\\tb"), "{said:?}");
    assert!(!said.contains('\x1b'));
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
    ] {
        treewarden(s, arguments).ended(2, "Usage");
    }
    for arguments in [
        &["--help"][..],
        &["check", "--help"],
        &["explain", "--help"],
        &["install", "--help"],
        &["uninstall", "--help"],
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

/// What a command has to say isn't said where nobody can read it: then it hasn't succeeded.
#[test]
fn explain_to_a_full_disk_fails() {
    let s = &Sandbox::new(Format::Sha1Files);
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = s.treewarden();
    command.args(["explain", "--policy", "preset:bpf-next", "--path", "net"]);
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
}
