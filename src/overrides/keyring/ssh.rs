//! SSH signatures. The library checks that a signature is its key's; here is what it leaves out:
//! the kind and length of the key, the hash, the purpose, and whether somebody was there.

use jiff::Timestamp;
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, HashAlg, PublicKey, SshSig};

use super::allowed_signers::AllowedSigner;
use super::{Signed, Unverified};
use crate::overrides::key::KeyName;

/// What git signs for.
const NAMESPACE: &str = "git";
/// How long an RSA key must be, in bits.
pub(super) const SHORTEST_RSA: usize = 2048;
/// What stands at the end of a security key's signature: flags, and a counter of four bytes.
const SK_TRAILER: usize = 5;
/// The flag that somebody touched it.
const USER_PRESENT: u8 = 1;

/// Whose signature it is, if that key can count at `now`.
pub(super) fn verify(
    keyring: &[AllowedSigner],
    payload: &[u8],
    signature: &[u8],
    now: Timestamp,
) -> Result<Signed, Unverified> {
    let signature =
        SshSig::from_pem(signature).map_err(|error| Unverified::Unreadable(error.to_string()))?;
    let key = PublicKey::from(signature.public_key().clone());
    let name = name(&key);
    let lines: Vec<&AllowedSigner> = keyring
        .iter()
        .filter(|line| line.key.key_data() == key.key_data())
        .collect();
    let first = *lines
        .first()
        .ok_or_else(|| Unverified::UnknownKey(name.to_string()))?;
    can_count(&key)?;
    if signature.namespace() != NAMESPACE {
        return Err(Unverified::Namespace(signature.namespace().to_owned()));
    }
    is_strong(&signature)?;
    key.verify(NAMESPACE, payload, &signature)
        .map_err(|_| Unverified::Wrong)?;
    is_touched(&signature)?;
    match lines.iter().any(|line| counts(line, now).is_ok()) {
        true => Ok(Signed { key: name }),
        false => Err(counts(first, now).err().unwrap_or(Unverified::NotForGit)),
    }
}

/// The key's name.
pub(super) fn name(key: &PublicKey) -> KeyName {
    KeyName::Ssh(key.fingerprint(HashAlg::Sha256).to_string().into())
}

/// Whether keys of that kind and length count at all.
pub(super) fn can_count(key: &PublicKey) -> Result<(), Unverified> {
    match key.key_data() {
        KeyData::Ed25519(_)
        | KeyData::Ecdsa(_)
        | KeyData::SkEd25519(_)
        | KeyData::SkEcdsaSha2NistP256(_) => Ok(()),
        KeyData::Rsa(rsa) => match usize::try_from(rsa.key_size()) {
            Ok(bits) if bits >= SHORTEST_RSA => Ok(()),
            Ok(bits) => Err(Unverified::Short(bits)),
            Err(_) => Err(Unverified::Algorithm("RSA of an odd length".into())),
        },
        _ => Err(Unverified::Algorithm(key.algorithm().to_string())),
    }
}

/// RSA signs by a hash of its own, which must be strong as well.
fn is_strong(signature: &SshSig) -> Result<(), Unverified> {
    match signature.algorithm() {
        Algorithm::Rsa { hash: None } => Err(Unverified::Hash("SHA-1".into())),
        _ => match signature.hash_alg() {
            HashAlg::Sha256 | HashAlg::Sha512 => Ok(()),
            other => Err(Unverified::Hash(other.to_string())),
        },
    }
}

fn is_touched(signature: &SshSig) -> Result<(), Unverified> {
    let is_sk = matches!(
        signature.algorithm(),
        Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256
    );
    let bytes = signature.signature_bytes();
    let flags = bytes
        .len()
        .checked_sub(SK_TRAILER)
        .and_then(|at| bytes.get(at));
    match (is_sk, flags) {
        (false, _) => Ok(()),
        (true, Some(flags)) if flags & USER_PRESENT != 0 => Ok(()),
        (true, _) => Err(Unverified::NotTouched),
    }
}

/// Whether the line lets its key count now.
pub(super) fn counts(line: &AllowedSigner, now: Timestamp) -> Result<(), Unverified> {
    if !line.allows(NAMESPACE) {
        return Err(Unverified::NotForGit);
    }
    match (line.valid_after, line.valid_before) {
        (Some(after), _) if now < after => Err(Unverified::Time(format!(
            "the keyring lets its key count from {after} on"
        ))),
        (_, Some(before)) if now > before => Err(Unverified::Time(format!(
            "the keyring let its key count until {before}"
        ))),
        _ => Ok(()),
    }
}
