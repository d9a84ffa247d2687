//! Shallow clones: what lies behind their end can't refuse a push, and doesn't excuse one either
//! that has nothing to do with it.

use super::on_server;
use crate::support::{Format, Local, Sandbox, UPSTREAMS, everywhere};

const NOTE: &str = "git fetch --unshallow";

/// A history of four commits on master, from before the gate: all but the last are networking.
fn history(s: &Sandbox) -> Vec<String> {
    let mut all = vec![s.base()];
    for path in ["net/core/dev.c", "net/core/dev.c", "mm/slab.c"] {
        all.push(s.touch(all.last().unwrap(), path));
    }
    s.seed(&all[3], &["master"]);
    all
}

/// A policy of one tree that denies networking; `more` are keys of that tree.
fn one_tree(s: &Sandbox, more: &str) {
    s.policy(&format!(
        "[[path-class]]\nname = \"networking\"\npaths = [\"net/**\"]\n\
         [[upstream]]\nname = \"linus\"\nrefs = [\"refs/upstream/linus/*\"]\n\
         [[tree]]\nname = \"master\"\nrefs = [\"refs/heads/master\"]\n\
         deny = [\"networking\"]\n{more}\n"
    ));
}

/// One whose tree has no upstream, so that nothing but the clone's end is unknown.
fn without_upstreams(s: &Sandbox) {
    one_tree(s, "");
}

fn with_an_upstream(s: &Sandbox) {
    one_tree(s, "upstream = [\"linus\"]");
}

/// A clone of every branch that ends after so many commits.
fn shallow<'s>(s: &'s Sandbox, depth: usize, folder: &str) -> Local<'s> {
    let depth = format!("--depth={depth}");
    let local = s.cloned(s.file_url(), folder, &[&depth, "--no-single-branch"]);
    assert_eq!(local.git(&["rev-parse", "--is-shallow-repository"]), "true");
    local.guard("origin");
    local
}

/// Fetches the upstreams, of which no more than their tips are kept.
fn fetch_upstream_tips(local: &Local<'_>) {
    local.git(&["fetch", "-q", "--depth=1", "origin", UPSTREAMS]);
}

#[test]
fn a_commit_on_the_fetched_tip_is_judged_as_ever() {
    everywhere(|s| {
        let history = history(s);
        without_upstreams(s);
        let good = s.touch(&history[3], "mm/x.c");
        let bad = s.touch(&good, "net/x.c");
        for depth in [1, 2] {
            let local = shallow(s, depth, &format!("depth-{depth}"));
            let refused = local.push(&bad, "master");
            refused.rejected("denied-path").says_no(NOTE);
            assert!(!on_server(s, &bad));
            let accepted = local.push(&good, "master");
            accepted.clean().judged("master", 1).says_no(NOTE);
            accepted.moved(&[(&good, "master")]);
            s.seed(&history[3], &["master"]);
        }
    });
}

/// The end has no parent here, so all its paths look new; what the server knows of it decides.
#[test]
fn a_new_ref_whose_history_is_cut() {
    everywhere(|s| {
        let history = history(s);
        s.seed(&history[3], &["topic"]);
        s.on_server(&["update-ref", "-d", "refs/heads/master"]);
        for (since, folder) in [(&history[2], "excused"), (&history[1], "not")] {
            one_tree(s, &format!("since = \"{since}\""));
            let local = shallow(s, 1, folder);
            let refspec = format!("{}:refs/heads/master", history[3]);
            let warned = local.push_as(&["origin", &refspec]);
            warned.warned("denied-path").says(NOTE);
            if folder == "excused" {
                warned.moved(&[(&history[3], "master")]);
                s.on_server(&["update-ref", "-d", "refs/heads/master"]);
            } else {
                warned.rejected_by_server("denied-path");
            }
        }
    });
}

