//! Where git is started, and with what around it: the same push, the same answer.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

use super::Scene;
use crate::support::{Format, HookRun, Local, Sandbox, UPSTREAMS, everywhere};

/// A refusal and an acceptance from where the clone's user stands.
fn both_verdicts(s: &Sandbox, local: &Local<'_>, scene: &Scene<'_>, change: impl Fn(&mut Command)) {
    let push = |commit: &str| {
        let refspec = format!("{commit}:refs/heads/master");
        local.push_with(&["origin", &refspec], &change)
    };
    push(&scene.networking).rejected("denied-path").ran(1);
    push(&scene.core).clean().moved(&[(&scene.core, "master")]);
    s.seed(&scene.base, &["master"]);
}

#[test]
fn a_subfolder() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    scene
        .local
        .git(&["checkout", "-q", "--detach", &scene.base]);
    let folder = s.local_at(scene.local.here().join("kernel/bpf"));
    both_verdicts(s, &folder, &scene, |_| {});
    // From here it leads nowhere, but git reads it from the top.
    let refspec = format!("{}:refs/heads/master", scene.networking);
    let refused = folder.push_as(&["../server.git", &refspec]);
    refused.rejected("denied-path");
}

#[test]
fn a_linked_worktree() {
    everywhere(|s| {
        let scene = Scene::of(s);
        let (core, base) = (&scene.core, &scene.base);
        let tree = s.folder().join("linked");
        let path = tree.to_str().unwrap();
        scene
            .local
            .git(&["worktree", "add", "-q", "-b", "mine", path, base]);
        let linked = s.local_at(tree.clone());
        both_verdicts(s, &linked, &scene, |_| {});
        let below = s.local_at(tree.join("net/core"));
        both_verdicts(s, &below, &scene, |_| {});
        // Its HEAD is its own.
        linked.git(&["reset", "-q", "--hard", core]);
        linked
            .push_as(&["origin", "HEAD:net"])
            .rejected("only-denied-paths");
        linked.git(&["config", "extensions.worktreeConfig", "true"]);
        both_verdicts(s, &linked, &scene, |_| {});
    });
}

#[test]
fn a_bare_clone() {
    everywhere(|s| {
        let scene = Scene::of(s);
        let bare = s.cloned(s.server(), "bare.git", &["--bare"]);
        for spec in ["+refs/heads/*:refs/remotes/origin/*", UPSTREAMS] {
            bare.git(&["config", "--add", "remote.origin.fetch", spec]);
        }
        bare.git(&["fetch", "-q", "origin"]);
        bare.guard("origin");
        bare.take(&scene.networking).take(&scene.core);
        both_verdicts(s, &bare, &scene, |_| {});
        let inside = s.local_at(bare.here().join("refs"));
        both_verdicts(s, &inside, &scene, |_| {});
    });
}

#[test]
fn a_git_directory_that_is_elsewhere() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let git_dir = scene.local.git_dir();
    // Named by the environment, absolute and relative, with a worktree and without.
    let elsewhere = s.local_at(s.folder().to_owned());
    both_verdicts(s, &elsewhere, &scene, |command| {
        command.env("GIT_DIR", &git_dir);
    });
    both_verdicts(s, &elsewhere, &scene, |command| {
        command.env("GIT_DIR", "local/.git");
    });
    both_verdicts(s, &elsewhere, &scene, |command| {
        command
            .env("GIT_DIR", "local/.git")
            .env("GIT_WORK_TREE", "local");
    });
    both_verdicts(s, &elsewhere, &scene, |command| {
        command.args(["--git-dir=local/.git", "--work-tree=local"]);
    });
    both_verdicts(s, &elsewhere, &scene, |command| {
        command.args(["-C", "local"]);
    });
    let worktree = s.folder().join("worktree");
    std::fs::create_dir(&worktree).unwrap();
    scene
        .local
        .git(&["config", "core.worktree", worktree.to_str().unwrap()]);
    both_verdicts(s, &scene.local, &scene, |_| {});
    scene.local.git(&["config", "--unset", "core.worktree"]);
    // Beside the worktree, with a file that leads there.
    let moved = s.folder().join("moved.git");
    scene
        .local
        .git(&["init", "-q", "--separate-git-dir", moved.to_str().unwrap()]);
    assert!(scene.local.here().join(".git").is_file());
    both_verdicts(s, &scene.local, &scene, |_| {});
}

/// Objects of another clone, by way of its alternates. In one format: git before 2.45 can't borrow
/// objects with longer names.
#[test]
fn a_clone_that_borrows_objects() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let borrower = s.cloned(scene.local.here(), "borrower", &["--shared"]);
    let server = s.server().to_str().unwrap();
    borrower.git(&["remote", "set-url", "origin", server]);
    borrower.git(&["config", "--add", "remote.origin.fetch", UPSTREAMS]);
    borrower.git(&["fetch", "-q", "origin"]);
    borrower.guard("origin");
    both_verdicts(s, &borrower, &scene, |_| {});
}

