//! Tree objects for several threads.
//!
//! Packs are files in memory, and one set of them serves all threads. What a thread makes of them
//! is its own: its reader, and its store of objects. So is the repository, which is opened once
//! more in each thread that meets an object the packs don't have.

use std::sync::Arc;

use super::packs::Packs;
use super::{Repo, Trees, opened};
use crate::error::Error;
use crate::git::again::Reopening;

/// What threads have in common that read the same tree objects.
pub(in crate::git) struct SharedTrees {
    packs: Arc<Packs>,
    repo: Reopening,
}

impl SharedTrees {
    /// Tree objects for one of the threads. There will be many: the packs are asked from the first
    /// one on.
    pub fn trees(&self) -> Trees<'_> {
        let source = Source::Again {
            how: &self.repo,
            opened: None,
        };
        Trees::from_source(source, Some(Arc::clone(&self.packs))).with_packs_after(0)
    }
}

impl Trees<'_> {
    /// What other threads need to read the same objects.
    pub fn shared(&mut self) -> Result<SharedTrees, Error> {
        let packs = opened(&mut self.packs, &mut self.source)?;
        Ok(SharedTrees {
            packs: Arc::clone(packs),
            repo: self.source.repo()?.reopening(),
        })
    }
}

/// The repository, which has every object.
pub(super) enum Source<'r> {
    /// Open already.
    Open(&'r Repo),
    /// Opened by this thread when it first needs it.
    Again {
        how: &'r Reopening,
        opened: Option<Box<Repo>>,
    },
}

impl Source<'_> {
    /// The open repository.
    pub fn repo(&mut self) -> Result<&Repo, Error> {
        match self {
            Self::Open(repo) => Ok(repo),
            Self::Again { how, opened } => Ok(match opened {
                Some(repo) => repo,
                None => opened.insert(Box::new(how.open()?)),
            }),
        }
    }
}
