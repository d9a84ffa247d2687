//! Merge bases, of one pair of commits or of many at once.
//!
//! Two colours are painted down from the two sides, by date, newest first. A commit that gets both
//! is a common ancestor. It is a merge base unless another common ancestor descends from it; so
//! what is below one is painted *stale* too. The walk ends when all that is left to visit is
//! stale: below that there is nothing new. Clocks that are wrong can make it end before the
//! staleness has come everywhere, so several bases are looked at once more: those that another
//! one reaches are none.
//!
//! # Many merges at once
//!
//! The merges of one range stand on one another, and their walks go over the same commits again
//! and again: down from a merge of an old topic that is all that was merged since it was begun.
//! So up to [`LANES`] of them share a walk. Each has a bit, its *lane*, in three masks of every
//! commit, one for each colour, and what a commit passes on to its parents are whole masks. The
//! walk is as long as its longest lane. For merges on one line of history there is a better way:
//! see [`super::mainline`].

use std::collections::HashMap;

use super::commits::{Node, PerNode};
use super::history::{History, Queue};
use super::range::Range;
use crate::error::Error;
use crate::update::Oid;

/// How many merges share a walk: the bits of a mask.
const LANES: usize = 64;

/// Two commits, of which the second one is that what is merged into.
type Pair = (Oid, Oid);

/// The merge bases of pairs.
pub(super) type Known = HashMap<Pair, Vec<Oid>>;

/// What a walk knows of a commit: a bit for each lane.
#[derive(Clone, Copy, Default)]
struct Painted {
    one: u64,
    other: u64,
    stale: u64,
    is_queued: bool,
    is_found: bool,
}

impl Painted {
    /// The lanes in which it is a common ancestor, and of no other one so far.
    fn common(&self) -> u64 {
        self.one & self.other & !self.stale
    }

    /// Returns true if and only if it could lead to a common ancestor that isn't found.
    fn is_open(&self) -> bool {
        (self.one | self.other) & !self.stale != 0
    }
}

/// What walks mark, empty between them.
#[derive(Default)]
pub(super) struct Paint {
    painted: PerNode<Painted>,
    met: Vec<Node>,
}

impl Paint {
    fn clear(&mut self) {
        for node in self.met.drain(..) {
            self.painted.set(node, Painted::default());
        }
    }
}

impl History<'_> {
    /// The merge bases of `one` and `others`, as `git merge-base --all` has them: the common
    /// ancestors that no other common ancestor descends from, newest first.
    pub fn merge_bases(&self, one: Oid, others: &[Oid]) -> Result<Vec<Oid>, Error> {
        if let [other] = others
            && let Some(known) = self.known_bases((one, *other))
        {
            return Ok(known);
        }
        let found = self.bases_of(&[(one, others)])?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    /// For each commit but the first, the merge bases of it and all before it.
    pub(super) fn merge_bases_in_turn(&self, commits: &[Oid]) -> Result<Vec<Vec<Oid>>, Error> {
        if let [one, other] = commits {
            return Ok(vec![self.merge_bases(*other, &[*one])?]);
        }
        let turns = commits.iter().enumerate().skip(1);
        let turns = turns.filter_map(|(at, commit)| Some((*commit, commits.get(..at)?)));
        let turns: Vec<(Oid, &[Oid])> = turns.collect();
        let mut all = Vec::new();
        for lanes in turns.chunks(LANES) {
            all.extend(self.bases_of(lanes)?);
        }
        Ok(all)
    }

    /// The merge bases of two commits, if they were worked out.
    fn known_bases(&self, (one, other): Pair) -> Option<Vec<Oid>> {
        let known = self.bases.borrow();
        let bases = known.get(&(one, other));
        bases.or_else(|| known.get(&(other, one))).cloned()
    }

    /// Works out the merge bases of all merges of two parents in the range, for
    /// [`Self::merge_bases`] to be asked for them: together they cost little more than one does. A
    /// line of history has a walk of its own if `least` of them stand on it: best, [`LINE`].
    ///
    /// [`LINE`]: super::LINE
    pub fn prepare_merge_bases(&self, range: &Range, least: usize) -> Result<(), Error> {
        let rest = self.prepare_lines(range, least)?;
        self.prepare_bases(&rest)
    }

    /// The same for the merges of any two commits.
    pub(super) fn prepare_bases(&self, pairs: &[Pair]) -> Result<(), Error> {
        let mut unknown = Vec::new();
        for pair in pairs {
            if self.known_bases(*pair).is_none() {
                let time = |oid| Ok::<_, Error>(self.links(self.node(oid)?)?.time);
                unknown.push((time(pair.0)?.max(time(pair.1)?), *pair));
            }
        }
        // Merges of one time have the most in common.
        unknown.sort_unstable();
        unknown.dedup();
        for group in unknown.chunks(LANES) {
            let lanes: Vec<(Oid, &[Oid])> = group
                .iter()
                .map(|(_, (one, other))| (*one, std::slice::from_ref(other)))
                .collect();
            let found = self.bases_of(&lanes)?;
            let named = group.iter().map(|(_, pair)| *pair).zip(found);
            self.bases.borrow_mut().extend(named);
        }
        Ok(())
    }

    /// The merge bases of each of up to [`LANES`] questions.
    fn bases_of(&self, lanes: &[(Oid, &[Oid])]) -> Result<Vec<Vec<Oid>>, Error> {
        // Commits that were read before take no time from anybody else.
        self.budget.time()?;
        let mut paint = self.paint.borrow_mut();
        paint.clear();
        let mut walk = Walk {
            history: self,
            paint: &mut paint,
            queue: Queue::default(),
            open: 0,
            found: Vec::new(),
        };
        for (lane, (one, others)) in lanes.iter().enumerate() {
            walk.start(1 << lane, *one, others)?;
        }
        walk.run()?;
        let found = (0..lanes.len()).map(|lane| self.best(walk.common(1 << lane)));
        found.collect()
    }

    /// Those that no other one reaches, by name, newest first.
    pub(super) fn best(&self, mut common: Vec<Node>) -> Result<Vec<Oid>, Error> {
        if common.len() > 1 {
            let reached = self.reached_from(&common)?;
            common.retain(|node| !reached.get(*node));
        }
        let mut best = Vec::new();
        for node in common {
            best.push((self.links(node)?.time, self.name(node)?));
        }
        best.sort_unstable();
        Ok(best.into_iter().rev().map(|(_, oid)| oid).collect())
    }
}

