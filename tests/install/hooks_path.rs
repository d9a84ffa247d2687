//! `core.hooksPath`: git finds hooks there and nowhere else, so that is where they belong, or
//! nothing is installed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use treewarden::ambient::Ambient;
use treewarden::git::{ConfigScope, HookSide, Repo};

use super::{
    PRESET, bare, done, git, install, judges, push, refuses, run, script, snapshot, takes_anything,
    uninstall, uninstall_shared,
};
use crate::support::{Sandbox, everywhere};

/// Where `treewarden` looks, in this process's environment.
fn found(repository: &Path, side: HookSide) -> (PathBuf, Option<ConfigScope>) {
    let repo = Repo::open(repository, Ambient::read().git).unwrap();
    let hooks = repo.hooks(side).unwrap();
    (hooks.folder, hooks.path.map(|path| path.scope))
}

/// A repository with files, a linked worktree and a commit.
fn with_worktrees(s: &Sandbox) -> (PathBuf, PathBuf) {
    let (main, linked) = (s.folder().join("work"), s.folder().join("linked"));
    git(s, s.folder(), &["init", "-q", "-b", "start", "work"]);
    git(s, &main, &["commit", "-q", "--allow-empty", "-m", "start"]);
    git(s, &main, &["worktree", "add", "-q", "../linked"]);
    (main, linked)
}

/// git's own answer is asked for in the folder where it runs the hooks.
fn as_git_says(s: &Sandbox, folder: &Path) -> PathBuf {
    let said = git(s, folder, &["rev-parse", "--git-path", "hooks"]);
    folder.join(said)
}

#[test]
fn every_side_and_worktree_is_as_git_says() {
    let s = &bare();
    let (main, linked) = with_worktrees(s);
    let absolute = s.folder().join("elsewhere");
    for hooks_path in [None, Some("rel"), Some("a/../b"), absolute.to_str()] {
        for repository in [s.server(), &main] {
            match hooks_path {
                Some(path) => git(s, repository, &["config", "core.hooksPath", path]),
                None => String::new(),
            };
        }
        let scope = hooks_path.map(|_| ConfigScope::Local);
        for (repository, server, client) in [
            (s.server(), s.server().to_owned(), s.server()),
            (&main, main.join(".git"), &main),
            (&linked, main.join(".git/worktrees/linked"), &linked),
        ] {
            let answer = |side| {
                let (folder, found) = found(repository, side);
                assert_eq!(found, scope);
                folder.components().collect::<PathBuf>()
            };
            let whole = |folder: &Path| as_git_says(s, folder).components().collect::<PathBuf>();
            assert_eq!(answer(HookSide::Server), whole(&server), "{hooks_path:?}");
            assert_eq!(answer(HookSide::Client), whole(client), "{hooks_path:?}");
        }
    }
}

#[test]
fn the_repositorys_own_is_followed() {
    everywhere(|s| {
        uninstall(s, s.server());
        let absolute = s.folder().join("absolute");
        let absolute = absolute.to_str().unwrap();
        for (value, folder) in [
            ("hooks", s.server().join("hooks")),
            ("own/hooks", s.server().join("own/hooks")),
            (absolute, absolute.into()),
            ("~/home", s.folder().join("home")),
        ] {
            s.on_server(&["config", "core.hooksPath", value]);
            let before = snapshot(s.server());
            let said = install(s, s.server());
            assert!(!said.contains("worktrees"), "{said}");
            let hook = folder.join("pre-receive");
            assert!(said.contains(hook.to_str().unwrap()), "{said}");
            judges(s, s.server());
            uninstall_shared(s, s.server());
            before.is_unchanged(s.server());
            assert_eq!(folder.exists(), value == "hooks", "{value}");
            s.on_server(&["update-ref", "-d", "refs/heads/master"]);
        }
    });
}

/// Relative ones are counted from where receive-pack runs: in a linked worktree's git directory.
#[test]
fn a_relative_one_in_a_linked_worktree() {
    let s = &bare();
    let (main, linked) = with_worktrees(s);
    git(s, &main, &["config", "core.hooksPath", "../../shared"]);
    let said = install(s, &linked);
    assert!(said.contains("linked worktrees look for hooks"), "{said}");
    assert!(main.join(".git/shared/pre-receive").exists());
    judges(s, &linked);
}

