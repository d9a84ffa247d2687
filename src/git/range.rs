//! The entering commits: reachable from the new tip, and from nothing that was judged before.
//!
//! One walk by date paints two colours: *entering* down from the new tip, *hidden* down from the
//! old values, the upstreams and `since`. Hidden wins, also over a commit that was met as
//! entering first. The walk ends when nothing entering is left to visit and all that is hidden
//! is older than what was found. Wrong clocks can then leave a commit in that is hidden in truth
//! (it is judged once more), but never take one out.
//!
//! There may be a thousand upstream refs, and a push of a few commits on top of one of them. Then
//! mostly no walk is needed (`brought`). If one is: what is in git's commit-graph has all its
//! ancestors there. So as long as nothing that was met as entering is in there, what hidden tips in
//! the graph reach can't matter, and they aren't read: they are only known for what they are where
//! the walk comes upon them.

use smallvec::SmallVec;

use super::brought::brought;
use super::commits::{Node, PerNode};
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
            .ok_or_else(|| Error::internal("a commit outside of its range"))
    }

    /// The same commit as a range of its own.
    pub fn alone(&self, at: CommitIx) -> Result<Self, Error> {
        let mut row = self.row(at)?.clone();
        for parent in &mut row.parents {
            *parent = Parent::Out(self.oid(*parent)?);
        }
        Ok(Self { rows: vec![row] })
    }

    /// The name of a parent.
    pub fn oid(&self, parent: Parent) -> Result<Oid, Error> {
        match parent {
            Parent::In(at) => Ok(self.row(at)?.oid),
            Parent::Out(oid) => Ok(oid),
        }
    }

    /// The commits that `new` makes reachable and none of `hidden` reaches. Each is counted against
    /// the budget. `hidden` are values of refs from before the push at hand, if there is one; those
    /// that stand for no commit reach none.
    pub fn entering(
        history: &History<'_>,
        new: Oid,
        hidden: &[Oid],
        budget: &Budget,
    ) -> Result<Self, Error> {
        // A tree that follows an upstream is often moved to the tip of it: then nothing is read.
        if hidden.contains(&new) {
            return Ok(Self::default());
        }
        let new = history.node(new)?;
        Walk::run(history, new, hidden, budget)?.sorted(new)
    }
}

/// What the walk knows of a commit.
#[derive(Clone, Copy, Default)]
struct Painted {
    colour: Colour,
    /// True while it is in the queue and entering.
    is_waiting: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Colour {
    #[default]
    Unmet,
    Entering,
    Hidden,
}

/// An entering commit that was visited.
const ENTERED: Painted = Painted {
    colour: Colour::Entering,
    is_waiting: false,
};

struct Walk<'h, 'r> {
    history: &'h History<'r>,
    budget: &'h Budget,
    queue: Queue,
    painted: PerNode<Painted>,
    /// How many commits are waiting.
    waiting: usize,
    /// Hidden tips in the commit-graph, as long as nothing entering is in there.
    unread: Vec<Node>,
    /// The date of the oldest entering commit that was visited.
    oldest: i64,
}

impl<'h, 'r> Walk<'h, 'r> {
    fn run(
        history: &'h History<'r>,
        new: Node,
        hidden: &[Oid],
        budget: &'h Budget,
    ) -> Result<Self, Error> {
        let mut walk = Self {
            history,
            budget,
            queue: Queue::default(),
            painted: PerNode::default(),
            waiting: 0,
            unread: Vec::new(),
            oldest: i64::MAX,
        };
        if let Some(all) = brought(history, new, hidden)? {
            for node in all {
                budget.commit()?;
                walk.painted.set(node, ENTERED);
            }
            return Ok(walk);
        }
        for value in hidden {
            if let Some(tip) = history.peel(*value)? {
                walk.hide(history.node(tip)?)?;
            }
        }
        walk.paint(new, Colour::Entering)?;
        while walk.goes_on() {
            let Some(node) = walk.queue.pop() else { break };
            walk.visit(node)?;
        }
        Ok(walk)
    }

