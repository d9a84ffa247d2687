//! Which classes each entering commit touches, and at which paths.
//!
//! [`Changes`] is the seam: rules see [`Touched`] masks, messages see a [`PathSample`], and
//! neither knows how they were come by. [`BatchChanges`] comes by them as follows.
//!
//! # Folder by folder
//!
//! A commit is a tree of folders, each an object of its own, and where a folder is the same object
//! as in the commit's parent, nothing below it changed. So to know what a commit changes is to
//! read two versions of each folder on the way to a changed path. A push of fifteen thousand
//! commits brings a hundred thousand such versions, and reading them is nearly all the work:
//! packs keep a version as the difference from another one, which is a difference itself.
//!
//! Commit by commit, one reads the top folder, then `drivers/`, then `drivers/net/`, and for the
//! next commit begins anew, far away in the pack. So the walk is turned round. It takes one folder,
//! compares its versions for *all* commits in the order of history, and notes for each folder in
//! it which versions of that one are to be compared. Then it goes on to one of these. In this order
//! each version is one step from the one before, and `trees` puts no chain together twice.
//!
//! # What need not be read
//!
//! - Rules ask for classes, not for paths. What can still come below a folder is known from its
//!   name and those above, since the patterns of a policy are an automaton over the components of
//!   paths ([`crate::classify::States`]). Where one class is left, a changed folder *is* a path of that class, and
//!   is not opened. Below `drivers/net/` nothing ever is.
//! - What a folder's own files show need not be shown again by a folder in it.
//! - Which classes a pair of versions differs in hangs on the two objects and the automaton's
//!   state, and on nothing else. So that is a question with one answer (`verdict`), whichever
//!   commits ask it and however often: a tree object that names itself ten times, ten levels deep,
//!   stands for ten thousand million paths and is ten questions.
//! - Of two versions, only the entries that differ are taken apart (`trees::compare`).
//!
//! Paths are listed only for what a message prints: a few of one commit, and how many there are
//! (`sample`), counted by the same questions. Who wants every path of every commit gets them from
//! the same walk without its shortcuts (`listing`).
//!
//! # Merges
//!
//! A merge's own changes are where it differs from the automatic merge of its parents. The tree
//! objects of merge, parents and bases tell nearly all of it (`merge::walk`), again folder by
//! folder for all merges together. That a folder differs from those of all parents doesn't mean
//! that a path in it does: so, unlike above, the walk goes down to the paths. It keeps to the
//! folders that can have a class which a rule asks for. In a folder, where the merge has what one
//! parent has and the other what the base has, all is settled: so two comparisons of two versions
//! find the names that must be looked at on every side, however far the parents are apart
//! (`trees::compare`). Contents are merged last, where both sides changed a path, and only if its
//! class could still tell something new (`merges`).

mod listing;
mod merges;
mod questions;
mod sample;
mod verdict;
mod workers;

use foldhash::HashMap;

