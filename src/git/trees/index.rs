//! Where the entries of a tree object begin, so that any of them can be found by its name.
//!
//! To learn that, the object's bytes have to be gone through from the front: an entry ends where
//! its object's name does, and these are any bytes at all. But where two versions are compared of
//! which one is known, the other one's entries begin, as far as both are the same bytes, where they
//! do in the first ([`Draft`]).

use std::cell::OnceCell;
use std::cmp::Ordering;

use crate::error::Error;
use crate::git::tree_object::{Entry, Leaf, Name, TreeObject, is_folder, split_mode, split_name};

/// Bytes that are compared at once: so many are, without a call.
const BLOCK: usize = 64;

/// The places of a tree object's entries.
#[derive(Debug)]
pub(in crate::git) struct Index {
    /// Where each entry begins; at last, where the object ends.
    starts: Vec<u32>,
    /// Whether the names are in git's order, as in every object that git made: looked at where a
    /// name isn't found.
    is_sorted: OnceCell<bool>,
}

impl Index {
    /// These places.
    fn new(starts: Vec<u32>) -> Self {
        Self {
            starts,
            is_sorted: OnceCell::new(),
        }
    }

    /// Where the entries of the object begin. Errors if the last one is cut off.
    fn of(object: &TreeObject) -> Result<Self, Error> {
        let whole = object.raw.len();
        let mut starts = Vec::new();
        let mut at = 0;
        while at < whole {
            starts.push(place(at)?);
            at += object.length_at(at)?;
        }
        starts.push(place(whole)?);
        Ok(Self::new(starts))
    }

    /// Returns true if and only if the names are in git's order, each once.
    fn is_sorted(&self, object: &TreeObject) -> bool {
        *self.is_sorted.get_or_init(|| {
            let names = (0..self.count()).map(|at| self.raw(object, at).and_then(split_name));
            names.is_sorted_by(|before, after| before.is_some() && before < after)
        })
    }

    /// How many entries there are.
    pub(super) fn count(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The bytes of an entry.
    pub(super) fn raw<'t>(&self, object: &'t TreeObject, at: usize) -> Option<&'t [u8]> {
        let (start, end) = (self.starts.get(at)?, self.starts.get(at + 1)?);
        object.raw.get(*start as usize..*end as usize)
    }
}

fn place(at: usize) -> Result<u32, Error> {
    u32::try_from(at).map_err(|_| Error::Repository("a tree object of more than 4 GiB".into()))
}

/// Two versions, gone through side by side: one that is indexed, and another one of which it is
/// noted where its entries begin.
pub(super) struct Draft<'t> {
    known: &'t TreeObject,
    other: &'t TreeObject,
    index: &'t Index,
    /// The place of the entry at hand in the known version.
    at: usize,
    /// Where the entries of the other one begin that were gone through.
    starts: Vec<u32>,
    /// Where the one at hand begins.
    start: u32,
}

impl<'t> Draft<'t> {
    /// Nothing gone through yet.
    pub fn new(other: &'t TreeObject, known: &'t TreeObject) -> Result<Self, Error> {
        // Whatever is noted below is no more than that.
        place(other.raw.len())?;
        let index = known.index()?;
        Ok(Self {
            known,
            other,
            index,
            at: 0,
            starts: Vec::with_capacity(index.starts.len() + 1),
            start: 0,
        })
    }

    /// Steps over the entries that are the same in both.
    pub fn step_over(&mut self) {
        let starts = self.index.starts.get(self.at..).unwrap_or_default();
        let Some((first, later)) = starts.split_first() else {
            return;
        };
        let same = common_prefix(
            rest(&self.known.raw, *first as usize),
            rest(&self.other.raw, self.start as usize),
        );
        let end = *first as usize + same;
        let steps = later.partition_point(|start| *start as usize <= end);
        // As many bytes further on, or back.
        let shift = self.start.wrapping_sub(*first);
        let passed = starts.iter().take(steps);
        self.starts
            .extend(passed.map(|start| start.wrapping_add(shift)));
        self.at += steps;
        if let Some(last) = starts.get(steps) {
            self.start = last.wrapping_add(shift);
        }
    }

