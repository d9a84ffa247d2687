//! `treewarden policy check`: what another policy would have said of the pushes that were made.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod policies;

use std::fs;

use crate::support::{Format, Sandbox, Told, everywhere};

/// The policy `new.toml`, laid over the preset.
fn new(s: &Sandbox, text: &str) {
    let whole = format!("extends = \"preset:bpf-next\"\n{text}");
    fs::write(s.folder().join("new.toml"), whole).unwrap();
}

/// Denies the core, too, on `master`.
const STRICTER: &str = "[[tree]]\nname = \"bpf-next/master\"\ndeny = [\"networking\", \"core\"]\n";
/// Denies nothing there.
const LAXER: &str = "[[tree]]\nname = \"bpf-next/master\"\ndeny = []\n";

fn check(s: &Sandbox, more: &[&str]) -> Told {
    let server = s.server().to_str().unwrap();
    s.tell(&[&["policy", "check", "new.toml", "--in", server], more].concat())
}

/// From here on the server keeps reflogs.
fn logged(s: &Sandbox) {
    s.on_server(&["config", "core.logAllRefUpdates", "true"]);
}

/// A server with a reflog of three pushes to `master`: the base, two core commits at once, and one
/// to the top folder.
fn with_pushes(s: &Sandbox) -> [String; 3] {
    logged(s);
    let base = s.commit("base").write("Makefile", "all:\n").make();
    s.push(&base, "master").clean();
    let two = s.line(&base, 2, |at| format!("kernel/{at}.c"));
    s.push(&two, "master").clean();
    let top = s.touch(&two, "Makefile");
    s.push(&top, "master").clean();
    [base, two, top]
}

#[test]
fn a_push_that_would_now_be_refused_is_shown_and_told_by_the_status() {
    everywhere(|s| {
        let [base, two, _] = with_pushes(s);
        new(s, STRICTER);
        let told = check(s, &[]);
        told.ended(1)
            .says("refs/heads/master: pushes by its reflog: 3")
            .says(&format!(
                "now refused: refs/heads/master {}..{}",
                &base[..12],
                &two[..12]
            ))
            .says(&format!(
                "error[denied-path] {} patch 1: kernel/1.c",
                &two[..12]
            ))
            .says("patch 0: kernel/0.c");
        for (label, count) in [
            ("accepted by both:", "2"),
            ("refused by both:", "0"),
            ("now refused:", "1"),
            ("now accepted:", "0"),
        ] {
            assert_eq!(told.value(label), count, "{label}");
        }
        // What it says is what happens.
        s.tell(&[
            "policy",
            "install",
            "new.toml",
            "--in",
            s.server().to_str().unwrap(),
        ])
        .ended(0);
        let next = s.touch(&two, "kernel/x.c");
        s.push(&next, "bpf-next/master").rejected("denied-path");
    });
}

#[test]
fn a_push_that_would_now_be_accepted_is_no_failure() {
    everywhere(|s| {
        with_pushes(s);
        let bad = s.touch(&s.at_ref("master").unwrap(), "net/core/dev.c");
        s.seed(&bad, &["master"]);
        new(s, LAXER);
        let told = check(s, &[]);
        told.ended(0)
            .says("now accepted, was refused: refs/heads/master")
            .says(&format!(
                "error[denied-path] {} touch net/core/dev.c",
                &bad[..12]
            ));
        assert_eq!(told.value("now accepted:"), "1");
        assert_eq!(told.value("accepted by both:"), "3");
        // What both refuse is counted, and no failure either.
        new(s, "review-by = 2030-01-01\n");
        let told = check(s, &[]);
        assert_eq!(told.ended(0).value("refused by both:"), "1");
    });
}

#[test]
fn only_the_newest_pushes_are_judged() {
    everywhere(|s| {
        with_pushes(s);
        new(s, STRICTER);
        check(s, &["--last", "1"])
            .ended(0)
            .says("reflog: 1")
            .says("accepted by both: 1");
        check(s, &["--last", "2"])
            .ended(1)
            .says("reflog: 2")
            .says("now refused:      1");
        check(s, &["--last", "3"])
            .ended(1)
            .says("reflog: 3")
            .says("accepted by both: 2");
        check(s, &["--last", "1001"]).ended(1).says("reflog: 3");
    });
}

