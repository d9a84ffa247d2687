//! The patterns of all classes, compiled: a trie over components.
//!
//! Patterns with a beginning in common have nodes in common: all that is listed below
//! `include/linux/` hangs off one node, however many patterns list it. A node stands for "these
//! components were matched". From it leads an edge for each component that may come next: one
//! for each literal, looked up by hash, so that hundreds of them cost as much as one; one for
//! each component with wildcards, tried one by one; and at most one for `**`, to a node that is
//! entered together with this one and isn't left by any name.
//!
//! A node knows which pattern matches the path that ends there, which matches every path below,
//! and which classes lie below at all. Patterns are ranked as the policy lists them: the lowest
//! rank that matches a path is its match.

use smallvec::SmallVec;

use super::component::Wild;
use super::edges::{Edges, NodeId, number};
use super::{ClassMask, Match};
use crate::policy::{Part, Shape};

/// Nodes that a path is at together, sorted.
pub(super) type Nodes = SmallVec<[NodeId; 4]>;

/// The node before the first component.
const TOP: NodeId = 0;

/// A pattern, by its place among those of all classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(u32);

/// The compiled patterns.
#[derive(Clone, Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    literals: Edges,
    /// By the component's text. They are looked up while the trie is made, and tried one by one
    /// afterwards.
    wild: Edges,
    /// What each rank stands for.
    owners: Vec<Match>,
}

/// What is known once some components have matched.
#[derive(Clone, Debug, Default)]
struct Node {
    /// The pattern that matches a path ending here.
    leaf: Option<Rank>,
    /// The pattern that matches every path below.
    below: Option<Rank>,
    /// The classes of the patterns that go on from here.
    classes: ClassMask,
    /// Where `**` leads, which may stand for no folder at all.
    folders: Option<NodeId>,
    /// Isn't left by any name: `**` leads here.
    stays: bool,
    has_literals: bool,
    /// Where components with wildcards lead.
    wild: Vec<(Wild, NodeId)>,
    /// The node that leads here.
    from: NodeId,
}

/// Where a path is once some of its components were read.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// The nodes from which patterns go on, sorted.
    pub nodes: Nodes,
    /// The first pattern that matches all that is below and was met in this step.
    pub certain: Option<Rank>,
    /// Whether a component took the name. Where none did, any name would lead here that none
    /// takes.
    pub moved: bool,
}

