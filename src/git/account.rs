//! A merge's own changes in full: from which merge bases, and for each path why it counts as one
//! and what stands there on every side.

use std::cell::RefCell;
use std::collections::HashMap;

use super::changes::{Jobs, Merges, Need};
use super::history::History;
use super::merge::Departure;
use super::open::Repo;
use super::tree_object::Leaf;
use super::trees::Trees;
use crate::budget::Budget;
use crate::classify::{ClassMask, Classifier};
use crate::error::Error;
use crate::update::Oid;

/// How a merge came to differ from the automatic merge of its parents.
pub struct MergeAccount {
    /// Its parents, in order.
    pub parents: Vec<Oid>,
    /// For each parent but the first, the merge bases of it and all before it.
    pub bases: Vec<Vec<Oid>>,
    changes: HashMap<Vec<u8>, Departure>,
}

/// What stands at a path, on every side of a merge; `None` where nothing does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sides {
    /// In the merge.
    pub merge: Option<Leaf>,
    /// In each parent.
    pub parents: Vec<Option<Leaf>>,
    /// In each merge base, in the order of [`MergeAccount::bases`]. Where there is no base, the
    /// empty tree stands for it.
    pub bases: Vec<Vec<Option<Leaf>>>,
}

impl MergeAccount {
    /// Works it out by the same comparison that judging uses.
    pub fn of(
        merge: Oid,
        repo: &Repo,
        history: &History<'_>,
        budget: &Budget,
    ) -> Result<Self, Error> {
        let parents = history.commit(merge)?.parents.to_vec();
        let mut merges = Merges::new(repo, history, budget);
        let no_classes = Classifier::new(&[]).map_err(Error::Repository)?;
        let states = &mut no_classes.states();
        merges.meet(&mut Trees::new(repo), states, merge, &parents)?;
        let all = ClassMask::ALL;
        merges.settle(&[merge], &|_| all, Need::Paths(all), Jobs::ONE)?;
        let changes = merges.changes(merge)?.iter().cloned();
        let changes = changes.map(|change| (change.path, change.departure));
        Ok(Self {
            parents,
            bases: merges.bases(merge)?.to_vec(),
            changes: changes.collect(),
        })
    }

    /// Why the path is one of the merge's own changes; `None` if it is none.
    pub fn departure(&self, path: &[u8]) -> Option<Departure> {
        self.changes.get(path).copied()
    }

    /// What stands at the path on every side.
    pub fn sides(
        &self,
        merge: Oid,
        path: &[u8],
        repo: &Repo,
        history: &History<'_>,
        budget: &Budget,
    ) -> Result<Sides, Error> {
        let trees = RefCell::new(Trees::new(repo));
        let leaf = |commit: &Oid| {
            budget.time()?;
            let tree = history.commit(*commit)?.tree;
            trees.borrow_mut().leaf_at(tree, path)
        };
        let leaves = |commits: &Vec<Oid>| commits.iter().map(leaf).collect::<Result<Vec<_>, _>>();
        let below = |commits: &Vec<Oid>| match commits.is_empty() {
            true => Ok(vec![None]),
            false => leaves(commits),
        };
        Ok(Sides {
            merge: leaf(&merge)?,
            parents: leaves(&self.parents)?,
            bases: self.bases.iter().map(below).collect::<Result<_, _>>()?,
        })
    }
}

impl Sides {
    /// The one parent, as an index, that has something else there than the merge base; `None` if
    /// it is none or several, or if there is not one base.
    pub fn only_changed_by(&self) -> Option<usize> {
        let mut bases = self.bases.iter().flatten();
        let base = bases.next()?;
        if bases.any(|other| other != base) {
            return None;
        }
        let mut changed = self
            .parents
            .iter()
            .enumerate()
            .filter(|(_, leaf)| *leaf != base);
        match (changed.next(), changed.next()) {
            (Some((at, _)), None) => Some(at),
            _ => None,
        }
    }

    /// Returns true if and only if all parents have the same there.
    pub fn parents_agree(&self) -> bool {
        self.parents
            .windows(2)
            .all(|pair| matches!(pair, [one, other] if one == other))
    }
}
