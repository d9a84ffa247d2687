//! Which remotes are judged: those that pre-push was installed for, however they are named.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::Scene;
use crate::support::{Format, HookRun, Sandbox, everywhere};

fn sandbox() -> Sandbox {
    Sandbox::new(Format::Sha1Files)
}

/// Another repository, with the same history and without a gate.
fn fork(s: &Sandbox) -> String {
    let path = s.folder().join("fork.git");
    let path = path.to_str().unwrap();
    s.cloned(s.server(), path, &["--bare"]);
    path.into()
}

fn master_of(s: &Sandbox, repository: &str) -> String {
    let git_dir = PathBuf::from(repository);
    let mut command = s.git_in(&git_dir);
    let output = command.args(["rev-parse", "master"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().into()
}

/// A push of what master refuses, to a remote or a URL.
fn attempt<'s>(scene: &Scene<'s>, to: &str) -> crate::support::LocalPush<'s> {
    let refspec = format!("{}:refs/heads/master", scene.networking);
    scene.local.push_as(&[to, &refspec])
}

#[test]
fn ones_own_fork_is_nobodys_business() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let fork = fork(s);
    scene.local.git(&["remote", "add", "fork", &fork]);
    // Not even where the policy has a fault.
    scene
        .local
        .git(&["config", "treewarden.policy", "preset:none"]);
    attempt(&scene, "fork").silent().ran(1);
    assert_eq!(master_of(s, &fork), scene.networking);
    attempt(&scene, &fork).silent().ran(1);
    attempt(&scene, &format!("file://{fork}")).silent().ran(1);
    attempt(&scene, "../fork.git").silent().ran(1);
}

/// More than a pipe holds: git must not be left alone with it.
#[test]
fn a_thousand_refs_for_somebody_else() {
    let s = &sandbox();
    let scene = Scene::of(s);
    let fork = fork(s);
    let create = |at: usize| format!("create refs/tags/t{at} {}\n", scene.networking);
    let tags: String = (0..2_000).map(create).collect();
    let input = s.folder().join("tags");
    std::fs::write(&input, tags).unwrap();
    let mut command = scene.local.command("git");
    command.args(["update-ref", "--stdin"]);
    let status = command.stdin(File::open(&input).unwrap()).status();
    assert!(status.unwrap().success());
    let pushed = scene.local.push_as(&["-q", "--tags", &fork]);
    pushed.silent().ran(1).moved(&[]);
    assert_eq!(pushed.all(), "");
}

#[test]
fn a_url_is_judged_where_it_leads_to_a_judged_remote() {
    let s = &sandbox();
    let scene = Scene::of(s);
    symlink(s.folder(), s.folder().join("link")).unwrap();
    let server = s.server().to_str().unwrap();
    let bare = server.strip_suffix(".git").unwrap();
    let forms = [
        server.to_owned(),
        format!("{server}/"),
        format!("{server}//"),
        bare.to_owned(),
        format!("{bare}/"),
        format!("file://{server}"),
        format!("file://{bare}"),
        "../server.git".into(),
        "../server".into(),
        format!("{}/link/server.git", s.folder().display()),
        format!("{}/link/server", s.folder().display()),
        format!("file://{}/link/server.git", s.folder().display()),
        format!("{}/./local/../server.git", s.folder().display()),
    ];
    for configured in [&forms[0], &forms[4], &forms[6], &forms[7], &forms[11]] {
        scene
            .local
            .git(&["config", "remote.origin.url", configured]);
        attempt(&scene, "origin").rejected("denied-path").ran(1);
        for url in &forms {
            // git itself doesn't follow every form.
            if scene.local.git_says(&["ls-remote", url]).is_none() {
                continue;
            }
            attempt(&scene, url).rejected("denied-path").ran(1);
        }
    }
}

#[test]
fn the_users_own_rewriting_of_urls_counts() {
    let s = &sandbox();
    let scene = Scene::of(s);
    let folder = s.folder().to_str().unwrap();
    std::fs::write(
        s.folder().join(".gitconfig"),
        format!("[url \"{folder}/\"]\n\tinsteadOf = work:\n\tpushInsteadOf = read:\n"),
    )
    .unwrap();
    for (configured, url) in [
        (format!("{folder}/server.git"), "work:server.git"),
        ("work:server.git".into(), "work:server"),
        ("work:server.git".into(), "../server.git"),
        ("read:server.git".into(), "../server.git"),
        ("read:server.git".into(), "read:server"),
    ] {
        scene
            .local
            .git(&["config", "remote.origin.url", &configured]);
        attempt(&scene, "origin").rejected("denied-path");
        attempt(&scene, url).rejected("denied-path").ran(1);
    }
    let fork = fork(s);
    attempt(&scene, "work:fork.git").silent();
    assert_eq!(master_of(s, &fork), scene.networking);
}

#[test]
fn a_url_to_push_to_counts_and_not_the_one_to_fetch_from() {
    let s = &sandbox();
    let scene = Scene::of(s);
    let (server, fork) = (s.server().to_str().unwrap().to_owned(), fork(s));
    scene.local.git(&["config", "remote.origin.url", &fork]);
    scene
        .local
        .git(&["config", "remote.origin.pushurl", &server]);
    attempt(&scene, "origin").rejected("denied-path");
    attempt(&scene, &server).rejected("denied-path");
    attempt(&scene, &fork).silent();
    assert_eq!(master_of(s, &fork), scene.networking);
}

