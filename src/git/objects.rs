//! Commits and tree objects, from their raw bytes.
//!
//! Only what judging needs is understood, and what is understood is understood exactly: an object
//! that says anything ambiguous about its parents or its paths is refused, never skipped.

use std::cmp::Ordering;
use std::rc::Rc;

use git2::{ObjectType, Repository};
use smallvec::SmallVec;

use super::open::Repo;
use crate::error::Error;
use crate::update::{ObjectFormat, Oid, is_component};

/// How many tags may stand between a ref and its commit.
const MOST_TAGS: usize = 100;

/// A commit, without its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its tree object.
    pub tree: Oid,
    /// Its parents, in order.
    pub parents: SmallVec<[Oid; 2]>,
    /// The committer's date in seconds since 1970; 0 where it can't be read. It only orders
    /// walks: no verdict hangs on it.
    pub time: i64,
}

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

impl Entry<'_> {
    /// Returns true if and only if it is a folder.
    pub fn is_tree(&self) -> bool {
        self.leaf.mode == Mode::Tree
    }

    /// git's order of entries: by bytes, folders as if their name ended in `/`.
    pub fn order(&self, other: &Self) -> Ordering {
        let shared = self.name.len().min(other.name.len());
        let next = |entry: &Self| {
            let end = entry.is_tree().then_some(b'/');
            entry.name.get(shared).copied().or(end)
        };
        let heads = self.name.get(..shared).cmp(&other.name.get(..shared));
        heads.then_with(|| next(self).cmp(&next(other)))
    }
}

/// A tree object's bytes; the empty one where there is no object.
#[derive(Clone, Default)]
pub struct TreeObject {
    pub(super) oid: Option<Oid>,
    pub(super) raw: Rc<Vec<u8>>,
}

impl TreeObject {
    /// All entries, in git's order. Errors if they aren't in that order, occur twice, or have a
    /// name or a mode that no path can have.
    pub fn entries(&self) -> Result<Vec<Entry<'_>>, Error> {
        let Some(oid) = self.oid else {
            return Ok(Vec::new());
        };
        let mut entries: Vec<Entry<'_>> = Vec::new();
        let mut rest = self.raw.as_slice();
        while !rest.is_empty() {
            let (entry, after) = self.split(rest)?;
            let unsorted = entries
                .last()
                .is_some_and(|last| last.order(&entry).is_ge());
            if unsorted || has_file_of_same_name(&entries, &entry) {
                return Err(Error::Malformed {
                    oid,
                    fault: "tree entries are not in order, or occur twice",
                });
            }
            entries.push(entry);
            rest = after;
        }
        Ok(entries)
    }

    /// The bytes of the entry at the front of what is left, and what follows it. Nothing is known
    /// of them but that they end where an entry does.
    pub(super) fn split_raw<'t>(&self, raw: &'t [u8]) -> Option<(&'t [u8], &'t [u8])> {
        raw.split_at_checked(end_of_name(raw)? + 1 + self.oid?.format().raw_len())
    }

    /// The entry at the front of what is left of the bytes, and what follows it.
    pub(super) fn split<'t>(&self, raw: &'t [u8]) -> Result<(Entry<'t>, &'t [u8]), Error> {
        let oid = self.oid.ok_or(Error::Internal("entries of no object"))?;
        let fault = |fault| Error::Malformed { oid, fault };
        let (entry, after) = split_entry(raw, oid.format())
            .ok_or(fault("a tree entry is cut off or has an unknown mode"))?;
        match is_component(entry.name) {
            true => Ok((entry, after)),
            false => Err(fault("a tree entry has a name that no path can have")),
        }
    }
}