/// Which is what a server has by default.
#[test]
fn without_a_reflog_the_first_parent_steps_are_pushes_and_it_is_said() {
    everywhere(|s| {
        let base = s.commit("base").write("Makefile", "all:\n").make();
        let side = s.line(&base, 2, |at| format!("kernel/{at}.c"));
        let top = s.touch(&base, "Makefile");
        let merge = s.merge("Merge", &[&top, &side]).make();
        s.seed(&merge, &["master"]);
        new(s, STRICTER);
        let told = check(s, &[]);
        told.ended(1)
            .says("refs/heads/master: no reflog leads to its value; first-parent steps taken for pushes: 3")
            .says(&format!("now refused: refs/heads/master {}..{}", &top[..12], &merge[..12]));
        assert_eq!(told.value("now refused:"), "1");
        assert_eq!(told.value("accepted by both:"), "2");
        check(s, &["--last", "1"])
            .ended(1)
            .says("taken for pushes: 1");
    });
}

/// It says nothing of how the ref came to where it is.
#[test]
fn a_reflog_that_ends_before_the_present_is_not_used() {
    everywhere(|s| {
        let [.., top] = with_pushes(s);
        s.on_server(&["config", "core.logAllRefUpdates", "false"]);
        let next = s.touch(&top, "kernel/late.c");
        if s.format.has_files() {
            // git goes on with a log that is there, so it is put aside.
            let log = s.server().join("logs/refs/heads/master");
            let kept = fs::read(&log).unwrap();
            fs::remove_file(&log).unwrap();
            s.seed(&next, &["master"]);
            fs::write(&log, kept).unwrap();
        } else {
            s.seed(&next, &["master"]);
        }
        new(s, STRICTER);
        check(s, &["--last", "1"]).ended(1).says("late.c");
    });
}

#[test]
fn entries_whose_objects_are_gone_are_counted() {
    everywhere(|s| {
        let [base, _, top] = with_pushes(s);
        let gone = s.touch(&base, "kernel/gone.c");
        s.seed(&gone, &["master"]);
        s.seed(&top, &["master"]);
        let object = s.server().join("objects").join(&gone[..2]).join(&gone[2..]);
        s.on_server(&["cat-file", "-e", &gone]);
        fs::remove_file(object).unwrap();
        new(s, STRICTER);
        // Both the push that brought it and the one that took it away.
        let told = check(s, &[]);
        told.ended(1)
            .says("reflog: 3; passed over, since their objects are gone: 2");
        assert_eq!(told.value("passed over:"), "2");
        assert_eq!(told.value("now refused:"), "1");
    });
}

#[test]
fn the_oldest_entries_are_counted_too() {
    everywhere(|s| {
        logged(s);
        let gone = ["one", "two"].map(|name| s.commit(name).write(name, "x\n").make());
        for oid in &gone {
            s.seed(oid, &["master"]);
        }
        let base = s.commit("base").write("Makefile", "all:\n").make();
        s.seed(&base, &["master"]);
        s.push(&s.touch(&base, "kernel/a.c"), "master").clean();
        for oid in &gone {
            let object = s.server().join("objects").join(&oid[..2]).join(&oid[2..]);
            fs::remove_file(object).unwrap();
        }
        new(s, STRICTER);
        // The creation, and what led from one to the other and away.
        check(s, &[])
            .ended(1)
            .says("reflog: 1; passed over, since their objects are gone: 3");
        check(s, &["--last", "2"]).says("reflog: 1; passed over, since their objects are gone: 1");
        // Of the newest one, too: that it is there is known by its name.
        let top = s.at_ref("master").unwrap();
        let lost = s.commit("lost").write("lost", "x\n").make();
        s.seed(&lost, &["master"]);
        s.seed(&top, &["master"]);
        let object = s.server().join("objects").join(&lost[..2]).join(&lost[2..]);
        fs::remove_file(object).unwrap();
        check(s, &["--last", "2"])
            .ended(0)
            .says("reflog: 0; passed over, since their objects are gone: 2");
    });
}

/// Its tip is there, but not all that the tip stands on.
#[test]
fn a_push_with_a_hole_is_passed_over() {
    everywhere(|s| {
        with_pushes(s);
        let top = s.at_ref("master").unwrap();
        let first = s.touch(&top, "kernel/a.c");
        let second = s.touch(&first, "kernel/b.c");
        s.push(&second, "master").clean();
        let object = s
            .server()
            .join("objects")
            .join(&first[..2])
            .join(&first[2..]);
        fs::remove_file(object).unwrap();
        new(s, STRICTER);
        let told = check(s, &[]);
        assert_eq!(told.ended(1).value("passed over:"), "1");
        assert_eq!(told.value("accepted by both:"), "2");
    });
}

