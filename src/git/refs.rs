//! Refs as they stand. git's own command reads them, since libgit2 finds none in a reftable.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::command::run;
use super::open::Repo;
use crate::budget::Budget;
use crate::error::Error;
use crate::update::{Oid, RefName, RefValue};

/// With more names to ask for than this, all refs are listed: a command line has an end.
const MOST_ARGUMENTS: usize = 100;

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
        let mut command = self.git.command(&self.git_dir);
        command.args([
            "for-each-ref",
            "--format=%(objectname) %(refname) %(symref)",
        ]);
        let everything = BTreeSet::from([b"refs/".to_vec()]);
        let asked = if prefixes.len() > MOST_ARGUMENTS {
            &everything
        } else {
            prefixes
        };
        for prefix in asked {
            command.arg(OsStr::from_bytes(
                &[&self.namespace, prefix.as_slice()].concat(),
            ));
        }
        let answer = run(command, budget)?;
        if answer.status != Some(0) {
            return Err(answer.error("for-each-ref"));
        }
        let lines = answer
            .stdout
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        lines
            .map(|line| self.line(line))
            .collect::<Result<_, _>>()
            .map(RefTable)
    }

    fn line(&self, line: &[u8]) -> Result<(RefName, Standing), Error> {
        let parsed = || {
            let mut fields = line.splitn(3, |byte| *byte == b' ');
            let value = Oid::from_hex(fields.next()?)?;
            let name = RefName::new(fields.next()?.strip_prefix(self.namespace.as_slice())?)?;
            let target = match fields.next()? {
                b"" => None,
                outside => Some(
                    outside
                        .strip_prefix(self.namespace.as_slice())
                        .unwrap_or(outside)
                        .to_vec(),
                ),
            };
            Some((name, Standing { value, target }))
        };
        parsed().ok_or_else(|| {
            let shown = String::from_utf8_lossy(line).into_owned();
            Error::Repository(format!(
                "git for-each-ref wrote a line without meaning: {shown:?}"
            ))
        })
    }

    /// Returns true if and only if the ref, which has no value, is a symbolic one whose target is
    /// still to be made: `for-each-ref` passes over those.
    pub fn is_dangling(&self, name: &RefName, budget: &Budget) -> Result<bool, Error> {
        let full = [&self.namespace, name.as_bytes()].concat();
        match std::str::from_utf8(&full) {
            Ok(text) if !self.reftable => self.is_symbolic_file(text),
            _ => self.is_symbolic_to_git(&full, budget),
        }
    }

    fn is_symbolic_file(&self, name: &str) -> Result<bool, Error> {
        match self.inner.find_reference(name) {
            Ok(found) => Ok(found.kind() == Some(git2::ReferenceType::Symbolic)),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(false),
            Err(error) => Err(Error::Repository(format!("{name}: {}", error.message()))),
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
        let mut command = self.git.command(&self.git_dir);
        command
            .args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
            .arg(format!("{revision}^{{commit}}"));
        let answer = run(command, budget)?;
        Oid::from_hex(answer.stdout.trim_ascii_end())
            .ok_or_else(|| Error::Usage(format!("`{revision}` names no commit here")))
    }
}
