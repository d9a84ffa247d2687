//! `deny-only` on net: a series with a networking patch may carry core patches.

use crate::support::{Sandbox, everywhere};

/// A commit that says under which message-id it was mailed.
fn mailed(s: &Sandbox, parent: &str, path: &str, id: &str) -> String {
    let link = format!("https://lore.kernel.org/r/{id}@kernel.org");
    let message = format!("bpf: touch {path}\n\nSome words.\n\nLink: {link}\n");
    s.commit(message).on(parent).touch(path).make()
}

#[test]
fn a_merged_series_with_a_networking_patch_lands_on_net() {
    everywhere(|s| {
        let base = s.started();
        let core = s.touch(&base, "kernel/bpf/btf.c");
        let series = s.touch(&core, "net/core/xdp.c");
        let merge = s
            .merge("Merge branch 'xdp-metadata'", &[&base, &series])
            .make();
        s.push(&merge, "net").clean().judged("bpf-next/net", 3);
    });
}

#[test]
fn a_merged_series_of_core_patches_is_refused_on_net() {
    everywhere(|s| {
        let base = s.started();
        let one = s.touch(&base, "kernel/bpf/btf.c");
        let two = s.touch(&one, "kernel/bpf/core.c");
        let merge = s.merge("Merge branch 'net-xdp'", &[&base, &two]).make();
        s.push(&merge, "net")
            .rejected("only-denied-paths")
            .finds("only-denied-paths", 1)
            .says("series of 3 commits")
            .says("kernel/bpf/btf.c")
            .says("kernel/bpf/core.c")
            .helps("bpf-next/master");
    });
}

#[test]
fn each_merged_series_is_judged_by_itself() {
    everywhere(|s| {
        let base = s.started();
        let good = s.touch(&s.touch(&base, "kernel/a.c"), "net/a.c");
        let bad = s.touch(&s.touch(&base, "kernel/b.c"), "kernel/c.c");
        let first = s.merge("Merge branch 'good'", &[&base, &good]).make();
        let second = s.merge("Merge branch 'bad'", &[&first, &bad]).make();
        s.push(&second, "net")
            .rejected("only-denied-paths")
            .finds("only-denied-paths", 1)
            .says("kernel/b.c")
            .says_no("kernel/a.c");
    });
}

/// A merge inside of a series that brings commits of its own starts a series of its own.
#[test]
fn a_core_series_does_not_ride_on_the_one_it_is_merged_into() {
    everywhere(|s| {
        let base = s.started();
        let core = s.touch(&base, "kernel/a.c");
        let networking = s.touch(&base, "net/a.c");
        let inner = s.merge("Merge branch 'core'", &[&networking, &core]).make();
        let outer = s.merge("Merge branch 'all'", &[&base, &inner]).make();
        s.push(&outer, "net")
            .rejected("only-denied-paths")
            .finds("only-denied-paths", 1)
            .says("kernel/a.c");
    });
}

#[test]
fn neighbours_of_one_thread_are_a_series() {
    everywhere(|s| {
        let base = s.started();
        let core = mailed(s, &base, "kernel/a.c", "20240901-xdp-v2-1-0123abcd");
        let networking = mailed(s, &core, "net/a.c", "20240901-xdp-v2-2-0123abcd");
        s.push(&networking, "net").clean();
        // The order doesn't matter.
        let networking = mailed(s, &networking, "net/b.c", "20240902-xdp-v1-1-77");
        let core = mailed(s, &networking, "kernel/b.c", "20240902-xdp-v1-2-77");
        s.push(&core, "net").clean();
    });
}

#[test]
fn neighbours_of_other_threads_or_of_none_are_alone() {
    everywhere(|s| {
        let base = s.started();
        let core = mailed(s, &base, "kernel/a.c", "20240901-btf-v2-1-0123abcd");
        let other = mailed(s, &core, "net/a.c", "20240901-xdp-v2-2-0123abcd");
        s.push(&other, "net")
            .rejected("only-denied-paths")
            .finds("only-denied-paths", 1)
            .says("kernel/a.c");
        let silent = s.touch(&core, "net/a.c");
        s.push(&silent, "net").rejected("only-denied-paths");
        // A commit between them ends the thread.
        let between = s.touch(&core, "Makefile");
        let late = mailed(s, &between, "net/a.c", "20240901-btf-v2-2-0123abcd");
        s.push(&late, "net").rejected("only-denied-paths");
    });
}

/// The thread goes on where an earlier push ended, but what stands in the tree excuses nothing.
#[test]
fn a_series_is_what_one_push_brings() {
    everywhere(|s| {
        let base = s.started();
        let networking = mailed(s, &base, "net/a.c", "20240901-xdp-v2-1-0123abcd");
        let core = mailed(s, &networking, "kernel/a.c", "20240901-xdp-v2-2-0123abcd");
        s.push(&networking, "net").clean();
        s.push(&core, "net").rejected("only-denied-paths");
    });
}

#[test]
fn neither_neutral_nor_unclassified_paths_excuse_a_core_patch() {
    everywhere(|s| {
        let base = s.started();
        let core = s.touch(&base, "kernel/a.c");
        let test = s.touch(&core, "tools/testing/selftests/bpf/a.c");
        let top = s.touch(&test, "Makefile");
        let merge = s.merge("Merge branch 'core'", &[&base, &top]).make();
        s.push(&merge, "net").rejected("only-denied-paths");
        let shared = s.touch(&top, "net/core/filter.c");
        let merge = s.merge("Merge branch 'filter'", &[&base, &shared]).make();
        s.push(&merge, "net").clean();
    });
}

#[test]
fn what_a_merge_adds_itself_excuses_nothing() {
    everywhere(|s| {
        let base = s.started();
        let core = s.touch(&base, "kernel/a.c");
        let merge = s.merge("Merge branch 'core'", &[&base, &core]);
        s.push(&merge.touch("net/a.c").make(), "net")
            .rejected("only-denied-paths")
            .says("kernel/a.c");
    });
}

/// With the topic as its first parent a merge still brings the topic, not the mainline.
#[test]
fn a_foxtrot_merge_is_seen_from_the_mainline() {
    everywhere(|s| {
        let base = s.started();
        let before = s.touch(&base, "net/before.c");
        s.seed(&before, &["net"]);
        let core = s.touch(&base, "kernel/a.c");
        let merge = s.merge("Merge branch 'net'", &[&core, &before]).make();
        s.push(&merge, "net")
            .rejected("only-denied-paths")
            .says("kernel/a.c");
        let series = s.touch(&core, "net/a.c");
        let merge = s.merge("Merge branch 'net'", &[&series, &before]).make();
        s.push(&merge, "net").clean().judged("bpf-next/net", 3);
    });
}
