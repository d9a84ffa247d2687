//! Merges as they are pushed: what they bring, and what they change themselves.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod hand_made;
mod many_bases;

use crate::support::{Sandbox, everywhere};

const UPSTREAM: &str = "refs/upstream/linus/master";

/// Nine lines, with some of them replaced.
fn lines(changed: &[(usize, &str)]) -> String {
    let line = |at: usize| {
        let found = changed.iter().find(|(line, _)| *line == at);
        found.map_or(format!("line {at}\n"), |(_, text)| format!("{text}\n"))
    };
    (1..=9).map(line).collect()
}

/// A base whose files are long enough to be merged, on both trees and on the upstream.
fn started(s: &Sandbox) -> String {
    let base = s
        .commit("Linux 6.12")
        .write("kernel/bpf/verifier.c", &lines(&[]))
        .write("net/core/dev.c", &lines(&[]))
        .make();
    s.seed(&base, &["master", "net", UPSTREAM]);
    base
}

/// A commit on `parent` that changes a line of the file.
fn edit(s: &Sandbox, parent: &str, path: &str, changed: &[(usize, &str)]) -> String {
    let draft = s.commit(format!("edit {path}")).on(parent);
    draft.write(path, &lines(changed)).make()
}

/// Master, after core work of its own, and an upstream, after networking of its own.
fn apart(s: &Sandbox) -> (String, String) {
    let base = started(s);
    let ours = edit(s, &base, "kernel/bpf/verifier.c", &[(1, "ours")]);
    let theirs = edit(s, &base, "net/core/dev.c", &[(1, "theirs")]);
    s.seed(&ours, &["master"]);
    s.seed(&theirs, &[UPSTREAM]);
    (ours, theirs)
}

#[test]
fn a_clean_merge_changes_nothing_itself() {
    everywhere(|s| {
        let (ours, theirs) = apart(s);
        let merge = s.merge("Merge tag 'v6.13'", &[&ours, &theirs]).make();
        s.push(&merge, "master")
            .clean()
            .judged("bpf-next/master", 1);
    });
}

#[test]
fn a_clean_merge_of_one_files_contents_changes_nothing_itself() {
    everywhere(|s| {
        let base = started(s);
        let ours = edit(s, &base, "net/core/dev.c", &[(9, "ours")]);
        let theirs = edit(s, &base, "net/core/dev.c", &[(1, "theirs")]);
        s.seed(&ours, &["master"]);
        s.seed(&theirs, &[UPSTREAM]);
        let merge = s.merge("Merge tag 'v6.13'", &[&ours, &theirs]).make();
        s.push(&merge, "master")
            .clean()
            .judged("bpf-next/master", 1);
    });
}

#[test]
fn an_edit_by_hand_in_a_merge_is_its_own() {
    everywhere(|s| {
        let (ours, theirs) = apart(s);
        let evil = s
            .merge("Merge tag 'v6.13'", &[&ours, &theirs])
            .touch("net/core/evil.c")
            .make();
        s.push(&evil, "master")
            .rejected("denied-path")
            .says("net/core/evil.c")
            .says("added by the merge");
    });
}

#[test]
fn a_merge_that_keeps_one_side_drops_the_other() {
    everywhere(|s| {
        let (ours, theirs) = apart(s);
        // As `git merge -s ours` makes it: the tree of one parent, whole.
        let kept = s.commit_tree(&s.tree_of(&ours), &[&ours, &theirs]);
        s.push(&kept, "master")
            .rejected("denied-path")
            .says("net/core/dev.c")
            .says("added by the merge");
    });
}

/// The merge equals one of its parents there, and still takes back what the other side did.
#[test]
fn a_merge_that_restores_old_contents_is_refused() {
    everywhere(|s| {
        let base = started(s);
        let ahead = edit(s, &base, "net/core/dev.c", &[(1, "upstream")]);
        s.seed(&ahead, &[UPSTREAM, "master"]);
        let topic = edit(s, &base, "kernel/bpf/verifier.c", &[(1, "topic")]);
        let restored = s
            .merge("Merge branch 'topic'", &[&ahead, &topic])
            .write("net/core/dev.c", &lines(&[]))
            .make();
        s.push(&restored, "master")
            .rejected("denied-path")
            .says("net/core/dev.c")
            .says("added by the merge");
        let clean = s.merge("Merge branch 'topic'", &[&ahead, &topic]).make();
        s.push(&clean, "master")
            .clean()
            .judged("bpf-next/master", 2);
    });
}

