//! The kinds of keys that count.

use super::{signer, with_alice};
use crate::support::{Format, Gpg, Key, Sandbox, ssh};

/// A commit that master refuses goes in with the key's override, and not without.
fn lifts(sandbox: &Sandbox, key: &Key) {
    let base = sandbox.started();
    with_alice(sandbox, key);
    let commit = sandbox.touch(&base, "net/core/dev.c");
    sandbox.push(&commit, "master").rejected("denied-path");
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", key);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .accepted()
        .says("lifted[denied-path]")
        .says(&format!("= lifted: by alice ({}), until ", key.name))
        .says("the fix must go in tonight");
}

fn lifts_by_ssh(kind: &str) {
    let sandbox = Sandbox::new(Format::Sha1Files);
    lifts(&sandbox, &ssh(&sandbox, "alice", kind));
}

#[test]
fn ssh_ed25519() {
    lifts_by_ssh("ed25519");
}

#[test]
fn ssh_rsa() {
    lifts_by_ssh("rsa -b 3072");
}

#[test]
fn ssh_ecdsa() {
    for bits in ["256", "384", "521"] {
        lifts_by_ssh(&format!("ecdsa -b {bits}"));
    }
}

#[test]
fn in_a_repository_of_sha256() {
    let sandbox = Sandbox::new(Format::Sha256Files);
    lifts(&sandbox, &ssh(&sandbox, "alice", "ed25519"));
}

#[test]
fn with_refs_in_a_reftable() {
    let sandbox = Sandbox::new(Format::Sha1Reftable);
    lifts(&sandbox, &ssh(&sandbox, "alice", "ed25519"));
}

fn lifts_by_openpgp(kind: &str) {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let gpg = Gpg::new(&sandbox);
    lifts(&sandbox, &gpg.make(&[], kind, "sign", "0"));
}

#[test]
fn openpgp_ed25519() {
    lifts_by_openpgp("ed25519");
}

#[test]
fn openpgp_rsa() {
    lifts_by_openpgp("rsa4096");
}

#[test]
fn openpgp_p256() {
    lifts_by_openpgp("nistp256");
}

/// The policy names the certificate; its subkeys sign.
#[test]
fn openpgp_signing_subkeys() {
    for (kind, usage) in [
        ("ed25519", "sign"),
        ("nistp256/sign", "-"),
        ("rsa3072", "sign"),
    ] {
        let sandbox = Sandbox::new(Format::Sha1Files);
        let gpg = Gpg::new(&sandbox);
        gpg.make(&[], "ed25519", "cert", "0");
        let primary = gpg.fingerprints()[0].clone();
        gpg.run(&["--quick-add-key", &primary, kind, usage, "0"]);
        let subkey = gpg.fingerprints()[1].clone();
        lifts(&sandbox, &gpg.key(&format!("{subkey}!")));
    }
}

#[test]
fn either_key_of_one_person() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let [one, other] = ["one", "other"].map(|name| ssh(&sandbox, name, "ed25519"));
    sandbox.trust(&[&one, &other]);
    sandbox.over_preset(&signer("alice", &[&one, &other], ""));
    let mut below = base;
    for key in [&one, &other] {
        let commit = sandbox.touch(&below, "net/core/dev.c");
        let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", key);
        let updates = [(commit.as_str(), "master"), (&tag, &name)];
        sandbox.push_all(&updates).accepted();
        below = commit;
    }
}