#[test]
fn a_worktrees_own_is_followed() {
    let s = &bare();
    let (main, linked) = with_worktrees(s);
    let folder = s.folder().join("for linked");
    git(s, &main, &["config", "extensions.worktreeConfig", "true"]);
    git(
        s,
        &linked,
        &[
            "config",
            "--worktree",
            "core.hooksPath",
            folder.to_str().unwrap(),
        ],
    );
    let answer = (folder.clone(), Some(ConfigScope::Worktree));
    assert_eq!(found(&linked, HookSide::Server), answer);
    let before = snapshot(&main.join(".git/config"));
    install(s, &linked);
    judges(s, &linked);
    git(s, &main, &["update-ref", "-d", "refs/heads/master"]);
    takes_anything(s, &main);
    uninstall_shared(s, &linked);
    before.is_unchanged(&main.join(".git/config"));
    assert!(!folder.exists());
}

/// What is set for more than this repository: the folder is others' too.
#[test]
fn a_users_is_refused_with_the_way_out() {
    let s = &bare();
    let shared = s.folder().join("shared hooks");
    fs::create_dir(&shared).unwrap();
    let user = s.folder().join(".gitconfig");
    fs::write(&user, "[core]\n\thooksPath = ~/shared hooks\n").unwrap();
    let before = snapshot(s.folder());
    refuses(s, s.server(), 4, "in a user's git config");
    refuses(s, s.server(), 4, "other repositories use that folder too");
    before.is_unchanged(s.folder());
    // Either of the two commands that it prints.
    for (at, folder) in [(0, s.server().join("hooks")), (1, shared)] {
        let output = s
            .treewarden()
            .args(["install", "--policy", PRESET, "--server"])
            .arg(s.server())
            .output();
        let said = String::from_utf8(output.unwrap().stderr).unwrap();
        let line = said
            .lines()
            .filter(|line| line.starts_with("     git"))
            .nth(at)
            .unwrap();
        let status = s.command("sh").args(["-c", line]).status().unwrap();
        assert!(status.success(), "{line}");
        install(s, s.server());
        assert!(folder.join("pre-receive").exists());
        judges(s, s.server());
        uninstall_shared(s, s.server());
        s.on_server(&["config", "--unset", "core.hooksPath"]);
        s.on_server(&["update-ref", "-d", "refs/heads/master"]);
    }
    let left = fs::read_dir(s.folder().join("shared hooks")).unwrap();
    assert_eq!(left.count(), 0);
}

#[test]
fn the_systems_and_the_environments_are_refused() {
    let s = &bare();
    let system = s.folder().join("system");
    fs::write(&system, "[core]\n\thooksPath = /nonexistent\n").unwrap();
    let before = snapshot(s.folder());
    let install = |key: &str, value: &str| {
        let mut command = s.treewarden();
        command.env_remove("GIT_CONFIG_NOSYSTEM").env(key, value);
        command.env("GIT_CONFIG_KEY_0", "core.hooksPath");
        command.env("GIT_CONFIG_VALUE_0", "/nonexistent");
        command.args(["install", "--policy", PRESET, "--server"]);
        crate::support::HookRun::of(command.arg(s.server()), b"")
    };
    install("GIT_CONFIG_SYSTEM", system.to_str().unwrap()).ended(4, "the system's git config");
    install("GIT_CONFIG_COUNT", "1").ended(4, "the environment");
    before.is_unchanged(s.folder());
}

/// A user's value that leads to the repository's own hooks leads nobody elsewhere.
#[test]
fn a_users_that_leads_here_is_no_matter() {
    let s = &bare();
    fs::write(
        s.folder().join(".gitconfig"),
        "[core]\n\thooksPath = hooks\n",
    )
    .unwrap();
    install(s, s.server());
    judges(s, s.server());
}

#[test]
fn what_is_no_folder_is_refused() {
    let s = &bare();
    for (value, why) in [
        ("/dev/null", "/dev/null is no folder"),
        ("", "core.hooksPath is empty"),
    ] {
        s.on_server(&["config", "core.hooksPath", value]);
        let before = snapshot(s.server());
        refuses(s, s.server(), 4, why);
        before.is_unchanged(s.server());
    }
}

/// The hook is found again wherever the config leads by now.
#[test]
fn it_is_undone_after_the_path_changed() {
    let s = &bare();
    let before = snapshot(s.server());
    install(s, s.server());
    let elsewhere = s.folder().join("elsewhere");
    s.on_server(&["config", "core.hooksPath", elsewhere.to_str().unwrap()]);
    uninstall(s, s.server());
    s.on_server(&["config", "--unset", "core.hooksPath"]);
    before.is_unchanged(s.server());
}

/// A foreign hook in such a folder is chained like any other.
#[test]
fn a_foreign_hook_there_is_kept() {
    let s = &bare();
    let folder = s.folder().join("elsewhere");
    fs::create_dir(&folder).unwrap();
    script(&folder.join("pre-receive"), "echo foreign >&2\n");
    s.on_server(&["config", "core.hooksPath", folder.to_str().unwrap()]);
    let before = snapshot(&folder);
    install(s, s.server());
    let base = s.started();
    s.push(&s.touch(&base, "kernel/a.c"), "master")
        .clean()
        .says("foreign");
    uninstall_shared(s, s.server());
    before.is_unchanged(&folder);
    run(s, ["uninstall", "--server", s.server().to_str().unwrap()]).ended(0, "");
}

