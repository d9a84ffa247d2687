//! pre-push, from its input to its exit status: what the server would say, before anything is
//! sent. The engine is the server's; what a clone can't know is told, and excuses.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use crate::ambient::Ambient;
use crate::budget::{Budget, Limits, Work};
use crate::chain::{self, Ended, Invocation};
use crate::decision::{Decision, Judgement};
use crate::error::{Error, Exit};
use crate::gate::gate;
use crate::git::Repo;
use crate::hook::{answer, policy_for};
use crate::input::{self, Command};
use crate::install::Hook;
use crate::policy::Policy;
use crate::progress::{Pace, shown};
use crate::report::Voice;
use crate::standing::{Remote, Target};

/// How many objects a partial clone fetches so that a push can be judged.
const MOST_OBTAINED: usize = 64;

/// Runs the hook. `arguments` are git's: the remote's name, or the URL where there is none, and
/// the URL; before them stands the path by which git ran the shim, if there is one.
pub fn pre_push(
    arguments: &[OsString],
    stdin: &mut dyn Read,
    stderr: &mut (dyn Write + Send),
    ambient: &Ambient,
) -> Ended {
    let mut input = Vec::new();
    let (hook, arguments) = match arguments {
        [_, _] => (None, arguments),
        [hook, rest @ ..] if is_ours(hook) => (Some(Path::new(hook)), rest),
        _ => (None, [].as_slice()),
    };
    let work = Arc::default();
    let pace = Pace::of_hook(ambient.terminal);
    let judging = || judge(arguments, stdin, &mut input, ambient, &work);
    let own = match shown(stderr, pace, &work, judging) {
        Ok(None) => Exit::Accept,
        Ok(Some(judged)) => answer(&Ok(judged), stderr, ambient, Voice::Advice),
        Err(error) => answer(&Err(error), stderr, ambient, Voice::Advice),
    };
    let invocation = Invocation {
        hook,
        arguments,
        stdin: input,
    };
    chain::after(own, invocation, stderr)
}

fn is_ours(hook: &OsStr) -> bool {
    Path::new(hook).file_name() == Some(Hook::PrePush.name().as_ref())
}

/// Judges the push; `None` where it goes to a remote that is none of ours.
fn judge(
    arguments: &[OsString],
    stdin: &mut dyn Read,
    input: &mut Vec<u8>,
    ambient: &Ambient,
    work: &Arc<Work>,
) -> Result<Option<(Policy, Decision)>, Error> {
    let [remote, url] = arguments else {
        let usage = "this is a git hook: git gives it a remote's name and its URL";
        return Err(Error::Usage(usage.into()));
    };
    // Whatever comes of it: a chained hook reads it too.
    *input = input::read(stdin)?;
    let repo = Repo::open_for_push(ambient.git_dir.as_deref(), ambient.git.clone())?;
    let unbound = Budget::new(Limits::default());
    let Some(judged) = repo.judged_remote(remote, url, &unbound)? else {
        return Ok(None);
    };
    let commands = input::pre_push(input, repo.format())?;
    let policy = client_policy(&repo, &judged)?;
    let push = Push {
        repo: &repo,
        policy: &policy,
        fetched_as: &judged,
        called: &remote.to_string_lossy(),
        commands: &commands,
        work,
    };
    let decision = push.judge()?;
    Ok(Some((policy, decision)))
}

/// The policy of this clone, as it reads for the repository that the remote is.
pub fn client_policy(repo: &Repo, remote: &str) -> Result<Policy, Error> {
    let name = match repo.trusted_config(&format!("remote.{remote}.treewardenrepository"))? {
        Some(name) => Some(name),
        None => repo.trusted_config("treewarden.repository")?,
    };
    policy_for(repo, name.as_deref())
}

struct Push<'p> {
    repo: &'p Repo,
    policy: &'p Policy,
    /// The remote whose remote-tracking refs tell what is there.
    fetched_as: &'p str,
    /// What the user called it.
    called: &'p str,
    commands: &'p [Command],
    work: &'p Arc<Work>,
}

impl Push<'_> {
    /// Judges; what a partial clone lacks for that is fetched, as any git command would.
    fn judge(&self) -> Result<Decision, Error> {
        let mut obtained = 0;
        loop {
            let budget = Budget::told(self.policy.limits, Arc::clone(self.work));
            match self.judge_once(&budget) {
                Err(Error::Missing(oid))
                    if obtained < MOST_OBTAINED && self.repo.is_partial()? =>
                {
                    if !self.repo.obtain(oid, &budget)? {
                        return Err(Error::Missing(oid));
                    }
                    obtained += 1;
                }
                other => return other,
            }
        }
    }

    fn judge_once(&self, budget: &Budget) -> Result<Decision, Error> {
        if self.commands.is_empty() {
            return Ok(Judgement::default().decide());
        }
        let fetched = self.repo.fetched_refs(self.fetched_as, budget)?;
        let remote = Remote::new(
            self.called,
            fetched,
            self.commands,
            self.policy,
            self.repo,
            budget,
        )?;
        gate(
            self.commands,
            self.policy,
            self.repo,
            &Target::Remote(remote),
            budget,
        )
    }
}
