//! `GIT_NAMESPACE`: several repositories in one, each with its own `refs/heads/master`.

use crate::support::{Pushed, Sandbox, everywhere};

const MASTER: &str = "refs/namespaces/ns/refs/heads/master";

/// Pushes into the namespace. What refs the push should have moved is for the test to say.
fn push<'s>(s: &'s Sandbox, commit: &str, name: &str) -> Pushed<'s> {
    let path = s.server().to_str().unwrap();
    let url = format!("ext::git --namespace=ns %s {path}");
    s.push_to(url, &[(commit, name)], |_| {})
}

#[test]
fn the_namespaces_own_refs_are_judged() {
    everywhere(|s| {
        let base = s.base();
        s.seed(&base, &[MASTER, "refs/namespaces/ns/refs/heads/net"]);
        let bad = s.touch(&base, "net/a.c");
        push(s, &bad, "master").rejected("denied-path");
        let good = s.touch(&base, "kernel/a.c");
        push(s, &good, "master").says("bpf-next/master (1 commit)");
        assert_eq!(s.at_ref(MASTER), Some(good));
        assert_eq!(s.at_ref("master"), None);
    });
}

#[test]
fn what_stands_outside_of_the_namespace_hides_nothing_inside() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/a.c");
        s.seed(&base, &[MASTER]);
        s.seed(&bad, &["master", "refs/upstream/linus/master"]);
        push(s, &bad, "master").rejected("denied-path");
    });
}

#[test]
fn aliases_and_deletions_inside_of_a_namespace_are_seen() {
    everywhere(|s| {
        let base = s.base();
        s.seed(&base, &[MASTER]);
        let alias = "refs/namespaces/ns/refs/heads/alias";
        s.symref(alias, MASTER);
        push(s, &s.touch(&base, "net/a.c"), "alias").rejected("bad-update");
        push(s, "", "master").rejected("ref-deleted");
        s.symref(
            "refs/namespaces/ns/refs/heads/dangling",
            "refs/namespaces/ns/refs/heads/net",
        );
        push(s, &base, "dangling").rejected("bad-update");
    });
}

/// A symbolic ref may lead out of the namespace: to a tree of the whole repository.
#[test]
fn an_alias_that_leads_out_of_the_namespace_is_refused() {
    everywhere(|s| {
        let base = s.started();
        s.symref("refs/namespaces/ns/refs/heads/out", "refs/heads/master");
        push(s, &s.touch(&base, "net/a.c"), "out").refused();
    });
}

/// Seen from outside, a namespace's refs have other names, and its trees are still its trees.
#[test]
fn a_namespaces_tree_is_not_reached_from_outside_unjudged() {
    everywhere(|s| {
        let base = s.base();
        s.seed(&base, &[MASTER]);
        s.push(&s.touch(&base, "net/a.c"), MASTER).refused();
    });
}
