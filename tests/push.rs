//! The rules on paths, as a pusher meets them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod budget;
mod entering;
mod malformed;
mod messages;
mod paths;
mod series;
mod snapshots;

use crate::support::everywhere;

#[test]
fn a_core_commit_lands_on_master() {
    everywhere(|s| {
        let base = s.started();
        let commit = s.touch(&base, "kernel/bpf/core.c");
        s.push(&commit, "master")
            .clean()
            .judged("bpf-next/master", 1);
    });
}

#[test]
fn a_networking_commit_is_refused_on_master_and_lands_on_net() {
    everywhere(|s| {
        let base = s.started();
        let commit = s.touch(&base, "net/core/dev.c");
        s.push(&commit, "master")
            .rejected("denied-path")
            .says("net/core/dev.c")
            .says("networking")
            .helps("bpf-next/net")
            .helps(&format!("git push origin {}:net", &commit[..12]));
        s.push(&commit, "net").clean().judged("bpf-next/net", 1);
    });
}

#[test]
fn a_core_commit_is_refused_on_net_and_lands_on_master() {
    everywhere(|s| {
        let base = s.started();
        let commit = s.touch(&base, "kernel/bpf/core.c");
        s.push(&commit, "net")
            .rejected("only-denied-paths")
            .says("kernel/bpf/core.c")
            .helps("bpf-next/master")
            .helps(&format!("git push origin {}:master", &commit[..12]));
        s.push(&commit, "master").clean();
    });
}

#[test]
fn a_mixed_commit_on_master_is_told_which_path_belongs_where() {
    everywhere(|s| {
        let base = s.started();
        let draft = s.commit("bpf: mixed").on(&base);
        let commit = draft
            .touch("kernel/bpf/core.c")
            .touch("net/core/dev.c")
            .make();
        s.push(&commit, "master")
            .rejected("denied-path")
            .helps("split")
            .helps("kernel/bpf/core.c")
            .helps("net/core/dev.c");
        s.push(&commit, "net").clean();
    });
}

#[test]
fn neutral_shared_and_unclassified_paths_land_on_both() {
    everywhere(|s| {
        let base = s.started();
        for path in ["tools/lib/bpf/libbpf.c", "net/core/filter.c", "Makefile"] {
            let commit = s.touch(&base, path);
            s.push(&commit, "master").clean();
            s.push(&commit, "net").clean();
            s.seed(&base, &["master", "net"]);
        }
    });
}

/// `net` and `bpf-next/net` are two names, and `net/` isn't the end of another folder's name.
#[test]
fn names_are_never_taken_for_longer_ones() {
    everywhere(|s| {
        let base = s.started();
        let draft = s.commit("bpf: near misses").on(&base);
        let draft = draft.touch("kernel/net/a.c").touch("netx/b.c");
        let commit = draft.touch("Documentation/net/c.rst").make();
        s.push(&commit, "master").clean();
        s.push(&s.touch(&base, "net/a.c"), "other/net").accepted();
    });
}

#[test]
fn a_large_push_is_judged_in_its_pack_as_a_small_one_is_loose() {
    everywhere(|s| {
        let base = s.started();
        let good = s.line(&base, 60, |at| format!("kernel/bpf/f{at}.c"));
        s.push(&good, "master")
            .clean()
            .judged("bpf-next/master", 60);
        let bad = s.touch(&good, "net/core/dev.c");
        let bad = s.line(&bad, 60, |at| format!("kernel/bpf/g{at}.c"));
        s.push(&bad, "master")
            .rejected("denied-path")
            .finds("denied-path", 1);
    });
}

#[test]
fn every_bad_commit_of_a_push_is_named() {
    everywhere(|s| {
        let base = s.started();
        let first = s.touch(&base, "net/a.c");
        let middle = s.touch(&first, "kernel/bpf/core.c");
        let last = s.touch(&middle, "net/b.c");
        s.push(&last, "master")
            .rejected("denied-path")
            .finds("denied-path", 2)
            .says(&first[..12])
            .says(&last[..12]);
    });
}

