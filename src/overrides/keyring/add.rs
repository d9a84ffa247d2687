//! Puts keys into a keyring: public ones that can count, and no others. All of it is looked at
//! before the first file is written, and each file is replaced in one step.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use ssh_key::PublicKey;

use super::{ALLOWED_SIGNERS, Keyring, allowed_signers, files, openpgp::Certificates, ssh};
use crate::deploy::file::{Like, failed, make_folder, replace};
use crate::error::Error;
use crate::overrides::key::KeyName;
use crate::overrides::ref_name::is_signer;
use crate::report::escape::Shown;

/// How a file of OpenPGP's begins, if it is text.
const ARMOR: &[u8] = b"-----BEGIN PGP ";
/// The bit that the first byte of a packet has, and no letter.
const PACKET: u8 = 0x80;

/// A keyring as it is to be.
#[derive(Debug)]
pub struct Plan {
    keyring: Keyring,
    files: BTreeMap<String, Vec<u8>>,
    /// Which of the files are new, or change.
    changed: BTreeSet<String>,
    added: Vec<Added>,
    /// Held, so that nobody else adds a key between what is read and what is written. There is
    /// none where there was no folder.
    lock: Option<File>,
}

/// A key that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The key.
    pub name: KeyName,
    /// Its owner, by a name that a policy can have for them, if there is one.
    pub owner: Option<String>,
    /// False if the keyring has it already, as it is.
    pub is_new: bool,
}

impl Plan {
    /// The keyring as it is; an empty one, if there is no such folder.
    pub fn new(folder: &Path) -> Result<Self, Error> {
        let lock = match folder.symlink_metadata() {
            Ok(_) => Some(lock(folder).map_err(|error| failed(folder, &error))?),
            Err(_) => None,
        };
        let files = match lock {
            Some(_) => files::read(folder)?,
            None => Vec::new(),
        };
        Ok(Self {
            keyring: Keyring::of(&files)?,
            files: files.into_iter().map(|it| (it.name, it.bytes)).collect(),
            changed: BTreeSet::new(),
            added: Vec::new(),
            lock,
        })
    }

    /// What was asked for so far.
    pub fn added(&self) -> &[Added] {
        &self.added
    }

    /// The names of the files that are new, or change.
    pub fn changed(&self) -> impl Iterator<Item = &str> {
        self.changed.iter().map(String::as_str)
    }

    /// Takes the keys of a file that their owner wrote; why not, if one of them is secret or can't
    /// count. `principal` is whose SSH keys they are, where that isn't their comment.
    pub fn add(
        &mut self,
        bytes: &[u8],
        principal: Option<&str>,
        now: Timestamp,
    ) -> Result<(), String> {
        let is_packet = bytes.first().is_some_and(|byte| byte & PACKET != 0);
        match is_packet || bytes.starts_with(ARMOR) {
            true => self.add_certificates(bytes, now),
            false => self.add_ssh(bytes, principal, now),
        }
    }

    fn add_certificates(&mut self, bytes: &[u8], now: Timestamp) -> Result<(), String> {
        let mut new = Certificates::default();
        new.add(bytes)?;
        self.keyring.openpgp.add(bytes)?;
        for name in new.names() {
            // Together with what the keyring knows of it, such as a revocation.
            let verdict = self.keyring.openpgp.can_sign(&name, now);
            verdict.map_err(|why| cannot_count(&name, &why))?;
            let text = self.keyring.openpgp.armored(&name)?;
            let addresses = self.keyring.openpgp.addresses(&name);
            let owner = addresses.iter().find_map(|address| owner(address));
            let file = match &name {
                KeyName::OpenPgp(fingerprint) => format!("{fingerprint}.asc"),
                KeyName::Ssh(_) => return Err("this is no certificate".into()),
            };
            self.put(file, text, name, owner);
        }
        Ok(())
    }

    fn add_ssh(
        &mut self,
        bytes: &[u8],
        principal: Option<&str>,
        now: Timestamp,
    ) -> Result<(), String> {
        for key in ssh_keys(bytes)? {
            let name = ssh::name(&key);
            ssh::can_count(&key).map_err(|why| cannot_count(&name, &why))?;
            let comment = String::from_utf8_lossy(key.comment().as_bytes()).into_owned();
            let principal = principal.unwrap_or(comment.trim());
            let owner = owner(principal);
            let mut text = self.files.get(ALLOWED_SIGNERS).cloned().unwrap_or_default();
            let counts = |line: &allowed_signers::AllowedSigner| {
                line.key.key_data() == key.key_data() && ssh::counts(line, now).is_ok()
            };
            if !self.keyring.ssh.iter().any(counts) {
                if text.last().is_some_and(|byte| *byte != b'\n') {
                    text.push(b'\n');
                }
                text.extend(line(principal, &key)?.bytes());
            }
            self.keyring.ssh = allowed_signers::parse(&text)?;
            self.put(ALLOWED_SIGNERS.into(), text, name, owner);
        }
        Ok(())
    }

