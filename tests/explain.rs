//! `treewarden explain`: codes, paths, and why a commit passes or fails.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod agreement;
mod commits;
mod merges;

use treewarden::finding::Code;

use crate::support::{Format, HookRun, Sandbox};

const PRESET: &str = "--policy=preset:bpf-next";

/// What the command printed, with its exit status, in the client's repository.
fn explained(s: &Sandbox, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = s.treewarden();
    command.current_dir(s.client()).arg("explain");
    let output = command.args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), text)
}

/// What the command said when it could not do what was asked.
fn failed(s: &Sandbox, arguments: &[&str]) -> HookRun {
    let mut command = s.treewarden();
    command.current_dir(s.client()).arg("explain");
    HookRun::of(command.args(arguments), b"")
}

#[test]
fn paths_have_their_class_and_the_line() {
    let s = &Sandbox::new(Format::Sha1Files);
    let paths = [
        "net/core/dev.c",
        "kernel/bpf/core.c",
        "tools/x",
        "Makefile",
        "net",
    ];
    let (status, said) = explained(s, &[&[PRESET, "--path"], &paths[..]].concat());
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
fn no_path_is_printed_raw() {
    let s = &Sandbox::new(Format::Sha1Files);
    let path = "net/a\x1b[2J\tb";
    let (_, said) = explained(s, &[PRESET, "--path", path]);
    assert!(said.contains("net/a\\x1b[2J\\tb"), "{said:?}");
    assert!(!said.contains('\x1b'));
}

/// What a command has to say isn't said where nobody can read it: then it hasn't succeeded.
#[test]
fn to_a_full_disk_every_form_fails() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.base();
    for arguments in [
        &[PRESET, "--path", "net"][..],
        &["denied-path"],
        &[&base, "--tree=bpf-next/net", PRESET],
    ] {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let mut command = s.treewarden();
        command.current_dir(s.client()).arg("explain");
        let output = command.args(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{arguments:?}");
    }
}

/// A code needs neither a repository nor a policy.
#[test]
fn every_code_is_explained() {
    let s = &Sandbox::new(Format::Sha1Files);
    for code in Code::ALL {
        let mut command = s.treewarden();
        let output = command.args(["explain", code.name()]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{code}");
        assert!(said.starts_with(&format!("{code}\n\nFinds: {}", code.summary())));
        assert!(said.contains("\nWhat to do: ") && said.contains("\nConfigure: "));
        assert!(!said.contains("](") && !said.contains("```"), "{said}");
    }
}

#[test]
fn an_unknown_code_is_told_the_others() {
    let s = &Sandbox::new(Format::Sha1Files);
    failed(s, &["denied-paths"])
        .ended(2, "did you mean `denied-path`?")
        .ended(2, "replace-ref")
        .ended(2, "--tree");
    failed(s, &["\x1b[2J"]).ended(2, "`\\x1b[2J`");
}

/// A code wins over a branch of its name, and over a tree.
#[test]
fn what_is_a_code_is_taken_for_one() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.base();
    s.git(&["update-ref", "refs/heads/too-much", &base]);
    for arguments in [
        &["too-much"][..],
        &["too-much", "--tree=bpf-next/net", PRESET],
    ] {
        let (status, said) = explained(s, arguments);
        assert_eq!(status, Some(0));
        assert!(said.starts_with("too-much\n\nFinds: "), "{said}");
    }
    let (_, said) = explained(s, &["refs/heads/too-much", "--tree=bpf-next/net", PRESET]);
    assert!(said.starts_with(&base[..12]), "{said}");
}

#[test]
fn the_forms_are_told_and_cannot_be_mixed() {
    let s = &Sandbox::new(Format::Sha1Files);
    for arguments in [
        &[][..],
        &["--tree=bpf-next/net"],
        &["denied-path", "--path", "net"],
        &["--path", "net", "--tree=bpf-next/net"],
        &["HEAD", "--in", "a..b"],
        &["HEAD", "--verbose"],
    ] {
        failed(s, arguments)
            .ended(2, "treewarden explain <CODE>\n")
            .ended(2, "treewarden explain <COMMIT> --tree <NAME>")
            .ended(2, "treewarden explain --path <PATH>...");
    }
}

#[test]
fn what_cannot_be_explained_ends_in_its_own_status() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.base();
    let other = s.commit("another root").touch("Makefile").make();
    let tree = "--tree=bpf-next/net";
    failed(s, &["nowhere", tree, PRESET]).ended(2, "`nowhere`");
    failed(s, &[&base, "--tree=bpf-next/nt", PRESET]).ended(2, "bpf-next/master");
    failed(s, &[&base, tree, PRESET, "--in=x..y"]).ended(2, "`x`");
    failed(s, &[&base, tree, PRESET, "--in", &other])
        .ended(2, &base[..12])
        .ended(2, &other[..12]);
    failed(s, &[&base, tree]).ended(3, "treewarden.policy");
    let mut command = s.treewarden();
    command.args(["explain", &base, tree, PRESET]);
    HookRun::of(&mut command, b"").ended(4, "no git repository");
}
