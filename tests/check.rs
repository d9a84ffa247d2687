//! `treewarden check`: the server's answer before there is a push.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use crate::support::{HookRun, Sandbox, everywhere};

/// Runs the command in the client's repository.
fn check(s: &Sandbox, arguments: &[&str]) -> HookRun {
    let mut command = s.treewarden();
    command.current_dir(s.client()).arg("check");
    HookRun::of(command.args(arguments), b"")
}

const PRESET: &str = "--policy=preset:bpf-next";

/// What is said of a range whichever number of threads works on it.
fn said_by_any(s: &Sandbox, range: &str, policy: &str) -> HookRun {
    let by = |jobs: &str| {
        let arguments = [range, "--tree=bpf-next/master", policy, "--jobs", jobs];
        check(s, &arguments)
    };
    let alone = by("1");
    let said = |run: &HookRun| String::from_utf8_lossy(run.raw()).into_owned();
    for jobs in ["2", "4", "1000"] {
        let shared = by(jobs);
        assert_eq!(said(&shared), said(&alone), "{jobs} threads and one");
    }
    alone
}

/// A commit of this tree object, and one that has its parent's tree object again.
fn there_and_back(s: &Sandbox, tree: &str, parent: &str) -> String {
    let there = s.commit_tree(tree, &[parent]);
    s.commit_tree(&s.tree_of(parent), &[&there])
}

#[test]
fn any_number_of_threads_says_the_same() {
    everywhere(|s| {
        let base = s.started();
        let side = s.line(&base, 200, |at| format!("kernel/side{}/f{at}.c", at % 7));
        let tip = s.line(&base, 300, |at| match at % 50 {
            9 => format!("net/core/f{at}.c"),
            _ => format!("drivers/d{}/f{at}.c", at % 5),
        });
        let merge = s.merge("merge side", &[&tip, &side]);
        let tip = merge.touch("net/evil.c").make();
        let tip = s.line(&tip, 200, |at| format!("include/i{at}.h"));
        let range = format!("{base}..{tip}");
        said_by_any(s, &range, PRESET)
            .rejected("denied-path")
            .ended(1, "net/core/f9.c")
            .ended(1, "net/core/f259.c")
            .ended(1, "net/evil.c")
            .ended(1, "(701 commits)");
    });
}

#[test]
fn threads_share_one_budget() {
    everywhere(|s| {
        let base = s.started();
        let tip = s.line(&base, 600, |at| format!("kernel/f{at}.c"));
        let policy = s.folder().join("small.toml");
        let small = "extends = \"preset:bpf-next\"\n[budget]\ntree-objects = 900\n";
        std::fs::write(&policy, small).unwrap();
        let policy = format!("--policy={}", policy.display());
        said_by_any(s, &format!("{base}..{tip}"), &policy)
            .rejected("too-much")
            .ended(1, "more than 900 tree objects");
    });
}

/// Whichever thread comes upon its fault first.
#[test]
fn of_several_faults_the_same_one_is_told() {
    everywhere(|s| {
        let base = s.started();
        let blob = s.blob("x");
        let mut tip = base.clone();
        for name in ["..", ".", ".git", ""] {
            let tree = s.raw_tree(&[("100644", name.as_bytes(), &blob)]);
            tip = there_and_back(s, &tree, &tip);
            tip = s.line(&tip, 200, |at| format!("kernel/f{at}.c"));
        }
        let range = format!("{base}..{tip}");
        said_by_any(s, &range, PRESET).ended(4, "malformed");
    });
}

#[test]
fn a_range_is_judged_as_the_server_would() {
    everywhere(|s| {
        let base = s.started();
        let bad = s.touch(&base, "net/core/dev.c");
        let range = format!("{base}..{bad}");
        let tree = |name: &str| check(s, &[&range, "--tree", name, PRESET]);
        tree("bpf-next/master")
            .rejected("denied-path")
            .ended(1, "net/core/dev.c")
            .ended(1, "bpf-next/net");
        tree("bpf-next/net").ended(0, "treewarden: accepted");
        // The same word for the same thing as on the server.
        let server = s.push(&bad, "master").rejected("denied-path").said();
        let finding = server.lines().next().unwrap().to_owned();
        tree("bpf-next/master").ended(1, &finding);
    });
}

