//! Loose objects: each a file of its own, compressed, with its kind and size before it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::inflate::Inflater;
use super::reader::Kind;
use crate::git::file_bytes::FileBytes;
use crate::update::Oid;

/// More than any kind and size take.
const HEAD: usize = 32;

/// The raw bytes of an object of this kind that lies in one of the object folders; `None` where
/// there is none that can be understood.
pub(super) fn read(
    folders: &[PathBuf],
    oid: Oid,
    kind: Kind,
    inflater: &mut Inflater,
) -> Option<Vec<u8>> {
    // What is new is asked for first, and lies in the last of them.
    let mut paths = folders.iter().rev().map(|folder| path(folder, oid));
    let stream = paths.find_map(|path| whole(&path, kind.largest()))?;
    object(&stream, kind, inflater)
}

/// Returns true if and only if the object is no file in that object folder.
pub(super) fn is_absent(folder: &Path, oid: Oid) -> bool {
    let about = path(folder, oid).symlink_metadata();
    about.is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Where the object is, if it is a file in that object folder.
fn path(folder: &Path, oid: Oid) -> PathBuf {
    let name = oid.to_string();
    let (first, rest) = name.split_at_checked(2).unwrap_or_default();
    folder.join(first).join(rest)
}

/// A file of no more than `largest` bytes.
fn whole(path: &Path, largest: usize) -> Option<Vec<u8>> {
    let bytes = FileBytes::open(path).ok()?;
    let len = Some(bytes.len()).filter(|len| *len <= largest)?;
    let mut raw = vec![0; len];
    bytes.read(0, &mut raw)?;
    Some(raw)
}

fn object(stream: &[u8], kind: Kind, inflater: &mut Inflater) -> Option<Vec<u8>> {
    let mut room = [0; HEAD];
    let head = inflater.first(&mut room, stream)?;
    let end = head.iter().position(|byte| *byte == 0)?;
    let size = head.get(..end)?.strip_prefix(kind.name())?;
    let size = number(size.strip_prefix(b" ")?).filter(|size| *size <= kind.largest())?;
    let mut raw = Vec::new();
    let whole = end + 1 + size;
    inflater.append(&mut raw, stream, whole, whole)?;
    raw.drain(..=end);
    Some(raw)
}

fn number(digits: &[u8]) -> Option<usize> {
    let is_plain = digits.iter().all(u8::is_ascii_digit);
    let digits = str::from_utf8(digits).ok().filter(|_| is_plain)?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use git2::{ObjectType, Repository};

    use super::*;

    /// An object folder with a blob of these contents, its name, and its file.
    fn stored(contents: &[u8]) -> (tempfile::TempDir, Oid, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repository::init_bare(folder.path()).unwrap();
        let oid = repo.odb().unwrap().write(ObjectType::Blob, contents);
        let name = oid.unwrap().to_string();
        let (first, rest) = name.split_at(2);
        let file = folder.path().join("objects").join(first).join(rest);
        (folder, Oid::from_hex(name.as_bytes()).unwrap(), file)
    }

    fn read_as(folder: &Path, oid: Oid, kind: Kind) -> Option<Vec<u8>> {
        let folders = [folder.join("objects"), folder.join("gone")];
        read(&folders, oid, kind, &mut Inflater::default())
    }

    #[test]
    fn contents_of_any_size_are_read() {
        for size in [0, 1, HEAD - 8, HEAD - 7, HEAD, 1000, 1 << 20] {
            let contents: Vec<u8> = (0..=250).cycle().take(size).collect();
            let (folder, oid, _) = stored(&contents);
            let found = read_as(folder.path(), oid, Kind::Blob);
            assert_eq!(found.as_deref(), Some(&contents[..]), "{size}");
            for other in [Kind::Tree, Kind::Commit] {
                assert_eq!(read_as(folder.path(), oid, other), None);
            }
        }
        let (folder, oid, _) = stored(&vec![0; Kind::Blob.largest() + 1]);
        assert_eq!(read_as(folder.path(), oid, Kind::Blob), None);
    }

    #[test]
    fn what_is_damaged_is_not_something_else() {
        let (folder, oid, file) = stored(b"contents");
        let whole = std::fs::read(&file).unwrap();
        let read_instead = |raw: &[u8]| {
            std::fs::remove_file(&file).unwrap();
            std::fs::write(&file, raw).unwrap();
            read_as(folder.path(), oid, Kind::Blob)
        };
        assert_eq!(read_instead(&whole).as_deref(), Some(&b"contents"[..]));
        for len in 0..whole.len() {
            assert_eq!(read_instead(&whole[..len]), None, "cut off at {len}");
        }
        for at in 0..whole.len() {
            let mut raw = whole.clone();
            raw[at] ^= 0x10;
            // A few bits at the end of the last block mean nothing.
            let found = read_instead(&raw);
            assert!(found.is_none_or(|found| found == b"contents"), "byte {at}");
        }
    }

    #[test]
    fn what_it_says_of_itself_must_be_true() {
        let compressed = |raw: &[u8]| {
            // No compression: a block as it is, and the sum of its bytes.
            let (mut low, mut high) = (1_u32, 0_u32);
            for byte in raw {
                low = (low + u32::from(*byte)) % 65_521;
                high = (high + low) % 65_521;
            }
            let len = u16::try_from(raw.len()).unwrap();
            let mut stream = vec![0x78, 0x01, 0x01];
            stream.extend(len.to_le_bytes());
            stream.extend((!len).to_le_bytes());
            stream.extend(raw);
            stream.extend((high << 16 | low).to_be_bytes());
            stream
        };
        let read = |raw: &[u8]| object(&compressed(raw), Kind::Blob, &mut Inflater::default());
        assert_eq!(read(b"blob 2\0ab").as_deref(), Some(&b"ab"[..]));
        for wrong in [
            &b"blob 1\0ab"[..],
            b"blob 3\0ab",
            b"blob 18446744073709551615\0ab",
            b"blob -2\0ab",
            b"blob +2\0ab",
            b"blob\0ab",
            b"blobs 2\0ab",
            b"blob 2",
            b"",
        ] {
            assert_eq!(read(wrong), None, "{}", String::from_utf8_lossy(wrong));
        }
    }
}
