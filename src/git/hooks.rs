//! Where git looks for hooks: in the repository's own folder, or where `core.hooksPath` leads.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::command::{CleanGit, run};
use super::open::Repo;
use crate::budget::{Budget, Limits};
use crate::error::Error;

const HOOKS_PATH: &str = "core.hooksPath";

/// Who runs the hook, which says where a relative `core.hooksPath` is counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookSide {
    /// `git receive-pack`, which runs in the git directory.
    Server,
    /// `git push`, which runs at the top of the work tree; without one, in the git directory.
    Client,
}

/// Where git looks for the hooks of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooks {
    /// The folder, absolute. Nothing says that it is there.
    pub folder: PathBuf,
    /// What leads there; `None` if it is the repository's own.
    pub path: Option<HooksPath>,
}

/// A `core.hooksPath`, as git finds it for whoever runs this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HooksPath {
    /// Its value, with `~` expanded; may be relative.
    pub value: PathBuf,
    /// Who set it.
    pub scope: ConfigScope,
}

/// Which configuration a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigScope {
    /// The machine's.
    System,
    /// A user's.
    Global,
    /// The repository's.
    Local,
    /// A worktree's own.
    Worktree,
    /// The environment's: `GIT_CONFIG_COUNT`, or `-c`.
    Command,
}

impl ConfigScope {
    fn parse(name: &[u8]) -> Option<Self> {
        match name {
            b"system" => Some(Self::System),
            b"global" => Some(Self::Global),
            b"local" => Some(Self::Local),
            b"worktree" => Some(Self::Worktree),
            b"command" => Some(Self::Command),
            _ => None,
        }
    }

    /// Returns true if and only if the repository itself says so, and not its surroundings.
    pub fn is_own(self) -> bool {
        match self {
            Self::Local | Self::Worktree => true,
            Self::System | Self::Global | Self::Command => false,
        }
    }

    /// The words for a message.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "the system's git config",
            Self::Global => "a user's git config",
            Self::Local => "the repository's git config",
            Self::Worktree => "the worktree's git config",
            Self::Command => "the environment",
        }
    }
}

impl Repo {
    /// Where git looks for the hooks of this repository. Its linked worktrees have the same ones,
    /// unless `core.hooksPath` is relative.
    pub fn hooks(&self, side: HookSide) -> Result<Hooks, Error> {
        let Some(path) = self.hooks_path()? else {
            return Ok(Hooks {
                folder: self.own_hooks(),
                path: None,
            });
        };
        let base = match side {
            HookSide::Server => self.git_dir(),
            HookSide::Client => self.inner.workdir().unwrap_or(self.git_dir()),
        };
        let folder = match path.value.as_os_str().is_empty() {
            // git puts the hook's name behind an empty path and a `/`.
            true => PathBuf::from("/"),
            false => base.join(&path.value),
        };
        Ok(Hooks {
            folder,
            path: Some(path),
        })
    }

    /// The folder for hooks inside of the repository, absolute. Linked worktrees share it.
    pub fn own_hooks(&self) -> PathBuf {
        self.inner.commondir().join("hooks")
    }

    /// The repository's own config file, absolute. Linked worktrees share it.
    pub fn config_path(&self) -> PathBuf {
        self.inner.commondir().join("config")
    }

    /// The config files that have a say whoever runs git here, absolute: the system's, and the
    /// repository's own with all that these include. Nothing says that one is there.
    pub fn config_files(&self) -> Result<Vec<PathBuf>, Error> {
        let mut command = CleanGit::as_whoever_runs_this(&self.git_dir);
        command.args(["config", "--show-scope", "--show-origin", "--includes"]);
        command.args(["--null", "--list"]);
        let answer = run(command, &Budget::new(Limits::default()))?;
        if answer.status != Some(0) {
            return Err(answer.error("config --list"));
        }
        let mut files = vec![self.config_path()];
        let fields: Vec<&[u8]> = answer.stdout.split(|byte| *byte == 0).collect();
        for setting in fields.chunks_exact(3) {
            if let [scope, origin, entry] = setting {
                files.extend(named(scope, origin, entry));
            }
        }
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// The names of the remotes. One that is no UTF-8 is an error.
    pub fn remotes(&self) -> Result<Vec<String>, Error> {
        let mut command = CleanGit::as_whoever_runs_this(&self.git_dir);
        command.arg("remote");
        let answer = run(command, &Budget::new(Limits::default()))?;
        if answer.status != Some(0) {
            return Err(answer.error("remote"));
        }
        let text = String::from_utf8(answer.stdout)
            .map_err(|_| Error::Repository("a remote's name is not UTF-8".into()))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    fn hooks_path(&self) -> Result<Option<HooksPath>, Error> {
        let mut command = CleanGit::as_whoever_runs_this(&self.git_dir);
        command.args(["config", "--show-scope", "--null", "--type=path", "--get"]);
        command.arg(HOOKS_PATH);
        let answer = run(command, &Budget::new(Limits::default()))?;
        match answer.status {
            Some(0) => parse(&answer.stdout).map(Some).ok_or_else(|| {
                Error::Repository(format!("git config answered without meaning: {HOOKS_PATH}"))
            }),
            Some(1) => Ok(None),
            _ => Err(answer.error("config --get core.hooksPath")),
        }
    }
}

/// The file that a setting stands in, and the one that it includes, which git doesn't name where
/// nothing stands in it yet.
fn named(scope: &[u8], origin: &[u8], entry: &[u8]) -> Vec<PathBuf> {
    let of_all = ConfigScope::parse(scope).is_some_and(|scope| match scope {
        ConfigScope::System | ConfigScope::Local | ConfigScope::Worktree => true,
        ConfigScope::Global | ConfigScope::Command => false,
    });
    let Some(path) = origin.strip_prefix(b"file:").filter(|_| of_all) else {
        return Vec::new();
    };
    let file = PathBuf::from(OsStr::from_bytes(path));
    let mut fields = entry.splitn(2, |byte| *byte == b'\n');
    let key = fields.next().unwrap_or_default();
    let leads = key.starts_with(b"include") && key.ends_with(b".path");
    let value = fields.next().filter(|value| leads && is_plain(value));
    let included = value.map(|value| match file.parent() {
        Some(folder) => folder.join(OsStr::from_bytes(value)),
        None => OsStr::from_bytes(value).into(),
    });
    std::iter::once(file.clone()).chain(included).collect()
}

/// Returns true if and only if git takes the path as it is.
fn is_plain(path: &[u8]) -> bool {
    !path.is_empty() && !path.starts_with(b"~") && !path.starts_with(b"%(")
}

/// Reads `<scope> NUL <value> NUL`.
fn parse(answer: &[u8]) -> Option<HooksPath> {
    let mut fields = answer.split(|byte| *byte == 0);
    let scope = ConfigScope::parse(fields.next()?)?;
    let value = Path::new(OsStr::from_bytes(fields.next()?)).to_owned();
    Some(HooksPath { value, scope })
}
