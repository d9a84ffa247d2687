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

use super::changes::{DEEPEST, OwnChange};
use super::content::{Contents, Merged, Question};
use super::history::History;
use super::objects::{Entry, Leaf};
use super::trees::Trees;
use crate::budget::{Budget, Exceeded};
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
    /// The merge.
    pub oid: Oid,
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
            oid,
            parents: parents.to_vec(),
            bases,
            trees,
        })
    }
}

impl<T: Copy + PartialEq> Side<T> {
    /// Every value, the merge's first.
    fn all(&self) -> impl Iterator<Item = &Option<T>> {
        std::iter::once(&self.merge)
            .chain(&self.parents)
            .chain(self.bases.iter().flatten())
    }

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

    /// Returns true if and only if every base of every step settles what the automatic merge
    /// has, and the merge has the same.
    fn is_settled(&self) -> bool {
        let mut rest = self.parents.iter();
        let mut result = rest.next().copied().flatten();
        for (parent, bases) in rest.zip(&self.bases) {
            match settle_all(bases, result, *parent) {
                Some(settled) => result = settled,
                None => return false,
            }
        }
        result == self.merge
    }
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

/// A folder still to be walked.
struct Folder {
    trees: Side<Oid>,
    /// The path so far: empty, or ending in `/`.
    prefix: Vec<u8>,
    depth: usize,
    /// True below a name that one side made a folder and the other something else.
    clash: bool,
}

/// The own changes of a merge; `None` where that hangs on contents that git must be asked about:
/// the questions are then noted in `contents`. A path that both sides changed is passed over
/// where it isn't `wanted`: whether it is one of them would take the merging of its contents.
pub(super) fn own_changes(
    trees: &mut Trees<'_>,
    budget: &Budget,
    contents: &mut Contents<'_>,
    sides: &MergeSides,
    wanted: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<Option<Vec<OwnChange>>, Error> {
    let mut walk = Walk {
        contents,
        sides,
        wanted,
        open: Vec::new(),
        found: Vec::new(),
        waiting: false,
    };
    let top = sides.trees.map(|tree| *tree);
    walk.enter(Folder {
        trees: top,
        prefix: Vec::new(),
        depth: 0,
        clash: false,
    });
    while let Some(folder) = walk.open.pop() {
        if folder.depth > DEEPEST {
            return Err(Exceeded::Depth(DEEPEST).into());
        }
        walk.folder(trees, budget, &folder)?;
    }
    Ok((!walk.waiting).then_some(walk.found))
}

struct Walk<'w, 'r> {
    contents: &'w mut Contents<'r>,
    sides: &'w MergeSides,
    wanted: &'w mut dyn FnMut(&[u8]) -> bool,
    open: Vec<Folder>,
    found: Vec<OwnChange>,
    waiting: bool,
}

impl Walk<'_, '_> {
    fn enter(&mut self, folder: Folder) {
        if !folder.trees.is_settled() {
            self.open.push(folder);
        }
    }

    fn folder(
        &mut self,
        trees: &mut Trees<'_>,
        budget: &Budget,
        folder: &Folder,
    ) -> Result<(), Error> {
        let mut objects = Vec::new();
        for tree in folder.trees.all() {
            if tree.is_some() {
                budget.tree_object()?;
            }
            objects.push(trees.get(*tree)?);
        }
        let lists: Vec<Vec<Entry<'_>>> = objects
            .iter()
            .map(|object| object.entries())
            .collect::<Result<_, _>>()?;
        let mut cursors: Vec<&[Entry<'_>]> = lists.iter().map(Vec::as_slice).collect();
        while let Some(first) = next_entry(&cursors) {
            let row = take(&mut cursors, &first);
            let mut values = row.into_iter();
            // `Side::map` visits in the order of `Side::all`, which is that of the lists.
            let row = folder.trees.map(|_| values.next().flatten());
            self.row(folder, &first, &row, &lists)?;
        }
        Ok(())
    }

    /// One name: a folder on the sides that have it, or a path.
    fn row(
        &mut self,
        folder: &Folder,
        entry: &Entry<'_>,
        row: &Side<Leaf>,
        lists: &[Vec<Entry<'_>>],
    ) -> Result<(), Error> {
        if row.is_settled() {
            return Ok(());
        }
        let clash = folder.clash || clashes(&folder.trees, entry.name, lists);
        let mut path = [&folder.prefix, entry.name].concat();
        if entry.is_tree() {
            path.push(b'/');
            let trees = row.map(|leaf| leaf.map(|leaf| leaf.oid));
            self.enter(Folder {
                trees,
                prefix: path,
                depth: folder.depth + 1,
                clash,
            });
            return Ok(());
        }
        match self.compare(row, &path, clash)? {
            Verdict::Same => {}
            Verdict::Differs(departure) => self.found.push(OwnChange { path, departure }),
            Verdict::Waits => self.waiting = true,
        }
        Ok(())
    }

    fn compare(&mut self, row: &Side<Leaf>, path: &[u8], clash: bool) -> Result<Verdict, Error> {
        let mut rest = row.parents.iter();
        let mut result = rest.next().copied().flatten();
        let mut departure = if clash {
            Departure::Kind
        } else {
            Departure::Settled
        };
        let mut rest = rest.zip(&row.bases);
        while let Some((parent, bases)) = rest.next() {
            if let Some(settled) = settle_all(bases, result, *parent) {
                result = settled;
                continue;
            }
            if !(self.wanted)(path) {
                return Ok(Verdict::Same);
            }
            departure = Departure::Contents;
            let question = match self.question(bases, result, *parent, path) {
                Ok(question) => question,
                Err(departure) => return Ok(Verdict::Differs(departure)),
            };
            // Of an octopus, only the last merge is meant to have what the commit has.
            let expected = row.merge.filter(|_| rest.len() == 0);
            match self.contents.answer(question, expected)? {
                Some(Merged::Clean(merged)) => result = merged,
                Some(Merged::Conflict) => return Ok(Verdict::Differs(Departure::Conflict)),
                None => return Ok(Verdict::Waits),
            }
        }
        Ok(match row.merge == result {
            true => Verdict::Same,
            false => Verdict::Differs(departure),
        })
    }

    /// What to ask git about a path that both sides changed; an error where it is a conflict
    /// without asking: one side deleted it, or several bases of an octopus disagree.
    fn question(
        &self,
        bases: &[Option<Leaf>],
        one: Option<Leaf>,
        other: Option<Leaf>,
        path: &[u8],
    ) -> Result<Question, Departure> {
        match (bases, self.sides.parents.as_slice()) {
            ([base], _) => Ok(Question::Contents {
                base: *base,
                one: one.ok_or(Departure::Deletion)?,
                other: other.ok_or(Departure::Deletion)?,
            }),
            (_, [first, second]) => Ok(Question::Path {
                one: *first,
                other: *second,
                path: path.to_vec(),
            }),
            _ => Err(Departure::Bases),
        }
    }
}

enum Verdict {
    Same,
    Differs(Departure),
    Waits,
}

/// Returns true if and only if the parents disagree on whether the name is a folder, and neither
/// of the two is what a base has there: then git can keep only one of them.
fn clashes(trees: &Side<Oid>, name: &[u8], lists: &[Vec<Entry<'_>>]) -> bool {
    let find = |at: usize, folder: bool| {
        let entries = lists.get(at)?.iter();
        entries
            .copied()
            .find(|entry| entry.name == name && entry.is_tree() == folder)
    };
    let parents = 1..=trees.parents.len();
    let bases = || trees.parents.len() + 1..lists.len();
    let made = |folder: bool| {
        parents.clone().any(|at| {
            find(at, folder).is_some_and(|entry| {
                !bases().any(|base| find(base, folder).is_some_and(|old| old.leaf == entry.leaf))
            })
        })
    };
    made(true) && made(false)
}

/// The first entry, in git's order, that any list still has.
fn next_entry<'t>(cursors: &[&[Entry<'t>]]) -> Option<Entry<'t>> {
    cursors
        .iter()
        .filter_map(|list| list.first())
        .copied()
        .min_by(Entry::order)
}

/// Takes from each list the entry of that name and kind, if it comes next there.
fn take(cursors: &mut [&[Entry<'_>]], wanted: &Entry<'_>) -> Vec<Option<Leaf>> {
    cursors
        .iter_mut()
        .map(|list| match list.split_first() {
            Some((entry, rest)) if entry.order(wanted).is_eq() => {
                *list = rest;
                Some(entry.leaf)
            }
            _ => None,
        })
        .collect()
}
