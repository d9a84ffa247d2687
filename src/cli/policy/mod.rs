//! `treewarden policy`: a policy by itself. One file a subcommand.

mod check;
mod install;

use std::io::Write;

use clap::{Args, Subcommand};

use crate::ambient::Ambient;
use crate::error::Exit;
mod test;

use std::io::Write;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::{no_repository, repository};
use crate::ambient::Ambient;
use crate::error::{Error, Exit};
use crate::git::Repo;
use crate::policy::{self, Policy, Source, server_source};

/// Look at a policy by itself
#[derive(Debug, Args)]
pub struct PolicyCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Install(install::Install),
    Test(test::Test),
}

impl PolicyCommand {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        let mut out = std::io::BufWriter::new(stdout);
        let exit = match &self.command {
            Command::Check(command) => command.run(ambient, &mut out),
            Command::Install(command) => command.run(ambient, &mut out),
            Command::Test(command) => command.run(ambient, &mut out),
        }?;
        out.flush()?;
        Ok(exit)
    }
}

/// Which policy a subcommand is about.
#[derive(Debug, Args)]
struct Subject {
    /// `preset:<name>` or a file [default: what the repository's config names]
    policy: Option<String>,
    /// What the repository is called in the policy's ref patterns
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,
}

impl Subject {
    fn policy(&self, ambient: &Ambient) -> anyhow::Result<Policy> {
        let repo = repository(ambient)?;
        let source = self.source(repo.as_ref())?;
        let name = match (&self.repository, &repo) {
            (Some(name), _) => Some(name.clone()),
            (None, Some(repo)) => repo.trusted_config("treewarden.repository")?,
            (None, None) => None,
        };
        Ok(policy::load(&source, name.as_deref()).map_err(Error::Policy)?)
    }

    fn source(&self, repo: Option<&Repo>) -> anyhow::Result<Source> {
        if let Some(text) = &self.policy {
            let here = std::env::current_dir().context("the current folder can't be read")?;
            return Ok(Source::parse(text, &here));
        }
        let repo = repo.ok_or_else(no_repository)?;
        let configured = repo.trusted_config("treewarden.policy")?;
        Ok(server_source(configured.as_deref(), repo.git_dir()).map_err(Error::Policy)?)
    }
}
