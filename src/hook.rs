//! pre-receive, from its input to its exit status. Whatever isn't an acceptance refuses.

use std::io::{Read, Write};

use crate::ambient::Ambient;
use crate::decision::{Decision, Judgement};
use crate::error::{Error, Exit};
use crate::gate::gate;
use crate::git::Repo;
use crate::input;
use crate::policy::{self, Policy, server_source};
use crate::report::text;

/// Runs the hook. `arguments` is how many it was given: git gives none, and nothing that is asked
/// for here may end in 0 without a push being judged.
pub fn pre_receive(
    arguments: usize,
    stdin: &mut dyn Read,
    stderr: &mut dyn Write,
    ambient: &Ambient,
) -> Exit {
    let judged = match arguments {
        0 => judge(stdin, ambient),
        _ => Err(Error::Usage(
            "this is a git hook and takes no arguments".into(),
        )),
    };
    let (written, exit) = match &judged {
        Err(error) => (refuse(stderr, error), error.exit()),
        Ok((policy, decision)) => match decision {
            Decision::Reject(_) => (report(stderr, policy, decision, ambient), Exit::Reject),
            Decision::Accept(judgement) if is_silent(judgement) => (Ok(()), Exit::Accept),
            Decision::Accept(_) => (report(stderr, policy, decision, ambient), Exit::Accept),
        },
    };
    match (written, exit) {
        // What was accepted can't be told: somebody would take silence for something else.
        (Err(_), Exit::Accept) => Exit::Repository,
        (_, exit) => exit,
    }
}

/// Returns true if and only if the push has nothing to do with any tree.
fn is_silent(judgement: &Judgement) -> bool {
    judgement.updates.is_empty() && judgement.findings.is_empty()
}

fn judge(stdin: &mut dyn Read, ambient: &Ambient) -> Result<(Policy, Decision), Error> {
    let git_dir = ambient
        .git_dir
        .as_deref()
        .ok_or_else(|| Error::Usage("GIT_DIR is not set: git runs this as a hook".into()))?;
    let repo = Repo::open_for_hook(
        git_dir,
        &ambient.quarantine,
        ambient.namespace.as_deref(),
        ambient.git.clone(),
    )?;
    let mut input = Vec::new();
    stdin
        .read_to_end(&mut input)
        .map_err(|error| Error::Input(format!("standard input can't be read: {error}")))?;
    let commands = input::parse(&input, repo.format())?;
    let policy = server_policy(&repo)?;
    let decision = gate(&commands, &policy, &repo)?;
    Ok((policy, decision))
}

/// The policy that the repository's configuration, or the machine's, names.
pub fn server_policy(repo: &Repo) -> Result<Policy, Error> {
    let configured = repo.trusted_config("treewarden.policy")?;
    let source = server_source(configured.as_deref(), repo.git_dir()).map_err(Error::Policy)?;
    let name = repo.trusted_config("treewarden.repository")?;
    policy::load(&source, name.as_deref()).map_err(Error::Policy)
}

fn report(
    stderr: &mut dyn Write,
    policy: &Policy,
    decision: &Decision,
    ambient: &Ambient,
) -> std::io::Result<()> {
    text::write(stderr, decision, policy, ambient.today)?;
    stderr.flush()
}

fn refuse(stderr: &mut dyn Write, error: &Error) -> std::io::Result<()> {
    writeln!(stderr, "error: {error}")?;
    if let Some(help) = help(error) {
        writeln!(stderr, "   = help: {help}")?;
    }
    writeln!(stderr, "treewarden: refused: the push could not be judged")?;
    stderr.flush()
}

fn help(error: &Error) -> Option<&'static str> {
    match error {
        Error::Policy(_) => Some(
            "the administrator of this server must mend the policy; until then nothing can be pushed",
        ),
        Error::Missing(_) => Some(
            "the push, or the server's repository, lacks an object: `git fsck` on both sides names it",
        ),
        Error::Malformed { .. } => {
            Some("`git fsck` names the object; it can't be judged, so it can't be pushed")
        }
        Error::Repository(_) => {
            Some("the administrator of this server must look at its repository")
        }
        Error::Internal(_) => Some("please report this, with the push that shows it"),
        Error::Input(_) | Error::Usage(_) | Error::TooMuch(_) => None,
    }
}
