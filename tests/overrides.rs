//! Overrides, with real keys, real tags and real pushes.

mod allowed_signers;
mod backdated;
mod certificates;
mod commands;
mod hostile;
mod keyring;
mod keyring_add;
mod keyring_lint;
mod kinds;
mod once;
mod people;
mod policy;
mod pre_push;
mod properties;
mod recorded;
mod requests;
mod scope;
mod security_keys;
mod signatures;
mod ssh_signatures;
mod updates;

use crate::support::{Key, Sandbox, ssh};

/// A signer's table for the policy.
pub fn signer(name: &str, keys: &[&Key], more: &str) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("{:?}", key.name)).collect();
    let rules = match more.contains("may-override") {
        true => "",
        false => "may-override = [\"denied-path\", \"ref-rewound\", \"ref-deleted\"]\n",
    };
    let trees = match more.contains("trees") {
        true => "",
        false => "trees = [\"*\"]\n",
    };
    format!(
        "[[signer]]\nname = {name:?}\nkeys = [{}]\n{rules}{trees}{more}\n",
        keys.join(", ")
    )
}

/// A server on which alice signs with this key.
pub fn with_alice(sandbox: &Sandbox, key: &Key) {
    sandbox.trust(&[key]);
    sandbox.over_preset(&signer("alice", &[key], ""));
}

/// A networking commit, and the key of alice, who may lift what master has against it.
pub fn refused(sandbox: &Sandbox) -> (String, Key) {
    let base = sandbox.started();
    let key = ssh(sandbox, "alice", "ed25519");
    with_alice(sandbox, &key);
    (sandbox.touch(&base, "net/core/dev.c"), key)
}
