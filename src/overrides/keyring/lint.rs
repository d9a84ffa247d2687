//! What in a keyring can't count, and why: told when somebody looks, and not when a signature is
//! needed.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use jiff::Timestamp;

use super::allowed_signers::AllowedSigner;
use super::files::{self, KeyFile};
use super::{ALLOWED_SIGNERS, Keyring, Unverified, ssh};
use crate::error::Error;
use crate::overrides::key::KeyName;
use crate::policy::Signer;
use crate::report::escape::Shown;

/// What is odd about a keyring. Its texts are safe for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// How much it matters.
    pub weight: Weight,
    /// What is odd, in a line.
    pub message: String,
    /// The file, and its line where it has lines, if the message doesn't say so.
    pub place: Option<String>,
    /// What to do, in a line.
    pub help: &'static str,
}

/// How much a remark matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The keyring can't be read: nothing in it counts.
    Fault,
    /// One key is concerned.
    Key,
}

/// What was found.
#[derive(Debug)]
pub struct Linted {
    /// The remarks, in the order of the files and of the policy's lines.
    pub remarks: Vec<Remark>,
    /// How many keys there are.
    pub keys: usize,
}

/// Looks at the folder, and at the signers of a policy if there is one.
pub fn lint(folder: &Path, signers: Option<&[Signer]>, now: Timestamp) -> Result<Linted, Error> {
    let (files, mut remarks) = readable(folder)?;
    let mut keyring = Keyring::default();
    let mut good = Vec::new();
    for file in files {
        match keyring.take(&file.name, &file.bytes) {
            Ok(()) => good.push(file),
            Err(why) => remarks.push(fault(format!("{}: {why}", file.shown()))),
        }
    }
    for file in &good {
        for (name, place, verdict) in keys_of(file, &keyring, now) {
            remarks.extend(verdict.err().map(|why| dead(&name, &why, &place)));
            remarks.extend(unnamed(&name, signers, place));
        }
    }
    let signers = signers.unwrap_or_default().iter();
    remarks.extend(signers.flat_map(|signer| strangers(signer, &keyring)));
    Ok(Linted {
        remarks,
        keys: keyring.names().len(),
    })
}

/// The files that nobody else could have written; a fault for each of the others.
fn readable(folder: &Path) -> Result<(Vec<KeyFile>, Vec<Remark>), Error> {
    folder.symlink_metadata().map_err(|error| {
        let shown = Shown(folder.as_os_str().as_bytes());
        Error::Repository(format!("keyring {shown}: {error}"))
    })?;
    let mut files = Vec::new();
    let mut faults = Vec::new();
    for file in files::read_each(folder).unwrap_or_else(|error| vec![Err(error)]) {
        match file {
            Ok(file) => files.push(file),
            Err(error) => faults.push(fault(error.to_string())),
        }
    }
    Ok((files, faults))
}

/// A key of a file, where it stands, and whether it counts.
type Found = (KeyName, String, Result<(), Unverified>);

fn keys_of(file: &KeyFile, keyring: &Keyring, now: Timestamp) -> Vec<Found> {
    let shown = file.shown();
    if file.name == ALLOWED_SIGNERS {
        let lines = keyring.ssh.iter();
        return lines
            .map(|line| {
                let place = format!("{shown}:{}", line.line);
                (ssh::name(&line.key), place, can_ever_count(line, now))
            })
            .collect();
    }
    let mut own = Keyring::default();
    // It was read before, with the others.
    let names = match own.take(&file.name, &file.bytes) {
        Ok(()) => own.names(),
        Err(_) => BTreeSet::new(),
    };
    let verdict = |name: KeyName| {
        let verdict = keyring.openpgp.can_sign(&name, now);
        (name, shown.clone(), verdict)
    };
    names.into_iter().map(verdict).collect()
}

/// A time that is still to come is no fault.
fn can_ever_count(line: &AllowedSigner, now: Timestamp) -> Result<(), Unverified> {
    ssh::can_count(&line.key)?;
    let then = line.valid_after.map_or(now, |after| after.max(now));
    ssh::counts(line, then)
}

fn fault(message: String) -> Remark {
    Remark {
        weight: Weight::Fault,
        message,
        place: None,
        help: "until this is mended, no override counts",
    }
}

fn dead(name: &KeyName, why: &Unverified, place: &str) -> Remark {
    Remark {
        weight: Weight::Key,
        message: format!("{name} doesn't count: {why}"),
        place: Some(place.to_owned()),
        help: "take it away, or put what its owner has now in its place",
    }
}

fn unnamed(name: &KeyName, signers: Option<&[Signer]>, place: String) -> Option<Remark> {
    let has = |signer: &Signer| signer.keys.iter().any(|(key, _)| key == name);
    let is_unnamed = !signers?.iter().any(has);
    is_unnamed.then(|| Remark {
        weight: Weight::Key,
        message: format!("no [[signer]] of the policy has {name}"),
        place: Some(place),
        help: "name it in the `keys` of its owner, or take it away",
    })
}

/// Keys of a signer that the keyring doesn't have.
fn strangers(signer: &Signer, keyring: &Keyring) -> Vec<Remark> {
    let known = keyring.names();
    let missing = signer.keys.iter().filter(|(key, _)| !known.contains(key));
    missing
        .map(|(key, place)| {
            let (message, help) = match keyring.openpgp.with_subkey(key) {
                Some(primary) => (
                    format!("{key} of `{}` is a subkey of {primary}", signer.name),
                    "write the fingerprint of the certificate",
                ),
                None => (
                    format!("{key} of `{}` is not in the keyring", signer.name),
                    "`treewarden keyring add` puts it there",
                ),
            };
            Remark {
                weight: Weight::Key,
                message,
                place: Some(Shown(place.to_string().as_bytes()).to_string()),
                help,
            }
        })
        .collect()
}
