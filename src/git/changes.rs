//! Which classes each entering commit touches, and at which paths.
//!
//! [`Changes`] is the seam: rules see [`Touched`] masks, messages see a [`PathSample`], and
//! neither knows how they were come by. [`SimpleChanges`] is the plain way: a commit at a time,
//! the tree objects of its parent and its own side by side, equal objects skipped. It keeps its
//! own stack, so that no depth of folders can overflow the process's, and pays for each tree
//! object out of the budget.

use std::collections::{BTreeMap, HashMap};

use super::content::Contents;
use super::history::History;
use super::merge::{self, Departure, MergeSides};
use super::objects::Entry;
use super::open::Repo;
use super::range::{CommitIx, CommitRow, Range};
use crate::budget::{Budget, Exceeded};
use crate::classify::{ClassMask, Classifier};
use crate::error::Error;
use crate::finding::{Origin, PathSample, TouchedPath};
use crate::update::Oid;

/// How many folders deep a path may be: git's own `core.maxTreeDepth`.
pub(super) const DEEPEST: usize = 2048;

/// The classes that a commit touches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// By its difference from its parent; of a merge: what it *added*.
    pub own: ClassMask,
    /// By what a merge *resolved*; empty for any other commit.
    pub resolved: ClassMask,
}

impl Touched {
    /// Every path that the commit itself changed, of these classes.
    pub fn either(classes: ClassMask) -> Self {
        Self {
            own: classes,
            resolved: classes,
        }
    }

    /// The classes of paths that came to be changed in this way.
    fn by(self, origin: Origin) -> ClassMask {
        match origin {
            Origin::Changed | Origin::Added => self.own,
            Origin::Resolved => self.resolved,
        }
    }

    /// Everything that the commit itself changed.
    pub fn all(self) -> ClassMask {
        self.own | self.resolved
    }
}

/// An engine that knows what commits change.
pub trait Changes {
    /// The classes each commit of the range touches, in the range's order.
    fn classes(&mut self, range: &Range) -> Result<Vec<Touched>, Error>;

    /// Up to `cap` paths that the commit changes, the first by byte order: those of the classes
    /// in `of`, by how they came to be changed.
    fn paths(
        &mut self,
        range: &Range,
        at: CommitIx,
        of: Touched,
        cap: usize,
    ) -> Result<PathSample, Error>;
}

/// The plain engine.
pub struct SimpleChanges<'r> {
    repo: &'r Repo,
    history: &'r History<'r>,
    classifier: &'r Classifier,
    budget: &'r Budget,
    contents: Contents<'r>,
    /// Merges' own changes, by commit: working them out may have meant asking git.
    merges: HashMap<Oid, Vec<OwnChange>>,
}

/// A path that a merge itself changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnChange {
    pub path: Vec<u8>,
    pub departure: Departure,
}

impl<'r> SimpleChanges<'r> {
    /// An engine for one repository and one policy's classes.
    pub fn new(
        repo: &'r Repo,
        history: &'r History<'r>,
        classifier: &'r Classifier,
        budget: &'r Budget,
    ) -> Self {
        let contents = Contents::new(repo, history, budget);
        Self {
            repo,
            history,
            classifier,
            budget,
            contents,
            merges: HashMap::new(),
        }
    }

    /// Works out the own changes of all merges of the range. Contents that both sides changed are
    /// collected from all of them, put to git at once, and the merges that waited looked at again:
    /// an octopus may need as many rounds as it has parents.
    fn know_merges(&mut self, range: &Range) -> Result<(), Error> {
        let mut open: Vec<MergeSides> = Vec::new();
        for row in &range.rows {
            if row.is_merge() && !self.merges.contains_key(&row.oid) {
                open.push(self.sides(range, row)?);
            }
        }
        while !open.is_empty() {
            let mut waiting = Vec::new();
            for sides in open {
                match merge::own_changes(self.repo, self.budget, &mut self.contents, &sides)? {
                    Some(changes) => drop(self.merges.insert(sides.oid, changes)),
                    None => waiting.push(sides),
                }
            }
            self.contents.ask()?;
            open = waiting;
        }
        Ok(())
    }

    fn sides(&self, range: &Range, row: &CommitRow) -> Result<MergeSides, Error> {
        let parents = row
            .parents
            .iter()
            .map(|parent| range.oid(*parent))
            .collect::<Result<Vec<_>, _>>()?;
        MergeSides::find(self.history, row.oid, &parents)
    }

    fn visit(
        &mut self,
        range: &Range,
        row: &CommitRow,
        visit: &mut dyn FnMut(&[u8], Origin),
    ) -> Result<(), Error> {
        if row.is_merge() {
            if !self.merges.contains_key(&row.oid) {
                self.know_merges(range)?;
            }
            let changes = self.merges.get(&row.oid);
            let changes = changes.ok_or(Error::Internal("a merge that nobody looked at"))?;
            for change in changes {
                visit(&change.path, change.departure.origin());
            }
            return Ok(());
        }
        let parent = row
            .parents
            .first()
            .map(|parent| range.oid(*parent))
            .transpose()?;
        let old = parent.map(|oid| self.history.commit(oid)).transpose()?;
        let old = old.map(|commit| commit.tree);
        diff(self.repo, self.budget, old, Some(row.tree), &mut |path| {
            visit(path, Origin::Changed);
        })
    }
}