#[test]
fn a_thousand_bad_commits_are_counted_and_not_all_told() {
    everywhere(|s| {
        let base = s.started();
        let tip = s.line(&base, 1000, |at| format!("net/f{at}.c"));
        let pushed = s.push(&tip, "master");
        pushed.rejected("denied-path").says("more");
        assert!(pushed.raw().len() < 20_000, "{}", pushed.raw().len());
    });
}

#[test]
fn one_bad_ref_refuses_the_whole_push() {
    everywhere(|s| {
        let base = s.started();
        let core = s.touch(&base, "kernel/bpf/core.c");
        let networking = s.touch(&base, "net/core/dev.c");
        s.push_all(&[
            (&networking, "net"),
            (&networking, "master"),
            (&core, "topic"),
        ])
        .rejected("denied-path")
        .finds("denied-path", 1);
        s.push_all(&[(&networking, "net"), (&core, "master"), (&core, "topic")])
            .clean()
            .judged("bpf-next/master", 1)
            .judged("bpf-next/net", 1);
    });
}

#[test]
fn several_trees_in_one_repository_go_by_their_full_names() {
    everywhere(|s| {
        let base = s.base();
        let (master, net) = ("bpf-next/master", "bpf-next/net");
        s.seed(&base, &[master, net, "bpf/master"]);
        let core = s.touch(&base, "kernel/bpf/core.c");
        let networking = s.touch(&base, "net/core/dev.c");
        s.push(&networking, master)
            .rejected("denied-path")
            .helps(":bpf-next/net");
        s.push(&core, net).rejected("only-denied-paths");
        s.push_all(&[
            (&core, master),
            (&networking, net),
            (&networking, "bpf/master"),
        ])
        .clean();
    });
}

#[test]
fn the_configured_name_of_the_repository_says_which_trees_it_has() {
    everywhere(|s| {
        let base = s.base();
        s.seed(&base, &["master"]);
        s.on_server(&["config", "treewarden.repository", "bpf"]);
        // In the repository `bpf`, master is the fixes' tree, which has no rule on paths.
        let fix = s.touch(&base, "net/core/dev.c");
        s.push(&fix, "master").clean().says("accepted: bpf ");
    });
}

#[test]
fn root_commits_are_judged_by_all_their_paths() {
    everywhere(|s| {
        s.started();
        let good = s.commit("a new root").touch("kernel/x.c").make();
        let bad = s.commit("a new root").touch("net/x.c").make();
        s.push(&good, "for-next").accepted();
        s.over_preset("[[tree]]\nname = \"bpf-next/master\"\nrewind = true\n");
        s.push(&bad, "master").rejected("denied-path");
        s.push(&good, "master").accepted();
    });
}

#[test]
fn empty_commits_touch_nothing() {
    everywhere(|s| {
        let base = s.started();
        let empty = s.commit("nothing at all").on(&base).make();
        s.push(&empty, "master")
            .clean()
            .judged("bpf-next/master", 1);
        s.push(&empty, "net").clean();
        let root = s.commit("a root without files").delete("x").make();
        s.push(&root, "for-next").accepted();
    });
}

#[test]
fn a_tree_can_only_warn_or_be_off() {
    everywhere(|s| {
        let base = s.started();
        let bad = s.touch(&base, "net/core/dev.c");
        s.over_preset("[[tree]]\nname = \"bpf-next/master\"\nenforce = \"warn\"\n");
        s.push(&bad, "master")
            .warned("denied-path")
            .helps("bpf-next/net");
        s.seed(&base, &["master"]);
        s.over_preset("[[tree]]\nname = \"bpf-next/master\"\nenforce = \"off\"\n");
        s.push(&bad, "master").clean().says_no("denied-path");
    });
}

