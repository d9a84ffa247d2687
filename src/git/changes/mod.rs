//! Which classes each entering commit touches, and at which paths.
//!
//! [`Changes`] is the seam: rules see [`Touched`] masks, messages see a [`PathSample`], and
//! neither knows how they were come by.

mod listing;
mod merges;
mod verdict;

use std::collections::BTreeMap;

use self::listing::Listing;
pub(super) use self::merges::{Merges, Need};
use self::verdict::Verdicts;
use super::history::History;
use super::open::Repo;
use super::range::{CommitIx, CommitRow, Parent, Range};
use super::trees::Trees;
use crate::budget::Budget;
use crate::classify::{ClassMask, Classifier, Match, States};
use crate::error::Error;
use crate::finding::{Origin, PathSample, TouchedPath};
use crate::update::Oid;

/// What stands for "something in there" in a folder that is another object though no path below
/// it is: an empty folder came or went, or a mode is spelt otherwise. git shows no difference. It
/// is shown here, as the folder's path with its `/`: walks don't look into a folder whose class
/// is certain, so it counts there, and what counts must be the same everywhere.
const NAMELESS: &[u8] = b"";

/// The objects of a folder, now and before; `None` where there is none.
type Versions = (Option<Oid>, Option<Oid>);

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
    /// The classes each commit of the range touches, in the range's order. Of what merges resolved
    /// only the classes in `resolved` are sure to be told: the others may take work.
    fn classes(&mut self, range: &Range, resolved: ClassMask) -> Result<Vec<Touched>, Error>;

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

/// The engine that works folder by folder.
pub struct BatchChanges<'r> {
    history: &'r History<'r>,
    classifier: &'r Classifier,
    budget: &'r Budget,
    trees: Trees<'r>,
    states: States<'r>,
    merges: Merges<'r>,
}

impl<'r> BatchChanges<'r> {
    /// An engine for one repository and one policy's classes.
    pub fn new(
        repo: &'r Repo,
        history: &'r History<'r>,
        classifier: &'r Classifier,
        budget: &'r Budget,
    ) -> Self {
        Self {
            history,
            classifier,
            budget,
            trees: Trees::new(repo),
            states: classifier.states(),
            merges: Merges::new(repo, history, budget),
        }
    }

    /// The same, with packs read directly after so many tree objects, and not after the usual few.
    #[must_use]
    pub fn with_packs_after(self, few: usize) -> Self {
        Self {
            trees: self.trees.with_packs_after(few),
            ..self
        }
    }

    /// Calls `visit` with every path that each commit of the range changes, in no certain order.
    pub fn all_paths(
        &mut self,
        range: &Range,
        visit: &mut dyn FnMut(CommitIx, &[u8], Origin),
    ) -> Result<(), Error> {
        let (places, pairs) = self.pairs(range)?;
        self.listing(ClassMask::ALL).of(&pairs, &mut |at, path| {
            if let Some(at) = places.get(at) {
                visit(*at, path, Origin::Changed);
            }
        })?;
        self.know_merges(range, Need::Paths(ClassMask::ALL))?;
        for (at, row) in range
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.is_merge())
        {
            for change in self.merges.changes(row.oid)? {
                visit(at, &change.path, change.departure.origin());
            }
        }
        Ok(())
    }

    /// The trees of all commits but the merges, beside those of their parents; and where in the
    /// range each of them is.
    fn pairs(&self, range: &Range) -> Result<(Vec<CommitIx>, Vec<Versions>), Error> {
        let mut places = Vec::new();
        let mut pairs = Vec::new();
        for (at, row) in range.rows.iter().enumerate() {
            if !row.is_merge() {
                places.push(at);
                pairs.push(self.versions(range, row)?);
            }
        }
        Ok((places, pairs))
    }

    fn versions(&self, range: &Range, row: &CommitRow) -> Result<Versions, Error> {
        let old = match row.parents.first() {
            None => None,
            Some(Parent::In(at)) => Some(range.row(*at)?.tree),
            Some(Parent::Out(oid)) => Some(self.history.commit(*oid)?.tree),
        };
        Ok((Some(row.tree), old))
    }

    fn listing(&mut self, wanted: ClassMask) -> Listing<'_, 'r> {
        Listing {
            trees: &mut self.trees,
            states: &mut self.states,
            budget: self.budget,
            wanted,
        }
    }

    /// Works out the own changes of all merges of the range, as far as they are needed.
    fn know_merges(&mut self, range: &Range, need: Need) -> Result<(), Error> {
        self.history.prepare_merge_bases(range)?;
        let mut merges = Vec::new();
        for row in range.rows.iter().filter(|row| row.is_merge()) {
            let parents = row.parents.iter().map(|parent| range.oid(*parent));
            merges.push((row.oid, parents.collect::<Result<Vec<_>, _>>()?));
        }
        self.merges.meet(&mut self.trees, &merges)?;
        let met: Vec<Oid> = merges.into_iter().map(|(oid, _)| oid).collect();
        let class = |path: &[u8]| self.classifier.mask(path);
        self.merges.settle(&met, &class, need)
    }
}

