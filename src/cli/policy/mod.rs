//! `treewarden policy`: a policy by itself. One file a subcommand.

mod check;
mod install;
mod lint;
mod show;
mod test;

use std::io::Write;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::{no_repository, repository};
use crate::ambient::Ambient;
use crate::error::{Error, Exit};
use crate::git::Repo;
use crate::hook::server_policy_source;
use crate::policy::{Policy, Source, Written};

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
    Lint(lint::Lint),
    Show(show::Show),
    Test(test::Test),
}

impl PolicyCommand {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        let mut out = std::io::BufWriter::new(stdout);
        let exit = match &self.command {
            Command::Check(command) => command.run(ambient, &mut out),
            Command::Install(command) => command.run(ambient, &mut out),
            Command::Lint(command) => command.run(ambient, &mut out),
            Command::Show(command) => command.run(ambient, &mut out),
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

/// The policy that is meant.
struct Found {
    /// The repository that the command runs in, if it does.
    repo: Option<Repo>,
    /// What its files say.
    written: Written,
    /// What that means here.
    policy: Policy,
    /// What says how the repository is called, where that isn't the policy itself.
    named_by: Option<&'static str>,
}

impl Subject {
    fn find(&self, ambient: &Ambient) -> anyhow::Result<Found> {
        let repo = repository(ambient)?;
        let source = self.source(repo.as_ref())?;
        let configured = match &repo {
            Some(repo) => repo.trusted_config("treewarden.repository")?,
            None => None,
        };
        let (name, named_by) = match (&self.repository, configured) {
            (Some(name), _) => (Some(name.clone()), Some("--repository")),
            (None, Some(name)) => (Some(name), Some("git config treewarden.repository")),
            (None, None) => (None, None),
        };
        let written = Written::read(&source).map_err(Error::Policy)?;
        let policy = written.policy(name.as_deref()).map_err(Error::Policy)?;
        Ok(Found {
            repo,
            written,
            policy,
            named_by,
        })
    }

    fn source(&self, repo: Option<&Repo>) -> anyhow::Result<Source> {
        if let Some(text) = &self.policy {
            let here = std::env::current_dir().context("the current folder can't be read")?;
            return Ok(Source::parse(text, &here));
        }
        Ok(server_policy_source(repo.ok_or_else(no_repository)?)?)
    }
}
