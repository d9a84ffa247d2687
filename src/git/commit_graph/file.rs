//! One file of a commit-graph. The format is git's, see `gitformat-commit-graph`: a head, a table of
//! where each chunk begins, the chunks, and a hash of all that. The chunks read here are
//!
//! | chunk | what it holds |
//! |---|---|
//! | `OIDF` | how many names of commits begin with each byte or a lower one |
//! | `OIDL` | the names, in order |
//! | `CDAT` | a row for each: tree object, two parents, generation number and date |
//! | `EDGE` | parents of commits that have more than two, one commit's after another's |
//! | `BASE` | the hashes of the files beneath it in a chain |
//!
//! Nothing is read but what is asked for. When a file is opened, its chunks have to follow one
//! another and be as long as the number of its commits asks for, so that each place in them is in
//! the file; what a row points to is looked at when that row is read. The hash isn't computed.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use smallvec::SmallVec;

use super::{GraphRow, Position};
use crate::git::file_bytes::FileBytes;
use crate::git::names::{FAN_BYTES, Names, PIECES};
use crate::update::{ObjectFormat, Oid};

/// How many bytes the head takes.
const HEAD: usize = 8;
/// How many bytes a chunk takes in the table: its name, and where it begins.
const ENTRY: usize = 12;
/// How many bytes head and table can take: 255 chunks, and where the last one ends.
const START: usize = HEAD + 256 * ENTRY;
/// What a row has besides the name of the tree object: four numbers.
const NUMBERS: usize = 16;
/// Stands for a parent that a commit doesn't have. No position is as high.
pub(super) const NO_PARENT: u32 = 0x7000_0000;
/// Marks, in place of a second parent, that the others are in `EDGE`; there, the last one.
const MARK: u32 = 1 << 31;

/// One file, opened. The places of its commits count from 0; the parents' positions over the whole
/// chain.
pub(super) struct GraphFile {
    bytes: FileBytes,
    names: Names,
    /// The same file again: a walk reads many rows, and looks for few names.
    named: FileBytes,
    /// Where the first row begins.
    rows: usize,
    edges: Range<usize>,
    raw_len: usize,
}

impl GraphFile {
    /// Opens the one that stands on the files with these hashes; `None` if it can't be read, makes
    /// no sense, or has no generation numbers.
    pub fn open(path: &Path, format: ObjectFormat, beneath: &[Oid]) -> Option<Self> {
        let bytes = FileBytes::open(path).ok()?;
        let raw_len = format.raw_len();
        let chunks = Chunks::read(&bytes, format, beneath.len())?;
        let names = names(&bytes, &chunks, raw_len)?;
        let rows = chunks.get(*b"CDAT")?;
        let edges = chunks.get(*b"EDGE").unwrap_or_default();
        let base = chunks.get(*b"BASE").unwrap_or_default();
        let fits = rows.len() == names.count().checked_mul(raw_len + NUMBERS)?
            && edges.len().is_multiple_of(4)
            && is_base(&bytes, base, beneath)?;
        let file = Self {
            named: bytes.again()?.mapped_after(PIECES),
            bytes,
            names,
            rows: rows.start,
            edges,
            raw_len,
        };
        (fits && file.has_generations()?).then_some(file)
    }

    /// The hash at its end.
    pub fn hash(&self) -> Option<Oid> {
        self.oid(self.bytes.len().checked_sub(self.raw_len)?)
    }

    /// How many commits are in it.
    pub fn count(&self) -> usize {
        self.names.count()
    }

    /// At which place the commit of that name stands; `None` if it isn't in there.
    pub fn find(&self, name: Oid) -> Option<usize> {
        self.names.find(&self.named, name.as_bytes())
    }

    /// The name of the commit at a place.
    pub fn name(&self, place: usize) -> Option<Oid> {
        let mut room = [0; 32];
        let room = room.get_mut(..self.raw_len)?;
        Oid::from_bytes(self.names.name(&self.named, place, room)?)
    }

    /// The tree object of the commit at a place.
    pub fn tree(&self, place: usize) -> Option<Oid> {
        self.oid(self.row_start(place)?)
    }

    /// The generation number of the commit at a place.
    pub fn generation(&self, place: usize) -> Option<u32> {
        let at = self.row_start(place)? + self.raw_len + 8;
        read(&self.bytes, at).map(|bytes| u32::from_be_bytes(bytes) >> 2)
    }

    /// The row at a place, whatever it says of other rows.
    pub fn row(&self, place: usize) -> Option<GraphRow> {
        let raw: [u8; NUMBERS] = read(&self.bytes, self.row_start(place)? + self.raw_len)?;
        let (numbers, _) = raw.as_chunks();
        let [first, second, high, low] = *numbers else {
            return None;
        };
        let [first, second, high, low] = [first, second, high, low].map(u32::from_be_bytes);
        Some(GraphRow {
            // 34 bits: two of them follow the generation number.
            time: i64::from(high & 3) << 32 | i64::from(low),
            generation: high >> 2,
            parents: self.parents(first, second)?,
        })
    }

