//! `treewarden route`: where commits belong.

use std::io::{BufWriter, Write};

use clap::Args;

use super::{
    DEFAULT_REMOTE, no_remote, no_repository, policy_called, range_ends, repository, too_much_named,
};
use crate::ambient::Ambient;
use crate::budget::Budget;
use crate::error::{Error, Exit};
use crate::git::Repo;
use crate::report;
use crate::survey::{Commits, Remote, survey};

/// Tell which trees take commits, and the commands that push them there
///
/// Asks every tree of the policy that has rules for paths or messages: about each commit by
/// itself, and about all of them in one push, where a series is judged as one. What the commits
/// stand on, the left side of the range, is taken as there already. A merge is judged by what it
/// changes itself.
///
/// If a tree takes all of it, prints the command that pushes it there. Else sorts the commits by
/// where they belong, and prints the commands for each part. Nothing is pushed.
///
/// What the trees hold is read from the remote-tracking refs (`refs/remotes/<remote>/`): fetch
/// first.
#[derive(Debug, Args)]
#[command(after_help = EXIT_HELP)]
pub struct Route {
    /// `<old>..<new>`, or one commit by itself
    range: String,
    /// The remote to push to [default: origin]
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// `preset:<name>` or a file [default: what the repository's config names]
    #[arg(long, value_name = "POLICY")]
    policy: Option<String>,
}

const EXIT_HELP: &str = "Exit status: 0 if a tree takes all of it, 1 if none does, 2 usage, \
3 policy, 4 repository or input, 70 internal";

impl Route {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        let repo = repository(ambient)?.ok_or_else(no_repository)?;
        let name = self.remote(&repo)?;
        let called = repo.trusted_config(&format!("remote.{name}.treewardenRepository"))?;
        let policy = policy_called(self.policy.as_deref(), Some(&repo), called)?;
        let budget = Budget::new(policy.limits);
        let commits = self.commits(&repo, &budget)?;
        let remote = Remote::read(name, &repo, &budget)?;
        let survey = survey(&commits, &policy, &repo, &remote).map_err(too_much_named)?;
        let mut out = BufWriter::new(stdout);
        report::survey::write(&mut out, &survey, &policy, ground(&remote).as_deref())?;
        out.flush()?;
        Ok(match survey.is_taken() {
            true => Exit::Accept,
            false => Exit::Reject,
        })
    }

    fn remote(&self, repo: &Repo) -> Result<&str, Error> {
        let Some(name) = &self.remote else {
            return Ok(DEFAULT_REMOTE);
        };
        match repo.remotes()?.contains(name) {
            true => Ok(name),
            false => Err(no_remote(name)),
        }
    }

    fn commits(&self, repo: &Repo, budget: &Budget) -> Result<Commits, Error> {
        if let Some((old, new)) = range_ends(&self.range) {
            return Ok(Commits {
                below: vec![repo.resolve(old, budget)?],
                new: repo.resolve(new, budget)?,
            });
        }
        let new = repo.resolve(&self.range, budget)?;
        let below = repo.commit(new)?.parents.to_vec();
        Ok(Commits { below, new })
    }
}

/// What to say where nothing is known of the remote.
fn ground(remote: &Remote) -> Option<String> {
    (!remote.is_known()).then(|| {
        format!(
            "no remote-tracking ref tells what {} holds: its trees are taken to hold what the \
             commits stand on",
            remote.name
        )
    })
}
