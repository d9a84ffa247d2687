//! `install --server`: what it says, writes and refuses, on servers of every kind.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::{
    PRESET, as_nobody, bare, copies, done, git, give_to_nobody, install, judges, refuses, run,
    script, snapshot, takes_anything, uninstall,
};
use crate::support::{HookRun, Sandbox, everywhere};

#[test]
fn it_tells_what_it_did() {
    everywhere(|s| {
        let said = install(s, s.server());
        let hook = s.server().join("hooks/pre-receive");
        for text in [
            s.server().to_str().unwrap(),
            hook.to_str().unwrap(),
            "preset:bpf-next",
            "bpf-next/master governs refs/heads/master",
        ] {
            assert!(said.contains(text), "no {text:?} in:\n{said}");
        }
        assert_eq!(hook.metadata().unwrap().permissions().mode() & 0o777, 0o755);
        let shim = fs::read_to_string(hook).unwrap();
        assert!(shim.starts_with("#!/bin/sh\nexec '/"), "{shim}");
        assert!(shim.ends_with("' \"$0\" \"$@\"\n"), "{shim}");
        assert_eq!(shim.lines().count(), 2);
    });
}

#[test]
fn it_names_the_repository_and_can_be_repeated() {
    everywhere(|s| {
        let server = s.server().to_str().unwrap();
        let install = ["install", "--server", server, "--policy", PRESET];
        let named = [&install[..], &["--repository", "bpf"]].concat();
        let said = done(s, named);
        assert!(said.contains("bpf governs refs/heads/master"), "{said}");
        assert_eq!(s.on_server(&["config", "treewarden.repository"]), "bpf");
        // Without the option the name that was given before is kept.
        let again = done(s, install);
        assert!(again.contains("bpf governs refs/heads/master"), "{again}");
        let base = s.started();
        s.push(&s.touch(&base, "net/a.c"), "master").clean();
    });
}

/// A path that only holds where the command ran would be none for the hook.
#[test]
fn it_writes_policies_by_their_whole_path() {
    everywhere(|s| {
        let base = s.started();
        let policy = "version = 1\n[[path-class]]\nname = \"n\"\npaths = [\"net/\"]\n\
                      [[tree]]\nname = \"m\"\nrefs = [\"refs/heads/master\"]\ndeny = [\"n\"]\n";
        fs::write(s.folder().join("here.toml"), policy).unwrap();
        s.install("here.toml");
        s.push(&s.touch(&base, "net/a.c"), "master")
            .rejected("denied-path");
    });
}

/// Whoever can change where a link leads would choose the policy: it is refused before the first
/// push is.
#[test]
fn a_policy_behind_a_link_is_not_put_into_force() {
    let s = &bare();
    let policy = s.folder().join("real.toml");
    fs::write(&policy, "version = 1\n").unwrap();
    let link = s.folder().join("policy.toml");
    symlink(&policy, &link).unwrap();
    let before = snapshot(s.server());
    let server = s.server().to_str().unwrap();
    let link = link.to_str().unwrap();
    let arguments = ["install", "--server", server, "--policy", link];
    run(s, arguments).ended(3, "is no symbolic link: name the file itself");
    before.is_unchanged(s.server());
}

/// Repeated without a policy it keeps the one that is configured; there has to be one.
#[test]
fn a_policy_is_given_once() {
    let s = &bare();
    let server = s.server().to_str().unwrap();
    let again = ["install", "--server", server];
    let before = snapshot(s.server());
    run(s, again).ended(3, "--policy");
    before.is_unchanged(s.server());
    install(s, s.server());
    let installed = snapshot(s.server());
    let said = done(s, again);
    assert!(said.contains("policy:     preset:bpf-next"), "{said}");
    installed.is_unchanged(s.server());
    judges(s, s.server());
}

#[test]
fn what_fails_changes_nothing() {
    everywhere(|s| {
        let server = s.server().to_str().unwrap();
        let with = |policy| run(s, ["install", "--server", server, "--policy", policy]);
        uninstall(s, s.server());
        fs::write(s.folder().join("bad.toml"), "version = 1\nx = 1\n").unwrap();
        let before = snapshot(s.server());
        with("bad.toml").ended(3, "bad.toml:2");
        with("preset:none").ended(3, "preset");
        with("gone.toml").ended(4, "gone.toml");
        refuses(s, Path::new("/nonexistent"), 4, "nonexistent");
        let lock = s.server().join("config.lock");
        fs::write(&lock, "").unwrap();
        with(PRESET).ended(4, "config.lock");
        uninstall_is_refused(s, "config.lock");
        assert!(lock.exists(), "the lock is somebody else's");
        fs::remove_file(&lock).unwrap();
        // git itself refuses to choose between two values.
        for value in ["one", "two"] {
            s.on_server(&["config", "--add", "treewarden.policy", value]);
        }
        let doubled = snapshot(s.server());
        with(PRESET).ended(4, "treewarden.policy");
        doubled.is_unchanged(s.server());
        s.on_server(&["config", "--unset-all", "treewarden.policy"]);
        before.is_unchanged(s.server());
    });
}

