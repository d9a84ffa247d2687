//! The commits of one repository, read as far as they are asked for and kept for the whole push;
//! and what descends from what.
//!
//! Walks go by commit date, newest first, as git's do. Dates are only hints: a commit may be
//! older than its parent. Where a walk stops because "all that is left is older", it goes on for
//! [`SKEW`] more, so that clocks which are wrong by less can't mislead it. Where git's commit-graph
//! has both of two commits, their generation numbers tell without any doubt that the one with the
//! lower number doesn't descend from the other; where it doesn't, or there is no graph, walks are
//! longer, and their results the same.
//!
//! Inside, commits are numbers: see [`super::commits`].

use std::cell::{Cell, RefCell};
use std::collections::{BinaryHeap, HashSet};
use std::rc::Rc;

use super::commits::{Commits, Links, Node, PerNode};
use super::merge_bases::{Known, Paint};
use super::objects::Commit;
use super::open::Repo;
use super::range::Range;
use crate::budget::Budget;
use crate::error::Error;
use crate::update::Oid;

/// How wrong a committer's clock may be, in seconds.
pub(super) const SKEW: i64 = 86_400;

/// A clock is asked once for so many commits that are read from the graph: it costs what one of
/// them does.
const UNTIMED: u32 = 64;

/// Commits of one repository, parsed once each.
pub struct History<'r> {
    pub(super) repo: &'r Repo,
    pub(super) budget: &'r Budget,
    commits: Rc<RefCell<Commits>>,
    untimed: Cell<u32>,
    /// The merge bases that were worked out ahead.
    pub(super) bases: RefCell<Known>,
    /// What the walks for merge bases mark, kept to be used again.
    pub(super) paint: RefCell<Paint>,
}

/// Commits that were read already, from one store to the next.
#[derive(Default)]
pub struct KnownCommits(Rc<RefCell<Commits>>);

/// Commits to visit, newest first.
#[derive(Default)]
pub(super) struct Queue(BinaryHeap<(i64, Node)>);

impl Queue {
    pub(super) fn push(&mut self, node: Node, time: i64) {
        self.0.push((time, node));
    }

    pub(super) fn pop(&mut self) -> Option<Node> {
        self.0.pop().map(|(_, node)| node)
    }

