//! The commits that git merges on the way to a merge with several bases: these bases, the bases of
//! each of these merges, and so on down. Most paths need none of it, or one step: what is below
//! one is worked out when it is first asked for.

use std::cell::OnceCell;
use std::rc::Rc;

use super::super::history::History;
use crate::error::Error;
use crate::update::Oid;

/// Commits that git merges in this order, each into the result so far.
pub(super) struct Ladder {
    /// The commits.
    pub rungs: Vec<Rung>,
    /// Whether some have the same date: then the order is git's own affair.
    pub is_ambiguous: bool,
    /// For each but the first, the bases of its merge.
    below: OnceCell<Vec<Rc<Self>>>,
}

/// A commit to merge.
pub(super) struct Rung {
    /// Its tree object.
    pub tree: Oid,
    oid: Oid,
    time: i64,
}

impl Ladder {
    /// Of the two commits of a merge.
    pub fn of(history: &History<'_>, one: Oid, other: Oid) -> Result<Self, Error> {
        Ok(Self {
            rungs: rungs(history, &[one, other])?,
            is_ambiguous: false,
            below: OnceCell::new(),
        })
    }

    /// Of merge bases: git begins with the oldest.
    fn of_bases(history: &History<'_>, bases: &[Oid]) -> Result<Self, Error> {
        let mut rungs = rungs(history, bases)?;
        rungs.sort_by_key(|rung| rung.time);
        let same_time = rungs.windows(2).any(|pair| match pair {
            [one, other] => one.time == other.time,
            _ => false,
        });
        Ok(Self {
            rungs,
            is_ambiguous: same_time,
            below: OnceCell::new(),
        })
    }

    /// The bases of the commit at that place and all before it.
    pub fn below(&self, history: &History<'_>, at: usize) -> Result<Rc<Self>, Error> {
        let below = if let Some(known) = self.below.get() {
            known
        } else {
            let found = self.find_below(history)?;
            self.below.get_or_init(|| found)
        };
        let bases = at.checked_sub(1).and_then(|at| below.get(at));
        bases
            .cloned()
            .ok_or_else(|| Error::internal("a commit that nothing is merged with"))
    }

    fn find_below(&self, history: &History<'_>) -> Result<Vec<Rc<Self>>, Error> {
        let oids: Vec<Oid> = self.rungs.iter().map(|rung| rung.oid).collect();
        let found = history.merge_bases_in_turn(&oids)?;
        let ladders = found
            .iter()
            .map(|bases| Self::of_bases(history, bases).map(Rc::new));
        ladders.collect()
    }
}

fn rungs(history: &History<'_>, commits: &[Oid]) -> Result<Vec<Rung>, Error> {
    let rung = |oid: &Oid| {
        let commit = history.commit(*oid)?;
        Ok(Rung {
            tree: commit.tree,
            oid: *oid,
            // git knows none before 1970.
            time: commit.time.max(0),
        })
    };
    commits.iter().map(rung).collect()
}
