//! `message-pattern`: what subjects and bodies must and must not hold.

use crate::support::{Sandbox, everywhere};

fn rule(s: &Sandbox, keys: &str) {
    s.over_preset(&format!(
        "[[tree]]\nname = \"bpf-next/master\"\n[[tree.message]]\n{keys}\nreason = \"see CONTRIBUTING\"\n"
    ));
}

#[test]
fn a_subject_must_hold_what_is_required() {
    everywhere(|s| {
        let base = s.started();
        rule(s, "in = \"subject\"\nrequire = \"^(bpf|libbpf): \"");
        let good = s.commit("bpf: fix").on(&base).touch("kernel/a.c").make();
        s.push(&good, "master").clean();
        let bad = s
            .commit("fix\n\nbpf: no subject")
            .on(&good)
            .touch("kernel/a.c")
            .make();
        s.push(&bad, "master")
            .rejected("message-pattern")
            .says("see CONTRIBUTING")
            .helps(&bad[..12]);
    });
}

#[test]
fn a_body_must_not_hold_what_is_forbidden() {
    everywhere(|s| {
        let base = s.started();
        rule(s, "in = \"body\"\nforbid = \"^Change-Id:\"");
        let good = s.commit("Change-Id: is a subject here").on(&base).make();
        s.push(&good, "master").clean();
        let bad = s
            .commit("bpf: fix\n\nWords.\nChange-Id: I1\n")
            .on(&good)
            .make();
        s.push(&bad, "master").rejected("message-pattern");
        // The other trees have no such rule.
        s.seed(&base, &["for-next"]);
        s.push(&bad, "for-next").accepted();
    });
}

#[test]
fn merges_are_passed_over_unless_the_rule_names_them() {
    everywhere(|s| {
        let base = s.started();
        rule(s, "in = \"subject\"\nrequire = \"^bpf: \"");
        let topic = s.commit("bpf: fix").on(&base).touch("kernel/a.c").make();
        let merge = s.merge("Merge branch 'x'", &[&base, &topic]).make();
        s.push(&merge, "master").clean();
        // Whoever calls a commit a merge hasn't made it one.
        let bad = s.commit("Merge branch 'x'").on(&merge).make();
        s.push(&bad, "master").rejected("message-pattern");
        rule(s, "in = \"subject\"\nrequire = \"^bpf: \"\nmerges = true");
        s.seed(&base, &["master"]);
        s.push(&merge, "master")
            .rejected("message-pattern")
            .finds("message-pattern", 1);
    });
}

#[test]
fn what_a_message_holds_never_acts_on_the_terminal() {
    everywhere(|s| {
        let base = s.started();
        rule(s, "in = \"subject\"\nforbid = \"WIP\"");
        let message = b"WIP \x1b[31m\x07 \xe2\x80\xae \xff end\n\nbody";
        let bad = s.commit(message).on(&base).make();
        let pushed = s.push(&bad, "master");
        pushed
            .rejected("message-pattern")
            .says("WIP \\x1b[31m\\x07 \\u{202e} \\xff end");
        assert!(!pushed.raw().contains(&0x1b));
    });
}

#[test]
fn a_bare_repository_of_messages_without_lines_is_judged_too() {
    everywhere(|s| {
        let base = s.started();
        rule(s, "in = \"subject\"\nrequire = \".\"");
        let tree = s.tree_of(&base);
        let empty = s.raw_commit(&tree, &[&base], "");
        s.push(&empty, "master").rejected("message-pattern");
        let only_body = s.raw_commit(&tree, &[&base], "\nbody\n");
        s.push(&only_body, "master").rejected("message-pattern");
    });
}
