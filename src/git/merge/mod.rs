//! What a merge itself changes: where it differs from the automatic merge of its parents.
//!
//! The automatic merge is worked out path by path, without renames:
//!
//! | base | parents | the automatic merge has |
//! |---|---|---|
//! | any | agree | what they agree on |
//! | equal to one parent | differ | the other parent's |
//! | equal to neither | differ | what git makes of the contents, or a conflict |
//!
//! The same table settles whole folders by their object names, so only what both sides touched is
//! ever walked into. With several merge bases a path is settled where every base says the same.
//! An octopus is folded from left to right, each parent merged into the result so far.
//!
//! A path at which the merge differs from that is its own change: *resolved* where both sides had
//! changed the contents, or where no automatic merge exists; *added* anywhere else. [`Departure`]
//! says which, and why.

mod walk;

pub(super) use self::walk::survey;
use super::content::{Contents, Merged, Question};
use super::history::History;
use super::tree_object::Leaf;
use crate::error::Error;
use crate::finding::Origin;
use crate::update::Oid;

/// Why a merge's version of a path isn't that of the automatic merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// The parents agree there, or only one side changed it: the merge has something else.
    Settled,
    /// Both sides changed the contents: git merges them cleanly, to something else.
    Contents,
    /// Both sides changed the contents: git finds a conflict.
    Conflict,
    /// One side deleted what the other changed.
    Deletion,
    /// One side made it a folder, the other something else.
    Kind,
    /// The several merge bases of an octopus don't agree on what happened.
    Bases,
}

impl Departure {
    /// What a change for this reason is called.
    pub fn origin(self) -> Origin {
        match self {
            Self::Settled => Origin::Added,
            Self::Contents | Self::Conflict | Self::Deletion | Self::Kind | Self::Bases => {
                Origin::Resolved
            }
        }
    }
}

/// A merge and its parents.
pub(super) struct MergeSides {
    /// Its parents, in order.
    pub parents: Vec<Oid>,
    /// For each parent but the first, the merge bases of it and all before it.
    pub bases: Vec<Vec<Oid>>,
    /// The tree objects of these, and of the merge bases.
    trees: Side<Oid>,
}

/// One value for each commit that takes part in a merge.
struct Side<T> {
    merge: Option<T>,
    parents: Vec<Option<T>>,
    /// For each parent but the first, the merge bases of it and all before it; where there is
    /// none, the empty tree stands for it.
    bases: Vec<Vec<Option<T>>>,
}

impl MergeSides {
    /// Looks up the merge bases.
    pub fn find(history: &History<'_>, oid: Oid, parents: &[Oid]) -> Result<Self, Error> {
        let mut bases = Vec::new();
        for at in 1..parents.len() {
            if let (Some(parent), Some(before)) = (parents.get(at), parents.get(..at)) {
                bases.push(history.merge_bases(*parent, before)?);
            }
        }
        let tree = |oid: &Oid| Ok::<_, Error>(Some(history.commit(*oid)?.tree));
        let trees = Side {
            merge: tree(&oid)?,
            parents: parents.iter().map(tree).collect::<Result<_, _>>()?,
            bases: bases
                .iter()
                .map(|step| match step.is_empty() {
                    true => Ok(vec![None]),
                    false => step.iter().map(tree).collect(),
                })
                .collect::<Result<_, _>>()?,
        };
        Ok(Self {
            parents: parents.to_vec(),
            bases,
            trees,
        })
    }
}

impl<T: Copy + PartialEq> Side<T> {
    /// The same shape with other values; the merge's is made first.
    fn map<U>(&self, mut change: impl FnMut(&Option<T>) -> Option<U>) -> Side<U> {
        Side {
            merge: change(&self.merge),
            parents: self.parents.iter().map(&mut change).collect(),
            bases: self
                .bases
                .iter()
                .map(|step| step.iter().map(&mut change).collect())
                .collect(),
        }
    }

    /// What the automatic merge has, by the table alone.
    fn automatic(&self) -> Automatic<T> {
        let mut rest = self.parents.iter();
        let mut result = rest.next().copied().flatten();
        for (parent, bases) in rest.zip(&self.bases) {
            match settle_all(bases, result, *parent) {
                Some(settled) => result = settled,
                None => return Automatic::Open,
            }
        }
        Automatic::Settled(result)
    }

