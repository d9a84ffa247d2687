//! What the check before a push makes of overrides: what a client can tell, and what only the
//! server does.

use super::with_alice;
use crate::support::{Format, Key, Local, Sandbox, in_hours, ssh};

/// A networking commit, and the key of alice; nothing is missing that a clone would have to know.
fn refused(sandbox: &Sandbox) -> (String, Key) {
    let base = sandbox.started_with_upstreams();
    let key = ssh(sandbox, "alice", "ed25519");
    with_alice(sandbox, &key);
    (sandbox.touch(&base, "net/core/dev.c"), key)
}

/// A clone that judges by the server's policy, with a commit that master refuses.
fn with_policy<'s>(sandbox: &'s Sandbox, commit: &str) -> Local<'s> {
    let local = sandbox.local();
    let policy = sandbox.folder().join("policy.toml");
    local.git(&["config", "treewarden.policy", policy.to_str().unwrap()]);
    local.take(commit);
    local
}

#[test]
fn what_comes_along_lifts_as_far_as_a_client_can_tell() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let local = with_policy(&sandbox, &commit);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    local.take(&tag);
    let pushed = local.push_all(&[(&commit, "master"), (&tag, &name)]);
    pushed.moved(&[(&commit, "master"), (&tag, &name)]);
    assert!(
        pushed
            .ours()
            .contains("lifted: by alice, if the server finds the signature to be theirs"),
        "{}",
        pushed.ours()
    );
}

#[test]
fn what_the_server_has_may_lift_it() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let local = with_policy(&sandbox, &commit);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    local.push(&commit, "master").rejected("denied-path");
    sandbox.push(&tag, &name).accepted();
    local
        .push(&commit, "master")
        .warned("denied-path")
        .says("the server has an override for this push, which isn't here")
        .moved(&[(&commit, "master")]);
}

#[test]
fn what_can_not_count_is_not_sent() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let local = with_policy(&sandbox, &commit);
    let statement = sandbox.lifting(&[&commit]).but("expires", &in_hours(-1));
    let (tag, name) = statement.sign("alice", &key);
    local.take(&tag);
    local
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .rejected("bad-override")
        .says("it expired at ");
}

/// An override that stands on the server names more commits than the one that it points at; which,
/// a clone that doesn't have it can't tell.
#[test]
fn what_the_server_has_may_lift_all_that_is_pushed() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (first, key) = refused(&sandbox);
    let second = sandbox.touch(&first, "net/core/more.c");
    let local = with_policy(&sandbox, &second);
    let (tag, name) = sandbox.lifting(&[&second, &first]).sign("alice", &key);
    sandbox.push(&tag, &name).accepted();
    local.push(&first, "master").rejected("denied-path");
    local
        .push(&second, "master")
        .warned("denied-path")
        .moved(&[(&second, "master")]);
}
