//! Commits by number: each gets one the first time it is met.
//!
//! Walks mark commits, ask for marks and queue commits, some ten times for each. By name each of
//! these is a hash and a comparison of 33 bytes; by number it is an index. So a commit's name is
//! looked up once, where a walk begins or where an object names its parents, and what walks keep
//! of commits is kept in a [`PerNode`].
//!
//! What is known of a commit comes from git's commit-graph, if the commit is in there, else from
//! its object. To open the graph costs about what reading the first object from a pack does, so
//! the graph comes first, also for a push of one commit: nobody has touched the pack's index
//! before, and who only moves a ref forwards doesn't need to.

use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use foldhash::HashMap;
use smallvec::SmallVec;

use super::commit_graph::{CommitGraph, Position};
use super::open::Repo;
use crate::error::Error;
use crate::update::Oid;

/// How many numbers are kept by hash before each position of the graph gets a place.
const MOST_HASHED: usize = 4096;

/// A commit's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Node(u32);

/// What walks go by.
#[derive(Clone, Copy)]
pub(super) struct Links {
    /// The committer's date.
    pub time: i64,
    /// More than that of any ancestor that has one; 0 where it isn't known.
    pub generation: u32,
    first: u32,
    count: u32,
}

impl Links {
    /// Where the parents stand, in order: see [`Commits::parent`].
    pub(super) fn parents(&self) -> Range<u32> {
        self.first..self.first.saturating_add(self.count)
    }
}

/// All commits that were met.
#[derive(Default)]
pub(super) struct Commits {
    places: Vec<Place>,
    links: Vec<Option<Links>>,
    parents: Vec<Node>,
    objects: Vec<Object>,
    by_name: HashMap<Oid, Node>,
    graph: State,
}

/// Where a commit is read.
#[derive(Clone, Copy)]
enum Place {
    Graph(Position),
    /// At this index of `objects`.
    Object(usize),
}

/// A commit that the graph doesn't have.
struct Object {
    name: Oid,
    /// Known once it was read.
    tree: Option<Oid>,
}

#[derive(Default)]
enum State {
    #[default]
    Unopened,
    Absent,
    Open(Box<Opened>),
}

struct Opened {
    graph: CommitGraph,
    numbers: Numbers,
}

/// The numbers of the commits in the graph, by their positions. These lie anywhere, so a place for
/// each touches a page of memory for nearly every one of the first few: they are hashed.
#[derive(Default)]
struct Numbers {
    few: std::collections::HashMap<u32, Node, BuildHasherDefault<Spread>>,
    /// Empty while there are few; then, for each position, one more than the number of the commit
    /// there, and 0 where it has none.
    all: Vec<u32>,
}

