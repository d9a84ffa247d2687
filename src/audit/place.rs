//! Where the log is, and what lies beside it.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::{Sharing, failed};
use crate::error::Error;
use crate::git::Repo;
use crate::owner::Owner;

/// The key of the repository's, or the system's, git config.
pub const KEY: &str = "treewarden.audit";
/// The value with which nothing is written.
pub const OFF: &str = "off";
/// The folder for it unless the key says otherwise, below the git directory.
pub const DEFAULT_FOLDER: &str = "treewarden";
const DEFAULT: &str = "treewarden/audit.jsonl";

/// Where the log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    log: PathBuf,
    folder: PathBuf,
    /// Who may write it.
    sharing: Sharing,
}

impl Place {
    /// Where the repository's log is; `None` where it has none, by its own word.
    pub fn of(repo: &Repo) -> Result<Option<Self>, Error> {
        let configured = repo.trusted_config(KEY)?;
        let value = configured.as_deref().unwrap_or(DEFAULT);
        if value == OFF {
            return Ok(None);
        }
        let place = Self::at(&repo.common_dir().join(value), Sharing::of(repo)?);
        let fault = || Error::Repository(format!("git config {KEY} names no file"));
        place
            .filter(|_| !value.is_empty())
            .ok_or_else(fault)
            .map(Some)
    }

    /// Where the log is of what is made from this template.
    pub fn of_template(folder: &Path) -> Self {
        Self {
            log: folder.join(DEFAULT),
            folder: folder.join(DEFAULT_FOLDER),
            sharing: Sharing::Umask,
        }
    }

    /// A log at this path; `None` for one that no file can have.
    pub fn at(log: &Path, sharing: Sharing) -> Option<Self> {
        log.file_name()?;
        Some(Self {
            folder: log.parent()?.to_owned(),
            log: log.to_owned(),
            sharing,
        })
    }

    /// The file that records are appended to.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The folder that it is in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How what is made here is shared.
    pub fn sharing(&self) -> Sharing {
        self.sharing
    }

    /// What is locked to append: not the log itself, which rotating replaces.
    pub fn lock(&self) -> PathBuf {
        self.beside(".lock")
    }

    /// What is about to be appended.
    pub fn pending(&self) -> PathBuf {
        self.beside(".pending")
    }

    /// Where the log goes when a new one is begun.
    pub fn rotated(&self, stamp: &str) -> PathBuf {
        let stem = self.log.file_stem().unwrap_or_default();
        let mut name = OsString::from(stem);
        name.push(format!("-{stamp}"));
        if let Some(extension) = self.log.extension() {
            name.push(".");
            name.push(extension);
        }
        self.folder.join(name)
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.log.clone().into_os_string();
        path.push(suffix);
        path.into()
    }

    /// Gives the folder, and what is in it already, the modes by which it is shared.
    pub fn share(&self) -> Result<(), Error> {
        let folder = || {
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
            let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
            let folder = File::options()
                .read(true)
                .custom_flags(flags)
                .open(&self.folder)?;
            self.sharing.share_folder(&folder)
        };
        folder().map_err(|error| failed(&self.folder, &error))?;
        for path in [self.log.clone(), self.lock()] {
            let shared = Self::open(&path).and_then(|file| self.sharing.share_file(&file));
            match shared {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed(&path, &error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// Opens a file that is there. A link is not followed: whoever put it there would choose
    /// where records go.
    pub(super) fn open(path: &Path) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = File::options()
            .read(true)
            .append(true)
            .custom_flags(i32::try_from(flags.bits()).map_err(io::Error::other)?)
            .open(path)?;
        match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(io::Error::other("is no file")),
        }
    }

    /// Opens a file to read it. What isn't a file, such as a pipe, is not waited for.
    pub(super) fn open_to_read(path: &Path) -> io::Result<File> {
        let flags = OFlags::NONBLOCK.bits();
        let file = File::options()
            .read(true)
            .custom_flags(i32::try_from(flags).map_err(io::Error::other)?)
            .open(path)?;
        match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(io::Error::other("is no file")),
        }
    }

    /// Makes a file, which nobody sees before it has its mode and its owner; one that is there
    /// already stays.
    pub(super) fn create(&self, path: &Path) -> io::Result<File> {
        let folder = self.folder.metadata()?;
        let draft = tempfile::Builder::new()
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
            .tempfile_in(&self.folder)
            // Without the name of a file that nobody asked for.
            .map_err(|error| io::Error::from(error.kind()))?;
        self.sharing.share_file(draft.as_file())?;
        Owner::of(&folder).offer(draft.as_file())?;
        match draft.persist_noclobber(path) {
            Ok(_) => Self::open(path),
            Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
                Self::open(path)
            }
            Err(refused) => Err(refused.error),
        }
    }

    /// Opens the file, or makes it.
    pub(super) fn open_or_create(&self, path: &Path) -> io::Result<File> {
        match Self::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.create(path),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beside_the_log() {
        let place = Place::at(Path::new("/r/t/audit.jsonl"), Sharing::Umask).unwrap();
        assert_eq!(place.lock(), Path::new("/r/t/audit.jsonl.lock"));
        assert_eq!(place.pending(), Path::new("/r/t/audit.jsonl.pending"));
        assert_eq!(place.rotated("x"), Path::new("/r/t/audit-x.jsonl"));
        assert_eq!(Place::at(Path::new("/"), Sharing::Umask), None);
    }

    #[test]
    fn only_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(&folder.path().join("log"), Sharing::Umask).unwrap();
        place.open_or_create(place.log()).unwrap();
        std::os::unix::fs::symlink("log", folder.path().join("link")).unwrap();
        for path in ["link", "."] {
            assert!(Place::open(&folder.path().join(path)).is_err(), "{path}");
        }
    }
}
