//! `install --local`: the pre-push hook, for the remotes that are judged.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{PRESET, bare, done, git, run, script, snapshot};
use crate::support::Sandbox;

/// A worktree with a commit and these remotes.
fn work(s: &Sandbox, remotes: &[&str]) -> PathBuf {
    let work = s.folder().join("work");
    git(s, s.folder(), &["init", "-q", "-b", "start", "work"]);
    git(s, &work, &["commit", "-q", "--allow-empty", "-m", "start"]);
    for name in remotes {
        git(
            s,
            &work,
            &["remote", "add", name, s.server().to_str().unwrap()],
        );
    }
    work
}

/// `install --local` in the worktree with the preset.
fn install(s: &Sandbox, work: &Path, more: &[&str]) -> String {
    let place = [
        "install",
        "--no-doctor",
        "--local",
        work.to_str().unwrap(),
        "--policy",
        PRESET,
    ];
    done(s, [&place, more].concat())
}

fn uninstall(s: &Sandbox, work: &Path, more: &[&str]) -> String {
    let place = ["uninstall", "--local", work.to_str().unwrap()];
    done(s, [&place, more].concat())
}

fn config(s: &Sandbox, work: &Path, key: &str) -> Vec<String> {
    let mut command = s.command("git");
    let output = command
        .arg("-C")
        .arg(work)
        .args(["config", "--get-all", key])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Whether a push of the worktree's HEAD gets through.
fn pushes(s: &Sandbox, work: &Path, to: &str) -> bool {
    let mut command = s.command("git");
    command
        .arg("-C")
        .arg(work)
        .args(["push", "-q", to, "HEAD:refs/heads/master"]);
    command.output().unwrap().status.success()
}

const UPSTREAMS: [&str; 3] = ["linus", "bpf", "net-next"];

/// A commit that master doesn't take, and that no upstream of the server could excuse.
fn networking(s: &Sandbox, work: &Path) {
    let upstreams = UPSTREAMS.map(|name| format!("HEAD:refs/upstream/{name}/x"));
    let push = ["push", "-q", "--no-verify", s.server().to_str().unwrap()];
    let upstreams = upstreams.each_ref().map(String::as_str);
    git(s, work, &[&push[..], &upstreams].concat());
    fs::create_dir_all(work.join("net")).unwrap();
    fs::write(work.join("net/dev.c"), "").unwrap();
    git(s, work, &["add", "net"]);
    git(s, work, &["commit", "-q", "-m", "net: Change it"]);
}

#[test]
fn it_judges_pushes_until_it_is_undone() {
    let s = &bare();
    let work = work(s, &["origin"]);
    networking(s, &work);
    let before = snapshot(&work.join(".git"));
    let said = install(s, &work, &[]);
    let hook = work.join(".git/hooks/pre-push");
    for text in [
        hook.to_str().unwrap(),
        "policy:     preset:bpf-next",
        "remote:     origin",
        "bpf-next/master governs refs/heads/master",
    ] {
        assert!(said.contains(text), "no {text:?} in:\n{said}");
    }
    assert_eq!(config(s, &work, "remote.origin.treewarden"), ["true"]);
    assert_eq!(config(s, &work, "treewarden.policy"), [PRESET]);
    let shim = fs::read_to_string(&hook).unwrap();
    assert!(
        shim.contains("/treewarden-pre-push' \"$0\" \"$@\"\n"),
        "{shim}"
    );
    assert!(
        !pushes(s, &work, "origin"),
        "a networking commit went to master"
    );
    install(s, &work, &[]);
    let said = uninstall(s, &work, &[]);
    assert!(
        said.contains("origin, whose pushes are no longer judged"),
        "{said}"
    );
    before.is_unchanged(&work.join(".git"));
    assert!(uninstall(s, &work, &[]).contains("nothing to do"));
    before.is_unchanged(&work.join(".git"));
    assert!(pushes(s, &work, "origin"));
}

#[test]
fn the_remote_is_the_one_that_is_meant() {
    for (remotes, meant) in [(&["only"][..], "only"), (&["a", "origin", "z"], "origin")] {
        let s = &bare();
        let work = work(s, remotes);
        let said = install(s, &work, &[]);
        assert!(said.contains(&format!("remote:     {meant}\n")), "{said}");
        for name in remotes {
            let marked = config(s, &work, &format!("remote.{name}.treewarden"));
            assert_eq!(!marked.is_empty(), *name == meant, "{name}");
        }
    }
}

#[test]
fn a_remote_that_nobody_can_mean_is_a_usage_error() {
    for (remotes, asked, says) in [
        (&[][..], &[][..], "this repository has no remote"),
        (
            &["a", "b"],
            &[],
            "--remote which pushes to judge: its remotes are a, b",
        ),
        (
            &["a", "b"],
            &["--remote", "c"],
            "no remote `c`: its remotes are a, b",
        ),
        (
            &["a"],
            &["--remote", "a", "--remote", ""],
            "its remotes are a",
        ),
    ] {
        let s = &bare();
        let work = work(s, remotes);
        let before = snapshot(&work);
        let place = [
            "install",
            "--local",
            work.to_str().unwrap(),
            "--policy",
            PRESET,
        ];
        run(s, [&place, asked].concat()).ended(2, says);
        before.is_unchanged(&work);
    }
}

#[test]
fn the_hook_goes_with_the_last_remote() {
    let s = &bare();
    let work = work(s, &["origin", "other", "fork"]);
    let before = snapshot(&work.join(".git"));
    install(s, &work, &["--remote", "other", "--repository", "bpf"]);
    let with_one = snapshot(&work.join(".git"));
    install(s, &work, &["--remote", "origin", "--fetch-upstreams"]);
    let said = uninstall(s, &work, &["--remote", "fork"]);
    assert!(said.contains("nothing to do"), "{said}");
    let said = uninstall(s, &work, &["--remote", "origin"]);
    assert!(
        said.contains("other, whose pushes are still judged"),
        "{said}"
    );
    with_one.is_unchanged(&work.join(".git"));
    uninstall(s, &work, &["--remote", "other", "--remote", "fork"]);
    before.is_unchanged(&work.join(".git"));
}

/// The table of `docs/installing.md` is whole.
#[test]
fn the_keys_are_those_that_are_documented() {
    let s = &bare();
    let work = work(s, &["origin"]);
    install(s, &work, &["--repository", "bpf"]);
    let named = [
        "--remote",
        "origin",
        "--repository",
        "bpf",
        "--fetch-upstreams",
    ];
    install(s, &work, &named);
    let list = git(s, &work, &["config", "--local", "--list", "--name-only"]);
    let written: BTreeSet<String> = list
        .lines()
        .filter(|key| key.contains("treewarden"))
        .map(|key| key.replace("origin", "<name>").to_lowercase())
        .collect();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/installing.md");
    let page = fs::read_to_string(page).unwrap();
    let documented: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(key, _)| key.to_lowercase())
        .collect();
    assert_eq!(written, documented);
}

