//! The commit graph, read as far as it is asked for and kept for the whole push.
//!
//! Walks go by commit date, newest first, as git's do. Dates are only hints: a commit may be
//! older than its parent. Where a walk stops because "all that is left is older", it goes on for
//! [`SKEW`] more, so that clocks which are wrong by less can't mislead it.

use std::cell::RefCell;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::rc::Rc;

use smallvec::SmallVec;

use super::objects::Commit;
use super::open::Repo;
use super::range::Range;
use crate::budget::Budget;
use crate::error::Error;
use crate::update::Oid;

/// How wrong a committer's clock may be, in seconds.
pub(super) const SKEW: i64 = 86_400;

/// Commits of one repository, parsed once each.
pub struct History<'r> {
    pub(super) repo: &'r Repo,
    budget: &'r Budget,
    known: RefCell<HashMap<Oid, Rc<Commit>>>,
}

/// Commits that were parsed already, from one store to the next.
#[derive(Default)]
pub struct KnownCommits(HashMap<Oid, Rc<Commit>>);

/// Commits to visit, newest first.
#[derive(Default)]
pub(super) struct Queue(BinaryHeap<(i64, Oid)>);

impl Queue {
    pub(super) fn push(&mut self, oid: Oid, commit: &Commit) {
        self.0.push((commit.time, oid));
    }

    pub(super) fn pop(&mut self) -> Option<Oid> {
        self.0.pop().map(|(_, oid)| oid)
    }

    pub(super) fn newest(&self) -> Option<i64> {
        self.0.peek().map(|(time, _)| *time)
    }
}

// What `merge_bases` marks: reached from the one side, from the other, and from both already.
const ONE: u8 = 1;
const OTHER: u8 = 2;
const STALE: u8 = 4;

impl<'r> History<'r> {
    /// An empty store over a repository.
    pub fn new(repo: &'r Repo, budget: &'r Budget) -> Self {
        Self::knowing(KnownCommits::default(), repo, budget)
    }

    /// A store that begins with what another one over the same repository read.
    pub fn knowing(known: KnownCommits, repo: &'r Repo, budget: &'r Budget) -> Self {
        Self {
            repo,
            budget,
            known: RefCell::new(known.0),
        }
    }

    /// What was read, for another store.
    pub fn into_known(self) -> KnownCommits {
        KnownCommits(self.known.into_inner())
    }

    /// The commit of that name.
    pub fn commit(&self, oid: Oid) -> Result<Rc<Commit>, Error> {
        if let Some(found) = self.known.borrow().get(&oid) {
            return Ok(found.clone());
        }
        self.budget.time()?;
        let commit = Rc::new(self.repo.commit(oid)?);
        self.known.borrow_mut().insert(oid, commit.clone());
        Ok(commit)
    }

    /// The merge bases of `one` and `others`, as `git merge-base --all` has them: the common
    /// ancestors that no other common ancestor descends from, newest first.
    pub fn merge_bases(&self, one: Oid, others: &[Oid]) -> Result<Vec<Oid>, Error> {
        let mut bases = self.common_ancestors(one, others)?;
        let candidates = bases.clone();
        let mut redundant = Vec::new();
        for base in &candidates {
            for other in &candidates {
                if base != other && self.lineage(*base, *other, &Range::default())?.has(*other) {
                    redundant.push(*base);
                    break;
                }
            }
        }
        bases.retain(|base| !redundant.contains(base));
        Ok(bases)
    }

    /// The common ancestors that a walk by date meets first; where clocks are wrong, too many.
    fn common_ancestors(&self, one: Oid, others: &[Oid]) -> Result<Vec<Oid>, Error> {
        let mut marks: HashMap<Oid, u8> = HashMap::new();
        let mut queue = Queue::default();
        // What is queued and may still lead to a common ancestor that isn't found.
        let mut open: HashSet<Oid> = HashSet::new();
        let starts = std::iter::once((one, ONE)).chain(others.iter().map(|oid| (*oid, OTHER)));
        for (oid, mark) in starts {
            *marks.entry(oid).or_default() |= mark;
            queue.push(oid, &*self.commit(oid)?);
            open.insert(oid);
        }
        let mut found = Vec::new();
        while !open.is_empty() {
            let Some(oid) = queue.pop() else { break };
            open.remove(&oid);
            let mut mark = marks.get(&oid).copied().unwrap_or_default();
            if mark == ONE | OTHER {
                if !found.contains(&oid) {
                    found.push(oid);
                }
                mark |= STALE;
            }
            for parent in &self.commit(oid)?.parents {
                let marked = marks.entry(*parent).or_default();
                if *marked & mark == mark {
                    continue;
                }
                *marked |= mark;
                let stale = *marked & STALE != 0;
                queue.push(*parent, &*self.commit(*parent)?);
                if stale {
                    open.remove(parent);
                } else {
                    open.insert(*parent);
                }
            }
        }
        found.retain(|oid| marks.get(oid).is_some_and(|mark| mark & STALE == 0));
        Ok(found)
    }