#[test]
fn a_reflog_that_was_cut_begins_with_its_first_entry() {
    everywhere(|s| {
        with_pushes(s);
        s.on_server(&["reflog", "delete", "refs/heads/master@{2}"]);
        new(s, STRICTER);
        // The creation is no entry any more; what followed it is.
        check(s, &[])
            .ended(1)
            .says("reflog: 2")
            .says("now refused:      1");
        s.on_server(&["reflog", "delete", "refs/heads/master@{1}"]);
        check(s, &[])
            .ended(0)
            .says("reflog: 1")
            .says("accepted by both: 1");
    });
}

#[test]
fn a_range_is_one_push() {
    everywhere(|s| {
        let [base, two, top] = with_pushes(s);
        new(s, STRICTER);
        let range = |range: String, tree: &str| check(s, &["--range", &range, "--tree", tree]);
        range(format!("{base}..{top}"), "bpf-next/master")
            .ended(1)
            .says(&format!(
                "now refused: refs/heads/master {}..{}",
                &base[..12],
                &top[..12]
            ))
            .says("accepted by both: 0");
        range(format!("{two}..refs/heads/master"), "bpf-next/master").ended(0);
        range(format!("{base}..{top}"), "bpf-next/net")
            .ended(0)
            .says("refused by both:  1");
        range(format!("{base}..{top}"), "bpf-nxt")
            .ended(2)
            .says("bpf-nxt");
        range(base.clone(), "bpf-next/master")
            .ended(2)
            .says("is no range");
        range("nowhere..".into(), "bpf-next/master")
            .ended(2)
            .says("nowhere");
        check(s, &["--range", "a..b"]).ended(2).says("--tree");
        check(s, &["--tree", "bpf-next/master"])
            .ended(2)
            .says("--range");
    });
}

#[test]
fn nothing_of_a_push_acts_on_the_terminal() {
    everywhere(|s| {
        with_pushes(s);
        let top = s.at_ref("master").unwrap();
        let hostile = s
            .commit(b"a\x1b]0;x\x07 \xe2\x80\xae".as_slice())
            .on(&top)
            .touch(b"kernel/\x1b[2J\xff".as_slice())
            .make();
        s.push(&hostile, "master").clean();
        new(s, STRICTER);
        let told = check(s, &[]);
        told.ended(1)
            .says("a\\x1b]0;x\\x07 \\u{202e}: kernel/\\x1b[2J\\xff");
        assert!(!told.out().contains(['\x1b', '\x07', '\u{202e}']));
    });
}

#[test]
fn more_than_a_few_are_counted() {
    let s = &Sandbox::new(Format::Sha1Files);
    logged(s);
    let mut at = s.commit("base").write("Makefile", "all:\n").make();
    s.push(&at, "master").clean();
    for _ in 0..11 {
        at = s.line(&at, 4, |at| format!("kernel/{at}.c"));
        s.push(&at, "master").clean();
    }
    new(s, STRICTER);
    let told = check(s, &[]);
    assert_eq!(told.ended(1).value("now refused:"), "11");
    assert_eq!(
        told.out()
            .matches("  now refused: refs/heads/master ")
            .count(),
        10
    );
    assert_eq!(told.out().matches("… and 1 more findings").count(), 10);
}

/// A push may be worked on for as long as before, and no longer.
#[test]
fn each_push_has_the_policys_budget() {
    everywhere(|s| {
        with_pushes(s);
        new(s, "[budget]\ncommits = 1\n");
        check(s, &[])
            .ended(1)
            .says("now refused:      1")
            .says("error[too-much] refs/heads/master: more commits would enter than 1");
    });
}

/// Refused as if it were pushed: nobody knows what it holds.
#[test]
fn what_cannot_be_judged_is_refused() {
    everywhere(|s| {
        logged(s);
        s.policy("[[tree]]\nname = \"t\"\nrefs = [\"refs/heads/master\"]\n");
        let blob = s.blob("x");
        let broken = s.raw_tree(&[("100644", b"..", &blob)]);
        let commit = s.commit_tree(&s.raw_tree(&[("40000", b"kernel", &broken)]), &[]);
        s.push(&commit, "master").clean();
        new(s, "");
        check(s, &[])
            .ended(1)
            .says(&format!("object {broken} is malformed"));
    });
}

