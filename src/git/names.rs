//! A table of object names, in order, as git keeps it in the indexes of packs and in commit-graphs;
//! and before it, how many of the names begin with each byte or a lower one.

use std::cmp::Ordering;
use std::ops::Range;

use super::file_bytes::FileBytes;

/// How many pieces of a large file are read before it is mapped. Where a name stands is as good as
/// drawn by lot, so that those of some hundred are on as many pages that nobody has touched.
pub(super) const PIECES: usize = 1024;
/// How many rows the table of first bytes has.
const FAN: usize = 256;
/// How many bytes the table of first bytes takes.
pub(super) const FAN_BYTES: usize = 4 * FAN;
/// How often a place is guessed. Of ten thousand names the third guess is mostly right.
const GUESSES: usize = 8;
/// How many bytes of names are read at once: enough for the second guess to be among them, mostly.
const PIECE: usize = 640;

/// The names in a file.
pub(super) struct Names {
    fan: Box<[u32; FAN]>,
    /// Where in the file the first name begins.
    start: usize,
    raw_len: usize,
}

impl Names {
    /// The table that begins at `start`, by that of first bytes; `None` if this one makes no sense.
    pub fn new(fan: &[u8; FAN_BYTES], start: usize, raw_len: usize) -> Option<Self> {
        let mut counts = Box::new([0; FAN]);
        let (rows, _) = fan.as_chunks();
        for (count, row) in counts.iter_mut().zip(rows) {
            *count = u32::from_be_bytes(*row);
        }
        let names = Self {
            fan: counts,
            start,
            raw_len,
        };
        names.fan.is_sorted().then_some(names)
    }

    /// How many names there are.
    pub fn count(&self) -> usize {
        self.fan.last().map_or(0, |count| *count as usize)
    }

    /// At which place a name stands; `None` if it isn't in there.
    pub fn find(&self, file: &FileBytes, name: &[u8]) -> Option<usize> {
        if let Some(whole) = file.mapped() {
            let held = |at| {
                whole
                    .get(self.start + at * self.raw_len..)?
                    .get(..self.raw_len)
            };
            return self.search(name, |at| Look::at(held(at)?, name));
        }
        let mut piece = Piece::of(self, file);
        self.search(name, |at| Look::at(piece.name(at)?, name))
    }

    /// The same by what a look at a place shows.
    ///
    /// Names are as good as evenly spread, so that a look where one should be comes closer than
    /// halving does, and fewer places of a large file are touched. Where somebody made names that
    /// aren't, halving has the last word.
    fn search(&self, name: &[u8], mut look: impl FnMut(usize) -> Option<Look>) -> Option<usize> {
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
            let found = look(at)?;
            match found.wanted {
                Ordering::Equal => return Some(at),
                Ordering::Less => (range.end, highest) = (at, found.front),
                Ordering::Greater => (range.start, lowest) = (at + 1, found.front),
            }
            if wanted < lowest || wanted > highest {
                return None;
            }
        }
        None
    }

    /// The name at a place, read into `room`, which is as long as a name.
    pub fn name<'b>(&self, file: &'b FileBytes, at: usize, room: &'b mut [u8]) -> Option<&'b [u8]> {
        let is_there = at < self.count();
        file.get(self.start + at.checked_mul(self.raw_len)?, room)
            .filter(|_| is_there)
    }

    /// The places of the names that begin with this byte.
    fn beginning_with(&self, byte: u8) -> Option<Range<usize>> {
        let byte = usize::from(byte);
        let start = match byte.checked_sub(1) {
            Some(before) => *self.fan.get(before)?,
            None => 0,
        };
        Some(start as usize..*self.fan.get(byte)? as usize)
    }
}

/// What a look at a name shows.
struct Look {
    /// Where the wanted one is, as seen from it.
    wanted: Ordering,
    front: u64,
}

impl Look {
    fn at(found: &[u8], wanted: &[u8]) -> Option<Self> {
        let front = front(found)?;
        Some(Self {
            wanted: wanted.cmp(found),
            front,
        })
    }
}

/// Names that stand near one another, read together where the file isn't mapped.
struct Piece<'f> {
    names: &'f Names,
    file: &'f FileBytes,
    read: [u8; PIECE],
    /// The places of those that were read.
    places: Range<usize>,
}

impl<'f> Piece<'f> {
    /// None of them.
    fn of(names: &'f Names, file: &'f FileBytes) -> Self {
        Self {
            names,
            file,
            read: [0; PIECE],
            places: 0..0,
        }
    }

