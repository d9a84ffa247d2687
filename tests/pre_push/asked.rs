//! Before commits are held against a push, the remote is asked what its refs hold now.

use super::{Scene, on_server};
use crate::support::{Format, Sandbox, everywhere};

/// Commits that an upstream has by now, and that came here from elsewhere.
#[test]
fn an_upstream_that_moved_since_excuses_what_it_has() {
    everywhere(|s| {
        let Scene {
            local, networking, ..
        } = Scene::of(s);
        local.push(&networking, "master").rejected("denied-path");
        s.seed(&networking, &["refs/upstream/net-next/main"]);
        let refused = local.push(&networking, "master");
        refused.rejected("denied-path");
        s.seed(&networking, &["refs/upstream/bpf/master"]);
        local
            .push(&networking, "master")
            .clean()
            .judged("bpf-next/master", 0);
    });
}

/// What it has may be among them.
#[test]
fn an_upstream_at_what_is_not_here_excuses_by_doubt() {
    everywhere(|s| {
        let Scene {
            local, networking, ..
        } = Scene::of(s);
        local.take(&networking);
        let newer = s.touch(&networking, "mm/slab.c");
        s.seed(&newer, &["refs/upstream/bpf/master"]);
        let pushed = local.push_as(&["origin", &format!("{networking}:refs/heads/master")]);
        pushed.warned("denied-path");
        pushed.says("refs/upstream/bpf/master of origin is at");
        pushed.says("`git fetch origin`");
        assert_eq!(s.at_ref("master"), Some(networking.clone()));
        local.git(&["fetch", "-q", "origin"]);
        let more = s.touch(&networking, "net/x.c");
        local.push(&more, "master").rejected("denied-path");
        assert!(!on_server(s, &more));
    });
}

/// A clone that has none of the upstreams still knows what the server says of a commit.
#[test]
fn upstreams_that_were_never_fetched() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.started_with_upstreams();
    let local = s.cloned(s.server(), "local", &[]);
    local.guard("origin");
    let networking = s.touch(&base, "net/core/dev.c");
    let refused = local.push(&networking, "master");
    refused.rejected("denied-path").says_no("no ref here holds");
    // One that the server doesn't have either excuses nothing, and is named as there.
    s.on_server(&["update-ref", "-d", "refs/upstream/bpf/master"]);
    let refused = local.push(&networking, "master");
    refused.rejected("denied-path");
    refused.says("no ref holds the upstream bpf (refs/upstream/bpf/*)");
}

/// The tree's other ref has the commit, and no fetch brings it here.
#[test]
fn the_trees_other_refs_are_asked_for() {
    let s = &Sandbox::new(Format::Sha1Files);
    let Scene {
        local, networking, ..
    } = Scene::of(s);
    let net = "+refs/heads/net:refs/remotes/origin/net";
    local.git(&["config", "--unset-all", "remote.origin.fetch", "heads"]);
    local.git(&["config", "--add", "remote.origin.fetch", net]);
    s.seed(&networking, &["master"]);
    let created = [(&*networking, "refs/heads/bpf-next/master")];
    local
        .push_all(&created)
        .clean()
        .judged("bpf-next/master", 0);
}

/// A server need not show its upstreams to those who fetch: then nothing is known but what is here.
#[test]
fn a_server_that_hides_its_upstreams() {
    let s = &Sandbox::new(Format::Sha1Files);
    let Scene {
        local, networking, ..
    } = Scene::of(s);
    s.on_server(&["config", "uploadpack.hideRefs", "refs/upstream"]);
    local.push(&networking, "master").rejected("denied-path");
    let bare = s.cloned(s.server(), "bare", &[]);
    bare.guard("origin");
    let warned = bare.push(&networking, "master");
    warned.warned("denied-path").says("no ref here holds");
    warned.rejected_by_server("denied-path");
}

/// A push that nothing is held against makes one connection, as ever.
#[test]
fn nothing_is_asked_without_need() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    for (commit, asks) in [(&scene.networking, true), (&scene.core, false)] {
        let pushed = scene.local.push(commit, "master");
        assert_eq!(pushed.asked_remote(), asks, "{}", pushed.all());
    }
}
