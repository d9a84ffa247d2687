//! The packs of a repository: where objects stand in them, and what is written there.
//!
//! Each pack is opened when something is looked for in it. Little is read: a push of one commit
//! needs some five objects of a hundred megabytes.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use gix_pack::data::{Entry, header};

use super::pack_index::PackIndex;
use crate::git::file_bytes::FileBytes;
use crate::update::{ObjectFormat, Oid};

/// How many bytes are read of an entry at first. Most deltas are shorter, and most commits.
const FIRST: usize = 512;

/// The packs of a repository, as they are at one moment. Threads can share them.
pub(super) struct Packs {
    packs: Vec<Pack>,
    format: ObjectFormat,
}

/// Where an object's entry begins: in which pack, and at which byte.
pub(super) type Place = (usize, u64);

/// An entry, and its compressed bytes, which others may follow.
pub(super) type Packed<'b> = (Entry, &'b [u8]);

struct Pack {
    /// The index file.
    path: PathBuf,
    /// `None` in these where there is none that makes sense.
    index: OnceLock<Option<PackIndex>>,
    data: OnceLock<Option<Data>>,
}

/// The file with the entries.
struct Data {
    bytes: FileBytes,
    /// Where the entries end, and the pack's hash begins.
    end: usize,
}

impl Packs {
    /// The packs in these object folders.
    pub fn in_folders(folders: &[PathBuf], format: ObjectFormat) -> Self {
        let files = folders.iter().flat_map(|folder| index_files(folder));
        let packs = files.map(|path| Pack {
            path,
            index: OnceLock::new(),
            data: OnceLock::new(),
        });
        Self {
            packs: packs.collect(),
            format,
        }
    }

    /// Where the object stands. Looks in the pack `first` before all others.
    pub fn find(&self, oid: Oid, first: usize) -> Option<Place> {
        let others = (0..self.packs.len()).filter(|at| *at != first);
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
        let pack = self.packs.get(pack)?;
        let data = pack.data.get_or_init(|| Data::open(pack, self.format));
        let data = data.as_ref()?;
        let start = usize::try_from(offset).ok()?;
        let left = data.end.checked_sub(start)?;
        let entry = |raw: &[u8]| Entry::from_bytes(raw, offset, kind(self.format)).ok();
        if let Some(whole) = data.bytes.whole() {
            let raw = whole.get(start..data.end)?;
            let entry = entry(raw)?;
            let stream = raw.get(entry.header_size()..)?;
            return Some((entry, stream));
        }
        room.resize(FIRST.min(left), 0);
        data.bytes.read(start, room)?;
        let entry = entry(room)?;
        let most = most_compressed(entry.decompressed_size)?;
        let wanted = left.min(entry.header_size().checked_add(most)?);
        if wanted > room.len() {
            room.resize(wanted, 0);
            data.bytes.read(start, room)?;
        }
        let stream = room.get(entry.header_size()..)?;
        Some((entry, stream))
    }

    fn index(&self, pack: usize) -> Option<&PackIndex> {
        let pack = self.packs.get(pack)?;
        let open = || PackIndex::open(&pack.path, self.format);
        pack.index.get_or_init(open).as_ref()
    }
}

impl Data {
    fn open(pack: &Pack, format: ObjectFormat) -> Option<Self> {
        let bytes = FileBytes::open(&pack.path.with_extension("pack")).ok()?;
        let mut head = [0; header::SIZE];
        bytes.read(0, &mut head)?;
        header::decode(&head).ok()?;
        let end = bytes.len().checked_sub(format.raw_len())?;
        Some(Self { bytes, end })
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
