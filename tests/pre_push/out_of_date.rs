//! What a clone doesn't know, or not any more, and can't ask for: it is told, and refuses nothing
//! that the server might accept.

use super::{Scene, on_server};
use crate::support::{Format, LocalPush, Sandbox, UPSTREAMS, everywhere};

/// A colleague pushed to master meanwhile.
fn race(s: &Sandbox) -> Scene<'_> {
    let scene = Scene::of(s);
    s.seed(&s.touch(&scene.base, "mm/theirs.c"), &["master"]);
    scene
}

fn push<'s>(scene: &Scene<'s>, options: &[&str], commit: &str) -> LocalPush<'s> {
    let refspec = format!("{commit}:refs/heads/master");
    let words = [options, &[refspec.as_str()]].concat();
    scene.local.push_as(&words)
}

const OUTDATED: &str = "which may be out of date: `git fetch origin`";
const UNKNOWN: &str = "so what is new there can't be told: `git fetch origin`";

#[test]
fn a_ref_that_moved_is_judged_from_where_it_was() {
    everywhere(|s| {
        let race = race(s);
        let (networking, core) = (&race.networking, &race.core);
        let url = s.server().to_str().unwrap();
        for to in ["origin", url] {
            let refused = push(&race, &[to], networking);
            refused.rejected("denied-path").says(OUTDATED);
            push(&race, &["--force", to], networking).rejected("denied-path");
            // git itself refuses it then, before anything is sent.
            let accepted = push(&race, &[to], core);
            accepted.clean().says(OUTDATED).unsent();
            assert!(accepted.all().contains("fetch first"));
            // A rewind that only the server can see.
            let accepted = push(&race, &["--force", to], core);
            accepted.clean().says(OUTDATED);
            accepted.rejected_by_server("ref-rewound");
        }
        race.local.git(&["fetch", "-q", "origin"]);
        let refused = push(&race, &["--force", "origin"], core);
        refused.rejected("ref-rewound").says_no(OUTDATED);
    });
}

#[test]
fn a_ref_of_which_nothing_is_known_refuses_nothing() {
    let s = &Sandbox::new(Format::Sha1Files);
    let race = race(s);
    let local = &race.local;
    local.git(&["config", "--unset-all", "remote.origin.fetch", "heads"]);
    let (networking, core) = (&race.networking, &race.core);
    let warned = push(&race, &["origin"], networking);
    warned.warned("denied-path").says(UNKNOWN).unsent();
    push(&race, &["origin"], core).says(UNKNOWN).unsent();
    let warned = push(&race, &["--force", "origin"], networking);
    warned.warned("denied-path").says(UNKNOWN);
    warned.rejected_by_server("denied-path");
    assert!(warned.servers().contains("error[ref-rewound]"));
    local
        .push_as(&["origin", ":master"])
        .rejected("ref-deleted");
}

/// The remote was never fetched from: all that is known is what it just said.
#[test]
fn a_remote_that_was_never_fetched_from() {
    let s = &Sandbox::new(Format::Sha1Files);
    let race = race(s);
    let local = &race.local;
    let base = &race.base;
    local.git(&["remote", "add", "work", s.server().to_str().unwrap()]);
    local.git(&["config", "--unset", "remote.origin.treewarden"]);
    local.guard("work");
    let warned = push(&race, &["work"], &race.networking);
    warned
        .warned("denied-path")
        .says("`git fetch work`")
        .unsent();
    s.seed(base, &["master"]);
    let refused = push(&race, &["work"], &race.networking);
    refused.rejected("denied-path");
}

/// In a mirror, and wherever else a fetch goes into branches, these are what somebody works on.
#[test]
fn a_branch_that_is_fetched_into_proves_nothing() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.started_with_upstreams();
    let mirror = s.cloned(s.server(), "mirror.git", &["--mirror"]);
    mirror.git(&["config", "--unset", "remote.origin.mirror"]);
    mirror.guard("origin");
    let bad = s.touch(&base, "net/core/dev.c");
    mirror.take(&bad);
    mirror.git(&["update-ref", "refs/heads/master", &bad]);
    mirror
        .push_as(&["origin", "master"])
        .rejected("denied-path");
    s.seed(&s.touch(&base, "mm/theirs.c"), &["master"]);
    let warned = mirror.push_as(&["--force", "origin", "master"]);
    warned.warned("denied-path").says(UNKNOWN);
    warned.rejected_by_server("denied-path");
}