fn uninstall_is_refused(s: &Sandbox, text: &str) {
    let server = s.server().to_str().unwrap();
    run(s, ["uninstall", "--server", server]).ended(4, text);
}

#[test]
fn a_folder_that_cannot_be_written_changes_nothing() {
    let s = &bare();
    let hooks = s.server().join("hooks");
    give_to_nobody(s.folder(), s.server());
    for (read_only, culprit) in [(hooks.as_path(), "hooks"), (s.server(), "config.lock")] {
        let mode = |bits| fs::set_permissions(read_only, fs::Permissions::from_mode(bits)).unwrap();
        mode(0o555);
        let before = snapshot(s.server());
        let mut command = s.treewarden();
        command.args(["install", "--policy", PRESET, "--server"]);
        command.arg(s.server());
        let refused = HookRun::of(&mut as_nobody(&command), b"");
        refused.ended(4, culprit).ended(4, "Permission denied");
        before.is_unchanged(s.server());
        mode(0o755);
    }
    let mut command = s.treewarden();
    command.args(["install", "--policy", PRESET, "--server"]);
    command.arg(s.server());
    HookRun::of(&mut as_nobody(&command), b"").ended(0, "");
}

#[test]
fn somebody_elses_repository_is_refused_with_the_way_out() {
    let s = &bare();
    give_to_nobody(s.folder(), s.server());
    let owner = |path: &Path| path.metadata().unwrap().uid();
    // Only root can give a repository away.
    if owner(s.server()) != owner(s.folder()) {
        refuses(s, s.server(), 4, "run this as its owner");
    }
}

/// Root installs for the service's user, who reads and writes all of it afterwards.
#[test]
fn what_root_installs_is_its_owners() {
    let s = &bare();
    s.on_server(&["config", "core.hooksPath", "own/hooks"]);
    let config = s.server().join("config");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o640)).unwrap();
    give_to_nobody(s.folder(), s.server());
    fs::write(s.folder().join(".gitconfig"), "[safe]\n\tdirectory = *\n").unwrap();
    let owner = |path: &Path| {
        let found = path.metadata().unwrap();
        (found.uid(), found.gid(), found.mode() & 0o777)
    };
    let (before, (user, group, _)) = (snapshot(s.server()), owner(&config));
    let treewarden = |words: &[&str]| {
        let mut shell = s.command("sh");
        shell.args(["-c", "umask 077 && exec \"$@\"", "sh"]);
        shell.arg(env!("CARGO_BIN_EXE_treewarden")).args(words);
        HookRun::of(shell.arg(s.server()), b"").ended(0, "");
    };
    treewarden(&["install", "--no-doctor", "--policy", PRESET, "--server"]);
    assert_eq!(owner(&config), (user, group, 0o640));
    for made in ["own", "own/hooks", "own/hooks/pre-receive"] {
        assert_eq!(
            owner(&s.server().join(made)),
            (user, group, 0o755),
            "{made}"
        );
    }
    treewarden(&["uninstall", "--server"]);
    assert_eq!(owner(&config), (user, group, 0o640));
    before.is_unchanged(s.server());
}

/// Who may not give the config back to its owner doesn't change it.
#[test]
fn an_owner_that_cannot_be_kept_is_refused() {
    let s = &bare();
    give_to_nobody(s.folder(), s.server());
    let config = s.server().join("config");
    let root = fs::metadata("/").unwrap().uid();
    if std::os::unix::fs::chown(&config, Some(root), Some(root)).is_err() {
        return;
    }
    let before = snapshot(s.server());
    let mut command = s.treewarden();
    command.args(["install", "--policy", PRESET, "--server"]);
    command.arg(s.server());
    HookRun::of(&mut as_nobody(&command), b"").ended(4, "its owner can't be kept");
    before.is_unchanged(s.server());
}

