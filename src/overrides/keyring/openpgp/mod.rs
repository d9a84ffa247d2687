//! OpenPGP certificates and signatures.
//!
//! The library knows how a certificate hangs together and what can be forged. Here is who is asked
//! what, and when: a signature counts if its key could have made it *now*. A key that was alive
//! when it signed, and is dead now, doesn't count, nor does one whose clock says otherwise.

mod census;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use sequoia_openpgp as pgp;

use pgp::cert::amalgamation::key::ValidErasedKeyAmalgamation;
use pgp::cert::bundle::ComponentBundle;
use pgp::cert::prelude::*;
use pgp::crypto::mpi;
use pgp::packet::key::{KeyParts, KeyRole, PublicParts};
use pgp::packet::{Key, Signature};
use pgp::parse::Parse;
use pgp::policy::{HashAlgoSecurity, Policy, StandardPolicy};
use pgp::types::{HashAlgorithm, PublicKeyAlgorithm, SignatureType};
use pgp::{Cert, Fingerprint, KeyHandle, Packet, PacketPile};

use super::ssh::SHORTEST_RSA;
use super::{Signed, Unverified};
use crate::overrides::key::KeyName;
use crate::report::escape::Shown;

/// How far clocks may be apart.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// The certificates of a keyring.
#[derive(Debug, Default)]
pub(super) struct Certificates(BTreeMap<Fingerprint, Cert>);

impl Certificates {
    /// Reads all certificates of a file. What several files tell of one is put together: a
    /// revocation counts wherever it stands.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), String> {
        let certificates = CertParser::from_bytes(bytes).map_err(|error| unreadable(&error))?;
        let mut any = false;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| unreadable(&error))?;
            if certificate.is_tsk() {
                let id = certificate.fingerprint();
                return Err(format!(
                    "{id} is a secret key: only the public one belongs here"
                ));
            }
            any = true;
            let id = certificate.fingerprint();
            let known = self.0.remove(&id);
            let merged = match known {
                Some(known) => known
                    .merge_public(certificate)
                    .map_err(|error| unreadable(&error))?,
                None => certificate,
            };
            self.0.insert(id, merged);
        }
        match any {
            true => Ok(()),
            false => Err("there is no certificate in this".into()),
        }
    }

    /// Whose signature it is, if that key can count at `now`.
    pub(super) fn verify(
        &self,
        payload: &[u8],
        signature: &[u8],
        now: Timestamp,
    ) -> Result<Signed, Unverified> {
        let signature = only_signature(signature)?;
        let mut first = None;
        for (certificate, key) in self.makers(&signature) {
            match made(certificate, key, payload, &signature, now) {
                Ok(()) => {
                    return Ok(Signed {
                        key: name(certificate),
                    });
                }
                Err(why) => {
                    first.get_or_insert(why);
                }
            }
        }
        Err(first.unwrap_or_else(|| {
            let named = signature.get_issuers().first().map(ToString::to_string);
            Unverified::UnknownKey(named.unwrap_or_else(|| "a key that it doesn't name".into()))
        }))
    }

    /// The keys that the signature says may have made it. A certificate can claim another's key:
    /// the first isn't always the one.
    fn makers<'c>(
        &'c self,
        signature: &Signature,
    ) -> impl Iterator<Item = (&'c Cert, &'c AnyKey)> + use<'c> {
        let issuers: Vec<KeyHandle> = signature.get_issuers();
        let all = self.0.values();
        let all = all.flat_map(|it| it.keys().map(move |key| (it, key.key())));
        all.filter(move |(_, key)| issuers.iter().any(|it| it.aliases(key.key_handle())))
    }

    fn named(&self, wanted: &KeyName) -> Result<&Cert, Unverified> {
        let mut all = self.0.values();
        all.find(|it| name(it) == *wanted)
            .ok_or_else(|| Unverified::UnknownKey(wanted.to_string()))
    }
}

/// Whether that key made the signature, and can count at `now`.
fn made(
    certificate: &Cert,
    key: &AnyKey,
    payload: &[u8],
    signature: &Signature,
    now: Timestamp,
) -> Result<(), Unverified> {
    is_strong_enough(key)?;
    let now = SystemTime::from(now);
    let policy = StandardPolicy::at(now);
    is_sound(signature, &policy)?;
    signature
        .verify_message(key, payload)
        .map_err(|_| Unverified::Wrong)?;
    signature
        .signature_alive(now, SKEW)
        .map_err(|error| Unverified::Time(format!("the signature: {error}")))?;
    let fingerprint = key.fingerprint();
    // Where the key's clock is ahead of ours, it is alive a little later.
    is_alive(certificate, &fingerprint, &policy, now).or_else(|first| {
        match is_alive(certificate, &fingerprint, &policy, now + SKEW) {
            Ok(()) if matches!(first, Unverified::Time(_) | Unverified::Unsound(_)) => Ok(()),
            _ => Err(first),
        }
    })
}

type AnyKey = Key<PublicParts, pgp::packet::key::UnspecifiedRole>;

