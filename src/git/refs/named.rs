//! The commit that a revision names, where its text is a plain name: of a commit, or of one ref.
//! What is more than that, or could be two things, git is asked about.

use std::collections::BTreeSet;

use super::Repo;
use crate::budget::Budget;
use crate::error::Error;
use crate::update::{Oid, RefName, RefValue};

/// Where git looks for a ref that isn't named in full, as `gitrevisions` lists it.
const FOLDERS: [&str; 5] = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];

impl Repo {
    /// The commit; `None` where git has to be asked.
    pub(super) fn plainly_named(
        &self,
        revision: &str,
        budget: &Budget,
    ) -> Result<Option<Oid>, Error> {
        let named = match Oid::from_hex(revision.as_bytes()) {
            Some(oid) => Some(oid).filter(|oid| oid.format() == self.format),
            None => self.only_ref(revision, budget)?,
        };
        match named {
            Some(oid) if self.has(oid)? => self.peel(oid),
            _ => Ok(None),
        }
    }

    /// What the one ref holds that can be meant; `None` if there are several, or none.
    fn only_ref(&self, name: &str, budget: &Budget) -> Result<Option<Oid>, Error> {
        if !is_plain(name) || self.is_in_git_dir(name) {
            return Ok(None);
        }
        let names = FOLDERS.iter().map(|folder| format!("{folder}{name}"));
        let remote_head = format!("refs/remotes/{name}/HEAD");
        let names = names.chain([remote_head]);
        let names: Vec<RefName> = names
            .filter_map(|name| RefName::new(name.as_bytes()))
            .collect();
        let asked: BTreeSet<Vec<u8>> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        let table = self.refs(&asked, budget)?;
        let values = names.iter().map(|name| table.value(name));
        let mut there = values.filter_map(|value| match value {
            RefValue::At(oid) => Some(oid),
            RefValue::Absent => None,
        });
        let first = there.next();
        Ok(first.filter(|_| there.next().is_none()))
    }

    /// Returns true if a file of that name stands where git looks first, at `HEAD` and its like.
    fn is_in_git_dir(&self, name: &str) -> bool {
        let folders = [self.git_dir(), self.common_dir()];
        let mut paths = folders.iter().map(|folder| folder.join(name));
        !name.starts_with("refs/") && paths.any(|path| path.symlink_metadata().is_ok())
    }
}

/// Returns true if and only if the text can't be anything but a ref's name: no short object name,
/// and nothing with an operator in it.
fn is_plain(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_');
    name.bytes().all(is_word)
        && !name.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !name.contains("-g")
        && !name.starts_with('-')
}
