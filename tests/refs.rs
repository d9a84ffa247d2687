//! What may be done to refs, whatever the commits.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod hostile;
mod namespaces;
mod raw_client;

use crate::support::{Sandbox, everywhere};

/// The tree of master with more keys.
fn master(s: &Sandbox, keys: &str) {
    s.over_preset(&format!("[[tree]]\nname = \"bpf-next/master\"\n{keys}\n"));
}

#[test]
fn a_tree_is_deleted_only_where_the_policy_allows_it() {
    everywhere(|s| {
        s.started();
        s.delete("master")
            .rejected("ref-deleted")
            .helps("delete = true");
        master(s, "delete = true");
        s.delete("master").accepted();
    });
}

#[test]
fn a_tree_is_rewound_only_where_the_policy_allows_it() {
    everywhere(|s| {
        let base = s.base();
        let tip = s.touch(&base, "kernel/a.c");
        s.seed(&tip, &["master", "for-next"]);
        s.push(&base, "master")
            .rejected("ref-rewound")
            .helps("rewind = true");
        let aside = s.touch(&base, "kernel/b.c");
        s.push(&aside, "master").rejected("ref-rewound");
        // for-next is made anew whenever master or net moves.
        s.push(&aside, "for-next").clean();
        master(s, "rewind = true");
        s.push(&aside, "master").clean();
    });
}

#[test]
fn a_tree_is_created_unless_the_policy_forbids_it() {
    everywhere(|s| {
        let base = s.base();
        s.seed(&base, &["refs/upstream/linus/master"]);
        master(s, "create = false");
        s.push(&base, "master").rejected("ref-created");
        master(s, "create = true");
        s.push(&base, "master").clean();
    });
}

/// Deleting a tree's ref and making it again, in two pushes or in one, is no way round a rewind.
#[test]
fn a_deletion_is_no_half_of_a_rewind() {
    everywhere(|s| {
        let base = s.base();
        let tip = s.touch(&base, "kernel/a.c");
        s.seed(&tip, &["master"]);
        s.delete("master").rejected("ref-deleted");
        s.push_all(&[("", "master"), (&base, "bpf-next/master")])
            .rejected("ref-deleted");
    });
}

#[test]
fn free_refs_come_move_and_go_as_they_like() {
    everywhere(|s| {
        let base = s.started();
        let one = s.touch(&base, "net/a.c");
        let two = s.touch(&base, "net/b.c");
        s.push(&one, "topic").accepted();
        s.push(&two, "topic").accepted();
        s.delete("topic").accepted();
        s.push(&one, "refs/notes/x").accepted();
    });
}

#[test]
fn refs_that_no_tree_governs_can_be_denied() {
    everywhere(|s| {
        let base = s.started();
        s.over_preset("default = \"deny\"\n");
        s.push(&base, "topic")
            .rejected("ungoverned-ref")
            .helps("refs/heads/master");
        s.push(&base, "refs/tags/v1").rejected("ungoverned-ref");
        s.push(&s.touch(&base, "kernel/a.c"), "master").clean();
        s.seed(&base, &["topic"]);
        s.delete("topic").rejected("ungoverned-ref");
    });
}

#[test]
fn replace_refs_are_never_pushed() {
    everywhere(|s| {
        let base = s.started();
        let other = s.touch(&base, "kernel/a.c");
        let name = format!("refs/replace/{base}");
        s.push(&other, &name).rejected("replace-ref");
        s.over_preset("[[tree]]\nname = \"all\"\nrefs = [\"refs/**\"]\nenforce = \"off\"\n");
        s.push(&other, &name).rejected("replace-ref");
        s.push(&other, "refs/replace/x/y").rejected("replace-ref");
    });
}

/// A replace ref that is on the server already shows git another history than the one judged.
#[test]
fn replace_refs_on_the_server_blind_nobody() {
    everywhere(|s| {
        let base = s.started();
        let bad = s.touch(&base, "net/a.c");
        let good = s.touch(&base, "kernel/a.c");
        s.seed(&good, &[&format!("refs/replace/{bad}")]);
        s.push(&bad, "master")
            .rejected("denied-path")
            .says("net/a.c");
    });
}

#[test]
fn upstream_refs_are_never_pushed() {
    everywhere(|s| {
        let base = s.started();
        let upstream = "refs/upstream/linus/master";
        s.push(&base, upstream)
            .rejected("upstream-ref-pushed")
            .says("linus")
            .helps("administrator");
        s.seed(&base, &[upstream]);
        s.push(&s.touch(&base, "net/a.c"), upstream)
            .rejected("upstream-ref-pushed");
        s.delete(upstream).rejected("upstream-ref-pushed");
        // Anything else below refs/upstream/ is nobody's.
        s.push(&base, "refs/upstream/elsewhere/x").accepted();
    });
}

/// Where one tree's ref is another's upstream, the tree's own rules guard it.
#[test]
fn an_upstream_ref_that_a_tree_governs_is_judged_by_the_tree() {
    everywhere(|s| {
        let base = s.started();
        s.over_preset(
            "[[upstream]]\nname = \"net\"\nrefs = [\"refs/heads/net\"]\n\
             [[tree]]\nname = \"bpf-next/for-next\"\nupstream = [\"net\"]\ndeny = [\"networking\"]\n",
        );
        s.seed(&base, &["for-next"]);
        let networking = s.touch(&base, "net/a.c");
        s.push(&networking, "net").clean();
        s.push(&networking, "for-next")
            .clean()
            .judged("bpf-next/for-next", 0);
    });
}

#[test]
fn an_annotated_tag_is_judged_by_its_commit() {
    everywhere(|s| {
        let base = s.base();
        s.small_policy(&format!(
            "[[tree]]\nname = \"releases\"\nrefs = [\"refs/tags/v*\"]\n\
             deny = [\"networking\"]\nsince = \"{base}\"\n"
        ));
        let tag = |commit: &str| {
            let kind = s.git(&["cat-file", "-t", commit]);
            let text =
                format!("object {commit}\ntype {kind}\ntag v1\ntagger x <x> 1 +0000\n\nv1\n");
            s.git_with(&["mktag"], text.as_bytes())
        };
        let bad = s.touch(&base, "net/a.c");
        let good = s.touch(&base, "kernel/a.c");
        s.push(&tag(&bad), "refs/tags/v1").rejected("denied-path");
        s.push(&tag(&tag(&bad)), "refs/tags/v1")
            .rejected("denied-path");
        s.push(&tag(&good), "refs/tags/v1")
            .clean()
            .judged("releases", 1);
        s.push(&tag(&s.tree_of(&good)), "refs/tags/v2")
            .rejected("bad-update");
        s.push(&s.blob("x"), "refs/tags/v2").rejected("bad-update");
        // From a tag to another one that contains it.
        let next = s.touch(&good, "kernel/b.c");
        s.push(&tag(&next), "refs/tags/v1")
            .clean()
            .judged("releases", 1);
        s.push(&tag(&good), "refs/tags/v1").rejected("ref-rewound");
    });
}
