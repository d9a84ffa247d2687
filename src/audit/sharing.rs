//! `core.sharedRepository`, as git follows it for the files that it makes.

use std::fs::{File, Permissions};
use std::io::Result;
use std::os::unix::fs::PermissionsExt;

use crate::error::Error;
use crate::git::Repo;

/// New files of a folder are its group's.
const SET_GROUP: u32 = 0o2000;

/// Who may read and write what is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// As the umask says.
    Umask,
    /// These bits besides.
    More(u32),
    /// Just these bits.
    Exactly(u32),
}

impl Sharing {
    /// Reads it from the repository.
    pub fn of(repo: &Repo) -> std::result::Result<Self, Error> {
        let value = repo.trusted_config("core.sharedrepository")?;
        Ok(value.map_or(Self::Umask, |value| Self::parse(&value)))
    }

    fn parse(value: &str) -> Self {
        match value.to_ascii_lowercase().as_str() {
            "group" | "true" | "yes" | "on" | "1" => Self::More(0o660),
            "all" | "world" | "everybody" | "2" => Self::More(0o664),
            octal => match u32::from_str_radix(octal, 8) {
                // git refuses a mode that shuts the owner out.
                Ok(mode) if mode & 0o600 == 0o600 => Self::Exactly(mode & 0o666),
                _ => Self::Umask,
            },
        }
    }

    /// Gives a file the mode. It was made under the umask.
    pub fn share_file(self, file: &File) -> Result<()> {
        self.share(file, |mode| mode)
    }

    /// Gives a folder the mode: who may read it may go into it.
    pub fn share_folder(self, folder: &File) -> Result<()> {
        self.share(folder, |mode| mode | (mode & 0o444) >> 2 | SET_GROUP)
    }

    fn share(self, file: &File, shaped: impl Fn(u32) -> u32) -> Result<()> {
        let mode = file.metadata()?.permissions().mode() & 0o7777;
        let mode = match self {
            Self::Umask => return Ok(()),
            Self::More(bits) => mode | shaped(bits),
            Self::Exactly(bits) => shaped(bits),
        };
        file.set_permissions(Permissions::from_mode(mode))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_git_reads_them() {
        for (value, sharing) in [
            ("group", Sharing::More(0o660)),
            ("TRUE", Sharing::More(0o660)),
            ("1", Sharing::More(0o660)),
            ("all", Sharing::More(0o664)),
            ("0640", Sharing::Exactly(0o640)),
            ("0666", Sharing::Exactly(0o666)),
            ("umask", Sharing::Umask),
            ("false", Sharing::Umask),
            ("0", Sharing::Umask),
        ] {
            assert_eq!(Sharing::parse(value), sharing, "{value}");
        }
    }

    #[test]
    fn folders_can_be_entered_by_who_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let opened = File::open(folder.path()).unwrap();
        Sharing::Exactly(0o640).share_folder(&opened).unwrap();
        let mode = opened.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o2750);
    }
}
