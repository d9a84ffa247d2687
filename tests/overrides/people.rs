//! Who signs: how many people, and none too close to the change.

use super::signer;
use crate::support::{Format, Key, Pushed, Sandbox, ssh};

/// A server where alice and bob sign, with more lines of policy.
fn two(sandbox: &Sandbox, terms: &str, more: [&str; 2]) -> (String, Key, Key) {
    let base = sandbox.started();
    let [alice, bob] = ["alice", "bob"].map(|name| ssh(sandbox, name, "ed25519"));
    sandbox.trust(&[&alice, &bob]);
    let signers = signer("alice", &[&alice], more[0]) + &signer("bob", &[&bob], more[1]);
    sandbox.over_preset(&format!("[override]\n{terms}\n{signers}"));
    (sandbox.touch(&base, "net/core/dev.c"), alice, bob)
}

const REQUIRED: &str = "required = 2";

#[test]
fn two_people_are_two() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, alice, bob) = two(&sandbox, REQUIRED, ["", ""]);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &alice);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .rejected("denied-path")
        .says("2 people must lift this, and 1 did: alice");
    sandbox.push(&tag, &name).accepted();
    let (tag, name) = sandbox.lifting(&[&commit]).sign("bob", &bob);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .accepted()
        .says("lifted: by alice")
        .says("lifted: by bob");
}

#[test]
fn two_signatures_of_one_person_are_one() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let keys = ["one", "two", "bob"].map(|name| ssh(&sandbox, name, "ed25519"));
    let [one, two, bob] = &keys;
    sandbox.trust(&[one, two, bob]);
    let signers = signer("alice", &[one, two], "") + &signer("bob", &[bob], "");
    sandbox.over_preset(&format!("[override]\n{REQUIRED}\n{signers}"));
    let commit = sandbox.touch(&base, "net/core/dev.c");
    let (first, first_name) = sandbox.lifting(&[&commit]).sign("alice", one);
    let other = sandbox.lifting(&[&commit]).but("reason", "as I said");
    let (second, second_name) = other.sign("alice", two);
    sandbox
        .push_all(&[
            (&commit, "master"),
            (&first, &first_name),
            (&second, &second_name),
        ])
        .rejected("denied-path")
        .says("2 people must lift this, and 1 did: alice");
}

/// More than is needed is no fault.
#[test]
fn one_too_many_is_told() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, alice, bob) = two(&sandbox, "required = 1", ["", ""]);
    let (first, first_name) = sandbox.lifting(&[&commit]).sign("alice", &alice);
    let (second, second_name) = sandbox.lifting(&[&commit]).sign("bob", &bob);
    sandbox
        .push_all(&[
            (&commit, "master"),
            (&first, &first_name),
            (&second, &second_name),
        ])
        .accepted()
        .says("by alice")
        .says("by bob");
}

#[test]
fn nobody_lifts_what_is_their_own() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let emails = [
        "emails = [\"Author@example.com\"]",
        "emails = [\"bob@example.com\"]",
    ];
    let (commit, alice, bob) = two(&sandbox, "not-by-author = true", emails);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &alice);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .rejected("denied-path")
        .says("`alice` is the author: somebody else must sign");
    let (tag, name) = sandbox.lifting(&[&commit]).sign("bob", &bob);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .accepted();
}

fn push_as<'s>(sandbox: &'s Sandbox, pusher: &str, updates: &[(&str, &str)]) -> Pushed<'s> {
    sandbox.push_to(sandbox.server().as_os_str(), updates, |command| {
        if !pusher.is_empty() {
            command.env("GL_USER", pusher);
        }
    })
}

#[test]
fn nobody_lifts_what_they_push() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let accounts = ["accounts = [\"alice\"]", "accounts = [\"bob\"]"];
    let (commit, alice, _) = two(&sandbox, "not-by-pusher = true", accounts);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &alice);
    let updates = [(commit.as_str(), "master"), (&tag, &name)];
    push_as(&sandbox, "alice", &updates)
        .rejected("denied-path")
        .says("`alice` pushes: somebody else must sign");
    push_as(&sandbox, "", &updates)
        .rejected("denied-path")
        .says("it isn't known who pushes");
    push_as(&sandbox, "bob", &updates).accepted();
}