#[test]
fn paths_with_every_sign() {
    for name in [
        b"a b".as_slice(),
        b"a:b",
        b"\xff\xfe",
        b"\xc3\xb6\n\"'$x",
        b"--help",
    ] {
        let s = &Sandbox::at(
            Format::Sha1Files,
            OsStr::from_bytes(&[name, b".git"].concat()),
        );
        let scene = Scene::of(s);
        let folder = Path::new(OsStr::from_bytes(name));
        std::fs::create_dir(s.folder().join(folder)).unwrap();
        let local = s.cloned(s.server(), folder.join("clone"), &[]);
        local.git(&["config", "--add", "remote.origin.fetch", UPSTREAMS]);
        local.git(&["fetch", "-q", "origin"]);
        local.guard("origin");
        local.take(&scene.networking).take(&scene.core);
        both_verdicts(s, &local, &scene, |_| {});
        merges_are_judged(s, &local, &scene);
    }
}

/// Contents that git must be asked about, from a scratch repository that borrows the objects.
fn merges_are_judged(s: &Sandbox, local: &Local<'_>, scene: &Scene<'_>) {
    let left = s
        .commit("left")
        .on(&scene.base)
        .write("kernel/m.c", "1\n2\n3\n")
        .make();
    let side = |text: &str| s.commit("side").on(&left).write("kernel/m.c", text).make();
    let merge = s
        .merge("Merge", &[&side("one\n2\n3\n"), &side("1\n2\nthree\n")])
        .make();
    local
        .push(&merge, "master")
        .clean()
        .judged("bpf-next/master", 4);
}

/// What only a server's hook has a use for means nothing here.
#[test]
fn the_environment_of_a_servers_hook_changes_nothing() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let line = |commit: &str| format!("x {commit} refs/heads/master {}\n", scene.base);
    for (key, value) in [
        ("GIT_QUARANTINE_PATH", "/nonexistent"),
        ("GIT_QUARANTINE_PATH", ""),
        ("GIT_NAMESPACE", "other"),
        ("GIT_NAMESPACE", "../.."),
        ("GIT_DIR", ""),
    ] {
        let arguments = ["origin".into(), s.server().as_os_str().to_owned()];
        let run = |commit: &str| {
            let mut command = scene.local.hook_command(&arguments);
            command.env(key, value);
            HookRun::of(&mut command, line(commit).as_bytes())
        };
        run(&scene.networking).rejected("denied-path");
        run(&scene.core).ended(
            0,
            "treewarden: advice: accepted: bpf-next/master (1 commit)",
        );
    }
}

/// A namespace is the server's: there the names mean what they mean without one.
#[test]
fn a_namespace_of_the_server() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let inside = "refs/namespaces/n/refs/heads/master";
    s.seed(&scene.base, &[inside]);
    let push = |commit: &str| {
        let refspec = format!("{commit}:refs/heads/master");
        scene.local.push_with(&["origin", &refspec], |command| {
            command.env("GIT_NAMESPACE", "n");
        })
    };
    push(&scene.networking).rejected("denied-path");
    push(&scene.core).clean().moved(&[(&scene.core, inside)]);
}

/// The user's own settings of git say nothing about what is judged, and how.
#[test]
fn the_users_settings_change_nothing() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let lax = s.folder().join("lax.toml");
    std::fs::write(&lax, "version = 1\n").unwrap();
    let user = format!(
        "[treewarden]\n\tpolicy = {lax}\n\trepository = other\n[remote \"origin\"]\n\ttreewarden = false\n\
         [core]\n\tcommitGraph = true\n\tquotePath = false\n[color]\n\tui = always\n\
         [diff]\n\trenames = copies\n[merge]\n\trenames = false\n[log]\n\tshowSignature = true\n",
        lax = lax.display()
    );
    std::fs::write(s.folder().join(".gitconfig"), user).unwrap();
    both_verdicts(s, &scene.local, &scene, |_| {});
    both_verdicts(s, &scene.local, &scene, |command| {
        let policy = format!("treewarden.policy={}", lax.display());
        command.args(["-c", &policy, "-c", "remote.origin.treewarden=false"]);
    });
    both_verdicts(s, &scene.local, &scene, |command| {
        command
            .env("GIT_TRACE", "1")
            .env("GIT_TRACE_SETUP", "1")
            .env("GIT_LITERAL_PATHSPECS", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "")
            .env("GIT_ADVICE", "0")
            .env("GIT_PAGER", "false")
            .env("LC_ALL", "C.UTF-8")
            .env("LANGUAGE", "de");
    });
}
