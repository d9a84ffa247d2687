//! Files' contents: out of packs, where the versions of one file stand on one chain, and those
//! that were merged on the way and that no repository has.

use std::collections::HashMap;

use git2::ObjectType;

use super::super::open::Repo;
use super::super::trees::{Bytes, Kind, ObjectReader, Store};
use crate::error::Error;
use crate::update::{ObjectFormat, Oid};

/// The largest file, in bytes, that is looked at in process: git can be stopped, we can't.
const LARGEST: usize = Kind::Blob.largest();
/// How many bytes of files are kept: the sides of one merge are the base of the next.
const KEPT: usize = 16 << 20;
/// How many bytes of files that were merged here are kept. What is beyond is left to git.
const MOST_MADE: usize = 32 << 20;

/// Where contents come from.
pub(super) struct Blobs<'r> {
    repo: &'r Repo,
    reader: ObjectReader,
    recent: Store<Oid, Bytes>,
    made: HashMap<Oid, Bytes>,
    made_bytes: usize,
}

impl<'r> Blobs<'r> {
    /// Nothing read yet.
    pub fn new(repo: &'r Repo) -> Self {
        Self {
            repo,
            reader: ObjectReader::new(Kind::Blob),
            recent: Store::new(KEPT),
            made: HashMap::new(),
            made_bytes: 0,
        }
    }

    /// The contents of that name; `None` where they aren't here, are too large, or no file's.
    pub fn get(&mut self, name: Oid) -> Result<Option<Bytes>, Error> {
        let known = self.recent.get(&name).or_else(|| self.made(name));
        if known.is_some() {
            return Ok(known);
        }
        let found = match self.repo.direct(&mut self.reader, name) {
            Some(raw) => Some(raw),
            None => self.repo.blob(name, LARGEST)?.map(Bytes::new),
        };
        Ok(found.map(|raw| self.recent.put(name, raw)))
    }

    /// Contents that were made here.
    pub fn made(&self, name: Oid) -> Option<Bytes> {
        self.made.get(&name).cloned()
    }

    /// Keeps contents that were made here, and names them; `None` where there are too many.
    pub fn keep(&mut self, raw: Vec<u8>) -> Result<Option<Oid>, Error> {
        let after = self.made_bytes + raw.len();
        if after > MOST_MADE {
            return Ok(None);
        }
        let format = match self.repo.format() {
            ObjectFormat::Sha1 => git2::ObjectFormat::Sha1,
            ObjectFormat::Sha256 => git2::ObjectFormat::Sha256,
        };
        let name = git2::Oid::hash_object_ext(ObjectType::Blob, &raw, format)
            .map_err(|error| Error::Repository(error.message().to_owned()))?;
        let name = Oid::from_bytes(name.as_bytes());
        let name = name.ok_or_else(|| Error::internal("libgit2 made the zero object"))?;
        self.made_bytes = after;
        self.made.insert(name, Bytes::new(raw));
        Ok(Some(name))
    }
}
