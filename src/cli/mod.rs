//! The command line of `treewarden`: one file a command. Only here is clap known.

mod account;
mod adopt;
mod audit;
mod check;
mod doctor;
mod explain;
mod format;
mod install;
mod keyring;
mod overrides;
mod pause;
mod place;
mod policy;
mod route;
mod uninstall;

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::ambient::Ambient;
use crate::error::{Error, Exit};
use crate::finding::Code;
use crate::git::Repo;
use crate::hook::server_policy_source;
use crate::policy::{Policy, Source, Tree, load};
use crate::report::escape::{Shown, Told};
use crate::update::RefName;

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
    Audit(audit::AuditCommand),
    Check(check::Check),
    Doctor(doctor::Doctor),
    Explain(explain::Explain),
    Install(install::Install),
    Keyring(keyring::KeyringCommand),
    Override(overrides::OverrideCommand),
    Pause(pause::PauseCommand),
    Policy(policy::PolicyCommand),
    Route(route::Route),
    Uninstall(uninstall::Uninstall),
}

/// Runs the command, and says on `stderr` what went wrong.
pub fn run(
    arguments: &Arguments,
    ambient: &Ambient,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Exit {
    let done = match &arguments.command {
        Command::Check(command) => command.run(ambient, stdout, stderr),
        Command::Adopt(command) => command.run(ambient, stdout),
        Command::Audit(command) => command.run(ambient, stdout),
        Command::Doctor(command) => command.run(ambient, stdout),
        Command::Explain(command) => command.run(ambient, stdout),
        Command::Install(command) => command.run(ambient, stdout),
        Command::Keyring(command) => command.run(ambient, stdout),
        Command::Override(command) => command.run(ambient, stdout),
        Command::Pause(command) => command.run(ambient, stdout),
        Command::Policy(command) => command.run(ambient, stdout),
        Command::Uninstall(command) => command.run(ambient, stdout),
        Command::Route(command) => command.run(ambient, stdout),
    };
    done.unwrap_or_else(|error| {
        // Where even this can't be written, the exit status still tells.
        let _ = writeln!(stderr, "error: {}", Told(&format!("{error:#}")));
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

/// The remote whose name stands in commands unless another is given, as in git's own.
const DEFAULT_REMOTE: &str = "origin";

fn no_remote(name: &str) -> Error {
    let shown = Shown(name.as_bytes());
    Error::Usage(format!(
        "there is no remote `{shown}`: `git remote` lists those that there are"
    ))
}

fn no_repository() -> Error {
    Error::Repository("this is no git repository, nor is any folder above it".into())
}

/// The policy that `--policy` names, else the repository's own. Outside of a repository a policy
/// can still be asked about: then nothing but itself says what the repository is called.
fn policy(given: Option<&str>, repo: Option<&Repo>) -> anyhow::Result<Policy> {
    policy_called(given, repo, None)
}

/// The same for a repository whose name in the policy is known otherwise than by its config.
fn policy_called(
    given: Option<&str>,
    repo: Option<&Repo>,
    called: Option<String>,
) -> anyhow::Result<Policy> {
    let name = match (called, repo) {
        (None, Some(repo)) => repo.trusted_config("treewarden.repository")?,
        (called, _) => called,
    };
    let source = match given {
        Some(text) => {
            let here = std::env::current_dir().context("the current folder can't be read")?;
            Source::parse(text, &here)
        }
        None => server_policy_source(repo.ok_or_else(no_repository)?)?,
    };
    Ok(load(&source, name.as_deref()).map_err(Error::Policy)?)
}

/// The two ends of `<old>..<new>`, as git reads it: an empty one is `HEAD`.
fn range_ends<'t>(range: &'t str) -> Option<(&'t str, &'t str)> {
    let (old, new) = range.split_once("..")?;
    let or_head = |end: &'t str| if end.is_empty() { "HEAD" } else { end };
    Some((or_head(old), or_head(new)))
}

/// The tree of that name.
fn tree_named<'p>(name: &str, policy: &'p Policy) -> Result<&'p Tree, Error> {
    let found = policy.trees.iter().find(|tree| tree.name == name);
    found.ok_or_else(|| {
        Error::Usage(format!(
            "there is no tree `{name}`, only {}",
            tree_names(policy)
        ))
    })
}

/// The full name of a ref, which may be given as a branch, and the tree that governs it.
fn ref_and_tree<'p>(name: &str, policy: &'p Policy) -> Result<(&'p Tree, RefName), Error> {
    let full = if name.starts_with("refs/") {
        name.to_owned()
    } else {
        format!("refs/heads/{name}")
    };
    let ref_name = RefName::new(full.as_bytes())
        .ok_or_else(|| Error::Usage(format!("`{name}` is no name for a ref")))?;
    let tree = policy
        .tree_of(&ref_name)
        .ok_or_else(|| Error::Usage(format!("no tree of this policy governs {full}")))?;
    Ok((tree, ref_name))
}

fn tree_names(policy: &Policy) -> String {
    let names: Vec<&str> = policy.trees.iter().map(|tree| tree.name.as_str()).collect();
    names.join(", ")
}

/// An error that names the rule, where what was asked for is more than the policy's budget allows.
fn too_much_named(error: Error) -> anyhow::Error {
    let is_code = matches!(error, Error::TooMuch(_));
    let error = anyhow::Error::new(error);
    match is_code {
        true => error.context(Code::TooMuch),
        false => error,
    }
}

/// A number of things, as it is said.
fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}
