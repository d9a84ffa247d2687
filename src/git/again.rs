//! A repository opened once more, just as it is open already: for another thread, since a handle
//! of libgit2 is one thread's own.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashSet;
use std::path::PathBuf;

use super::command::CleanGit;
use super::open::{Repo, plain_open};
use super::trees::{Kind, ObjectReader};
use crate::error::Error;
use crate::update::{ObjectFormat, Oid};

/// What there is to know of an open repository, but for the handle.
pub(super) struct Reopening {
    git: CleanGit,
    git_dir: PathBuf,
    format: ObjectFormat,
    reftable: bool,
    namespace: Vec<u8>,
    shallow: HashSet<Oid>,
    fetches: bool,
    quarantine: Option<PathBuf>,
}

impl Repo {
    /// What another thread needs to open it too.
    pub(super) fn reopening(&self) -> Reopening {
        Reopening {
            git: self.git.clone(),
            git_dir: self.git_dir.clone(),
            format: self.format,
            reftable: self.reftable,
            namespace: self.namespace.clone(),
            shallow: self.shallow.clone(),
            fetches: self.fetches,
            quarantine: self.quarantine.clone(),
        }
    }
}

impl Reopening {
    /// Opens it. The same objects are there, those of the quarantine among them.
    pub fn open(&self) -> Result<Repo, Error> {
        Ok(Repo {
            inner: plain_open(&self.git_dir)?,
            git: self.git.clone(),
            git_dir: self.git_dir.clone(),
            format: self.format,
            reftable: self.reftable,
            namespace: self.namespace.clone(),
            shallow: self.shallow.clone(),
            fetches: self.fetches,
            quarantine: self.quarantine.clone(),
            is_whole: Cell::new(false),
            files: OnceCell::new(),
            commits: RefCell::new(ObjectReader::new(Kind::Commit)),
        })
    }
}

#[cfg(test)]
mod tests {
    use git2::Repository;

    use super::*;

    #[test]
    fn the_quarantine_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        Repository::init_bare(at("server")).unwrap();
        let pushed = Repository::init_bare(at("pushed")).unwrap();
        let oid = pushed.blob(b"new").unwrap().to_string();
        let oid = Oid::from_hex(oid.as_bytes()).unwrap();
        let mut repo = Repo::open(&at("server"), CleanGit::default()).unwrap();
        assert!(!repo.reopening().open().unwrap().has(oid).unwrap());
        repo.quarantine = Some(at("pushed").join("objects"));
        assert!(repo.reopening().open().unwrap().has(oid).unwrap());
    }
}