    pub(super) fn newest(&self) -> Option<i64> {
        self.0.peek().map(|(time, _)| *time)
    }
}

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
            commits: known.0,
            untimed: Cell::new(0),
            bases: RefCell::default(),
            paint: RefCell::default(),
        }
    }

    /// What was read, for another store.
    pub fn into_known(self) -> KnownCommits {
        KnownCommits(self.commits)
    }

    /// The commit of that name.
    pub fn commit(&self, oid: Oid) -> Result<Commit, Error> {
        let node = self.node(oid)?;
        let links = self.links(node)?;
        let parents = links.parents();
        Ok(Commit {
            tree: self.tree(node)?,
            time: links.time,
            parents: parents
                .map(|at| self.name(self.parent(at)?))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The commit that a ref's value stands for, tags followed; `None` if it is no commit. Costs
    /// little for what is in git's commit-graph.
    pub fn peel(&self, oid: Oid) -> Result<Option<Oid>, Error> {
        if self.commits.borrow_mut().is_in_graph(self.repo, oid)? {
            return Ok(Some(oid));
        }
        self.repo.peel(oid)
    }

    /// The commit's number; whether there is one of that name shows when it is read.
    pub(super) fn node(&self, oid: Oid) -> Result<Node, Error> {
        self.commits.borrow_mut().node(self.repo, oid)
    }

    /// Returns true if and only if the commit is in git's commit-graph, and so all its ancestors.
    pub(super) fn is_in_graph(&self, node: Node) -> bool {
        !self.commits.borrow().is_object(node)
    }

    /// What walks go by.
    pub(super) fn links(&self, node: Node) -> Result<Links, Error> {
        let mut commits = self.commits.borrow_mut();
        if let Some(links) = commits.links(node) {
            return Ok(links);
        }
        self.untimed.set(self.untimed.get() + 1);
        if commits.is_object(node) || self.untimed.get() >= UNTIMED {
            self.untimed.set(0);
            self.budget.time()?;
        }
        commits.read(self.repo, node)
    }

    /// The parent at one of the places of [`Links::parents`].
    pub(super) fn parent(&self, at: u32) -> Result<Node, Error> {
        self.commits.borrow().parent(at)
    }

    /// The commit's name.
    pub(super) fn name(&self, node: Node) -> Result<Oid, Error> {
        self.commits.borrow().name(node)
    }

    /// The tree object of a commit whose links were asked for.
    pub(super) fn tree(&self, node: Node) -> Result<Oid, Error> {
        self.commits.borrow().tree(node)
    }

    /// Those of the commits that no other one of them reaches, each once and in their order. Where
    /// clocks are wrong, too many.
    pub fn independent(&self, commits: &[Oid]) -> Result<Vec<Oid>, Error> {
        let nodes: Vec<Node> = commits
            .iter()
            .map(|oid| self.node(*oid))
            .collect::<Result<_, _>>()?;
        let reached = self.reached_from(&nodes)?;
        let mut seen = HashSet::new();
        let left = nodes.iter().zip(commits);
        let left = left.filter(|(node, _)| !reached.get(**node) && seen.insert(**node));
        Ok(left.map(|(_, oid)| *oid).collect())
    }

    /// Marks what the commits reach, themselves excepted, as far as it isn't older than all of
    /// them.
    pub(super) fn reached_from(&self, starts: &[Node]) -> Result<PerNode<bool>, Error> {
        let mut queue = Queue::default();
        let (mut queued, mut reached) = (PerNode::default(), PerNode::default());
        let mut oldest = Oldest::default();
        for node in starts {
            let links = self.links(*node)?;
            oldest.take(links);
            queued.set(*node, true);
            queue.push(*node, links.time);
        }
        while queue.newest().is_some_and(|time| time >= oldest.time) {
            let Some(node) = queue.pop() else { break };
            let links = self.links(node)?;
            if oldest.is_below(links) {
                continue;
            }
            for at in links.parents() {
                let parent = self.parent(at)?;
                reached.set(parent, true);
                if !queued.get(parent) {
                    queued.set(parent, true);
                    queue.push(parent, self.links(parent)?.time);
                }
            }
        }
        Ok(reached)
    }

    /// For each of up to 64 commits, which of them reach it: a bit each, its own included.
    pub(super) fn reached_by(&self, commits: &[Oid]) -> Result<Vec<u64>, Error> {
        let mut masks: PerNode<u64> = PerNode::default();
        let mut queue = Queue::default();
        let mut oldest = Oldest::default();
        for (at, oid) in commits.iter().enumerate() {
            let node = self.node(*oid)?;
            let links = self.links(node)?;
            masks.set(node, masks.get(node) | 1 << at);
            oldest.take(links);
            queue.push(node, links.time);
        }
        while queue.newest().is_some_and(|time| time >= oldest.time) {
            let Some(node) = queue.pop() else { break };
            let mask = masks.get(node);
            for at in self.links(node)?.parents() {
                let parent = self.parent(at)?;
                let before = masks.get(parent);
                if before | mask != before {
                    masks.set(parent, before | mask);
                    queue.push(parent, self.links(parent)?.time);
                }
            }
        }
        let found = commits.iter().map(|oid| Ok(masks.get(self.node(*oid)?)));
        found.collect()
    }

    /// What descends from `old`. Commits that are much older than `old` count as none of it, but
    /// for those of `range`: these are followed whatever their dates.
    pub fn lineage(&self, old: Oid, range: &Range) -> Result<Lineage<'_>, Error> {
        let old = self.node(old)?;
        let mut oldest = Oldest::default();
        oldest.take(self.links(old)?);
        let mut followed = PerNode::default();
        for row in &range.rows {
            followed.set(self.node(row.oid)?, true);
        }
        let mut known = PerNode::default();
        known.set(old, Descent::Descends);
        Ok(Lineage(Some(Descendants {
            history: self,
            oldest,
            followed,
            known: RefCell::new(known),
        })))
    }
}

/// How far down a walk has to go to meet all of certain commits.
struct Oldest {
    /// The date of the oldest of them, less what a clock may be wrong by.
    time: i64,
    /// The lowest of their generation numbers; 0 where one of them has none.
    generation: u32,
}

impl Default for Oldest {
    fn default() -> Self {
        Self {
            time: i64::MAX,
            generation: u32::MAX,
        }
    }
}

impl Oldest {
    fn take(&mut self, links: Links) {
        self.time = self.time.min(links.time.saturating_sub(SKEW));
        self.generation = self.generation.min(links.generation);
    }

    /// Returns true if and only if generation numbers tell that the commit has none of them among
    /// its ancestors.
    fn is_below(&self, links: Links) -> bool {
        links.generation != 0 && links.generation <= self.generation
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Descent {
    #[default]
    Unknown,
    Not,
    Descends,
}

/// The descendants of one commit; none by default. A walk answers what is asked for, and no more.
#[derive(Default)]
pub struct Lineage<'h>(Option<Descendants<'h>>);

impl Lineage<'_> {
    /// Returns true if and only if the commit is the old one or descends from it.
    pub fn has(&self, oid: Oid) -> Result<bool, Error> {
        match &self.0 {
            Some(found) => found.have(found.history.node(oid)?),
            None => Ok(false),
        }
    }
}

struct Descendants<'h> {
    history: &'h History<'h>,
    oldest: Oldest,
    followed: PerNode<bool>,
    known: RefCell<PerNode<Descent>>,
}

/// The commits from the one that was asked about down to the one that is looked at, each with the
/// parents that weren't.
type Path = Vec<(Node, std::ops::Range<u32>)>;

impl Descendants<'_> {
    /// First parents come first: a mainline leads straight to what it held before, and the walk
    /// ends there.
    fn have(&self, first: Node) -> Result<bool, Error> {
        let mut known = self.known.borrow_mut();
        let mut path = Path::new();
        let mut next = Some(first);
        while let Some(node) = next {
            match known.get(node) {
                Descent::Descends => {
                    let above = path.iter();
                    above.for_each(|(node, _)| known.set(*node, Descent::Descends));
                    return Ok(true);
                }
                Descent::Unknown => path.push((node, self.parents(node)?)),
                Descent::Not => {}
            }
            next = self.next(&mut path, &mut known)?;
        }
        Ok(false)
    }

    /// Where a commit's parents stand, as far as they can have the old one among their ancestors.
    fn parents(&self, node: Node) -> Result<std::ops::Range<u32>, Error> {
        let links = self.history.links(node)?;
        let is_too_old = links.time < self.oldest.time && !self.followed.get(node);
        Ok(match is_too_old || self.oldest.is_below(links) {
            true => 0..0,
            false => links.parents(),
        })
    }

    /// The parent to look at next. What has no more of them doesn't descend.
    fn next(&self, path: &mut Path, known: &mut PerNode<Descent>) -> Result<Option<Node>, Error> {
        while let Some((node, parents)) = path.last_mut() {
            if let Some(at) = parents.next() {
                return self.history.parent(at).map(Some);
            }
            known.set(*node, Descent::Not);
            path.pop();
        }
        Ok(None)
    }
}
