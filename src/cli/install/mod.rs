//! `treewarden install`: puts the hooks in front of a repository, or beside those who push.

mod local;
mod server;
mod template;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::account::{quoted, shown, write_line};
use super::doctor::own_folder;
use super::place::Place;
use crate::ambient::Ambient;
use crate::doctor::{Options, examine};
use crate::error::{Error, Exit};
use crate::git::{HookSide, Hooks, HooksPath, Repo};
use crate::hook::server_policy_source;
use crate::install::{Hook, Key};
use crate::policy::{self, Faults, Policy, Source, server_source};
use crate::report::escape::Shown;

/// Install the hooks: on a server, for those who push, or for repositories to come
///
/// Writes the hook and the config that goes with it. Can be repeated, to change the policy or
/// after treewarden has moved. Another program's hook is kept as `<hook>.chained`, and runs after
/// ours has accepted. Where something is in the way, nothing is changed. In the end the doctor
/// looks whether the gate is shut, and makes pushes between scratch repositories that must be
/// refused; what it has to say is told, and ends in 1 where a check failed.
#[derive(Debug, Args)]
pub struct Install {
    #[command(flatten)]
    place: Place,
    /// With --local: a remote whose pushes are judged [default: the only one, or `origin`]
    #[arg(long = "remote", value_name = "NAME", conflicts_with_all = ["server", "template"])]
    remotes: Vec<String>,
    /// `preset:<name>` or a file [default: the one that is configured already]
    #[arg(long, value_name = "POLICY")]
    policy: Option<String>,
    /// What the repository is called in the policy's ref patterns; with --remote, the remote's
    #[arg(long, value_name = "NAME", conflicts_with = "template")]
    repository: Option<String>,
    /// With --local: have `git fetch` bring the policy's upstreams from the remote, too
    #[arg(long, conflicts_with_all = ["server", "template"])]
    fetch_upstreams: bool,
    /// Don't have the doctor look at what was installed, and make no pushes to prove it
    #[arg(long, conflicts_with = "template")]
    no_doctor: bool,
}

impl Install {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        match &self.place {
            Place {
                template: Some(folder),
                ..
            } => {
                self.template(folder, ambient, stdout)?;
                Ok(Exit::Accept)
            }
            Place {
                local: Some(worktree),
                ..
            } => {
                let repository = self.local(worktree, ambient, stdout)?;
                self.prove(&[repository], HookSide::Client, ambient, stdout)
            }
            Place { server, .. } => {
                self.server(server, ambient, stdout)?;
                self.prove(server, HookSide::Server, ambient, stdout)
            }
        }
    }

    /// Has the doctor look whether the gate is shut now; what is well is counted, no more.
    fn prove(
        &self,
        repositories: &[PathBuf],
        side: HookSide,
        ambient: &Ambient,
        stdout: &mut dyn Write,
    ) -> anyhow::Result<Exit> {
        let mut worst = Exit::Accept;
        if self.no_doctor {
            return Ok(worst);
        }
        let options = Options {
            canary: true,
            refs: false,
            programs: own_folder(),
            side: Some(side),
        };
        for repository in repositories {
            let report = examine(Some(repository), ambient, &options);
            writeln!(stdout)?;
            write_line(stdout, "doctor", &shown(repository))?;
            report.write_worries(stdout)?;
            if report.exit() != Exit::Accept {
                worst = report.exit();
            }
        }
        Ok(worst)
    }

    /// The policy that was asked for, by a path that holds wherever the hook runs.
    fn given_source(&self) -> anyhow::Result<Option<Source>> {
        let Some(text) = &self.policy else {
            return Ok(None);
        };
        let source = match Source::parse(text, Path::new("")) {
            Source::File(path) => Source::File(whole_path(&path)?),
            preset @ Source::Preset(_) => preset,
        };
        Ok(Some(source))
    }

    /// The same, else the one that the repository has already.
    fn source(&self, repo: &Repo) -> anyhow::Result<Source> {
        if let Some(source) = self.given_source()? {
            return Ok(source);
        }
        let configured = repo.trusted_config(Key::Policy.full())?;
        server_source(configured.as_deref(), repo.git_dir())
            .map_err(Error::Policy)
            .context("a policy is needed: say which with --policy")
    }
}

