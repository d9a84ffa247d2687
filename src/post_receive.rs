//! post-receive, from its input to its exit status: writes down what has landed. It can refuse
//! nothing any more.
//!
//! What pre-receive passed by has no record, and gets none here. Whether it passed something by
//! is seen from the log: only where no record of these updates is near its end is the policy asked
//! whether there should be one.

use std::ffi::OsString;
use std::io::{Read, Write};

use crate::ambient::Ambient;
use crate::audit::{self, Landed, Place};
use crate::chain::{self, Ended, Invocation};
use crate::error::{Error, Exit};
use crate::hook::{open, own_path, server_policy};
use crate::input::{self, Command};
use crate::install::Hook;
use crate::policy::{Enforce, Policy};
use crate::report::escape::Told;
use crate::update::RefUpdate;

/// Runs the hook, and the chained one whatever came of it: what has landed, others must hear of.
pub fn post_receive(
    arguments: &[OsString],
    stdin: &mut dyn Read,
    stderr: &mut dyn Write,
    ambient: &Ambient,
) -> Ended {
    let mut input = Vec::new();
    let (hook, written) = match own_path(arguments, Hook::PostReceive) {
        Ok(hook) => (hook, write(stdin, &mut input, ambient)),
        Err(error) => (None, Err(error)),
    };
    let own = match &written {
        Ok(()) => Exit::Accept,
        Err(error) => {
            // The status tells, too.
            let _ = complain(stderr, error);
            error.exit()
        }
    };
    let invocation = Invocation {
        hook,
        arguments: &[],
        stdin: input,
    };
    match (chain::after_landing(invocation, stderr), own) {
        (Ended::Own(Exit::Accept), own) => Ended::Own(own),
        (chained, _) => chained,
    }
}

fn write(stdin: &mut dyn Read, input: &mut Vec<u8>, ambient: &Ambient) -> Result<(), Error> {
    *input = input::read(stdin)?;
    let repo = open(ambient)?;
    let Some(place) = Place::of(&repo)? else {
        return Ok(());
    };
    let commands = input::pre_receive(input, repo.format())?;
    let updates: Vec<RefUpdate> = commands.into_iter().filter_map(update).collect();
    let found = Landed::find(&place, &updates, &ambient.pusher);
    let policy = match found {
        Ok(Some(_)) => None,
        Ok(None) | Err(_) => Some(server_policy(&repo)?),
    };
    let tree_of = |update: &RefUpdate| tree(policy.as_ref()?, update);
    if policy.is_some() && !updates.iter().any(|update| tree_of(update).is_some()) {
        return Ok(());
    }
    let judged = found?;
    let record = audit::landed(&updates, judged.as_ref(), tree_of, ambient);
    audit::append(&place, record).map(drop)
}

/// git has done them by now: none of them is bad.
fn update(command: Command) -> Option<RefUpdate> {
    match command {
        Command::Update(update) => Some(update),
        Command::Bad(_) => None,
    }
}

/// The tree by whose rules the update was to be judged.
fn tree(policy: &Policy, update: &RefUpdate) -> Option<String> {
    let tree = policy.tree_of(&update.name)?;
    (tree.enforce != Enforce::Off).then(|| tree.name.clone())
}

fn complain(stderr: &mut dyn Write, error: &Error) -> std::io::Result<()> {
    writeln!(
        stderr,
        "error: {}\n   \
         = help: the administrator of this server must mend that\n\
         treewarden: the push has landed, and that is not recorded",
        Told(&error.to_string())
    )?;
    stderr.flush()
}
