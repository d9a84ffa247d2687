//! A merge's own changes, with the reason for each.

use super::PRESET;
use super::commits::{MASTER, Told, within};
use crate::support::{Sandbox, everywhere};

/// Nine lines, with one of them replaced.
fn lines(at: usize, text: &str) -> String {
    let line = |line: usize| match line == at {
        true => format!("{text}\n"),
        false => format!("line {line}\n"),
    };
    (1..=9).map(line).collect()
}

const FILE: &str = "net/core/dev.c";

/// A base, and two sides that change these lines of one file.
fn sides(s: &Sandbox, ours: usize, theirs: usize) -> [String; 3] {
    let edit = |subject: &str, at: usize| s.commit(subject).write(FILE, &lines(at, subject));
    let base = edit("base", 0).make();
    let ours = edit("ours", ours).on(&base).make();
    let theirs = edit("theirs", theirs).on(&base).make();
    [base, ours, theirs]
}

#[test]
fn a_merges_own_changes_are_told_with_their_reason() {
    everywhere(|s| {
        let [base, ours, theirs] = sides(s, 1, 9);
        let merge = || s.merge("Merge", &[&ours, &theirs]);
        let told = |merge: &str| within(s, merge, MASTER, &ours, merge);
        // Git's own merge of the contents.
        told(&merge().make())
            .says("parents", &format!("merge base: {}", &base[..12]))
            .says(
                "parents",
                &format!("{}, {}: a merge", &ours[..12], &theirs[..12]),
            )
            .says("paths", "none")
            .says(
                "rules",
                "deny passes: the merge itself changes nothing of networking",
            )
            .ends(0, "bpf-next/master takes it");
        told(&merge().write(FILE, &lines(1, "ours")).make())
            .says(
                "paths",
                "resolved: both sides changed it; git merges that cleanly",
            )
            .says(
                "rules",
                "the merge itself changes networking: net/core/dev.c",
            )
            .ends(1, "bpf-next/master refuses it: denied-path");
        told(&merge().touch("net/evil.c").make())
            .says("paths", "net/evil.c  [networking: ")
            .says("paths", "added: no parent has it");
        let [_, ours, theirs] = sides(s, 1, 1);
        let conflict = s
            .merge("Merge", &[&ours, &theirs])
            .write(FILE, &lines(1, "both"));
        let conflict = conflict.make();
        within(s, &conflict, MASTER, &ours, &conflict).says(
            "paths",
            "resolved: both sides changed it, and git finds a conflict",
        );
    });
}

#[test]
fn what_only_one_side_changed_is_told_as_such() {
    everywhere(|s| {
        let [base, _, theirs] = sides(s, 1, 9);
        let ours = s.touch(&base, "kernel/a.c");
        let merge = || s.merge("Merge", &[&ours, &theirs]);
        let told = |merge: &str| within(s, merge, MASTER, &ours, merge);
        told(&merge().write(FILE, &lines(5, "evil")).make()).says(
            "paths",
            "added: only parent 2 changed it, and the merge has something else",
        );
        told(&merge().write(FILE, &lines(0, "")).make()).says(
            "paths",
            "only parent 2 changed it, and the merge has what the merge base has",
        );
        told(&merge().delete(FILE).make()).says(
            "paths",
            "only parent 2 changed it, and the merge deletes it",
        );
        told(&merge().write("kernel/a.c", "other\n").make()).says(
            "paths",
            "only parent 1 changed it, and the merge has something else",
        );
        let plain = s.merge("Merge", &[&ours, &s.touch(&base, "lib/a.c")]);
        told(&plain.write(FILE, &lines(5, "evil")).make()).says(
            "paths",
            "the parents agree on it, and the merge has something else",
        );
    });
}

#[test]
fn conflicts_without_contents_are_told_as_such() {
    everywhere(|s| {
        let [base, _, theirs] = sides(s, 1, 9);
        let ours = s.commit("drop").on(&base).delete(FILE).make();
        let merge = s.merge("Merge", &[&ours, &theirs]).delete(FILE).make();
        within(s, &merge, MASTER, &ours, &merge)
            .says("paths", "resolved: one side deleted what another changed");
        let ours = s.commit("file").on(&base).write("net/x", "a file").make();
        let theirs = s
            .commit("folder")
            .on(&base)
            .write("net/x/y", "below")
            .make();
        let merge = s.commit_tree(&s.tree_of(&ours), &[&ours, &theirs]);
        within(s, &merge, MASTER, &ours, &merge).says(
            "paths",
            "resolved: a folder on one side, and something else on another",
        );
    });
}

#[test]
fn an_octopus_has_bases_for_each_parent() {
    everywhere(|s| {
        let base = s.base();
        let sides = ["a", "b", "c"].map(|name| s.touch(&base, format!("kernel/{name}.c")));
        let parents: Vec<&str> = sides.iter().map(String::as_str).collect();
        let merge = s.merge("Merge", &parents).touch("net/evil.c").make();
        let short = &base[..12];
        within(s, &merge, MASTER, &sides[0], &merge)
            .says(
                "parents",
                &format!("merge base of parent 2 and those before it: {short}"),
            )
            .says(
                "parents",
                &format!("merge base of parent 3 and those before it: {short}"),
            )
            .says("paths", "added: no parent has it")
            .ends(1, "bpf-next/master refuses it: denied-path");
    });
}

#[test]
fn every_side_is_shown_on_request() {
    everywhere(|s| {
        let [base, ours, theirs] = sides(s, 1, 9);
        let merge = s.merge("Merge", &[&ours, &theirs]);
        let merge = merge.executable(FILE, "evil\n").make();
        let blob =
            |commit: &str| s.git(&["rev-parse", &format!("{commit}:{FILE}")])[..12].to_owned();
        let range = format!("{ours}..{merge}");
        let arguments = [&merge, "--tree", MASTER, "--in", &range, PRESET];
        let told = Told::of(s, &[&arguments[..], &["--verbose"]].concat());
        for (side, mode, commit) in [
            ("base      ", "100644", &base),
            ("parent 1  ", "100644", &ours),
            ("parent 2  ", "100644", &theirs),
            ("merge     ", "100755", &merge),
        ] {
            let line = format!("        {side}{mode} {}\n", blob(commit));
            assert!(told.text.contains(&line), "no {line:?} in:\n{}", told.text);
        }
        Told::of(s, &arguments).says_no("parent 1  ");
    });
}