    fn name(&mut self, at: usize) -> Option<&[u8]> {
        if self.file.mapped().is_none() && !self.places.contains(&at) {
            self.read_around(at)?;
        }
        let Names { start, raw_len, .. } = *self.names;
        // The last piece that was wanted may have been the one to have the file mapped.
        let (bytes, start) = match self.file.mapped() {
            Some(whole) => (whole, start + at * raw_len),
            None => (&self.read[..], (at - self.places.start) * raw_len),
        };
        bytes.get(start..start + raw_len)
    }

    /// Reads the name at a place, and as many before it as after it.
    fn read_around(&mut self, at: usize) -> Option<()> {
        let Names { start, raw_len, .. } = *self.names;
        let fitting = PIECE / raw_len;
        let first = at.saturating_sub(fitting / 2);
        let end = (first + fitting).min(self.names.count());
        let room = self.read.get_mut(..(end - first) * raw_len)?;
        self.file.get(start + first * raw_len, room)?;
        self.places = first..end;
        Some(())
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
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    const LEN: usize = 20;

    /// A file that holds these names alone, and its table of first bytes.
    fn written(names: &[[u8; LEN]]) -> (tempfile::NamedTempFile, [u8; FAN_BYTES]) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(names.as_flattened()).unwrap();
        let count = |byte| names.iter().filter(|name| name[0] <= byte).count();
        let rows = (0..=255).flat_map(|byte| u32::try_from(count(byte)).unwrap().to_be_bytes());
        let rows: Vec<u8> = rows.collect();
        (file, rows.try_into().unwrap())
    }

    /// Looks for each of the names in a file that holds some: each in a file that was just opened,
    /// and all in one that comes to be mapped.
    fn places(held: &[[u8; LEN]], wanted: &[[u8; LEN]]) -> Vec<Option<usize>> {
        let (file, fan) = written(held);
        let open = || FileBytes::open(file.path()).unwrap();
        let names = Names::new(&fan, 0, LEN).unwrap();
        assert_eq!(names.count(), held.len());
        let one = open();
        let find = |name: &[u8; LEN]| {
            let found = names.find(&one, name);
            assert_eq!(names.find(&open(), name), found);
            let at = |at| names.name(&one, at, &mut [0; LEN]).map(<[u8]>::to_vec);
            assert_eq!(found.and_then(at), found.map(|at| held[at].to_vec()));
            found
        };
        wanted.iter().map(find).collect()
    }

    /// Names as they come, and such as somebody could look for: many that are nearly the same.
    fn any_names() -> impl Strategy<Value = std::collections::BTreeSet<[u8; LEN]>> {
        let near = (0..3_u8, any::<u8>()).prop_map(|(start, end)| {
            let mut name = [start; LEN];
            name[LEN - 1] = end;
            name
        });
        prop::collection::btree_set(prop_oneof![any::<[u8; LEN]>(), near], 0..300)
    }

    proptest! {
        #[test]
        fn every_name_is_found_and_no_other(held in any_names(), others in any_names()) {
            let held: Vec<_> = held.into_iter().collect();
            let wanted: Vec<_> = held.iter().chain(&others).copied().collect();
            let places = places(&held, &wanted);
            for (name, found) in wanted.iter().zip(places) {
                prop_assert_eq!(found, held.binary_search(name).ok());
            }
        }
    }

    #[test]
    fn names_of_one_beginning_are_found_by_halving() {
        let name = |at: u16| {
            let mut name = [1; LEN];
            name[18..].copy_from_slice(&at.to_be_bytes());
            name
        };
        let held: Vec<_> = (0..5000).map(name).collect();
        let wanted: Vec<_> = (0..=5000).map(name).collect();
        let found: Vec<_> = (0..5000).map(Some).chain([None]).collect();
        assert_eq!(places(&held, &wanted), found);
    }

    #[test]
    fn what_is_cut_off_or_out_of_order_is_none() {
        let (file, mut fan) = written(&[[7; LEN], [9; LEN]]);
        let names = Names::new(&fan, 0, LEN).unwrap();
        file.as_file().set_len(39).unwrap();
        let bytes = FileBytes::open(file.path()).unwrap();
        assert_eq!(names.name(&bytes, 0, &mut [0; LEN]), Some(&[7; LEN][..]));
        assert_eq!(names.name(&bytes, 1, &mut [0; LEN]), None);
        assert_eq!(names.name(&bytes, 2, &mut [0; LEN]), None);
        assert_eq!(names.find(&bytes, &[9; LEN]), None);
        fan[3] = 3;
        assert!(Names::new(&fan, 0, LEN).is_none());
    }
}