impl Changes for BatchChanges<'_> {
    fn classes(&mut self, range: &Range, resolved: ClassMask) -> Result<Vec<Touched>, Error> {
        let mut all = vec![Touched::default(); range.rows.len()];
        let (places, pairs) = self.pairs(range)?;
        let masks = Verdicts::new(&mut self.trees, &mut self.states, self.budget).of(&pairs)?;
        for (at, mask) in places.into_iter().zip(masks) {
            if let Some(touched) = all.get_mut(at) {
                touched.own = mask;
            }
        }
        self.know_merges(range, Need::Classes(resolved))?;
        let rows = range.rows.iter().zip(&mut all);
        for (row, touched) in rows.filter(|(row, _)| row.is_merge()) {
            for change in self.merges.changes(row.oid)? {
                let mask = self.classifier.mask(&change.path);
                match change.departure.origin() {
                    Origin::Changed | Origin::Added => touched.own |= mask,
                    Origin::Resolved => touched.resolved |= mask,
                }
            }
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
        let row = range.row(at)?;
        let classifier = self.classifier;
        let mut sample = Sample::new(cap);
        let mut visit = |path: &[u8], origin| {
            let matched = classifier.find(path);
            if of.by(origin).contains(matched.map(|found| found.class)) {
                sample.add(path, matched, origin);
            }
        };
        if row.is_merge() {
            let alone = range.alone(at)?;
            self.know_merges(&alone, Need::Paths(of.resolved))?;
            for change in self.merges.changes(row.oid)? {
                visit(&change.path, change.departure.origin());
            }
        } else {
            let versions = self.versions(range, row)?;
            let mut listing = self.listing(of.own);
            listing.of(&[versions], &mut |_, path| visit(path, Origin::Changed))?;
        }
        Ok(sample.done())
    }
}

/// The first paths by byte order, and how many there are.
struct Sample {
    first: BTreeMap<Vec<u8>, TouchedPath>,
    cap: usize,
    total: usize,
}

impl Sample {
    fn new(cap: usize) -> Self {
        Self {
            first: BTreeMap::new(),
            cap,
            total: 0,
        }
    }

    fn add(&mut self, path: &[u8], matched: Option<Match>, origin: Origin) {
        self.total += 1;
        let touched = TouchedPath {
            path: path.to_vec(),
            matched,
            origin,
        };
        self.first.insert(path.to_vec(), touched);
        if self.first.len() > self.cap {
            self.first.pop_last();
        }
    }

    fn done(self) -> PathSample {
        PathSample {
            paths: self.first.into_values().collect(),
            total: self.total,
        }
    }
}

impl Repo {
    /// All paths of a commit, by byte order.
    pub fn paths(&self, commit: Oid, budget: &Budget) -> Result<Vec<Vec<u8>>, Error> {
        let tree = self.commit(commit)?.tree;
        let classifier = Classifier::new(&[]).map_err(Error::Repository)?;
        let mut paths = Vec::new();
        Listing {
            trees: &mut Trees::new(self),
            states: &mut classifier.states(),
            budget,
            wanted: ClassMask::ALL,
        }
        .of(&[(Some(tree), None)], &mut |_, path| {
            paths.push(path.to_vec());
        })?;
        paths.sort_unstable();
        Ok(paths)
    }
}
