//! The files of a keyring. Whoever could change one could lift anything: nothing is read that
//! somebody else may have put there.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::{ALLOWED_SIGNERS, CERTIFICATE_ENDS};
use crate::error::Error;
use crate::hex::hex;
use crate::owner::is_everybodys;
use crate::report::escape::Shown;

/// How large a file may be, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// A file that was read.
pub struct KeyFile {
    /// Its name in the folder.
    pub name: String,
    /// What stands in it.
    pub bytes: Vec<u8>,
    path: PathBuf,
}

impl KeyFile {
    /// Its path, for messages.
    pub fn shown(&self) -> String {
        shown(&self.path)
    }
}

/// All files of the folder but hidden ones, in the order of their names.
pub fn read(folder: &Path) -> Result<Vec<KeyFile>, Error> {
    read_each(folder)?.into_iter().collect()
}

/// The same, each with what is wrong with it.
pub fn read_each(folder: &Path) -> Result<Vec<Result<KeyFile, Error>>, Error> {
    let failed = |error: std::io::Error| fault(folder, &error.to_string());
    let found = folder.symlink_metadata().map_err(failed)?;
    if !found.is_dir() {
        return Err(fault(
            folder,
            "a keyring is a folder, and no symbolic link to one",
        ));
    }
    only_owners_write(folder, &found)?;
    let mut names = Vec::new();
    for entry in folder.read_dir().map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        // A hidden one is a draft that is still being written.
        if !name.as_bytes().starts_with(b".") {
            names.push(name);
        }
    }
    names.sort_unstable();
    let paths = names.iter().map(|name| folder.join(name));
    Ok(paths.map(|path| read_one(&path)).collect())
}

fn read_one(path: &Path) -> Result<KeyFile, Error> {
    let name = path.file_name().and_then(|name| name.to_str());
    let is_known = |name: &&str| {
        *name == ALLOWED_SIGNERS || CERTIFICATE_ENDS.iter().any(|end| name.ends_with(end))
    };
    let name = name.filter(is_known).ok_or_else(|| {
        fault(
            path,
            "a keyring holds `allowed_signers`, and certificates in `*.asc` or `*.pgp`: take this \
             away, or name it so",
        )
    })?;
    let file = open(path).map_err(|error| fault(path, &error.to_string()))?;
    let found = file
        .metadata()
        .map_err(|error| fault(path, &error.to_string()))?;
    if !found.is_file() {
        return Err(fault(path, "this is no regular file"));
    }
    only_owners_write(path, &found)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| fault(path, &error.to_string()))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > LARGEST) {
        return Err(fault(path, "this is larger than 16 MiB"));
    }
    Ok(KeyFile {
        name: name.to_owned(),
        bytes,
        path: path.to_owned(),
    })
}

/// Opens what is no symbolic link; a pipe doesn't keep anybody waiting.
fn open(path: &Path) -> std::io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).map_err(std::io::Error::other)?;
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    opened.map_err(|error| match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => std::io::Error::other("this is a symbolic link"),
        _ => error,
    })
}

fn only_owners_write(path: &Path, found: &Metadata) -> Result<(), Error> {
    match is_everybodys(found) {
        false => Ok(()),
        true => Err(fault(path, "everybody can write this: `chmod o-w` it")),
    }
}

/// SHA-256 over names and bytes, in order: 64 hex digits.
pub fn digest(files: &[KeyFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(format!("{} {}\n", file.name, file.bytes.len()));
        hash.update(&file.bytes);
    }
    hex(&hash.finalize())
}

fn fault(path: &Path, why: &str) -> Error {
    Error::Repository(format!("keyring {}: {why}", shown(path)))
}

fn shown(path: &Path) -> String {
    Shown(path.as_os_str().as_bytes()).to_string()
}