/// Hashes a position. A push chooses none, and the graph's are as good as drawn by lot.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32((*byte).into());
        }
    }

    fn write_u32(&mut self, position: u32) {
        // 2^64 divided by the golden ratio.
        self.0 = (self.0 ^ u64::from(position)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Commits {
    /// The number of the commit of that name; whether there is one shows when it is read.
    pub(super) fn node(&mut self, repo: &Repo, name: Oid) -> Result<Node, Error> {
        if let Some(node) = self.by_name.get(&name) {
            return Ok(*node);
        }
        let node = match self.find(repo, name)? {
            Some(at) => self.node_at(at)?,
            None => self.add_object(name)?,
        };
        self.by_name.insert(name, node);
        Ok(node)
    }

    /// Returns true if the graph has a commit of that name. False says nothing.
    pub(super) fn is_in_graph(&mut self, repo: &Repo, name: Oid) -> Result<bool, Error> {
        let met = self.by_name.get(&name);
        if met.is_some_and(|node| !self.is_object(*node)) {
            return Ok(true);
        }
        let Some(at) = self.find(repo, name)? else {
            return Ok(false);
        };
        // Who asks will want its number next.
        let node = self.node_at(at)?;
        self.by_name.insert(name, node);
        Ok(true)
    }

    /// Where the commit stands in the graph.
    fn find(&mut self, repo: &Repo, name: Oid) -> Result<Option<Position>, Error> {
        if matches!(self.graph, State::Unopened) {
            self.graph = match CommitGraph::open(repo)? {
                Some(graph) => State::Open(Box::new(Opened {
                    graph,
                    numbers: Numbers::default(),
                })),
                None => State::Absent,
            };
        }
        Ok(self.graph.opened().and_then(|open| open.graph.find(name)))
    }

    /// What walks go by, if the commit was read.
    pub(super) fn links(&self, node: Node) -> Option<Links> {
        self.links.get(node.index()).copied().flatten()
    }

    /// The parent that stands there.
    pub(super) fn parent(&self, at: u32) -> Result<Node, Error> {
        let parent = self.parents.get(at as usize).copied();
        parent.ok_or_else(|| Error::internal("a parent that nobody has"))
    }

    /// Reads a commit.
    pub(super) fn read(&mut self, repo: &Repo, node: Node) -> Result<Links, Error> {
        match self.place(node)? {
            Place::Graph(at) => self.read_row(node, at),
            Place::Object(index) => self.read_object(repo, node, index),
        }
    }

    /// Returns true if and only if reading it means reading its object.
    pub(super) fn is_object(&self, node: Node) -> bool {
        matches!(self.places.get(node.index()), Some(Place::Object(_)))
    }

    /// The commit's name.
    pub(super) fn name(&self, node: Node) -> Result<Oid, Error> {
        match self.place(node)? {
            Place::Graph(at) => self.graph()?.name(at),
            Place::Object(index) => Ok(self.object(index)?.name),
        }
    }

    /// The tree object of a commit that was read.
    pub(super) fn tree(&self, node: Node) -> Result<Oid, Error> {
        match self.place(node)? {
            Place::Graph(at) => self.graph()?.tree(at),
            Place::Object(index) => self
                .object(index)?
                .tree
                .ok_or_else(|| Error::internal("a commit that wasn't read")),
        }
    }

    fn place(&self, node: Node) -> Result<Place, Error> {
        let place = self.places.get(node.index()).copied();
        place.ok_or_else(|| Error::internal("a commit without a number"))
    }

    fn object(&self, index: usize) -> Result<&Object, Error> {
        let object = self.objects.get(index);
        object.ok_or_else(|| Error::internal("a commit from nowhere"))
    }

    fn graph(&self) -> Result<&CommitGraph, Error> {
        let open = self.graph.opened();
        open.map(|open| &open.graph)
            .ok_or_else(|| Error::internal("a commit from a graph that isn't there"))
    }

    fn read_row(&mut self, node: Node, at: Position) -> Result<Links, Error> {
        let row = self.graph()?.row(at)?;
        let mut parents = SmallVec::<[Node; 2]>::new();
        for parent in row.parents {
            parents.push(self.node_at(parent)?);
        }
        self.keep(node, row.time, row.generation, &parents)
    }

    fn read_object(&mut self, repo: &Repo, node: Node, index: usize) -> Result<Links, Error> {
        let commit = repo.commit(self.object(index)?.name)?;
        let mut parents = SmallVec::<[Node; 2]>::new();
        for parent in &commit.parents {
            parents.push(self.node(repo, *parent)?);
        }
        if let Some(object) = self.objects.get_mut(index) {
            object.tree = Some(commit.tree);
        }
        self.keep(node, commit.time, 0, &parents)
    }

    fn keep(
        &mut self,
        node: Node,
        time: i64,
        generation: u32,
        parents: &[Node],
    ) -> Result<Links, Error> {
        let links = Links {
            time,
            generation,
            first: number(self.parents.len())?,
            count: number(parents.len())?,
        };
        self.parents.extend_from_slice(parents);
        if let Some(kept) = self.links.get_mut(node.index()) {
            *kept = Some(links);
        }
        Ok(links)
    }

    fn add(&mut self, place: Place) -> Result<Node, Error> {
        let node = Node(number(self.places.len())?);
        self.places.push(place);
        self.links.push(None);
        Ok(node)
    }

    fn add_object(&mut self, name: Oid) -> Result<Node, Error> {
        self.objects.push(Object { name, tree: None });
        self.add(Place::Object(self.objects.len() - 1))
    }

    /// The number of the commit at a position of the graph.
    fn node_at(&mut self, at: Position) -> Result<Node, Error> {
        if let Some(node) = self.graph.opened().and_then(|open| open.number(at)) {
            return Ok(node);
        }
        let node = self.add(Place::Graph(at))?;
        self.graph.set_number(at, node);
        Ok(node)
    }
}

impl State {
    fn opened(&self) -> Option<&Opened> {
        match self {
            Self::Open(opened) => Some(opened),
            Self::Unopened | Self::Absent => None,
        }
    }

    fn set_number(&mut self, at: Position, node: Node) {
        if let Self::Open(opened) = self {
            opened.numbers.set(at, node, opened.graph.count());
        }
    }
}

impl Opened {
    fn number(&self, at: Position) -> Option<Node> {
        self.numbers.get(at)
    }
}

impl Numbers {
    fn get(&self, at: Position) -> Option<Node> {
        if self.all.is_empty() {
            return self.few.get(&at.0).copied();
        }
        let number = self.all.get(at.0 as usize)?;
        number.checked_sub(1).map(Node)
    }

    /// Keeps the number of the commit at a position, one of `count`.
    fn set(&mut self, at: Position, node: Node, count: usize) {
        if self.all.is_empty() && self.few.len() < MOST_HASHED {
            self.few.insert(at.0, node);
            return;
        }
        if self.all.is_empty() {
            self.all = vec![0; count];
            for (at, node) in std::mem::take(&mut self.few) {
                self.place(Position(at), node);
            }
        }
        self.place(at, node);
    }

    fn place(&mut self, at: Position, node: Node) {
        if let Some(number) = self.all.get_mut(at.0 as usize) {
            *number = node.0.saturating_add(1);
        }
    }
}

impl Node {
    fn index(self) -> usize {
        self.0 as usize
    }
}

fn number(count: usize) -> Result<u32, Error> {
    u32::try_from(count).map_err(|_| Error::Repository("too many commits to number".into()))
}

/// What a walk keeps of each commit: the default where nothing was set.
#[derive(Default)]
pub(super) struct PerNode<T>(Vec<T>);

impl<T: Copy + Default> PerNode<T> {
    /// What is kept of a commit.
    pub(super) fn get(&self, node: Node) -> T {
        self.0.get(node.index()).copied().unwrap_or_default()
    }

    /// Keeps something of a commit.
    pub(super) fn set(&mut self, node: Node, value: T) {
        if self.0.len() <= node.index() {
            self.0.resize(node.index() + 1, T::default());
        }
        if let Some(kept) = self.0.get_mut(node.index()) {
            *kept = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_numbers_or_many_are_those_that_were_kept() {
        let mut numbers = Numbers::default();
        let kept = |at: u32| Node(50_000 - at);
        for count in 0..3 * u32::try_from(MOST_HASHED).unwrap() {
            assert_eq!(numbers.get(Position(7 * count)), None);
            numbers.set(Position(7 * count), kept(count), 21 * MOST_HASHED);
            for before in [0, count / 2, count] {
                assert_eq!(numbers.get(Position(7 * before)), Some(kept(before)));
            }
            assert_eq!(numbers.get(Position(7 * count + 1)), None);
        }
    }
}
