//! What is asked of certificates besides signatures: which there are, and which can count.

use std::time::SystemTime;

use jiff::Timestamp;
use sequoia_openpgp as pgp;

use pgp::Cert;
use pgp::policy::StandardPolicy;
use pgp::serialize::Serialize;

use super::{Certificates, is_alive, is_strong_enough, name};
use crate::overrides::key::KeyName;
use crate::overrides::keyring::Unverified;

impl Certificates {
    /// The names of all.
    pub(in crate::overrides::keyring) fn names(&self) -> impl Iterator<Item = KeyName> {
        self.0.values().map(name)
    }

    /// Whether some key of the certificate could sign at `now`; if none could, why.
    pub(in crate::overrides::keyring) fn can_sign(
        &self,
        name: &KeyName,
        now: Timestamp,
    ) -> Result<(), Unverified> {
        let certificate = self.named(name)?;
        let now = SystemTime::from(now);
        let policy = StandardPolicy::at(now);
        is_strong_enough(certificate.primary_key().key())?;
        let mut telling = Unverified::NotForSigning;
        for key in certificate.keys() {
            let key = key.key();
            let fingerprint = key.fingerprint();
            let alive = is_alive(certificate, &fingerprint, &policy, now);
            match alive.and_then(|()| is_strong_enough(key)) {
                Ok(()) => return Ok(()),
                Err(why) if telling == Unverified::NotForSigning => telling = why,
                Err(_) => {}
            }
        }
        Err(telling)
    }

    /// The certificate that has this fingerprint for one of its subkeys.
    pub(in crate::overrides::keyring) fn with_subkey(&self, subkey: &KeyName) -> Option<KeyName> {
        let KeyName::OpenPgp(hex) = subkey else {
            return None;
        };
        let has = |it: &&Cert| {
            let mut subkeys = it.keys().subkeys();
            subkeys.any(|key| key.key().fingerprint().to_hex() == **hex)
        };
        self.0.values().find(has).map(name)
    }

    /// The certificate as a file has it.
    pub(in crate::overrides::keyring) fn armored(&self, name: &KeyName) -> Result<Vec<u8>, String> {
        let certificate = self.named(name).map_err(|why| why.to_string())?;
        let kind = pgp::armor::Kind::PublicKey;
        let written = pgp::armor::Writer::new(Vec::new(), kind).map_err(pgp::anyhow::Error::from);
        let written = written.and_then(|mut writer| {
            certificate.serialize(&mut writer)?;
            Ok(writer.finalize()?)
        });
        written.map_err(|error| format!("the certificate can't be written: {error:#}"))
    }

    /// The addresses in the certificate's user ids.
    pub(in crate::overrides::keyring) fn addresses(&self, name: &KeyName) -> Vec<String> {
        let ids = self.named(name).into_iter().flat_map(Cert::userids);
        ids.filter_map(|id| id.userid().email().ok().flatten().map(str::to_owned))
            .collect()
    }
}
