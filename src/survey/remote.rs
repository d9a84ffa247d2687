//! What the trees' refs hold at a remote, as far as the remote-tracking refs here tell.

use std::collections::{BTreeMap, BTreeSet};

use crate::budget::Budget;
use crate::error::Error;
use crate::git::Repo;
use crate::policy::Tree;
use crate::route::literal_names;
use crate::update::{Oid, RefName, RefValue};

/// A remote, as this repository saw it last.
pub struct Remote {
    /// Its name.
    pub name: String,
    /// Its branches, by their names there.
    branches: BTreeMap<RefName, Oid>,
}

/// A tree's ref at a remote.
pub(super) struct Target {
    /// Its name there.
    pub name: RefName,
    /// What it holds; `None` where nothing is known of it.
    pub value: Option<Oid>,
}

impl Remote {
    /// Reads what is known of the remote of that name.
    pub fn read(name: &str, repo: &Repo, budget: &Budget) -> Result<Self, Error> {
        let folder = format!("refs/remotes/{name}/");
        if RefName::new(format!("{folder}branch").as_bytes()).is_none() {
            return Err(Error::Usage(format!("`{name}` is no name for a remote")));
        }
        let standing = repo.refs(&BTreeSet::from([folder.clone().into_bytes()]), budget)?;
        let branches = standing.iter().filter_map(|(tracking, found)| {
            let branch = tracking.as_bytes().strip_prefix(folder.as_bytes())?;
            let there = RefName::new(&[b"refs/heads/", branch].concat())?;
            Some((there, found.value))
        });
        Ok(Self {
            name: name.to_owned(),
            branches: branches.collect(),
        })
    }

    /// Returns true if and only if something is known of what it holds.
    pub fn is_known(&self) -> bool {
        !self.branches.is_empty()
    }

    /// The ref to push to, for a tree that has one which a command can name: one that is known
    /// here, else the first of the policy.
    pub(super) fn target(&self, tree: &Tree) -> Option<Target> {
        let mut names = literal_names(tree).into_iter();
        let first = names.next()?;
        let known = std::iter::once(first.clone())
            .chain(names)
            .find(|name| self.branches.contains_key(name));
        let name = known.unwrap_or(first);
        let value = self.branches.get(&name).copied();
        Some(Target { name, value })
    }

    /// What all refs of the tree hold.
    pub(super) fn values(&self, tree: &Tree) -> impl Iterator<Item = Oid> {
        let branches = self.branches.iter();
        branches
            .filter(|(name, _)| tree.governs(name))
            .map(|(_, oid)| *oid)
    }

    /// The old value of a push to the target. Where nothing is known of the remote, its trees
    /// are taken to hold `below`.
    pub(super) fn old(&self, target: &Target, below: RefValue) -> RefValue {
        match target.value {
            Some(oid) => RefValue::At(oid),
            None if !self.is_known() => below,
            None => RefValue::Absent,
        }
    }
}