#[test]
fn every_push_url_of_a_judged_remote_is_judged() {
    let s = &sandbox();
    let scene = Scene::of(s);
    let (server, fork) = (s.server().to_str().unwrap().to_owned(), fork(s));
    for url in [&server, &fork] {
        let add = ["remote", "set-url", "--add", "--push", "origin", url];
        scene.local.git(&add);
    }
    // git asks for each of them, and goes on with the next.
    attempt(&scene, "origin").rejected("denied-path").ran(2);
    assert_eq!(master_of(s, &fork), scene.base);
    attempt(&scene, &fork).rejected("denied-path");
    let good = [(&*scene.core, "master")];
    scene.local.push_all(&good).clean().ran(2).moved(&good);
    assert_eq!(master_of(s, &fork), scene.core);
}

#[test]
fn another_name_for_the_same_place_is_judged() {
    everywhere(|s| {
        let scene = Scene::of(s);
        let server = s.server().to_str().unwrap();
        for name in ["again", "My.Fork", "a/b"] {
            scene.local.git(&["remote", "add", name, server]);
            let refused = attempt(&scene, name);
            refused.rejected("denied-path");
            refused.says(&format!("git push {name} "));
        }
    });
}

#[test]
fn remotes_of_any_name_can_be_judged() {
    let s = &sandbox();
    let scene = Scene::of(s);
    scene
        .local
        .git(&["config", "--unset", "remote.origin.treewarden"]);
    for name in ["Origin", "my.remote", "a/b", "origin2"] {
        scene
            .local
            .git(&["remote", "add", name, s.server().to_str().unwrap()]);
        scene.local.guard(name);
        attempt(&scene, name).rejected("denied-path");
        scene.local.git(&["remote", "remove", name]);
        attempt(&scene, s.server().to_str().unwrap()).silent();
        s.seed(&scene.base, &["master"]);
    }
}

#[test]
fn what_switches_it_on_is_a_boolean_of_the_clones_own() {
    let s = &sandbox();
    let scene = Scene::of(s);
    let key = "remote.origin.treewarden";
    for value in ["true", "yes", "1", "on", "surely"] {
        scene.local.git(&["config", key, value]);
        attempt(&scene, "origin").rejected("denied-path");
    }
    let to_server = || {
        attempt(&scene, "origin")
            .silent()
            .rejected_by_server("denied-path");
    };
    for value in ["false", "no", "0", "off"] {
        scene.local.git(&["config", key, value]);
        to_server();
    }
    scene.local.git(&["config", "--unset", key]);
    std::fs::write(
        s.folder().join(".gitconfig"),
        "[remote \"origin\"]\n\ttreewarden = true\n",
    )
    .unwrap();
    to_server();
    let config = scene.local.git_dir().join("config");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        format!("{text}[remote \"origin\"]\n\ttreewarden\n"),
    )
    .unwrap();
    attempt(&scene, "origin").rejected("denied-path");
    std::fs::write(s.folder().join("more"), "[remote \"origin\"]\ntreewarden\n").unwrap();
    std::fs::write(&config, format!("{text}[include]\n\tpath = ../../more\n")).unwrap();
    attempt(&scene, "origin").rejected("denied-path");
}

/// What is left of a remote that is no more stands in nobody's way.
#[test]
fn a_judged_remote_without_a_url_changes_nothing() {
    let s = &sandbox();
    let scene = Scene::of(s);
    scene
        .local
        .git(&["config", "remote.gone.treewarden", "true"]);
    let fork = fork(s);
    scene.local.git(&["remote", "add", "fork", &fork]);
    attempt(&scene, "fork").silent();
    assert_eq!(master_of(s, &fork), scene.networking);
    attempt(&scene, "origin").rejected("denied-path");
    attempt(&scene, "../server.git").rejected("denied-path");
}

/// A URL can hold a password: commands name the remote.
#[test]
fn a_push_by_url_is_advised_by_the_remotes_name() {
    let s = &sandbox();
    let scene = Scene::of(s);
    attempt(&scene, "../server.git")
        .rejected("denied-path")
        .says("git push origin ");
    let plain = "https://git.example/bpf-next.git";
    scene.local.git(&["config", "remote.origin.url", plain]);
    let Scene {
        base, networking, ..
    } = &scene;
    let line = format!("{networking} {networking} refs/heads/master {base}\n");
    for url in [
        "https://git.example/bpf-next",
        "https://alice:secret@git.example/bpf-next.git",
        "https://alice@git.example/bpf-next/",
    ] {
        let url = OsString::from(url);
        let mut command = scene.local.hook_command(&[url.clone(), url]);
        let run = HookRun::of(&mut command, line.as_bytes());
        run.rejected("denied-path").ended(1, "git push origin ");
        assert!(!String::from_utf8_lossy(run.raw()).contains("secret"));
    }
    for url in [
        "https://git.example/other.git",
        "https://other.example/bpf-next.git",
        "https://git.example@other.example/bpf-next.git",
        "ssh://git.example/bpf-next.git",
    ] {
        let url = OsString::from(url);
        let mut command = scene.local.hook_command(&[url.clone(), url]);
        let run = HookRun::of(&mut command, line.as_bytes());
        run.ended(0, "");
        assert_eq!(run.raw(), b"");
    }
}
