//! Which commits are judged: those that enter the tree, wherever else they may be.

use crate::support::{Sandbox, everywhere};

const UPSTREAM: &str = "refs/upstream/linus/master";

/// The tree of master with more keys.
fn master(s: &Sandbox, keys: &str) {
    s.over_preset(&format!("[[tree]]\nname = \"bpf-next/master\"\n{keys}\n"));
}

#[test]
fn commits_of_an_upstream_are_not_judged() {
    everywhere(|s| {
        let base = s.started();
        let upstream = s.line(&base, 5, |at| format!("net/f{at}.c"));
        s.seed(&upstream, &[UPSTREAM]);
        let topic = s.touch(&base, "kernel/bpf/core.c");
        let merge = s.merge("Merge tag 'v6.13'", &[&topic, &upstream]).make();
        s.push(&merge, "master")
            .clean()
            .judged("bpf-next/master", 2);
    });
}

#[test]
fn a_fast_forward_over_hundreds_of_upstream_commits_judges_none() {
    everywhere(|s| {
        let base = s.started();
        let upstream = s.line(&base, 300, |at| format!("net/f{at}.c"));
        s.seed(&upstream, &[UPSTREAM]);
        s.push(&upstream, "master")
            .clean()
            .judged("bpf-next/master", 0);
    });
}

#[test]
fn another_trees_upstream_is_none_of_this_one() {
    everywhere(|s| {
        let base = s.started();
        let foreign = s.touch(&base, "net/core/dev.c");
        s.seed(&foreign, &["refs/upstream/net-next/main"]);
        s.push(&foreign, "master").rejected("denied-path");
        s.push(&foreign, "net").clean().judged("bpf-next/net", 0);
    });
}

#[test]
fn an_upstream_without_a_ref_is_named_in_the_refusal() {
    everywhere(|s| {
        let base = s.started();
        let foreign = s.touch(&base, "net/core/dev.c");
        s.push(&foreign, "master")
            .rejected("denied-path")
            .says("linus")
            .says("refs/upstream/linus/*");
        s.seed(&base, &[UPSTREAM]);
        s.push(&foreign, "master")
            .rejected("denied-path")
            .says_no("refs/upstream/linus/*");
    });
}

/// An upstream that is pushed together with what it would excuse excuses nothing.
#[test]
fn upstreams_count_as_they_stood_before_the_push() {
    everywhere(|s| {
        let base = s.started();
        let bad = s.touch(&base, "net/core/dev.c");
        s.push_all(&[(&bad, UPSTREAM), (&bad, "master")])
            .rejected("denied-path")
            .rejected("upstream-ref-pushed");
    });
}

#[test]
fn a_new_tree_is_judged_whole_and_told_how_to_adopt_its_history() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/core/dev.c");
        let tip = s.touch(&bad, "kernel/bpf/core.c");
        s.push(&tip, "master")
            .rejected("denied-path")
            .finds("denied-path", 2)
            .says("treewarden adopt --tree bpf-next/master");
    });
}

#[test]
fn history_before_since_is_not_judged() {
    everywhere(|s| {
        let base = s.base();
        let tip = s.touch(&base, "kernel/bpf/core.c");
        master(s, &format!("since = \"{base}\""));
        s.push(&tip, "master").clean().judged("bpf-next/master", 1);
        // A later commit of the same kind is.
        s.push(&s.touch(&tip, "net/x.c"), "master")
            .rejected("denied-path");
    });
}

#[test]
fn a_since_that_is_not_here_excludes_nothing() {
    everywhere(|s| {
        let base = s.base();
        let zeroes = s.format.zero();
        let absent = zeroes.replace('0', "7");
        master(s, &format!("since = \"{absent}\""));
        s.push(&base, "master").rejected("denied-path");
        master(s, &format!("since = [\"{absent}\", \"{base}\"]"));
        // The object is in this very push only: it is the policy that says it is trusted.
        s.push(&base, "master").clean().judged("bpf-next/master", 0);
    });
}

#[test]
fn a_new_tree_on_an_upstream_is_judged_from_there() {
    everywhere(|s| {
        let base = s.base();
        s.seed(&base, &[UPSTREAM]);
        let tip = s.touch(&base, "kernel/bpf/core.c");
        s.push(&tip, "master").clean().judged("bpf-next/master", 1);
    });
}

#[test]
fn a_violation_is_not_laundered_through_a_free_branch_or_a_tag() {
    everywhere(|s| {
        let base = s.started();
        let bad = s.touch(&base, "net/core/dev.c");
        s.push(&bad, "topic").accepted();
        s.push(&bad, "refs/tags/v1").accepted();
        s.push(&bad, "master").rejected("denied-path");
        let tip = s.touch(&bad, "kernel/bpf/core.c");
        s.push(&tip, "master").rejected("denied-path");
    });
}

