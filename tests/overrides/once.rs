//! Each rule about a ref's update, lifted once by an override of that update.

use super::signer;
use crate::support::{Format, Key, Pushed, Sandbox, ssh};

const MAY: &str = "may-override = [\"too-much\", \"ref-created\", \"ungoverned-ref\", \
                   \"upstream-ref-pushed\", \"denied-path\"]\n";

/// A server where alice may lift anything that an update's override can, with more policy.
fn server(sandbox: &Sandbox, more: &str) -> (String, Key) {
    let base = sandbox.started();
    let key = ssh(sandbox, "alice", "ed25519");
    sandbox.trust(&[&key]);
    sandbox.over_preset(&format!("{more}{}", signer("alice", &[&key], MAY)));
    (base, key)
}

/// The update is refused, accepted with its override, and refused again once the ref is back.
fn lifts_once<'s>(
    sandbox: &'s Sandbox,
    key: &Key,
    rule: &str,
    (name, new): (&str, &str),
) -> Pushed<'s> {
    let old = sandbox.at_ref(name).unwrap_or_default();
    sandbox.push(new, name).rejected(rule);
    let full = match name.starts_with("refs/") {
        true => name.to_owned(),
        false => format!("refs/heads/{name}"),
    };
    let statement = sandbox.lifting_update(rule, &old, new).but("ref", &full);
    let (tag, tag_name) = statement.sign("alice", key);
    let both = [(new, name), (tag.as_str(), tag_name.as_str())];
    let pushed = sandbox.push_all(&both);
    pushed.accepted().says(&format!("lifted[{rule}]"));
    match old.as_str() {
        "" => sandbox.on_server(&["update-ref", "-d", &full]),
        old => sandbox.on_server(&["update-ref", &full, old]),
    };
    sandbox.push(new, name).rejected(rule);
    sandbox.push_all(&both).rejected(rule);
    pushed
}

#[test]
fn too_much() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (base, key) = server(&sandbox, "[budget]\ncommits = 2\n");
    let tip = sandbox.line(&base, 3, |at| format!("net/f{at}.c"));
    lifts_once(&sandbox, &key, "too-much", ("master", &tip))
        .says("note: too-much is lifted: no commit of refs/heads/master was judged");
}

#[test]
fn ref_created() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let more = "[[tree]]\nname = \"topics\"\nrefs = [\"refs/heads/topic/*\"]\ncreate = false\n";
    let (base, key) = server(&sandbox, more);
    lifts_once(&sandbox, &key, "ref-created", ("topic/x", &base));
}

#[test]
fn ungoverned_ref() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (base, key) = server(&sandbox, "default = \"deny\"\n");
    lifts_once(&sandbox, &key, "ungoverned-ref", ("refs/notes/x", &base));
}

#[test]
fn upstream_ref_pushed() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (base, key) = server(&sandbox, "");
    let name = "refs/upstream/linus/master";
    lifts_once(&sandbox, &key, "upstream-ref-pushed", (name, &base));
}

/// What no tree governs is lifted by those alone who may lift on every ref.
#[test]
fn a_grant_on_trees_is_none_on_other_refs() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let key = ssh(&sandbox, "alice", "ed25519");
    sandbox.trust(&[&key]);
    let more = format!("{MAY}trees = [\"bpf-next/*\"]\n");
    let alice = signer("alice", &[&key], &more);
    sandbox.over_preset(&format!("default = \"deny\"\n{alice}"));
    let refused = sandbox.push(&base, "refs/notes/x");
    refused.rejected("ungoverned-ref").says_no("override sign");
    let statement = sandbox.lifting_update("ungoverned-ref", "", &base);
    let (tag, name) = statement.but("ref", "refs/notes/x").sign("alice", &key);
    sandbox
        .push_all(&[(&base, "refs/notes/x"), (&tag, &name)])
        .rejected("bad-override")
        .says("may not lift anything on refs that no tree governs");
}

/// Of two refs in one push, an override lifts what is wrong with the one that it names.
#[test]
fn one_of_two_refs() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let more =
        "[[tree]]\nname = \"topics\"\nrefs = [\"refs/heads/topic/*\"]\ndeny = [\"networking\"]\n";
    let (base, key) = server(&sandbox, more);
    let commit = sandbox.touch(&base, "net/core/dev.c");
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    sandbox
        .push_all(&[(&commit, "master"), (&commit, "topic/x"), (&tag, &name)])
        .rejected("denied-path")
        .says("lifted[denied-path]")
        .says("the override of alice doesn't lift this: it is for refs/heads/master");
}