/// git follows the rename and carries our change along: into a folder that we may not touch.
#[test]
fn contents_that_a_rename_carries_into_net_are_added_by_the_merge() {
    everywhere(|s| {
        let base = started(s);
        let moved = s.commit("move").on(&base);
        let moved = moved
            .rename("kernel/bpf/verifier.c", "net/verifier.c")
            .make();
        s.seed(&moved, &[UPSTREAM]);
        let ours = edit(s, &base, "kernel/bpf/verifier.c", &[(1, "ours")]);
        let merge = s.merge("Merge tag 'v6.13'", &[&ours, &moved]).make();
        let carried = s.git(&["cat-file", "blob", &format!("{merge}:net/verifier.c")]);
        assert!(carried.starts_with("ours"), "git follows renames");
        s.push(&merge, "master")
            .rejected("denied-path")
            .says("net/verifier.c")
            .says("added by the merge")
            .finds("denied-path", 1);
    });
}

#[test]
fn a_conflict_in_net_is_refused_on_master_however_it_is_resolved() {
    everywhere(|s| {
        let base = started(s);
        let ours = edit(s, &base, "net/core/dev.c", &[(1, "ours")]);
        let theirs = edit(s, &base, "net/core/dev.c", &[(1, "theirs")]);
        s.seed(&ours, &["master"]);
        s.seed(&theirs, &[UPSTREAM]);
        for text in [
            lines(&[(1, "both")]),
            lines(&[(1, "ours")]),
            lines(&[(1, "theirs")]),
        ] {
            let merge = s.merge("Merge tag 'v6.13'", &[&ours, &theirs]);
            s.push(&merge.write("net/core/dev.c", &text).make(), "master")
                .rejected("denied-path")
                .says("resolved by the merge");
        }
    });
}

#[test]
fn a_clean_merge_of_contents_done_otherwise_counts_as_resolved() {
    everywhere(|s| {
        let base = started(s);
        let ours = edit(s, &base, "net/core/dev.c", &[(9, "ours")]);
        let theirs = edit(s, &base, "net/core/dev.c", &[(1, "theirs")]);
        s.seed(&ours, &["master"]);
        s.seed(&theirs, &[UPSTREAM]);
        let merge = s.merge("Merge tag 'v6.13'", &[&ours, &theirs]);
        let merge = merge
            .write("net/core/dev.c", &lines(&[(1, "theirs")]))
            .make();
        s.push(&merge, "master")
            .rejected("denied-path")
            .says("resolved by the merge");
    });
}

/// An attribute of the tree that is merged has no say in how it is merged.
#[test]
fn attributes_take_no_part() {
    everywhere(|s| {
        let base = started(s);
        let ours = s
            .commit("attributes")
            .on(&base)
            .write(".gitattributes", "* merge=union\n")
            .write("net/core/dev.c", &lines(&[(1, "ours")]))
            .make();
        let theirs = edit(s, &base, "net/core/dev.c", &[(1, "theirs")]);
        s.seed(&ours, &["master"]);
        s.seed(&theirs, &[UPSTREAM]);
        s.on_server(&["config", "attr.tree", &ours]);
        s.on_server(&["config", "merge.default", "union"]);
        let union = lines(&[(1, "ours\ntheirs")]);
        let merge = s.merge("Merge tag 'v6.13'", &[&ours, &theirs]);
        s.push(&merge.write("net/core/dev.c", &union).make(), "master")
            .rejected("denied-path")
            .says("resolved by the merge");
    });
}

#[test]
fn a_back_merge_may_resolve_a_conflict_in_core_on_net() {
    everywhere(|s| {
        let base = started(s);
        let ours = edit(s, &base, "kernel/bpf/verifier.c", &[(1, "ours")]);
        let theirs = edit(s, &base, "kernel/bpf/verifier.c", &[(1, "theirs")]);
        s.seed(&ours, &["net"]);
        s.seed(&theirs, &[UPSTREAM]);
        let draft = || s.merge("Merge tag 'v6.13'", &[&ours, &theirs]);
        let resolved = lines(&[(1, "both")]);
        let added = draft()
            .write("kernel/bpf/verifier.c", &resolved)
            .touch("kernel/bpf/evil.c")
            .make();
        s.push(&added, "net")
            .rejected("only-denied-paths")
            .says("kernel/bpf/evil.c")
            .says("added by the merge");
        let merge = draft().write("kernel/bpf/verifier.c", &resolved).make();
        s.push(&merge, "net").clean().judged("bpf-next/net", 1);
    });
}

