//! The entering commits: reachable from the new tip, and from nothing that was judged before.
//!
//! One walk by date paints two colours: *entering* down from the new tip, *hidden* down from the
//! old values, the upstreams and `since`. Hidden wins, also over a commit that was met as
//! entering first. The walk ends when nothing entering is left to visit and all that is hidden
//! is older than what was found. Wrong clocks can then leave a commit in that is hidden in truth
//! (it is judged once more), but never take one out.

use std::collections::{HashMap, HashSet};

use smallvec::SmallVec;

use super::history::{History, Queue, SKEW};
use crate::budget::Budget;
use crate::error::Error;
use crate::update::Oid;

/// A commit's place in a range.
pub type CommitIx = usize;

/// A parent, in the range or outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// It enters too, and stands here.
    In(CommitIx),
    /// It was there before.
    Out(Oid),
}

/// An entering commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitRow {
    /// Its name.
    pub oid: Oid,
    /// Its tree object.
    pub tree: Oid,
    /// Its parents, in order.
    pub parents: SmallVec<[Parent; 2]>,
}

impl CommitRow {
    /// Returns true if and only if the commit has several parents.
    pub fn is_merge(&self) -> bool {
        self.parents.len() > 1
    }
}

/// The entering commits of one update, parents before children; the new tip is the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The commits.
    pub rows: Vec<CommitRow>,
}

impl Range {
    /// The commit at a place.
    pub fn row(&self, at: CommitIx) -> Result<&CommitRow, Error> {
        self.rows
            .get(at)
            .ok_or(Error::Internal("a commit outside of its range"))
    }

    /// The name of a parent.
    pub fn oid(&self, parent: Parent) -> Result<Oid, Error> {
        match parent {
            Parent::In(at) => Ok(self.row(at)?.oid),
            Parent::Out(oid) => Ok(oid),
        }
    }

    /// The commits that `new` makes reachable and none of `hidden` reaches. Each is counted
    /// against the budget.
    pub fn entering(
        history: &History<'_>,
        new: Oid,
        hidden: &[Oid],
        budget: &Budget,
    ) -> Result<Self, Error> {
        let walk = Walk::run(history, new, hidden, budget)?;
        walk.sorted(new)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Colour {
    Entering,
    Hidden,
}

struct Walk<'h, 'r> {
    history: &'h History<'r>,
    budget: &'h Budget,
    queue: Queue,
    /// The colour of every commit that was met.
    colours: HashMap<Oid, Colour>,
    /// Entries of the queue that were entering when they were put there.
    waiting: HashSet<Oid>,
    oldest: i64,
}

impl<'h, 'r> Walk<'h, 'r> {
    fn run(
        history: &'h History<'r>,
        new: Oid,
        hidden: &[Oid],
        budget: &'h Budget,
    ) -> Result<Self, Error> {
        let mut walk = Self {
            history,
            budget,
            queue: Queue::default(),
            colours: HashMap::new(),
            waiting: HashSet::new(),
            oldest: i64::MAX,
        };
        for oid in hidden {
            walk.paint(*oid, Colour::Hidden)?;
        }
        walk.paint(new, Colour::Entering)?;
        while walk.goes_on() {
            let Some(oid) = walk.queue.pop() else { break };
            walk.visit(oid)?;
        }
        Ok(walk)
    }

    fn goes_on(&self) -> bool {
        let in_reach = |newest: i64| newest >= self.oldest.saturating_sub(SKEW);
        !self.waiting.is_empty()
            || (self.oldest != i64::MAX && self.queue.newest().is_some_and(in_reach))
    }

    fn visit(&mut self, oid: Oid) -> Result<(), Error> {
        let commit = self.history.commit(oid)?;
        let colour = self.colours.get(&oid).copied().unwrap_or(Colour::Hidden);
        if self.waiting.remove(&oid) && colour == Colour::Entering {
            self.budget.commit()?;
            self.oldest = self.oldest.min(commit.time);
        }
        for parent in &commit.parents {
            self.paint(*parent, colour)?;
        }
        Ok(())
    }

    fn paint(&mut self, oid: Oid, colour: Colour) -> Result<(), Error> {
        match (self.colours.get(&oid), colour) {
            (Some(Colour::Hidden), _) | (Some(Colour::Entering), Colour::Entering) => return Ok(()),
            (Some(Colour::Entering), Colour::Hidden) => {
                self.waiting.remove(&oid);
            }
            (None, Colour::Entering) => {
                self.waiting.insert(oid);
            }
            (None, Colour::Hidden) => {}
        }
        self.colours.insert(oid, colour);
        self.queue.push(oid, &*self.history.commit(oid)?);
        Ok(())
    }

    fn enters(&self, oid: Oid) -> bool {
        self.colours.get(&oid) == Some(&Colour::Entering)
    }

    /// The entering commits, parents before children.
    fn sorted(&self, new: Oid) -> Result<Range, Error> {
        let mut places: HashMap<Oid, CommitIx> = HashMap::new();
        let mut rows = Vec::new();
        let mut open = Vec::from_iter(self.enters(new).then_some(new));
        while let Some(oid) = open.last().copied() {
            let commit = self.history.commit(oid)?;
            let later = |parent: &&Oid| self.enters(**parent) && !places.contains_key(*parent);
            let before = open.len();
            if !places.contains_key(&oid) {
                open.extend(commit.parents.iter().rev().filter(later));
            }
            if open.len() > before {
                continue;
            }
            open.pop();
            if places.contains_key(&oid) {
                continue;
            }
            let parents = commit
                .parents
                .iter()
                .map(|parent| match places.get(parent) {
                    Some(at) => Parent::In(*at),
                    None => Parent::Out(*parent),
                });
            rows.push(CommitRow {
                oid,
                tree: commit.tree,
                parents: parents.collect(),
            });
            places.insert(oid, rows.len() - 1);
        }
        Ok(Range { rows })
    }
}
