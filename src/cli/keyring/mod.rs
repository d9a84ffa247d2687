//! `treewarden keyring`: whose signatures count. One file a subcommand.

mod add;
mod lint;

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::repository_at;
use crate::ambient::Ambient;
use crate::error::Exit;
use crate::git::Repo;

/// Look at the keys whose signatures count, and add some
#[derive(Debug, Args)]
pub struct KeyringCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(add::Add),
    Lint(lint::Lint),
}

impl KeyringCommand {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        let mut out = std::io::BufWriter::new(stdout);
        let exit = match &self.command {
            Command::Add(command) => command.run(ambient, &mut out),
            Command::Lint(command) => command.run(ambient, &mut out),
        }?;
        out.flush()?;
        Ok(exit)
    }
}

/// Which keyring a subcommand is about.
#[derive(Debug, Args)]
struct Subject {
    /// The repository whose keyring it is [default: the one here]
    #[arg(long = "in", value_name = "REPO")]
    repo: Option<PathBuf>,
    /// A folder that is a keyring, by itself
    #[arg(long, value_name = "DIR", conflicts_with = "repo")]
    keyring: Option<PathBuf>,
}

/// What it turned out to be.
enum Meant {
    /// That of a repository.
    Of(Box<Repo>),
    /// A folder by itself.
    Folder(PathBuf),
}

impl Subject {
    fn find(&self, ambient: &Ambient) -> anyhow::Result<Meant> {
        if let Some(folder) = &self.keyring {
            let folder = std::path::absolute(folder);
            let folder = folder.context("the current folder can't be read")?;
            return Ok(Meant::Folder(folder));
        }
        let repo = repository_at(self.repo.as_deref(), ambient)?;
        Ok(Meant::Of(Box::new(repo)))
    }
}
