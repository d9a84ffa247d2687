//! The other commands: `install`, `explain`, and what is asked of none.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use std::os::unix::fs::PermissionsExt;

use crate::support::{Format, HookRun, Sandbox, everywhere};

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
fn install_tells_what_it_did() {
    everywhere(|s| {
        let said = s.install("preset:bpf-next").text();
        let hook = s.server().join("hooks/pre-receive");
        for text in [
            hook.to_str().unwrap(),
            "preset:bpf-next",
            "bpf-next/master governs refs/heads/master",
        ] {
            assert!(said.contains(text), "no {text:?} in:\n{said}");
        }
        assert_eq!(hook.metadata().unwrap().permissions().mode() & 0o777, 0o755);
        let shim = std::fs::read_to_string(hook).unwrap();
        assert!(shim.starts_with("#!/bin/sh\nexec '/"), "{shim}");
    });
}

#[test]
fn install_names_the_repository_and_can_be_repeated() {
    everywhere(|s| {
        let server = s.server().to_str().unwrap();
        let install = ["install", "--server", server, "--policy", "preset:bpf-next"];
        let named = [&install[..], &["--repository", "bpf"]].concat();
        let (status, said) = printed(s, &named);
        assert_eq!(status, Some(0));
        assert!(said.contains("bpf governs refs/heads/master"), "{said}");
        assert_eq!(s.on_server(&["config", "treewarden.repository"]), "bpf");
        // Without the option the name that was given before is kept.
        let (_, again) = printed(s, &install);
        assert!(again.contains("bpf governs refs/heads/master"), "{again}");
        let base = s.started();
        s.push(&s.touch(&base, "net/a.c"), "master").clean();
    });
}

/// A path that only holds where the command ran would be none for the hook.
#[test]
fn install_writes_policies_by_their_whole_path() {
    everywhere(|s| {
        let base = s.started();
        let policy = "version = 1\n[[path-class]]\nname = \"n\"\npaths = [\"net/\"]\n\
                      [[tree]]\nname = \"m\"\nrefs = [\"refs/heads/master\"]\ndeny = [\"n\"]\n";
        std::fs::write(s.folder().join("here.toml"), policy).unwrap();
        s.install("here.toml");
        s.push(&s.touch(&base, "net/a.c"), "master")
            .rejected("denied-path");
    });
}

#[test]
fn install_changes_nothing_where_it_fails() {
    everywhere(|s| {
        let hook = s.server().join("hooks/pre-receive");
        let shim = std::fs::read_to_string(&hook).unwrap();
        let server = s.server().to_str().unwrap();
        let config = || s.on_server(&["config", "--list", "--local"]);
        let before = config();
        let install =
            |policy: &str| treewarden(s, &["install", "--server", server, "--policy", policy]);
        std::fs::write(s.folder().join("bad.toml"), "version = 1\nx = 1\n").unwrap();
        install("bad.toml").ended(3, "bad.toml:2");
        install("preset:none").ended(3, "preset");
        install("gone.toml").ended(4, "gone.toml");
        assert_eq!(
            (config(), std::fs::read_to_string(&hook).unwrap()),
            (before.clone(), shim)
        );
        std::fs::write(&hook, "#!/bin/sh\nexit 0\n").unwrap();
        install("preset:bpf-next").ended(4, "another program's hook");
        std::fs::remove_file(&hook).unwrap();
        // A link is somebody's too, even where it leads nowhere.
        std::os::unix::fs::symlink("gone", &hook).unwrap();
        install("preset:bpf-next").ended(4, "hook");
        assert_eq!(config(), before);
        treewarden(
            s,
            &[
                "install",
                "--server",
                "/nonexistent",
                "--policy",
                "preset:bpf-next",
            ],
        )
        .ended(4, "nonexistent");
    });
}

/// git would pass over a hook anywhere else, and accept every push in silence.
#[test]
fn install_refuses_another_hooks_path() {
    everywhere(|s| {
        let server = s.server().to_str().unwrap();
        let install = || {
            let policy = ["install", "--server", server, "--policy", "preset:bpf-next"];
            treewarden(s, &policy)
        };
        s.on_server(&["config", "core.hooksPath", "elsewhere"]);
        install().ended(4, "core.hooksPath");
        s.on_server(&["config", "core.hooksPath", "hooks"]);
        install().ended(0, "");
        s.on_server(&["config", "--unset", "core.hooksPath"]);
        let user = s.folder().join(".gitconfig");
        std::fs::write(user, "[core]\n\thooksPath = /nonexistent\n").unwrap();
        install().ended(4, "core.hooksPath");
    });
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
    ] {
        treewarden(s, arguments).ended(2, "Usage");
    }
    for arguments in [
        &["--help"][..],
        &["check", "--help"],
        &["explain", "--help"],
        &["install", "--help"],
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
