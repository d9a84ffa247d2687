//! Another program's hook: kept beside ours without a moment between, and never lost.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::{
    PRESET, as_nobody, bare, give_to_nobody, install, judges, program, refuses, snapshot,
    takes_anything, uninstall,
};
use crate::support::{HookRun, Sandbox};

const FOREIGN: &str = "#!/bin/sh\necho foreign >&2\n";

fn hook(s: &Sandbox) -> PathBuf {
    s.server().join("hooks/pre-receive")
}

fn chained(s: &Sandbox) -> PathBuf {
    s.server().join("hooks/pre-receive.chained")
}

/// The very same file, and back again.
#[test]
fn it_is_kept_and_put_back() {
    for mode in [0o755, 0o644, 0o500, 0o111] {
        let s = &bare();
        program(&hook(s), FOREIGN, mode);
        let (before, node) = (snapshot(s.server()), hook(s).metadata().unwrap().ino());
        let said = install(s, s.server());
        let line = format!("chained:    {}", chained(s).display());
        assert!(said.contains(&line), "{said}");
        assert_eq!(chained(s).metadata().unwrap().ino(), node);
        judges(s, s.server());
        let said = uninstall(s, s.server());
        let line = format!("restored:   {}", hook(s).display());
        assert!(said.contains(&line), "{said}");
        assert_eq!(hook(s).metadata().unwrap().ino(), node);
        before.is_unchanged(s.server());
    }
}

#[test]
fn a_second_install_keeps_what_is_kept() {
    let s = &bare();
    program(&hook(s), FOREIGN, 0o755);
    let before = snapshot(s.server());
    install(s, s.server());
    let installed = snapshot(s.server());
    assert!(install(s, s.server()).contains("chained:"));
    installed.is_unchanged(s.server());
    uninstall(s, s.server());
    before.is_unchanged(s.server());
}

/// A link is kept as a link: to a program of the machine, or to nowhere at all.
#[test]
fn symbolic_links() {
    let s = &bare();
    let elsewhere = s.folder().join("elsewhere");
    program(&elsewhere, FOREIGN, 0o755);
    program(&s.server().join("hooks/real"), FOREIGN, 0o755);
    let base = s.started();
    for (target, runs) in [
        (elsewhere.as_path(), true),
        (Path::new("real"), true),
        (Path::new("../hooks/real"), true),
        (Path::new("gone"), false),
    ] {
        symlink(target, hook(s)).unwrap();
        let before = snapshot(s.server());
        install(s, s.server());
        assert_eq!(fs::read_link(chained(s)).unwrap(), target);
        let tip = s.at_ref("master").unwrap_or(base.clone());
        let pushed = s.push(&s.touch(&tip, "kernel/a.c"), "master");
        assert_eq!(
            pushed.clean().said().contains("foreign"),
            runs,
            "{target:?}"
        );
        s.push(&s.touch(&base, "net/a.c"), "master").refused();
        uninstall(s, s.server());
        assert_eq!(fs::read_link(hook(s)).unwrap(), target);
        before.is_unchanged(s.server());
        fs::remove_file(hook(s)).unwrap();
    }
}

/// Run as the chained hook it would only end in an error, and removing it would remove somebody's
/// link.
#[test]
fn a_link_to_our_own_hook_is_refused() {
    let s = &bare();
    install(s, s.server());
    fs::rename(hook(s), s.folder().join("shared")).unwrap();
    symlink(s.folder().join("shared"), hook(s)).unwrap();
    let before = snapshot(s.server());
    refuses(
        s,
        s.server(),
        4,
        "is a symbolic link to a hook of treewarden's",
    );
    before.is_unchanged(s.server());
}

#[test]
fn what_would_be_lost_is_refused() {
    let s = &bare();
    let other = "#!/bin/sh\nexit 1\n";
    program(&chained(s), other, 0o755);
    let refused = |why| {
        let before = snapshot(s.server());
        refuses(s, s.server(), 4, why);
        before.is_unchanged(s.server());
    };
    refused("pre-receive.chained is there, and there is no");
    program(&hook(s), FOREIGN, 0o755);
    refused("one of the two must be moved away first");
    fs::remove_file(hook(s)).unwrap();
    symlink("real", hook(s)).unwrap();
    refused("one of the two must be moved away first");
    fs::remove_file(hook(s)).unwrap();
    fs::create_dir(hook(s)).unwrap();
    refused("hooks/pre-receive is no file");
}

/// Cut off between its two steps, it is taken up again.
#[test]
fn an_install_that_was_cut_off_is_finished() {
    let s = &bare();
    program(&hook(s), FOREIGN, 0o755);
    let before = snapshot(s.server());
    fs::hard_link(hook(s), chained(s)).unwrap();
    install(s, s.server());
    judges(s, s.server());
    uninstall(s, s.server());
    before.is_unchanged(s.server());
    fs::remove_file(hook(s)).unwrap();
    symlink("gone", hook(s)).unwrap();
    let before = snapshot(s.server());
    symlink("gone", chained(s)).unwrap();
    install(s, s.server());
    uninstall(s, s.server());
    before.is_unchanged(s.server());
}

