//! The command line of `treewarden`: one file a command. Only here is clap known.

mod account;
mod adopt;
mod check;
mod explain;
mod format;
mod install;
mod place;
mod policy;
mod uninstall;

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::ambient::Ambient;
use crate::error::{Error, Exit};
use crate::git::Repo;
use crate::hook::server_policy;
use crate::policy::{Policy, Source, load};

/// Keep every commit in the tree where it belongs.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXIT_HELP)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_HELP: &str = "Exit status: 0 accepted or done, 1 rejected, 2 usage, 3 policy, \
4 repository or input, 70 internal";

#[derive(Debug, Subcommand)]
enum Command {
    Adopt(adopt::Adopt),
    Check(check::Check),
    Explain(explain::Explain),
    Install(install::Install),
    Policy(policy::PolicyCommand),
    Uninstall(uninstall::Uninstall),
}

/// Runs the command, and says on `stderr` what went wrong.
pub fn run(
    arguments: &Arguments,
    ambient: &Ambient,
    stdout: &mut dyn Write,
    stderr: &mut (dyn Write + Send),
) -> Exit {
    let done = match &arguments.command {
        Command::Check(command) => command.run(ambient, stdout, stderr),
        Command::Adopt(command) => command.run(ambient, stdout),
        Command::Explain(command) => command.run(ambient, stdout),
        Command::Install(command) => command.run(ambient, stdout),
        Command::Policy(command) => command.run(ambient, stdout),
        Command::Uninstall(command) => command.run(ambient, stdout),
    };
    done.unwrap_or_else(|error| {
        // Where even this can't be written, the exit status still tells.
        let _ = writeln!(stderr, "error: {error:#}");
        exit_of(&error)
    })
}

fn exit_of(error: &anyhow::Error) -> Exit {
    match error.downcast_ref::<Error>() {
        Some(error) => error.exit(),
        None => Exit::Repository,
    }
}

/// The repository around the current folder, or that of `GIT_DIR`; `None` if there is none.
fn repository(ambient: &Ambient) -> Result<Option<Repo>, Error> {
    match &ambient.git_dir {
        Some(git_dir) => Repo::open(git_dir, ambient.git.clone()).map(Some),
        None => Repo::discover(Path::new("."), ambient.git.clone()),
    }
}

/// The repository at a path, else the one here.
fn repository_at(path: Option<&Path>, ambient: &Ambient) -> Result<Repo, Error> {
    match path {
        Some(path) => Repo::open(path, ambient.git.clone()),
        None => repository(ambient)?.ok_or_else(no_repository),
    }
}

fn no_repository() -> Error {
    Error::Repository("this is no git repository, nor is any folder above it".into())
}

/// The policy that `--policy` names, else the repository's own. Outside of a repository a policy
/// can still be asked about: then nothing but itself says what the repository is called.
fn policy(given: Option<&str>, repo: Option<&Repo>) -> anyhow::Result<Policy> {
    let Some(text) = given else {
        return Ok(server_policy(repo.ok_or_else(no_repository)?)?);
    };
    let name = match repo {
        Some(repo) => repo.trusted_config("treewarden.repository")?,
        None => None,
    };
    let here = std::env::current_dir().context("the current folder can't be read")?;
    let source = Source::parse(text, &here);
    Ok(load(&source, name.as_deref()).map_err(Error::Policy)?)
}
