//! Tree objects, from their raw bytes: what stands in one folder of a commit.
//!
//! What is understood is understood exactly: an object that says anything ambiguous about its paths
//! is refused, never skipped.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::rc::Rc;

use super::trees::Index;
use crate::error::Error;
use crate::update::{ObjectFormat, Oid, is_component};

const CUT_OFF: &str = "a tree entry is cut off or has an unknown mode";

/// What an entry of a tree object is, by its mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// A folder.
    Tree,
    /// A file.
    File,
    /// A file that may be executed.
    Executable,
    /// A symbolic link.
    Link,
    /// A commit of another repository.
    Gitlink,
}

impl Mode {
    /// The mode as git writes it.
    pub fn octal(self) -> &'static str {
        match self {
            Self::Tree => "40000",
            Self::File => "100644",
            Self::Executable => "100755",
            Self::Link => "120000",
            Self::Gitlink => "160000",
        }
    }

    /// Reads a mode as git does: leading zeros are passed over, and of a file's permissions only
    /// the owner's right to execute counts.
    fn parse(digits: &[u8]) -> Option<Self> {
        match digits {
            b"100644" => return Some(Self::File),
            b"100755" => return Some(Self::Executable),
            b"40000" => return Some(Self::Tree),
            _ => {}
        }
        let text = std::str::from_utf8(digits).ok()?;
        if !text.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let bits = u32::from_str_radix(text, 8).ok()?;
        match bits >> 12 {
            0o04 => Some(Self::Tree),
            0o10 if bits & 0o100 != 0 => Some(Self::Executable),
            0o10 => Some(Self::File),
            0o12 => Some(Self::Link),
            0o16 => Some(Self::Gitlink),
            _ => None,
        }
    }
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leaf {
    /// What it is.
    pub mode: Mode,
    /// Its object.
    pub oid: Oid,
}

/// An entry of a tree object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'t> {
    /// One component of a path, never empty, `.`, `..` or `.git`, and without a `/`.
    pub name: &'t [u8],
    /// What stands there.
    pub leaf: Leaf,
}

/// The name of an entry, and what tells its place from that of others: git orders by bytes, and
/// folders as if their name ended in `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'t> {
    /// One component of a path.
    pub bytes: &'t [u8],
    /// Whether it is a folder's.
    pub is_folder: bool,
}

impl Name<'_> {
    /// The same name of a file, if this is a folder's, or the other way round.
    pub fn of_other_kind(self) -> Self {
        Self {
            is_folder: !self.is_folder,
            ..self
        }
    }
}

impl Ord for Name<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let shared = self.bytes.len().min(other.bytes.len());
        let next = |name: &Self| {
            let end = name.is_folder.then_some(b'/');
            name.bytes.get(shared).copied().or(end)
        };
        let heads = self.bytes.get(..shared).cmp(&other.bytes.get(..shared));
        heads.then_with(|| next(self).cmp(&next(other)))
    }
}

impl PartialOrd for Name<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<'t> Entry<'t> {
    /// Its name, with its kind.
    pub fn name(&self) -> Name<'t> {
        Name {
            bytes: self.name,
            is_folder: self.leaf.mode == Mode::Tree,
        }
    }
}

/// A tree object's bytes; the empty one where there is no object.
#[derive(Clone, Default)]
pub struct TreeObject {
    pub(super) oid: Option<Oid>,
    pub(super) raw: Rc<Vec<u8>>,
    /// Where its entries begin, once somebody has asked.
    pub(super) index: Rc<OnceCell<Index>>,
}

impl TreeObject {
    /// The tree object of that name, which has these bytes.
    pub(super) fn new(oid: Oid, raw: Rc<Vec<u8>>) -> Self {
        Self {
            oid: Some(oid),
            raw,
            index: Rc::default(),
        }
    }

    /// All entries, in git's order. Errors if they aren't in that order, occur twice, or have a
    /// name or a mode that no path can have.
    pub fn entries(&self) -> Result<Vec<Entry<'_>>, Error> {
        let mut entries: Vec<Entry<'_>> = Vec::new();
        let mut rest = self.raw.as_slice();
        while !rest.is_empty() {
            let (entry, after) = self.split(rest)?;
            let last = entries.last();
            let unsorted = last.is_some_and(|last| last.name() >= entry.name());
            if unsorted || has_file_of_same_name(&entries, &entry) {
                return Err(self.unsorted());
            }
            entries.push(entry);
            rest = after;
        }
        Ok(entries)
    }

    /// How long the entry is that begins at this byte. Nothing is known of it but where it ends.
    pub(super) fn length_at(&self, at: usize) -> Result<usize, Error> {
        let rest = self.raw.get(at..).unwrap_or_default();
        let oid = self.named()?;
        let length = end_of_name(rest).map(|end| end + 1 + oid.format().raw_len());
        let whole = length.filter(|length| *length <= rest.len());
        whole.ok_or_else(|| malformed(oid, CUT_OFF))
    }

    /// The entry at the front of what is left of the bytes, and what follows it.
    pub(super) fn split<'t>(&self, raw: &'t [u8]) -> Result<(Entry<'t>, &'t [u8]), Error> {
        let oid = self.named()?;
        let split = split_entry(raw, oid.format());
        let (entry, after) = split.ok_or_else(|| malformed(oid, CUT_OFF))?;
        match is_component(entry.name) {
            true => Ok((entry, after)),
            false => Err(malformed(
                oid,
                "a tree entry has a name that no path can have",
            )),
        }
    }

    fn named(&self) -> Result<Oid, Error> {
        match self.oid {
            Some(oid) => Ok(oid),
            None => Err(Error::Internal("entries of no object")),
        }
    }

    /// What is said of it where names aren't in order.
    pub(super) fn unsorted(&self) -> Error {
        let fault = "tree entries are not in order, or occur twice";
        match self.named() {
            Ok(oid) => malformed(oid, fault),
            Err(error) => error,
        }
    }
}

