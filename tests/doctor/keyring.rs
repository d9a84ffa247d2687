//! The check `keyring`.

use super::{NOT_DUE, examined, install_text, one};
use crate::overrides::signer;
use crate::support::ssh;

#[test]
fn without_signers_there_is_nothing_to_look_at() {
    let s = one();
    examined(&s).is_well().says("keyring", "names no signer");
}

#[test]
fn the_keys_of_signers_must_be_there_and_count() {
    let s = one();
    let key = ssh(&s, "alice", "ed25519");
    let policy = format!("{NOT_DUE}{}", signer("alice", &[&key], ""));
    install_text(&s, &policy);
    examined(&s)
        .fails(&["keyring"])
        .says("keyring", "has no keyring, so no override counts");
    s.trust(&[&key]);
    examined(&s)
        .is_well()
        .says("keyring", "keys: 1, of signers: 1");
    s.trust(&[&ssh(&s, "bob", "ed25519")]);
    examined(&s).warns(&["keyring"]).says(
        "keyring",
        &format!("{} of `alice` is not in the keyring", key.name),
    );
    std::fs::write(s.keyring().join("allowed_signers"), "alice\n").unwrap();
    examined(&s).fails(&["keyring"]).says("keyring", "line 1: ");
}