/// What is included behind our keys has the last word: nothing is installed, or the account would
/// tell of a policy that judges nothing.
#[test]
fn another_policy_in_force_is_refused() {
    let s = &bare();
    let config = s.server().join("config");
    let plain = fs::read_to_string(&config).unwrap();
    fs::write(s.folder().join("weak.toml"), "version = 1\n").unwrap();
    for (says, told) in [
        ("policy = ../weak.toml", "weak.toml"),
        ("policy = preset:none", "there is no preset `none`"),
        ("repository = other", "called `other`"),
    ] {
        let weak = s.server().join("weak");
        fs::write(&weak, format!("[treewarden]\n\t{says}\n")).unwrap();
        let include = "[treewarden]\n\tmine = 1\n[include]\n\tpath = weak\n";
        fs::write(&config, format!("{plain}{include}")).unwrap();
        for hook in [None, Some("exit 0\n")] {
            if let Some(text) = hook {
                script(&s.server().join("hooks/pre-receive"), text);
            }
            let before = snapshot(s.server());
            let server = s.server().to_str().unwrap();
            let named = ["install", "--server", server, "--repository", "mine"];
            run(s, [&named[..], &["--policy", PRESET]].concat()).ended(3, told);
            before.is_unchanged(s.server());
        }
        fs::remove_file(s.server().join("hooks/pre-receive")).unwrap();
    }
    // In front of our keys it has none.
    let include = "[include]\n\tpath = weak\n[treewarden]\n\trepository = mine\n";
    fs::write(&config, format!("{plain}{include}")).unwrap();
    install(s, s.server());
}

#[test]
fn several_repositories_at_once() {
    let s = &bare();
    let other = s.folder().join("other repo.git");
    git(s, s.folder(), &["init", "-q", "--bare", "other repo.git"]);
    let linked = s.folder().join("link.git");
    symlink(s.server(), &linked).unwrap();
    let repositories = [s.server(), &other, &linked].map(|path| path.to_str().unwrap());
    let arguments = [
        &["install", "--no-doctor", "--policy", PRESET, "--server"],
        &repositories[..],
    ]
    .concat();
    let said = done(s, &arguments);
    for path in [s.server(), &other] {
        let line = format!("server:     {}\n", path.display());
        assert_eq!(said.matches(&line).count(), 1, "{said}");
        judges(s, path);
    }
    assert_eq!(said.split("\n\n").count(), 2, "{said}");
    let said = done(s, [&["uninstall", "--server"], &repositories[..]].concat());
    assert_eq!(said.matches("removed: ").count(), 4, "{said}");
}

/// The last of them is at fault: the first isn't changed either.
#[test]
fn all_are_checked_before_the_first_is_changed() {
    let s = &bare();
    let other = s.folder().join("other.git");
    git(s, s.folder(), &["init", "-q", "--bare", "other.git"]);
    let arguments = |last: &Path| {
        let list = ["install", "--policy", PRESET, "--server"].map(PathBuf::from);
        let repositories = [s.server().to_owned(), last.to_owned()];
        list.into_iter().chain(repositories).collect::<Vec<_>>()
    };
    let before = snapshot(s.folder());
    run(s, arguments(&s.folder().join("gone.git"))).ended(4, "gone.git");
    before.is_unchanged(s.folder());
    fs::create_dir(other.join("hooks/pre-receive")).unwrap();
    let before = snapshot(s.folder());
    run(s, arguments(&other)).ended(4, "other.git/hooks/pre-receive is no file");
    before.is_unchanged(s.folder());
    fs::remove_dir(other.join("hooks/pre-receive")).unwrap();
    install(s, s.server());
    install(s, &other);
    fs::write(other.join("config.lock"), "").unwrap();
    let before = snapshot(s.folder());
    let list = ["uninstall", "--server"].map(PathBuf::from);
    let repositories = [s.server().to_owned(), other];
    run(s, list.into_iter().chain(repositories)).ended(4, "config.lock");
    before.is_unchanged(s.folder());
}

/// A server with files: git updates them after the hook has accepted.
#[test]
fn a_repository_that_is_not_bare() {
    let s = &bare();
    let worktree = s.folder().join("work");
    git(s, s.folder(), &["init", "-q", "-b", "master", "work"]);
    git(
        s,
        &worktree,
        &["config", "receive.denyCurrentBranch", "updateInstead"],
    );
    install(s, &worktree);
    judges(s, &worktree);
    assert!(worktree.join("kernel/a.c").exists());
}

/// Whichever of the worktrees is pushed to, and whichever was named.
#[test]
fn linked_worktrees() {
    for named in ["work", "linked"] {
        let s = &bare();
        let worktree = s.folder().join("work");
        git(s, s.folder(), &["init", "-q", "-b", "start", "work"]);
        git(
            s,
            &worktree,
            &["commit", "-q", "--allow-empty", "-m", "start"],
        );
        git(s, &worktree, &["worktree", "add", "-q", "../linked"]);
        let before = snapshot(&worktree);
        install(s, &s.folder().join(named));
        judges(s, &worktree);
        git(s, &worktree, &["update-ref", "-d", "refs/heads/master"]);
        judges(s, &s.folder().join("linked"));
        uninstall(s, &s.folder().join("linked"));
        before.is_unchanged(&worktree);
        takes_anything(s, &worktree);
    }
}