/// What a remote is called there counts for it alone; else the repository's own name does.
#[test]
fn what_the_repository_is_called() {
    let s = &bare();
    let work = work(s, &["one", "two"]);
    let said = install(s, &work, &["--remote", "one", "--repository", "bpf"]);
    assert_eq!(config(s, &work, "remote.one.treewardenRepository"), ["bpf"]);
    assert!(config(s, &work, "treewarden.repository").is_empty());
    assert!(said.contains("repository: bpf\n"), "{said}");
    let said = install(s, &work, &["--remote", "one", "--remote", "two"]);
    assert!(
        said.contains("remote:     one\nrepository: bpf\n"),
        "{said}"
    );
    assert!(
        said.contains("remote:     two\nrepository: bpf-next\n"),
        "{said}"
    );
    uninstall(s, &work, &[]);
    git(s, &work, &["remote", "remove", "two"]);
    let said = install(s, &work, &["--repository", "bpf"]);
    assert_eq!(config(s, &work, "treewarden.repository"), ["bpf"]);
    assert!(config(s, &work, "remote.one.treewardenRepository").is_empty());
    assert!(said.contains("repository: bpf\n"), "{said}");
}

#[test]
fn a_policy_is_given_once() {
    let s = &bare();
    let work = work(s, &["origin"]);
    let again = ["install", "--local", work.to_str().unwrap()];
    let before = snapshot(&work);
    run(s, again).ended(3, "--policy");
    fs::write(s.folder().join("bad.toml"), "version = 1\nx = 1\n").unwrap();
    run(s, [&again[..], &["--policy", "bad.toml"]].concat()).ended(3, "bad.toml:2");
    before.is_unchanged(&work);
    install(s, &work, &[]);
    let installed = snapshot(&work);
    done(s, again);
    installed.is_unchanged(&work);
}

