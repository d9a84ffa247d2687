//! Where the entries of a tree object begin, so that any of them can be found by its name.
//!
//! To learn that, the object's bytes have to be gone through from the front: an entry ends where
//! its object's name does, and these are any bytes at all. But of a version that is nearly the same
//! as another, only what is between the bytes that both begin with and those that both end with
//! has to be looked at: the rest begins where it does in the other one.

use std::cell::OnceCell;
use std::cmp::Ordering;

use crate::error::Error;
use crate::git::tree_object::{Entry, Leaf, Name, TreeObject, is_folder, split_mode, split_name};

/// The places of a tree object's entries.
#[derive(Debug)]
pub(in crate::git) struct Index {
    /// Where each entry begins; at last, where the object ends.
    starts: Vec<u32>,
    /// Whether the names are in git's order, as in every object that git made: looked at where a
    /// name isn't found.
    is_sorted: OnceCell<bool>,
}

/// Another version, whose index is known: how many bytes both begin and end with.
pub(super) struct Alike<'o> {
    pub other: &'o TreeObject,
    pub prefix: usize,
    pub suffix: usize,
}

impl Index {
    /// Where the entries of the object begin. Errors if the last one is cut off.
    fn of(object: &TreeObject) -> Result<Self, Error> {
        let mut index = Self {
            starts: Vec::new(),
            is_sorted: OnceCell::new(),
        };
        index.go_on(object, 0, &|_| None)?;
        Ok(index)
    }

    /// The same, from that of another version.
    fn like(object: &TreeObject, alike: &Alike<'_>) -> Result<Self, Error> {
        let known = alike.other.index()?;
        let mut starts = known
            .starts
            .get(..known.before(alike.prefix))
            .unwrap_or_default()
            .to_vec();
        let at = starts.pop().unwrap_or_default() as usize;
        let mut index = Self {
            starts,
            is_sorted: OnceCell::new(),
        };
        let tail = |left: usize| match left <= alike.suffix {
            true => known.tail_of(left),
            false => None,
        };
        index.go_on(object, at, &tail)?;
        Ok(index)
    }

    /// Notes where entries begin, from `at` on; as soon as so many bytes are left that `tail` knows
    /// the rest, from there.
    fn go_on<'k>(
        &mut self,
        object: &TreeObject,
        mut at: usize,
        tail: &dyn Fn(usize) -> Option<&'k [u32]>,
    ) -> Result<(), Error> {
        let whole = object.raw.len();
        // Whatever is noted below is no more than that.
        place(whole)?;
        loop {
            if let Some((known, rest)) = tail(whole - at).and_then(<[u32]>::split_first) {
                let (here, there) = (place(at)?, *known);
                self.starts.push(here);
                self.starts
                    .extend(rest.iter().map(|start| start - there + here));
                return Ok(());
            }
            self.starts.push(place(at)?);
            if at == whole {
                return Ok(());
            }
            at += object.length_at(at)?;
        }
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

    /// How many entries begin at one of the first `bytes`, or right behind them; the end counts.
    fn before(&self, bytes: usize) -> usize {
        self.starts
            .partition_point(|start| *start as usize <= bytes)
    }

    /// How many entries are whole within the first `bytes`.
    pub(super) fn whole_within(&self, bytes: usize) -> usize {
        self.before(bytes).saturating_sub(1)
    }

    /// The places from the one on behind which so many bytes are left, if an entry begins there.
    fn tail_of(&self, left: usize) -> Option<&[u32]> {
        let whole = *self.starts.last()? as usize;
        let wanted = u32::try_from(whole.checked_sub(left)?).ok()?;
        let at = self.starts.binary_search(&wanted).ok()?;
        self.starts.get(at..)
    }

    /// How many entries the last `bytes` hold, of those that begin as far from the end as one of
    /// the other version.
    pub(super) fn whole_at_end(&self, other: &Self, bytes: usize) -> usize {
        let whole = self.starts.last().map_or(0, |end| *end as usize);
        let left = |start: &u32| whole - *start as usize;
        let from = self.starts.partition_point(|start| left(start) > bytes);
        let mut ends = self.starts.iter().skip(from);
        let shared = ends.find_map(|start| other.tail_of(left(start)));
        shared.map_or(0, |starts| starts.len().saturating_sub(1))
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

impl TreeObject {
    /// Where its entries begin.
    pub(super) fn index(&self) -> Result<&Index, Error> {
        known(&self.index, || Index::of(self))
    }

    /// The same, if it isn't known yet, from another version's.
    pub(super) fn index_like(&self, alike: &Alike<'_>) -> Result<&Index, Error> {
        known(&self.index, || Index::like(self, alike))
    }

    /// Returns true if and only if it is known where its entries begin.
    pub(super) fn is_indexed(&self) -> bool {
        self.index.get().is_some()
    }

    /// The entry at a place.
    pub(super) fn entry(&self, at: usize) -> Result<Entry<'_>, Error> {
        let raw = self.index()?.raw(self, at);
        let raw = raw.ok_or(Error::Internal("an entry beyond the last one"))?;
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

fn known(
    cell: &OnceCell<Index>,
    make: impl FnOnce() -> Result<Index, Error>,
) -> Result<&Index, Error> {
    if cell.get().is_none() {
        // Nobody else can have set it in between.
        let _ = cell.set(make()?);
    }
    cell.get().ok_or(Error::Internal("an index that is lost"))
}
