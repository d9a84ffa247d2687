//! git's commit-graph: trees, parents and dates of commits in a file of its own.
//!
//! To read a commit's object means to inflate it, some 10 us. The file that `git gc` and
//! `git maintenance` write has what a walk needs in rows of fixed length; one is read in well
//! under a tenth of a microsecond. It is either one file, `objects/info/commit-graph`, or a chain
//! of them in `objects/info/commit-graphs`. What a push brings is in neither: these commits are
//! read from their objects.
//!
//! # What it is trusted with
//!
//! The parents in a row decide which commits enter, and its tree object what they change. To
//! compare each row with its object would cost what the file saves, and to hash the whole file
//! more than a short push takes altogether. So it is trusted as git trusts it, whose own check
//! that a push is connected goes by it too: a push can't write it, and who can write the
//! repository's files can go round the gate in simpler ways. A row can't be out of date either:
//! it says of a commit what the commit's name was computed from. What changes what a commit
//! *counts* as does so in git alone: it then leaves the file aside, and so is it done here, for
//! the end of a shallow clone and for `info/grafts`. `refs/replace/*` is never followed here, and
//! git writes no graph while it is.
//!
//! What a broken disk or a broken writer leaves is noticed as far as that is cheap:
//!
//! - Where the file's parts don't fit together, there is none: git reads on without it as well.
//! - Each row has a *generation number*, one more than the highest of its parents'. That is looked
//!   at in each row that is read. A row that names wrong parents nearly always fails here, and
//!   then the judging ends with an error, as git dies. It isn't enough to leave the file aside
//!   from there on, since what was read before came from it. Rows that pass can't go in a circle.
//!
//! `core.commitGraph=false` switches it off, here as in git.

use std::path::PathBuf;

use gix_commitgraph::{Graph, Position};
use gix_hash::Kind;
use smallvec::SmallVec;

use super::open::Repo;
use crate::error::Error;
use crate::update::{ObjectFormat, Oid};

/// The commit-graph of one repository.
pub(super) struct CommitGraph {
    graph: Graph,
    folder: PathBuf,
}

/// What it says of one commit.
pub(super) struct GraphRow {
    /// The committer's date, as far as 34 bits hold it.
    pub time: i64,
    /// More than that of any of its ancestors.
    pub generation: u32,
    /// Where the parents stand, in order.
    pub parents: SmallVec<[Position; 2]>,
}

impl CommitGraph {
    /// Opens it; `None` where there is none that may be used.
    pub(super) fn open(repo: &Repo) -> Result<Option<Self>, Error> {
        if repo.is_shallow() || has_grafts(repo) || !is_wanted(repo)? {
            return Ok(None);
        }
        let kind = match repo.format() {
            ObjectFormat::Sha1 => Kind::Sha1,
            ObjectFormat::Sha256 => Kind::Sha256,
        };
        let folder = repo.common_dir().join("objects/info");
        // A graph that isn't there or doesn't hold together loses no commit: their objects are.
        Ok(match Graph::at(&folder, kind, None) {
            Ok(graph) => Some(Self { graph, folder }),
            Err(_) => None,
        })
    }

    /// How many commits are in it: positions are below.
    pub(super) fn count(&self) -> usize {
        self.graph.num_commits() as usize
    }

    /// Where the commit of that name stands, if it is in there.
    pub(super) fn find(&self, name: Oid) -> Option<Position> {
        let name = gix_hash::oid::try_from_bytes(name.as_bytes()).ok()?;
        let at = self.graph.lookup(name)?;
        // git 2.18 wrote none; then there is nothing to tell a good row by.
        (self.graph.commit_at(at).generation() != 0).then_some(at)
    }

    /// The name of the commit at a position.
    pub(super) fn name(&self, at: Position) -> Result<Oid, Error> {
        Oid::from_bytes(self.graph.id_at(at).as_bytes()).ok_or_else(|| self.fault())
    }

    /// The tree object of the commit at a position.
    pub(super) fn tree(&self, at: Position) -> Result<Oid, Error> {
        let row = self.graph.commit_at(at);
        Oid::from_bytes(row.root_tree_id().as_bytes()).ok_or_else(|| self.fault())
    }

    /// What orders the commit at a position. Errors if that can't be true.
    pub(super) fn row(&self, at: Position) -> Result<GraphRow, Error> {
        let row = self.graph.commit_at(at);
        let mut parents = SmallVec::new();
        let mut highest = 0;
        for parent in row.iter_parents() {
            let parent = parent.map_err(|_| self.fault())?;
            highest = highest.max(self.graph.commit_at(parent).generation());
            parents.push(parent);
        }
        if row.generation() != highest.saturating_add(1) {
            return Err(self.fault());
        }
        Ok(GraphRow {
            time: i64::try_from(row.committer_timestamp()).unwrap_or(i64::MAX),
            generation: row.generation(),
            parents,
        })
    }

    fn fault(&self) -> Error {
        Error::Repository(format!(
            "{}: the commit-graph contradicts itself: `git commit-graph verify` says where, \
             `git commit-graph write --reachable` writes another",
            self.folder.display()
        ))
    }
}

fn has_grafts(repo: &Repo) -> bool {
    // What can't be looked at may be there.
    let there = repo.common_dir().join("info/grafts");
    there.try_exists().unwrap_or(true)
}

fn is_wanted(repo: &Repo) -> Result<bool, Error> {
    match repo.trusted_config("core.commitGraph")? {
        None => Ok(true),
        Some(value) => git2::Config::parse_bool(value.as_str()).map_err(|_| {
            Error::Repository(format!(
                "config core.commitGraph: \"{value}\" is neither true nor false"
            ))
        }),
    }
}