    fn goes_on(&self) -> bool {
        let in_reach = |newest: i64| newest >= self.oldest.saturating_sub(SKEW);
        self.waiting > 0 || (self.oldest != i64::MAX && self.queue.newest().is_some_and(in_reach))
    }

    fn visit(&mut self, node: Node) -> Result<(), Error> {
        let links = self.history.links(node)?;
        let Painted { colour, is_waiting } = self.painted.get(node);
        if is_waiting {
            self.waiting -= 1;
            self.painted.set(
                node,
                Painted {
                    colour,
                    is_waiting: false,
                },
            );
            self.budget.commit()?;
            self.oldest = self.oldest.min(links.time);
        }
        for at in links.parents() {
            self.paint(self.history.parent(at)?, colour)?;
        }
        Ok(())
    }

    /// Paints a hidden tip, and leaves it unread if it is in the commit-graph.
    fn hide(&mut self, tip: Node) -> Result<(), Error> {
        if !self.history.is_in_graph(tip) {
            return self.paint(tip, Colour::Hidden);
        }
        if self.painted.get(tip).colour != Colour::Hidden {
            self.painted.set(
                tip,
                Painted {
                    colour: Colour::Hidden,
                    is_waiting: false,
                },
            );
            self.unread.push(tip);
        }
        Ok(())
    }

    /// Queues the hidden tips that weren't read.
    fn read_hidden(&mut self) -> Result<(), Error> {
        for tip in std::mem::take(&mut self.unread) {
            self.queue.push(tip, self.history.links(tip)?.time);
        }
        Ok(())
    }

    /// Hidden wins. What gets a colour is visited, once more if it had the other one.
    fn paint(&mut self, node: Node, colour: Colour) -> Result<(), Error> {
        let before = self.painted.get(node);
        if before.colour == Colour::Hidden || before.colour == colour {
            return Ok(());
        }
        let is_waiting = colour == Colour::Entering;
        if is_waiting && !self.unread.is_empty() && self.history.is_in_graph(node) {
            self.read_hidden()?;
        }
        self.waiting += usize::from(is_waiting);
        self.waiting -= usize::from(before.is_waiting);
        self.painted.set(node, Painted { colour, is_waiting });
        self.queue.push(node, self.history.links(node)?.time);
        Ok(())
    }

    fn enters(&self, node: Node) -> bool {
        self.painted.get(node).colour == Colour::Entering
    }

    /// The entering commits, parents before children.
    fn sorted(&self, new: Node) -> Result<Range, Error> {
        let mut places = Places::default();
        let mut rows = Vec::new();
        let mut open = Vec::from_iter(self.enters(new).then_some(new));
        while let Some(node) = open.last().copied() {
            if places.get(node).is_some() {
                open.pop();
                continue;
            }
            let links = self.history.links(node)?;
            let before = open.len();
            // The first parent is to be the first one visited: the last one put there.
            for at in links.parents().rev() {
                let parent = self.history.parent(at)?;
                if self.enters(parent) && places.get(parent).is_none() {
                    open.push(parent);
                }
            }
            if open.len() == before {
                open.pop();
                rows.push(self.row(node, &places)?);
                places.set(node, Some(rows.len() - 1));
            }
        }
        Ok(Range { rows })
    }

    fn row(&self, node: Node, places: &Places) -> Result<CommitRow, Error> {
        let mut parents = SmallVec::new();
        for at in self.history.links(node)?.parents() {
            let parent = self.history.parent(at)?;
            parents.push(match places.get(parent) {
                Some(at) => Parent::In(at),
                None => Parent::Out(self.history.name(parent)?),
            });
        }
        Ok(CommitRow {
            oid: self.history.name(node)?,
            tree: self.history.tree(node)?,
            parents,
        })
    }
}

/// Where commits stand in the range that is being made.
type Places = PerNode<Option<CommitIx>>;
