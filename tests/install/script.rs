//! `install.sh`, with a cargo that has built already.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{bare, copies, git, judges, push, script, snapshot, takes_anything};
use crate::support::{HookRun, Sandbox};

const PROGRAMS: [&str; 4] = [
    "treewarden",
    "treewarden-post-receive",
    "treewarden-pre-push",
    "treewarden-pre-receive",
];

/// Where what is built for the stub's target would be.
const STATIC: &str = "x86_64-unknown-linux-gnu/release";

/// The script, run in the sandbox; cargo is one that only notes that it was asked, on a machine
/// where programs can be linked statically.
fn installer(s: &Sandbox, arguments: &[&str]) -> Command {
    let (bin, target) = (s.folder().join("stub"), s.folder().join("target"));
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        let note = "echo \"$@\" $RUSTFLAGS zlib=$LIBZ_SYS_STATIC >>\"$HOME/asked\"\n";
        script(&bin.join("cargo"), note);
        script(&bin.join("cc"), "");
        host(s, "x86_64-unknown-linux-gnu");
        copies(&target.join(STATIC), &PROGRAMS);
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = s.command(concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh"));
    command.env("PATH", path).env("CARGO_TARGET_DIR", target);
    command.args(arguments);
    command
}

/// Makes the sandbox's machine another one.
fn host(s: &Sandbox, name: &str) {
    let says = format!("echo 'rustc 1.88.0'\necho 'host: {name}'\n");
    script(&s.folder().join("stub/rustc"), &says);
}

/// The script must do its work; what it printed.
fn done(s: &Sandbox, arguments: &[&str]) -> String {
    let output = installer(s, arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8(output.stdout).unwrap() + &errors
}

fn programs(s: &Sandbox) -> Vec<PathBuf> {
    let mut found: Vec<_> = match fs::read_dir(s.folder().join("opt it/bin")) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(_) => Vec::new(),
    };
    found.sort();
    found
}

const PREFIX: [&str; 2] = ["--prefix", "opt it"];

#[test]
fn it_installs_all_programs_and_can_be_repeated() {
    let s = &bare();
    for _ in 0..2 {
        let said = done(s, &PREFIX);
        assert!(
            said.contains("opt it/bin/treewarden install --server"),
            "{said}"
        );
        let all = PROGRAMS.map(|name| s.folder().join("opt it/bin").join(name));
        assert_eq!(programs(s), all);
    }
    let asked = fs::read_to_string(s.folder().join("asked")).unwrap();
    let once = "build --release --locked --bins --target x86_64-unknown-linux-gnu \
                -C target-feature=+crt-static zlib=1\n";
    assert_eq!(asked, once.repeat(2));
}

/// Where there is no static C library, or another system does without one.
#[test]
fn what_cannot_be_linked_statically_is_linked_as_usual() {
    let s = &bare();
    for (cc, machine, says) in [
        (
            "exit 1\n",
            "aarch64-unknown-linux-gnu",
            "no static C library",
        ),
        ("", "aarch64-apple-darwin", ""),
        ("", "x86_64-unknown-linux-musl", ""),
    ] {
        installer(s, &[]);
        copies(&s.folder().join("target/release"), &PROGRAMS);
        script(&s.folder().join("stub/cc"), cc);
        host(s, machine);
        let said = done(s, &PREFIX);
        assert!(said.contains(says), "{said}");
        assert_eq!(said.contains("note:"), !says.is_empty(), "{said}");
        assert_eq!(programs(s).len(), PROGRAMS.len());
        let asked = fs::read_to_string(s.folder().join("asked")).unwrap();
        assert_eq!(asked, "build --release --locked --bins zlib=\n");
        fs::remove_file(s.folder().join("asked")).unwrap();
    }
}

/// From the caller's folder, with paths that are relative to it, and wherever the prefix stands.
#[test]
fn hooks_and_programs_in_one_go() {
    let s = &bare();
    git(s, s.folder(), &["init", "-q", "--bare", "an other.git"]);
    let before =
        [s.server().to_owned(), s.folder().join("an other.git")].map(|path| snapshot(&path));
    let place = ["--server", "server.git", "an other.git"];
    let policy = ["--policy", "preset:bpf-next"];
    for arguments in [
        [&PREFIX[..], &place, &policy].concat(),
        [&place[..], &policy, &["--prefix=opt it"]].concat(),
        [&policy[..], &PREFIX, &place].concat(),
    ] {
        let said = done(s, &arguments);
        assert!(said.contains("server:     "), "{said}");
        for name in ["server.git", "an other.git"] {
            let repository = s.folder().join(name);
            let shim = fs::read_to_string(repository.join("hooks/pre-receive")).unwrap();
            assert!(
                shim.contains("/opt it/bin/treewarden-pre-receive'"),
                "{shim}"
            );
            judges(s, &repository);
            git(s, &repository, &["update-ref", "-d", "refs/heads/master"]);
        }
    }
    let said = done(s, &[&["--uninstall"], &PREFIX[..], &place].concat());
    assert_eq!(said.matches("removed:").count(), 4, "{said}");
    before[0].is_unchanged(s.server());
    before[1].is_unchanged(&s.folder().join("an other.git"));
    assert_eq!(programs(s).len(), PROGRAMS.len());
}

#[test]
fn a_worktree_and_a_template_in_one_go() {
    let s = &bare();
    git(s, s.folder(), &["init", "-q", "work"]);
    git(
        s,
        &s.folder().join("work"),
        &["remote", "add", "origin", "../server.git"],
    );
    let policy = ["--policy", "preset:bpf-next"];
    done(
        s,
        &[
            &PREFIX[..],
            &["--local", "work", "--remote", "origin"],
            &policy,
        ]
        .concat(),
    );
    assert!(s.folder().join("work/.git/hooks/pre-push").exists());
    done(
        s,
        &[&PREFIX[..], &["--template", "made/of"], &policy].concat(),
    );
    git(
        s,
        s.folder(),
        &["init", "-q", "--bare", "--template=made/of", "new.git"],
    );
    judges(s, &s.folder().join("new.git"));
    let mut here = installer(s, &["--prefix", "../opt it", "--uninstall", "--local"]);
    HookRun::of(here.current_dir(s.folder().join("work")), b"").ended(0, "");
    done(
        s,
        &[&PREFIX[..], &["--template", "made/of", "--uninstall"]].concat(),
    );
    assert!(!s.folder().join("work/.git/hooks/pre-push").exists());
    assert!(!s.folder().join("made").exists());
}

/// The exit status is that of what failed, and what it did stays for the next run.
#[test]
fn a_failure_is_passed_on() {
    let s = &bare();
    let before = snapshot(s.server());
    let place = ["--server", "server.git", "--policy", "preset:none"];
    let mut failing = installer(s, &[&PREFIX[..], &place].concat());
    HookRun::of(&mut failing, b"").ended(3, "preset");
    before.is_unchanged(s.server());
    script(&s.folder().join("stub/cargo"), "exit 101\n");
    HookRun::of(&mut installer(s, &["--prefix", "elsewhere"]), b"").ended(101, "");
    assert!(!s.folder().join("elsewhere").exists());
}

/// Hooks that are left behind refuse, and it says so.
#[test]
fn programs_are_removed_after_a_warning() {
    let s = &bare();
    let place = ["--server", "server.git", "--policy", "preset:bpf-next"];
    done(s, &[&PREFIX[..], &place].concat());
    let said = done(s, &[&PREFIX[..], &["--uninstall"]].concat());
    assert!(said.contains("refuse every push from now on"), "{said}");
    assert_eq!(said.matches("removed ").count(), PROGRAMS.len(), "{said}");
    assert!(programs(s).is_empty());
    let (taken, _) = push(s, s.server(), &s.touch(&s.base(), "kernel/a.c"), "master");
    assert!(!taken);
    let said = done(s, &[&PREFIX[..], &["--uninstall"]].concat());
    assert!(said.contains("treewarden is not in"), "{said}");
    done(s, &PREFIX);
    done(
        s,
        &[&PREFIX[..], &["--uninstall", "--server", "server.git"]].concat(),
    );
    takes_anything(s, s.server());
}

#[test]
fn what_it_does_not_understand_is_a_usage_error() {
    let s = &bare();
    for arguments in [
        &["--policy", "preset:bpf-next"][..],
        &["--what"],
        &["--prefix"],
        &["--prefix="],
        &["--demo", "--server", "x"],
        &["--demo", "--uninstall"],
        &["x"],
    ] {
        HookRun::of(&mut installer(s, arguments), b"").ended(2, "usage:");
    }
    let said = done(s, &["--help"]);
    assert!(said.starts_with("usage:"), "{said}");
    assert!(!s.folder().join("asked").exists(), "something was built");
}
