//! Objects straight out of packs, for walks that read many versions of the same folder; and out of
//! the files of loose ones.
//!
//! A pack keeps most tree objects as deltas: how to make one out of another, which is a delta
//! itself, and so on, up to fifty steps or more. Read one at a time, each object costs its whole
//! chain. But the versions of one folder are on one chain, and who reads them in the order of
//! history goes along it: every object that was put together on the way is kept, by its place in
//! the pack, until it is asked for, and the next one is a single step from there. So no delta is
//! inflated twice, as long as what is kept holds about one chain.
//!
//! What a push brings lies in a pack of its own, and of what was there before it is compared with
//! one version of each folder: on the way to that one nothing is met that is asked for later. So
//! nothing is kept of a chain in another pack than the last object's.
//!
//! This is no object database. What it doesn't find, or can't make sense of, it leaves to
//! libgit2, whose answer counts: alternates, packs that came later, and every fault.

use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;

use gix_pack::data::entry::Header;

use super::inflate::Inflater;
use super::packs::{Packs, Place};
use super::store::Store;
use super::{Bytes, delta, loose};
use crate::update::{ObjectFormat, Oid};

/// How long a chain may be: git's own limit. What is longer goes in circles.
const LONGEST_CHAIN: usize = 4096;
/// How many bytes the deltas of one chain may have: more than those of any folder or file.
const MOST_DELTAS: usize = 64 << 20;
/// How large a piece of memory is that tells the allocator how much to keep, in bytes.
const LARGE: usize = 4 << 20;

/// The files that a repository's objects are in, those of a push at hand included. Threads can
/// share them.
pub(in crate::git) struct ObjectFiles {
    folders: Vec<PathBuf>,
    packs: Packs,
}

impl ObjectFiles {
    /// Those in these object folders.
    pub fn in_folders(folders: Vec<PathBuf>, format: ObjectFormat) -> Self {
        keep_freed_memory();
        let packs = Packs::in_folders(&folders, format);
        Self { folders, packs }
    }

    /// How many packs there are in the first folder, the repository's own.
    pub fn own_packs(&self) -> usize {
        self.packs.own()
    }

    /// Returns true if the object isn't found in the first folder. False says nothing.
    pub fn own_lack(&self, oid: Oid) -> bool {
        let own = self.folders.first();
        own.is_some_and(|own| loose::is_absent(own, oid)) && self.packs.own_lack(oid)
    }
}

/// Has glibc's allocator keep what is freed, instead of giving it back to the system, from where the
/// next object's memory comes anew, page by page: it learns from the first large piece that is freed
/// how much that may be, twice as many bytes (see `M_TRIM_THRESHOLD` in mallopt(3)).
fn keep_freed_memory() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE)));
}

/// What kind of objects a reader reads: all of a chain are of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::git) enum Kind {
    Tree,
    Blob,
    Commit,
}

