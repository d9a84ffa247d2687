//! Overrides of a ref's update, and the refs of overrides.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use super::refused;
use crate::support::{Format, Sandbox};

/// Master rewound to its parent: the values, and the override for it.
struct Rewind {
    old: String,
    new: String,
    tag: String,
    name: String,
}

fn rewind(sandbox: &Sandbox) -> Rewind {
    let (_, key) = refused(sandbox);
    let new = sandbox.at_ref("master").unwrap();
    let old = sandbox.touch(&new, "kernel/bpf/btf.c");
    sandbox.push(&old, "master").accepted();
    let (tag, name) = sandbox
        .lifting_update("ref-rewound", &old, &new)
        .sign("alice", &key);
    Rewind {
        old,
        new,
        tag,
        name,
    }
}

#[test]
fn a_rewind_is_lifted_in_the_very_push() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let it = rewind(&sandbox);
    sandbox.push(&it.new, "master").rejected("ref-rewound");
    sandbox
        .push_all(&[(&it.new, "master"), (&it.tag, &it.name)])
        .accepted()
        .says("lifted[ref-rewound]");
}

#[test]
fn an_updates_override_does_not_go_ahead() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let it = rewind(&sandbox);
    sandbox
        .push(&it.tag, &it.name)
        .rejected("bad-override")
        .says("counts only in the push that makes that very update");
}

#[test]
fn an_updates_override_is_spent_with_it() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let it = rewind(&sandbox);
    let both = [(it.new.as_str(), "master"), (&it.tag, &it.name)];
    sandbox.push_all(&both).accepted();
    sandbox
        .tell(&["override", "verify", "--repository", "server.git"])
        .ended(1)
        .says("doesn't count: it came with the update that it is for, and is spent");
    sandbox.push(&it.old, "master").accepted();
    // The very same update again: the override stands there, and the tag can't be pushed anew.
    sandbox.push(&it.new, "master").rejected("ref-rewound");
    sandbox.push_all(&both).rejected("ref-rewound");
}

#[test]
fn another_update_is_not_lifted() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let it = rewind(&sandbox);
    let further = sandbox.touch(&it.old, "kernel/bpf/verifier.c");
    sandbox.push(&further, "master").accepted();
    sandbox
        .push_all(&[(&it.new, "master"), (&it.tag, &it.name)])
        .rejected("ref-rewound")
        .rejected("bad-override");
}

#[test]
fn a_deletion_is_lifted() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (_, key) = refused(&sandbox);
    let old = sandbox.at_ref("master").unwrap();
    sandbox.delete("master").rejected("ref-deleted");
    let (tag, name) = sandbox
        .lifting_update("ref-deleted", &old, "")
        .sign("alice", &key);
    sandbox
        .push_all(&[("", "master"), (&tag, &name)])
        .accepted()
        .says("lifted[ref-deleted]");
}

#[test]
fn overrides_are_written_once() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let statement = sandbox.lifting(&[&commit]);
    let (tag, name) = statement.sign("alice", &key);
    sandbox.push(&tag, &name).accepted();
    sandbox.delete(&name).rejected("override-ref-changed");
    // As good as the other, and yet another object: a minute later.
    sandbox.touch(&commit, "net/core/dev.c");
    let (again, _) = statement.sign("alice", &key);
    assert_ne!(tag, again);
    sandbox.push(&again, &name).rejected("override-ref-changed");
    sandbox
        .push(&commit, &name)
        .rejected("override-ref-changed");
}

#[test]
fn the_folder_of_overrides_is_guarded() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    for (name, code) in [
        ("refs/overrides".to_owned(), "bad-override"),
        (name.replace("overrides", "Overrides"), "bad-update"),
        (
            name.replace("refs/", "refs/namespaces/x/refs/"),
            "bad-update",
        ),
    ] {
        sandbox.push(&tag, &name).rejected(code);
    }
}

/// Where nobody is named as a signer, nothing is kept that looks like somebody's word.
#[test]
fn without_signers_there_are_no_overrides() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    sandbox.install("preset:bpf-next");
    sandbox
        .push(&tag, &name)
        .rejected("bad-override")
        .says("no [[signer]] called `alice`");
    sandbox
        .push(&commit, "master")
        .rejected("denied-path")
        .says_no("override sign");
}

/// A server that hides the folder would make the update and keep no trace of its override, which
/// then could be used again.
#[test]
fn a_server_that_hides_overrides_takes_none() {
    for (key, value) in [
        ("receive.hideRefs", "refs/overrides"),
        ("transfer.hideRefs", "refs/overrides/"),
    ] {
        let sandbox = Sandbox::new(Format::Sha1Files);
        let it = rewind(&sandbox);
        sandbox.on_server(&["config", "--add", key, value]);
        let both = [(it.new.as_str(), "master"), (&it.tag, &it.name)];
        let hidden = sandbox.push_all(&both);
        hidden
            .rejected("bad-override")
            .says("this server hides refs/overrides");
        sandbox.on_server(&["config", "--add", key, "!refs/overrides"]);
        sandbox.push_all(&both).accepted();
    }
}

/// Another hook refuses the tag alone, and git moves the rest: the audit log remembers it.
#[test]
fn an_updates_override_that_was_not_kept_counts_once() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let it = rewind(&sandbox);
    let hook = sandbox.server().join("hooks/update");
    let text = "#!/bin/sh\ncase $1 in refs/overrides/*) exit 1 ;; esac\n";
    std::fs::write(&hook, text).unwrap();
    std::fs::set_permissions(&hook, Permissions::from_mode(0o755)).unwrap();
    let both = [(it.new.as_str(), "master"), (&it.tag, &it.name)];
    let said = sandbox.push_all(&both).said();
    assert!(said.contains("lifted[ref-rewound]"), "{said}");
    assert_eq!(sandbox.at_ref("master"), Some(it.new.clone()));
    assert_eq!(sandbox.at_ref(&it.name), None);
    sandbox.push(&it.old, "master").accepted();
    sandbox
        .push_all(&both)
        .rejected("ref-rewound")
        .rejected("bad-override")
        .says("it was of use in a push before, and counts once");
}