/// git fetches what install wrote, and uninstall removes that and nothing else.
#[test]
fn upstreams_are_fetched_from_the_remote() {
    let s = &bare();
    let tip = s.base();
    s.seed(
        &tip,
        &["refs/upstream/linus/master", "refs/upstream/other/x"],
    );
    let work = work(s, &["origin"]);
    let own = "+refs/upstream/bpf/*:refs/upstream/bpf/*";
    git(s, &work, &["config", "--add", "remote.origin.fetch", own]);
    let before = snapshot(&work.join(".git"));
    let hint = "with --fetch-upstreams, `git fetch origin` brings them";
    let said = install(s, &work, &[]);
    assert!(
        said.contains("no ref here holds the upstreams linus, bpf, net-next"),
        "{said}"
    );
    assert!(said.contains(hint), "{said}");
    let said = install(s, &work, &["--fetch-upstreams"]);
    assert!(said.contains("next:       git fetch origin\n"), "{said}");
    assert!(
        said.contains("fetches:    +refs/upstream/linus/*:refs/upstream/linus/*"),
        "{said}"
    );
    let added =
        ["linus", "net-next"].map(|name| format!("+refs/upstream/{name}/*:refs/upstream/{name}/*"));
    assert_eq!(config(s, &work, "remote.origin.treewardenFetch"), added);
    let fetched = || config(s, &work, "remote.origin.fetch");
    assert_eq!(fetched().len(), 4);
    install(s, &work, &["--fetch-upstreams"]);
    assert_eq!(fetched().len(), 4);
    git(s, &work, &["fetch", "-q", "origin"]);
    let there = git(s, &work, &["rev-parse", "refs/upstream/linus/master"]);
    assert_eq!(there, tip);
    // It stays without the option, and the hint goes with what isn't there.
    let said = install(s, &work, &[]);
    assert!(
        said.contains("no ref here holds the upstreams bpf, net-next\n"),
        "{said}"
    );
    assert_eq!(fetched().len(), 4);
    uninstall(s, &work, &[]);
    assert_eq!(fetched()[1..], [own]);
    git(
        s,
        &work,
        &["update-ref", "-d", "refs/upstream/linus/master"],
    );
    fs::remove_file(work.join(".git/FETCH_HEAD")).unwrap();
    before.is_unchanged(&work.join(".git"));
}

/// Another policy's upstreams take the place of those before.
#[test]
fn other_upstreams_replace_those_before() {
    let s = &bare();
    let work = work(s, &["origin"]);
    let before = snapshot(&work.join(".git"));
    install(s, &work, &["--fetch-upstreams"]);
    let policy = "version = 1\n[[upstream]]\nname = \"u\"\nrefs = [\"refs/u/one\", \"refs/u/v*\", \
                  \"refs/u/**\", \"refs/heads/u/*\"]\n";
    fs::write(s.folder().join("other.toml"), policy).unwrap();
    let place = [
        "install",
        "--no-doctor",
        "--local",
        work.to_str().unwrap(),
        "--fetch-upstreams",
    ];
    let said = done(s, [&place[..], &["--policy", "other.toml"]].concat());
    for pattern in ["refs/u/**", "refs/heads/u/*"] {
        assert!(
            said.contains(&format!("{pattern} is not fetched")),
            "{said}"
        );
    }
    let fetched = config(s, &work, "remote.origin.fetch");
    assert_eq!(
        fetched[1..],
        ["+refs/u/one:refs/u/one", "+refs/u/v*:refs/u/v*"]
    );
    uninstall(s, &work, &[]);
    before.is_unchanged(&work.join(".git"));
}

