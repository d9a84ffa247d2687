//! By which command commits get to a tree of the remote: as they are, or picked onto what it holds.

use std::collections::{BTreeSet, HashSet};

use super::judged;
use super::moves::Mover;
use super::picks::{Pick, picking};
use super::remote::Target;
use crate::error::Error;
use crate::gate::upstream_prefixes;
use crate::git::CommitIx;
use crate::judge::{Case, Old};
use crate::policy::Tree;
use crate::report::shell::word;
use crate::route::{refuses, spelled};
use crate::update::{Oid, RefValue};

/// How commits get to a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// By this command, of one or several lines.
    Command(Vec<String>),
    /// The remote has them there already.
    There,
    /// The tree has no ref here that a command can name.
    NoRef,
    /// The remote hasn't got the tree's ref, so what they stand on would have to come along.
    NoGround,
}

impl Mover<'_> {
    /// How the commits get to the tree: `all` as they are, or else `picks`.
    pub fn way(&self, tree: &Tree, all: &[CommitIx], picks: &[Pick]) -> Result<Way, Error> {
        let Some(target) = self.remote.target(tree) else {
            return Ok(Way::NoRef);
        };
        let Some(newest) = all.iter().max() else {
            return Ok(Way::There);
        };
        let members = all
            .iter()
            .map(|at| Ok(self.base.range.row(*at)?.oid))
            .collect::<Result<HashSet<Oid>, Error>>()?;
        let new = self.base.range.row(*newest)?.oid;
        let old = self.remote.old(&target, self.commits.old());
        let (refused, entering) = self.pushed(tree, &target, old, new)?;
        let branch = spelled(&target.name, target.value.is_some());
        let remote = word(self.remote.name.as_bytes());
        if !refused && entering.is_empty() {
            return Ok(Way::There);
        }
        let reached = self.base.ancestors(*newest)?;
        let mut patches = picks.iter().flat_map(|pick| &pick.patches);
        let is_whole = patches.all(|at| reached.contains(at));
        if !refused && is_whole && entering.iter().all(|oid| members.contains(oid)) {
            let command = format!("git push {remote} {}:{branch}", new.short());
            return Ok(Way::Command(vec![command]));
        }
        self.picked(tree, picks)
    }

    /// By picking them onto what the tree holds.
    pub fn picked(&self, tree: &Tree, picks: &[Pick]) -> Result<Way, Error> {
        let Some(target) = self.remote.target(tree) else {
            return Ok(Way::NoRef);
        };
        if self.remote.old(&target, self.commits.old()) == RefValue::Absent {
            return Ok(Way::NoGround);
        }
        let branch = spelled(&target.name, target.value.is_some());
        let remote = word(self.remote.name.as_bytes());
        picking(&self.base.range, picks, &remote, &branch).map(Way::Command)
    }

    /// What would come of pushing a commit to the tree as the remote has it: whether it would be
    /// refused, and what would enter.
    fn pushed(
        &self,
        tree: &Tree,
        target: &Target,
        old: RefValue,
        new: Oid,
    ) -> Result<(bool, Vec<Oid>), Error> {
        judged(self.policy, self.repo, |judge| {
            let mut wanted = BTreeSet::new();
            upstream_prefixes(tree, self.policy, &mut wanted);
            let standing = self.repo.refs(&wanted, judge.budget)?;
            let mut hidden = judge.trusted(tree, &standing)?;
            for value in self.remote.values(tree) {
                hidden.extend(self.repo.peel(value)?);
            }
            if !self.remote.is_known() {
                hidden.extend(&self.commits.below);
            }
            let old = match old {
                RefValue::At(oid) => Old::Commit(self.repo.peel(oid)?.unwrap_or(oid)),
                RefValue::Absent => Old::Absent,
            };
            let verdict = judge.judge(&Case {
                tree,
                ref_name: &target.name,
                old,
                new,
                hidden,
                doubtful: false,
            })?;
            let rows = verdict.commits.range.rows.iter();
            Ok((refuses(tree, &verdict), rows.map(|row| row.oid).collect()))
        })
    }
}