#[test]
fn a_single_rule_can_only_warn() {
    everywhere(|s| {
        let base = s.started();
        let bad = s.touch(&base, "net/core/dev.c");
        let tree = "[[tree]]\nname = \"bpf-next/master\"\n";
        s.over_preset(&format!("{tree}severity = {{ denied-path = \"warn\" }}\n"));
        s.push(&bad, "master").warned("denied-path");
        s.delete("master").rejected("ref-deleted");
        // A rule that still denies refuses, whatever else only warns.
        s.over_preset(&format!(
            "{tree}enforce = \"warn\"\nseverity = {{ ref-rewound = \"deny\" }}\n"
        ));
        let aside = s.touch(&base, "net/core/dev.c");
        s.push(&aside, "master")
            .rejected("ref-rewound")
            .says("warning[denied-path]");
    });
}

#[test]
fn judged_by_commit_or_by_push_where_the_policy_says_so() {
    everywhere(|s| {
        let base = s.started();
        let core = s.touch(&base, "kernel/bpf/core.c");
        let both = s.touch(&core, "net/core/dev.c");
        let judged = |unit: &str| {
            s.over_preset(&format!(
                "[[tree]]\nname = \"bpf-next/net\"\ndeny-only = {{ classes = [\"core\"], \
                 unless = [\"networking\"], judge = \"{unit}\" }}\n"
            ));
        };
        judged("commit");
        s.push(&both, "net")
            .rejected("only-denied-paths")
            .finds("only-denied-paths", 1);
        judged("push");
        s.push(&core, "net").rejected("only-denied-paths");
        s.push(&both, "net").clean();
    });
}

#[test]
fn odd_paths_of_the_repository_make_no_difference() {
    use crate::support::{Format, Sandbox};
    use std::os::unix::ffi::OsStrExt;

    for format in [Format::Sha1Files, Format::Sha256Files] {
        let names: [&[u8]; 4] = [b"a:b.git", b"a b.git", b"\xff\xc3.git", b"\"a:b \\'$.git"];
        for name in names {
            let s = &Sandbox::at(format, std::ffi::OsStr::from_bytes(name));
            let base = s.commit("base").write("net/a.c", "1\n2\n3\n4\n5\n");
            let base = base.write("kernel/a.c", "1\n2\n3\n4\n5\n").make();
            s.seed(&base, &["master", "net"]);
            let left = s.commit("left").on(&base);
            let left = left.write("kernel/a.c", "one\n2\n3\n4\n5\n").make();
            let right = s.commit("right").on(&base);
            let right = right.write("kernel/a.c", "1\n2\n3\n4\nfive\n").make();
            // git is asked about contents, with objects that are still in quarantine.
            let merge = s.merge("Merge", &[&left, &right]).make();
            s.push(&merge, "master")
                .clean()
                .judged("bpf-next/master", 3);
            let evil = s
                .merge("Merge", &[&left, &right])
                .write("net/a.c", "!")
                .make();
            s.push(&evil, "bpf-next/master").rejected("denied-path");
            s.push(&s.touch(&merge, "net/b.c"), "master")
                .rejected("denied-path");
        }
    }
}

/// However much there is to warn of, what refuses the push is told.
#[test]
fn warnings_do_not_push_the_refusal_out_of_the_report() {
    everywhere(|s| {
        let base = s.started();
        s.over_preset(
            "[[tree]]\nname = \"lenient\"\nrefs = [\"refs/heads/lenient\"]\n\
             deny = [\"networking\"]\nenforce = \"warn\"\n",
        );
        // git sends refs that are there in the order of their names.
        s.seed(&base, &["lenient"]);
        let many = s.line(&base, 30, |at| format!("net/f{at}.c"));
        let bad = s.touch(&base, "net/bad.c");
        s.push_all(&[(&many, "lenient"), (&bad, "master")])
            .rejected("denied-path")
            .helps("bpf-next/net takes it")
            .says("more findings");
    });
}
