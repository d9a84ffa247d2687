//! What the audit log keeps of overrides.

use super::refused;
use crate::audit::records;
use crate::support::{Format, Sandbox};

#[test]
fn who_lifted_what_is_in_the_record() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    sandbox.push(&commit, "master").rejected("denied-path");
    let show = |more: &[&str]| {
        let server = ["audit", "show", "server.git"];
        sandbox.tell(&[&server[..], more].concat())
    };
    show(&["--signer", "alice"]).ended(0).says_no("refused");
    show(&[]).ended(0).says("refused by").says_no("lifted by");
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .accepted();
    show(&["--signer", "alice"])
        .ended(0)
        .says("accepted by")
        .says(&format!("lifted[denied-path] {} touches", &commit[..12]))
        .says(&format!(
            "denied-path lifted by alice ({}): the fix must go in tonight",
            key.name
        ));
    let exported = sandbox.tell(&["audit", "export", "server.git", "--signer", "alice"]);
    exported
        .ended(0)
        .says(&format!("\"{name}\""))
        .says("\"keyring\"");
    sandbox.tell(&["audit", "verify", "server.git"]).ended(0);
    let records = records(&sandbox);
    let lifted = records.iter().find(|it| it["overrides"].is_array());
    let lifted = &lifted.unwrap()["overrides"];
    assert_eq!(lifted[0]["codes"], serde_json::json!(["denied-path"]));
    assert_eq!(lifted[0]["key"], serde_json::json!(key.name));
    assert_eq!(lifted[0]["override"], serde_json::json!(name));
}

/// The tag alone is recorded too: it is somebody's word.
#[test]
fn a_signature_that_goes_ahead_is_recorded() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    sandbox.push(&tag, &name).accepted();
    sandbox
        .tell(&["audit", "show", "server.git"])
        .ended(0)
        .says("accepted by")
        .says(&name);
}
