//! Keys of SSH's that are dead, and what they sign: no date in a tag makes them younger. git asks
//! ssh-keygen about the tagger's date, and lets all of this pass.

use super::refused;
use crate::support::{Format, Key, Sandbox};

/// What `git verify-tag` says of the tag, by the server's keyring.
fn git_takes(sandbox: &Sandbox, tag: &str) -> bool {
    let allowed = sandbox.keyring().join("allowed_signers");
    let allowed = format!("gpg.ssh.allowedSignersFile={}", allowed.display());
    let mut command = sandbox.git_in(&sandbox.client());
    command.args(["-c", &allowed, "verify-tag", tag]);
    command.env("TZ", "UTC").output().unwrap().status.success()
}

/// Fills the keyring with a line for the key by each of these options.
fn trust(sandbox: &Sandbox, key: &Key, options: &[&str]) {
    let mut known = key.clone();
    let lines = options.iter().map(|options| {
        let options = format!("{options},namespaces=");
        key.public.replace("namespaces=", &options)
    });
    known.public = lines.collect();
    sandbox.trust(&[&known]);
}

/// An override by a key that was good for the tagger's date, which is of 2024.
fn refuses(options: &[&str], why: &str) {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    trust(&sandbox, &key, options);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    assert!(git_takes(&sandbox, &tag), "git refuses it already");
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .rejected("denied-path")
        .rejected("bad-override")
        .says(why);
}

#[test]
fn a_tagger_from_before_the_keys_end() {
    let then = ["valid-before=\"20250101Z\""];
    refuses(&then, "let its key count until 2025-01-01T00:00:00Z");
}

#[test]
fn a_key_between_two_of_its_times() {
    let times = ["valid-before=\"20250101Z\"", "valid-after=\"20980101Z\""];
    refuses(&times, "let its key count until 2025-01-01T00:00:00Z");
}

/// A key that was laid aside and taken up again.
#[test]
fn a_key_in_the_second_of_its_times() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let times = ["valid-before=\"20250101Z\"", "valid-after=\"20250601Z\""];
    trust(&sandbox, &key, &times);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .accepted();
}
