//! Tree objects for several threads.
//!
//! One set of files serves all threads. What a thread makes of them is its own: its reader, and its
//! store of objects. So is the repository, which is opened once more in each thread that meets an
//! object the files don't have.

use std::sync::Arc;

use super::reader::ObjectFiles;
use super::{Repo, Trees, opened};
use crate::error::Error;
use crate::git::again::Reopening;

/// What threads have in common that read the same tree objects.
pub(in crate::git) struct SharedTrees {
    files: Arc<ObjectFiles>,
    repo: Reopening,
}

impl SharedTrees {
    /// Tree objects for one of the threads.
    pub fn trees(&self) -> Trees<'_> {
        let source = Source::Again {
            how: &self.repo,
            opened: None,
        };
        Trees::from_source(source, Some(Arc::clone(&self.files)))
    }
}

impl Trees<'_> {
    /// What other threads need to read the same objects.
    pub fn shared(&mut self) -> Result<SharedTrees, Error> {
        let files = opened(&mut self.files, &mut self.source)?;
        Ok(SharedTrees {
            files: Arc::clone(files),
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
