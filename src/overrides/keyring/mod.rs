//! The server's keyring: whose signatures count, and which key made one.
//!
//! | module | what it does |
//! |---|---|
//! | `files` | reads the folder, and nothing that others could have put there |
//! | `allowed_signers` | SSH keys, by the lines that OpenSSH knows |
//! | `ssh` | SSH signatures |
//! | `openpgp` | OpenPGP certificates and signatures, behind the feature of that name |
//! | `no_openpgp` | what stands in for it in a build without |
//! | `lint` | what in a keyring can't count, and why |
//! | `add` | puts keys into one |

pub mod add;
pub mod allowed_signers;
mod files;
pub mod lint;
#[cfg_attr(not(feature = "openpgp"), path = "no_openpgp.rs")]
mod openpgp;
mod ssh;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use self::allowed_signers::AllowedSigner;
use self::files::KeyFile;
use self::openpgp::Certificates;
use super::key::KeyName;
use crate::error::Error;
use crate::git::Repo;

/// The key that names a repository's keyring.
pub const CONFIG_KEY: &str = "treewarden.keyring";
/// Where SSH keys stand in a keyring.
pub const ALLOWED_SIGNERS: &str = "allowed_signers";
/// How a file of certificates ends.
pub const CERTIFICATE_ENDS: [&str; 2] = [".asc", ".pgp"];
/// The keyring of a machine whose repositories have none of their own.
const SYSTEM_KEYRING: &str = "/etc/treewarden/keyring";

/// The keys that can count.
#[derive(Debug, Default)]
pub struct Keyring {
    ssh: Vec<AllowedSigner>,
    openpgp: Certificates,
    digest: String,
}

/// Whose a signature is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The key that the policy knows: an SSH key, or a certificate.
    pub key: KeyName,
}

/// Why a signature doesn't count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// No signature that is known here.
    #[error("the signature is neither OpenPGP's nor SSH's")]
    Kind,
    /// This build knows no OpenPGP.
    #[error("it is signed by OpenPGP, which this build of treewarden leaves out")]
    NoOpenPgp,
    /// The block can't be read.
    #[error("the signature can't be read: {0}")]
    Unreadable(String),
    /// More than one signature, or something else beside it.
    #[error("the signature block holds more than one signature")]
    NotOne,
    /// The keyring doesn't have the key.
    #[error("it is signed by {0}, which is not in the server's keyring")]
    UnknownKey(String),
    /// The signature isn't one over these bytes.
    #[error("the signature is not over these bytes")]
    Wrong,
    /// A hash that can be forged.
    #[error("it is signed with {0}: SHA-256 or SHA-512 is needed")]
    Hash(String),
    /// A kind of key that doesn't count.
    #[error("its key is {0}, which doesn't count")]
    Algorithm(String),
    /// A key that is too short.
    #[error("its key is RSA of {0} bits: 2048 are needed")]
    Short(usize),
    /// For another purpose.
    #[error("it was signed for `{0}`, not for `git`")]
    Namespace(String),
    /// A security key that nobody touched.
    #[error("nobody touched the security key when it signed")]
    NotTouched,
    /// The keyring's line doesn't let the key count for git.
    #[error("the keyring's line for its key leaves out the namespace `git`")]
    NotForGit,
    /// The time of the key, or of the signature.
    #[error("{0}")]
    Time(String),
    /// The key was revoked.
    #[error("{0}")]
    Revoked(String),
    /// The key may not sign.
    #[error("its key is not one for signing")]
    NotForSigning,
    /// What binds the key to its certificate doesn't count.
    #[error("its key can't be relied on: {0}")]
    Unsound(String),
}

impl Keyring {
    /// Reads the folder: `allowed_signers`, and certificates in files that end in `.asc` or
    /// `.pgp`. An error names the file, and its line where it has lines.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        Self::of(&files::read(folder)?)
    }

    fn of(files: &[KeyFile]) -> Result<Self, Error> {
        let mut keyring = Self {
            digest: files::digest(files),
            ..Self::default()
        };
        for file in files {
            let fault = |why: String| Error::Repository(format!("{}: {why}", file.shown()));
            keyring.take(&file.name, &file.bytes).map_err(fault)?;
        }
        Ok(keyring)
    }

    /// Takes what stands in a file of that name; what is wrong with it, if something is.
    fn take(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        if name == ALLOWED_SIGNERS {
            self.ssh = allowed_signers::parse(bytes)?;
            return Ok(());
        }
        self.openpgp.add(bytes)
    }

    /// SHA-256 over the names and bytes of its files, in the order of the names: 64 hex digits.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The names of all keys, in order.
    pub fn names(&self) -> BTreeSet<KeyName> {
        let ssh = self.ssh.iter().map(|line| ssh::name(&line.key));
        ssh.chain(self.openpgp.names()).collect()
    }

    /// Whose key signed exactly these bytes, if that key can count at `now`. `signature` is the
    /// block at the end of a tag.
    pub fn verify(
        &self,
        payload: &[u8],
        signature: &[u8],
        now: Timestamp,
    ) -> Result<Signed, Unverified> {
        if signature.starts_with(b"-----BEGIN SSH SIGNATURE-----\n") {
            return ssh::verify(&self.ssh, payload, signature, now);
        }
        if !signature.starts_with(b"-----BEGIN PGP SIGNATURE-----\n") {
            return Err(Unverified::Kind);
        }
        self.openpgp.verify(payload, signature, now)
    }
}

/// Where a repository's keyring is: what its configuration names, else `treewarden/keyring` in its
/// git directory, else the machine's. An error says what the administrator must do.
pub fn folder(repo: &Repo) -> Result<PathBuf, Error> {
    existing(repo)?.ok_or_else(|| {
        Error::Repository(format!(
            "this repository has no keyring, so no override counts: the administrator makes one in \
             {} (`treewarden keyring add`)",
            default_folder(repo).display()
        ))
    })
}

/// The same, or where a first one is to be.
pub fn folder_to_be(repo: &Repo) -> Result<PathBuf, Error> {
    Ok(existing(repo)?.unwrap_or_else(|| default_folder(repo)))
}

fn existing(repo: &Repo) -> Result<Option<PathBuf>, Error> {
    if let Some(named) = repo.trusted_config(CONFIG_KEY)? {
        return Ok(Some(repo.common_dir().join(named)));
    }
    let places = [default_folder(repo), SYSTEM_KEYRING.into()];
    // A dangling link is a keyring that someone meant: it is found here and fails when read.
    let is_there = |path: &PathBuf| path.symlink_metadata().is_ok();
    Ok(places.into_iter().find(is_there))
}

fn default_folder(repo: &Repo) -> PathBuf {
    repo.common_dir().join("treewarden/keyring")
}
