//! The bytes of a file that nobody changes, of which little may be wanted.
//!
//! To map a file is quick; to touch a page of it for the first time is not: the system then puts
//! some sixteen pages in place, which takes ten times as long as to read a hundred bytes. A push
//! of one commit looks at some thirty places of files of hundreds of megabytes, so these are read.
//! Who goes on to look at more of a file comes upon pages that are in place already: then it is
//! mapped, and nothing is copied any more.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use memmap2::Mmap;

/// How many pieces are read before a large file is mapped, unless its reader knows better: more than
/// a push of one commit asks for. What longer walks ask for lies close together, so that they come
/// off worse with far more.
const FEW: usize = 64;
/// How many bytes the system puts in place together, where nobody has touched any of them.
const STRETCH: usize = 64 << 10;
/// To read so many pieces takes about as long as that.
const PIECES: usize = 8;

/// A file's bytes. Threads can share them.
pub(super) struct FileBytes {
    /// `None` if it was mapped at once.
    file: Option<File>,
    len: usize,
    /// How many pieces are still to be read.
    left: AtomicUsize,
    /// `None` in it if the file can't be mapped: then reading goes on.
    map: OnceLock<Option<Mmap>>,
}

impl FileBytes {
    /// Opens a regular file that is only ever replaced by another one, as git does it with packs,
    /// their indexes and commit-graphs.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(io::Error::other("this is no regular file"));
        }
        let len = usize::try_from(about.len()).map_err(io::Error::other)?;
        Ok(Self::of(file, len))
    }

    fn of(file: File, len: usize) -> Self {
        Self {
            file: Some(file),
            len,
            left: AtomicUsize::new(pieces(len, FEW)),
            map: OnceLock::new(),
        }
    }

    /// The same file, with pieces and a map of its own; `None` if it doesn't stay open, or there are
    /// too many open files.
    pub fn again(&self) -> Option<Self> {
        let file = self.file.as_ref()?.try_clone().ok()?;
        Some(Self::of(file, self.len))
    }

    /// The same for one of many files: it doesn't stay open, and so is mapped at once.
    pub fn open_closed(path: &Path) -> io::Result<Self> {
        let mut bytes = Self::open(path)?;
        bytes.map = OnceLock::from(bytes.map());
        bytes.file = None;
        Ok(bytes)
    }

    /// The same with up to so many pieces read before it is mapped.
    pub fn mapped_after(self, most: usize) -> Self {
        let left = AtomicUsize::new(pieces(self.len, most));
        Self { left, ..self }
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// As many bytes as `room` has, from `start` on, be it in there; `None` where the file ends
    /// before, or can't be read.
    pub fn get<'b>(&'b self, start: usize, room: &'b mut [u8]) -> Option<&'b [u8]> {
        match self.whole() {
            Some(whole) => whole.get(start..start.checked_add(room.len())?),
            None => self.read(start, room).map(|()| &*room),
        }
    }

    /// Reads as many bytes as `room` has.
    pub fn read(&self, start: usize, room: &mut [u8]) -> Option<()> {
        if start.checked_add(room.len())? > self.len {
            return None;
        }
        let offset = u64::try_from(start).ok()?;
        self.file.as_ref()?.read_exact_at(room, offset).ok()
    }

    /// The whole file, if it is mapped by now.
    pub fn mapped(&self) -> Option<&[u8]> {
        self.map.get()?.as_deref()
    }

    /// The same for one more piece that is wanted; if it is `None`, that is to be read.
    pub fn whole(&self) -> Option<&[u8]> {
        if let Some(map) = self.map.get() {
            return map.as_deref();
        }
        let count = |left: usize| left.checked_sub(1);
        let relaxed = Ordering::Relaxed;
        match self.left.fetch_update(relaxed, relaxed, count) {
            Ok(_) => None,
            Err(_) => self.map.get_or_init(|| self.map()).as_deref(),
        }
    }

    fn map(&self) -> Option<Mmap> {
        let file = self.file.as_ref()?;
        #[allow(unsafe_code)]
        // SAFETY: git never changes such a file, it writes another one and renames it. Who cuts a
        // file off in the repository of a server can't be helped: a hook that is killed refuses.
        let map = unsafe { Mmap::map(file) };
        map.ok().filter(|map| map.len() >= self.len)
    }
}

/// How many pieces of a file of that length are read before it is mapped: `most`, unless all of it is
/// in place sooner.
fn pieces(len: usize, most: usize) -> usize {
    (len.div_ceil(STRETCH) * PIECES).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_is_the_same_however_it_is_come_by() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let whole: Vec<u8> = (0..=250).cycle().take(1000 * 3 * FEW).collect();
        std::fs::write(&path, &whole).unwrap();
        let bytes = FileBytes::open(&path).unwrap();
        assert_eq!(bytes.len(), whole.len());
        let mut seen = Vec::new();
        for at in 0..2 * FEW {
            let mut room = [0; 100];
            let start = at * 1000;
            let wanted = &whole[start..start + 100];
            assert_eq!(bytes.get(start, &mut room), Some(wanted));
            assert_eq!(bytes.read(start, &mut room), Some(()));
            assert_eq!(room, wanted);
            assert_eq!(bytes.get(whole.len() - 99, &mut room), None);
            assert_eq!(bytes.get(usize::MAX, &mut room), None);
            seen.push(bytes.mapped().is_some());
        }
        assert_eq!((seen.first(), seen.last()), (Some(&false), Some(&true)));
        let again = bytes.again().unwrap();
        assert_eq!(again.get(7, &mut [0; 100]), Some(&whole[7..107]));
        assert!(again.mapped().is_none());
    }

    #[test]
    fn a_small_file_is_mapped_sooner_than_a_large_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let read_of = |len, most| {
            file.as_file().set_len(len).unwrap();
            let bytes = FileBytes::open(file.path()).unwrap().mapped_after(most);
            let is_read = |_: &usize| bytes.get(0, &mut [0]).is_some() && bytes.mapped().is_none();
            (0..=most).take_while(is_read).count()
        };
        assert_eq!(read_of(1, FEW), PIECES);
        assert_eq!(read_of(65_537, FEW), 2 * PIECES);
        assert_eq!(read_of(1 << 20, FEW), FEW);
        assert_eq!(read_of(1 << 30, 1024), 1024);
    }

    #[test]
    fn a_file_that_is_closed_has_the_same_bytes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(FileBytes::open_closed(file.path()).unwrap().len(), 0);
        std::fs::write(file.path(), b"bytes").unwrap();
        let bytes = FileBytes::open_closed(file.path()).unwrap();
        assert!(bytes.file.is_none() && bytes.again().is_none());
        assert_eq!(bytes.get(1, &mut [0; 3]), Some(&b"yte"[..]));
        assert_eq!(bytes.get(3, &mut [0; 3]), None);
    }

    #[test]
    fn a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(FileBytes::open(folder.path()).is_err());
        assert!(FileBytes::open(&folder.path().join("gone")).is_err());
    }

    #[test]
    fn a_file_that_was_cut_off_is_not_read_beyond() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, [7; 100]).unwrap();
        let bytes = FileBytes::open(&path).unwrap();
        std::fs::write(&path, [7; 50]).unwrap();
        assert_eq!(bytes.get(40, &mut [0; 20]), None);
        assert_eq!(bytes.get(40, &mut [0; 10]), Some(&[7; 10][..]));
    }
}
