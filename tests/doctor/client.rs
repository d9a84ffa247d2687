//! A clone, whose hook gives advice before anything is sent.

use super::*;

/// A clone of the server with pre-push installed for it, in which all is well.
fn clone(s: &Sandbox) -> PathBuf {
    sh(
        s,
        "git -c core.hooksPath=/dev/null clone -q server.git clone",
    );
    let clone = s.folder().join("clone");
    let program = bin(s).join("treewarden-pre-push");
    let shim = format!("#!/bin/sh\nexec '{}' \"$0\" \"$@\"\n", program.display());
    let hook = clone.join(".git/hooks/pre-push");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, shim).unwrap();
    set_mode(&hook, 0o755);
    let policy = s.folder().join("policy.toml");
    for (key, value) in [
        ("treewarden.policy", policy.to_str().unwrap()),
        ("remote.origin.treewarden", "true"),
    ] {
        git(s, &["config", key, value]);
    }
    git(
        s,
        &["fetch", "-q", "origin", "+refs/upstream/*:refs/upstream/*"],
    );
    clone
}

fn git(s: &Sandbox, arguments: &[&str]) {
    let clone = s.folder().join("clone/.git");
    let status = s.git_in(&clone).args(arguments).status().unwrap();
    assert!(status.success(), "{arguments:?}");
}

fn examined(s: &Sandbox) -> Examined {
    let mut command = s.command(bin(s).join("treewarden"));
    run(command.arg("doctor").current_dir(s.folder().join("clone")))
}

fn hook(s: &Sandbox) -> PathBuf {
    s.folder().join("clone/.git/hooks/pre-push")
}

#[test]
fn a_healthy_clone_is_well_in_every_format() {
    everywhere(|s| {
        healthy(s);
        clone(s);
        let before = (snapshot(s.server()), snapshot(&s.folder().join("clone")));
        examined(s)
            .is_well()
            .says("installed", "pre-push")
            .says("policy", "which extends preset:bpf-next, digest")
            .says("trees", "origin: with a ref: bpf-next/master, bpf-next/net")
            .says("canary", "refs/heads/master was refused: denied-path")
            .says("canary", "refs/heads/net was refused: only-denied-paths");
        let after = (snapshot(s.server()), snapshot(&s.folder().join("clone")));
        assert!(before == after);
    });
}

#[test]
fn a_hook_that_git_does_not_run() {
    let s = one();
    clone(&s);
    set_mode(&hook(&s), 0o644);
    let open = examined(&s);
    open.fails(&["hook", "canary"])
        .says("hook", "git pushes without asking");
    sh(&s, &open.help("hook"));
    examined(&s).is_well();
    std::fs::remove_file(hook(&s)).unwrap();
    let gone = examined(&s);
    gone.fails(&["hook", "canary"]);
    let (clone, policy) = (s.folder().join("clone"), s.folder().join("policy.toml"));
    assert_eq!(
        gone.help("hook"),
        format!(
            "treewarden install --local {} --remote origin --policy {}",
            clone.display(),
            policy.display()
        )
    );
}

#[test]
fn a_path_for_hooks_is_taken_from_the_top_of_the_work_tree() {
    let s = one();
    let clone = clone(&s);
    git(&s, &["config", "core.hooksPath", "my-hooks"]);
    let open = examined(&s);
    open.fails(&["hooks-path", "canary"])
        .says("hooks-path", clone.join("my-hooks").to_str().unwrap());
    std::fs::create_dir(clone.join("my-hooks")).unwrap();
    std::fs::rename(hook(&s), clone.join("my-hooks/pre-push")).unwrap();
    examined(&s).is_well();
}

#[test]
fn a_linked_work_tree_has_the_hooks_of_the_other() {
    let s = one();
    clone(&s);
    let linked = s.folder().join("linked");
    git(
        &s,
        &[
            "worktree",
            "add",
            "-q",
            "--detach",
            linked.to_str().unwrap(),
            "origin/master",
        ],
    );
    let examine = || {
        let mut command = s.command(bin(&s).join("treewarden"));
        run(command.arg("doctor").current_dir(&linked))
    };
    examine().is_well();
    set_mode(&hook(&s), 0o644);
    examine().fails(&["hook", "canary"]);
}

