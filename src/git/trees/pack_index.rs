//! The index of a pack: at which byte of the pack each object's entry begins. The format is git's,
//! see `gitformat-pack`: a table of how many names begin with each byte or a lower one, the names
//! in order, and tables with a row for each of them.
//!
//! Nothing of the file is read but what a search comes upon: for a push of a few commits to a
//! large repository, to look the file over would take longer than to judge them.

use crate::git::file_bytes::FileBytes;
use crate::git::names::{FAN_BYTES, Names, PIECES};
use crate::update::ObjectFormat;

/// What a file begins with that is one, and its version: the one that git writes.
const HEAD: [u8; 8] = *b"\xfftOc\0\0\0\x02";
/// Where the names begin.
const NAMES: usize = HEAD.len() + FAN_BYTES;
/// Marks an offset of more than 31 bits: the rest is a place in a table of longer ones.
const LONG: u32 = 1 << 31;

/// The index of one pack.
pub(super) struct PackIndex {
    bytes: FileBytes,
    names: Names,
    raw_len: usize,
}

impl PackIndex {
    /// The index that is in these bytes; `None` if they make no sense.
    pub fn new(bytes: FileBytes, format: ObjectFormat) -> Option<Self> {
        let bytes = bytes.mapped_after(PIECES);
        let raw_len = format.raw_len();
        let mut room = [0; NAMES];
        let start = bytes.get(0, &mut room)?;
        let fan = start.strip_prefix(&HEAD)?.first_chunk()?;
        let names = Names::new(fan, NAMES, raw_len)?;
        // A name, a checksum and an offset; two hashes at the end.
        let rows = names.count().checked_mul(raw_len + 8)?;
        let least = NAMES.checked_add(rows)? + 2 * raw_len;
        (bytes.len() >= least).then_some(Self {
            bytes,
            names,
            raw_len,
        })
    }

    /// At which byte of the pack the object's entry begins; `None` if it isn't in there.
    pub fn find(&self, name: &[u8]) -> Option<u64> {
        let at = self.names.find(&self.bytes, name)?;
        let count = self.names.count();
        let offsets = NAMES + count * (self.raw_len + 4);
        let offset = u32::from_be_bytes(self.number(offsets + 4 * at)?);
        if offset & LONG == 0 {
            return Some(offset.into());
        }
        let long = usize::try_from(offset & !LONG).ok()?;
        let start = (offsets + 4 * count).checked_add(long.checked_mul(8)?)?;
        let end = self.bytes.len() - 2 * self.raw_len;
        let is_row = start.checked_add(8)? <= end;
        is_row.then(|| self.number(start).map(u64::from_be_bytes))?
    }

    fn number<const LEN: usize>(&self, at: usize) -> Option<[u8; LEN]> {
        self.bytes.get(at, &mut [0; LEN])?.first_chunk().copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    type Rows = BTreeMap<[u8; 20], u64>;

    /// An index of these names, each with its offset.
    fn written(rows: &Rows) -> Vec<u8> {
        let mut raw = HEAD.to_vec();
        for byte in 0..=255 {
            let count = rows.keys().filter(|name| name[0] <= byte).count();
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

    fn opened(raw: &[u8]) -> Option<PackIndex> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(raw).unwrap();
        let bytes = FileBytes::open(file.path()).unwrap();
        PackIndex::new(bytes, ObjectFormat::Sha1)
    }

    proptest! {
        #[test]
        fn every_offset_is_found(names: Vec<[u8; 20]>, step in 1..9_u64) {
            // Some of them beyond 31 bits.
            let offsets = (0..).map(|at: u64| (at * step) << 24);
            let rows: Rows = names.into_iter().zip(offsets).collect();
            let index = opened(&written(&rows)).unwrap();
            for (name, offset) in &rows {
                prop_assert_eq!(index.find(name), Some(*offset));
            }
        }

        #[test]
        fn what_makes_no_sense_finds_nothing_wrong(mut raw in prop::collection::vec(any::<u8>(), 0..3000), name: [u8; 20]) {
            raw.splice(..raw.len().min(HEAD.len()), HEAD);
            if let Some(index) = opened(&raw) {
                index.find(&name);
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_out_of_order_is_none() {
        let rows = [([7; 20], 12), ([9; 20], 1 << 40)].into_iter().collect();
        let whole = written(&rows);
        let find = |raw: &[u8]| opened(raw).unwrap().find(&[9; 20]);
        assert_eq!(find(&whole), Some(1 << 40));
        let is_none = |raw: &[u8]| opened(raw).is_none();
        let needed = whole.len() - 8;
        assert!(is_none(&whole[..needed - 1]));
        // Without the table of long offsets, there is no such offset.
        assert_eq!(find(&whole[..needed]), None);
        let mut unsorted = whole.clone();
        unsorted[HEAD.len() + 3] = 3;
        assert!(is_none(&unsorted));
        let mut old = whole.clone();
        old[7] = 1;
        assert!(is_none(&old));
        assert!(is_none(b""));
    }
}
