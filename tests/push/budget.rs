//! `too-much`: no history and no tree object can hang the server.

use std::fmt::Write as _;

use crate::support::{Sandbox, everywhere};

/// A tree object of ten equal entries.
fn ten(s: &Sandbox, mode: &str, oid: &str) -> String {
    let listing = (0..10).fold(String::new(), |mut text, at| {
        let kind = if mode == "040000" { "tree" } else { "blob" };
        writeln!(text, "{mode} {kind} {oid}\t{at}").unwrap();
        text
    });
    s.git_with(&["mktree"], listing.as_bytes())
}

/// Ten levels of ten equal subtrees below `net/`: 10^10 paths in eleven objects.
fn bomb(s: &Sandbox, base: &str) -> String {
    let mut tree = ten(s, "100644", &s.blob("x"));
    for _ in 1..10 {
        tree = ten(s, "040000", &tree);
    }
    let top = s.git_with(&["mktree"], format!("040000 tree {tree}\tnet\n").as_bytes());
    s.commit_tree(&top, &[base])
}

#[test]
fn more_commits_than_the_budget_are_too_much() {
    everywhere(|s| {
        let base = s.started();
        s.over_preset("[budget]\ncommits = 2\n");
        let tip = s.line(&base, 3, |at| format!("kernel/f{at}.c"));
        s.push(&tip, "master")
            .rejected("too-much")
            .says("enter than 2")
            .helps("budget");
        s.push(&s.touch(&base, "kernel/f.c"), "master").clean();
    });
}

#[test]
fn more_tree_objects_than_the_budget_are_too_much() {
    everywhere(|s| {
        let base = s.started();
        s.over_preset("[budget]\ntree-objects = 5\n");
        let tip = s.line(&base, 5, |at| format!("kernel/a/b/c/f{at}.c"));
        s.push(&tip, "master")
            .rejected("too-much")
            .says("5 tree objects");
    });
}

/// The budget is the push's: it isn't had again for each ref.
#[test]
fn several_refs_share_one_budget() {
    everywhere(|s| {
        let base = s.started();
        s.over_preset("[budget]\ncommits = 3\n");
        let core = s.line(&base, 2, |at| format!("kernel/f{at}.c"));
        let networking = s.line(&base, 2, |at| format!("net/f{at}.c"));
        s.push_all(&[(&core, "master"), (&networking, "net")])
            .rejected("too-much");
        s.push(&core, "master").clean();
        s.push(&networking, "net").clean();
    });
}

/// Equal objects are compared once, so it costs what its eleven objects cost, also to count.
#[test]
fn a_tree_of_ten_thousand_million_paths_is_judged_at_once() {
    everywhere(|s| {
        let base = s.started();
        s.over_preset("[budget]\ntree-objects = 100\n");
        let bomb = bomb(s, &base);
        s.push(&bomb, "master")
            .rejected("denied-path")
            .says("net/0/0/0/0/0/0/0/0/0/7")
            .says("9999999993 more");
        s.push(&bomb, "net").clean();
    });
}

/// A tree can be lenient with its own rules, but not with the server's time: what couldn't be
/// judged is said, and where the tree only warns it is still accepted by choice.
#[test]
fn too_much_can_be_a_warning_where_the_policy_says_so() {
    everywhere(|s| {
        let base = s.started();
        s.over_preset(
            "[budget]\ncommits = 2\n\
             [[tree]]\nname = \"bpf-next/master\"\nenforce = \"warn\"\n",
        );
        let tip = s.line(&base, 3, |at| format!("kernel/f{at}.c"));
        s.push(&tip, "master").warned("too-much");
    });
}

/// A tree bomb on a branch that no tree governs is nobody's business.
#[test]
fn ungoverned_refs_cost_nothing() {
    everywhere(|s| {
        let base = s.started();
        s.over_preset("[budget]\ncommits = 1\ntree-objects = 1\n");
        let tip = s.line(&base, 10, |at| format!("net/f{at}.c"));
        s.push(&tip, "topic").accepted();
    });
}

#[test]
fn folders_nested_beyond_all_measure_are_refused() {
    everywhere(|s| {
        let base = s.started();
        // git itself stops at 2048 folders, unless it is told not to.
        for git_dir in [s.client(), s.server().to_owned()] {
            let mut command = s.git_in(&git_dir);
            command.args(["config", "core.maxTreeDepth", "10000"]);
            assert!(command.status().unwrap().success());
        }
        let deep = |levels: usize| {
            let path = format!("net/{}f", "d/".repeat(levels));
            s.commit("deep").on(&base).touch(path).make()
        };
        s.push(&deep(500), "master").rejected("denied-path");
        // What the top folder is called is enough.
        s.push(&deep(3000), "master").rejected("denied-path");
        s.policy(
            "[[path-class]]\nname = \"named\"\npaths = [\"**/name\"]\n\
             [[tree]]\nname = \"master\"\nrefs = [\"refs/heads/master\"]\ndeny = [\"named\"]\n",
        );
        s.push(&deep(500), "master").clean();
        s.push(&deep(3000), "master").rejected("too-much");
    });
}

/// Advice is worked out once all is judged, from what is left: it never costs a verdict.
#[test]
fn advice_takes_nothing_from_what_is_still_to_be_judged() {
    everywhere(|s| {
        let base = s.started();
        let bad = s.touch(&base, "net/a.c");
        let good = s.touch(&base, "net/b.c");
        s.seed(&bad, &["bad"]);
        s.seed(&good, &["good"]);
        let refused = format!("{base} {bad} refs/heads/master\n");
        let accepted = format!("{base} {good} refs/heads/net\n");
        let too_much = |budget: usize, lines: &[&str]| {
            s.over_preset(&format!("[budget]\ntree-objects = {budget}\n"));
            let run = s.hook(lines.concat());
            String::from_utf8_lossy(run.raw()).contains("too-much")
        };
        let enough = (1..100)
            .find(|budget| !too_much(*budget, &[&accepted, &refused]))
            .unwrap();
        assert!(enough > 1 && !too_much(enough, &[&refused, &accepted]));
    });
}
