//! Refs as `git for-each-ref` lists them, whatever they are kept in.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::Standing;
use crate::budget::Budget;
use crate::error::Error;
use crate::git::command::run;
use crate::git::open::Repo;
use crate::update::{Oid, RefName};

/// With more names to ask for than this, all refs are listed: a command line has an end.
const MOST_ARGUMENTS: usize = 100;

impl Repo {
    /// The refs of these full names, and those in the folders, which end in `/`; maybe more.
    pub(super) fn listed_refs(
        &self,
        asked: &BTreeSet<Vec<u8>>,
        budget: &Budget,
    ) -> Result<BTreeMap<RefName, Standing>, Error> {
        let mut command = self.git.command(&self.git_dir);
        command.args([
            "for-each-ref",
            "--format=%(objectname) %(refname) %(symref)",
        ]);
        if asked.len() > MOST_ARGUMENTS {
            command.arg(OsStr::from_bytes(
                &[&self.namespace, b"refs/".as_slice()].concat(),
            ));
        } else {
            command.args(asked.iter().map(|name| OsStr::from_bytes(name)));
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
            .map(|line| {
                parse(line).ok_or_else(|| {
                    let shown = String::from_utf8_lossy(line).into_owned();
                    Error::Repository(format!(
                        "git for-each-ref wrote a line without meaning: {shown:?}"
                    ))
                })
            })
            .collect()
    }
}

fn parse(line: &[u8]) -> Option<(RefName, Standing)> {
    let mut fields = line.splitn(3, |byte| *byte == b' ');
    let value = Oid::from_hex(fields.next()?)?;
    let name = RefName::new(fields.next()?)?;
    let target = Some(fields.next()?).filter(|target| !target.is_empty());
    let target = target.map(<[u8]>::to_vec);
    Some((name, Standing { value, target }))
}
