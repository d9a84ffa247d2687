//! The index of a pack: at which byte of the pack each object's entry begins. The format is git's,
//! see `gitformat-pack`: a table of how many names begin with each byte or a lower one, the names
//! in order, and tables with a row for each of them.
//!
//! The file is mapped, and nothing of it is read but what a search comes upon: for a push of a few
//! commits to a large repository, to look the file over would take longer than to judge them.

use std::cmp::Ordering;
use std::fs::File;
use std::ops::Range;
use std::path::Path;

use memmap2::Mmap;

use crate::update::ObjectFormat;

/// What a file begins with that is one, and its version: the one that git writes.
const HEAD: [u8; 8] = *b"\xfftOc\0\0\0\x02";
/// How many rows the first table has.
const FAN: usize = 256;
/// Where the names begin.
const NAMES: usize = HEAD.len() + 4 * FAN;
/// How often a place is guessed. Of ten thousand names the third guess is mostly right.
const GUESSES: usize = 8;
/// Marks an offset of more than 31 bits: the rest is a place in a table of longer ones.
const LONG: u32 = 1 << 31;

/// The index of one pack.
pub(super) struct PackIndex<B = Mmap> {
    bytes: B,
    raw_len: usize,
    count: usize,
}

impl PackIndex {
    /// Opens one; `None` if it can't be read, or makes no sense.
    pub fn open(path: &Path, format: ObjectFormat) -> Option<Self> {
        let file = File::open(path).ok()?;
        #[allow(unsafe_code)]
        // SAFETY: git never changes a pack's index, it writes another one and renames it. Who cuts a
        // file off in the repository of a server can't be helped: a hook that is killed refuses.
        let bytes = unsafe { Mmap::map(&file) }.ok()?;
        Self::new(bytes, format)
    }
}

impl<B: AsRef<[u8]>> PackIndex<B> {
    fn new(bytes: B, format: ObjectFormat) -> Option<Self> {
        let mut index = Self {
            bytes,
            raw_len: format.raw_len(),
            count: 0,
        };
        let raw = index.bytes.as_ref();
        let fan = |byte: usize| index.fan(byte);
        let is_sorted =
            (1..FAN).all(|byte| fan(byte - 1).is_some_and(|one| Some(one) <= fan(byte)));
        let count = index.fan(FAN - 1)?;
        // A name, a checksum and an offset; two hashes at the end.
        let rows = count.checked_mul(index.raw_len + 8)?;
        let least = NAMES.checked_add(rows)? + 2 * index.raw_len;
        let makes_sense = raw.starts_with(&HEAD) && is_sorted && raw.len() >= least;
        index.count = count;
        makes_sense.then_some(index)
    }

    /// At which byte of the pack the object's entry begins; `None` if it isn't in there.
    ///
    /// Names are as good as evenly spread, so that a look where one should be comes closer than
    /// halving does, and fewer places of a large file are touched. Where somebody made names that
    /// aren't, halving has the last word.
    pub fn find(&self, name: &[u8]) -> Option<u64> {
        let first = *name.first()?;
        let wanted = front(name)?;
        let mut range = self.beginning_with(first)?;
        // All that begin with this byte are between these.
        let (mut lowest, mut highest) = (
            u64::from(first) << 56,
            u64::from(first) << 56 | u64::MAX >> 8,
        );
        for guess in 0.. {
            if range.is_empty() {
                return None;
            }
            let ahead = match guess < GUESSES {
                true => share(range.len(), wanted - lowest, highest - lowest)?,
                false => range.len() / 2,
            };
            let at = range.start + ahead;
            let found = self.name(at)?;
            let at_found = front(found)?;
            match wanted.cmp(&at_found).then_with(|| name.cmp(found)) {
                Ordering::Equal => return self.offset(at),
                Ordering::Less => (range.end, highest) = (at, at_found),
                Ordering::Greater => (range.start, lowest) = (at + 1, at_found),
            }
            if wanted < lowest || wanted > highest {
                return None;
            }
        }
        None
    }

    /// The places of the names that begin with this byte.
    fn beginning_with(&self, byte: u8) -> Option<Range<usize>> {
        let byte = usize::from(byte);
        let start = match byte.checked_sub(1) {
            Some(before) => self.fan(before)?,
            None => 0,
        };
        Some(start..self.fan(byte)?)
    }

    fn fan(&self, byte: usize) -> Option<usize> {
        usize::try_from(self.number(HEAD.len() + 4 * byte)?).ok()
    }

    fn name(&self, at: usize) -> Option<&[u8]> {
        let start = NAMES + at * self.raw_len;
        self.bytes.as_ref().get(start..start + self.raw_len)
    }

