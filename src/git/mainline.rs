//! The merge bases of all merges on one line of history, in one walk.
//!
//! A *line* is a run of commits of a range, each the first parent of the next. On it stand most
//! merges: what is merged into a tree, one topic after the other. Each commit of the line is given
//! a number, the lowest the one nearest to the bottom; what the line stands on is 0. Whatever they
//! reach was *brought* by the first of them that reaches it: the lowest number that comes down to
//! it. So one walk tells of every commit by which merge it came, and the sides of each merge from
//! each other:
//!
//! - Where the second parent has a lower number than the merge, the first parent reaches it: it is
//!   the merge base.
//! - Else the commits with the merge's number are just what the second parent reaches and the first
//!   doesn't. The common ancestors that are next to them, their parents with lower numbers, are the
//!   candidates: no other common ancestor has a path to the second parent that passes by all of
//!   them.
//!
//! The walk takes commits by generation number, as far as git's commit-graph has them: then all that
//! reaches a commit was there before it, and its number is final when it is taken. Other commits,
//! all of which come before those, are taken by date. If a lower number comes after all, because a
//! clock was wrong, it is passed on again, and the walk goes on until what is left is older by
//! [`SKEW`]. It ends when all that waits has the number 0.

use std::collections::BinaryHeap;

use super::commits::{Links, Node, PerNode};
use super::history::{History, SKEW};
use super::range::{CommitIx, CommitRow, Parent, Range};
use crate::error::Error;
use crate::update::Oid;

/// The fewest merges of a line for which it is worth a walk of its own.
pub const WORTH: usize = 8;

/// What the walk knows of a commit.
#[derive(Clone, Copy, Default)]
struct Met {
    /// One more than its number so far; 0 where it wasn't met.
    number: u32,
    is_queued: bool,
}

/// Where a commit stands in the walk: what is taken first is the greatest.
type Turn = (u32, i64, Node);

impl History<'_> {
    /// Works out the merge bases of those merges of two parents that stand on a line with `least` of
    /// them or more. Returns the rest: each as its second parent and its first.
    pub(super) fn prepare_lines(
        &self,
        range: &Range,
        least: usize,
    ) -> Result<Vec<(Oid, Oid)>, Error> {
        let mut rest = Vec::new();
        let mut walk = Walk::new(self);
        for line in lines(range)? {
            let mut pairs = Vec::new();
            for at in &line {
                pairs.extend(pair(range, range.row(*at)?)?);
            }
            pairs.retain(|pair| !self.bases.borrow().contains_key(pair));
            match pairs.len() < least {
                true => rest.extend(pairs),
                false => walk.line(range, &line)?,
            }
        }
        Ok(rest)
    }
}

/// The second parent and the first of a merge of two.
fn pair(range: &Range, row: &CommitRow) -> Result<Option<(Oid, Oid)>, Error> {
    match row.parents.as_slice() {
        [first, second] => Ok(Some((range.oid(*second)?, range.oid(*first)?))),
        _ => Ok(None),
    }
}

/// The commits of the range, each on one line, from its bottom up. The new tip's comes first.
fn lines(range: &Range) -> Result<Vec<Vec<CommitIx>>, Error> {
    let mut taken = vec![false; range.rows.len()];
    let mut take = |at: CommitIx| {
        taken
            .get_mut(at)
            .is_some_and(|taken| !std::mem::replace(taken, true))
    };
    let mut lines = Vec::new();
    for top in (0..range.rows.len()).rev() {
        let mut line = Vec::new();
        let mut next = Some(top);
        while let Some(at) = next.filter(|at| take(*at)) {
            line.push(at);
            next = match range.row(at)?.parents.first() {
                Some(Parent::In(below)) => Some(*below),
                Some(Parent::Out(_)) | None => None,
            };
        }
        if !line.is_empty() {
            line.reverse();
            lines.push(line);
        }
    }
    Ok(lines)
}

struct Walk<'h, 'r> {
    history: &'h History<'r>,
    met: PerNode<Met>,
    all: Vec<Node>,
    queue: BinaryHeap<Turn>,
    /// How many commits with a number above 0 are in the queue.
    open: usize,
    /// The date of the oldest of those that were taken by date.
    oldest: i64,
}

impl<'h, 'r> Walk<'h, 'r> {
    fn new(history: &'h History<'r>) -> Self {
        Self {
            history,
            met: PerNode::default(),
            all: Vec::new(),
            queue: BinaryHeap::new(),
            open: 0,
            oldest: i64::MAX,
        }
    }