impl Trie {
    /// A trie without patterns.
    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            literals: Edges::default(),
            wild: Edges::default(),
            owners: Vec::new(),
        }
    }

    /// Gives a pattern its rank, after all others so far.
    pub(super) fn rank(&mut self, owner: Match) -> Rank {
        let rank = Rank(number(self.owners.len()));
        self.owners.push(owner);
        rank
    }

    /// Where folders without wildcards lead, each of which ends in `/`.
    pub(super) fn folders(&mut self, text: &str) -> NodeId {
        let names = text.as_bytes().split_inclusive(|byte| *byte == b'/');
        let names = names.filter_map(|name| name.strip_suffix(b"/"));
        names.fold(TOP, |at, name| self.follow(at, Part::Literal(name.into())))
    }

    /// Adds, below `at`, one of the globs that a pattern stands for; patterns come in the order of
    /// their rank.
    pub(super) fn add(&mut self, at: NodeId, rank: Rank, shape: Shape<'_>) {
        let parts = shape.parts.into_iter();
        let end = parts.fold(at, |at, part| self.follow(at, part));
        if let Some(node) = self.nodes.get_mut(end as usize) {
            if shape.itself {
                node.leaf.get_or_insert(rank);
            }
            if shape.below {
                node.below.get_or_insert(rank);
            }
        }
    }

    /// Where a part of a pattern leads; it is made to lead somewhere if need be.
    fn follow(&mut self, from: NodeId, part: Part<'_>) -> NodeId {
        let fresh = number(self.nodes.len());
        let to = match &part {
            Part::Literal(name) => self.literals.lead(from, name, fresh),
            Part::Wild(text, _) => self.wild.lead(from, text.as_bytes(), fresh),
            Part::Folders => self
                .node(from)
                .and_then(|node| node.folders)
                .unwrap_or(fresh),
        };
        if to == fresh {
            self.grow(from, part);
        }
        to
    }

    /// Makes the youngest node, where a part leads that led nowhere yet.
    fn grow(&mut self, from: NodeId, part: Part<'_>) {
        let to = number(self.nodes.len());
        let stays = matches!(part, Part::Folders);
        if let Some(node) = self.nodes.get_mut(from as usize) {
            match part {
                Part::Literal(_) => node.has_literals = true,
                Part::Wild(_, wild) => node.wild.push((*wild, to)),
                Part::Folders => node.folders = Some(to),
            }
        }
        self.nodes.push(Node {
            stays,
            from,
            ..Node::default()
        });
    }

    /// Notes in every node which classes lie below it, once all patterns are in.
    pub(super) fn finish(&mut self) {
        // A node is younger than the one that leads to it.
        for at in (1..self.nodes.len()).rev() {
            let Some(node) = self.nodes.get(at) else {
                break;
            };
            let ends = [node.leaf, node.below].into_iter().flatten();
            let classes = ends.fold(node.classes, |all, rank| all | self.class_of(rank));
            let from = node.from as usize;
            if let Some(before) = self.nodes.get_mut(from) {
                before.classes |= classes;
            }
        }
    }

    /// Where every path begins.
    pub(super) fn top(&self) -> Step {
        let mut step = Step::default();
        self.enter(TOP, &mut step);
        step
    }

    /// Where a path is that was at `nodes`, in the folder called `name` there.
    pub(super) fn step(&self, nodes: &[NodeId], name: &[u8]) -> Step {
        let mut step = Step::default();
        for (at, node) in self.each(nodes) {
            if node.stays {
                step.nodes.push(at);
            }
            let wild = node.wild.iter().filter(|(wild, _)| wild.matches(name));
            for to in self
                .literal(at, node, name)
                .into_iter()
                .chain(wild.map(|(_, to)| *to))
            {
                step.moved = true;
                self.enter(to, &mut step);
            }
        }
        step.nodes.sort_unstable();
        step.nodes.dedup();
        step
    }

    /// The first pattern that matches the path called `name` at `nodes`, if it comes before
    /// `best`; else that one.
    pub(super) fn end(&self, nodes: &[NodeId], name: &[u8], best: Option<Rank>) -> Option<Rank> {
        let mut best = best;
        for (at, node) in self.each(nodes) {
            let leaf = |to: &NodeId| self.node(*to).and_then(|node| node.leaf);
            best = first(best, self.literal(at, node, name).as_ref().and_then(leaf));
            for (wild, to) in &node.wild {
                let better = first(best, leaf(to));
                if better != best && wild.matches(name) {
                    best = better;
                }
            }
        }
        best
    }

    /// Enters a node, and the one that it leads to without a name.
    fn enter(&self, at: NodeId, step: &mut Step) {
        let Some(node) = self.node(at) else { return };
        step.certain = first(step.certain, node.below);
        if node.has_literals || !node.wild.is_empty() {
            step.nodes.push(at);
        }
        step.nodes.extend(node.folders);
    }

    fn literal(&self, at: NodeId, node: &Node, name: &[u8]) -> Option<NodeId> {
        match node.has_literals {
            true => self.literals.find(at, name),
            false => None,
        }
    }

    fn each<'t>(&'t self, nodes: &'t [NodeId]) -> impl Iterator<Item = (NodeId, &'t Node)> {
        nodes.iter().filter_map(|at| Some((*at, self.node(*at)?)))
    }

    fn node(&self, at: NodeId) -> Option<&Node> {
        self.nodes.get(at as usize)
    }

    /// The classes of the patterns that may match below the nodes.
    pub(super) fn classes(&self, at: NodeId) -> ClassMask {
        self.node(at).map_or(ClassMask::EMPTY, |node| node.classes)
    }

    /// What a rank stands for.
    pub(super) fn owner(&self, rank: Rank) -> Option<Match> {
        self.owners.get(rank.0 as usize).copied()
    }

    /// The set of the class that a rank belongs to.
    pub(super) fn class_of(&self, rank: Rank) -> ClassMask {
        let owner = self.owner(rank);
        owner.map_or(ClassMask::EMPTY, |owner| ClassMask::of(Some(owner.class)))
    }
}

/// The one that comes first, where there is one.
pub(super) fn first(one: Option<Rank>, other: Option<Rank>) -> Option<Rank> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