impl Kind {
    /// The word in the file of a loose object.
    pub(super) fn name(self) -> &'static [u8] {
        match self {
            Self::Tree => b"tree",
            Self::Blob => b"blob",
            Self::Commit => b"commit",
        }
    }

    /// How large an object may be, and so may those that it is made out of: no tree that anybody
    /// works with is larger, no file that is merged here, and no commit that anybody wrote.
    pub const fn largest(self) -> usize {
        match self {
            Self::Tree => 64 << 20,
            Self::Blob => 1 << 20,
            Self::Commit => 4 << 20,
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

    fn is_of(self, header: &Header) -> bool {
        matches!(
            (header, self),
            (Header::Tree, Self::Tree)
                | (Header::Blob, Self::Blob)
                | (Header::Commit, Self::Commit)
        )
    }
}

/// Reads objects of one kind, and keeps some of them for those that are made out of them.
pub(in crate::git) struct ObjectReader {
    kind: Kind,
    inflater: Inflater,
    /// What was asked for.
    asked: Store<Place, Bytes>,
    /// What was put together on the way to that.
    ahead: Store<Place, Bytes>,
    /// The pack that had the last object.
    last: usize,
    /// The last object that was none of a pack's.
    last_loose: Option<(Oid, Bytes)>,
    /// The deltas of the chain at hand, one behind the other.
    deltas: Vec<u8>,
    /// What was read of an entry.
    raw: Vec<u8>,
}

impl ObjectReader {
    /// A reader that has read nothing yet.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            inflater: Inflater::default(),
            asked: Store::new(kind.kept() / 2),
            ahead: Store::new(kind.kept()),
            last: 0,
            last_loose: None,
            deltas: Vec::new(),
            raw: Vec::new(),
        }
    }

    /// The raw bytes of an object; `None` for whatever libgit2 has to be asked about.
    pub fn object(&mut self, files: &ObjectFiles, oid: Oid) -> Option<Bytes> {
        let Some(place) = files.packs.find(oid, self.last) else {
            return self.loose(files, oid);
        };
        let is_near = std::mem::replace(&mut self.last, place.0) == place.0;
        let known = self.asked.get(&place);
        if known.is_some() {
            return known;
        }
        let object = match self.ahead.take(&place) {
            Some(object) => object,
            None => self.read(&files.packs, place, is_near)?,
        };
        Some(self.asked.put(place, object))
    }

    /// A commit is asked for to see that it is one, and again to read it.
    fn loose(&mut self, files: &ObjectFiles, oid: Oid) -> Option<Bytes> {
        if let Some((_, raw)) = self.last_loose.as_ref().filter(|(last, _)| *last == oid) {
            return Some(Bytes::clone(raw));
        }
        let raw = loose::read(&files.folders, oid, self.kind, &mut self.inflater)?;
        let (_, raw) = self.last_loose.insert((oid, Bytes::new(raw)));
        Some(Bytes::clone(raw))
    }

    /// From now on, so many bytes are kept of more than a few objects that were asked for.
    pub fn keep_near(&mut self, near: usize) {
        self.asked.keep_near(near);
    }

    /// What comes next lies on other chains.
    pub fn leave_chains(&mut self) {
        self.ahead.clear();
    }

    /// Puts the object at a place together; keeps what it meets on the way if that `is_near`.
    fn read(&mut self, packs: &Packs, place: Place, is_near: bool) -> Option<Bytes> {
        let mut chain = Vec::new();
        self.deltas.clear();
        let (start, mut object) = self.start_of_chain(packs, place, &mut chain)?;
        if let Some(start) = start.filter(|start| is_near && *start != place) {
            self.ahead.put(start, Bytes::clone(&object));
        }
        let mut room = Vec::new();
        for Step { place: at, delta } in chain.into_iter().rev() {
            let delta = self.deltas.get(delta)?;
            let made = delta::apply(&object, delta, self.kind.largest(), room)?;
            // What nobody keeps makes room for the next one.
            let before = std::mem::replace(&mut object, Bytes::new(made));
            room = Rc::into_inner(before).unwrap_or_default();
            if is_near && at != place {
                self.ahead.put(at, Bytes::clone(&object));
            }
        }
        Some(object)
    }

    /// The object nearest to a place from which the one there can be made: one that is kept, or one
    /// that is whole in the pack, with its own place. What leads from it to there is noted, the last
    /// step first.
    fn start_of_chain(
        &mut self,
        packs: &Packs,
        mut at: Place,
        chain: &mut Vec<Step>,
    ) -> Option<(Option<Place>, Bytes)> {
        let largest = self.kind.largest();
        while chain.len() <= LONGEST_CHAIN {
            let known = self.ahead.get(&at);
            if let Some(known) = known.or_else(|| self.asked.get(&at)) {
                return Some((None, known));
            }
            let (entry, stream) = packs.entry(at, &mut self.raw)?;
            let size = usize::try_from(entry.decompressed_size).ok()?;
            if self.kind.is_of(&entry.header) {
                let mut object = Vec::new();
                self.inflater.append(&mut object, stream, size, largest)?;
                return Some((Some(at), Bytes::new(object)));
            }
            let base = match entry.header {
                Header::OfsDelta { base_distance } => {
                    (at.0, entry.checked_base_pack_offset(base_distance)?)
                }
                Header::RefDelta { base_id } => packs.find_in(at.0, base_id.as_bytes())?,
                Header::Tree | Header::Blob | Header::Commit | Header::Tag => return None,
            };
            let start = self.deltas.len();
            self.inflater
                .append(&mut self.deltas, stream, size, MOST_DELTAS)?;
            let delta = start..self.deltas.len();
            // Before all that it is made out of is read.
            if delta::size_made(self.deltas.get(start..)?)? > largest {
                return None;
            }
            chain.push(Step { place: at, delta });
            at = base;
        }
        None
    }
}

