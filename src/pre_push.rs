//! pre-push, from its input to its exit status: what the server would say, before anything is
//! sent. The engine is the server's; what a clone can't know is told, and excuses.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::ambient::Ambient;
use crate::budget::{Budget, Limits, Work};
use crate::chain::{self, Ended, Invocation};
use crate::decision::Decision;
use crate::error::{Error, Exit};
use crate::finding::{Code, Offender};
use crate::gate::gate;
use crate::git::Repo;
use crate::hook::{answer, policy_for};
use crate::input::{self, Command};
use crate::install::Hook;
use crate::overrides::examine::Authority;
use crate::policy::Policy;
use crate::progress::{Pace, shown};
use crate::report::Voice;
use crate::standing::{Remote, Target};

/// Runs the hook. `arguments` are git's: the remote's name, or the URL where there is none, and
/// the URL; before them stands the path by which git ran the shim, if there is one.
pub fn pre_push(
    arguments: &[OsString],
    stdin: &mut dyn Read,
    stderr: &mut dyn Write,
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
    let own = match shown((&mut *stderr, (ambient.log)()), pace, &work, judging) {
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

/// Judges the push; `None` where it goes to a remote that is none of ours, or changes nothing.
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
    // Whatever is asked of git meanwhile, and of the remote, has a budget of its own.
    work.takes_time();
    // Whatever comes of it: a chained hook reads it too.
    *input = input::read(stdin)?;
    let repo = Repo::open_for_push(ambient.git_dir.as_deref(), ambient.git.clone())?;
    let asking = Budget::new(Limits::default());
    let Some(judged) = repo.judged_remote(remote, url, &asking)? else {
        return Ok(None);
    };
    let commands = input::pre_push(input, repo.format())?;
    if commands.is_empty() {
        return Ok(None);
    }
    let policy = client_policy(&repo, &judged)?;
    let push = Push {
        repo: &repo,
        policy: &policy,
        url,
        fetched_as: &judged,
        called: &called(remote, url, &judged),
        commands: &commands,
        now: ambient.now,
        work,
    };
    let decision = push.judge()?;
    Ok(Some((policy, decision)))
}

/// What commands call the remote. A URL can hold a password, and a fetch from it wouldn't update
/// what is known here.
fn called(remote: &OsStr, url: &OsStr, judged: &str) -> String {
    match remote == url {
        true => judged.to_owned(),
        false => remote.to_string_lossy().into_owned(),
    }
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
    /// Where git pushes to.
    url: &'p OsStr,
    /// The remote whose remote-tracking refs tell what is there.
    fetched_as: &'p str,
    /// What the user called it.
    called: &'p str,
    commands: &'p [Command],
    now: Timestamp,
    work: &'p Arc<Work>,
}

impl Push<'_> {
    fn judge(&self) -> Result<Decision, Error> {
        // The policy's time is for a server's hook. Here git may have to fetch what a partial clone
        // lacks, and whoever waits can end it.
        let limits = Limits {
            seconds: u64::MAX,
            ..self.policy.limits
        };
        let budget = &Budget::told(limits, Arc::clone(self.work));
        let decision = self.gate(self.remote(budget)?, budget)?;
        if !is_about_commits(&decision) {
            return Ok(decision);
        }
        // What was fetched may be old: before anybody is told off, the remote is asked.
        let prefixes = Remote::prefixes(self.policy);
        match self.repo.ask_remote(self.url, &prefixes)? {
            None => Ok(decision),
            Some(answer) => {
                let remote = self.remote(budget)?;
                self.gate(
                    remote.as_of_now(&answer, self.commands, self.policy),
                    budget,
                )
            }
        }
    }

    fn remote(&self, budget: &Budget) -> Result<Remote, Error> {
        let refspecs = self.repo.refspecs(self.fetched_as)?;
        Remote::new(
            self.called,
            refspecs,
            self.commands,
            self.policy,
            self.repo,
            budget,
        )
    }

    fn gate(&self, remote: Remote, budget: &Budget) -> Result<Decision, Error> {
        let target = Target::Remote(remote);
        let authority = Authority {
            verify: None,
            now: self.now,
            pusher: None,
        };
        gate(
            self.commands,
            self.policy,
            self.repo,
            &target,
            authority,
            budget,
        )
    }
}

/// Returns true if and only if something was found that the remote's other refs could excuse.
fn is_about_commits(decision: &Decision) -> bool {
    let (Decision::Accept(judgement) | Decision::Reject(judgement)) = decision;
    let mut findings = judgement.findings.iter();
    findings.any(|finding| finding.code == Code::TooMuch || finding.offender != Offender::Update)
}