/// `TREEWARDEN_BLESS=1` writes it there anew, as for the refusals.
#[test]
fn the_documentation_shows_what_it_prints() {
    let s = &Sandbox::new(Format::Sha1Files);
    logged(s);
    let patch = |on: &str, path: &str, subject: &str| s.commit(subject).on(on).touch(path).make();
    let base = s.commit("Linux 6.12").write("Makefile", "all:\n").make();
    s.push(&base, "master").clean();
    s.seed(
        &base,
        &["refs/upstream/linus/master", "refs/upstream/bpf/master"],
    );
    let first = patch(&base, "kernel/bpf/btf.c", "bpf: Sort types by name");
    let second = patch(&first, "net/bpf/test_run.c", "bpf: Allow longer test runs");
    s.push(&second, "master").clean();
    let third = patch(
        &second,
        "kernel/bpf/verifier.c",
        "bpf: Look types up by name",
    );
    s.push(&third, "master").clean();
    new(
        s,
        "[[tree]]\nname = \"bpf-next/master\"\ndeny = [\"networking\", \"shared\"]\n",
    );
    let folder = s.folder().canonicalize().unwrap();
    let told = check(s, &[]);
    let real = told.ended(1).out();
    let real = real.replace(folder.to_str().unwrap(), "/etc/treewarden");
    let real = real.replace(s.folder().to_str().unwrap(), "/etc/treewarden");
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/policy.md");
    let text = fs::read_to_string(page).unwrap();
    let block = regex::Regex::new(r"(?ms)^```text\n(in force: .*?)^```$").unwrap();
    let shown = &block.captures(&text).unwrap()[1];
    let digest = regex::Regex::new(r"\b[0-9a-f]{64}\b").unwrap();
    if digest.replace_all(shown, "DIGEST") == digest.replace_all(&real, "DIGEST") {
        return;
    }
    assert!(
        std::env::var_os("TREEWARDEN_BLESS").is_some(),
        "docs/policy.md shows\n{shown}\nwhere the command prints\n{real}"
    );
    fs::write(page, text.replace(shown, &real)).unwrap();
}

/// A tree may govern tags, too.
#[test]
fn tags_count_as_the_commits_behind_them() {
    everywhere(|s| {
        let tags = "[[tree]]\nname = \"tags\"\nrefs = [\"refs/tags/*\"]\n";
        s.over_preset(tags);
        s.on_server(&["config", "core.logAllRefUpdates", "always"]);
        let bad = s.commit("release").write("net/a.c", "1\n").make();
        s.git(&["tag", "-a", "-m", "v1", "v1", &bad]);
        let tag = s.git(&["rev-parse", "refs/tags/v1"]);
        s.push(&tag, "refs/tags/v1").clean();
        new(s, &format!("{tags}deny = [\"networking\"]\n"));
        check(s, &[])
            .ended(1)
            .says("refs/tags/v1: pushes by its reflog: 1")
            .says(&format!(
                "error[denied-path] {} release: net/a.c",
                &bad[..12]
            ));
    });
}

/// More than one question to git.
#[test]
fn a_long_reflog_is_read_to_its_end() {
    use treewarden::budget::{Budget, Limits};
    use treewarden::update::{RefName, RefValue};

    let s = &Sandbox::new(Format::Sha1Files);
    let [one, two, _] = with_pushes(s);
    let mut log = String::new();
    let mut last = s.format.zero();
    for at in 0..1_205 {
        let next = if at % 2 == 0 { &one } else { &two };
        log += &format!(
            "{last} {next} A U Thor <a@example.com> {} +0000\tpush\n",
            1_725_148_800 + at
        );
        last.clone_from(next);
    }
    fs::write(s.server().join("logs/refs/heads/master"), log).unwrap();
    let git = treewarden::ambient::Ambient::read().git;
    let repo = treewarden::git::Repo::open(s.server(), git).unwrap();
    let name = RefName::new(b"refs/heads/master").unwrap();
    let read = |most| {
        repo.reflog(&name, most, &Budget::new(Limits::default()))
            .unwrap()
    };
    for (most, entries) in [
        (5_000, 1_205),
        (1_205, 1_205),
        (1_204, 1_204),
        (1_000, 1_000),
        (999, 999),
    ] {
        let log = read(most);
        assert_eq!((log.entries.len(), log.lost), (entries, 0), "{most}");
        let creates = log
            .entries
            .iter()
            .filter(|entry| entry.old == RefValue::Absent);
        assert_eq!(creates.count(), usize::from(entries == 1_205), "{most}");
    }
    assert_eq!(
        read(1).newest,
        read(1).entries.first().map(|entry| entry.new)
    );
}
