//! Folders that are made for hooks, and go away again.

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, mkdirat, open, openat};

use super::{failed, shown};
use crate::error::Error;
use crate::owner::Owner;

/// Folders that were made. They go away with this unless they are [kept](Made::keep).
#[derive(Debug, Default)]
pub struct Made(Vec<PathBuf>);

impl Made {
    /// Makes the folder, and those above it, where they aren't there.
    pub fn make(folder: &Path) -> std::result::Result<Self, Error> {
        if folder.exists() && !folder.is_dir() {
            return Err(Error::Repository(format!("{} is no folder", shown(folder))));
        }
        let missing = folder.ancestors().take_while(|above| !above.exists());
        let mut missing: Vec<&Path> = missing.collect();
        let mut made = Self::default();
        while let Some(next) = missing.pop() {
            create(next).map_err(|error| failed(next, &error))?;
            made.0.push(next.to_owned());
        }
        Ok(made)
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Lets them stay.
    pub fn keep(mut self) {
        self.0.clear();
    }
}

/// Makes one folder, for whoever owns the one above, and open to all who come in there: git passes
/// over a hook that it can't reach. By descriptors, so that nothing put there meanwhile is meant.
fn create(folder: &Path) -> Result<()> {
    let (Some(above), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(ErrorKind::InvalidInput.into());
    };
    let mode = Mode::from_raw_mode(0o755);
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let above = File::from(open(above, flags, Mode::empty())?);
    mkdirat(&above, name, mode)?;
    let inner = openat(&above, name, flags | OFlags::NOFOLLOW, Mode::empty())?;
    let inner = File::from(inner);
    inner.set_permissions(Permissions::from_mode(0o755))?;
    Owner::of(&above.metadata()?).offer(&inner)
}

impl Drop for Made {
    fn drop(&mut self) {
        if let Some(innermost) = self.0.last() {
            remove_empty(innermost, self.0.len());
        }
    }
}

/// Removes the folder and those above it, `levels` in all, as far as they are empty.
pub fn remove_empty(folder: &Path, levels: usize) {
    let mut folders = folder.ancestors().take(levels);
    // What holds something by now is somebody's.
    while folders
        .next()
        .is_some_and(|next| fs::remove_dir(next).is_ok())
    {}
}
