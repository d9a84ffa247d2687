//! `treewarden adopt`: a history that the policy would refuse is taken as it is, and what comes
//! after it is judged as before.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod files;

use std::path::PathBuf;

use crate::support::{Format, Sandbox, everywhere};

/// What a repository's policy is, as the hook finds it: its digest, and `since` of a tree.
fn since(s: &Sandbox, tree: &str) -> Vec<String> {
    let git = treewarden::ambient::Ambient::read().git;
    let repo = treewarden::git::Repo::open(s.server(), git).unwrap();
    let policy = treewarden::hook::server_policy(&repo).unwrap();
    let mut trees = policy.trees.iter();
    let found = trees.find(|known| known.name == tree).unwrap();
    found.since.iter().map(ToString::to_string).collect()
}

fn own_file(s: &Sandbox) -> PathBuf {
    s.server().canonicalize().unwrap().join("treewarden.toml")
}

fn server(s: &Sandbox) -> &str {
    s.server().to_str().unwrap()
}

/// A server whose `master` holds a commit that its policy refuses; the base and the commit.
fn with_a_past(s: &Sandbox) -> (String, String) {
    let base = s.started();
    let bad = s.touch(&base, "net/core/dev.c");
    s.seed(&bad, &["master"]);
    (base, bad)
}

#[test]
fn a_refused_history_is_taken_and_the_next_commit_is_judged() {
    everywhere(|s| {
        let (_, bad) = with_a_past(s);
        s.on_server(&["update-ref", "-d", "refs/heads/master"]);
        s.push(&bad, "master").rejected("denied-path");
        s.seed(&bad, &["master"]);
        s.tell(&["adopt", server(s)])
            .ended(0)
            .says("tree bpf-next/master:")
            .says("commits judged: 2")
            // The root commit has networking paths too.
            .says("denied-path: 2")
            .says(&format!(
                "error[denied-path] {} touch net/core/dev.c: net/core/dev.c",
                &bad[..12]
            ))
            .says(&format!("since {bad}: refs/heads/master"));
        assert_eq!(since(s, "bpf-next/master"), [bad.as_str()]);
        s.on_server(&["update-ref", "-d", "refs/heads/master"]);
        let good = s.touch(&bad, "kernel/bpf/btf.c");
        s.push(&good, "bpf-next/master")
            .judged("bpf-next/master", 1)
            .clean();
        s.push(&bad, "master").clean();
        let next = s.touch(&good, "net/core/dev.c");
        s.push(&next, "bpf-next/master").rejected("denied-path");
    });
}

#[test]
fn a_ref_may_go_back_and_forth_over_what_was_adopted() {
    everywhere(|s| {
        s.over_preset("[[tree]]\nname = \"bpf-next/master\"\nrewind = true\n");
        let (base, bad) = with_a_past(s);
        s.push(&base, "master").clean();
        s.push(&bad, "master").rejected("denied-path");
        s.seed(&bad, &["master"]);
        s.tell(&["adopt", server(s)]).ended(0);
        s.push(&base, "master").clean();
        s.push(&bad, "master").judged("bpf-next/master", 0).clean();
    });
}

#[test]
fn a_preset_is_extended_in_the_git_directory() {
    everywhere(|s| {
        let (base, bad) = with_a_past(s);
        let told = s.tell(&["adopt", server(s)]);
        told.ended(0)
            .says("config: treewarden.policy = treewarden.toml (was `preset:bpf-next`)");
        let text = std::fs::read_to_string(own_file(s)).unwrap();
        assert_eq!(
            text,
            format!(
                "version = 1\nextends = \"preset:bpf-next\"\n\
                 \n[[tree]]\nname = \"bpf-next/master\"\nsince = \"{bad}\"\n\
                 \n[[tree]]\nname = \"bpf-next/net\"\nsince = \"{base}\"\n"
            )
        );
        // What is printed is what the hook reports from now on.
        let after = told.value("policy after:");
        assert_ne!(told.value("policy before:"), after);
        let next = s.touch(&bad, "net/a.c");
        s.push(&next, "master")
            .says(&format!(" {}]", &after[..12]))
            .rejected("denied-path");
        // A repository that is moved keeps its policy.
        let moved = s.folder().join("moved.git");
        std::fs::rename(s.server(), &moved).unwrap();
        s.tell(&["adopt", moved.to_str().unwrap()])
            .ended(0)
            .says("nothing changes");
        std::fs::rename(moved, s.server()).unwrap();
    });
}

