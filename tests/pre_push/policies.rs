//! Which policy a clone judges by, and for which repository.

use super::Scene;
use crate::support::{Format, Local, LocalPush, Sandbox};

fn attempt<'s>(scene: &Scene<'s>) -> LocalPush<'s> {
    let refspec = format!("{}:refs/heads/master", scene.networking);
    scene.local.push_as(&["origin", &refspec])
}

/// Without a policy nothing can be said, and saying nothing could be taken for consent.
#[test]
fn no_policy_stops_the_push() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    scene.local.git(&["config", "--unset", "treewarden.policy"]);
    let line = format!("x {} refs/heads/master {}\n", scene.core, scene.base);
    attempt(&scene).stopped("this repository has no policy");
    scene.local.hook(&line).ended(3, "treewarden.policy");
    // A user's is nobody else's, and no policy of a repository.
    let user = s.folder().join(".gitconfig");
    std::fs::write(&user, "[treewarden]\n\tpolicy = preset:bpf-next\n").unwrap();
    attempt(&scene).stopped("this repository has no policy");
    scene.local.hook(&line).ended(3, "--no-verify");
    let refspec = format!("{}:refs/heads/master", scene.core);
    let passed = scene.local.push_as(&["--no-verify", "origin", &refspec]);
    passed.silent().moved(&[(&scene.core, "master")]);
}

#[test]
fn a_policy_that_cannot_be_used_stops_the_push() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let file = |name: &str, text: &str| {
        let path = s.folder().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let faulty = file("faulty.toml", "version = 1\nfrobnicate = true\n");
    let broken = file("broken.toml", "version = ");
    let future = file("future.toml", "version = 99\n");
    let binary = s.folder().join("binary.toml");
    std::fs::write(&binary, b"version = 1 # \xff\n").unwrap();
    let nameless = file(
        "nameless.toml",
        "version = 1\n[[tree]]\nname = \"m\"\nrefs = [\"a:refs/heads/master\"]\n",
    );
    for (policy, why) in [
        (&*faulty, "frobnicate"),
        (&broken, "broken.toml:1"),
        (&future, "version"),
        (binary.to_str().unwrap(), "UTF-8"),
        (&nameless, "nothing says which one this is"),
        ("preset:nothing", "there is no preset `nothing`"),
        ("/nonexistent/policy.toml", "/nonexistent/policy.toml"),
        (s.folder().to_str().unwrap(), "directory"),
        ("", ""),
    ] {
        scene.local.git(&["config", "treewarden.policy", policy]);
        let stopped = attempt(&scene);
        stopped.stopped(why).says("git config treewarden.policy");
        let line = format!("x {} refs/heads/master {}\n", scene.core, scene.base);
        scene.local.hook(&line).ended(3, why);
    }
}

#[test]
fn where_the_policy_is_found() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let local = &scene.local;
    let git_dir = local.git_dir();
    let lax = "version = 1\n[[tree]]\nname = \"lax\"\nrefs = [\"refs/heads/master\"]\n";
    let strict = "version = 1\nextends = \"preset:bpf-next\"\n";
    // In the worktree, which is what a push could bring, it is none.
    std::fs::write(local.here().join("treewarden.toml"), lax).unwrap();
    attempt(&scene).rejected("denied-path");
    local.git(&["config", "--unset", "treewarden.policy"]);
    attempt(&scene).stopped("no policy");
    std::fs::write(git_dir.join("treewarden.toml"), strict).unwrap();
    attempt(&scene).rejected("denied-path");
    // A relative path is taken from the git directory, wherever the user stands.
    std::fs::write(git_dir.join("p.toml"), lax).unwrap();
    local.git(&["config", "treewarden.policy", "p.toml"]);
    local.git(&[
        "worktree",
        "add",
        "-q",
        "--detach",
        "../linked",
        &scene.base,
    ]);
    let linked = s.local_at(s.folder().join("linked"));
    for place in [local, &linked] {
        let refspec = format!("{}:refs/heads/master", scene.networking);
        let passed = place.push_as(&["origin", &refspec]);
        passed
            .says("treewarden: advice: accepted: lax")
            .rejected_by_server("denied-path");
    }
}

/// Both sides print the digest of what they judged by, so that a difference is seen.
#[test]
fn another_policy_than_the_servers_is_seen_by_its_digest() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    s.over_preset("[[tree]]\nname = \"bpf-next/master\"\nenforce = \"warn\"\n");
    scene.local.guard("origin");
    let same = attempt(&scene);
    same.warned("denied-path");
    same.moved(&[(&scene.networking, "master")]);
    assert_eq!(same.as_servers(), same.servers());
    s.seed(&scene.base, &["master"]);
    s.install("preset:bpf-next");
    let other = attempt(&scene);
    other
        .warned("denied-path")
        .rejected_by_server("denied-path");
    let digest = |report: &str| {
        let (_, end) = report.rsplit_once("[policy ").unwrap();
        end.rsplit_once(' ').unwrap().1.to_owned()
    };
    assert_ne!(digest(&other.ours()), digest(&other.servers()));
}

/// Three repositories of one policy, in one clone.
#[test]
fn remotes_that_are_different_repositories() {
    let s = &Sandbox::new(Format::Sha1Files);
    let Scene { local, base, .. } = Scene::of(s);
    let (networking, core) = (s.touch(&base, "net/a.c"), s.touch(&base, "mm/a.c"));
    local.take(&networking).take(&core);
    // Without a name of its own it is the clone's, and without that the policy's.
    for (remote, name) in [
        ("bpf", "bpf"),
        ("next", "bpf-next"),
        ("foreign", "net-next"),
    ] {
        let path = s.folder().join(format!("{remote}.git"));
        s.cloned(s.server(), &path, &["--bare"]);
        local.git(&["remote", "add", remote, path.to_str().unwrap()]);
        local.guard(remote);
        let key = format!("remote.{remote}.treewardenRepository");
        local.git(&["config", &key, name]);
        local.git(&["fetch", "-q", remote]);
    }
    push(&local, "next", &networking, "master").rejected("denied-path");
    push(&local, "next", &core, "net").rejected("only-denied-paths");
    // `bpf:refs/heads/master` takes fixes to anything, and `net` is no tree there.
    push(&local, "bpf", &networking, "master")
        .clean()
        .says("accepted: bpf [");
    push(&local, "bpf", &core, "net").silent();
    push(&local, "foreign", &networking, "master").silent();
    // Both layouts are trees of whatever repository.
    push(&local, "foreign", &networking, "bpf-next/master").rejected("denied-path");
    // What the clone is called holds for `origin`, which has no name of its own.
    local.git(&["config", "treewarden.repository", "bpf"]);
    push(&local, "origin", &networking, "topic").silent();
    let passed = push(&local, "origin", &networking, "master");
    passed
        .clean()
        .says("accepted: bpf [")
        .rejected_by_server("denied-path");
    push(&local, "next", &networking, "bpf-next/master").rejected("denied-path");
}

fn push<'s>(local: &Local<'s>, to: &str, commit: &str, name: &str) -> LocalPush<'s> {
    local.push_as(&[to, &format!("{commit}:refs/heads/{name}")])
}

/// Nothing is pushed, so nothing can be wrong with it.
#[test]
fn where_nothing_is_pushed_the_policy_is_not_asked_for() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    scene
        .local
        .git(&["config", "treewarden.policy", "preset:nothing"]);
    scene.local.git(&["branch", "-f", "master", &scene.base]);
    let nothing = scene.local.push_as(&["origin", "master"]);
    nothing.silent().ran(1).moved(&[]);
}
