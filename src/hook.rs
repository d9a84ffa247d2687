//! pre-receive, from its input to its exit status. Whatever isn't an acceptance refuses.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::ambient::Ambient;
use crate::audit::{self, Judged, Place, Receipt};
use crate::budget::{Budget, Work};
use crate::chain::{self, Ended, Invocation};
use crate::decision::{Decision, Judgement};
use crate::error::{Error, Exit};
use crate::gate::gate;
use crate::git::Repo;
use crate::input::{self, Command};
use crate::install::Hook;
use crate::overrides::examine::Authority;
use crate::overrides::verify::ServerKeyring;
use crate::pause::{self, Pause};
use crate::policy::{self, Policy, Source, server_source};
use crate::progress::{Pace, shown};
use crate::report::escape::Told;
use crate::report::palette::Palette;
use crate::report::{Report, Voice};
use crate::standing::Target;

/// Runs the hook. `arguments` are those after the program's name: the shim hands over the path by
/// which git ran it, and git itself gives none. Nothing else that is asked for here may end in 0
/// without a push being judged.
pub fn pre_receive(
    arguments: &[OsString],
    stdin: &mut dyn Read,
    stderr: &mut dyn Write,
    ambient: &Ambient,
) -> Ended {
    let begun = Instant::now();
    // The process ends with this: the system takes all of it back at once, sooner than the repository
    // is closed and the policy freed, piece by piece.
    let mut push = ManuallyDrop::new(Push::default());
    let work = Arc::default();
    let pace = Pace::of_hook(ambient.terminal);
    let (hook, judged) = match own_path(arguments, Hook::PreReceive) {
        Ok(hook) => {
            let judging = || judge(stdin, &mut push, ambient, &work);
            (
                hook,
                shown((&mut *stderr, (ambient.log)()), pace, &work, judging),
            )
        }
        Err(error) => (None, Err(error)),
    };
    let judged = ManuallyDrop::new(judged);
    let receipt = push.record(&judged, begun, ambient);
    let own = answer_recorded(&judged, &receipt, stderr, ambient);
    let invocation = Invocation {
        hook,
        arguments: &[],
        stdin: std::mem::take(&mut push.input),
    };
    chain::after(own, invocation, stderr)
}

/// The path by which git ran the shim; `None` where the program itself is the hook.
pub(crate) fn own_path(arguments: &[OsString], hook: Hook) -> Result<Option<&Path>, Error> {
    match arguments {
        [] => Ok(None),
        [path] if Path::new(path).file_name() == Some(hook.name().as_ref()) => {
            Ok(Some(Path::new(path)))
        }
        _ => Err(Error::Usage(
            "this is a git hook and takes no arguments".into(),
        )),
    }
}

/// What is known of a push, however far judging it came.
#[derive(Default)]
struct Push {
    input: Vec<u8>,
    repo: Option<Repo>,
    commands: Vec<Command>,
    pauses: Vec<Pause>,
    /// The digest of the keyring, if a signature was looked at.
    keyring: Option<String>,
}

impl Push {
    /// Writes into the audit log what came of the push; `None` where nothing is to be written.
    fn record(
        &self,
        judged: &Result<(Policy, Decision), Error>,
        begun: Instant,
        ambient: &Ambient,
    ) -> Result<Option<Receipt>, Error> {
        let is_passed_by = judged.as_ref().is_ok_and(|(_, it)| is_passed_by(it));
        let Some(repo) = self.repo.as_ref().filter(|_| !is_passed_by) else {
            return Ok(None);
        };
        let Some(place) = Place::of(repo)? else {
            return Ok(None);
        };
        let record = audit::judged(
            &Judged {
                commands: &self.commands,
                repository: repo.trusted_config("treewarden.repository")?.as_deref(),
                outcome: judged.as_ref().map(|(policy, decision)| (policy, decision)),
                pauses: &self.pauses,
                keyring: self.keyring.as_deref(),
                took: begun.elapsed(),
            },
            ambient,
        );
        audit::append(&place, record).map(Some)
    }
}

