//! Who may push into a repository on this server, as far as its files tell.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use crate::error::Error;
use crate::git::Repo;

/// What belongs to nobody in particular: no file, by convention.
const NOBODY: u32 = 65534;
/// The group's permission to write.
const GROUP_WRITES: u32 = 0o020;
/// Everybody's permission to write.
const OTHERS_WRITE: u32 = 0o002;

/// Whom `core.sharedRepository` lets push, over a connection that runs git as themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The owner of the repository alone.
    Owner {
        /// The owner.
        uid: u32,
        /// The repository's group.
        gid: u32,
    },
    /// The members of the repository's group.
    Group {
        /// The group.
        gid: u32,
    },
    /// Everybody.
    Everybody,
}

impl Audience {
    /// Reads it from the repository.
    pub fn of(repo: &Repo) -> Result<Self, Error> {
        let found = git_dir(repo)?;
        let shared = repo.trusted_config("core.sharedrepository")?;
        let mode = shared.map_or(0, |value| writers(&value));
        Ok(match mode {
            mode if mode & OTHERS_WRITE != 0 => Self::Everybody,
            mode if mode & GROUP_WRITES != 0 => Self::Group { gid: found.gid() },
            _ => Self::Owner {
                uid: found.uid(),
                gid: found.gid(),
            },
        })
    }

    /// Whom messages speak of.
    pub fn name(self) -> String {
        match self {
            Self::Owner { uid, .. } => format!("user {uid} (the owner)"),
            Self::Group { gid } => format!("group {gid} (by core.sharedRepository)"),
            Self::Everybody => "everybody (by core.sharedRepository)".into(),
        }
    }

    /// A user and a group that stand for it.
    pub fn ids(self) -> (u32, u32) {
        match self {
            Self::Owner { uid, gid } => (uid, gid),
            Self::Group { gid } => (NOBODY, gid),
            Self::Everybody => (NOBODY, NOBODY),
        }
    }

    /// Returns true if and only if the permission bits let it do all that `needs` says: read is 4,
    /// write is 2, execute is 1. Access control lists aren't looked at.
    pub fn may(self, found: &Metadata, needs: u32) -> bool {
        let (mode, owner, group) = (found.mode(), found.uid(), found.gid());
        let allowed = match self {
            // Root reads and writes everything, and executes what anybody may.
            Self::Owner { uid: 0, .. } => 0o6 | u32::from(mode & 0o111 != 0 || found.is_dir()),
            Self::Owner { uid, .. } if owner == uid => mode >> 6,
            Self::Owner { gid, .. } | Self::Group { gid } if group == gid => mode >> 3,
            Self::Owner { .. } | Self::Group { .. } | Self::Everybody => mode,
        };
        allowed & needs == needs
    }
}

/// The mode that a value of `core.sharedRepository` gives to files; 0 for one that shares nothing.
fn writers(value: &str) -> u32 {
    match value.to_ascii_lowercase().as_str() {
        "group" | "true" | "yes" | "on" | "1" => 0o660,
        // The others may read.
        "all" | "world" | "everybody" | "2" => 0o664,
        octal => u32::from_str_radix(octal, 8).unwrap_or(0),
    }
}

fn git_dir(repo: &Repo) -> Result<Metadata, Error> {
    let git_dir = repo.common_dir();
    let found = git_dir.metadata();
    found.map_err(|error| Error::Repository(format!("{}: {error}", git_dir.display())))
}

/// The user who owns the repository.
pub fn owner(repo: &Repo) -> Result<u32, Error> {
    git_dir(repo).map(|found| found.uid())
}

/// The user who runs this: who owns what they make.
pub fn own_user() -> Result<u32, Error> {
    tempfile::tempfile()
        .and_then(|file| file.metadata())
        .map(|found| found.uid())
        .map_err(|error| Error::Repository(format!("a scratch file can't be made: {error}")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn values_are_read_as_git_reads_them() {
        for (value, mode) in [
            ("group", 0o660),
            ("TRUE", 0o660),
            ("1", 0o660),
            ("all", 0o664),
            ("2", 0o664),
            ("0640", 0o640),
            ("0666", 0o666),
            ("umask", 0),
            ("false", 0),
            ("0", 0),
        ] {
            assert_eq!(writers(value), mode, "{value}");
        }
    }

    #[test]
    fn one_set_of_bits_counts_for_each() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let found = |mode| {
            let permissions = std::fs::Permissions::from_mode(mode);
            file.as_file().set_permissions(permissions).unwrap();
            file.as_file().metadata().unwrap()
        };
        let (uid, gid) = (found(0o600).uid(), found(0o600).gid());
        let stranger = uid + 1;
        let ours = Audience::Group { gid };
        let theirs = Audience::Group { gid: gid + 1 };
        assert!(ours.may(&found(0o640), 0o4) && !theirs.may(&found(0o640), 0o4));
        assert!(!ours.may(&found(0o604), 0o4) && theirs.may(&found(0o604), 0o4));
        assert!(!ours.may(&found(0o650), 0o6) && ours.may(&found(0o650), 0o5));
        assert!(Audience::Everybody.may(&found(0o604), 0o4));
        let owner = |uid| Audience::Owner { uid, gid: gid + 1 };
        assert!(owner(stranger).may(&found(0o604), 0o4));
        assert!(!owner(stranger).may(&found(0o640), 0o4));
        assert!(owner(0).may(&found(0o010), 0o5) && !owner(0).may(&found(0o666), 0o1));
        if uid != 0 {
            assert!(owner(uid).may(&found(0o400), 0o4) && !owner(uid).may(&found(0o044), 0o4));
        }
    }
}