/// Two repositories name one folder: its hooks are theirs together, and the foreign one survives.
#[test]
fn a_folder_of_two_repositories() {
    let s = &bare();
    git(s, s.folder(), &["init", "-q", "--bare", "other.git"]);
    let other = s.folder().join("other.git");
    let folder = s.folder().join("shared");
    fs::create_dir(&folder).unwrap();
    script(&folder.join("pre-receive"), "echo foreign >&2\n");
    for repository in [s.server(), &other] {
        let path = folder.to_str().unwrap();
        git(s, repository, &["config", "core.hooksPath", path]);
    }
    let before = snapshot(s.folder());
    let both = [s.server(), &other].map(|path| path.to_str().unwrap());
    for _ in 0..2 {
        let place = ["install", "--policy", PRESET, "--server"];
        let said = done(s, [&place[..], &both].concat());
        assert_eq!(said.matches("chained:").count(), 2, "{said}");
    }
    let base = s.base();
    for repository in [s.server(), &other] {
        let (taken, said) = push(s, repository, &base, "topic");
        assert!(taken && said.contains("foreign"), "{said}");
        let (taken, said) = push(s, repository, &s.touch(&base, "net/a.c"), "master");
        assert!(!taken && said.contains("denied-path"), "{said}");
    }
    done(
        s,
        [&["uninstall", "--shared", "--server"], &both[..]].concat(),
    );
    for path in [s.server(), &other, &folder] {
        before.is_unchanged(path);
    }
}

/// What one repository is told to do without stays the other's.
#[test]
fn a_folder_of_others_keeps_its_hook() {
    for is_link in [false, true] {
        let s = &bare();
        git(s, s.folder(), &["init", "-q", "--bare", "other.git"]);
        git(s, s.folder(), &["init", "-q", "--bare", "third.git"]);
        let [other, third] = ["other.git", "third.git"].map(|name| s.folder().join(name));
        let folder = s.folder().join("shared");
        fs::create_dir(&folder).unwrap();
        for repository in [s.server(), &other, &third] {
            if is_link {
                fs::remove_dir_all(repository.join("hooks")).unwrap();
                symlink(&folder, repository.join("hooks")).unwrap();
            } else {
                let path = folder.to_str().unwrap();
                git(s, repository, &["config", "core.hooksPath", path]);
            }
        }
        let before = snapshot(s.folder());
        install(s, s.server());
        install(s, &other);
        let installed = snapshot(s.folder());
        let found = if is_link {
            s.server().join("hooks")
        } else {
            folder
        };
        let hook = found.join("pre-receive");
        let said = uninstall(s, s.server());
        let left = format!("left:       {}, which other", hook.display());
        let help = format!("to remove it for all of them: rm {}", hook.display());
        let note = "this repository needs a policy";
        for text in [&left, &help, note] {
            assert!(said.contains(text), "{said}");
        }
        before.is_unchanged(&s.server().join("config"));
        installed.is_unchanged(&s.folder().join("shared"));
        judges(s, &other);
        // Nothing was installed for the third: it has nothing to take from them.
        for said in [uninstall(s, &third), uninstall_shared(s, &third)] {
            assert!(said.contains("nothing to do"), "{said}");
        }
        installed.is_unchanged(&s.folder().join("shared"));
        uninstall_shared(s, &other);
        for path in [s.server(), &other, &third, &s.folder().join("shared")] {
            before.is_unchanged(path);
        }
    }
}

/// The command that is printed puts a foreign hook back.
#[test]
fn a_chained_one_is_put_back_by_hand() {
    let s = &bare();
    let folder = s.folder().join("the others'");
    fs::create_dir(&folder).unwrap();
    script(&folder.join("pre-receive"), "exit 0\n");
    s.on_server(&["config", "core.hooksPath", folder.to_str().unwrap()]);
    let before = snapshot(s.folder());
    install(s, s.server());
    let said = uninstall(s, s.server());
    let commands = said.split("for all of them: ").skip(1);
    let commands: Vec<&str> = commands.map(|it| it.lines().next().unwrap()).collect();
    assert_eq!(commands.len(), 2, "{said}");
    for command in commands {
        let status = s.command("sh").args(["-c", command]).status().unwrap();
        assert!(status.success(), "{command}");
    }
    before.is_unchanged(&folder);
    before.is_unchanged(s.server());
}
