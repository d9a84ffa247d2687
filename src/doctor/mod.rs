//! `treewarden doctor`: whether the gate is shut.
//!
//! git accepts every push, and says nothing, where it finds no hook to run: so every way in which
//! a hook can vanish is looked at, and at the end pushes are made that must be refused. The
//! repository is only read.
//!
//! | module | what it looks at |
//! |---|---|
//! | `check` | the table of checks |
//! | `report` | what they found, as text and as JSON |
//! | `subject` | one hook of a repository, and what belongs to it |
//! | `installed` | the repository, and which hooks are meant to be in it |
//! | `hook` | where git looks for the hook, and whether it runs what it finds |
//! | `shim` | what stands in the hook, and what that starts |
//! | `policy`, `upstreams` | what the hook judges by |
//! | `way`, `parts`, `audience` | the way to a file; the files that matter; who may push |
//! | `words` | words for a shell |
//! | `writable`, `others` | who can change these files, and who can use them |
//! | `keyring` | the keys of those who may lift what is found |
//! | `audit`, `unrecorded` | whether pushes are written down; refs that moved without |
//! | `canary`, `sample` | pushes that must be refused, and what to push |

mod audience;
mod audit;
mod canary;
mod check;
mod hook;
mod installed;
mod keyring;
mod others;
mod parts;
mod policy;
mod report;
mod sample;
mod shim;
mod subject;
mod unrecorded;
mod upstreams;
mod way;
mod words;
mod writable;

use std::path::{Path, PathBuf};

pub use check::Check;
pub use report::{Entry, Outcome, Report};

use crate::ambient::Ambient;
use crate::error::Error;
use crate::git::{HookSide, Repo};
use shim::Shim;
use subject::Subject;

/// What to examine with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether pushes are made.
    pub canary: bool,
    /// Whether the audit log is asked for the last move of every ref of a tree.
    pub refs: bool,
    /// The folder of treewarden's own programs, which the hook's is compared with.
    pub programs: Option<PathBuf>,
    /// Whose hook; `None` for all that are meant to be there.
    pub side: Option<HookSide>,
}

/// Examines the repository at `place`: a git directory or a work tree. Without a place it is that
/// of `GIT_DIR`, else the one around the current folder.
pub fn examine(place: Option<&Path>, ambient: &Ambient, options: &Options) -> Report {
    let mut report = Report {
        repository: None,
        entries: Vec::new(),
    };
    match open(place, ambient) {
        Err(error) => {
            let place = place.or(ambient.git_dir.as_deref());
            let entry = installed::no_repository(place.unwrap_or(Path::new(".")), &error);
            report.entries.push(entry);
        }
        Ok(repo) => {
            report.repository = Some(report::safe(words::trimmed(repo.git_dir()).display()));
            report.entries.push(installed::repository(&repo));
            report.entries.extend(hooks(&repo, ambient, options));
        }
    }
    report
}

fn open(place: Option<&Path>, ambient: &Ambient) -> Result<Repo, Error> {
    let git = ambient.git.clone();
    match place.or(ambient.git_dir.as_deref()) {
        Some(path) => Repo::open(path, git),
        None => Repo::discover(Path::new("."), git)?.ok_or_else(|| {
            Error::Repository("this is no git repository, nor is any folder above it".into())
        }),
    }
}

fn hooks(repo: &Repo, ambient: &Ambient, options: &Options) -> Vec<Entry> {
    let sides = match installed::sides(repo) {
        Ok(sides) => sides,
        Err(error) => return vec![broken(Check::Installed, &error)],
    };
    let mut entries = vec![installed::installed(repo, &sides)];
    let wanted = |side: &HookSide| options.side.is_none_or(|only| only == *side);
    for side in sides.into_iter().filter(wanted) {
        let found = match Subject::new(repo, side, ambient, options) {
            Ok(subject) => one_hook(&subject),
            Err(error) => vec![broken(Check::HooksPath, &error)],
        };
        entries.extend(found.into_iter().map(|entry| Entry {
            side: Some(side),
            ..entry
        }));
    }
    entries
}

/// All checks of one hook. What can't be looked at since something else failed is left out.
fn one_hook(subject: &Subject<'_>) -> Vec<Entry> {
    let mut found = Vec::new();
    if subject.side == HookSide::Client {
        found.extend(told(Check::Installed, installed::judged(subject.repo)));
    }
    let shim = the_hook(subject, &mut found);
    let shim = shim.as_ref();
    found.extend(policy::policy(subject));
    found.extend(policy::review(subject));
    found.extend(all_told(Check::Trees, policy::trees(subject)));
    found.extend(policy::enforcement(subject));
    found.extend(all_told(Check::Upstreams, upstreams::upstreams(subject)));
    found.extend(all_told(Check::Writable, writable::writable(subject, shim)));
    // A clone is one user's own.
    if subject.side == HookSide::Server {
        let entry = others::other_users(subject, shim).map(Some);
        found.extend(told(Check::OtherUsers, entry));
        found.extend(all_told(Check::Enforcement, policy::paused(subject)));
        found.extend(all_told(Check::Keyring, keyring::keyring(subject)));
        found.extend(all_told(Check::Audit, audit::audit(subject, shim)));
        if subject.options.refs {
            found.extend(all_told(Check::Refs, unrecorded::refs(subject)));
        }
    }
    if subject.options.canary {
        found.extend(all_told(Check::Canary, canary::canary(subject)));
    }
    found
}

/// The hook, step by step; the first that fails is the last that can be made.
fn the_hook(subject: &Subject<'_>, found: &mut Vec<Entry>) -> Option<Shim> {
    let mut passes = |entry: Entry| {
        let passes = entry.outcome != Outcome::Fail;
        found.push(entry);
        passes
    };
    let whole =
        |check, result: Result<Entry, Error>| result.unwrap_or_else(|error| broken(check, &error));
    if !passes(whole(Check::HooksPath, hook::hooks_path(subject)))
        || !passes(whole(Check::Hook, hook::hook(subject)))
    {
        return None;
    }
    let (entry, shim) =
        shim::shim(subject).unwrap_or_else(|error| (broken(Check::Shim, &error), None));
    passes(entry);
    if let Some(shim) = &shim {
        passes(shim::interpreter(subject, shim));
        if let Some(binary) = &shim.binary {
            passes(whole(Check::Binary, shim::binary(subject, binary)));
        }
    }
    passes(whole(Check::ChainedHook, hook::chained_hook(subject)));
    shim
}

fn told(check: Check, result: Result<Option<Entry>, Error>) -> Option<Entry> {
    result.unwrap_or_else(|error| Some(broken(check, &error)))
}

fn all_told(check: Check, result: Result<Vec<Entry>, Error>) -> Vec<Entry> {
    result.unwrap_or_else(|error| vec![broken(check, &error)])
}

/// A check that couldn't be made says nothing good.
fn broken(check: Check, error: &Error) -> Entry {
    let help = "see that whoever runs this may read it, and that git runs";
    Entry::fail(check, error, help)
}