/// With nothing to fetch them by, there is no hint that could be followed.
#[test]
fn an_upstream_that_cannot_be_fetched_has_no_hint() {
    let s = &bare();
    let work = work(s, &["origin"]);
    let policy = "version = 1\n[[upstream]]\nname = \"u\"\nrefs = [\"refs/u/**\"]\n";
    fs::write(s.folder().join("other.toml"), policy).unwrap();
    let place = [
        "install",
        "--no-doctor",
        "--local",
        work.to_str().unwrap(),
        "--policy",
        "other.toml",
    ];
    let said = done(s, place);
    assert!(said.contains("no ref here holds the upstreams u"), "{said}");
    assert!(!said.contains("--fetch-upstreams"), "{said}");
}

/// The folder is the current one unless it is named, and any folder of the worktree will do.
#[test]
fn the_worktree_around_the_current_folder() {
    let s = &bare();
    let work = work(s, &["origin"]);
    let below = work.join("a/b");
    fs::create_dir_all(&below).unwrap();
    let before = snapshot(&work.join(".git"));
    for command in ["install", "uninstall"] {
        let mut here = s.treewarden();
        here.current_dir(&below).args([command, "--local"]);
        if command == "install" {
            here.args(["--policy", PRESET]);
        }
        assert!(here.output().unwrap().status.success());
        let is_installed = command == "install";
        assert_eq!(work.join(".git/hooks/pre-push").exists(), is_installed);
    }
    before.is_unchanged(&work.join(".git"));
    let nowhere = s.folder().to_str().unwrap();
    run(s, ["install", "--local", nowhere, "--policy", PRESET]).ended(4, "no git repository");
}

/// Hooks and config are the repository's: whichever worktree they are installed from.
#[test]
fn linked_worktrees_share_the_hook() {
    let s = &bare();
    let work = work(s, &["origin"]);
    git(s, &work, &["worktree", "add", "-q", "../linked"]);
    let linked = s.folder().join("linked");
    networking(s, &linked);
    let before = snapshot(&work.join(".git/hooks"));
    install(s, &linked, &[]);
    assert!(work.join(".git/hooks/pre-push").exists());
    assert!(
        !pushes(s, &linked, "origin"),
        "a networking commit went to master"
    );
    uninstall(s, &work, &[]);
    before.is_unchanged(&work.join(".git/hooks"));
    assert!(pushes(s, &linked, "origin"));
}

/// A submodule's git directory is its superproject's; its hooks are its own.
#[test]
fn submodules() {
    let s = &bare();
    s.seed(&s.base(), &["master"]);
    s.on_server(&["symbolic-ref", "HEAD", "refs/heads/master"]);
    let work = work(s, &["origin"]);
    let url = s.server().to_str().unwrap();
    git(
        s,
        &work,
        &[
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "--quiet",
            "add",
            url,
            "sub",
        ],
    );
    let sub = work.join("sub");
    install(s, &sub, &[]);
    assert!(work.join(".git/modules/sub/hooks/pre-push").exists());
    networking(s, &sub);
    assert!(
        !pushes(s, &sub, "origin"),
        "a networking commit went to master"
    );
    git(s, &sub, &["config", "core.hooksPath", "own"]);
    install(s, &sub, &[]);
    assert!(sub.join("own/pre-push").exists());
    assert!(
        !pushes(s, &sub, "origin"),
        "a networking commit went to master"
    );
    uninstall(s, &sub, &[]);
    assert!(!sub.join("own").exists());
    assert!(pushes(s, &sub, "origin"));
}

