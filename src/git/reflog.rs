//! What refs held before. git's own command reads it, since libgit2 knows no reftable.
//!
//! `git log -g` passes over entries whose objects are gone without a word, so the values are asked
//! for one by one, as `<ref>@{0}`, `<ref>@{1}` and so on, by name alone.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::command::{Answer, run};
use super::open::Repo;
use crate::budget::Budget;
use crate::error::Error;
use crate::update::{Oid, RefName, RefValue};

/// How many values one process is asked for: a command line has an end.
const MOST_ARGUMENTS: usize = 1_000;

/// What git is asked, for errors.
const ASKED: &str = "rev-parse of a reflog";

/// One entry of a reflog: the ref went from one value to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// What it held; absent where the ref was created.
    pub old: RefValue,
    /// What it held then.
    pub new: Oid,
}

/// The newest entries of a reflog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reflog {
    /// What the newest entry says that the ref holds.
    pub newest: Option<Oid>,
    /// The entries, newest first.
    pub entries: Vec<Moved>,
    /// How many of those that were asked for are passed over: their objects are gone.
    pub lost: usize,
}

impl Repo {
    /// Up to `most` of the newest entries of the ref's log; none where it has no log.
    pub fn reflog(&self, name: &RefName, most: usize, budget: &Budget) -> Result<Reflog, Error> {
        let values = self.values(name, most.saturating_add(1), budget)?;
        let mut log = Reflog::default();
        let mut olds = values.oids.iter().skip(1);
        for new in values.oids.iter().take(values.entries.min(most)) {
            log.newest.get_or_insert(*new);
            let old = olds
                .next()
                .map_or(RefValue::Absent, |old| RefValue::At(*old));
            log.add(self, old, *new)?;
        }
        Ok(log)
    }

    fn values(&self, name: &RefName, most: usize, budget: &Budget) -> Result<Values, Error> {
        let mut oids: Vec<Oid> = Vec::new();
        while oids.len() < most {
            let before = oids.len();
            let wanted = MOST_ARGUMENTS.min(most - before);
            let mut command = self.git.command(&self.git_dir);
            command.args(["rev-parse", "--revs-only"]);
            command.args((0..wanted).map(|at| selector(name, before + at)));
            let answer = run(command, budget)?;
            let entries = entries(&answer)?;
            let lines = answer.stdout.split(|byte| *byte == b'\n');
            for line in lines.filter(|line| !line.is_empty()) {
                let oid = Oid::from_hex(line).ok_or_else(|| answer.error(ASKED))?;
                oids.push(oid);
            }
            if let Some(entries) = entries {
                return Ok(Values { oids, entries });
            }
            match oids.len() {
                // Names that stand for nothing are passed over: the ref has no log.
                0 => return Ok(Values { oids, entries: 0 }),
                found if found < before + wanted => return Err(answer.error(ASKED)),
                _ => {}
            }
        }
        // One of them is the old value of the last entry that was asked for.
        let entries = oids.len().saturating_sub(1);
        Ok(Values { oids, entries })
    }
}

/// The values that a ref had, newest first, by the entries of its log. Where the log goes back to
/// a value that is older than its entries, that one too.
struct Values {
    oids: Vec<Oid>,
    entries: usize,
}

/// How many entries the log has, which git says by dying at the first name that is one too many;
/// `None` where it answered to every name.
fn entries(answer: &Answer) -> Result<Option<usize>, Error> {
    if answer.status == Some(0) {
        return Ok(None);
    }
    // `fatal: log for 'refs/heads/x' only has 4 entries`, or `fatal: log for refs/heads/x is empty`
    let said = answer.stderr.trim_ascii();
    let count = said.strip_suffix(b" entries").and_then(|rest| {
        let number = rest.rsplit(|byte| *byte == b' ').next()?;
        std::str::from_utf8(number).ok()?.parse().ok()
    });
    let empty = said.ends_with(b" is empty").then_some(0);
    match count
        .or(empty)
        .filter(|_| said.starts_with(b"fatal: log for "))
    {
        Some(count) => Ok(Some(count)),
        None => Err(answer.error(ASKED)),
    }
}

impl Reflog {
    fn add(&mut self, repo: &Repo, old: RefValue, new: Oid) -> Result<(), Error> {
        let has_old = old.oid().map_or(Ok(true), |oid| repo.has(oid))?;
        if has_old && repo.has(new)? {
            self.entries.push(Moved { old, new });
        } else {
            self.lost += 1;
        }
        Ok(())
    }
}

/// `<ref>@{<at>}`
fn selector(name: &RefName, at: usize) -> OsString {
    let mut whole = name.as_bytes().to_vec();
    whole.extend(format!("@{{{at}}}").bytes());
    OsString::from_vec(whole)
}