/// The ref stands behind the end, at a commit that came here by itself.
#[test]
fn a_rewind_that_cannot_be_told() {
    let s = &Sandbox::new(Format::Sha1Files);
    let history = history(s);
    without_upstreams(s);
    let local = shallow(s, 1, "local");
    s.seed(&history[1], &["master"]);
    local.git(&["fetch", "-q", "--depth=1", "origin", "master"]);
    let refspec = format!("+{}:refs/heads/master", history[3]);
    let warned = local.push_as(&["origin", &refspec]);
    warned.warned("ref-rewound").says(NOTE);
    warned.rejected_by_server("denied-path");
    assert!(!warned.servers().contains("ref-rewound"));
    local.git(&["fetch", "-q", "--unshallow", "origin"]);
    let refused = local.push_as(&["origin", &refspec]);
    refused.rejected("denied-path");
    refused.says_no("ref-rewound").says_no(NOTE);
}

/// A commit that was pushed and is then made anew: what it was is lost, whatever lies behind.
#[test]
fn a_rewind_that_can_be_told() {
    let s = &Sandbox::new(Format::Sha1Files);
    let history = history(s);
    without_upstreams(s);
    let local = shallow(s, 1, "local");
    let first = s.touch(&history[3], "mm/x.c");
    local.push(&first, "master").clean();
    // Another end, newer than what is lost: what is pushed doesn't stand on it.
    s.seed(
        &s.touch(&s.touch(&history[3], "mm/a.c"), "mm/b.c"),
        &["topic"],
    );
    local.git(&["fetch", "-q", "--depth=1", "origin", "topic"]);
    let again = s.touch(&history[3], "mm/y.c");
    let refused = local.push_to("--force origin", &[(&again, "master")]);
    refused.rejected("ref-rewound").says_no(NOTE);
}

/// The side branch was fetched whole, so that the base of both is here; but from the end of
/// master nothing leads to it.
#[test]
fn a_merge_of_a_branch_that_forked_behind_the_end() {
    let s = &Sandbox::new(Format::Sha1Files);
    let history = history(s);
    without_upstreams(s);
    let topic = s.touch(&history[2], "mm/topic.c");
    let merge = s.merge("Merge topic", &[&history[3], &topic]).make();
    let local = shallow(s, 1, "local");
    local.take(&topic);
    let warned = local.push(&merge, "master");
    warned.warned("denied-path").says(NOTE);
    warned.moved(&[(&merge, "master")]);
    assert!(warned.servers().contains("master (2 commits)"));
}

/// What is merged came in by an upstream, so that the merge is all that enters. Without the base
/// of the two, a path that they differ in looks as if the merge had settled it.
#[test]
fn a_merge_whose_base_is_behind_the_end() {
    everywhere(|s| {
        let history = history(s);
        with_an_upstream(s);
        let theirs = s.touch(&s.touch(&history[1], "net/core/sock.c"), "net/x.c");
        s.seed(&theirs, &["refs/upstream/linus/master"]);
        let merge = s.merge("Merge linus", &[&history[3], &theirs]).make();
        let local = shallow(s, 1, "local");
        fetch_upstream_tips(&local);
        let pushed = local.push(&merge, "master");
        pushed.warned("denied-path").says(NOTE);
        pushed.judged("master", 1).moved(&[(&merge, "master")]);
    });
}

/// The upstream has them already, but this clone has no more of it than its tip.
#[test]
fn commits_that_a_shallow_upstream_could_have() {
    let s = &Sandbox::new(Format::Sha1Files);
    let history = history(s);
    with_an_upstream(s);
    let local = shallow(s, 1, "local");
    let theirs = s.touch(&history[3], "net/theirs.c");
    let upstream = s.touch(&s.touch(&theirs, "net/x.c"), "net/y.c");
    s.seed(&upstream, &["refs/upstream/linus/master"]);
    fetch_upstream_tips(&local);
    // Older than the upstream's tip: it may be in it, and it is.
    let warned = local.push(&theirs, "master");
    warned.warned("denied-path").says(NOTE);
    warned.moved(&[(&theirs, "master")]);
    // Newer: it can't be.
    let mine = s.touch(&theirs, "net/mine.c");
    let refused = local.push(&mine, "master");
    refused.rejected("denied-path").says_no(NOTE);
}