#[test]
fn a_hook_that_judges_no_remote() {
    let s = one();
    clone(&s);
    git(&s, &["config", "remote.origin.treewarden", "false"]);
    let idle = examined(&s);
    idle.fails(&["installed"])
        .says("installed", "judges pushes to no remote");
    sh(&s, &idle.help("installed"));
    examined(&s).is_well();
}

#[test]
fn each_remote_is_tried_by_its_own_name() {
    let s = one();
    clone(&s);
    let url = s.server().to_str().unwrap();
    git(&s, &["remote", "add", "odd.name\"x\"", url]);
    git(&s, &["config", "remote.odd.name\"x\".treewarden", "true"]);
    git(
        &s,
        &["config", "remote.odd.name\"x\".treewardenRepository", "bpf"],
    );
    examined(&s)
        .is_well()
        .says("policy", "odd.name\"x\": /")
        .says("policy", "for the repository bpf")
        .says(
            "canary",
            "odd.name\"x\": a push to refs/replace/ was refused",
        )
        .says(
            "canary",
            "origin: a push of net/canary to refs/heads/master",
        );
}

/// What a clone lacks makes its findings warnings: it is told, and the rest is tried.
#[test]
fn a_clone_without_upstreams() {
    let s = one();
    clone(&s);
    git(&s, &["update-ref", "-d", "refs/upstream/linus/main"]);
    let lacking = examined(&s);
    lacking
        .warns(&["upstreams"])
        .says("upstreams", "linus: no ref holds it")
        .says("canary", "refs/heads/master was refused: denied-path");
    sh(&s, &lacking.help("upstreams"));
    examined(&s).is_well();
}

/// Branches are fetched by git's own word, and by no refspec that overwrites those of the clone;
/// a remote's name is one word to a shell, whatever is in it.
#[test]
fn no_help_overwrites_branches_of_the_clone() {
    let s = one();
    clone(&s);
    let remote = "o'dd;touch marker";
    git(&s, &["config", "remote.origin.treewarden", "false"]);
    for (name, value) in [
        ("url", s.server().to_str().unwrap()),
        ("fetch", "+refs/heads/*:refs/remotes/odd/*"),
        ("treewarden", "true"),
    ] {
        git(&s, &["config", &format!("remote.{remote}.{name}"), value]);
    }
    let text = |pattern: &str| {
        format!(
            "version = 1\n[[upstream]]\nname = \"linus\"\nrefs = [\"{pattern}\"]\n\
             {SMALL}upstream = [\"linus\"]\n"
        )
    };
    let policy = s.folder().join("policy.toml");
    s.seed(&made_at(&s, now()), &["refs/heads/linus-6"]);
    git(&s, &["branch", "-q", "linus-mine", "origin/master"]);
    let before = s.folder().join("clone/.git/refs/heads");
    let before = (before.clone(), snapshot(&before));
    std::fs::write(&policy, text("refs/heads/linus-*")).unwrap();
    let lacking = examined(&s);
    lacking.warns(&["upstreams"]);
    sh(&s, &lacking.help("upstreams"));
    examined(&s).is_well();
    assert!(snapshot(&before.0) == before.1);
    std::fs::write(&policy, text("refs/upstream/none/*")).unwrap();
    sh(&s, &examined(&s).help("upstreams"));
    assert!(!s.folder().join("marker").exists());
}

#[test]
fn a_clone_with_a_policy_that_has_faults() {
    let s = one();
    clone(&s);
    git(&s, &["config", "treewarden.policy", "/nonexistent.toml"]);
    examined(&s)
        .fails(&["policy", "canary"])
        .says("canary", "was refused otherwise: error: /nonexistent.toml");
}

