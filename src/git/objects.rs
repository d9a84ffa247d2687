//! Commits, from their raw bytes, and objects of other kinds as they are.
//!
//! Only what judging needs is understood, and what is understood is understood exactly: a commit
//! that says anything ambiguous about its parents is refused, never skipped.

use git2::{ObjectType, Repository};
use smallvec::SmallVec;

use super::open::Repo;
use super::tree_object::TreeObject;
use super::trees::Bytes;
use crate::error::Error;
use crate::update::{ObjectFormat, Oid};

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

/// An object where a tag of some size at most is looked for.
pub enum SmallTag {
    /// The tag, raw.
    Tag(Vec<u8>),
    /// A tag that is larger.
    TooLarge,
    /// An object of another kind.
    Other,
}

impl Repo {
    /// The object's kind and raw bytes.
    fn read(&self, oid: Oid) -> Result<(ObjectType, Vec<u8>), Error> {
        match read_from(self.whole()?, oid) {
            Err(Error::Missing(oid)) => {
                self.fetch_object(oid)?;
                read_from(self.whole()?, oid)
            }
            other => other,
        }
    }

    /// Errors if the object isn't here and can't be fetched either.
    pub(super) fn require(&self, oid: Oid) -> Result<(), Error> {
        match exists(self.whole()?, oid)? {
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

    /// A commit, raw. A push brings commits that no commit-graph has.
    fn raw_commit(&self, oid: Oid) -> Result<Bytes, Error> {
        if let Some(raw) = self.direct_commit(oid) {
            return Ok(raw);
        }
        let raw = self.read_as(oid, ObjectType::Commit, "a commit was expected here")?;
        Ok(raw.into())
    }

    fn direct_commit(&self, oid: Oid) -> Option<Bytes> {
        self.direct(&mut self.commits.borrow_mut(), oid)
    }

    /// The contents of a file; `None` where it isn't here, is larger than `largest`, or is no file.
    pub(super) fn blob(&self, oid: Oid, largest: usize) -> Result<Option<Vec<u8>>, Error> {
        match self.size_and_kind(oid) {
            Ok((size, ObjectType::Blob)) if size <= largest => {}
            Ok(_) | Err(Error::Missing(_)) => return Ok(None),
            Err(error) => return Err(error),
        }
        match read_from(self.whole()?, oid) {
            Ok((_, raw)) => Ok(Some(raw)),
            Err(Error::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The tag of that name, unless it is larger than `largest` bytes: then it isn't read.
    pub fn small_tag(&self, oid: Oid, largest: usize) -> Result<SmallTag, Error> {
        match self.size_and_kind(oid)? {
            (size, ObjectType::Tag) if size <= largest => {
                Ok(SmallTag::Tag(read_from(self.whole()?, oid)?.1))
            }
            (_, ObjectType::Tag) => Ok(SmallTag::TooLarge),
            _ => Ok(SmallTag::Other),
        }
    }

    /// The size in bytes, and the kind, of an object that isn't read.
    fn size_and_kind(&self, oid: Oid) -> Result<(usize, ObjectType), Error> {
        let odb = self.whole()?.odb().map_err(|error| failed(oid, &error))?;
        let name = git2::Oid::from_bytes(oid.as_bytes()).map_err(|error| failed(oid, &error))?;
        odb.read_header(name).map_err(|error| failed(oid, &error))
    }

    /// The addresses of a commit's authors, raw: one, unless somebody made it by hand.
    pub fn author_addresses(&self, oid: Oid) -> Result<Vec<Vec<u8>>, Error> {
        let raw = self.raw_commit(oid)?;
        let headers = raw.split(|byte| *byte == b'\n');
        let authors = headers
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.strip_prefix(b"author "));
        Ok(authors.map(address).collect())
    }

    /// Returns true if and only if the object is here.
    pub fn has(&self, oid: Oid) -> Result<bool, Error> {
        match read_from(self.whole()?, oid) {
            Ok(_) => Ok(true),
            Err(Error::Missing(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A commit; its parents are none where a shallow clone ends.
    pub fn commit(&self, oid: Oid) -> Result<Commit, Error> {
        let raw = self.raw_commit(oid)?;
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
        let raw = self.raw_commit(oid)?;
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

    /// The tree object of that name.
    pub fn tree_object(&self, oid: Oid) -> Result<TreeObject, Error> {
        let raw = self.read_as(oid, ObjectType::Tree, "a tree object was expected here")?;
        Ok(TreeObject::new(oid, raw.into()))
    }

    /// The commit that a ref's value stands for, tags followed; `None` if it is no commit.
    pub fn peel(&self, oid: Oid) -> Result<Option<Oid>, Error> {
        let mut at = oid;
        for _ in 0..MOST_TAGS {
            if self.direct_commit(at).is_some() {
                return Ok(Some(at));
            }
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
    let name = git2::Oid::from_bytes(oid.as_bytes()).map_err(|error| failed(oid, &error))?;
    let odb = repo.odb().map_err(|error| failed(oid, &error))?;
    let object = odb.read(name).map_err(|error| failed(oid, &error))?;
    Ok((object.kind(), object.data().to_vec()))
}

fn failed(oid: Oid, error: &git2::Error) -> Error {
    match error.code() {
        git2::ErrorCode::NotFound => Error::Missing(oid),
        _ => Error::Repository(format!("object {oid}: {}", error.message())),
    }
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
    Ok(TreeObject::new(oid, raw.into()))
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

/// The address of `Name <address> seconds zone`, by its outermost brackets.
fn address(person: &[u8]) -> Vec<u8> {
    let start = person.iter().position(|byte| *byte == b'<');
    let end = person.iter().rposition(|byte| *byte == b'>');
    let inner = start
        .zip(end)
        .and_then(|(start, end)| person.get(start + 1..end));
    inner.unwrap_or(person).to_vec()
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
