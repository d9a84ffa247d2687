//! The packs of a repository: where objects stand in them, and what is written there.
//!
//! Each pack is opened when something is looked for in it. Little is read: a push of one commit
//! needs some five objects of a hundred megabytes. Where nobody packs there may be hundreds of them:
//! files can't stay open for all.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gix_pack::data::{Entry, header};

use super::pack_index::PackIndex;
use crate::git::file_bytes::FileBytes;
use crate::update::{ObjectFormat, Oid};

/// How many bytes are read of an entry at first. Most deltas are shorter, and most commits.
const FIRST: usize = 512;
/// How many packs are read in pieces, for which their files stay open.
const MOST_OPEN: usize = 100;

/// The packs of a repository, as they are at one moment. Threads can share them.
pub(super) struct Packs {
    all: Vec<Pack>,
    /// How many of them are in the first folder: the first ones.
    own: usize,
    format: ObjectFormat,
}

/// Where an object's entry begins: in which pack, and at which byte.
pub(super) type Place = (usize, u64);

/// An entry, and its compressed bytes, which others may follow.
pub(super) type Packed<'b> = (Entry, &'b [u8]);

struct Pack {
    /// The index file.
    path: PathBuf,
    stays_open: bool,
    /// `None` in these where there is none that makes sense.
    index: OnceLock<Option<PackIndex>>,
    data: OnceLock<Option<Data>>,
}

/// The file with the entries.
struct Data {
    bytes: FileBytes,
    /// Where the entries end, and the pack's hash begins.
    end: usize,
    format: ObjectFormat,
}

impl Packs {
    /// The packs in these object folders.
    pub fn in_folders(folders: &[PathBuf], format: ObjectFormat) -> Self {
        let files: Vec<_> = folders.iter().map(|folder| index_files(folder)).collect();
        let own = files.first().map_or(0, Vec::len);
        let packs = files
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(at, path)| Pack {
                path,
                stays_open: at < MOST_OPEN,
                index: OnceLock::new(),
                data: OnceLock::new(),
            });
        Self {
            all: packs.collect(),
            own,
            format,
        }
    }

    /// How many packs the first folder has.
    pub fn own(&self) -> usize {
        self.own
    }

    /// Returns true if the object isn't found in any of these. False also where one makes no sense.
    pub fn own_lack(&self, oid: Oid) -> bool {
        let lacks = |index: &PackIndex| index.find(oid.as_bytes()).is_none();
        (0..self.own).all(|at| self.index(at).is_some_and(lacks))
    }

    /// Where the object stands. Looks in the pack `first` before all others.
    pub fn find(&self, oid: Oid, first: usize) -> Option<Place> {
        let others = (0..self.all.len()).filter(|at| *at != first);
        std::iter::once(first).chain(others).find_map(|at| {
            let offset = self.index(at)?.find(oid.as_bytes())?;
            Some((at, offset))
        })
    }

    /// Where the object stands in that pack.
    pub fn find_in(&self, pack: usize, name: &[u8]) -> Option<Place> {
        Some((pack, self.index(pack)?.find(name)?))
    }

    /// The entry at a place, read into `room` if need be.
    pub fn entry<'b>(&'b self, (pack, offset): Place, room: &'b mut Vec<u8>) -> Option<Packed<'b>> {
        let data = self.all.get(pack)?.data(self.format)?;
        match data.bytes.whole() {
            Some(whole) => data.entry_in(whole, offset),
            None => data.entry_read(offset, room),
        }
    }

    fn index(&self, pack: usize) -> Option<&PackIndex> {
        self.all.get(pack)?.index(self.format)
    }
}

impl Pack {
    fn index(&self, format: ObjectFormat) -> Option<&PackIndex> {
        let open = || PackIndex::new(self.open(&self.path)?, format);
        self.index.get_or_init(open).as_ref()
    }

    fn data(&self, format: ObjectFormat) -> Option<&Data> {
        let open = || Data::new(self.open(&self.path.with_extension("pack"))?, format);
        self.data.get_or_init(open).as_ref()
    }

    fn open(&self, path: &Path) -> Option<FileBytes> {
        let bytes = match self.stays_open {
            true => FileBytes::open(path),
            false => FileBytes::open_closed(path),
        };
        bytes.ok()
    }
}

impl Data {
    fn new(bytes: FileBytes, format: ObjectFormat) -> Option<Self> {
        let mut room = [0; header::SIZE];
        let head = bytes.get(0, &mut room)?.first_chunk()?;
        header::decode(head).ok()?;
        let end = bytes.len().checked_sub(format.raw_len())?;
        Some(Self { bytes, end, format })
    }

    fn entry_in<'b>(&self, whole: &'b [u8], offset: u64) -> Option<Packed<'b>> {
        let raw = whole.get(usize::try_from(offset).ok()?..self.end)?;
        let entry = self.head(raw, offset)?;
        let stream = raw.get(entry.header_size()..)?;
        Some((entry, stream))
    }

    fn entry_read<'b>(&self, offset: u64, room: &'b mut Vec<u8>) -> Option<Packed<'b>> {
        let start = usize::try_from(offset).ok()?;
        let left = self.end.checked_sub(start)?;
        room.resize(FIRST.min(left), 0);
        self.bytes.read(start, room)?;
        let entry = self.head(room, offset)?;
        let most = most_compressed(entry.decompressed_size)?;
        let wanted = left.min(entry.header_size().checked_add(most)?);
        if wanted > room.len() {
            room.resize(wanted, 0);
            self.bytes.read(start, room)?;
        }
        let stream = room.get(entry.header_size()..)?;
        Some((entry, stream))
    }

    fn head(&self, raw: &[u8], offset: u64) -> Option<Entry> {
        Entry::from_bytes(raw, offset, kind(self.format)).ok()
    }
}

/// How long a stream can be that zlib's own settings make of so many bytes. One that is longer, as
/// other writers could make it, is left to libgit2.
fn most_compressed(size: u64) -> Option<usize> {
    usize::try_from(size.checked_add(size / 1024)?.checked_add(64)?).ok()
}

fn kind(format: ObjectFormat) -> gix_hash::Kind {
    match format {
        ObjectFormat::Sha1 => gix_hash::Kind::Sha1,
        ObjectFormat::Sha256 => gix_hash::Kind::Sha256,
    }
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
