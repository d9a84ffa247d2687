//! The own changes of merges, as far as they are asked for.
//!
//! The tree objects show most of it, and of all merges of a range at little cost. What is left
//! are paths that both sides changed, where contents must be looked at, and sometimes git be
//! asked. That is done for the classes in question alone, and not where the same class is known
//! to be touched anyway. The other paths stay open, until somebody wants to see them.

use std::collections::HashMap;

use super::workers::{Jobs, in_threads};
use crate::budget::Budget;
use crate::classify::{ClassMask, States};
use crate::error::Error;
use crate::finding::Origin;
use crate::git::content::Contents;
use crate::git::history::History;
use crate::git::merge::{MergeSides, OpenPath, OwnChange, Settled, Survey, survey};
use crate::git::open::Repo;
use crate::git::trees::Trees;
use crate::update::Oid;

/// From a path to the set of its class.
type Classes<'c> = &'c (dyn Fn(&[u8]) -> ClassMask + Sync);

/// Merges that were looked at.
pub(in crate::git) struct Merges<'r> {
    repo: &'r Repo,
    history: &'r History<'r>,
    budget: &'r Budget,
    contents: Contents<'r>,
    known: HashMap<Oid, Merge>,
    /// All classes that were ever wanted: who looks once more looks for them all.
    wanted: ClassMask,
}

/// How much of what is open is to be settled.
#[derive(Clone, Copy)]
pub(in crate::git) enum Need {
    /// Every path of these classes.
    Paths(ClassMask),
    /// Of these classes, whether there is any path.
    Classes(ClassMask),
}

struct Merge {
    sides: MergeSides,
    /// The classes whose paths were looked for.
    seen: ClassMask,
    found: Vec<OwnChange>,
    open: Vec<OpenPath>,
}

impl<'r> Merges<'r> {
    /// None yet.
    pub fn new(repo: &'r Repo, history: &'r History<'r>, budget: &'r Budget) -> Self {
        Self {
            repo,
            history,
            budget,
            contents: Contents::new(repo, history, budget),
            known: HashMap::new(),
            wanted: ClassMask::EMPTY,
        }
    }

    /// Notes that these classes are wanted; those to look for, if somebody has to look.
    pub fn want(&mut self, classes: ClassMask) -> ClassMask {
        self.wanted |= classes;
        self.wanted
    }

    /// Looks at the tree objects of a merge, for paths of any class.
    pub fn meet(
        &mut self,
        trees: &mut Trees<'_>,
        states: &mut States<'_>,
        oid: Oid,
        parents: &[Oid],
    ) -> Result<(), Error> {
        let all = ClassMask::ALL;
        let sides = [MergeSides::find(self.history, oid, parents)?];
        let surveys = survey(trees, states, self.budget, &sides, all)?;
        for (sides, survey) in sides.into_iter().zip(surveys) {
            self.met(oid, sides, all, survey);
        }
        Ok(())
    }

    /// The sides of a merge that nobody has looked at for paths of all these classes; `None` of any
    /// other.
    pub fn unmet(
        &self,
        oid: Oid,
        parents: &[Oid],
        wanted: ClassMask,
    ) -> Result<Option<MergeSides>, Error> {
        match self.known.get(&oid) {
            Some(merge) if merge.seen.covers(wanted) => Ok(None),
            _ => MergeSides::find(self.history, oid, parents).map(Some),
        }
    }

    /// Notes what the tree objects of a merge show of these classes.
    pub fn met(&mut self, oid: Oid, sides: MergeSides, seen: ClassMask, survey: Survey) {
        let Survey { found, open } = survey;
        let merge = Merge {
            sides,
            seen,
            found,
            open,
        };
        self.known.insert(oid, merge);
    }

