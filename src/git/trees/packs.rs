//! Objects straight out of packs, for walks that read many versions of the same folder.
//!
//! A pack keeps most tree objects as deltas: how to make one out of another, which is a delta
//! itself, and so on, up to fifty steps or more. Read one at a time, each object costs its whole
//! chain. But the versions of one folder are on one chain, and who reads them in the order of
//! history goes along it: every object that was put together on the way is kept, by its place in
//! the pack, until it is asked for, and the next one is a single step from there. So no delta is
//! inflated twice, as long as what is kept holds about one chain.
//!
//! This is no object database. What it doesn't find, or can't make sense of, it leaves to
//! libgit2, whose answer counts: loose objects, packs that came later, and every fault.

use std::ops::Range;
use std::path::{Path, PathBuf};

use gix_pack::data::Entry;
use gix_pack::data::entry::Header;
use gix_zlib::{Inflate, Status};

use super::pack_index::PackIndex;
use super::store::Store;
use super::{Bytes, delta};
use crate::update::{ObjectFormat, Oid};

/// How long a chain may be: git's own limit. What is longer goes in circles.
const LONGEST_CHAIN: usize = 4096;
/// What is left free behind an entry that is inflated, in bytes. Where less is left than the longest
/// copy, each byte is checked for itself; and most deltas are shorter than that.
const ROOM: usize = 320;

/// How large a piece of memory is that tells the allocator how much to keep, in bytes.
const LARGE: usize = 4 << 20;

/// The packs of a repository, as they are at one moment. Threads can share them.
pub(in crate::git) struct Packs {
    packs: Vec<Pack>,
    format: ObjectFormat,
}

struct Pack {
    index: PackIndex,
    data: gix_pack::data::File,
}

/// Where an object's entry begins: in which pack, and at which byte.
type Place = (usize, u64);

impl Packs {
    /// Opens what can be opened in these object folders.
    pub fn open(folders: &[PathBuf], format: ObjectFormat) -> Self {
        keep_freed_memory();
        let files = folders.iter().flat_map(|folder| index_files(folder));
        let packs = files.filter_map(|index| Pack::open(&index, format));
        Self {
            packs: packs.collect(),
            format,
        }
    }

    /// Looks in the pack `first` before all others.
    fn find(&self, oid: Oid, first: usize) -> Option<Place> {
        let others = (0..self.packs.len()).filter(|at| *at != first);
        std::iter::once(first).chain(others).find_map(|at| {
            let offset = self.packs.get(at)?.index.find(oid.as_bytes())?;
            Some((at, offset))
        })
    }
}

/// Has glibc's allocator keep what is freed, instead of giving it back to the system, from where the
/// next object's memory comes anew, page by page: it learns from the first large piece that is freed
/// how much that may be, twice as many bytes (see `M_TRIM_THRESHOLD` in mallopt(3)).
fn keep_freed_memory() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE)));
}

fn index_files(objects: &Path) -> Vec<PathBuf> {
    let Ok(entries) = objects.join("pack").read_dir() else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "idx"))
        .collect();
    found.sort_unstable();
    found
}

impl Pack {
    fn open(index: &Path, format: ObjectFormat) -> Option<Self> {
        let kind = match format {
            ObjectFormat::Sha1 => gix_hash::Kind::Sha1,
            ObjectFormat::Sha256 => gix_hash::Kind::Sha256,
        };
        Some(Self {
            index: PackIndex::open(index, format)?,
            data: gix_pack::data::File::at(index.with_extension("pack"), kind).ok()?,
        })
    }
}

/// What kind of objects a reader reads: all of a chain are of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::git) enum Kind {
    Tree,
    Blob,
    Commit,
}

impl Kind {
    /// How large an object may be, and so may those that it is made out of: no tree that anybody
    /// works with is larger, no file that is merged here, and no commit that anybody wrote.
    fn largest(self) -> usize {
        match self {
            Self::Tree => 64 << 20,
            Self::Blob | Self::Commit => 4 << 20,
        }
    }