    fn parents(&self, first: u32, second: u32) -> Option<SmallVec<[Position; 2]>> {
        let mut parents = SmallVec::new();
        match (first, second) {
            (NO_PARENT, NO_PARENT) => {}
            (NO_PARENT, _) => return None,
            (only, NO_PARENT) => parents.push(Position(only)),
            (first, list) if list & MARK != 0 => {
                parents.push(Position(first));
                self.add_listed(list & !MARK, &mut parents)?;
            }
            both => parents.extend([both.0, both.1].map(Position)),
        }
        Some(parents)
    }

    /// Adds the parents that stand in `EDGE` from an index on; `None` if nothing ends them there.
    fn add_listed(&self, index: u32, parents: &mut SmallVec<[Position; 2]>) -> Option<()> {
        for at in self.edges.clone().step_by(4).skip(index as usize) {
            let edge = u32::from_be_bytes(read(&self.bytes, at)?);
            parents.push(Position(edge & !MARK));
            if edge & MARK != 0 {
                return Some(());
            }
        }
        None
    }

    /// git 2.18 wrote 0 for all; then there is nothing to tell a good row by. git looks at the first
    /// as well.
    fn has_generations(&self) -> Option<bool> {
        Some(self.count() == 0 || self.generation(0)? != 0)
    }

    fn row_start(&self, place: usize) -> Option<usize> {
        (place < self.count()).then(|| self.rows + place * (self.raw_len + NUMBERS))
    }

    #[cfg(test)]
    pub(super) fn is_mapped(&self) -> bool {
        self.bytes.mapped().is_some()
    }

    fn oid(&self, at: usize) -> Option<Oid> {
        let mut room = [0; 32];
        let room = room.get_mut(..self.raw_len)?;
        Oid::from_bytes(self.bytes.get(at, room)?)
    }
}

/// The chunks by name, each with where it begins; the last one stands for their end.
struct Chunks(Vec<([u8; 4], usize)>);

impl Chunks {
    /// Reads head and table; `None` if this is no such file, or the chunks don't follow one another.
    fn read(bytes: &FileBytes, format: ObjectFormat, beneath: usize) -> Option<Self> {
        let mut room = [0; START];
        let start = bytes.get(0, room.get_mut(..bytes.len().min(START))?)?;
        let (head, table) = start.split_first_chunk::<HEAD>()?;
        let [b'C', b'G', b'P', b'H', 1, hash, chunks, base] = *head else {
            return None;
        };
        if hash != hash_version(format) || usize::from(base) != beneath {
            return None;
        }
        let (entries, _) = table.as_chunks();
        let entries = entries.get(..=usize::from(chunks))?;
        let chunks = Self(entries.iter().map(entry).collect::<Option<_>>()?);
        let end = bytes.len().checked_sub(format.raw_len())?;
        chunks.are_in_order(end).then_some(chunks)
    }

    /// Returns true if and only if they lie between the table and where they have to end, none
    /// overlaps another, and none is there twice.
    fn are_in_order(&self, end: usize) -> bool {
        let names: BTreeSet<_> = self.0.iter().map(|(name, _)| name).collect();
        let first = self.0.first().map(|(_, start)| *start);
        names.len() == self.0.len()
            && first.is_some_and(|start| start >= HEAD + ENTRY * self.0.len())
            && self.0.is_sorted_by_key(|(_, start)| start)
            && self.0.last() == Some(&([0; 4], end))
    }

    /// Where the chunk of that name lies, if there is one.
    fn get(&self, name: [u8; 4]) -> Option<Range<usize>> {
        let mut ahead = self.0.iter().skip_while(|chunk| chunk.0 != name);
        Some(ahead.next()?.1..ahead.next()?.1)
    }
}

fn entry(raw: &[u8; ENTRY]) -> Option<([u8; 4], usize)> {
    let start = u64::from_be_bytes(*raw.last_chunk()?);
    Some((*raw.first_chunk()?, usize::try_from(start).ok()?))
}

/// What stands for the format of object names.
fn hash_version(format: ObjectFormat) -> u8 {
    match format {
        ObjectFormat::Sha1 => 1,
        ObjectFormat::Sha256 => 2,
    }
}

fn names(bytes: &FileBytes, chunks: &Chunks, raw_len: usize) -> Option<Names> {
    let fan = chunks.get(*b"OIDF")?;
    let listed = chunks.get(*b"OIDL")?;
    if fan.len() != FAN_BYTES {
        return None;
    }
    let names = Names::new(&read(bytes, fan.start)?, listed.start, raw_len)?;
    (listed.len() == names.count().checked_mul(raw_len)?).then_some(names)
}

/// Whether the chunk `BASE` is that of a file which stands on these.
fn is_base(bytes: &FileBytes, base: Range<usize>, beneath: &[Oid]) -> Option<bool> {
    let hashes: Vec<u8> = beneath.iter().flat_map(Oid::as_bytes).copied().collect();
    if base.len() != hashes.len() {
        return Some(false);
    }
    let mut room = vec![0; base.len()];
    Some(bytes.get(base.start, &mut room)? == hashes)
}

fn read<const LEN: usize>(bytes: &FileBytes, at: usize) -> Option<[u8; LEN]> {
    bytes.get(at, &mut [0; LEN])?.first_chunk().copied()
}
