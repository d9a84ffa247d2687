//! Names and values that would let a push land beside the rule.

use crate::support::{Format, Sandbox, everywhere};

#[test]
fn a_twin_but_for_case_is_refused() {
    everywhere(|s| {
        let base = s.started();
        for name in ["Master", "MASTER", "NET", "refs/HEADS/master"] {
            s.push(&base, name).rejected("bad-update").says("case");
        }
        s.over_preset("[[tree]]\nname = \"topics\"\nrefs = [\"refs/heads/topic/*\"]\n");
        s.push(&base, "topic/a").clean();
        s.push(&base, "topic/A").rejected("bad-update");
        s.push(&base, "TOPIC/b").rejected("bad-update");
        // Two at once, neither of them there yet.
        s.push_all(&[(&base, "topic/c"), (&base, "topic/C")])
            .rejected("bad-update");
    });
}

#[test]
fn an_alias_of_a_tree_is_refused() {
    everywhere(|s| {
        let base = s.started();
        let bad = s.touch(&base, "net/a.c");
        s.symref("refs/heads/alias", "refs/heads/master");
        s.symref("refs/heads/chain", "refs/heads/alias");
        for name in ["alias", "chain"] {
            s.push(&bad, name).rejected("bad-update").says("symbolic");
            // Even where the commit would be welcome: the rules are the other ref's.
            s.push(&s.touch(&base, "kernel/a.c"), name)
                .rejected("bad-update");
            s.delete(name).rejected("bad-update");
        }
    });
}

#[test]
fn an_alias_of_a_free_ref_is_free() {
    everywhere(|s| {
        let base = s.started();
        s.seed(&base, &["topic"]);
        s.symref("refs/heads/alias", "refs/heads/topic");
        let bad = s.touch(&base, "net/a.c");
        s.push_to(s.server(), &[(&bad, "alias")], |_| {});
        assert_eq!(s.at_ref("topic"), Some(bad));
    });
}

#[test]
fn a_tree_that_is_an_alias_itself_is_refused() {
    everywhere(|s| {
        let base = s.base();
        s.seed(&base, &["topic"]);
        s.symref("refs/heads/master", "refs/heads/topic");
        s.push(&s.touch(&base, "kernel/a.c"), "master")
            .rejected("bad-update");
    });
}

#[test]
fn an_alias_of_an_upstream_is_refused() {
    everywhere(|s| {
        let base = s.started();
        s.seed(&base, &["refs/upstream/linus/master"]);
        s.symref("refs/heads/alias", "refs/upstream/linus/master");
        s.push(&s.touch(&base, "net/a.c"), "alias")
            .rejected("bad-update");
    });
}

/// The push would make the ref that the alias stands for: a tree's, unjudged.
#[test]
fn a_dangling_alias_is_refused() {
    everywhere(|s| {
        let bad = s.base();
        s.symref("refs/heads/alias", "refs/heads/master");
        s.symref("refs/heads/chain", "refs/heads/alias");
        s.push(&bad, "alias").rejected("bad-update");
        s.push(&bad, "chain").rejected("bad-update");
        assert_eq!(s.at_ref("master"), None);
    });
}

/// The alias dangles when the hook looks, and not any more when git follows it.
#[test]
fn an_alias_and_its_target_in_one_push_are_refused() {
    everywhere(|s| {
        let base = s.base();
        s.seed(&base, &["refs/upstream/linus/master"]);
        let bad = s.touch(&base, "net/a.c");
        s.symref("refs/heads/alias", "refs/heads/master");
        s.push_all(&[(&base, "master"), (&bad, "alias")])
            .rejected("bad-update");
    });
}

#[test]
fn names_that_end_or_begin_like_a_tree_are_free() {
    everywhere(|s| {
        let base = s.started();
        let bad = s.touch(&base, "net/a.c");
        for name in [
            "master2",
            "old/master",
            "refs/x/master",
            "refs/tags/master",
            "mast",
        ] {
            s.push(&bad, name).accepted();
        }
    });
}

#[test]
fn names_of_any_script_are_judged() {
    everywhere(|s| {
        let base = s.started();
        s.over_preset(
            "[[tree]]\nname = \"\u{f6}\"\nrefs = [\"refs/heads/\u{f6}*\"]\ndeny = [\"networking\"]\n\
             upstream = [\"linus\"]\n",
        );
        s.seed(&base, &["refs/upstream/linus/master"]);
        // `*` doesn't cross a `/`.
        s.push(&s.touch(&base, "net/a.c"), "\u{f6}/\u{202e}")
            .accepted();
        s.push(&s.touch(&base, "net/a.c"), "\u{f6}b")
            .rejected("denied-path");
        s.push(&s.touch(&base, "kernel/a.c"), "\u{f6}b").clean();
    });
}

#[test]
fn with_thousands_of_refs_the_right_ones_are_read() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.started();
    let lines = (0..5000).map(|at| format!("{base} refs/heads/topic/{at:05}"));
    let packed = lines.collect::<Vec<_>>().join("\n") + "\n";
    let old = std::fs::read_to_string(s.server().join("packed-refs")).unwrap_or_default();
    std::fs::write(s.server().join("packed-refs"), old + &packed).unwrap();
    let bad = s.touch(&base, "net/a.c");
    let good = s.touch(&base, "kernel/a.c");
    let names: Vec<String> = (0..150).map(|at| format!("topic/{at:05}")).collect();
    let mut updates: Vec<(&str, &str)> = names.iter().map(|name| (&*bad, &**name)).collect();
    updates.push((&good, "master"));
    s.push_all(&updates).clean().judged("bpf-next/master", 1);
    updates.push((&bad, "net"));
    updates.push((&bad, "bpf-next/master"));
    s.seed(&base, &names.iter().map(|name| &**name).collect::<Vec<_>>());
    s.push_all(&updates).rejected("denied-path");
}