    /// How many objects libgit2 reads, which has everything open already, before it is worth it to
    /// open the packs here.
    fn few(self) -> usize {
        match self {
            Self::Tree => 64,
            Self::Blob | Self::Commit => 16,
        }
    }

    /// How many bytes are kept of objects that weren't asked for yet, about a chain; of those that
    /// were, half as many. Merges of one range ask for files here and there, and a file is
    /// some five times as large as a folder.
    fn kept(self) -> usize {
        match self {
            Self::Tree => 8 << 20,
            Self::Blob => 24 << 20,
            // Nearly all are whole in the pack, and asked for once.
            Self::Commit => 1 << 20,
        }
    }
}

/// Reads objects of one kind, and keeps some of them for those that are made out of them.
pub(in crate::git) struct PackReader {
    kind: Kind,
    /// Made when it is first needed: its tables are as large as all else that a short push reads.
    inflate: Option<Inflate>,
    /// What was asked for.
    asked: Store<Place, Bytes>,
    /// What was put together on the way to that.
    ahead: Store<Place, Bytes>,
    /// How many objects are still left to libgit2.
    few: usize,
    /// The pack that had the last object.
    last: usize,
    /// The deltas of the chain at hand, one behind the other.
    deltas: Vec<u8>,
}

impl PackReader {
    /// A reader that has read nothing yet.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            inflate: None,
            asked: Store::new(kind.kept() / 2),
            ahead: Store::new(kind.kept()),
            few: kind.few(),
            last: 0,
            deltas: Vec::new(),
        }
    }

    /// The same, with so many objects left to libgit2.
    pub fn after(self, few: usize) -> Self {
        Self { few, ..self }
    }

    /// Counts an object that is to be read; true once there were enough to open the packs for.
    pub fn count(&mut self) -> bool {
        let left = self.few.checked_sub(1);
        self.few = left.unwrap_or_default();
        left.is_none()
    }

    /// The raw bytes of an object; `None` for whatever libgit2 has to be asked about.
    pub fn object(&mut self, packs: &Packs, oid: Oid) -> Option<Bytes> {
        debug_assert_eq!(packs.format, oid.format());
        let place = packs.find(oid, self.last)?;
        self.last = place.0;
        let known = self.asked.get(&place);
        if known.is_some() {
            return known;
        }
        let object = match self.ahead.take(&place) {
            Some(object) => object,
            None => self.read(packs, place)?,
        };
        Some(self.asked.put(place, object))
    }

    /// From now on, so many bytes are kept of more than a few objects that were asked for.
    pub fn keep_near(&mut self, near: usize) {
        self.asked.keep_near(near);
    }

    /// What comes next lies on other chains.
    pub fn leave_chains(&mut self) {
        self.ahead.clear();
    }

    fn read(&mut self, packs: &Packs, place: Place) -> Option<Bytes> {
        let pack = packs.packs.get(place.0)?;
        let mut chain = Vec::new();
        self.deltas.clear();
        let mut object = self.start_of_chain(pack, place, &mut chain)?;
        for Step { offset, delta } in chain.into_iter().rev() {
            let delta = self.deltas.get(delta)?;
            object = delta::apply(&object, delta, self.kind.largest())?.into();
            if offset != place.1 {
                self.ahead.put((place.0, offset), Bytes::clone(&object));
            }
        }
        Some(object)
    }

    /// The object nearest to a place from which the one there can be made: one that is kept, or one
    /// that is whole in the pack. What leads from it to there is noted, the last step first.
    fn start_of_chain(
        &mut self,
        pack: &Pack,
        (at, mut offset): Place,
        chain: &mut Vec<Step>,
    ) -> Option<Bytes> {
        while chain.len() <= LONGEST_CHAIN {
            let known = self.ahead.get(&(at, offset));
            if let Some(known) = known.or_else(|| self.asked.get(&(at, offset))) {
                return Some(known);
            }
            let entry = pack.data.entry(offset).ok()?;
            if let (Header::Tree, Kind::Tree)
            | (Header::Blob, Kind::Blob)
            | (Header::Commit, Kind::Commit) = (entry.header, self.kind)
            {
                let object = Bytes::new(self.inflate(pack, &entry, Vec::new())?);
                if !chain.is_empty() {
                    self.ahead.put((at, offset), Bytes::clone(&object));
                }
                return Some(object);
            }
            let base = match entry.header {
                Header::OfsDelta { base_distance } => {
                    entry.checked_base_pack_offset(base_distance)?
                }
                Header::RefDelta { base_id } => pack.index.find(base_id.as_bytes())?,
                Header::Tree | Header::Blob | Header::Commit | Header::Tag => return None,
            };
            let deltas = std::mem::take(&mut self.deltas);
            let start = deltas.len();
            self.deltas = self.inflate(pack, &entry, deltas)?;
            let delta = start..self.deltas.len();
            chain.push(Step { offset, delta });
            offset = base;
        }
        None
    }

    /// What an entry holds, behind what `out` holds already. It must be as long as the entry says.
    fn inflate(&mut self, pack: &Pack, entry: &Entry, mut out: Vec<u8>) -> Option<Vec<u8>> {
        let start = out.len();
        let size = usize::try_from(entry.decompressed_size).ok()?;
        let end = start.checked_add(size)?;
        if end > self.kind.largest() {
            return None;
        }
        out.resize(end + ROOM, 0);
        let free = out.get_mut(start..)?;
        let whole = u64::try_from(pack.data.pack_end()).ok()?;
        let stream = pack.data.entry_slice(entry.data_offset..whole)?;
        let inflate = self.inflate.get_or_insert_default();
        inflate.reset();
        let (status, _, written) = inflate.once(stream, free).ok()?;
        out.truncate(end);
        (status == Status::StreamEnd && written == size).then_some(out)
    }
}