/// How the object at a place is made from the one before it in its chain.
struct Step {
    place: Place,
    /// Where its delta is in [`ObjectReader::deltas`].
    delta: Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: ObjectFormat = ObjectFormat::Sha1;

    /// A repository with one tree object, packed, and the pack's file.
    fn packed(raw: &[u8]) -> (tempfile::TempDir, Oid, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let repo = git2::Repository::init_bare(folder.path()).unwrap();
        let name = pack(&repo, raw);
        let files = folder.path().join("objects/pack").read_dir().unwrap();
        let mut paths = files.map(|file| file.unwrap().path());
        let pack = paths.find(|path| path.extension().is_some_and(|end| end == "pack"));
        (folder, name, pack.unwrap())
    }

    /// Makes a pack of one tree object.
    fn pack(repo: &git2::Repository, raw: &[u8]) -> Oid {
        let odb = repo.odb().unwrap();
        let name = odb.write(git2::ObjectType::Tree, raw).unwrap();
        let mut builder = repo.packbuilder().unwrap();
        builder.insert_object(name, None).unwrap();
        let folder = repo.path().join("objects/pack");
        builder.write(&folder, 0).unwrap();
        Oid::from_bytes(name.as_bytes()).unwrap()
    }

    #[test]
    fn there_may_be_any_number_of_packs() {
        let folder = tempfile::tempdir().unwrap();
        let repo = git2::Repository::init_bare(folder.path()).unwrap();
        let raw = |at| format!("100644 {at:03}\0aaaaaaaaaaaaaaaaaaaa").into_bytes();
        let names: Vec<Oid> = (0..150).map(|at| pack(&repo, &raw(at))).collect();
        let files = ObjectFiles::in_folders(vec![folder.path().join("objects")], FORMAT);
        let mut reader = ObjectReader::new(Kind::Tree);
        for (at, name) in names.iter().enumerate() {
            assert_eq!(*reader.object(&files, *name).unwrap(), raw(at));
        }
        // All are loose as well, but none was read there.
        assert!(reader.last_loose.is_none());
    }

    #[test]
    fn what_is_as_long_as_it_says_is_read_and_nothing_else() {
        const FIRST: usize = 12;
        let (folder, name, pack) = packed(b"100644 a\0aaaaaaaaaaaaaaaaaaaa");
        let whole = std::fs::read(&pack).unwrap();
        let read_as = |kind, raw: &[u8]| {
            std::fs::remove_file(&pack).unwrap();
            std::fs::write(&pack, raw).unwrap();
            let folders = vec![folder.path().join("objects")];
            let files = ObjectFiles::in_folders(folders, FORMAT);
            ObjectReader::new(kind).object(&files, name)
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

    #[test]
    fn an_entry_of_any_size_is_read_by_pieces_and_whole() {
        for count in [0, 1, 10, 100, 5000] {
            let entry = |at: u32| {
                let name = at.wrapping_mul(0x9e37_79b9).to_be_bytes().repeat(5);
                [format!("100644 {at:08}\0").as_bytes(), &name].concat()
            };
            let raw: Vec<u8> = (0..count).flat_map(entry).collect();
            let (folder, name, _) = packed(&raw);
            let folders = vec![folder.path().join("objects")];
            let files = ObjectFiles::in_folders(folders, FORMAT);
            // Sooner or later the files are mapped.
            for _ in 0..70 {
                let found = ObjectReader::new(Kind::Tree).object(&files, name);
                assert_eq!(*found.unwrap(), raw, "{count}");
            }
        }
    }
}