    /// Those of the commits that no other one of them reaches, each once and in their order. Where
    /// clocks are wrong, too many.
    pub fn independent(&self, commits: &[Oid]) -> Result<Vec<Oid>, Error> {
        let mut queue = Queue::default();
        let mut reached = HashSet::new();
        let mut oldest = i64::MAX;
        let mut starts = HashSet::new();
        for oid in commits {
            let commit = self.commit(*oid)?;
            oldest = oldest.min(commit.time.saturating_sub(SKEW));
            if starts.insert(*oid) {
                queue.push(*oid, &commit);
            }
        }
        while queue.newest().is_some_and(|time| time >= oldest) {
            let Some(oid) = queue.pop() else { break };
            for parent in &self.commit(oid)?.parents {
                if reached.insert(*parent) && !starts.contains(parent) {
                    queue.push(*parent, &*self.commit(*parent)?);
                }
            }
        }
        let left = commits.iter().filter(|oid| !reached.contains(*oid));
        Ok(left.filter(|oid| starts.remove(*oid)).copied().collect())
    }

    /// For each of up to 64 commits, which of them reach it: a bit each, its own included.
    pub(super) fn reached_by(&self, commits: &[Oid]) -> Result<Vec<u64>, Error> {
        let mut masks: HashMap<Oid, u64> = HashMap::new();
        let mut queue = Queue::default();
        let mut oldest = i64::MAX;
        for (at, oid) in commits.iter().enumerate() {
            let commit = self.commit(*oid)?;
            *masks.entry(*oid).or_default() |= 1 << at;
            oldest = oldest.min(commit.time.saturating_sub(SKEW));
            queue.push(*oid, &commit);
        }
        while queue.newest().is_some_and(|time| time >= oldest) {
            let Some(oid) = queue.pop() else { break };
            let mask = masks.get(&oid).copied().unwrap_or_default();
            for parent in &self.commit(oid)?.parents {
                let before = masks.entry(*parent).or_default();
                if *before | mask != *before {
                    *before |= mask;
                    queue.push(*parent, &*self.commit(*parent)?);
                }
            }
        }
        let found = commits
            .iter()
            .map(|oid| masks.get(oid).copied().unwrap_or_default());
        Ok(found.collect())
    }

    /// What, among the ancestors of `new` and `new` itself, descends from `old`. Commits that
    /// are much older than `old` count as none of them, but for those of `range`: these are
    /// followed whatever their dates.
    pub fn lineage(&self, old: Oid, new: Oid, range: &Range) -> Result<Lineage, Error> {
        let oldest = self.commit(old)?.time.saturating_sub(SKEW);
        let followed: HashSet<Oid> = range.rows.iter().map(|row| row.oid).collect();
        let mut descends: HashMap<Oid, bool> = HashMap::from([(old, true)]);
        let mut open = vec![new];
        while let Some(oid) = open.last().copied() {
            if descends.contains_key(&oid) {
                open.pop();
                continue;
            }
            let commit = self.commit(oid)?;
            let parents: SmallVec<[Oid; 2]> = match commit.time < oldest && !followed.contains(&oid)
            {
                true => SmallVec::new(),
                false => commit.parents.clone(),
            };
            let unknown = parents
                .iter()
                .filter(|parent| !descends.contains_key(*parent));
            let before = open.len();
            open.extend(unknown.copied());
            if open.len() == before {
                let any = parents
                    .iter()
                    .any(|parent| descends.get(parent) == Some(&true));
                descends.insert(oid, any);
                open.pop();
            }
        }
        Ok(Lineage(descends))
    }
}

/// The descendants of one commit among the ancestors of another.
#[derive(Default)]
pub struct Lineage(HashMap<Oid, bool>);

impl Lineage {
    /// Returns true if and only if the commit is the old one or descends from it.
    pub fn has(&self, oid: Oid) -> bool {
        self.0.get(&oid) == Some(&true)
    }
}
