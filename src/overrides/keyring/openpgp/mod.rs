//! OpenPGP certificates and signatures.
//!
//! The library knows how a certificate hangs together and what can be forged. Here is who is asked
//! what, and when: a signature counts if its key could have made it *now*. A key that was alive
//! when it signed, and is dead now, doesn't count, nor does one whose clock says otherwise.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use sequoia_openpgp as pgp;

use pgp::cert::amalgamation::key::ValidErasedKeyAmalgamation;
use pgp::cert::prelude::*;
use pgp::crypto::mpi;
use pgp::packet::key::{KeyParts, KeyRole, PublicParts};
use pgp::packet::{Key, Signature};
use pgp::parse::Parse;
use pgp::policy::{HashAlgoSecurity, Policy, StandardPolicy};
use pgp::types::{HashAlgorithm, PublicKeyAlgorithm, RevocationStatus, SignatureType};
use pgp::{Cert, Fingerprint, Packet, PacketPile};

use super::ssh::SHORTEST_RSA;
use super::{SKEW, Signed, Unverified};
use crate::overrides::key::KeyName;
use crate::report::escape::Shown;

/// The certificates of a keyring.
#[derive(Debug, Default)]
pub(super) struct Certificates(BTreeMap<Fingerprint, Cert>);

impl Certificates {
    /// Reads all certificates of a file. What several files tell of one is put together: a
    /// revocation counts wherever it stands.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), String> {
        let certificates = CertParser::from_bytes(bytes).map_err(unreadable)?;
        let mut any = false;
        for certificate in certificates {
            let certificate = certificate.map_err(unreadable)?;
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
                Some(known) => known.merge_public(certificate).map_err(unreadable)?,
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
        let (certificate, key) = self.maker(&signature)?;
        is_strong_enough(key)?;
        let now = SystemTime::from(now);
        let skew = Duration::try_from(SKEW).unwrap_or_default();
        let policy = StandardPolicy::at(now);
        is_sound(&signature, &policy)?;
        signature
            .verify_message(key, payload)
            .map_err(|_| Unverified::Wrong)?;
        signature
            .signature_alive(now, skew)
            .map_err(|error| Unverified::Time(format!("the signature: {error}")))?;
        let fingerprint = key.fingerprint();
        // Where the key's clock is ahead of ours, it is alive a little later.
        is_alive(certificate, &fingerprint, &policy, now)
            .or_else(|first| match is_alive(certificate, &fingerprint, &policy, now + skew) {
                Ok(()) if matches!(first, Unverified::Time(_) | Unverified::Unsound(_)) => Ok(()),
                _ => Err(first),
            })?;
        Ok(Signed {
            key: name(certificate),
        })
    }

    /// The key that the signature says has made it.
    fn maker(&self, signature: &Signature) -> Result<(&Cert, &AnyKey), Unverified> {
        let issuers = signature.get_issuers();
        for certificate in self.0.values() {
            for key in certificate.keys() {
                let key = key.key();
                if issuers.iter().any(|issuer| issuer.aliases(key.key_handle())) {
                    return Ok((certificate, key));
                }
            }
        }
        let named = issuers.first().map(ToString::to_string);
        Err(Unverified::UnknownKey(
            named.unwrap_or_else(|| "a key that it doesn't name".into()),
        ))
    }
}

type AnyKey = Key<PublicParts, pgp::packet::key::UnspecifiedRole>;

/// The name of a certificate.
fn name(certificate: &Cert) -> KeyName {
    KeyName::OpenPgp(certificate.fingerprint().to_hex().into())
}

/// The one packet of the block, which must be a signature.
fn only_signature(block: &[u8]) -> Result<Signature, Unverified> {
    let pile = PacketPile::from_bytes(block)
        .map_err(|error| Unverified::Unreadable(error.to_string()))?;
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
    if is_revoked(&certificate.revocation_status(policy, at)) {
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
    let key: ValidErasedKeyAmalgamation<'_, PublicParts> = valid
        .keys()
        .key_handle(fingerprint)
        .next()
        .ok_or_else(|| {
            let why = format!("nothing binds {fingerprint} to its certificate now");
            Unverified::Unsound(why)
        })?;
    if is_revoked(&key.revocation_status()) {
        let why = format!("its key, {fingerprint}, is revoked");
        return Err(Unverified::Revoked(why));
    }
    if !key.for_signing() {
        return Err(Unverified::NotForSigning);
    }
    key.alive()
        .map_err(|error| Unverified::Time(format!("its key: {error}")))
}

/// Somebody else's revocation, which may be a designated revoker's, counts as one.
fn is_revoked(status: &RevocationStatus<'_>) -> bool {
    match status {
        RevocationStatus::Revoked(_) | RevocationStatus::CouldBe(_) => true,
        RevocationStatus::NotAsFarAsWeKnow => false,
    }
}

/// An error with what is behind it.
fn unsound(error: &pgp::anyhow::Error) -> Unverified {
    let whole = format!("{error:#}");
    Unverified::Unsound(Shown(whole.as_bytes()).to_string())
}

fn unreadable(error: pgp::anyhow::Error) -> String {
    let whole = format!("{error:#}");
    format!(
        "this is no certificate that can be read: {}",
        Shown(whole.as_bytes())
    )
}