    /// Settles what is open of these merges, as far as it is needed.
    pub fn settle(
        &mut self,
        oids: &[Oid],
        class: Classes<'_>,
        need: Need,
        jobs: Jobs,
    ) -> Result<(), Error> {
        let needed = oids.iter().filter(|oid| {
            let merge = self.known.get(oid);
            merge.is_some_and(|merge| merge.needs_a_look(class, need))
        });
        let mut open: Vec<(Oid, Merge)> = Vec::new();
        for oid in needed.copied().collect::<Vec<_>>() {
            open.extend(self.known.remove_entry(&oid));
        }
        if open.is_empty() {
            return Ok(());
        }
        let run = jobs.of_merges().run(open.len()).min(open.len());
        let (own, others) = open.split_at_mut(run);
        let (repo, budget) = (self.repo.reopening(), self.budget);
        let in_another = |part: &mut [(Oid, Merge)]| {
            let repo = repo.open()?;
            let history = History::new(&repo, budget);
            let mut contents = Contents::new(&repo, &history, budget);
            settle(&mut contents, &history, part, (class, need))
        };
        let here = || settle(&mut self.contents, self.history, own, (class, need));
        let (own, others) = in_threads(others.chunks_mut(run), in_another, here);
        let settled = own.and(others.map(drop));
        // Whatever came of it: who asks for less may still go on.
        self.known.extend(open);
        settled
    }

    /// What is known to be the merge's own change.
    pub fn changes(&self, oid: Oid) -> Result<&[OwnChange], Error> {
        let merge = self.known.get(&oid);
        let merge = merge.ok_or_else(|| Error::internal("a merge that nobody looked at"))?;
        Ok(&merge.found)
    }

    /// For each parent of a merge but the first, the merge bases of it and all before it.
    pub fn bases(&self, oid: Oid) -> Result<&[Vec<Oid>], Error> {
        let merge = self.known.get(&oid);
        let merge = merge.ok_or_else(|| Error::internal("a merge that nobody looked at"))?;
        Ok(&merge.sides.bases)
    }
}

/// Settles what is open of these merges, as far as it is needed. Questions are collected from all of
/// them and put to git at once; an octopus, or bases that were merged themselves, may need several
/// rounds.
fn settle(
    contents: &mut Contents<'_>,
    history: &History<'_>,
    merges: &mut [(Oid, Merge)],
    (class, need): (Classes<'_>, Need),
) -> Result<(), Error> {
    // The bases of bases that have to be merged first: of all merges together.
    let disputed = merges.iter().filter_map(|(_, merge)| {
        let mut open = merge.open.iter();
        open.find_map(|path| path.disputed(&merge.sides))
    });
    history.prepare_bases(&disputed.collect::<Vec<_>>())?;
    loop {
        let mut waits = false;
        for (_, merge) in &mut *merges {
            waits |= merge.settle(contents, class, need)?;
        }
        if !waits {
            return Ok(());
        }
        contents.ask()?;
    }
}

impl Merge {
    /// Returns true if and only if a path is open that matters.
    fn needs_a_look(&self, class: Classes<'_>, need: Need) -> bool {
        let needed = self.needed(class, need);
        let mut open = self.open.iter();
        open.any(|path| needed.meets(class(&path.path)))
    }

    /// Settles what can be settled without git; true if something waits for it.
    fn settle(
        &mut self,
        contents: &mut Contents<'_>,
        class: Classes<'_>,
        need: Need,
    ) -> Result<bool, Error> {
        let mut needed = self.needed(class, need);
        let mut waits = false;
        for path in std::mem::take(&mut self.open) {
            let mask = class(&path.path);
            if !needed.meets(mask) {
                self.open.push(path);
                continue;
            }
            match path.settle(&self.sides, contents)? {
                Settled::Same => {}
                Settled::Waits => {
                    waits = true;
                    self.open.push(path);
                }
                Settled::Differs(departure) => {
                    if matches!(need, Need::Classes(_)) {
                        needed = needed.without(mask);
                    }
                    self.found.push(OwnChange {
                        path: path.path,
                        departure,
                    });
                }
            }
        }
        Ok(waits)
    }

    /// The classes of which open paths matter. An open path can only come to be resolved.
    fn needed(&self, class: Classes<'_>, need: Need) -> ClassMask {
        match need {
            Need::Paths(wanted) => wanted,
            Need::Classes(wanted) => {
                let resolved = |change: &&OwnChange| change.departure.origin() == Origin::Resolved;
                let resolved = self.found.iter().filter(resolved);
                resolved.fold(wanted, |left, change| left.without(class(&change.path)))
            }
        }
    }
}
