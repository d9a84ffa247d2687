//! Two versions of one folder, side by side.
//!
//! Nearly always one entry of many differs. So the bytes that both versions begin with are
//! stepped over, an entry at a time but without a look at it, and what both end with isn't looked
//! at at all: what stands between is read entry by entry.
//!
//! What is read must make sense, or the object is refused. That the rest does follows: where no
//! name is new, the names are some of the old version's, in its order. Where one is, the new
//! version is read whole.

use std::cmp::Ordering;

use crate::error::Error;
use crate::git::objects::{Entry, Leaf, Mode, TreeObject};
use crate::update::Oid;

/// Bytes that are compared at once.
const BLOCK: usize = 64;

/// The objects of two versions of a folder; `None` where there is none.
pub(in crate::git) type Versions = (Option<Oid>, Option<Oid>);

/// A name at which two versions differ. Where a file became a folder, or a folder a file, the name
/// comes twice: once as what went, once as what came.
#[derive(Clone, Copy)]
pub(in crate::git) struct Difference<'t> {
    /// One component of a path.
    pub name: &'t [u8],
    /// What stands there in the old version.
    pub old: Option<Leaf>,
    /// What stands there in the new one.
    pub new: Option<Leaf>,
}

impl Difference<'_> {
    /// What to compare next, if it is a folder.
    pub fn folder(&self) -> Option<Versions> {
        let is_folder = |leaf: Leaf| leaf.mode == Mode::Tree;
        let oid = |leaf: Leaf| leaf.oid;
        let either = self.old.or(self.new);
        either
            .is_some_and(is_folder)
            .then(|| (self.old.map(oid), self.new.map(oid)))
    }
}

/// Calls `visit` with each name at which the versions differ.
pub(in crate::git) fn differences(
    old: &TreeObject,
    new: &TreeObject,
    visit: &mut dyn FnMut(Difference<'_>),
) -> Result<(), Error> {
    let same = whole_entries(new, common_prefix(&old.raw, &new.raw));
    let mut left = Side::new(old, same);
    let mut right = Side::new(new, same);
    let tail = common_suffix(left.rest, right.rest);
    let mut has_new_name = false;
    loop {
        skip_equal(&mut left, &mut right);
        if left.rest.len() == right.rest.len() && left.rest.len() <= tail {
            break;
        }
        let (one, other) = (left.next()?, right.next()?);
        let order = match (&one, &other) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.order(other),
        };
        let one = one.filter(|_| order.is_le());
        let other = other.filter(|_| order.is_ge());
        left.step(one.is_some());
        right.step(other.is_some());
        has_new_name |= order.is_gt();
        let leaf = |entry: Entry<'_>| entry.leaf;
        let (old, new) = (one.map(leaf), other.map(leaf));
        if let Some(Entry { name, .. }) = one.or(other).filter(|_| old != new) {
            visit(Difference { name, old, new });
        }
    }
    if has_new_name {
        new.entries()?;
    }
    Ok(())
}

/// The part of a version that isn't read yet.
struct Side<'t> {
    object: &'t TreeObject,
    rest: &'t [u8],
    /// The entry at its front, if it was read.
    front: Option<(Entry<'t>, &'t [u8])>,
}

impl<'t> Side<'t> {
    fn new(object: &'t TreeObject, from: usize) -> Self {
        Self {
            object,
            rest: object.raw.get(from..).unwrap_or_default(),
            front: None,
        }
    }

    /// The entry at the front; `None` at the end.
    fn next(&mut self) -> Result<Option<Entry<'t>>, Error> {
        if self.front.is_none() && !self.rest.is_empty() {
            self.front = Some(self.object.split(self.rest)?);
        }
        Ok(self.front.map(|(entry, _)| entry))
    }

    /// Goes on to the next one, if this one was used.
    fn step(&mut self, used: bool) {
        if let Some((_, after)) = self.front.take_if(|_| used) {
            self.rest = after;
        }
    }
}

/// Steps over the entries at both fronts as long as they are the same bytes.
fn skip_equal(left: &mut Side<'_>, right: &mut Side<'_>) {
    if left.front.is_some() || right.front.is_some() {
        return;
    }
    while let Some((entry, after)) = left.object.split_raw(left.rest) {
        let Some(rest) = right.rest.strip_prefix(entry) else {
            break;
        };
        (left.rest, right.rest) = (after, rest);
    }
}

/// How many of the first `most` bytes are whole entries.
fn whole_entries(object: &TreeObject, most: usize) -> usize {
    let mut rest = object.raw.get(..most).unwrap_or_default();
    while let Some((_, after)) = object.split_raw(rest) {
        rest = after;
    }
    most - rest.len()
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
