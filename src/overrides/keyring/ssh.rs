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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use sha2::{Digest, Sha256};
    use ssh_key::private::{EcdsaKeypair, Ed25519Keypair};
    use ssh_key::public::{EcdsaPublicKey, SkEcdsaSha2NistP256, SkEd25519};
    use ssh_key::rand_core::{TryCryptoRng, TryRng};
    use ssh_key::{EcdsaCurve, LineEnding, PrivateKey, Signature, SigningKey};

    use super::*;

    const PAYLOAD: &[u8] = b"what is signed";
    const APPLICATION: &str = "ssh:";
    /// The counter that a security key keeps.
    const COUNTER: [u8; 4] = [0, 0, 0, 7];
    /// The flag that somebody was there and gave a PIN, as well as touching it.
    const VERIFIED: u8 = 4;

    /// Always the same bytes, for a key that protects nothing.
    struct Sevens;

    impl TryRng for Sevens {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            Ok(0x0707_0707)
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            Ok(0x0707_0707_0707_0707)
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
            bytes.fill(7);
            Ok(())
        }
    }

    impl TryCryptoRng for Sevens {}

    /// The library's trait lends its methods to what it bounds alone.
    fn signed<K: SigningKey>(key: &K, message: &[u8]) -> Vec<u8> {
        key.sign(message).as_bytes().to_vec()
    }

    /// A security key signs the application, flags, its counter and the message; flags and
    /// counter follow its signature.
    fn by_security_key(
        key: KeyData,
        algorithm: Algorithm,
        flags: u8,
        sign: impl Fn(&[u8]) -> Vec<u8>,
    ) -> (AllowedSigner, String) {
        let blob = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, PAYLOAD).unwrap();
        let trailer = [&[flags][..], &COUNTER].concat();
        let parts = [
            &Sha256::digest(APPLICATION)[..],
            &trailer,
            &Sha256::digest(blob),
        ];
        let bytes = [sign(&parts.concat()), trailer].concat();
        let signature = Signature::new(algorithm, bytes).unwrap();
        let whole = SshSig::new(key.clone(), NAMESPACE, HashAlg::Sha512, signature).unwrap();
        let line = AllowedSigner {
            line: 1,
            principals: "alice".into(),
            key: PublicKey::from(key),
            namespaces: None,
            valid_after: None,
            valid_before: None,
        };
        (line, whole.to_pem(LineEnding::LF).unwrap())
    }

    fn sk_ed25519(flags: u8) -> (AllowedSigner, String) {
        let pair = Ed25519Keypair::from_seed(&[7; 32]);
        let key = KeyData::SkEd25519(SkEd25519::new(pair.public, APPLICATION));
        let pair = PrivateKey::from(pair);
        by_security_key(key, Algorithm::SkEd25519, flags, |it| signed(&pair, it))
    }

    fn sk_ecdsa(flags: u8) -> (AllowedSigner, String) {
        let pair = EcdsaKeypair::random(&mut Sevens, EcdsaCurve::NistP256).unwrap();
        let EcdsaPublicKey::NistP256(point) = EcdsaPublicKey::from(&pair) else {
            panic!("another curve");
        };
        let key = SkEcdsaSha2NistP256::new(point, APPLICATION);
        let key = KeyData::SkEcdsaSha2NistP256(key);
        let pair = PrivateKey::from(pair);
        by_security_key(key, Algorithm::SkEcdsaSha2NistP256, flags, |it| {
            signed(&pair, it)
        })
    }

    #[test]
    fn security_keys_must_be_touched() {
        for make in [sk_ed25519, sk_ecdsa] {
            for (flags, want) in [
                (USER_PRESENT, Ok(())),
                (USER_PRESENT | VERIFIED, Ok(())),
                (0, Err(Unverified::NotTouched)),
                (VERIFIED, Err(Unverified::NotTouched)),
            ] {
                let (line, block) = make(flags);
                let key = name(&line.key);
                let said = verify(&[line], PAYLOAD, block.as_bytes(), Timestamp::UNIX_EPOCH);
                assert_eq!(said, want.map(|()| Signed { key }), "{flags}");
            }
        }
    }

    /// The flags are signed too: nobody sets them afterwards.
    #[test]
    fn a_touch_is_not_added_later() {
        for make in [sk_ed25519, sk_ecdsa] {
            let (line, block) = make(0);
            let whole = SshSig::from_pem(&block).unwrap();
            let mut bytes = whole.signature_bytes().to_vec();
            let at = bytes.len() - SK_TRAILER;
            bytes[at] = USER_PRESENT;
            let signature = Signature::new(whole.algorithm(), bytes).unwrap();
            let key = line.key.key_data().clone();
            let forged = SshSig::new(key, NAMESPACE, HashAlg::Sha512, signature).unwrap();
            let block = forged.to_pem(LineEnding::LF).unwrap();
            let said = verify(&[line], PAYLOAD, block.as_bytes(), Timestamp::UNIX_EPOCH);
            assert_eq!(said, Err(Unverified::Wrong));
        }
    }
}