/// Whatever leads the push of a user elsewhere, the canary's stays.
#[test]
fn nothing_is_sent_to_the_real_remote() {
    let s = one();
    clone(&s);
    let marker = s.folder().join("marker");
    let ext = format!("ext::sh -c touch% {}", marker.display());
    let server = s.server().to_str().unwrap().to_owned();
    let global = s.folder().join(".gitconfig");
    std::fs::remove_file(hook(&s)).unwrap();
    let before = snapshot(s.server());
    let unsent = || {
        let examined = examined(&s);
        assert!(snapshot(s.server()) == before);
        assert!(!marker.exists());
        examined
    };
    unsent().fails(&["hook", "canary"]);
    git(&s, &["config", "--add", "remote.origin.pushurl", &ext]);
    git(&s, &["config", "--add", "remote.origin.pushurl", &server]);
    git(&s, &["config", "protocol.ext.allow", "always"]);
    git(&s, &["config", &format!("url.{server}.insteadOf"), "/"]);
    git(&s, &["config", &format!("url.{server}.pushInsteadOf"), "/"]);
    unsent().fails(&["hook", "canary"]).says(
        "canary",
        "must be refused with replace-ref, and was accepted",
    );
    // A user's own values for the remote can't be overridden: nothing is pushed at all.
    let config = format!("[remote \"origin\"]\n\tpushurl = {server}\n");
    std::fs::write(&global, config).unwrap();
    unsent()
        .fails(&["hook", "canary"])
        .says("canary", "would not stay in the scratch repository");
    let config = format!("[remote \"origin\"]\n\turl = {server}\n\treceivepack = false\n");
    std::fs::write(&global, config).unwrap();
    unsent().says(
        "canary",
        "must be refused with replace-ref, and was accepted",
    );
    let config = format!("[url \"{server}\"]\n\tinsteadOf = /tmp\n\tpushInsteadOf = /\n");
    std::fs::write(&global, config).unwrap();
    unsent().says(
        "canary",
        "must be refused with replace-ref, and was accepted",
    );
}

/// A remote can have a program of its own do the push, which needn't go where the URL leads.
#[test]
fn no_helper_of_a_user_sees_the_canary() {
    let s = one();
    clone(&s);
    let marker = s.folder().join("marker");
    let helper = bin(&s).join("git-remote-odd");
    let text = format!("#!/bin/sh\ntouch '{}'\nexit 1\n", marker.display());
    std::fs::write(&helper, text).unwrap();
    set_mode(&helper, 0o755);
    let config = "[remote \"origin\"]\n\tvcs = odd\n";
    std::fs::write(s.folder().join(".gitconfig"), config).unwrap();
    let mut path = bin(&s).into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let mut command = s.command(bin(&s).join("treewarden"));
    command
        .arg("doctor")
        .current_dir(s.folder().join("clone"))
        .env("PATH", path);
    run(&mut command)
        .fails(&["canary"])
        .says("canary", "through the helper that remote.origin.vcs names");
    assert!(!marker.exists());
}

/// A repository that others push to, and that pushes on.
#[test]
fn both_hooks_are_examined_where_both_are_installed() {
    let s = one();
    let program = bin(&s).join("treewarden-pre-push");
    let path = s.server().join("hooks/pre-push");
    let shim = format!("#!/bin/sh\nexec '{}' \"$0\" \"$@\"\n", program.display());
    std::fs::write(&path, shim).unwrap();
    set_mode(&path, 0o755);
    s.on_server(&["remote", "add", "next", s.client().to_str().unwrap()]);
    s.on_server(&["config", "remote.next.treewarden", "true"]);
    let both = super::examined(&s);
    both.is_well().says("installed", "pre-receive and pre-push");
    let sides = |side: &str| {
        let entries = both.entries().iter();
        let canaries = entries.filter(|entry| entry["check"] == "canary");
        canaries.filter(|entry| entry["side"] == side).count()
    };
    assert_eq!((sides("server"), sides("client")), (3, 3));
}
