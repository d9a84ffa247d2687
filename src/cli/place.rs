//! Where hooks are installed, and where they are taken out: the arguments of both commands.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::account::shown;
use super::{no_repository, repository};
use crate::ambient::Ambient;
use crate::error::Error;
use crate::git::Repo;
use crate::install::{Hook, Site};

/// The current folder.
const HERE: &str = ".";

/// Where to, or where from: one of the three.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Place {
    /// The hooks of repositories on this server: pre-receive, and post-receive for the audit log
    #[arg(long, value_name = "REPO", num_args = 1..)]
    pub(super) server: Vec<PathBuf>,
    /// The pre-push hook of a repository to push from [default: the one around this folder]
    #[arg(long, value_name = "WORKTREE", num_args = 0..=1, default_missing_value = HERE)]
    pub(super) local: Option<PathBuf>,
    /// A folder that `git init --template` copies: what is made from it has these hooks
    #[arg(long, value_name = "DIR")]
    pub(super) template: Option<PathBuf>,
}

/// The repository around `worktree`. Around the current folder `GIT_DIR` has a say.
pub fn worktree(worktree: &Path, ambient: &Ambient) -> Result<Repo, Error> {
    if worktree == Path::new(HERE) {
        return repository(ambient)?.ok_or_else(no_repository);
    }
    Repo::discover(worktree, ambient.git.clone())?
        .ok_or_else(|| Error::Repository(format!("{}: no git repository", shown(worktree))))
}

/// The whole path of a template, and where its hook and config are.
pub fn template(folder: &Path) -> anyhow::Result<(PathBuf, Site)> {
    let folder = std::path::absolute(folder).context("the current folder can't be read")?;
    let site = Site {
        hooks: Hook::SERVER,
        folder: folder.join("hooks"),
        config: folder.join("config"),
    };
    Ok((folder, site))
}
