//! A file replaced in one step, with its mode and its owner kept.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::error::Error;
use crate::git::Repo;
use crate::owner::Owner;

/// Whose a file is to be, and who may read and write it.
#[derive(Clone, Copy)]
pub(crate) struct Like {
    mode: u32,
    owner: Owner,
    /// Whether another owner would be a change.
    exact: bool,
}

impl Like {
    /// As the file has it; where there is none, readable for those who can read the repository's
    /// config, and writable for its owner alone.
    pub(crate) fn of(file: &Path, repo: &Repo) -> Result<Self, Error> {
        let config = repo.common_dir().join("config");
        let (path, exact) = match fs::symlink_metadata(file) {
            Ok(found) if found.is_file() => (file, true),
            _ => (config.as_path(), false),
        };
        let found = fs::metadata(path).map_err(|error| failed(path, &error))?;
        let mode = found.mode() & 0o7777;
        Ok(Self {
            mode: if exact { mode } else { mode & 0o444 | 0o600 },
            owner: Owner::of(&found),
            exact,
        })
    }

    /// As the file has it; where there is none, whose the folder is, readable for those who can read
    /// that, and writable for its owner, and for its group where that is so of the folder.
    pub(crate) fn in_folder(file: &Path, folder: &Path) -> Result<Self, Error> {
        if let Ok(found) = fs::symlink_metadata(file) {
            return Ok(Self {
                mode: found.mode() & 0o7777,
                owner: Owner::of(&found),
                exact: true,
            });
        }
        let found = fs::metadata(folder).map_err(|error| failed(folder, &error))?;
        Ok(Self {
            mode: found.mode() & 0o664 | 0o600,
            owner: Owner::of(&found),
            exact: false,
        })
    }

    fn apply(self, file: &File) -> io::Result<()> {
        match self.exact {
            true => self.owner.give(file)?,
            // A new one is its maker's where it can't be given away.
            false => self.owner.offer(file)?,
        }
        file.set_permissions(Permissions::from_mode(self.mode))
    }
}

/// Makes a folder, and those above it that aren't there: each whose the folder above it is, and
/// for the same people, but not for everybody to write.
pub(crate) fn make_folder(folder: &Path) -> Result<(), Error> {
    if folder.symlink_metadata().is_ok() {
        return Ok(());
    }
    let fail = |error: io::Error| failed(folder, &error);
    let above = folder
        .parent()
        .ok_or_else(|| Error::internal("a root folder that isn't there"))?;
    make_folder(above)?;
    let like = fs::metadata(above).map_err(fail)?;
    fs::create_dir(folder).map_err(fail)?;
    let made = File::open(folder).map_err(fail)?;
    Owner::of(&like).offer(&made).map_err(fail)?;
    let permissions = Permissions::from_mode(like.mode() & 0o2775 | 0o700);
    made.set_permissions(permissions).map_err(fail)
}

/// Replaces a file in one step, which also lasts when the machine fails. `ready` is asked about
/// the whole new file, by its temporary name.
pub(crate) fn replace(
    file: &Path,
    bytes: &[u8],
    like: Like,
    ready: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    let fail = |error: io::Error| failed(file, &error);
    let folder = file
        .parent()
        .ok_or(Error::Internal("a file without a folder"))?;
    let mut made = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    made.write_all(bytes).map_err(fail)?;
    like.apply(made.as_file()).map_err(fail)?;
    made.as_file().sync_all().map_err(fail)?;
    ready(made.path())?;
    made.persist(file).map_err(|error| fail(error.error))?;
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(fail)
}

/// An error at a path.
pub(crate) fn failed(path: &Path, error: &io::Error) -> Error {
    Error::Repository(format!("{}: {error}", path.display()))
}