/// `git push` runs at the top of the work tree: a relative folder for hooks is counted from there.
#[test]
fn a_relative_hooks_path() {
    let s = &bare();
    let work = work(s, &["origin"]);
    git(s, &work, &["config", "core.hooksPath", "tools/hooks"]);
    networking(s, &work);
    fs::create_dir_all(work.join("tools/hooks")).unwrap();
    script(&work.join("tools/hooks/pre-push"), "exit 0\n");
    let before = snapshot(&work);
    install(s, &work, &[]);
    assert!(work.join("tools/hooks/pre-push.chained").exists());
    assert!(
        !pushes(s, &work, "origin"),
        "a networking commit went to master"
    );
    uninstall(s, &work, &[]);
    before.is_unchanged(&work);
    assert!(pushes(s, &work, "origin"));
}

/// One's own folder for all repositories' hooks is a common setup.
#[test]
fn a_users_hooks_path_is_refused() {
    let s = &bare();
    let work = work(s, &["origin"]);
    let user = "[core]\n\thooksPath = ~/hooks\n";
    fs::write(s.folder().join(".gitconfig"), user).unwrap();
    let before = snapshot(s.folder());
    let place = [
        "install",
        "--local",
        work.to_str().unwrap(),
        "--policy",
        PRESET,
    ];
    run(s, place).ended(4, "in a user's git config");
    before.is_unchanged(s.folder());
}

/// The repository that one pushes from need have no files.
#[test]
fn a_bare_repository_to_push_from() {
    let s = &bare();
    let client = s.client();
    git(
        s,
        &client,
        &["remote", "add", "origin", s.server().to_str().unwrap()],
    );
    let base = s.base();
    let upstreams = UPSTREAMS.map(|name| format!("refs/upstream/{name}/x"));
    s.seed(&base, &upstreams.each_ref().map(String::as_str));
    let before = snapshot(&client);
    install(s, &client, &[]);
    assert!(client.join("hooks/pre-push").exists());
    let bad = s.touch(&base, "net/a.c");
    let refspec = format!("{bad}:refs/heads/master");
    let push = |s: &Sandbox| {
        let mut command = s.git_in(&client);
        command
            .args(["push", "-q", "origin", &refspec])
            .output()
            .unwrap()
    };
    assert!(!push(s).status.success());
    uninstall(s, &client, &[]);
    before.is_unchanged(&client);
    assert!(push(s).status.success());
}

/// What one pushes from is no server, whatever policy it has.
#[test]
fn the_doctor_looks_at_the_clone_alone() {
    let s = &bare();
    let client = s.client();
    git(
        s,
        &client,
        &["remote", "add", "origin", s.server().to_str().unwrap()],
    );
    let place = ["install", "--policy", PRESET, "--local"];
    let said = done(s, [&place[..], &[client.to_str().unwrap()]].concat());
    assert!(said.contains("\nclient:\n"), "{said}");
    assert!(!said.contains("server:"), "{said}");
    assert!(said.ends_with(", 3 warn, 0 FAIL\n"), "{said}");
    let output = s.treewarden().arg("doctor").arg(&client).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    // The hook that vanishes is missed.
    fs::remove_file(client.join("hooks/pre-push")).unwrap();
    run(s, ["doctor", client.to_str().unwrap()]).ended(1, "");
}

/// Included behind our keys, another policy would judge: nothing is installed.
#[test]
fn another_policy_in_force_is_refused() {
    let s = &bare();
    let work = work(s, &["origin"]);
    let weak = s.folder().join("weak");
    fs::write(&weak, "[treewarden]\n\tpolicy = weak.toml\n").unwrap();
    fs::write(work.join(".git/weak.toml"), "version = 1\n").unwrap();
    let config = work.join(".git/config");
    let plain = fs::read_to_string(&config).unwrap();
    let include = "[treewarden]\n\tmine = 1\n[include]\n\tpath = ../../weak\n";
    fs::write(&config, format!("{plain}{include}")).unwrap();
    let before = snapshot(&work);
    let place = ["install", "--local", work.to_str().unwrap()];
    let policy = ["--policy", PRESET, "--no-doctor"];
    run(s, [place.as_slice(), &policy].concat()).ended(3, "weak.toml");
    before.is_unchanged(&work);
}
