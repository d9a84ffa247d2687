//! A hook's file: whose it is, and how our shim takes its place.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

use super::{chained, failed, shown};
use crate::error::Error;
use crate::owner::Owner;

/// The place in a shim where the path of the program stands.
const BINARY: &str = "@BINARY@";
/// What followed it in versions that ran no chained hook.
const OLDER_END: &str = "\n";

/// A hook that treewarden has a program for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// The server's, which judges.
    PreReceive,
    /// The server's, which writes down what has landed.
    PostReceive,
    /// The pusher's.
    PrePush,
}

impl Hook {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::PreReceive, Self::PostReceive, Self::PrePush];
    /// Those of a server: the one that judges comes last, and so with all that goes with it.
    pub const SERVER: &[Self] = &[Self::PostReceive, Self::PreReceive];
    /// Those of whoever pushes.
    pub const CLIENT: &[Self] = &[Self::PrePush];

    /// The name by which git knows it.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// The program that the shim starts.
    pub fn program(self) -> &'static str {
        self.facts().program
    }

    fn facts(self) -> Facts {
        match self {
            Self::PreReceive => Facts {
                name: "pre-receive",
                program: "treewarden-pre-receive",
                shim: include_str!("../../hooks/pre-receive"),
            },
            Self::PostReceive => Facts {
                name: "post-receive",
                program: "treewarden-post-receive",
                shim: include_str!("../../hooks/post-receive"),
            },
            Self::PrePush => Facts {
                name: "pre-push",
                program: "treewarden-pre-push",
                shim: include_str!("../../hooks/pre-push"),
            },
        }
    }
}

/// What makes one hook differ from another.
struct Facts {
    name: &'static str,
    program: &'static str,
    /// With [`BINARY`] in the place of the program's path.
    shim: &'static str,
}

/// What stands where the hook belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// Our shim, whatever program it starts.
    Shim {
        /// True for a version's that ran no chained hook.
        older: bool,
    },
    /// Another program's hook, or a symbolic link to wherever.
    Foreign,
}

impl Found {
    /// Looks at `path`. What can neither be kept nor replaced is an error.
    pub fn at(path: &Path, hook: Hook) -> Result<Self, Error> {
        let is_link = match path.symlink_metadata() {
            Ok(found) => found.is_symlink(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::Nothing),
            Err(error) => return Err(failed(path, &error)),
        };
        let is_file = path.metadata().is_ok_and(|found| found.is_file());
        match (if is_file { shim(path, hook)? } else { None }, is_link) {
            (Some(_), true) => Err(Error::Repository(format!(
                "{} is a symbolic link to a hook of treewarden's: remove the link first",
                shown(path)
            ))),
            (Some(older), false) => Ok(Self::Shim { older }),
            (None, false) if !is_file => Err(Error::Repository(format!(
                "{} is no file: move it away first",
                shown(path)
            ))),
            (None, _) => Ok(Self::Foreign),
        }
    }
}

/// Tells the shim by its text: `Some(older)`, or `None` for another program's hook.
fn shim(path: &Path, hook: Hook) -> Result<Option<bool>, Error> {
    match fs::read(path) {
        Ok(text) => Ok(read_shim(&text, hook)),
        // Ours can be read by everybody.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

fn read_shim(text: &[u8], hook: Hook) -> Option<bool> {
    let (start, end) = hook.facts().shim.split_once(BINARY)?;
    let rest = text.strip_prefix(start.as_bytes())?;
    let name = format!("/{}'", hook.program());
    let ends_in = |end: &str| {
        rest.strip_suffix(end.as_bytes()).is_some_and(|quoted| {
            quoted.starts_with(b"'/")
                && quoted.ends_with(name.as_bytes())
                && !quoted.contains(&b'\n')
        })
    };
    match (ends_in(end), ends_in(OLDER_END)) {
        (true, _) => Some(false),
        (false, true) => Some(true),
        (false, false) => None,
    }
}

/// Writes the shim for `program` into `folder`, under a name that git doesn't look for.
pub fn draft(folder: &Path, hook: Hook, program: &Path) -> Result<NamedTempFile, Error> {
    let text = shim_text(hook, program)?;
    let write = || {
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(&text)?;
        let executable = fs::Permissions::from_mode(0o755);
        file.as_file().set_permissions(executable)?;
        // The service's user is to remove it again, whoever installs.
        Owner::of(&folder.metadata()?).offer(file.as_file())?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    write().map_err(|error| failed(folder, &error))
}

fn shim_text(hook: Hook, program: &Path) -> Result<Vec<u8>, Error> {
    let path = program.as_os_str().as_bytes();
    if path.contains(&b'\n') {
        return Err(Error::Repository(format!(
            "{}: a path with a line feed can't stand in a hook",
            shown(program)
        )));
    }
    let (start, end) = hook.facts().shim.split_once(BINARY).ok_or(Error::Internal(
        "a hook's template has no place for the program",
    ))?;
    let mut text = format!("{start}'").into_bytes();
    for byte in path {
        match byte {
            b'\'' => text.extend(b"'\\''"),
            other => text.push(*other),
        }
    }
    text.extend(format!("'{end}").bytes());
    Ok(text)
}

/// Puts the draft in the hook's place. There is a hook all the while, and another program's is
/// kept as the chained one; where this fails, all is as it was.
pub fn place(draft: NamedTempFile, path: &Path, found: Found) -> Result<(), Error> {
    let kept = match found {
        Found::Foreign => chained::keep(path)?,
        Found::Nothing | Found::Shim { .. } => chained::Kept::Before,
    };
    match draft.persist(path) {
        Ok(_) => Ok(()),
        Err(refused) => {
            kept.undo(path)?;
            Err(failed(path, &refused.error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_shim_is_known_again() {
        for hook in Hook::ALL {
            let program = Path::new("/o'pt").join(hook.program());
            let text = shim_text(hook, &program).unwrap();
            let quoted = format!("'/o'\\''pt/{}'", hook.program());
            let shown = format!("#!/bin/sh\nexec {quoted} \"$0\" \"$@\"\n");
            assert_eq!(String::from_utf8_lossy(&text), shown);
            assert_eq!(read_shim(&text, hook), Some(false));
            let older = format!("#!/bin/sh\nexec {quoted}\n");
            assert_eq!(read_shim(older.as_bytes(), hook), Some(true));
        }
    }

    #[test]
    fn a_hook_that_does_more_is_not_ours() {
        let hook = Hook::PreReceive;
        let text = shim_text(hook, Path::new("/opt/treewarden-pre-receive")).unwrap();
        let text = String::from_utf8(text).unwrap();
        for foreign in [
            "",
            "#!/bin/sh\nexit 0\n",
            "#!/bin/sh\nexec '/x' \"$0\" \"$@\"\n",
            "#!/bin/sh\nexec 'treewarden-pre-receive' \"$0\" \"$@\"\n",
            &format!("{text}exit 0\n"),
            &text.replace("exec", "true\nexec"),
            &text.replace("\"$0\"", "\"$0\" --dry-run"),
            &text.replace("/opt", "/opt/a'; exit 0\n'"),
        ] {
            assert_eq!(read_shim(foreign.as_bytes(), hook), None, "{foreign}");
        }
        assert_eq!(read_shim(text.as_bytes(), Hook::PrePush), None);
    }

    #[test]
    fn a_path_with_a_line_feed_is_refused() {
        let fault = shim_text(Hook::PrePush, Path::new("/a\nb/treewarden-pre-push")).unwrap_err();
        assert!(fault.to_string().contains("/a\\nb"), "{fault}");
    }
}
