//! Merges that nobody's git would make by itself.

use super::{UPSTREAM, apart, edit, lines, started};
use crate::support::everywhere;

/// What a merge deletes although one side still has it is as much its own as what it adds.
#[test]
fn a_merge_that_deletes_what_both_sides_kept_is_refused() {
    everywhere(|s| {
        let (ours, theirs) = apart(s);
        let merge = s.merge("Merge tag 'v6.13'", &[&ours, &theirs]);
        s.push(&merge.delete("net").make(), "master")
            .rejected("denied-path")
            .says("net/core/dev.c");
    });
}

#[test]
fn a_deletion_against_a_change_is_a_conflict() {
    everywhere(|s| {
        let base = started(s);
        let ours = s.commit("drop").on(&base).delete("net/core/dev.c").make();
        let theirs = edit(s, &base, "net/core/dev.c", &[(1, "theirs")]);
        s.seed(&ours, &["master"]);
        s.seed(&theirs, &[UPSTREAM]);
        for keep in [true, false] {
            let merge = s.merge("Merge tag 'v6.13'", &[&ours, &theirs]);
            let merge = match keep {
                true => merge.write("net/core/dev.c", &lines(&[(1, "theirs")])),
                false => merge.delete("net/core/dev.c"),
            };
            s.push(&merge.make(), "master")
                .rejected("denied-path")
                .says("resolved by the merge");
        }
    });
}

#[test]
fn a_file_against_a_folder_is_a_conflict() {
    everywhere(|s| {
        let base = started(s);
        let ours = s.commit("file").on(&base).write("net/x", "a file").make();
        let theirs = s
            .commit("folder")
            .on(&base)
            .write("net/x/y", "below")
            .make();
        s.seed(&ours, &["master"]);
        s.seed(&theirs, &[UPSTREAM]);
        // Either of the two trees, as if there had been nothing to decide.
        for side in [&ours, &theirs] {
            let merge = s.commit_tree(&s.tree_of(side), &[&ours, &theirs]);
            s.push(&merge, "master")
                .rejected("denied-path")
                .says("net/x");
        }
    });
}

#[test]
fn modes_and_links_are_merged_like_contents() {
    everywhere(|s| {
        let base = started(s);
        let executable = s.commit("mode").on(&base);
        let executable = executable.executable("net/core/dev.c", &lines(&[])).make();
        let ours = edit(s, &base, "net/core/dev.c", &[(1, "ours")]);
        s.seed(&executable, &[UPSTREAM]);
        s.seed(&ours, &["master"]);
        let merge = || s.merge("Merge tag 'v6.13'", &[&ours, &executable]);
        let plain = merge()
            .write("net/core/dev.c", &lines(&[(1, "ours")]))
            .make();
        s.push(&plain, "master").rejected("denied-path");
        s.push(&merge().make(), "master").clean();
        let link = merge().link("net/core/dev.c", "elsewhere").make();
        s.seed(&ours, &["master"]);
        s.push(&link, "master").rejected("denied-path");
    });
}

/// A merge whose second parent is an ancestor of the first brings nothing, and may still edit.
#[test]
fn a_merge_of_what_is_there_already_can_be_evil_too() {
    everywhere(|s| {
        let base = started(s);
        let tip = s.touch(&base, "kernel/a.c");
        for parents in [[&*tip, &*base], [&*base, &*tip], [&*tip, &*tip]] {
            let tree = s.tree_of(&s.touch(&tip, "net/evil.c"));
            s.push(&s.commit_tree(&tree, &parents), "master")
                .rejected("denied-path");
            let clean = s.commit_tree(&s.tree_of(&tip), &parents);
            s.push(&clean, "master").clean();
            s.seed(&base, &["master"]);
        }
    });
}

/// The topic is clean by itself and so is its merge; only the commit behind it isn't.
#[test]
fn what_a_merge_brings_is_judged_commit_by_commit() {
    everywhere(|s| {
        let base = started(s);
        let bad = s.touch(&base, "net/bad.c");
        let undone = s.commit("undo").on(&bad).delete("net/bad.c").make();
        let merge = s.merge("Merge branch 'topic'", &[&base, &undone]).make();
        s.push(&merge, "master")
            .rejected("denied-path")
            .finds("denied-path", 2);
    });
}

/// Hundreds of clean content merges are asked about in one breath.
#[test]
fn many_merges_in_one_push_are_judged_quickly() {
    everywhere(|s| {
        let base = started(s);
        let mut tip = base.clone();
        for round in 0..10 {
            let text = format!("round {round}");
            let changed = |line| vec![(line, text.as_str())];
            let left = edit(s, &tip, "kernel/bpf/verifier.c", &changed(1));
            let right = edit(s, &tip, "kernel/bpf/verifier.c", &changed(9));
            tip = s.merge("Merge", &[&left, &right]).make();
            tip = edit(s, &tip, "kernel/bpf/verifier.c", &[]);
        }
        s.push(&tip, "master").clean().judged("bpf-next/master", 40);
    });
}

/// `git cherry-pick` takes no merge without being told of which parent: such advice is none.
#[test]
fn nobody_is_told_to_cherry_pick_a_merge() {
    everywhere(|s| {
        let (ours, theirs) = apart(s);
        let topic = s.touch(&ours, "kernel/topic.c");
        let merge = s.merge("Merge tag 'v6.13'", &[&topic, &theirs]);
        let evil = merge.touch("net/evil.c").make();
        s.push(&evil, "master")
            .rejected("denied-path")
            .says_no(&format!("cherry-pick {}", &evil[..12]));
    });
}