/// Says what came of the push, and by which receipt its record is found. What is accepted and can't
/// be recorded is refused.
fn answer_recorded(
    judged: &Result<(Policy, Decision), Error>,
    receipt: &Result<Option<Receipt>, Error>,
    stderr: &mut dyn Write,
    ambient: &Ambient,
) -> Exit {
    let unrecorded = match (judged, receipt) {
        (Ok((_, Decision::Accept(_))), Err(error)) => {
            // The status refuses, whether or not it can be told why.
            let _ = refuse_unrecorded(stderr, error);
            return Exit::Repository;
        }
        (_, Err(error)) => Some(format!("note: this refusal is not recorded: {error}")),
        (_, Ok(receipt)) => receipt
            .as_ref()
            .map(|receipt| format!("treewarden: receipt {receipt}")),
    };
    // In one piece with the report: each write becomes a packet on its way to the client.
    let mut said = Vec::new();
    let own = answer(judged, &mut said, ambient, Voice::Verdict);
    if let Some(line) = unrecorded {
        said.extend(format!("{}\n", Told(&line)).bytes());
    }
    match (stderr.write_all(&said).and_then(|()| stderr.flush()), own) {
        (Err(_), Exit::Accept) if !said.is_empty() => Exit::Repository,
        (_, own) => own,
    }
}

fn refuse_unrecorded(stderr: &mut dyn Write, error: &Error) -> std::io::Result<()> {
    writeln!(stderr, "error: {}", Told(&error.to_string()))?;
    writeln!(
        stderr,
        "   = help: the administrator of this server must mend that; until then nothing can be pushed\n\
         treewarden: refused: the push could not be recorded"
    )?;
    stderr.flush()
}

/// Says what came of the push; how the hook ends, but for the chained one.
pub fn answer(
    judged: &Result<(Policy, Decision), Error>,
    stderr: &mut dyn Write,
    ambient: &Ambient,
    voice: Voice,
) -> Exit {
    let (written, exit) = match judged {
        Err(error) => (refuse(stderr, error, voice), error.exit()),
        Ok((policy, decision)) => match decision {
            Decision::Reject(_) => (
                report(stderr, policy, decision, ambient, voice),
                Exit::Reject,
            ),
            Decision::Accept(judgement) if is_silent(judgement) => (Ok(()), Exit::Accept),
            Decision::Accept(_) => (
                report(stderr, policy, decision, ambient, voice),
                Exit::Accept,
            ),
        },
    };
    match (written, exit) {
        // What was accepted can't be told: somebody would take silence for something else.
        (Err(_), Exit::Accept) => Exit::Repository,
        (_, exit) => exit,
    }
}

fn is_passed_by(decision: &Decision) -> bool {
    match decision {
        Decision::Accept(judgement) => is_silent(judgement),
        Decision::Reject(_) => false,
    }
}

/// Returns true if and only if the push has nothing to do with any tree, nor with overrides.
fn is_silent(judgement: &Judgement) -> bool {
    judgement.updates.is_empty() && judgement.findings.is_empty() && judgement.notes.is_empty()
}

/// Judges what `stdin` says, and leaves what it comes to know in `push`.
fn judge(
    stdin: &mut dyn Read,
    push: &mut Push,
    ambient: &Ambient,
    work: &Arc<Work>,
) -> Result<(Policy, Decision), Error> {
    let repo = push.repo.insert(open(ambient)?);
    push.input = input::read(stdin)?;
    push.commands = input::pre_receive(&push.input, repo.format())?;
    let policy = server_policy(repo)?;
    let budget = Budget::told(policy.limits, Arc::clone(work));
    let keyring = ServerKeyring::of(repo);
    let authority = Authority {
        verify: Some(&keyring),
        now: ambient.now,
        pusher: ambient.pusher.name.as_deref(),
    };
    let commands = &push.commands;
    let decision = gate(commands, &policy, repo, &Target::Here, authority, &budget)?;
    push.keyring = keyring.digest().map(str::to_owned);
    if is_passed_by(&decision) {
        return Ok((policy, decision));
    }
    push.pauses = pause::active(repo, ambient.now)?;
    Ok((policy, pause::apply(decision, &push.pauses)))
}