/// The tree has two refs, and both hold what was there before the gate.
#[test]
fn a_new_ref_of_a_tree_whose_others_are_not_fetched() {
    everywhere(|s| {
        let Scene {
            local, networking, ..
        } = Scene::of(s);
        local.unanswered();
        s.seed(&networking, &["master"]);
        // What a clone of a single branch has.
        let all = "+refs/heads/*:refs/remotes/origin/*";
        let net = "+refs/heads/net:refs/remotes/origin/net";
        local.git(&["config", "--fixed-value", "remote.origin.fetch", net, all]);
        let created = [(&*networking, "refs/heads/bpf-next/master")];
        let warned = local.push_all(&created);
        warned.warned("denied-path");
        warned.says("refs/heads/master of origin isn't fetched into this clone");
        warned.says("`git remote set-branches origin '*' && git fetch origin`");
        warned.moved(&created);
        s.on_server(&["update-ref", "-d", "refs/heads/bpf-next/master"]);
        local.git(&["remote", "set-branches", "origin", "*"]);
        local.git(&["config", "--add", "remote.origin.fetch", UPSTREAMS]);
        local.git(&["fetch", "-q", "origin"]);
        local
            .push_all(&created)
            .clean()
            .judged("bpf-next/master", 0);
    });
}

/// Where they are fetched, and none was there, they excuse nothing.
#[test]
fn a_new_ref_of_a_tree_whose_others_would_be_fetched() {
    let s = &Sandbox::new(Format::Sha1Files);
    let Scene {
        local, networking, ..
    } = Scene::of(s);
    local.unanswered();
    s.on_server(&["update-ref", "-d", "refs/heads/master"]);
    local.git(&["fetch", "-q", "--prune", "origin"]);
    let refused = local.push(&networking, "refs/heads/bpf-next/master");
    refused.rejected("denied-path").says_no("isn't fetched");
    // A fetch that leaves it out.
    let excluded = "^refs/heads/master";
    local.git(&["config", "--add", "remote.origin.fetch", excluded]);
    let warned = local.push(&networking, "refs/heads/bpf-next/master");
    warned.warned("denied-path").says("isn't fetched");
    warned.rejected_by_server("denied-path");
}

#[test]
fn an_upstream_that_is_not_here_excuses_until_it_is_fetched() {
    everywhere(|s| {
        let base = s.started_with_upstreams();
        let local = s.cloned(s.server(), "local", &[]);
        local.guard("origin").unanswered();
        let networking = s.touch(&base, "net/core/dev.c");
        let warned = local.push(&networking, "master");
        warned.warned("denied-path");
        warned.says("no ref here holds the upstream linus (refs/upstream/linus/*), bpf (refs/upstream/bpf/*)");
        warned.rejected_by_server("denied-path");
        // The command that the note gives.
        let said = warned.ours();
        let (_, command) = said.split_once("; `git ").unwrap();
        let (command, _) = command.split_once('`').unwrap();
        let words: Vec<String> = command
            .split(' ')
            .map(|word| word.replace('\'', ""))
            .collect();
        local.git(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let refused = local.push(&networking, "master");
        refused.rejected("denied-path").says_no("no ref here");
        // What it has, it excuses.
        s.seed(&networking, &["refs/upstream/bpf/master"]);
        let refused = local.push(&networking, "master");
        refused.rejected("denied-path");
        local.git(&words.iter().map(String::as_str).collect::<Vec<_>>());
        local
            .push(&networking, "master")
            .clean()
            .judged("bpf-next/master", 0);
    });
}

/// It excuses what could have come from it, and nothing else.
#[test]
fn an_upstream_that_is_not_here_excuses_no_update() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.started_with_upstreams();
    let tip = s.touch(&base, "mm/slab.c");
    s.seed(&tip, &["master"]);
    s.over_preset("default = \"deny\"\n[[tree]]\nname = \"bpf-next/master\"\ncreate = false\n");
    let local = s.cloned(s.server(), "local", &[]);
    local.guard("origin");
    for (options, commit, name, code) in [
        ("origin", "", "master", "ref-deleted"),
        ("--force origin", &*base, "master", "ref-rewound"),
        ("origin", &tip, "bpf-next/master", "ref-created"),
        ("origin", &tip, "topic", "ungoverned-ref"),
        (
            "origin",
            &tip,
            "refs/upstream/linus/x",
            "upstream-ref-pushed",
        ),
        ("origin", &tip, "Master", "bad-update"),
    ] {
        local.push_to(options, &[(commit, name)]).rejected(code);
    }
}