/// What a merge resolved is no reason on net, so it isn't shown as one.
#[test]
fn resolved_paths_are_no_part_of_a_finding_on_net() {
    everywhere(|s| {
        let base = started(s);
        let ours = edit(s, &base, "kernel/bpf/verifier.c", &[(1, "ours")]);
        let theirs = edit(s, &base, "kernel/bpf/verifier.c", &[(1, "theirs")]);
        s.seed(&ours, &["net"]);
        s.seed(&theirs, &[UPSTREAM]);
        let merge = s.merge("Merge tag 'v6.13'", &[&ours, &theirs]);
        let merge = merge.write("kernel/bpf/verifier.c", &lines(&[(1, "both")]));
        s.push(&merge.touch("kernel/bpf/evil.c").make(), "net")
            .rejected("only-denied-paths")
            .says_no("kernel/bpf/verifier.c");
    });
}

#[test]
fn a_foxtrot_merge_is_judged_like_any_other() {
    everywhere(|s| {
        let base = started(s);
        let ours = edit(s, &base, "kernel/bpf/verifier.c", &[(1, "ours")]);
        s.seed(&ours, &["master"]);
        let topic = s.touch(&base, "kernel/topic.c");
        let evil = s.merge("Merge branch 'master'", &[&topic, &ours]);
        s.push(&evil.touch("net/evil.c").make(), "master")
            .rejected("denied-path");
        let merge = s.merge("Merge branch 'master'", &[&topic, &ours]).make();
        s.push(&merge, "master")
            .clean()
            .judged("bpf-next/master", 2);
    });
}

#[test]
fn an_octopus_is_folded_from_left_to_right() {
    everywhere(|s| {
        let base = started(s);
        let file = "kernel/bpf/verifier.c";
        let one = edit(s, &base, file, &[(1, "one")]);
        let two = edit(s, &base, file, &[(5, "two")]);
        let three = edit(s, &base, file, &[(9, "three")]);
        let parents = [&*one, &*two, &*three];
        let evil = s.merge("Merge branches", &parents).touch("net/evil.c");
        s.push(&evil.make(), "master")
            .rejected("denied-path")
            .says("added by the merge");
        let merge = s.merge("Merge branches", &parents).make();
        s.push(&merge, "master")
            .clean()
            .judged("bpf-next/master", 4);
    });
}

#[test]
fn an_octopus_that_drops_one_side_is_refused() {
    everywhere(|s| {
        let base = started(s);
        let upstream = edit(s, &base, "net/core/dev.c", &[(1, "upstream")]);
        s.seed(&upstream, &[UPSTREAM]);
        let one = s.touch(&base, "kernel/one.c");
        let two = s.touch(&base, "kernel/two.c");
        let evil = s
            .merge("Merge branches", &[&one, &upstream, &two])
            .write("net/core/dev.c", &lines(&[]))
            .make();
        s.push(&evil, "master").rejected("denied-path");
    });
}

/// Two lines that merged one another: their merge has two bases.
fn criss_cross(s: &Sandbox) -> (String, String) {
    let base = started(s);
    let a = edit(s, &base, "net/core/dev.c", &[(1, "a")]);
    let b = edit(s, &base, "net/core/dev.c", &[(9, "b")]);
    s.seed(&a, &[UPSTREAM, "refs/upstream/linus/a"]);
    s.seed(&b, &["master"]);
    let left = s.merge("Merge a", &[&b, &a]).make();
    s.push(&left, "master").clean();
    let right = s.merge("Merge b", &[&a, &b]).make();
    let right = edit(s, &right, "net/core/dev.c", &[(1, "a"), (5, "c"), (9, "b")]);
    s.seed(&right, &[UPSTREAM]);
    let left = s.touch(&left, "kernel/left.c");
    s.push(&left, "master").clean();
    let bases = s.git(&["merge-base", "--all", &left, &right]);
    assert_eq!(bases.lines().count(), 2);
    (left, right)
}

#[test]
fn a_clean_merge_with_several_bases_changes_nothing_itself() {
    everywhere(|s| {
        let (left, right) = criss_cross(s);
        let merge = s.merge("Merge right", &[&left, &right]).make();
        s.push(&merge, "master")
            .clean()
            .judged("bpf-next/master", 1);
    });
}

#[test]
fn an_evil_merge_with_several_bases_is_refused() {
    everywhere(|s| {
        let (left, right) = criss_cross(s);
        let edited = lines(&[(1, "a"), (5, "evil"), (9, "b")]);
        let old = lines(&[(1, "a"), (9, "b")]);
        for text in [edited, old] {
            let merge = s.merge("Merge right", &[&left, &right]);
            s.push(&merge.write("net/core/dev.c", &text).make(), "master")
                .rejected("denied-path")
                .says("net/core/dev.c");
        }
    });
}