#[test]
fn to_adopt_twice_is_to_adopt_once() {
    everywhere(|s| {
        let (_, bad) = with_a_past(s);
        s.tell(&["adopt", server(s)]).ended(0);
        let files = || {
            let config = std::fs::read(s.server().join("config")).unwrap();
            (std::fs::read(own_file(s)).unwrap(), config)
        };
        let before = files();
        s.tell(&["adopt", server(s)])
            .ended(0)
            .says("commits judged: 0")
            .says("nothing changes");
        assert_eq!(files(), before);
        assert!(!own_file(s).with_extension("toml.previous").exists());
        // Once the ref has moved on, the newer commit stands for the older one.
        let next = s.touch(&bad, "kernel/a.c");
        s.push(&next, "master").clean();
        s.tell(&["adopt", server(s)])
            .ended(0)
            .says(&format!("since {next}: refs/heads/master"))
            .says(&format!("since {bad}: dropped"));
        assert_eq!(since(s, "bpf-next/master"), [next]);
        let previous = own_file(s).with_extension("toml.previous");
        assert_eq!(std::fs::read(previous).unwrap(), before.0);
    });
}

#[test]
fn what_was_adopted_before_is_never_lost() {
    everywhere(|s| {
        let (base, bad) = with_a_past(s);
        let side = s.touch(&base, "net/side.c");
        s.seed(&side, &["topic"]);
        let absent = s.format.zero().replace('0', "7");
        s.over_preset(&format!(
            "[[tree]]\nname = \"bpf-next/master\"\nsince = [\"{side}\", \"{absent}\", \"{base}\"]\n"
        ));
        s.tell(&["adopt", server(s)])
            .ended(0)
            .says(&format!(
                "since {side}: kept, no ref of the tree contains it"
            ))
            .says(&format!("since {absent}: kept, it is no commit"))
            .says(&format!("since {base}: dropped"));
        assert_eq!(
            since(s, "bpf-next/master"),
            [&bad, &side, &absent].map(String::as_str)
        );
        // A ref that went back doesn't take its old value out.
        s.seed(&base, &["master"]);
        s.tell(&["adopt", server(s), "--tree", "bpf-next/master"])
            .ended(0)
            .says("nothing changes");
    });
}

#[test]
fn a_tree_of_several_refs_names_what_no_other_contains() {
    everywhere(|s| {
        let (base, bad) = with_a_past(s);
        let side = s.touch(&base, "kernel/side.c");
        s.seed(&side, &["bpf-next/master"]);
        s.tell(&["adopt", server(s)])
            .ended(0)
            // Shared steps are judged once.
            .says("first-parent steps judged: 3");
        let both = since(s, "bpf-next/master");
        assert_eq!(both.len(), 2);
        assert!(both.contains(&side) && both.contains(&bad), "{both:?}");
        s.seed(&base, &["bpf-next/master"]);
        let merge = s.merge("Merge", &[&bad, &side]).make();
        s.seed(&merge, &["master"]);
        s.tell(&["adopt", server(s)]).ended(0);
        assert_eq!(since(s, "bpf-next/master"), [merge]);
    });
}

