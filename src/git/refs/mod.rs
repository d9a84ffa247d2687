//! Refs as they stand.
//!
//! | module | what it gives |
//! |---|---|
//! | `files` | the refs of the ordinary store, read in this process |
//! | `packed` | those of its file `packed-refs` |
//! | `listed` | the refs of any store, from a git process |
//! | `named` | the commit that a revision names, if it is a plain name |
//!
//! libgit2 finds none in a reftable, so what `files` can't tell is git's to tell.

mod files;
mod listed;
mod named;
mod packed;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use self::files::{Files, Loose, Unusual};
use super::command::run;
use super::open::Repo;
use crate::budget::Budget;
use crate::error::Error;
use crate::update::{Oid, RefName, RefValue};

/// What a ref holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The object, a symbolic ref followed.
    pub value: Oid,
    /// The name that a symbolic one stands for, raw.
    pub target: Option<Vec<u8>>,
}

/// Refs as they stood at one moment.
#[derive(Clone, Debug, Default)]
pub struct RefTable(BTreeMap<RefName, Standing>);

impl RefTable {
    /// What the ref holds.
    pub fn value(&self, name: &RefName) -> RefValue {
        self.0
            .get(name)
            .map_or(RefValue::Absent, |found| RefValue::At(found.value))
    }

    /// The ref that it stands for, if it is a symbolic one.
    pub fn target(&self, name: &RefName) -> Option<&[u8]> {
        self.0.get(name)?.target.as_deref()
    }

    /// Replaces what is known of a ref.
    pub fn set(&mut self, name: &RefName, value: RefValue) {
        match value {
            RefValue::Absent => self.0.remove(name),
            RefValue::At(value) => {
                let target = None;
                self.0.insert(name.clone(), Standing { value, target })
            }
        };
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&RefName, &Standing)> {
        self.0.iter()
    }
}

impl Repo {
    /// The refs that begin with one of `prefixes`: whole names, or folders that end in `/`.
    pub fn refs(&self, prefixes: &BTreeSet<Vec<u8>>, budget: &Budget) -> Result<RefTable, Error> {
        if prefixes.is_empty() {
            return Ok(RefTable::default());
        }
        let asked = prefixes
            .iter()
            .map(|prefix| [&self.namespace, prefix.as_slice()].concat())
            .collect();
        let each = || {
            // For whoever waits; whether there is time left is asked below.
            let _ = budget.time();
        };
        let files = self.ref_files();
        let found = match files.and_then(|files| files.read(&asked, &each)) {
            Ok(found) => found,
            Err(Unusual) => self.listed_refs(&asked, budget)?,
        };
        budget.time()?;
        if self.namespace.is_empty() {
            return Ok(RefTable(found));
        }
        let known = found.into_iter();
        known
            .map(|(name, standing)| self.inside(&name, standing))
            .collect::<Result<_, _>>()
            .map(RefTable)
    }

    fn ref_files(&self) -> Result<Files<'_>, Unusual> {
        if self.reftable {
            return Err(Unusual);
        }
        let from_worktree = self.git_dir != self.common_dir();
        Files::new(self.common_dir(), from_worktree, self.format)
    }

    /// The ref under the name that it has in the namespace.
    fn inside(&self, full: &RefName, standing: Standing) -> Result<(RefName, Standing), Error> {
        let stripped = |name: &[u8]| {
            name.strip_prefix(self.namespace.as_slice())
                .map(<[u8]>::to_vec)
        };
        let name = stripped(full.as_bytes()).and_then(|name| RefName::new(&name));
        let name =
            name.ok_or_else(|| Error::internal("a ref was read that is not of the namespace"))?;
        let target = standing
            .target
            .map(|target| stripped(&target).unwrap_or(target));
        Ok((name, Standing { target, ..standing }))
    }

    /// Returns true if and only if the ref, which has no value, is a symbolic one whose target is
    /// still to be made: what is listed leaves those out.
    pub fn is_dangling(&self, name: &RefName, budget: &Budget) -> Result<bool, Error> {
        let full = [&self.namespace, name.as_bytes()].concat();
        match self.ref_files().and_then(|files| files.loose(&full)) {
            Ok(Loose::Alias(_)) => Ok(true),
            Ok(Loose::Nothing | Loose::Folder | Loose::Value(_)) => Ok(false),
            Err(Unusual) => self.is_symbolic_to_git(&full, budget),
        }
    }

    fn is_symbolic_to_git(&self, name: &[u8], budget: &Budget) -> Result<bool, Error> {
        let mut command = self.git.command(&self.git_dir);
        command
            .args(["symbolic-ref", "--quiet"])
            .arg(OsStr::from_bytes(name));
        let answer = run(command, budget)?;
        match answer.status {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(answer.error("symbolic-ref")),
        }
    }

    /// The commit that a revision names, in the words of `git rev-parse`.
    pub fn resolve(&self, revision: &str, budget: &Budget) -> Result<Oid, Error> {
        if let Some(found) = self.plainly_named(revision, budget)? {
            return Ok(found);
        }
        let mut command = self.git.command(&self.git_dir);
        command
            .args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
            .arg(format!("{revision}^{{commit}}"));
        let answer = run(command, budget)?;
        Oid::from_hex(answer.stdout.trim_ascii_end())
            .ok_or_else(|| Error::Usage(format!("`{revision}` names no commit here")))
    }
}