/// As a submodule's: `.git` is a file, and the git directory is elsewhere.
#[test]
fn a_git_directory_of_its_own() {
    let s = &bare();
    let worktree = s.folder().join("work");
    fs::create_dir(s.folder().join("modules")).unwrap();
    git(
        s,
        s.folder(),
        &[
            "init",
            "-q",
            "-b",
            "start",
            "--separate-git-dir=modules/work",
            "work",
        ],
    );
    install(s, &worktree);
    assert!(s.folder().join("modules/work/hooks/pre-receive").exists());
    judges(s, &worktree);
    uninstall(s, &worktree);
    takes_anything(s, &worktree);
}

/// From wherever treewarden is by now, and the hook starts what is there.
#[test]
fn it_is_repeated_after_treewarden_moved() {
    let s = &bare();
    for place in ["one", "it's two"] {
        let folder = s.folder().join(place);
        let names = [
            "treewarden",
            "treewarden-pre-receive",
            "treewarden-post-receive",
        ];
        copies(&folder, &names);
        let mut command = s.command(folder.join("treewarden"));
        command.args(["install", "--policy", PRESET, "--server"]);
        HookRun::of(command.arg(s.server()), b"").ended(0, "");
        judges(s, s.server());
        fs::remove_dir_all(&folder).unwrap();
        s.push(&s.touch(&s.base(), "kernel/b.c"), "master")
            .declined();
        s.on_server(&["update-ref", "-d", "refs/heads/master"]);
    }
    assert!(!s.server().join("hooks/pre-receive.chained").exists());
    install(s, s.server());
    judges(s, s.server());
}

/// The programs belong together.
#[test]
fn it_refuses_where_the_hooks_program_is_missing() {
    let s = &bare();
    let alone = s.folder().join("alone/treewarden");
    copies(alone.parent().unwrap(), &["treewarden"]);
    let before = snapshot(s.server());
    let mut command = s.command(&alone);
    command.args(["install", "--policy", PRESET, "--server"]);
    HookRun::of(command.arg(s.server()), b"").ended(4, "treewarden-post-receive must be installed");
    before.is_unchanged(s.server());
}

/// Paths that a shell, or a text, would trip over.
#[test]
fn repositories_with_odd_names() {
    use std::os::unix::ffi::OsStrExt;
    for name in [
        &b"it's a $(repo).git"[..],
        b"-server.git",
        b"b\xff\xe4r.git",
    ] {
        let s = &Sandbox::at(
            crate::support::Format::Sha1Files,
            std::ffi::OsStr::from_bytes(name),
        );
        let before = snapshot(s.server());
        install(s, s.server());
        before.is_unchanged(s.server());
        judges(s, s.server());
    }
}

#[test]
fn one_place_is_named() {
    let s = &bare();
    for arguments in [
        &["--policy", PRESET][..],
        &["--server", "a", "--local"],
        &["--server", "a", "--template", "b"],
        &["--local", "--template", "b"],
        &["--server", "a", "--remote", "origin"],
        &["--server", "a", "--fetch-upstreams"],
        &["--template", "a", "--repository", "x"],
    ] {
        run(s, [&["install"], arguments].concat()).ended(2, "Usage");
    }
    for arguments in [
        &["--server", "a", "--remote", "b"][..],
        &["--policy", PRESET],
    ] {
        run(s, [&["uninstall"], arguments].concat()).ended(2, "Usage");
    }
}

/// Installing ends with the doctor's word, and with its exit status.
#[test]
fn an_installation_proves_itself() {
    let s = &bare();
    let server = s.server().to_str().unwrap();
    let place = ["install", "--server", server, "--policy"];
    let said = done(s, [&place[..], &[PRESET]].concat());
    assert!(
        said.contains(&format!("\ndoctor:     {server}\n")),
        "{said}"
    );
    assert!(said.ends_with(", 0 FAIL\n"), "{said}");
    // Installed, and yet open: no tree has a ref in this repository.
    let policy = "version = 1\n[[tree]]\nname = \"x\"\nrefs = [\"other:refs/heads/x\"]\n";
    fs::write(s.folder().join("none.toml"), policy).unwrap();
    let open = ["none.toml", "--repository", "this"];
    let output = s
        .treewarden()
        .args([&place[..], &open].concat())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("FAIL  trees: "), "{said}");
    assert!(s.server().join("hooks/pre-receive").exists());
    run(s, [&place[..], &[PRESET, "--no-doctor"]].concat()).ended(0, "");
}