#[test]
fn a_tag_counts_as_the_commit_behind_it() {
    let s = &Sandbox::new(Format::Sha1Files);
    let (_, bad) = with_a_past(s);
    s.git(&["tag", "-a", "-m", "v1", "v1", &bad]);
    let tag = s.git(&["rev-parse", "refs/tags/v1"]);
    s.seed(&tag, &["refs/tags/v1"]);
    s.over_preset(&format!(
        "[[tree]]\nname = \"bpf-next/master\"\nsince = \"{tag}\"\n\
         [[tree]]\nname = \"tags\"\nrefs = [\"refs/tags/*\"]\n"
    ));
    s.tell(&["adopt", server(s)])
        .ended(0)
        .says(&format!("since {bad}: refs/tags/v1"));
    assert_eq!(since(s, "bpf-next/master"), [bad.as_str()]);
    assert_eq!(since(s, "tags"), [bad.as_str()]);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    everywhere(|s| {
        let (_, bad) = with_a_past(s);
        let config = || std::fs::read(s.server().join("config")).unwrap();
        let entries = || std::fs::read_dir(s.server()).unwrap().count();
        let before = (config(), entries());
        let dry = s.tell(&["adopt", "--dry-run", server(s)]);
        dry.ended(0)
            .says("extends = \"preset:bpf-next\"")
            .says(&format!("since = \"{bad}\""))
            .says("nothing was changed");
        assert_eq!((config(), entries()), before);
        let done = s.tell(&["adopt", server(s)]);
        done.ended(0).says_no("nothing was changed");
        for label in ["policy before:", "policy after:", "file:", "config:"] {
            assert_eq!(dry.value(label), done.value(label));
        }
        // A file that is there is shown by what changes in it.
        let next = s.touch(&bad, "kernel/a.c");
        s.seed(&next, &["master"]);
        s.tell(&["adopt", "--dry-run", server(s)])
            .ended(0)
            .says(&format!(
                "[[tree]]\nname = \"bpf-next/master\"\nsince = \"{next}\""
            ))
            .says_no("name = \"bpf-next/net\"");
        assert_eq!(since(s, "bpf-next/master"), [bad]);
    });
}

#[test]
fn only_named_trees_are_adopted() {
    everywhere(|s| {
        let (base, _) = with_a_past(s);
        s.tell(&["adopt", server(s), "--tree", "bpf-next/net"])
            .ended(0)
            .says_no("bpf-next/master");
        assert_eq!(since(s, "bpf-next/net"), [base]);
        assert!(since(s, "bpf-next/master").is_empty());
        s.tell(&["adopt", server(s), "--tree", "bpf-next/for-next"])
            .ended(0)
            .says("tree bpf-next/for-next: no ref of it is here")
            .says("nothing to adopt");
        s.tell(&["adopt", server(s), "--tree", "bpf-nxt"])
            .ended(2)
            .says("bpf-next/master");
    });
}

#[test]
fn nothing_to_adopt_is_told() {
    everywhere(|s| {
        s.seed(&s.base(), &["topic"]);
        s.tell(&["adopt", server(s)])
            .ended(0)
            .says("nothing to adopt");
        assert!(!own_file(s).exists());
    });
}

#[test]
fn the_repository_here_is_the_default() {
    let s = &Sandbox::new(Format::Sha1Files);
    let (_, bad) = with_a_past(s);
    let mut command = s.treewarden();
    command.arg("adopt").current_dir(s.server());
    assert!(command.output().unwrap().status.success());
    assert_eq!(since(s, "bpf-next/master"), [bad]);
    s.tell(&["adopt"]).ended(4).says("no git repository");
    s.tell(&["adopt", "/nonexistent"])
        .ended(4)
        .says("nonexistent");
}

#[test]
fn the_newest_steps_are_shown_as_many_as_asked_for() {
    everywhere(|s| {
        let base = s.started();
        let tip = s.line(&base, 5, |at| format!("net/{at}.c"));
        s.seed(&tip, &["master"]);
        let master = ["adopt", "--dry-run", server(s), "--tree", "bpf-next/master"];
        s.tell(&[&master[..], &["--last", "2"]].concat())
            .says("first-parent steps judged: 2")
            .says("denied-path: 2")
            .says("net/4.c")
            .says_no("net/2.c");
        s.tell(&master)
            .says("first-parent steps judged: 6")
            .says("denied-path: 6")
            .says("… and 3 more findings");
    });
}

/// As one series they are what the hook would have judged; one by one, a core patch stands alone.
#[test]
fn patches_of_one_thread_are_one_step() {
    everywhere(|s| {
        let base = s.started();
        let posted = |on: &str, number: usize, path: &str| {
            let link = format!("Link: https://lore.kernel.org/bpf/20240901.1-{number}-a@b.c/");
            s.commit(format!("patch {number}\n\n{link}"))
                .on(on)
                .touch(path)
                .make()
        };
        let first = posted(&base, 1, "kernel/bpf/a.c");
        let second = posted(&first, 2, "net/core/a.c");
        s.push(&second, "net").clean();
        let adopt = ["adopt", "--dry-run", server(s), "--tree", "bpf-next/net"];
        s.tell(&[&adopt[..], &["--last", "2"]].concat())
            .says("first-parent steps judged: 1")
            .says("commits judged: 2")
            .says_no("only-denied-paths");
    });
}