/// A push that comes meanwhile meets the one hook or the other.
#[test]
fn there_is_a_hook_all_the_while() {
    let s = &bare();
    program(&hook(s), FOREIGN, 0o755);
    let ends = AtomicBool::new(false);
    let path = hook(s);
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut looks = 0_u64;
            while !ends.load(Ordering::SeqCst) {
                let found = path.metadata().expect("a hook");
                assert_eq!(found.permissions().mode() & 0o777, 0o755);
                looks += 1;
            }
            looks
        });
        for _ in 0..10 {
            install(s, s.server());
            uninstall(s, s.server());
        }
        ends.store(true, Ordering::SeqCst);
        assert!(watching.join().unwrap() > 100);
    });
}

/// The hook belongs to root and may not be linked: it is copied.
#[test]
fn a_hook_that_may_not_be_linked() {
    let s = &bare();
    program(&hook(s), FOREIGN, 0o755);
    give_to_nobody(s.folder(), s.server());
    let root = fs::metadata("/").unwrap().uid();
    if std::os::unix::fs::chown(hook(s), Some(root), Some(root)).is_err() {
        return;
    }
    let before = snapshot(s.server());
    for command in ["install", "uninstall"] {
        let mut command = [command, "--server"]
            .iter()
            .fold(s.treewarden(), |mut all, word| {
                all.arg(word);
                all
            });
        command.arg(s.server());
        if command.get_args().next().unwrap() == "install" {
            command.args(["--policy", PRESET]);
        }
        HookRun::of(&mut as_nobody(&command), b"").ended(0, "");
        if chained(s).exists() {
            assert_eq!(fs::read_to_string(chained(s)).unwrap(), FOREIGN);
        }
    }
    before.is_unchanged(s.server());
}

/// What took our place since is somebody's, and so is what stands beside it.
#[test]
fn uninstall_leaves_what_is_not_ours() {
    let s = &bare();
    let before = snapshot(s.server());
    install(s, s.server());
    program(&hook(s), FOREIGN, 0o755);
    let said = uninstall(s, s.server());
    let line = format!("left:       {}", hook(s).display());
    assert!(said.contains(&line), "{said}");
    assert_eq!(fs::read_to_string(hook(s)).unwrap(), FOREIGN);
    fs::remove_file(hook(s)).unwrap();
    before.is_unchanged(s.server());
    program(&chained(s), FOREIGN, 0o755);
    let said = uninstall(s, s.server());
    let line = format!("left:       {}", chained(s).display());
    assert!(
        said.contains(&line) && said.contains("nothing to do"),
        "{said}"
    );
    assert!(chained(s).exists());
    takes_anything(s, s.server());
}

/// Chained, it would be started by what it starts.
#[test]
fn a_hook_that_starts_ours_is_refused() {
    let s = &bare();
    let refused = |culprit: &Path, what: &str| {
        let before = snapshot(s.server());
        let text = format!("{} starts {what} already", culprit.display());
        refuses(s, s.server(), 4, &text);
        before.is_unchanged(s.server());
    };
    let ours = Path::new(env!("CARGO_BIN_EXE_treewarden-pre-receive"));
    let wrapper = format!("#!/bin/sh\nx=1\n exec {} \"$0\" \"$@\"\n", ours.display());
    program(&hook(s), &wrapper, 0o755);
    refused(&hook(s), "treewarden-pre-receive");
    fs::remove_file(hook(s)).unwrap();
    symlink(ours, hook(s)).unwrap();
    refused(&hook(s), "treewarden-pre-receive");
    fs::remove_file(hook(s)).unwrap();
    install(s, s.server());
    symlink("pre-receive", chained(s)).unwrap();
    refused(&chained(s), "itself");
    fs::remove_file(chained(s)).unwrap();
    program(&chained(s), &wrapper, 0o755);
    refused(&chained(s), "treewarden-pre-receive");
    uninstall(s, s.server());
    // A comment starts nothing.
    let comment = "#!/bin/sh\n  # after treewarden-pre-receive\necho foreign >&2\n";
    program(&hook(s), comment, 0o755);
    install(s, s.server());
    judges(s, s.server());
}

/// It is called otherwise from now on.
#[test]
fn a_script_that_asks_for_its_name_is_told_of() {
    for (text, is_told) in [
        (
            "case $(basename \"$0\") in pre-receive) exit 0;; esac\n",
            true,
        ),
        (". \"${0%/*}/lib\"\n", true),
        ("echo \"${BASH_SOURCE[0]}\"\n", true),
        ("# not $0\nexit 0\n", false),
    ] {
        let s = &bare();
        program(&hook(s), &format!("#!/bin/sh\n{text}"), 0o755);
        let said = install(s, s.server());
        assert_eq!(
            said.contains("\nnote:       it mentions $0"),
            is_told,
            "{said}"
        );
    }
}