/// The path of a policy as it can stand in a config. A symbolic link stays one: whoever keeps a
/// policy behind a link means to change where it leads.
fn whole_path(path: &Path) -> anyhow::Result<PathBuf> {
    let whole = std::path::absolute(path)
        .and_then(|whole| whole.metadata().map(|_| whole))
        .with_context(|| format!("the policy {}", shown(path)))?;
    match whole.to_str() {
        Some(_) => Ok(whole),
        None => {
            Err(Error::Usage(format!("{}: a policy's path must be UTF-8", shown(&whole))).into())
        }
    }
}

fn load(source: &Source, repository: Option<&str>) -> Result<Policy, Error> {
    policy::load(source, repository).map_err(Error::Policy)
}

/// An error unless the policy that the hook will find is the one that was asked for: an included
/// file, or a worktree's own config, can have the last word.
fn in_force(repo: &Repo, asked: &Policy, found: &Policy) -> Result<(), Error> {
    if (&asked.digest, &asked.repository) == (&found.digest, &found.repository) {
        return Ok(());
    }
    let source = server_policy_source(repo)?.to_string();
    let called = |policy: &Policy| match &policy.repository {
        Some(name) => format!("called `{}`", Shown(name.as_bytes())),
        None => "without a name".to_owned(),
    };
    let git_dir = repo.git_dir();
    Err(Error::Policy(Faults::of(format!(
        "{repository}: nothing is changed, for another policy would be in force: {source}, digest \
         {found_digest}, for a repository {found_called}; asked for was {digest}, {called}\n   \
         = help: this tells which file has the last word:\n     \
         git --git-dir={quoted_dir} config --show-origin --get-regexp 'treewarden'",
        repository = shown(git_dir),
        source = Shown(source.as_bytes()),
        found_digest = found.digest,
        found_called = called(found),
        digest = asked.digest,
        called = called(asked),
        quoted_dir = quoted(git_dir),
    ))))
}

/// Says so where each worktree has a folder for hooks of its own.
fn write_worktrees(repo: &Repo, side: HookSide, out: &mut dyn Write) -> anyhow::Result<()> {
    let path = repo.hooks(side)?.path;
    let is_relative = path.is_some_and(|path| path.value.is_relative());
    if is_relative && !repo.is_bare() {
        let note =
            "core.hooksPath is relative: linked worktrees look for hooks in folders of their own";
        write_line(out, "note", note)?;
    }
    Ok(())
}

/// The folder of the hooks' programs, which are installed beside this one.
fn programs(hooks: &[Hook]) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()
        .and_then(|path| path.canonicalize())
        .context("the path of this program")?;
    for hook in hooks {
        let program = own.with_file_name(hook.program());
        program
            .metadata()
            .with_context(|| format!("{} must be installed beside treewarden", shown(&program)))?;
    }
    Ok(own.parent().unwrap_or(Path::new("/")).to_owned())
}

/// The folder for the hook. Where somebody else's config leads elsewhere it is refused: that
/// folder is other repositories' too.
fn folder_for(repo: &Repo, side: HookSide) -> Result<PathBuf, Error> {
    let Hooks { folder, path } = repo.hooks(side)?;
    let own = repo.own_hooks();
    let is_own = folder.canonicalize().ok() == own.canonicalize().ok() && own.exists();
    match path {
        Some(path) if path.value.as_os_str().is_empty() => Err(Error::Repository(format!(
            "core.hooksPath is empty in {}, so git looks for hooks in /: unset it, or name a folder",
            path.scope.name()
        ))),
        Some(path) if !path.scope.is_own() && !is_own => Err(elsewhere(repo, &folder, &path)),
        Some(_) | None => Ok(folder),
    }
}

fn elsewhere(repo: &Repo, folder: &Path, path: &HooksPath) -> Error {
    let own = repo.own_hooks();
    let set = format!(
        "git --git-dir={} config core.hooksPath",
        quoted(repo.git_dir())
    );
    Error::Repository(format!(
        "core.hooksPath is {value} in {whose}: git runs no hook of {own}, and other repositories \
         use that folder too\n   \
         = help: set it for this repository, to its own hooks or to that folder:\n     \
         {set} {quoted_own}\n     \
         {set} {quoted_folder}",
        value = shown(&path.value),
        whose = path.scope.name(),
        own = shown(&own),
        quoted_own = quoted(&own),
        quoted_folder = quoted(folder),
    ))
}
