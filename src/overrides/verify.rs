//! Who tells whose a signature is: a server's keyring.

use std::cell::OnceCell;

use jiff::Timestamp;

use super::examine::{Verified, Verify};
use super::keyring::{self, Keyring};
use crate::error::Error;
use crate::git::Repo;
use crate::report::escape::Shown;

/// The keyring of a repository, read once a signature has to be told.
pub struct ServerKeyring<'r> {
    repo: &'r Repo,
    read: OnceCell<Keyring>,
}

impl<'r> ServerKeyring<'r> {
    /// That of this repository.
    pub fn of(repo: &'r Repo) -> Self {
        Self {
            repo,
            read: OnceCell::new(),
        }
    }

    /// The digest of its files, if it was asked for anything.
    pub fn digest(&self) -> Option<&str> {
        self.read.get().map(Keyring::digest)
    }

    fn keyring(&self) -> Result<&Keyring, Error> {
        if let Some(keyring) = self.read.get() {
            return Ok(keyring);
        }
        let keyring = Keyring::read(&keyring::folder(self.repo)?)?;
        Ok(self.read.get_or_init(|| keyring))
    }
}

impl Verify for ServerKeyring<'_> {
    fn verify(&self, payload: &[u8], signature: &[u8], now: Timestamp) -> Result<Verified, Error> {
        Ok(match self.keyring()?.verify(payload, signature, now) {
            Ok(signed) => Verified::By(signed.key),
            // It may quote the signature, and that is whoever pushes it to choose.
            Err(why) => Verified::Not(Shown(why.to_string().as_bytes()).to_string()),
        })
    }
}