pub(super) use self::merges::{Merges, Need};
pub use self::workers::Jobs;
use self::workers::Worker;
use super::LINE;
use super::history::History;
use super::merge::MergeSides;
use super::open::Repo;
use super::range::{CommitIx, CommitRow, Parent, Range};
use super::trees::Trees;
use crate::budget::Budget;
use crate::classify::{ClassMask, Classifier};
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
    /// The classes each commit of the range touches, in the range's order. Of merges only those
    /// that are `asked` for are sure to be told: the others would take more work.
    fn classes(&mut self, range: &Range, asked: Touched) -> Result<Vec<Touched>, Error>;

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
    own: Worker<'r>,
    /// What ordinary commits touch. Advice means judging the same commits for other trees.
    masks: HashMap<Oid, ClassMask>,
    merges: Merges<'r>,
    jobs: Jobs,
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
            own: Worker::new(Trees::new(repo), classifier, budget),
            masks: HashMap::default(),
            merges: Merges::new(repo, history, budget),
            jobs: Jobs::ONE,
        }
    }

    /// The same, with the work on many commits shared out to threads.
    #[must_use]
    pub fn with_jobs(self, jobs: Jobs) -> Self {
        Self { jobs, ..self }
    }

    /// The same, with all tree objects from libgit2.
    #[must_use]
    pub fn by_libgit2(mut self) -> Self {
        self.own.trees = self.own.trees.by_libgit2();
        self
    }

    /// Calls `visit` with every path that each commit of the range changes, in no certain order.
    pub fn all_paths(
        &mut self,
        range: &Range,
        visit: &mut dyn FnMut(CommitIx, &[u8], Origin),
    ) -> Result<(), Error> {
        let pairs = self.pairs(range)?;
        let lists = self.own.share(self.jobs, &pairs, &|worker, part| {
            let mut list = Vec::new();
            let mut note = |at, path: &[u8]| list.push((at, path.to_vec()));
            worker.listing().of(part, &mut note)?;
            Ok(list)
        })?;
        for (at, path) in lists.into_iter().flatten() {
            visit(at, &path, Origin::Changed);
        }
        self.know_merges(range, ClassMask::ALL, Need::Paths(ClassMask::ALL))?;
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
    fn pairs(&self, range: &Range) -> Result<Vec<(CommitIx, Versions)>, Error> {
        let rows = range.rows.iter().enumerate();
        rows.filter(|(_, row)| !row.is_merge())
            .map(|(at, row)| Ok((at, self.versions(range, row)?)))
            .collect()
    }

    fn versions(&self, range: &Range, row: &CommitRow) -> Result<Versions, Error> {
        let old = match row.parents.first() {
            None => None,
            Some(Parent::In(at)) => Some(range.row(*at)?.tree),
            Some(Parent::Out(oid)) => Some(self.history.commit(*oid)?.tree),
        };
        Ok((Some(row.tree), old))
    }

    /// Works out what each commit of the range touches that is no merge, where that isn't known.
    fn know_masks(&mut self, range: &Range) -> Result<(), Error> {
        let mut pairs = self.pairs(range)?;
        let oid = |at| range.row(at).map(|row| row.oid);
        pairs.retain(|(at, _)| oid(*at).is_ok_and(|oid| !self.masks.contains_key(&oid)));
        let masks = self.own.share(self.jobs, &pairs, &|worker, part| {
            worker.verdicts().of(part.iter().map(|(_, pair)| *pair))
        })?;
        for ((at, _), mask) in pairs.iter().zip(masks.into_iter().flatten()) {
            self.masks.insert(oid(*at)?, mask);
        }
        Ok(())
    }

    /// What is known of a commit.
    fn touched(&self, row: &CommitRow) -> Result<Touched, Error> {
        let mut touched = Touched::default();
        if !row.is_merge() {
            let mask = self.masks.get(&row.oid).copied();
            touched.own = mask.ok_or_else(|| Error::internal("a commit that nobody looked at"))?;
            return Ok(touched);
        }
        for change in self.merges.changes(row.oid)? {
            let mask = self.classifier.mask(&change.path);
            match change.departure.origin() {
                Origin::Changed | Origin::Added => touched.own |= mask,
                Origin::Resolved => touched.resolved |= mask,
            }
        }
        Ok(touched)
    }

    /// Works out the own changes of all merges of the range: in these classes, and where contents
    /// must be looked at, as far as they are needed.
    fn know_merges(&mut self, range: &Range, wanted: ClassMask, need: Need) -> Result<(), Error> {
        let seen = self.merges.want(wanted);
        self.history.prepare_merge_bases(range, LINE)?;
        let (mut oids, mut unmet, mut sides) = (Vec::new(), Vec::new(), Vec::new());
        for row in range.rows.iter().filter(|row| row.is_merge()) {
            let parents = row.parents.iter().map(|parent| range.oid(*parent));
            let parents = parents.collect::<Result<Vec<_>, _>>()?;
            if let Some(found) = self.merges.unmet(row.oid, &parents, wanted)? {
                unmet.push(row.oid);
                sides.push(found);
            }
            oids.push(row.oid);
        }
        let jobs = self.jobs.of_merges();
        let look = |worker: &mut Worker<'_>, part: &[MergeSides]| worker.survey(part, seen);
        let surveys = self.own.share(jobs, &sides, &look)?.into_iter().flatten();
        for ((oid, sides), survey) in unmet.into_iter().zip(sides).zip(surveys) {
            self.merges.met(oid, sides, seen, survey);
        }
        let class = |path: &[u8]| self.classifier.mask(path);
        self.merges.settle(&oids, &class, need, self.jobs)
    }

    fn paths_of_merge(
        &mut self,
        alone: &Range,
        oid: Oid,
        of: Touched,
        cap: usize,
    ) -> Result<PathSample, Error> {
        self.know_merges(alone, of.all(), Need::Paths(of.resolved))?;
        let mut paths = Vec::new();
        for change in self.merges.changes(oid)? {
            let matched = self.classifier.find(&change.path);
            let origin = change.departure.origin();
            if of.by(origin).contains(matched.map(|found| found.class)) {
                let path = change.path.clone();
                paths.push(TouchedPath {
                    path,
                    matched,
                    origin,
                });
            }
        }
        paths.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        let total = paths.len();
        paths.truncate(cap);
        Ok(PathSample { paths, total })
    }
}

impl Changes for BatchChanges<'_> {
    fn classes(&mut self, range: &Range, asked: Touched) -> Result<Vec<Touched>, Error> {
        self.know_masks(range)?;
        self.know_merges(range, asked.all(), Need::Classes(asked.resolved))?;
        range.rows.iter().map(|row| self.touched(row)).collect()
    }

    fn paths(
        &mut self,
        range: &Range,
        at: CommitIx,
        of: Touched,
        cap: usize,
    ) -> Result<PathSample, Error> {
        let row = range.row(at)?;
        if row.is_merge() {
            return self.paths_of_merge(&range.alone(at)?, row.oid, of, cap);
        }
        let versions = self.versions(range, row)?;
        let mut sampler = self.own.sampler(of.own);
        let (paths, total) = sampler.of(versions, cap)?;
        let paths = paths.into_iter().map(|path| TouchedPath {
            matched: self.classifier.find(&path),
            path,
            origin: Origin::Changed,
        });
        Ok(PathSample {
            paths: paths.collect(),
            total,
        })
    }
}

impl Repo {
    /// All paths of a commit, by byte order.
    pub fn paths(&self, commit: Oid, budget: &Budget) -> Result<Vec<Vec<u8>>, Error> {
        let tree = self.commit(commit)?.tree;
        let mut paths = Vec::new();
        let no_classes = Classifier::new(&[]).map_err(Error::Repository)?;
        let mut worker = Worker::new(Trees::new(self), &no_classes, budget);
        let all = [(0, (Some(tree), None))];
        let mut note = |_, path: &[u8]| paths.push(path.to_vec());
        worker.listing().of(&all, &mut note)?;
        paths.sort_unstable();
        Ok(paths)
    }
}