#[test]
fn a_ref_says_which_tree() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/core/dev.c");
        let range = format!("{base}..{bad}");
        for name in ["master", "refs/heads/bpf-next/master", "bpf-next/master"] {
            let mut command = s.treewarden();
            command.current_dir(s.client());
            command.args(["check", &range, "--ref", name, PRESET]);
            HookRun::of(&mut command, b"").rejected("denied-path");
        }
        check(s, &[&range, "--ref", "topic", PRESET]).ended(2, "refs/heads/topic");
        check(s, &[&range, "--ref", "a..b", PRESET]).ended(2, "a..b");
    });
}

#[test]
fn revisions_are_those_of_git() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/a.c");
        let tip = s.touch(&bad, "kernel/a.c");
        s.git(&["update-ref", "refs/heads/unborn", &tip]);
        for (range, code) in [
            ("HEAD^..HEAD", None),
            ("HEAD^..", None),
            ("HEAD~2..HEAD", Some("denied-path")),
            ("unborn~2..unborn~1", Some("denied-path")),
            // What a new ref brings is all of its history.
            ("HEAD", Some("denied-path")),
            ("HEAD..HEAD~1", Some("ref-rewound")),
        ] {
            let run = check(s, &[range, "--tree", "bpf-next/master", PRESET]);
            match code {
                None => run.ended(0, "treewarden: accepted"),
                Some(code) => run.rejected(code),
            };
        }
    });
}

/// The client's own branch may hold the very commits that are asked about.
#[test]
fn what_the_clients_refs_hold_counts_for_nothing() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/a.c");
        s.git(&["update-ref", "refs/heads/master", &bad]);
        let range = format!("{base}..{bad}");
        check(s, &[&range, "--ref", "master", PRESET]).rejected("denied-path");
        // An upstream that the client has is the same commits' home there too.
        s.git(&["update-ref", "refs/upstream/linus/master", &bad]);
        check(s, &[&range, "--ref", "master", PRESET]).ended(0, "(0 commits)");
    });
}

#[test]
fn the_policy_is_the_repositorys_own_unless_another_is_named() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/a.c");
        let range = format!("{base}..{bad}");
        check(s, &[&range, "--ref", "master"]).ended(3, "treewarden.policy");
        s.git(&["config", "treewarden.policy", "preset:bpf-next"]);
        check(s, &[&range, "--ref", "master"]).rejected("denied-path");
        // A relative path is taken from where the command runs.
        std::fs::write(
            s.client().join("own.toml"),
            "version = 1\n[[tree]]\nname = \"m\"\nrefs = [\"refs/heads/master\"]\n",
        )
        .unwrap();
        check(s, &[&range, "--ref", "master", "--policy", "own.toml"]).ended(0, "accepted");
    });
}

#[test]
fn what_cannot_be_judged_ends_in_its_own_status() {
    everywhere(|s| {
        let base = s.base();
        let range = format!("{base}..{base}");
        let tree = "--tree=bpf-next/master";
        check(s, &[&range, PRESET]).ended(2, "bpf-next/net");
        check(s, &[&range, "--tree=bpf-nxt", PRESET]).ended(2, "bpf-next/master");
        check(s, &["nowhere..", tree, PRESET]).ended(2, "nowhere");
        check(s, &["--", "--help", tree, PRESET]).ended(2, "");
        check(s, &[&range, tree, PRESET, "--jobs=0"]).ended(2, "--jobs");
        check(s, &[&range, tree, "--policy=preset:x"]).ended(3, "preset");
        check(s, &[&range, tree, "--policy=gone.toml"]).ended(3, "gone.toml");
        let mut command = s.treewarden();
        command.args(["check", &range, tree, PRESET]);
        HookRun::of(&mut command, b"").ended(4, "error");
    });
}