    /// Returns true if and only if that is settled, and the merge has it.
    fn is_settled(&self) -> bool {
        self.automatic() == Automatic::Settled(self.merge)
    }
}

/// What a table of object names tells of an automatic merge.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Automatic<T> {
    /// Every base of every step says that it has this.
    Settled(Option<T>),
    /// It hangs on more.
    Open,
}

fn settle_all<T: Copy + PartialEq>(bases: &[T], one: T, other: T) -> Option<T> {
    let mut answers = bases.iter().map(|base| settle(*base, one, other));
    let first = answers.next()??;
    answers.all(|answer| answer == Some(first)).then_some(first)
}

pub(super) fn settle<T: Copy + PartialEq>(base: T, one: T, other: T) -> Option<T> {
    if one == other || base == other {
        Some(one)
    } else if base == one {
        Some(other)
    } else {
        None
    }
}

/// A path that a merge itself changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnChange {
    pub path: Vec<u8>,
    pub departure: Departure,
}

/// A path that the sides don't settle: what the automatic merge has there hangs on contents.
pub(super) struct OpenPath {
    pub path: Vec<u8>,
    row: Side<Leaf>,
}

/// What the tree objects show of a merge.
#[derive(Default)]
pub(super) struct Survey {
    /// Paths at which it has something else than the sides settle.
    pub found: Vec<OwnChange>,
    /// Paths at which contents must be looked at.
    pub open: Vec<OpenPath>,
}

/// What became of an open path.
pub(super) enum Settled {
    /// The merge has the automatic result there.
    Same,
    /// It has something else.
    Differs(Departure),
    /// git must be asked first: the question is noted.
    Waits,
}

impl OpenPath {
    /// The merge bases, if there are two and they don't have the same there: git merges them first.
    pub fn disputed(&self, sides: &MergeSides) -> Option<(Oid, Oid)> {
        match (sides.bases.as_slice(), self.row.bases.as_slice()) {
            ([bases], [leaves]) => match (bases.as_slice(), leaves.as_slice()) {
                ([one, other], [first, second]) if first != second => Some((*one, *other)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Holds what the merge has there against what git makes of the contents.
    pub fn settle(
        &self,
        sides: &MergeSides,
        contents: &mut Contents<'_>,
    ) -> Result<Settled, Error> {
        let mut parents = self.row.parents.iter();
        let mut result = parents.next().copied().flatten();
        let mut steps = parents.zip(&self.row.bases);
        while let Some((parent, bases)) = steps.next() {
            if let Some(settled) = settle_all(bases, result, *parent) {
                result = settled;
                continue;
            }
            let question = match self.question(sides, bases, result, *parent) {
                Ok(question) => question,
                Err(departure) => return Ok(Settled::Differs(departure)),
            };
            // Of an octopus, only the last merge is meant to have what the commit has.
            let expected = self.row.merge.filter(|_| steps.len() == 0);
            match contents.answer(question, expected)? {
                Some(Merged::Clean(merged)) => result = merged,
                Some(Merged::Conflict) => return Ok(Settled::Differs(Departure::Conflict)),
                None => return Ok(Settled::Waits),
            }
        }
        Ok(match self.row.merge == result {
            true => Settled::Same,
            false => Settled::Differs(Departure::Contents),
        })
    }

    /// What to ask git; an error where it is a conflict without asking: one side deleted the path,
    /// or several bases of an octopus disagree.
    fn question(
        &self,
        sides: &MergeSides,
        bases: &[Option<Leaf>],
        one: Option<Leaf>,
        other: Option<Leaf>,
    ) -> Result<Question, Departure> {
        match (bases, sides.parents.as_slice()) {
            ([base], _) => Ok(Question::Contents {
                base: *base,
                one: one.ok_or(Departure::Deletion)?,
                other: other.ok_or(Departure::Deletion)?,
            }),
            (_, [first, second]) => Ok(Question::Path {
                one: *first,
                other: *second,
                path: self.path.clone(),
            }),
            _ => Err(Departure::Bases),
        }
    }
}