/// The name of a certificate.
fn name(certificate: &Cert) -> KeyName {
    KeyName::OpenPgp(certificate.fingerprint().to_hex().into())
}

/// The one packet of the block, which must be a signature.
fn only_signature(block: &[u8]) -> Result<Signature, Unverified> {
    let pile =
        PacketPile::from_bytes(block).map_err(|error| Unverified::Unreadable(error.to_string()))?;
    let mut packets = pile.into_children();
    match (packets.next(), packets.next()) {
        (Some(Packet::Signature(signature)), None) => Ok(signature),
        (Some(Packet::Unknown(unknown)), None) => {
            Err(Unverified::Unreadable(unknown.error().to_string()))
        }
        (None, _) => Err(Unverified::Unreadable("it is empty".into())),
        _ => Err(Unverified::NotOne),
    }
}

/// What makes a signature worth nothing, whoever made it.
fn is_sound(signature: &Signature, policy: &StandardPolicy<'_>) -> Result<(), Unverified> {
    match signature.hash_algo() {
        HashAlgorithm::SHA224
        | HashAlgorithm::SHA256
        | HashAlgorithm::SHA384
        | HashAlgorithm::SHA512 => {}
        weak => return Err(Unverified::Hash(weak.to_string())),
    }
    if signature.typ() != SignatureType::Binary {
        let kind = signature.typ();
        return Err(Unverified::Unreadable(format!("it is a {kind}")));
    }
    policy
        .signature(signature, HashAlgoSecurity::CollisionResistance)
        .map_err(|error| Unverified::Unsound(error.to_string()))
}

/// Kinds of keys, and their lengths.
fn is_strong_enough<P: KeyParts, R: KeyRole>(key: &Key<P, R>) -> Result<(), Unverified> {
    #[allow(deprecated)]
    match key.pk_algo() {
        PublicKeyAlgorithm::RSAEncryptSign | PublicKeyAlgorithm::RSASign => match key.mpis() {
            mpi::PublicKey::RSA { n, .. } if n.bits() >= SHORTEST_RSA => Ok(()),
            mpi::PublicKey::RSA { n, .. } => Err(Unverified::Short(n.bits())),
            _ => Err(Unverified::Algorithm("RSA that can't be read".into())),
        },
        PublicKeyAlgorithm::ECDSA
        | PublicKeyAlgorithm::EdDSA
        | PublicKeyAlgorithm::Ed25519
        | PublicKeyAlgorithm::Ed448 => Ok(()),
        other => Err(Unverified::Algorithm(other.to_string())),
    }
}

/// Whether the certificate, and the key in it, could sign at that time.
fn is_alive(
    certificate: &Cert,
    fingerprint: &Fingerprint,
    policy: &StandardPolicy<'_>,
    at: SystemTime,
) -> Result<(), Unverified> {
    if is_revoked(certificate.primary_key().bundle()) {
        return Err(Unverified::Revoked(format!(
            "its certificate, {}, is revoked",
            certificate.fingerprint()
        )));
    }
    let valid = certificate
        .with_policy(policy, at)
        .map_err(|error| unsound(&error))?;
    valid
        .alive()
        .map_err(|error| Unverified::Time(format!("its certificate: {error}")))?;
    is_strong_enough(valid.primary_key().key())?;
    let mut keys = valid.keys().key_handle(fingerprint);
    let key: ValidErasedKeyAmalgamation<'_, PublicParts> = keys.next().ok_or_else(|| {
        let why = format!("nothing binds {fingerprint} to its certificate now");
        Unverified::Unsound(why)
    })?;
    if !key.for_signing() {
        return Err(Unverified::NotForSigning);
    }
    if is_revoked(key.bundle()) {
        let why = format!("its key, {fingerprint}, is revoked");
        return Err(Unverified::Revoked(why));
    }
    key.alive()
        .map_err(|error| Unverified::Time(format!("its key: {error}")))
}

/// A revocation is final, whatever its date, its reason and its hash: the library passes over a
/// soft one that is older than the newest self-signature. That of somebody else, who may be a
/// designated revoker, counts as well.
fn is_revoked<C>(key: &ComponentBundle<C>) -> bool {
    let own = key.self_revocations().next().is_some();
    own || key.other_revocations().next().is_some()
}

/// An error with what is behind it.
fn unsound(error: &pgp::anyhow::Error) -> Unverified {
    let whole = format!("{error:#}");
    Unverified::Unsound(Shown(whole.as_bytes()).to_string())
}

fn unreadable(error: &pgp::anyhow::Error) -> String {
    let whole = format!("{error:#}");
    format!(
        "this is no certificate that can be read: {}",
        Shown(whole.as_bytes())
    )
}

#[cfg(test)]
mod tests {
    use pgp::crypto::KeyPair;
    use pgp::packet::signature::SignatureBuilder;
    use pgp::serialize::SerializeInto;
    use pgp::types::ReasonForRevocation;

    use super::*;

    const PAYLOAD: &[u8] = b"what is signed";
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn now() -> SystemTime {
        SystemTime::from("2026-06-15T12:00:00Z".parse::<Timestamp>().unwrap())
    }