/// An upstream below `refs/heads/` is the server's branch, and not the one of that name here.
#[test]
fn a_local_branch_is_no_upstream() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.base();
    s.seed(&base, &["master", "other"]);
    s.policy(
        "[[path-class]]\nname = \"networking\"\npaths = [\"net/**\"]\n\
             [[upstream]]\nname = \"other\"\nrefs = [\"refs/heads/other\"]\n\
             [[tree]]\nname = \"master\"\nrefs = [\"refs/heads/master\"]\n\
             upstream = [\"other\"]\ndeny = [\"networking\"]\n",
    );
    let local = s.local();
    local.unanswered();
    let networking = s.touch(&base, "net/core/dev.c");
    local.take(&networking);
    local.git(&["update-ref", "refs/heads/other", &networking]);
    local.push(&networking, "master").rejected("denied-path");
    assert!(!on_server(s, &networking));
    s.seed(&networking, &["other"]);
    local.push(&networking, "master").rejected("denied-path");
    local.git(&["fetch", "-q", "origin"]);
    local
        .push(&networking, "master")
        .clean()
        .judged("master", 0);
    // Without the remote-tracking ref nothing is known of it.
    local.git(&["update-ref", "-d", "refs/remotes/origin/other"]);
    let more = s.touch(&networking, "net/x.c");
    let warned = local.push(&more, "master");
    warned
        .warned("denied-path")
        .says("the upstream other (refs/heads/other)");
    warned.rejected_by_server("denied-path");
}

/// What was fetched from the server is nearer to the truth than what an older fetch left.
#[test]
fn an_upstream_that_is_here_twice() {
    let s = &Sandbox::new(Format::Sha1Files);
    let Scene {
        local, networking, ..
    } = Scene::of(s);
    local.unanswered();
    s.seed(&networking, &["refs/upstream/bpf/master"]);
    let beside = "+refs/upstream/*:refs/remotes/origin/upstream/*";
    local.git(&[
        "config",
        "--unset",
        "--fixed-value",
        "remote.origin.fetch",
        UPSTREAMS,
    ]);
    local.git(&["config", "--add", "remote.origin.fetch", beside]);
    local.push(&networking, "master").rejected("denied-path");
    local.git(&["fetch", "-q", "origin"]);
    local
        .push(&networking, "master")
        .clean()
        .judged("bpf-next/master", 0);
}

/// A push that would give the tree its upstream, and the upstream its commits, at one blow.
#[test]
fn a_push_cannot_bring_its_own_excuse() {
    let s = &Sandbox::new(Format::Sha1Files);
    let Scene {
        local, networking, ..
    } = Scene::of(s);
    local.git(&["update-ref", "refs/upstream/bpf/mine", &networking]);
    let refspec = format!("{networking}:refs/heads/master");
    let upstream = "refs/upstream/bpf/mine";
    let refused = local.push_as(&["origin", &refspec, upstream]);
    refused.rejected("upstream-ref-pushed");
    refused.says("error[denied-path]");
}
