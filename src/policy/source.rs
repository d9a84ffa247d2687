//! Where a policy comes from: never from what is pushed.

use std::fmt;
use std::path::{Path, PathBuf};

use super::place::Faults;
use super::preset::{PRESETS, Preset, preset};
use crate::owner::is_everybodys;

/// The policy of a machine whose repositories have none of their own.
const SYSTEM_POLICY: &str = "/etc/treewarden/policy.toml";

/// A place to read a policy from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// One that is compiled in.
    Preset(String),
    /// A file.
    File(PathBuf),
}

impl Source {
    /// Reads `preset:<name>` or a path; a relative one is taken from `base`.
    pub fn parse(text: &str, base: &Path) -> Self {
        match text.strip_prefix("preset:") {
            Some(name) => Self::Preset(name.into()),
            None => Self::File(base.join(text)),
        }
    }

    /// The text.
    pub fn read(&self) -> Result<String, Faults> {
        self.text(|preset| preset.text)
    }

    /// What judges pushes: the text, which may lack the cases.
    pub(super) fn read_rules(&self) -> Result<String, Faults> {
        self.text(|preset| preset.rules)
    }

    fn text(&self, of: impl Fn(&Preset) -> &'static str) -> Result<String, Faults> {
        match self {
            Self::Preset(name) => preset(name).map(|it| of(it).to_owned()).ok_or_else(|| {
                let known = PRESETS.map(|preset| preset.name).join(", ");
                Faults::of(format!("there is no preset `{name}`, only {known}"))
            }),
            Self::File(path) => {
                read_file(path).map_err(|error| Faults::of(format!("{}: {error}", path.display())))
            }
        }
    }

    /// The digest of the policy, where it is known before the policy is read.
    pub(super) fn digest(&self) -> Option<&'static str> {
        match self {
            Self::Preset(name) => preset(name).map(|preset| preset.digest),
            Self::File(_) => None,
        }
    }

    /// Errors if others could change what it says: by a symbolic link in its place, or by writing
    /// to it.
    pub fn must_be_owners(&self) -> Result<(), Faults> {
        let Self::File(path) = self else {
            return Ok(());
        };
        let fault = |why: &str| Faults::of(format!("{}: {why}", path.display()));
        let found = path
            .symlink_metadata()
            .map_err(|error| fault(&error.to_string()))?;
        if found.is_symlink() {
            return Err(fault(
                "a policy that is in force is no symbolic link: name the file itself",
            ));
        }
        match is_everybodys(&found) {
            false => Ok(()),
            true => Err(fault("everybody can write this policy: `chmod o-w` it")),
        }
    }

    /// What a relative `extends` in it is relative to.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Preset(_) => Path::new(""),
            Self::File(path) => path.parent().unwrap_or(Path::new("")),
        }
    }
}

/// Reads a regular file: anything else could keep a push waiting for ever.
fn read_file(path: &Path) -> std::io::Result<String> {
    let kind = path.metadata()?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        return Err(std::io::Error::other("this is no regular file"));
    }
    std::fs::read_to_string(path)
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preset(name) => write!(out, "preset:{name}"),
            Self::File(path) => write!(out, "{}", path.display()),
        }
    }
}

/// The policy of a repository: what its configuration names, else `treewarden.toml` in its git
/// directory, else the machine's. An error says what the administrator must do.
pub fn server_source(configured: Option<&str>, git_dir: &Path) -> Result<Source, Faults> {
    if let Some(text) = configured {
        return Ok(Source::parse(text, git_dir));
    }
    [
        git_dir.join("treewarden.toml"),
        PathBuf::from(SYSTEM_POLICY),
    ]
    .into_iter()
    // A dangling link is a policy that someone meant: it is found here and fails when read.
    .find(|path| path.symlink_metadata().is_ok())
    .map(Source::File)
    .ok_or_else(|| {
        Faults::of(format!(
            "this repository has no policy: set `git config treewarden.policy preset:bpf-next` \
                 (or a file) in {}",
            git_dir.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_wins() {
        let folder = tempfile::tempdir().unwrap();
        let git_dir = folder.path();
        assert!(server_source(None, git_dir).is_err());
        std::fs::write(git_dir.join("treewarden.toml"), "").unwrap();
        let found = server_source(None, git_dir).unwrap();
        assert_eq!(found, Source::File(git_dir.join("treewarden.toml")));
        let named = server_source(Some("p.toml"), git_dir).unwrap();
        assert_eq!(named, Source::File(git_dir.join("p.toml")));
        let preset = server_source(Some("preset:x"), git_dir).unwrap();
        assert_eq!(preset.to_string(), "preset:x");
        assert!(preset.read().unwrap_err().to_string().contains("bpf-next"));
    }

    #[test]
    fn a_dangling_policy_is_an_error_and_not_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("gone", folder.path().join("treewarden.toml")).unwrap();
        assert!(server_source(None, folder.path()).unwrap().read().is_err());
    }
}