#[test]
fn a_violation_is_not_laundered_through_another_tree() {
    everywhere(|s| {
        let base = s.started();
        let bad = s.touch(&base, "net/core/dev.c");
        s.push(&bad, "net").clean();
        let merge = s.merge("Merge branch 'net'", &[&base, &bad]).make();
        s.push(&bad, "master").rejected("denied-path");
        s.push(&merge, "master").rejected("denied-path");
    });
}

/// The same rules judged it there, so a tree can be renamed without a word to anybody.
#[test]
fn what_another_ref_of_the_tree_holds_is_not_judged_again() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/core/dev.c");
        s.seed(&bad, &["master"]);
        s.push(&bad, "bpf-next/master")
            .clean()
            .judged("bpf-next/master", 0);
        let more = s.touch(&bad, "kernel/bpf/core.c");
        s.push(&more, "bpf-next/master")
            .clean()
            .judged("bpf-next/master", 1);
        s.push(&more, "master").clean().judged("bpf-next/master", 0);
    });
}

#[test]
fn both_refs_of_a_tree_in_one_push_are_judged_against_what_stood_before() {
    everywhere(|s| {
        let base = s.started();
        let bad = s.touch(&base, "net/core/dev.c");
        s.push_all(&[(&bad, "master"), (&bad, "bpf-next/master")])
            .rejected("denied-path")
            .finds("denied-path", 2);
    });
}

/// Deleting the one ref takes nothing away from the other, but what only it held is new again.
#[test]
fn a_deleted_ref_of_the_tree_hides_nothing_any_more() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/core/dev.c");
        s.seed(&base, &["master"]);
        s.seed(&bad, &["bpf-next/master"]);
        master(s, "delete = true");
        s.delete("bpf-next/master").accepted();
        s.push(&bad, "master").rejected("denied-path");
    });
}

/// A rewind judges what enters: the set is the same, only the update is one more finding.
#[test]
fn what_a_rewind_brings_is_judged() {
    everywhere(|s| {
        let base = s.base();
        let old = s.touch(&base, "kernel/old.c");
        s.seed(&old, &["master"]);
        master(s, "rewind = true");
        let good = s.touch(&base, "kernel/new.c");
        let bad = s.touch(&base, "net/new.c");
        s.push(&bad, "master")
            .rejected("denied-path")
            .says_no("ref-rewound");
        s.push(&good, "master").clean().judged("bpf-next/master", 1);
        s.push(&base, "master").clean().judged("bpf-next/master", 0);
    });
}

/// Dates are only hints: a clock that is wrong must not let a commit slip by.
#[test]
fn wrong_clocks_hide_no_commit() {
    everywhere(|s| {
        let base = s.started();
        for date in ["0", "4102444800", "-5", "not-a-date"] {
            let tree = s.tree_of(&s.touch(&base, "net/x.c"));
            let text = format!(
                "tree {tree}\nparent {base}\nauthor x <x> {date} +0000\n\
                 committer x <x> {date} +0000\n\nclock\n"
            );
            let bad = s.raw_object("commit", text.as_bytes());
            let clean = s.commit_tree(&s.tree_of(&s.touch(&bad, "kernel/x.c")), &[&bad]);
            s.push(&clean, "master").rejected("denied-path");
        }
    });
}

#[test]
fn a_fast_forward_is_one_whatever_its_clock_says() {
    everywhere(|s| {
        let base = s.started();
        let tree = s.tree_of(&s.touch(&base, "kernel/x.c"));
        for date in ["0", "86400", "4102444800"] {
            let text = format!(
                "tree {tree}\nparent {base}\nauthor x <x> {date} +0000\n\
                 committer x <x> {date} +0000\n\nclock\n"
            );
            let commit = s.raw_object("commit", text.as_bytes());
            s.push(&commit, "master")
                .clean()
                .judged("bpf-next/master", 1);
            s.seed(&base, &["master"]);
        }
    });
}

#[test]
fn a_push_of_what_is_there_already_is_nothing() {
    everywhere(|s| {
        let base = s.started();
        s.push(&base, "master").accepted();
        s.push(&base, "bpf-next/net")
            .clean()
            .judged("bpf-next/net", 0);
    });
}

/// To say which command would be right, other pushes are judged: none that brings a whole history.
#[test]
fn advice_does_not_judge_what_is_far_more_than_the_push() {
    everywhere(|s| {
        let base = s.started();
        let far = s.line(&base, 1_000, |at| format!("kernel/f{at}.c"));
        s.push(&s.touch(&far, "net/a.c"), "master")
            .rejected("denied-path")
            .helps("bpf-next/net takes it")
            .says_no("git push origin");
    });
}