/// Such a history is what one adopts.
#[test]
fn what_the_hook_could_not_judge_is_adopted_all_the_same() {
    everywhere(|s| {
        let base = s.started();
        let blob = s.blob("x");
        let broken = s.raw_tree(&[("100644", b"..", &blob)]);
        let top = s.raw_tree(&[("40000", b"kernel", &broken)]);
        let commit = s.commit_tree(&top, &[&base]);
        s.seed(&commit, &["master"]);
        s.push(&s.touch(&commit, "Makefile"), "bpf-next/master")
            .clean();
        s.on_server(&["update-ref", "-d", "refs/heads/bpf-next/master"]);
        s.tell(&["adopt", server(s)])
            .ended(0)
            .says("steps that can't be judged: 1: ")
            .says(&broken);
        assert_eq!(since(s, "bpf-next/master"), [commit]);
    });
}

#[test]
fn each_step_has_the_budget_of_a_push() {
    everywhere(|s| {
        s.over_preset("[budget]\ncommits = 2\n");
        let base = s.started();
        let side = s.line(&base, 3, |at| format!("kernel/{at}.c"));
        let merge = s.merge("Merge", &[&base, &side]).make();
        let tip = s.line(&merge, 4, |at| format!("net/{at}.c"));
        s.seed(&tip, &["master"]);
        s.tell(&["adopt", "--dry-run", server(s), "--tree", "bpf-next/master"])
            .ended(0)
            .says("first-parent steps judged: 6")
            .says("denied-path: 5")
            .says("too-much: 1");
    });
}

#[test]
fn nothing_of_a_history_acts_on_the_terminal() {
    everywhere(|s| {
        let base = s.started();
        let hostile = s
            .commit(b"a\x1b]0;x\x07 \xe2\x80\xae \xff".as_slice())
            .on(&base)
            .touch(b"net/\x1b[2J\xff".as_slice())
            .make();
        s.seed(&hostile, &["master"]);
        let told = s.tell(&["adopt", server(s)]);
        told.ended(0)
            .says("a\\x1b]0;x\\x07 \\u{202e} \\xff: net/\\x1b[2J\\xff");
        let raw = told.out();
        assert!(!raw.contains(['\x1b', '\x07', '\u{202e}']), "{raw:?}");
    });
}

#[test]
fn an_upstream_without_a_ref_is_named() {
    let s = &Sandbox::new(Format::Sha1Files);
    with_a_past(s);
    s.tell(&["adopt", "--dry-run", server(s)])
        .says("note: no ref holds the upstream linus");
}

#[test]
fn trees_whose_commits_nothing_looks_at_are_adopted_unseen() {
    everywhere(|s| {
        s.policy("[[tree]]\nname = \"t\"\nrefs = [\"refs/heads/master\"]\n");
        let (_, bad) = with_a_past(s);
        s.tell(&["adopt", server(s)])
            .ended(0)
            .says("the policy looks at no commits of this tree");
        assert_eq!(since(s, "t"), [bad]);
    });
}

#[test]
fn the_help_says_where_it_writes_and_how_it_ends() {
    let s = &Sandbox::new(Format::Sha1Files);
    for (command, text) in [
        (&["adopt"][..], "<file>.previous"),
        (&["policy", "check"], "1 something would"),
        (&["policy", "install"], "treewarden.toml"),
    ] {
        s.tell(&[command, &["--help"]].concat())
            .ended(0)
            .says("Exit status: 0")
            .says("Example")
            .says(text);
    }
    s.tell(&["policy"]).ended(2).says("Usage");
    s.tell(&["policy", "check"]).ended(2).says("<FILE>");
    s.tell(&["adopt", "--last", "x"]).ended(2).says("--last");
}