    /// Works out the merge bases of a line's merges.
    fn line(&mut self, range: &Range, line: &[CommitIx]) -> Result<(), Error> {
        self.clear();
        let mut nodes = Vec::new();
        for at in line {
            nodes.push(self.history.node(range.row(*at)?.oid)?);
        }
        if let Some(bottom) = nodes.first()
            && let Some(below) = self.history.links(*bottom)?.parents().next()
        {
            self.add(self.history.parent(below)?, STOOD_ON)?;
        }
        for (at, node) in nodes.iter().enumerate() {
            self.add(*node, of_line(at)?)?;
        }
        self.run()?;
        let candidates = self.candidates(&nodes)?;
        for ((at, node), candidates) in line.iter().zip(&nodes).zip(candidates) {
            if let Some(pair) = pair(range, range.row(*at)?)? {
                let bases = self.bases(*node, pair.0, candidates)?;
                self.history.bases.borrow_mut().insert(pair, bases);
            }
        }
        Ok(())
    }

    fn clear(&mut self) {
        for node in self.all.drain(..) {
            self.met.set(node, Met::default());
        }
        self.queue.clear();
        (self.open, self.oldest) = (0, i64::MAX);
    }

    fn run(&mut self) -> Result<(), Error> {
        while self.goes_on() {
            let Some((generation, time, node)) = self.queue.pop() else {
                break;
            };
            let met = self.met.get(node);
            self.met.set(
                node,
                Met {
                    is_queued: false,
                    ..met
                },
            );
            if met.number > STOOD_ON {
                self.open -= 1;
                if generation == BY_DATE {
                    self.oldest = self.oldest.min(time);
                }
            }
            for at in self.history.links(node)?.parents() {
                self.add(self.history.parent(at)?, met.number)?;
            }
        }
        Ok(())
    }

    /// Returns true if and only if a number could still change.
    fn goes_on(&self) -> bool {
        let in_reach = |(generation, time, _): &Turn| {
            *generation == BY_DATE && *time >= self.oldest.saturating_sub(SKEW)
        };
        self.open > 0 || (self.oldest != i64::MAX && self.queue.peek().is_some_and(in_reach))
    }

    /// Gives a commit a number, unless it has a lower one, and queues it.
    fn add(&mut self, node: Node, number: u32) -> Result<(), Error> {
        let before = self.met.get(node);
        if before.number != 0 && before.number <= number {
            return Ok(());
        }
        if before.number == 0 {
            self.all.push(node);
        }
        if before.is_queued {
            self.open -= usize::from(before.number > STOOD_ON);
        } else {
            self.queue.push(turn(self.history.links(node)?, node));
        }
        self.open += usize::from(number > STOOD_ON);
        let is_queued = true;
        self.met.set(node, Met { number, is_queued });
        Ok(())
    }

    /// For each commit of the line, the commits that it didn't bring and that are parents of some
    /// which it did: but for its own parents.
    fn candidates(&self, line: &[Node]) -> Result<Vec<Vec<Node>>, Error> {
        let mut candidates = vec![Vec::new(); line.len()];
        for node in &self.all {
            let brought = self.met.get(*node).number;
            let at = brought.checked_sub(of_line(0)?).map(|at| at as usize);
            let Some(at) = at.filter(|at| line.get(*at) != Some(node)) else {
                continue;
            };
            let found = candidates.get_mut(at);
            let found = found.ok_or_else(|| Error::internal("a commit that no line brought"))?;
            for parent in self.history.links(*node)?.parents() {
                let parent = self.history.parent(parent)?;
                if self.met.get(parent).number < brought {
                    found.push(parent);
                }
            }
        }
        Ok(candidates)
    }

    /// The merge bases of a merge of the line and its second parent.
    fn bases(
        &self,
        merge: Node,
        second: Oid,
        mut candidates: Vec<Node>,
    ) -> Result<Vec<Oid>, Error> {
        let second = self.history.node(second)?;
        if self.met.get(second).number < self.met.get(merge).number {
            return Ok(vec![self.history.name(second)?]);
        }
        candidates.sort_unstable();
        candidates.dedup();
        self.history.best(candidates)
    }
}

/// The number, and one more, of what a line stands on.
const STOOD_ON: u32 = 1;

/// The same of the commit at a place of the line.
fn of_line(at: usize) -> Result<u32, Error> {
    let number = u32::try_from(at)
        .ok()
        .and_then(|at| at.checked_add(STOOD_ON + 1));
    number.ok_or_else(|| Error::internal("a line of too many commits"))
}

/// Stands for the generation number of commits that have none: they are above all others.
const BY_DATE: u32 = u32::MAX;

fn turn(links: Links, node: Node) -> Turn {
    match links.generation {
        0 => (BY_DATE, links.time, node),
        generation => (generation, links.time, node),
    }
}
