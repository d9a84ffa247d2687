//! Whose a new file is: that of what it takes the place of, or of the folder that it is in.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

use rustix::fs::OFlags;

/// The bit of a mode that lets everybody write.
const OTHERS_WRITE: u32 = 0o002;

/// A user and a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    user: u32,
    group: u32,
}

impl Owner {
    /// Of what is there already.
    pub fn of(found: &Metadata) -> Self {
        Self {
            user: found.uid(),
            group: found.gid(),
        }
    }

    /// Gives them the file; an error where that can't be done.
    pub fn give(self, file: &File) -> Result<()> {
        if Self::of(&file.metadata()?) == self {
            return Ok(());
        }
        match fchown(file, Some(self.user), Some(self.group)) {
            // Only root gives files away.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(Error::other(
                "its owner can't be kept: run this as its owner, or as root",
            )),
            other => other,
        }
    }

    /// The same for what may stay its maker's, where it can't be given away.
    pub fn offer(self, file: &File) -> Result<()> {
        if Self::of(&file.metadata()?) == self {
            return Ok(());
        }
        match fchown(file, Some(self.user), Some(self.group)) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
            other => other,
        }
    }
}

/// Returns true if and only if everybody can write to it.
pub fn is_everybodys(found: &Metadata) -> bool {
    found.mode() & OTHERS_WRITE != 0
}

/// Opens a file that this process made, to give it away. Its folder can be writable for others:
/// a link that they put in its place is an error, so that nothing else is given to them.
pub fn open_own(path: &Path) -> Result<File> {
    let no_follow = i32::try_from(OFlags::NOFOLLOW.bits()).map_err(Error::other)?;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(no_follow)
        .open(path)?;
    let found = file.metadata()?;
    match found.is_file() && found.nlink() == 1 {
        true => Ok(file),
        false => Err(Error::other("it is a link: somebody put it there")),
    }
}