    fn offset(&self, at: usize) -> Option<u64> {
        let offsets = NAMES + self.count * (self.raw_len + 4);
        let offset = self.number(offsets + 4 * at)?;
        if offset & LONG == 0 {
            return Some(offset.into());
        }
        let long = usize::try_from(offset & !LONG).ok()?;
        let start = (offsets + 4 * self.count).checked_add(long.checked_mul(8)?)?;
        let end = self.bytes.as_ref().len() - 2 * self.raw_len;
        let bytes = self.bytes.as_ref().get(..end)?.get(start..)?;
        bytes.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
    }

    fn number(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.as_ref().get(at..)?.first_chunk()?;
        Some(u32::from_be_bytes(*bytes))
    }
}

/// The first bytes of a name, as a number.
fn front(name: &[u8]) -> Option<u64> {
    name.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// The part of a count that `ahead` is of `whole`; less than the count.
fn share(count: usize, ahead: u64, whole: u64) -> Option<usize> {
    let part = u128::from(ahead) * count as u128 / (u128::from(whole) + 1);
    usize::try_from(part).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FORMAT: ObjectFormat = ObjectFormat::Sha1;

    /// An index of these names, each with its offset.
    fn written(rows: &std::collections::BTreeMap<[u8; 20], u64>) -> Vec<u8> {
        let mut raw = HEAD.to_vec();
        for byte in 0..FAN {
            let count = rows
                .keys()
                .filter(|name| usize::from(name[0]) <= byte)
                .count();
            raw.extend(u32::try_from(count).unwrap().to_be_bytes());
        }
        raw.extend(rows.keys().flatten());
        raw.extend(vec![0; 4 * rows.len()]);
        let mut long = Vec::new();
        for offset in rows.values() {
            let short = u32::try_from(*offset)
                .ok()
                .filter(|offset| offset & LONG == 0);
            let offset = short.unwrap_or_else(|| {
                long.push(*offset);
                LONG | u32::try_from(long.len() - 1).unwrap()
            });
            raw.extend(offset.to_be_bytes());
        }
        raw.extend(long.iter().flat_map(|offset| offset.to_be_bytes()));
        raw.extend([0; 40]);
        raw
    }

    fn find(raw: &[u8], name: &[u8]) -> Option<u64> {
        PackIndex::new(raw, FORMAT).unwrap().find(name)
    }

    /// Names as they come, and such as somebody could look for: many that are nearly the same.
    fn names() -> impl Strategy<Value = Vec<[u8; 20]>> {
        let near = (0..3_u8, any::<u8>()).prop_map(|(start, end)| {
            let mut name = [start; 20];
            name[19] = end;
            name
        });
        prop::collection::vec(prop_oneof![any::<[u8; 20]>(), near], 0..300)
    }

    proptest! {
        #[test]
        fn every_name_is_found_and_no_other(names in names(), others in names(), step in 1..9_u64) {
            // Some of them beyond 31 bits.
            let offsets = (0..).map(|at: u64| (at * step) << 24);
            let rows = names.into_iter().zip(offsets).collect();
            let raw = written(&rows);
            for (name, offset) in &rows {
                prop_assert_eq!(find(&raw, name), Some(*offset));
            }
            for name in others {
                prop_assert_eq!(find(&raw, &name), rows.get(&name).copied());
            }
        }

        #[test]
        fn what_makes_no_sense_finds_nothing_wrong(mut raw in prop::collection::vec(any::<u8>(), 0..3000), name: [u8; 20]) {
            raw.splice(..raw.len().min(HEAD.len()), HEAD);
            if let Some(index) = PackIndex::new(&raw[..], FORMAT) {
                index.find(&name);
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_out_of_order_is_none() {
        let rows = [([7; 20], 12), ([9; 20], 1 << 40)].into_iter().collect();
        let whole = written(&rows);
        assert_eq!(find(&whole, &[9; 20]), Some(1 << 40));
        let is_none = |raw: &[u8]| PackIndex::new(raw, FORMAT).is_none();
        let needed = whole.len() - 8;
        assert!(is_none(&whole[..needed - 1]));
        // Without the table of long offsets, there is no such offset.
        assert_eq!(find(&whole[..needed], &[9; 20]), None);
        let mut unsorted = whole.clone();
        unsorted[HEAD.len() + 3] = 3;
        assert!(is_none(&unsorted));
        let mut old = whole.clone();
        old[7] = 1;
        assert!(is_none(&old));
        assert!(is_none(b""));
    }

    #[test]
    fn names_of_one_beginning_are_found_by_halving() {
        let name = |at: u16| {
            let mut name = [1; 20];
            name[18..].copy_from_slice(&at.to_be_bytes());
            name
        };
        let rows = (0..5000).map(|at| (name(at), u64::from(at))).collect();
        let raw = written(&rows);
        assert!((0..5000).all(|at| find(&raw, &name(at)) == Some(at.into())));
        assert_eq!(find(&raw, &name(5000)), None);
    }
}