impl Changes for SimpleChanges<'_> {
    fn classes(&mut self, range: &Range) -> Result<Vec<Touched>, Error> {
        self.know_merges(range)?;
        let classifier = self.classifier;
        let mut all = Vec::new();
        for row in &range.rows {
            let mut touched = Touched::default();
            self.visit(range, row, &mut |path, origin| {
                let mask = classifier.mask(path);
                match origin {
                    Origin::Changed | Origin::Added => touched.own |= mask,
                    Origin::Resolved => touched.resolved |= mask,
                }
            })?;
            all.push(touched);
        }
        Ok(all)
    }

    fn paths(
        &mut self,
        range: &Range,
        at: CommitIx,
        of: Touched,
        cap: usize,
    ) -> Result<PathSample, Error> {
        let classifier = self.classifier;
        let mut first: BTreeMap<Vec<u8>, TouchedPath> = BTreeMap::new();
        let mut total = 0;
        self.visit(range, range.row(at)?, &mut |path, origin| {
            let matched = classifier.find(path);
            if !of.by(origin).contains(matched.map(|found| found.class)) {
                return;
            }
            total += 1;
            first.insert(
                path.to_vec(),
                TouchedPath {
                    path: path.to_vec(),
                    matched,
                    origin,
                },
            );
            if first.len() > cap {
                first.pop_last();
            }
        })?;
        Ok(PathSample {
            paths: first.into_values().collect(),
            total,
        })
    }
}

impl Repo {
    /// All paths of a commit, by byte order.
    pub fn paths(&self, commit: Oid, budget: &Budget) -> Result<Vec<Vec<u8>>, Error> {
        let tree = self.commit(commit)?.tree;
        let mut paths = Vec::new();
        diff(self, budget, None, Some(tree), &mut |path| {
            paths.push(path.to_vec());
        })?;
        paths.sort_unstable();
        Ok(paths)
    }
}

/// A pair of folders still to be compared.
struct Pair {
    old: Option<Oid>,
    new: Option<Oid>,
    /// The path so far: empty, or ending in `/`.
    prefix: Vec<u8>,
    depth: usize,
}

/// Calls `visit` once for each path at which the trees differ, in no certain order. Files,
/// symbolic links and gitlinks are paths, folders aren't; `None` is the empty tree.
pub(super) fn diff(
    repo: &Repo,
    budget: &Budget,
    old: Option<Oid>,
    new: Option<Oid>,
    visit: &mut dyn FnMut(&[u8]),
) -> Result<(), Error> {
    if old == new {
        return Ok(());
    }
    let mut open = vec![Pair {
        old,
        new,
        prefix: Vec::new(),
        depth: 0,
    }];
    while let Some(pair) = open.pop() {
        if pair.depth > DEEPEST {
            return Err(Exceeded::Depth(DEEPEST).into());
        }
        for _ in pair.old.iter().chain(&pair.new) {
            budget.tree_object()?;
        }
        let (old, new) = (repo.tree_object(pair.old)?, repo.tree_object(pair.new)?);
        let (old, new) = (old.entries()?, new.entries()?);
        for (old, new) in aligned(&old, &new) {
            step(&pair, old, new, &mut open, visit);
        }
    }
    Ok(())
}

fn step(
    pair: &Pair,
    old: Option<&Entry<'_>>,
    new: Option<&Entry<'_>>,
    open: &mut Vec<Pair>,
    visit: &mut dyn FnMut(&[u8]),
) {
    let Some(entry) = old.or(new) else { return };
    if old.map(|entry| entry.leaf) == new.map(|entry| entry.leaf) {
        return;
    }
    let mut path = [&pair.prefix, entry.name].concat();
    if entry.is_tree() {
        path.push(b'/');
        let oid = |entry: &Entry<'_>| entry.leaf.oid;
        open.push(Pair {
            old: old.map(oid),
            new: new.map(oid),
            prefix: path,
            depth: pair.depth + 1,
        });
    } else {
        visit(&path);
    }
}

/// Entries side by side: what has the same name, and is a folder in both or in neither, is one
/// pair. A file that became a folder is two.
fn aligned<'e, 't>(
    old: &'e [Entry<'t>],
    new: &'e [Entry<'t>],
) -> Vec<(Option<&'e Entry<'t>>, Option<&'e Entry<'t>>)> {
    let (mut left, mut right) = (old.iter().peekable(), new.iter().peekable());
    let mut pairs = Vec::with_capacity(old.len().max(new.len()));
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return pairs,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(one), Some(other)) => one.order(other),
        };
        pairs.push(match order {
            std::cmp::Ordering::Less => (left.next(), None),
            std::cmp::Ordering::Greater => (None, right.next()),
            std::cmp::Ordering::Equal => (left.next(), right.next()),
        });
    }
}
