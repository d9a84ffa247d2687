//! Keeps the hook that ours takes the place of, beside it, as `<hook>.chained`.

use std::fs;
use std::io::{ErrorKind, Result};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use tempfile::NamedTempFile;

use super::hook_file::{Found, Hook};
use super::{Chained, failed, shown, text};
use crate::chain::{chained_path, is_executable};
use crate::error::Error;
use crate::owner::Owner;

/// What [`keep`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing: the chained hook was there before, or there is none.
    Before,
    /// It made the chained hook.
    Now,
}

/// An error unless a hook that was found at `path` can be kept: what stands in the chained hook's
/// place would otherwise be lost, or be run by us when nobody meant it to.
pub fn check(path: &Path, found: Found, hook: Hook) -> std::result::Result<(), Error> {
    let chained = chained_path(path);
    check_starts(path, &chained, found, hook)?;
    if chained.symlink_metadata().is_err() {
        return Ok(());
    }
    let way_out = match found {
        Found::Shim { .. } => return Ok(()),
        Found::Foreign if is_same(path, &chained) => return Ok(()),
        Found::Foreign => "one of the two must be moved away first",
        Found::Nothing => "move it back there, or away, first",
    };
    let state = match found {
        Found::Nothing => "there is no",
        Found::Shim { .. } | Found::Foreign => "so is another program's",
    };
    Err(Error::Repository(format!(
        "{} is there, and {state} {}: {way_out}",
        shown(&chained),
        shown(path)
    )))
}

/// An error where our program would end up being started by the hook that it starts: each push
/// would be judged twice, or never end well.
fn check_starts(
    path: &Path,
    chained: &Path,
    found: Found,
    hook: Hook,
) -> std::result::Result<(), Error> {
    let is_loop = || chained.canonicalize().ok() == path.canonicalize().ok();
    let program = hook.program();
    let (culprit, fault) = match found {
        Found::Foreign if text::starts(path, program) => (path, program),
        Found::Shim { .. } if chained.exists() && is_loop() => (chained, "itself"),
        Found::Shim { .. } if text::starts(chained, program) => (chained, program),
        _ => return Ok(()),
    };
    Err(Error::Repository(format!(
        "{} starts {fault} already, and would be run by it: take that out of it, or move it away, \
         first",
        shown(culprit)
    )))
}

/// The chained hook of the one at `path`.
pub fn beside(path: &Path) -> std::result::Result<Option<Chained>, Error> {
    let path = chained_path(path);
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let runs = is_executable(&path).map_err(|error| failed(&path, &error))?;
    let asks_name = runs && text::asks_name(&path);
    Ok(Some(Chained {
        path,
        runs,
        asks_name,
    }))
}

/// Keeps the hook at `path`, which stays where it is too.
pub fn keep(path: &Path) -> std::result::Result<Kept, Error> {
    let chained = chained_path(path);
    if chained.symlink_metadata().is_ok() {
        return Ok(Kept::Before);
    }
    let made = match fs::read_link(path) {
        Ok(target) => symlink(target, &chained),
        // Not every file system has hard links, and not every file may be linked by everybody.
        Err(_) => fs::hard_link(path, &chained).or_else(|_| copy(path, &chained)),
    };
    made.and_then(|()| sync_folder(path))
        .map_err(|error| failed(&chained, &error))?;
    Ok(Kept::Now)
}

impl Kept {
    /// Takes back what was done for the hook at `path`.
    pub fn undo(self, path: &Path) -> std::result::Result<(), Error> {
        let chained = chained_path(path);
        match self {
            Self::Before => Ok(()),
            Self::Now => fs::remove_file(&chained).map_err(|error| failed(&chained, &error)),
        }
    }
}

/// Returns true if and only if both are the same hook, as after an install that was cut off.
fn is_same(path: &Path, chained: &Path) -> bool {
    let same_file = || {
        let (one, other) = (path.symlink_metadata()?, chained.symlink_metadata()?);
        Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
    };
    let same_link = || Ok(fs::read_link(path)? == fs::read_link(chained)?);
    let same: [&dyn Fn() -> Result<bool>; 2] = [&same_file, &same_link];
    same.iter().any(|is_so| is_so().unwrap_or(false))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().ok_or(ErrorKind::InvalidInput)?;
    let mut file = NamedTempFile::new_in(folder)?;
    std::io::copy(&mut fs::File::open(from)?, &mut file)?;
    let found = from.metadata()?;
    Owner::of(&found).offer(file.as_file())?;
    file.as_file().set_permissions(found.permissions())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(to)?;
    Ok(())
}

/// Makes sure that what happened in the folder of `path` outlives a crash.
pub fn sync_folder(path: &Path) -> Result<()> {
    let folder = path.parent().ok_or(ErrorKind::InvalidInput)?;
    fs::File::open(folder)?.sync_all()
}