    /// The entry at hand in the known version; `None` at its end.
    pub fn known(&self) -> Result<Option<Entry<'t>>, Error> {
        let raw = self.index.raw(self.known, self.at);
        raw.map(|raw| Ok(self.known.split(raw)?.0)).transpose()
    }

    /// The one in the other version.
    pub fn other(&self) -> Result<Option<Entry<'t>>, Error> {
        let raw = rest(&self.other.raw, self.start as usize);
        match raw.is_empty() {
            true => Ok(None),
            false => Ok(Some(self.other.split(raw)?.0)),
        }
    }

    /// The places of these two.
    pub fn places(&self) -> (usize, usize) {
        (self.at, self.starts.len())
    }

    /// Goes on behind the entry at hand, in either version or in both.
    pub fn advance(&mut self, known: bool, other: bool) -> Result<(), Error> {
        self.at += usize::from(known);
        if other {
            self.starts.push(self.start);
            self.start += place(self.other.length_at(self.start as usize)?)?;
        }
        Ok(())
    }

    /// Notes where the entries of the other version begin. Errors if anything is left of either: what
    /// isn't compared would pass unseen.
    pub fn done(mut self) -> Result<(), Error> {
        let is_whole = self.start as usize == self.other.raw.len();
        if self.at != self.index.count() || !is_whole {
            return Err(Error::internal("a tree object that was compared in part"));
        }
        self.starts.push(self.start);
        // If it was known before, it is the same.
        let _ = self.other.index.set(Index::new(self.starts));
        Ok(())
    }
}

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.as_chunks::<BLOCK>().0.iter();
    let blocks = blocks.zip(other.as_chunks::<BLOCK>().0);
    let same = BLOCK * blocks.take_while(|(one, other)| one == other).count();
    let (one, other) = (rest(one, same), rest(other, same));
    let words = one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0);
    let words = 8 * words.take_while(|(one, other)| one == other).count();
    let bytes = rest(one, words).iter().zip(rest(other, words));
    same + words + bytes.take_while(|(one, other)| one == other).count()
}

fn rest(bytes: &[u8], from: usize) -> &[u8] {
    bytes.get(from..).unwrap_or_default()
}

impl TreeObject {
    /// Where its entries begin.
    pub(super) fn index(&self) -> Result<&Index, Error> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        let index = Index::of(self)?;
        Ok(self.index.get_or_init(|| index))
    }

    /// Returns true if and only if it is known where its entries begin.
    pub(super) fn is_indexed(&self) -> bool {
        self.index.get().is_some()
    }

    /// The entry at a place.
    pub(super) fn entry(&self, at: usize) -> Result<Entry<'_>, Error> {
        let raw = self.index()?.raw(self, at);
        let raw = raw.ok_or_else(|| Error::internal("an entry beyond the last one"))?;
        Ok(self.split(raw)?.0)
    }

    /// What stands under a name, of the kind that the name is of.
    pub(in crate::git) fn find(&self, name: Name<'_>) -> Result<Option<Leaf>, Error> {
        let index = self.index()?;
        let order = |at: usize| index.raw(self, at).and_then(|raw| order(raw, name));
        let is = |at: &usize| order(*at) == Some(Ordering::Equal);
        let near = search(index.count(), |at| order(at) == Some(Ordering::Less));
        let at = match Some(near).filter(is) {
            None if !index.is_sorted(self) => (0..index.count()).find(is),
            found => found,
        };
        at.map(|at| Ok(self.entry(at)?.leaf)).transpose()
    }

    /// Errors if the entry at a place isn't in order there, or a file and a folder have its name.
    pub(super) fn check_place(&self, at: usize) -> Result<(), Error> {
        let entry = self.entry(at)?;
        let count = self.index()?.count();
        let mut after = (at + 1..count).map(|at| self.entry(at));
        let mut before = (0..at).rev().map(|at| self.entry(at));
        // In git's order all that is between a file and a folder of its name begins with the name.
        let fits = |others: &mut dyn Iterator<Item = Result<Entry<'_>, Error>>, order| {
            for (near, other) in others.enumerate() {
                let other = other?;
                if near == 0 && entry.name().cmp(&other.name()) != order {
                    return Ok(false);
                }
                if !other.name.starts_with(entry.name) {
                    break;
                }
                if other.name == entry.name {
                    return Ok(false);
                }
            }
            Ok::<_, Error>(true)
        };
        match fits(&mut after, Ordering::Less)? && fits(&mut before, Ordering::Greater)? {
            true => Ok(()),
            false => Err(self.unsorted()),
        }
    }
}

/// The place of the first of `count` that isn't before what is looked for; `count` if all are.
fn search(count: usize, is_before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        match is_before(middle) {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    low
}

/// How an entry's name and another one are ordered. No name has the zero byte that ends an entry's.
fn order(entry: &[u8], name: Name<'_>) -> Option<Ordering> {
    let (mode, named) = split_mode(entry)?;
    let end = |is_folder: bool| is_folder.then_some(b'/');
    let is_folder = is_folder(mode);
    if !is_folder && let Some((head, rest)) = named.split_at_checked(name.bytes.len()) {
        // What ends earlier comes first, as its zero byte does.
        let next = rest.first().copied().filter(|byte| *byte != 0);
        return Some(head.cmp(name.bytes).then(next.cmp(&end(name.is_folder))));
    }
    let same = named.iter().zip(name.bytes);
    let same = same.take_while(|(one, other)| one == other).count();
    let next = match named.get(same) {
        None | Some(0) => end(is_folder),
        Some(byte) => Some(*byte),
    };
    let wanted = name.bytes.get(same).copied();
    Some(next.cmp(&wanted.or(end(name.is_folder))))
}
