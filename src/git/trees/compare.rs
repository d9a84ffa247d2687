//! Versions of one folder, side by side: two of them for an ordinary commit, more for a merge.
//!
//! Nearly always one entry of many differs. So the bytes that all versions begin with are stepped
//! over, an entry at a time but without a look at it, as is every later entry that all have alike,
//! and what all end with isn't looked at at all. Only what differs is taken apart.
//!
//! What is taken apart must make sense, or the object is refused. That the rest does follows:
//! where the first version has no name that the others lack, its names are theirs, in their order.
//! Where it has one, it is read whole.

use smallvec::SmallVec;

use crate::error::Error;
use crate::git::objects::{Entry, Leaf, Mode, TreeObject};
use crate::update::Oid;

/// Bytes that are compared at once.
const BLOCK: usize = 64;

/// A name at which versions differ. Where a file became a folder, or a folder a file, the name
/// comes twice: once for each kind.
#[derive(Clone, Copy)]
pub(in crate::git) struct Difference<'t> {
    /// One component of a path.
    pub name: &'t [u8],
    /// What stands there in each version.
    pub leaves: &'t [Option<Leaf>],
}

impl Difference<'_> {
    /// Returns true if and only if it is a folder wherever there is anything.
    pub fn is_folder(&self) -> bool {
        let mut there = self.leaves.iter().flatten();
        there.next().is_some_and(|leaf| leaf.mode == Mode::Tree)
    }

    /// The objects in the first version and in the second one.
    pub fn first_two(&self) -> (Option<Oid>, Option<Oid>) {
        let mut oids = self.leaves.iter().map(|leaf| leaf.map(|leaf| leaf.oid));
        (oids.next().flatten(), oids.next().flatten())
    }
}

/// Calls `visit` with each name at which not all versions are the same. The first version is the
/// one in question; the others are what it was made from.
pub(in crate::git) fn differences(
    versions: &[TreeObject],
    visit: &mut dyn FnMut(Difference<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let Some((first, others)) = versions.split_first() else {
        return Ok(());
    };
    let prefixes = others
        .iter()
        .map(|other| common_prefix(&first.raw, &other.raw));
    let same = whole_entries(first, prefixes.min().unwrap_or(first.raw.len()));
    let all = versions.iter().map(|version| Cursor::new(version, same));
    let mut cursors: SmallVec<[Cursor<'_>; 4]> = all.collect();
    let tail = common_tail(&cursors);
    let mut leaves: SmallVec<[Option<Leaf>; 4]> = SmallVec::new();
    let mut has_new_name = false;
    loop {
        skip_equal(&mut cursors);
        if are_at_tail(&cursors, tail) {
            break;
        }
        let Some(entry) = foremost(&mut cursors)? else {
            break;
        };
        leaves.clear();
        leaves.extend(cursors.iter_mut().map(|cursor| cursor.take(&entry)));
        let mut there = leaves.iter().map(Option::is_some);
        has_new_name |= there.next() == Some(true) && !there.any(|is_there| is_there);
        if leaves.iter().any(|leaf| Some(leaf) != leaves.first()) {
            visit(Difference {
                name: entry.name,
                leaves: &leaves,
            })?;
        }
    }
    if has_new_name {
        first.entries()?;
    }
    Ok(())
}

/// The part of a version that isn't read yet.
struct Cursor<'t> {
    version: &'t TreeObject,
    rest: &'t [u8],
    /// The entry at its front and what follows it, if it was taken apart.
    front: Option<(Entry<'t>, &'t [u8])>,
}

impl<'t> Cursor<'t> {
    fn new(version: &'t TreeObject, from: usize) -> Self {
        Self {
            version,
            rest: version.raw.get(from..).unwrap_or_default(),
            front: None,
        }
    }

    /// The entry at the front; `None` at the end.
    fn front(&mut self) -> Result<Option<Entry<'t>>, Error> {
        if self.front.is_none() && !self.rest.is_empty() {
            self.front = Some(self.version.split(self.rest)?);
        }
        Ok(self.front.map(|(entry, _)| entry))
    }

    /// What the entry at the front is, and on to the next one, if it has this name and kind.
    fn take(&mut self, wanted: &Entry<'_>) -> Option<Leaf> {
        let (entry, after) = self
            .front
            .take_if(|(entry, _)| entry.order(wanted).is_eq())?;
        self.rest = after;
        Some(entry.leaf)
    }
}

/// The entry that comes first in git's order.
fn foremost<'t>(cursors: &mut [Cursor<'t>]) -> Result<Option<Entry<'t>>, Error> {
    let mut first: Option<Entry<'t>> = None;
    for cursor in cursors {
        if let Some(entry) = cursor.front()?
            && first.is_none_or(|first| entry.order(&first).is_lt())
        {
            first = Some(entry);
        }
    }
    Ok(first)
}

/// Steps over the entries at all fronts as long as they are the same bytes.
fn skip_equal(cursors: &mut [Cursor<'_>]) {
    if cursors.iter().any(|cursor| cursor.front.is_some()) {
        return;
    }
    let Some((first, others)) = cursors.split_first_mut() else {
        return;
    };
    while let Some((entry, after)) = first.version.split_raw(first.rest)
        && others.iter().all(|other| other.rest.starts_with(entry))
    {
        first.rest = after;
        for other in others.iter_mut() {
            other.rest = other.rest.get(entry.len()..).unwrap_or_default();
        }
    }
}

/// How many of the first `most` bytes are whole entries.
fn whole_entries(version: &TreeObject, most: usize) -> usize {
    let mut rest = version.raw.get(..most).unwrap_or_default();
    while let Some((_, after)) = version.split_raw(rest) {
        rest = after;
    }
    most - rest.len()
}

/// Returns true if and only if all that is left is the same everywhere.
fn are_at_tail(cursors: &[Cursor<'_>], tail: usize) -> bool {
    let left = cursors.first().map_or(0, |first| first.rest.len());
    left <= tail && cursors.iter().all(|cursor| cursor.rest.len() == left)
}

/// How many bytes at the ends are the same everywhere. They needn't begin where an entry does.
fn common_tail(cursors: &[Cursor<'_>]) -> usize {
    let Some((first, others)) = cursors.split_first() else {
        return 0;
    };
    let tails = others
        .iter()
        .map(|other| common_suffix(first.rest, other.rest));
    tails.min().unwrap_or_default()
}

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.chunks_exact(BLOCK).zip(other.chunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(one, other)| one == other).count();
    let rest = one.iter().zip(other).skip(same);
    same + rest.take_while(|(one, other)| one == other).count()
}

fn common_suffix(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.rchunks_exact(BLOCK).zip(other.rchunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(one, other)| one == other).count();
    let rest = one.iter().rev().zip(other.iter().rev()).skip(same);
    same + rest.take_while(|(one, other)| one == other).count()
}
