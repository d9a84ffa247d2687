//! What stands in for OpenPGP in a build that leaves it out: no certificate is read, and no signature
//! counts.

// They are asked like those of the module in whose place this stands.
#![allow(clippy::unused_self)]

use jiff::Timestamp;

use super::{Signed, Unverified};
use crate::overrides::key::KeyName;

/// None.
#[derive(Debug, Default)]
pub(super) struct Certificates {}

const LEFT_OUT: &str = "this build of treewarden leaves OpenPGP out: only SSH keys count";

impl Certificates {
    pub(super) fn add(&mut self, _: &[u8]) -> Result<(), String> {
        Err(LEFT_OUT.into())
    }

    pub(super) fn verify(&self, _: &[u8], _: &[u8], _: Timestamp) -> Result<Signed, Unverified> {
        Err(Unverified::NoOpenPgp)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = KeyName> {
        std::iter::empty()
    }

    pub(super) fn can_sign(&self, _: &KeyName, _: Timestamp) -> Result<(), Unverified> {
        Err(Unverified::NoOpenPgp)
    }

    pub(super) fn with_subkey(&self, _: &KeyName) -> Option<KeyName> {
        None
    }

    pub(super) fn armored(&self, _: &KeyName) -> Result<Vec<u8>, String> {
        Err(LEFT_OUT.into())
    }

    pub(super) fn addresses(&self, _: &KeyName) -> Vec<String> {
        Vec::new()
    }
}