/// How the object at an offset is made from the one before it in its chain.
struct Step {
    offset: u64,
    /// Where its delta is in [`PackReader::deltas`].
    delta: Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with one tree object, packed, and the pack's file.
    fn packed() -> (tempfile::TempDir, Oid, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let repo = git2::Repository::init_bare(folder.path()).unwrap();
        let mut raw = b"100644 a\0".to_vec();
        raw.extend([7; 20]);
        let odb = repo.odb().unwrap();
        let name = odb.write(git2::ObjectType::Tree, &raw).unwrap();
        let mut builder = repo.packbuilder().unwrap();
        builder.insert_object(name, None).unwrap();
        let objects = folder.path().join("objects/pack");
        builder.write(&objects, 0).unwrap();
        let files = objects.read_dir().unwrap();
        let mut paths = files.map(|file| file.unwrap().path());
        let pack = paths.find(|path| path.extension().is_some_and(|end| end == "pack"));
        (
            folder,
            Oid::from_bytes(name.as_bytes()).unwrap(),
            pack.unwrap(),
        )
    }

    #[test]
    fn what_is_as_long_as_it_says_is_read_and_nothing_else() {
        const FIRST: usize = 12;
        let (folder, name, pack) = packed();
        let whole = std::fs::read(&pack).unwrap();
        let read_as = |kind, raw: &[u8]| {
            std::fs::remove_file(&pack).unwrap();
            std::fs::write(&pack, raw).unwrap();
            let packs = Packs::open(&[folder.path().join("objects")], ObjectFormat::Sha1);
            PackReader::new(kind).object(&packs, name)
        };
        let read = |raw: &[u8]| read_as(Kind::Tree, raw);
        assert_eq!(read(&whole).unwrap().len(), 29);
        for other in [Kind::Blob, Kind::Commit] {
            assert!(read_as(other, &whole).is_none(), "{other:?}");
        }
        // The lowest bits of the length stand in an entry's first byte.
        for wrong in [1, 2, 0xf] {
            let mut raw = whole.clone();
            raw[FIRST] ^= wrong;
            assert!(read(&raw).is_none(), "{wrong}");
        }
        let mut raw = whole;
        raw[FIRST + 6] ^= 0x55;
        assert!(read(&raw).is_none(), "the stream is damaged");
    }
}