/// The repository that git runs the hook in.
pub(crate) fn open(ambient: &Ambient) -> Result<Repo, Error> {
    let git_dir = ambient
        .git_dir
        .as_deref()
        .ok_or_else(|| Error::Usage("GIT_DIR is not set: git runs this as a hook".into()))?;
    Repo::open_for_hook(
        git_dir,
        &ambient.quarantine,
        ambient.namespace.as_deref(),
        ambient.git.clone(),
    )
}

/// The policy that the repository's configuration, or the machine's, names, and that others can't
/// change.
pub fn server_policy(repo: &Repo) -> Result<Policy, Error> {
    let name = repo.trusted_config("treewarden.repository")?;
    policy::load_trusted(&server_policy_source(repo)?, name.as_deref()).map_err(Error::Policy)
}

/// The policy of this repository, whoever could change it, as it reads for the repository of that name.
pub fn policy_for(repo: &Repo, name: Option<&str>) -> Result<Policy, Error> {
    policy::load(&server_policy_source(repo)?, name).map_err(Error::Policy)
}

/// Where that policy is.
pub fn server_policy_source(repo: &Repo) -> Result<Source, Error> {
    let configured = repo.trusted_config("treewarden.policy")?;
    server_source(configured.as_deref(), repo.common_dir()).map_err(Error::Policy)
}

fn report(
    stderr: &mut dyn Write,
    policy: &Policy,
    decision: &Decision,
    ambient: &Ambient,
    voice: Voice,
) -> std::io::Result<()> {
    let report = Report {
        decision,
        policy,
        voice,
        today: ambient.today(),
    };
    report.write_text(&Palette::new(ambient.colour), stderr)
}

fn refuse(stderr: &mut dyn Write, error: &Error, voice: Voice) -> std::io::Result<()> {
    writeln!(stderr, "error: {}", Told(&error.to_string()))?;
    if let Some(help) = help(error, voice) {
        writeln!(stderr, "   = help: {help}")?;
    }
    match voice {
        Voice::Verdict => writeln!(stderr, "treewarden: refused: the push could not be judged")?,
        Voice::Advice => writeln!(
            stderr,
            "treewarden: advice: nothing was sent, since the push could not be judged here\n\
             note: `git push --no-verify` passes over this check; the server judges again"
        )?,
    }
    stderr.flush()
}

fn help(error: &Error, voice: Voice) -> Option<&'static str> {
    match (error, voice) {
        (Error::Policy(_), Voice::Verdict) => Some(
            "the administrator of this server must mend the policy; until then nothing can be pushed",
        ),
        (Error::Policy(_), Voice::Advice) => Some(
            "`git config treewarden.policy` names the policy: `treewarden install --local` sets it",
        ),
        (Error::Missing(_), Voice::Verdict) => Some(
            "the push, or the server's repository, lacks an object: `git fsck` on both sides names it",
        ),
        (Error::Missing(_), Voice::Advice) => {
            Some("this repository lacks an object: `git fsck` tells more")
        }
        (Error::Malformed { .. }, _) => {
            Some("`git fsck` names the object; it can't be judged, so it can't be pushed")
        }
        (Error::Repository(_), Voice::Verdict) => {
            Some("the administrator of this server must look at its repository")
        }
        (Error::Internal(_), _) => Some("please report this, with the push that shows it"),
        (Error::Repository(_), Voice::Advice)
        | (Error::Input(_) | Error::Usage(_) | Error::TooMuch(_), _) => None,
    }
}