struct Walk<'h, 'r> {
    history: &'h History<'r>,
    paint: &'h mut Paint,
    queue: Queue,
    /// How many commits in the queue are open.
    open: usize,
    /// Commits that were common ancestors when they were visited.
    found: Vec<Node>,
}

impl Walk<'_, '_> {
    fn start(&mut self, lane: u64, one: Oid, others: &[Oid]) -> Result<(), Error> {
        let colours = Painted {
            one: lane,
            ..Painted::default()
        };
        self.add(self.history.node(one)?, colours)?;
        for other in others {
            let colours = Painted {
                other: lane,
                ..Painted::default()
            };
            self.add(self.history.node(*other)?, colours)?;
        }
        Ok(())
    }

    fn run(&mut self) -> Result<(), Error> {
        while self.open > 0 {
            let Some(node) = self.queue.pop() else { break };
            self.visit(node)?;
        }
        Ok(())
    }

    fn visit(&mut self, node: Node) -> Result<(), Error> {
        let mut painted = self.paint.painted.get(node);
        self.open -= usize::from(painted.is_open());
        painted.is_queued = false;
        if painted.common() != 0 && !painted.is_found {
            painted.is_found = true;
            self.found.push(node);
        }
        self.paint.painted.set(node, painted);
        let passed_on = Painted {
            stale: painted.stale | painted.common(),
            ..painted
        };
        for at in self.history.links(node)?.parents() {
            self.add(self.history.parent(at)?, passed_on)?;
        }
        Ok(())
    }

    /// Adds colours to a commit, and queues it if it has not had all of them.
    fn add(&mut self, node: Node, colours: Painted) -> Result<(), Error> {
        let before = self.paint.painted.get(node);
        let after = Painted {
            one: before.one | colours.one,
            other: before.other | colours.other,
            stale: before.stale | colours.stale,
            is_queued: true,
            ..before
        };
        if (after.one, after.other, after.stale) == (before.one, before.other, before.stale) {
            return Ok(());
        }
        if before.one | before.other == 0 {
            self.paint.met.push(node);
        }
        if before.is_queued {
            self.open -= usize::from(before.is_open());
        } else {
            self.queue.push(node, self.history.links(node)?.time);
        }
        self.open += usize::from(after.is_open());
        self.paint.painted.set(node, after);
        Ok(())
    }

    /// The common ancestors in a lane that aren't stale in the end.
    fn common(&self, lane: u64) -> Vec<Node> {
        let found = self.found.iter().copied();
        found
            .filter(|node| self.paint.painted.get(*node).common() & lane != 0)
            .collect()
    }
}