/// Returns true if and only if the entry is a folder, and a file has its name: in git's order
/// there may be others between the two, but all of them begin with the name.
fn has_file_of_same_name(before: &[Entry<'_>], entry: &Entry<'_>) -> bool {
    let mut near = before
        .iter()
        .rev()
        .take_while(|other| other.name.starts_with(entry.name));
    entry.is_tree() && near.any(|other| other.name == entry.name)
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

fn split_entry(raw: &[u8], format: ObjectFormat) -> Option<(Entry<'_>, &[u8])> {
    let space = raw.iter().position(|byte| *byte == b' ')?;
    let (mode, named) = (raw.get(..space)?, raw.get(space + 1..)?);
    let end = named.iter().position(|byte| *byte == 0)?;
    let (name, after) = (named.get(..end)?, named.get(end + 1..)?);
    let oid = Oid::from_bytes(after.get(..format.raw_len())?)?;
    let leaf = Leaf {
        mode: Mode::parse(mode)?,
        oid,
    };
    Some((Entry { name, leaf }, after.get(format.raw_len()..)?))
}

impl Repo {
    /// The object's kind and raw bytes.
    fn read(&self, oid: Oid) -> Result<(ObjectType, Vec<u8>), Error> {
        match read_from(&self.inner, oid) {
            Err(Error::Missing(oid)) => {
                self.fetch_object(oid)?;
                read_from(&self.inner, oid)
            }
            other => other,
        }
    }

    /// Errors if the object isn't here and can't be fetched either.
    pub(super) fn require(&self, oid: Oid) -> Result<(), Error> {
        match exists(&self.inner, oid)? {
            true => Ok(()),
            false => self.fetch_object(oid),
        }
    }

    fn read_as(&self, oid: Oid, kind: ObjectType, fault: &'static str) -> Result<Vec<u8>, Error> {
        match self.read(oid)? {
            (found, raw) if found == kind => Ok(raw),
            _ => Err(Error::Malformed { oid, fault }),
        }
    }

    /// The contents of a file; `None` where it isn't here, is larger than `largest`, or is no file.
    pub(super) fn blob(&self, oid: Oid, largest: usize) -> Result<Option<Vec<u8>>, Error> {
        let failed = |error: &git2::Error| match error.code() {
            git2::ErrorCode::NotFound => Ok(None),
            _ => Err(Error::Repository(format!(
                "object {oid}: {}",
                error.message()
            ))),
        };
        let name = match git2::Oid::from_bytes(oid.as_bytes()) {
            Ok(name) => name,
            Err(error) => return failed(&error),
        };
        let odb = match self.inner.odb() {
            Ok(odb) => odb,
            Err(error) => return failed(&error),
        };
        match odb.read_header(name) {
            Ok((size, ObjectType::Blob)) if size <= largest => {}
            Ok(_) => return Ok(None),
            Err(error) => return failed(&error),
        }
        match odb.read(name) {
            Ok(object) => Ok(Some(object.data().to_vec())),
            Err(error) => failed(&error),
        }
    }

    /// Returns true if and only if the object is here.
    pub fn has(&self, oid: Oid) -> Result<bool, Error> {
        match read_from(&self.inner, oid) {
            Ok(_) => Ok(true),
            Err(Error::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A commit; its parents are none where a shallow clone ends.
    pub fn commit(&self, oid: Oid) -> Result<Commit, Error> {
        let raw = self.read_as(oid, ObjectType::Commit, "a commit was expected here")?;
        let mut commit = parse_commit(&raw, self.format).ok_or(Error::Malformed {
            oid,
            fault: "the commit's tree or parents can't be read",
        })?;
        if self.shallow.contains(&oid) {
            commit.parents.clear();
        }
        Ok(commit)
    }

    /// A commit's message, raw: all that follows the first empty line.
    pub fn message(&self, oid: Oid) -> Result<Vec<u8>, Error> {
        let raw = self.read_as(oid, ObjectType::Commit, "a commit was expected here")?;
        let start = raw.windows(2).position(|pair| pair == b"\n\n");
        Ok(start
            .and_then(|at| raw.get(at + 2..))
            .unwrap_or_default()
            .to_vec())
    }

    /// The first line of a commit's message, raw.
    pub fn subject(&self, oid: Oid) -> Result<Vec<u8>, Error> {
        let mut message = self.message(oid)?;
        let end = message.iter().position(|byte| *byte == b'\n');
        message.truncate(end.unwrap_or(message.len()));
        Ok(message)
    }

    /// A tree object; the empty one for `None`.
    pub fn tree_object(&self, oid: Option<Oid>) -> Result<TreeObject, Error> {
        let raw = match oid {
            Some(oid) => self.read_as(oid, ObjectType::Tree, "a tree object was expected here")?,
            None => Vec::new(),
        };
        Ok(TreeObject {
            oid,
            raw: raw.into(),
        })
    }

    /// What stands at a path below a tree object.
    pub fn leaf_at(&self, tree: Oid, path: &[u8]) -> Result<Option<Leaf>, Error> {
        let mut at = Leaf {
            mode: Mode::Tree,
            oid: tree,
        };
        for part in path.split(|byte| *byte == b'/') {
            if at.mode != Mode::Tree {
                return Ok(None);
            }
            let object = self.tree_object(Some(at.oid))?;
            match object.entries()?.iter().find(|entry| entry.name == part) {
                Some(entry) => at = entry.leaf,
                None => return Ok(None),
            }
        }
        Ok((at.mode != Mode::Tree).then_some(at))
    }

    /// The commit that a ref's value stands for, tags followed; `None` if it is no commit.
    pub fn peel(&self, oid: Oid) -> Result<Option<Oid>, Error> {
        let mut at = oid;
        for _ in 0..MOST_TAGS {
            let (kind, raw) = self.read(at)?;
            match kind {
                ObjectType::Commit => return Ok(Some(at)),
                ObjectType::Tag => {
                    at = header(&raw, b"object ").and_then(Oid::from_hex).ok_or(
                        Error::Malformed {
                            oid: at,
                            fault: "the tag names no object",
                        },
                    )?;
                }
                _ => return Ok(None),
            }
        }
        Err(Error::Malformed {
            oid,
            fault: "too many tags of tags",
        })
    }
}

fn read_from(repo: &Repository, oid: Oid) -> Result<(ObjectType, Vec<u8>), Error> {
    let failed = |error: &git2::Error| match error.code() {
        git2::ErrorCode::NotFound => Error::Missing(oid),
        _ => Error::Repository(format!("object {oid}: {}", error.message())),
    };
    let name = git2::Oid::from_bytes(oid.as_bytes()).map_err(|error| failed(&error))?;
    let odb = repo.odb().map_err(|error| failed(&error))?;
    let object = odb.read(name).map_err(|error| failed(&error))?;
    Ok((object.kind(), object.data().to_vec()))
}

/// Returns true if and only if the object is here, readable or not.
pub(super) fn exists(repo: &Repository, oid: Oid) -> Result<bool, Error> {
    let failed =
        |error: git2::Error| Error::Repository(format!("object {oid}: {}", error.message()));
    let name = git2::Oid::from_bytes(oid.as_bytes()).map_err(failed)?;
    Ok(repo.odb().map_err(failed)?.exists(name))
}

/// A tree object of a repository that has no [`Repo`] around it.
pub(super) fn tree_from(repo: &Repository, oid: Oid) -> Result<TreeObject, Error> {
    let (_, raw) = read_from(repo, oid)?;
    Ok(TreeObject {
        oid: Some(oid),
        raw: raw.into(),
    })
}

fn header<'r>(raw: &'r [u8], name: &[u8]) -> Option<&'r [u8]> {
    raw.split(|byte| *byte == b'\n').next()?.strip_prefix(name)
}

fn parse_commit(raw: &[u8], format: ObjectFormat) -> Option<Commit> {
    let mut lines = raw.split(|byte| *byte == b'\n');
    let tree = oid_of(lines.next()?.strip_prefix(b"tree ")?, format)?;
    let mut lines = lines.take_while(|line| !line.is_empty()).peekable();
    // As in git: what calls itself a parent further down is none.
    let mut parents = SmallVec::new();
    while let Some(hex) = lines.peek().and_then(|line| line.strip_prefix(b"parent ")) {
        parents.push(oid_of(hex, format)?);
        lines.next();
    }
    let time = lines
        .find_map(|line| line.strip_prefix(b"committer "))
        .and_then(seconds)
        .unwrap_or(0);
    Some(Commit {
        tree,
        parents,
        time,
    })
}

fn oid_of(hex: &[u8], format: ObjectFormat) -> Option<Oid> {
    Oid::from_hex(hex).filter(|oid| oid.format() == format)
}

/// The date of `Name <address> seconds zone`.
fn seconds(person: &[u8]) -> Option<i64> {
    let after = person.rsplit(|byte| *byte == b'>').next()?;
    let mut fields = after
        .split(|byte| *byte == b' ')
        .filter(|field| !field.is_empty());
    std::str::from_utf8(fields.next()?).ok()?.parse().ok()
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
        TreeObject {
            oid: Some(oid),
            raw: raw.into(),
        }
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

    #[test]
    fn commits() {
        let raw = format!(
            "tree {A}\nparent {A}\nparent {A}\nauthor x <y> 1 +0000\ncommitter a > b <c> 77 +0000\n\nm"
        );
        let commit = parse_commit(raw.as_bytes(), ObjectFormat::Sha1).unwrap();
        assert_eq!((commit.parents.len(), commit.time), (2, 77));
        for bad in [
            "",
            "tree 12\n\n",
            &format!("tree {A}\nparent 0\n\n"),
            &format!("parent {A}\n\n"),
        ] {
            assert!(
                parse_commit(bad.as_bytes(), ObjectFormat::Sha1).is_none(),
                "{bad}"
            );
        }
    }
}