#[cold]
fn malformed(oid: Oid, fault: &'static str) -> Error {
    Error::Malformed { oid, fault }
}

/// Returns true if and only if the entry is a folder, and a file has its name: in git's order
/// there may be others between the two, but all of them begin with the name.
fn has_file_of_same_name(before: &[Entry<'_>], entry: &Entry<'_>) -> bool {
    let mut near = before
        .iter()
        .rev()
        .take_while(|other| other.name.starts_with(entry.name));
    entry.name().is_folder && near.any(|other| other.name == entry.name)
}

/// Where the first zero byte is. Names are short: eight bytes at a time, without a call, beat
/// anything that is made for long texts.
fn end_of_name(raw: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let (words, _) = raw.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest set bit is the high bit of the first byte that is zero.
        let zeros = word.wrapping_sub(ONES) & !word & HIGH;
        if zeros != 0 {
            return Some(8 * at + zeros.trailing_zeros() as usize / 8);
        }
    }
    let seen = 8 * words.len();
    let end = raw.get(seen..)?.iter().position(|byte| *byte == 0)?;
    Some(seen + end)
}

/// The name of an entry, without a look at what else it says; `None` where it has no mode.
pub(super) fn split_name(entry: &[u8]) -> Option<Name<'_>> {
    let (mode, named) = split_mode(entry)?;
    Some(Name {
        bytes: named.get(..end_of_name(named)?)?,
        is_folder: is_folder(mode),
    })
}

/// The mode that an entry begins with, and what follows the space.
pub(super) fn split_mode(entry: &[u8]) -> Option<(&[u8], &[u8])> {
    // All but a folder's have six digits.
    let space = match entry.get(6) {
        Some(b' ') if entry.get(5) != Some(&b' ') => 6,
        _ => entry.iter().position(|byte| *byte == b' ')?,
    };
    Some((entry.get(..space)?, entry.get(space + 1..)?))
}

/// Returns true if and only if the mode is a folder's.
pub(super) fn is_folder(mode: &[u8]) -> bool {
    !mode.starts_with(b"1") && Mode::parse(mode) == Some(Mode::Tree)
}

fn split_entry(raw: &[u8], format: ObjectFormat) -> Option<(Entry<'_>, &[u8])> {
    let (mode, named) = split_mode(raw)?;
    let end = end_of_name(named)?;
    let (name, after) = (named.get(..end)?, named.get(end + 1..)?);
    let oid = Oid::from_bytes(after.get(..format.raw_len())?)?;
    let leaf = Leaf {
        mode: Mode::parse(mode)?,
        oid,
    };
    Some((Entry { name, leaf }, after.get(format.raw_len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";

    fn tree(entries: &[(&str, &str)]) -> TreeObject {
        let oid = Oid::from_hex(A.as_bytes()).unwrap();
        let mut raw = Vec::new();
        for (mode, name) in entries {
            raw.extend(format!("{mode} {name}\0").bytes());
            raw.extend(oid.as_bytes());
        }
        TreeObject::new(oid, raw.into())
    }

    #[test]
    fn well_formed_trees() {
        let object = tree(&[
            ("100644", "a.c"),
            ("040000", "a"),
            ("100664", "a0"),
            ("120000", "b"),
            ("160000", "c"),
        ]);
        let modes: Vec<Mode> = object
            .entries()
            .unwrap()
            .iter()
            .map(|entry| entry.leaf.mode)
            .collect();
        assert_eq!(
            modes,
            [
                Mode::File,
                Mode::Tree,
                Mode::File,
                Mode::Link,
                Mode::Gitlink
            ]
        );
    }

    #[test]
    fn malformed_trees_are_refused() {
        for entries in [
            &[("100644", "b"), ("100644", "a")][..],
            &[("100644", "a"), ("100644", "a")],
            &[("40000", "a"), ("100644", "a.c")],
            &[("100644", "a"), ("100644", "a.c"), ("40000", "a")],
            &[("100644", "")],
            &[("100644", ".")],
            &[("40000", "..")],
            &[("40000", ".git")],
            &[("100644", "a/b")],
            &[("000000", "a")],
            &[("10x644", "a")],
            &[("+40000", "a")],
            &[("060000", "a")],
        ] {
            assert!(tree(entries).entries().is_err(), "{entries:?}");
        }
        let mut cut = tree(&[("100644", "a")]);
        Rc::make_mut(&mut cut.raw).pop();
        assert!(cut.entries().is_err());
    }
}