    fn put(&mut self, file: String, text: Vec<u8>, name: KeyName, owner: Option<String>) {
        let is_new = self.files.get(&file) != Some(&text);
        if is_new {
            self.files.insert(file.clone(), text);
            self.changed.insert(file);
        }
        self.added.push(Added {
            name,
            owner,
            is_new,
        });
    }

    /// Writes what changes, into a folder that is made if there is none. Its files are whose the
    /// folder is.
    pub fn carry_out(&self, folder: &Path) -> Result<(), Error> {
        if self.lock.is_none() && folder.symlink_metadata().is_ok() {
            let shown = Shown(folder.as_os_str().as_bytes());
            let why = format!("{shown}: somebody made it just now: try again");
            return Err(Error::Repository(why));
        }
        make_folder(folder)?;
        for name in &self.changed {
            let file = folder.join(name);
            let text = self.files.get(name).map_or(&[][..], Vec::as_slice);
            replace(&file, text, Like::in_folder(&file, folder)?, |_| Ok(()))?;
        }
        Ok(())
    }
}

fn lock(folder: &Path) -> std::io::Result<File> {
    let file = File::open(folder)?;
    flock(&file, FlockOperation::LockExclusive)?;
    Ok(file)
}

fn cannot_count(name: &KeyName, why: &super::Unverified) -> String {
    format!("{name} can't count: {why}")
}

/// The keys of a file such as `id_ed25519.pub`: one a line.
fn ssh_keys(bytes: &[u8]) -> Result<Vec<PublicKey>, String> {
    let none = "this is no public key: neither a certificate of OpenPGP's nor a line such as \
                `ssh-ed25519 AAAA… alice@example.com`";
    let text = std::str::from_utf8(bytes).map_err(|_| none.to_owned())?;
    if text.contains("PRIVATE KEY-----") {
        return Err("this is a secret key: name the file beside it that ends in `.pub`".into());
    }
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Option<Vec<PublicKey>> = lines
        .map(|line| PublicKey::from_openssh(line).ok())
        .collect();
    keys.filter(|keys| !keys.is_empty())
        .ok_or_else(|| none.to_owned())
}

/// A line that lets the key sign for git.
fn line(principal: &str, key: &PublicKey) -> Result<String, String> {
    let is_odd = |it: char| it.is_control() || it == '"';
    if principal.is_empty() || principal.contains(is_odd) {
        return Err(format!(
            "the key has no comment that says whose it is (`{}`): `--principal` does",
            Shown(principal.as_bytes())
        ));
    }
    let bare = PublicKey::from(key.key_data().clone());
    let bare = bare.to_openssh().map_err(|error| error.to_string())?;
    // A quoted one can hold blanks, and begin with `#`.
    Ok(format!(
        "\"{principal}\" namespaces=\"git\" {}\n",
        bare.trim_end()
    ))
}

/// What stands before the `@`, if a signer can be called so.
fn owner(address: &str) -> Option<String> {
    let name = address.split('@').next()?.to_lowercase();
    is_signer(&name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIILuqyRf+g5fE+wLG6O6y7cBrJeqBRXP2jX1VpVhsyQc";

    fn plan() -> Plan {
        Plan::new(Path::new("/nonexistent/keyring")).unwrap()
    }

    fn add(plan: &mut Plan, text: &str, principal: Option<&str>) -> Result<(), String> {
        plan.add(text.as_bytes(), principal, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_key_is_added_once() {
        let mut plan = plan();
        let text = format!("# mine\n{ED25519} Alice@example.com\n");
        add(&mut plan, &text, None).unwrap();
        add(&mut plan, &text, Some("somebody else")).unwrap();
        let new: Vec<bool> = plan.added().iter().map(|key| key.is_new).collect();
        assert_eq!(new, [true, false]);
        assert_eq!(plan.added()[0].owner.as_deref(), Some("alice"));
        let written = &plan.files[ALLOWED_SIGNERS];
        let want = format!("\"Alice@example.com\" namespaces=\"git\" {ED25519}\n");
        assert_eq!(std::str::from_utf8(written).unwrap(), want);
    }

    #[test]
    fn somebody_must_own_a_key() {
        for (comment, principal) in [
            ("", None),
            ("", Some("")),
            (" x", Some("a\"b")),
            (" a\"b", None),
        ] {
            let why = add(&mut plan(), &format!("{ED25519}{comment}\n"), principal).unwrap_err();
            assert!(why.contains("`--principal` does"), "{why}");
        }
        add(&mut plan(), ED25519, Some("# a b")).unwrap();
    }

    #[test]
    fn what_is_no_public_key_is_told() {
        for (text, told) in [
            ("", "no public key"),
            ("alice", "no public key"),
            ("alice ssh-ed25519 AAAA", "no public key"),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "ends in `.pub`"),
            ("-----BEGIN RSA PRIVATE KEY-----\n", "ends in `.pub`"),
        ] {
            let why = add(&mut plan(), text, None).unwrap_err();
            assert!(why.contains(told), "{text}: {why}");
        }
    }
}
