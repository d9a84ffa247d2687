//! git's commit-graph: trees, parents and dates of commits in a file of its own.
//!
//! To read a commit's object means to inflate it, some 10 us. The file that `git gc` and
//! `git maintenance` write has what a walk needs in rows of fixed length; one is read in well
//! under a tenth of a microsecond. It is either one file, `objects/info/commit-graph`, or a chain
//! of them in `objects/info/commit-graphs`, each of which stands on those before it. Where there
//! are both, the one file counts, unless it can't be used: so git has it. What a push brings is in
//! neither: these commits are read from their objects.
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
//! - Where the file's parts don't fit together, or the files of a chain, there is no graph: git
//!   reads on without it as well.
//! - Each row has a *generation number*, one more than the highest of its parents'. That is looked
//!   at in each row that is read. A row that names wrong parents nearly always fails here, and
//!   then the judging ends with an error, as git dies. It isn't enough to leave the file aside
//!   from there on, since what was read before came from it. Rows that pass can't go in a circle.
//!
//! A file that can't be read any more is noticed likewise: a commit that isn't found for it is read
//! from its object, and a row that isn't read ends the judging.
//!
//! `core.commitGraph=false` switches it off, here as in git.

mod file;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::{Path, PathBuf};

use smallvec::SmallVec;

use self::file::{GraphFile, NO_PARENT};
use super::file_bytes::FileBytes;
use super::open::Repo;
use crate::error::Error;
use crate::update::{ObjectFormat, Oid};

/// How many files a chain can have: each says in one byte on how many it stands.
const MOST_FILES: usize = 256;

/// The commit-graph of one repository.
pub(super) struct CommitGraph {
    /// Each stands on those before it.
    layers: Vec<Layer>,
    folder: PathBuf,
}

/// Where a commit stands: its place in its file, and before it all commits of the files beneath.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position(pub u32);

/// What it says of one commit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GraphRow {
    /// The committer's date, as far as 34 bits hold it.
    pub time: i64,
    /// More than that of any of its ancestors.
    pub generation: u32,
    /// Where the parents stand, in order.
    pub parents: SmallVec<[Position; 2]>,
}

/// A file, and the positions of its commits.
struct Layer {
    file: GraphFile,
    positions: Range<u32>,
}

impl CommitGraph {
    /// Opens it; `None` where there is none that may be used.
    pub(super) fn open(repo: &Repo) -> Result<Option<Self>, Error> {
        if repo.is_shallow() || has_grafts(repo) || !is_wanted(repo)? {
            return Ok(None);
        }
        let folder = repo.common_dir().join("objects/info");
        // A graph that isn't there or doesn't hold together loses no commit: their objects are.
        Ok(Self::open_in(folder, repo.format()))
    }

    fn open_in(folder: PathBuf, format: ObjectFormat) -> Option<Self> {
        let layers = single(&folder, format).or_else(|| chain(&folder, format))?;
        Some(Self { layers, folder })
    }

    /// How many commits are in it: positions are below.
    pub(super) fn count(&self) -> usize {
        self.layers.last().map_or(0, |top| top.positions.end) as usize
    }

    /// Where the commit of that name stands, if it is in there.
    pub(super) fn find(&self, name: Oid) -> Option<Position> {
        // What is new is in the last ones, and new commits are asked for most.
        self.layers.iter().rev().find_map(|layer| layer.find(name))
    }

    /// The name of the commit at a position.
    pub(super) fn name(&self, at: Position) -> Result<Oid, Error> {
        let name = self.place(at).and_then(|(layer, at)| layer.file.name(at));
        name.ok_or_else(|| self.fault())
    }

    /// The tree object of the commit at a position.
    pub(super) fn tree(&self, at: Position) -> Result<Oid, Error> {
        let tree = self.place(at).and_then(|(layer, at)| layer.file.tree(at));
        tree.ok_or_else(|| self.fault())
    }

    /// What orders the commit at a position. Errors if that can't be true.
    pub(super) fn row(&self, at: Position) -> Result<GraphRow, Error> {
        self.sound_row(at).ok_or_else(|| self.fault())
    }

    /// The row at a position, if its generation number is what its parents' ask for.
    fn sound_row(&self, at: Position) -> Option<GraphRow> {
        let (layer, place) = self.place(at)?;
        let row = layer.file.row(place)?;
        let mut highest = 0;
        for parent in &row.parents {
            // A file stands on those beneath, never on one above.
            if parent.0 >= layer.positions.end {
                return None;
            }
            let (layer, place) = self.place(*parent)?;
            highest = highest.max(layer.file.generation(place)?);
        }
        (row.generation == highest + 1).then_some(row)
    }

    /// The file with the commit at a position, and its place in there.
    fn place(&self, at: Position) -> Option<(&Layer, usize)> {
        let mut layers = self.layers.iter();
        let layer = layers.find(|layer| layer.positions.contains(&at.0))?;
        Some((layer, (at.0 - layer.positions.start) as usize))
    }

    fn fault(&self) -> Error {
        Error::Repository(format!(
            "{}: the commit-graph contradicts itself: `git commit-graph verify` says where, \
             `git commit-graph write --reachable` writes another",
            self.folder.display()
        ))
    }
}

impl Layer {
    /// A file that stands on these; `None` if there are too many commits for positions.
    fn on(beneath: &[Self], file: GraphFile) -> Option<Self> {
        let start = beneath.last().map_or(0, |layer| layer.positions.end);
        let end = start.checked_add(u32::try_from(file.count()).ok()?)?;
        let positions = start..end;
        (end <= NO_PARENT).then_some(Self { file, positions })
    }

    fn find(&self, name: Oid) -> Option<Position> {
        let place = u32::try_from(self.file.find(name)?).ok()?;
        self.positions.start.checked_add(place).map(Position)
    }
}

/// The graph that is one file.
fn single(folder: &Path, format: ObjectFormat) -> Option<Vec<Layer>> {
    let file = GraphFile::open(&folder.join("commit-graph"), format, &[])?;
    Some(vec![Layer::on(&[], file)?])
}

/// The graph that is a chain of files, the first at the bottom.
fn chain(folder: &Path, format: ObjectFormat) -> Option<Vec<Layer>> {
    let folder = folder.join("commit-graphs");
    let hashes = chain_hashes(&folder.join("commit-graph-chain"), format)?;
    let mut layers = Vec::new();
    for (at, hash) in hashes.iter().enumerate() {
        let path = folder.join(format!("graph-{hash}.graph"));
        let file = GraphFile::open(&path, format, hashes.get(..at)?)?;
        // Positions in the files above are wrong if it is another than it is called.
        if file.hash()? != *hash {
            return None;
        }
        layers.push(Layer::on(&layers, file)?);
    }
    Some(layers)
}

/// The hashes in the file that names those of a chain, one a line.
fn chain_hashes(path: &Path, format: ObjectFormat) -> Option<Vec<Oid>> {
    let file = FileBytes::open(path).ok()?;
    if file.len() > MOST_FILES * (format.hex_len() + 1) {
        return None;
    }
    let mut room = vec![0; file.len()];
    let lines = file.get(0, &mut room)?.strip_suffix(b"\n")?;
    let hash = |line| Oid::from_hex(line).filter(|hash| hash.format() == format);
    lines.split(|byte| *byte == b'\n').map(hash).collect()
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