    /// A certificate of a month ago whose primary key may sign or not, with a subkey for signing.
    fn made(primary_signs: bool) -> Cert {
        let mut builder = CertBuilder::new()
            .add_userid("alice@example.com")
            .set_creation_time(now() - 30 * DAY)
            .add_signing_subkey();
        if primary_signs {
            let flags = pgp::types::KeyFlags::empty();
            builder = builder.set_primary_key_flags(flags.set_certification().set_signing());
        }
        builder.generate().unwrap().0
    }

    fn pair(certificate: &Cert, at: usize) -> KeyPair {
        let key = certificate.keys().secret().nth(at).unwrap();
        key.key().clone().into_keypair().unwrap()
    }

    fn signed(by: &mut KeyPair) -> Vec<u8> {
        let signature = SignatureBuilder::new(SignatureType::Binary)
            .set_signature_creation_time(now())
            .unwrap()
            .sign_message(by, PAYLOAD)
            .unwrap();
        Packet::from(signature).to_vec().unwrap()
    }

    fn keyring(certificates: &[&Cert]) -> Certificates {
        let mut keyring = Certificates::default();
        for certificate in certificates {
            keyring.add(&certificate.to_vec().unwrap()).unwrap();
        }
        keyring
    }

    fn verdict(keyring: &Certificates, by: &mut KeyPair) -> Result<Signed, Unverified> {
        keyring.verify(PAYLOAD, &signed(by), now().try_into().unwrap())
    }

    #[test]
    fn a_key_without_the_flag_signs_nothing() {
        let certificate = made(false);
        let keyring = keyring(&[&certificate]);
        let primary = verdict(&keyring, &mut pair(&certificate, 0));
        assert_eq!(primary, Err(Unverified::NotForSigning));
        let subkey = verdict(&keyring, &mut pair(&certificate, 1)).unwrap();
        assert_eq!(subkey.key, name(&certificate));
        let both = made(true);
        verdict(&self::keyring(&[&both]), &mut pair(&both, 0)).unwrap();
    }

    /// One that a newer self-signature would outdo, and one by SHA-1, as old programs made them in
    /// advance.
    #[test]
    fn every_revocation_is_final() {
        for (hash, days_ago) in [(HashAlgorithm::SHA1, 1), (HashAlgorithm::SHA256, 20)] {
            let mut certificate = made(true);
            let mut primary = pair(&certificate, 0);
            let own = certificate.primary_key().self_signatures().next();
            let newer = SignatureBuilder::from(own.unwrap().clone())
                .set_signature_creation_time(now() - 10 * DAY)
                .unwrap()
                .sign_direct_key(&mut primary, None)
                .unwrap();
            certificate = certificate.insert_packets(newer).unwrap().0;
            let revocation = SignatureBuilder::new(SignatureType::KeyRevocation)
                .set_signature_creation_time(now() - days_ago * DAY)
                .unwrap()
                .set_reason_for_revocation(ReasonForRevocation::KeyRetired, b"")
                .unwrap()
                .set_hash_algo(hash)
                .sign_direct_key(&mut primary, None)
                .unwrap();
            let revoked = certificate.clone().insert_packets(revocation).unwrap().0;
            verdict(&keyring(&[&certificate]), &mut primary).unwrap();
            // Wherever it stands.
            for certificates in [
                &[&revoked][..],
                &[&certificate, &revoked],
                &[&revoked, &certificate],
            ] {
                let keyring = keyring(certificates);
                for at in [0, 1] {
                    let why = verdict(&keyring, &mut pair(&certificate, at)).unwrap_err();
                    assert!(matches!(why, Unverified::Revoked(_)), "{why}");
                }
            }
        }
    }

    /// Somebody adopts alice's key as a subkey of theirs, without her key's word for it.
    #[test]
    fn a_key_that_others_claim_stays_its_owners() {
        for _ in 0..4 {
            let (alice, thief) = (made(true), made(true));
            let mut key = pair(&alice, 0);
            let stolen = key.public().clone().role_into_subordinate();
            let binding = SignatureBuilder::new(SignatureType::SubkeyBinding)
                .set_signature_creation_time(now() - DAY)
                .unwrap()
                .set_key_flags(pgp::types::KeyFlags::empty().set_signing())
                .unwrap();
            let binding = stolen.bind(&mut pair(&thief, 0), &thief, binding).unwrap();
            let packets: [Packet; 2] = [stolen.into(), binding.into()];
            let thief = thief.insert_packets(packets).unwrap().0;
            let keyring = keyring(&[&thief, &alice]);
            assert_eq!(verdict(&keyring, &mut key).unwrap().key, name(&alice));
        }
    }

    #[test]
    fn files_hold_public_certificates() {
        let mut keyring = Certificates::default();
        let certificate = made(true);
        let secret = certificate.as_tsk().to_vec().unwrap();
        let fault = keyring.add(&secret).unwrap_err();
        assert!(fault.contains("is a secret key"), "{fault}");
        for none in [
            &b""[..],
            b"nothing",
            b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
        ] {
            keyring.add(none).unwrap_err();
        }
    }
}
