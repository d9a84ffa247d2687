//! Tree objects for walks that read many of them; and what reads other objects as fast.

mod compare;
mod delta;
mod index;
mod inflate;
mod loose;
mod pack_index;
mod packs;
mod reader;
mod shared;
mod store;

use std::rc::Rc;
use std::sync::Arc;

pub(super) use self::compare::{differences, unsettled};
pub(super) use self::index::Index;
pub(super) use self::reader::{Kind, ObjectFiles, ObjectReader};
use self::shared::Source;
pub(super) use self::store::Store;
use super::open::Repo;
use super::tree_object::{Leaf, Name, TreeObject};
use crate::error::Error;
use crate::update::Oid;

/// An object's raw bytes.
pub(super) type Bytes = Rc<Vec<u8>>;

/// How many bytes of objects are kept by their names: what one commit made of a folder is what
/// the next one starts from.
const KEPT: usize = 4 << 20;
/// The same where each version is only compared with the one before it: what was just read is
/// then found in the processor's own cache.
const NEAR: usize = 256 << 10;

/// Where tree objects come from: the files that they are in, and libgit2 for what isn't there.
pub(super) struct Trees<'r> {
    source: Source<'r>,
    reader: ObjectReader,
    files: Option<Arc<ObjectFiles>>,
    recent: Store<Oid, TreeObject>,
    by_libgit2: bool,
}

impl<'r> Trees<'r> {
    /// Nothing opened yet.
    pub fn new(repo: &'r Repo) -> Self {
        Self::from_source(Source::Open(repo), None)
    }

    fn from_source(source: Source<'r>, files: Option<Arc<ObjectFiles>>) -> Self {
        Self {
            source,
            reader: ObjectReader::new(Kind::Tree),
            files,
            recent: Store::new(KEPT),
            by_libgit2: false,
        }
    }

    /// The same, with all of them from libgit2.
    pub fn by_libgit2(self) -> Self {
        Self {
            by_libgit2: true,
            ..self
        }
    }

    /// What comes next are versions of folders, each compared with the one before.
    pub fn expect_pairs(&mut self) {
        self.recent.keep_near(NEAR);
        self.reader.keep_near(NEAR);
    }

    /// What comes next are the sides of merges: what several of them have lies far apart.
    pub fn expect_sides(&mut self) {
        self.recent.keep_near(usize::MAX);
        self.reader.keep_near(usize::MAX);
    }

    /// What comes next are the versions of another folder.
    pub fn leave_folder(&mut self) {
        self.reader.leave_chains();
    }

    /// The tree object of that name; the empty one for `None`.
    pub fn get(&mut self, oid: Option<Oid>) -> Result<TreeObject, Error> {
        let Some(name) = oid else {
            return Ok(TreeObject::default());
        };
        let known = self.recent.get(&name);
        known.map_or_else(|| self.read(name), Ok)
    }

    fn read(&mut self, name: Oid) -> Result<TreeObject, Error> {
        let raw = if self.by_libgit2 {
            None
        } else {
            let files = opened(&mut self.files, &mut self.source)?;
            self.reader.object(files, name)
        };
        let object = match raw {
            Some(raw) => TreeObject::new(name, raw),
            None => self.source.repo()?.tree_object(name)?,
        };
        Ok(self.recent.put(name, object))
    }

    /// What stands at a path below a tree object; `None` where nothing does, or a folder.
    pub fn leaf_at(&mut self, tree: Oid, path: &[u8]) -> Result<Option<Leaf>, Error> {
        let mut folders = path.split(|byte| *byte == b'/');
        let Some(file) = folders.next_back() else {
            return Ok(None);
        };
        let name = |bytes, is_folder| Name { bytes, is_folder };
        let mut at = tree;
        for folder in folders {
            match self.get(Some(at))?.find(name(folder, true))? {
                Some(leaf) => at = leaf.oid,
                None => return Ok(None),
            }
        }
        self.get(Some(at))?.find(name(file, false))
    }
}

/// The files, opened when they are first needed.
fn opened<'p>(
    files: &'p mut Option<Arc<ObjectFiles>>,
    source: &mut Source<'_>,
) -> Result<&'p Arc<ObjectFiles>, Error> {
    Ok(match files {
        Some(files) => files,
        None => files.insert(Arc::clone(source.repo()?.files())),
    })
}

impl Repo {
    /// The files that objects are in, those of a push at hand included: for all that reads them.
    pub(super) fn files(&self) -> &Arc<ObjectFiles> {
        self.files.get_or_init(|| {
            let own = self.common_dir().join("objects");
            let folders = std::iter::once(own).chain(self.quarantine.clone());
            Arc::new(ObjectFiles::in_folders(folders.collect(), self.format()))
        })
    }

    /// The raw bytes of an object; `None` for whatever libgit2 has to be asked about.
    pub(super) fn direct(&self, reader: &mut ObjectReader, oid: Oid) -> Option<Bytes> {
        reader.object(self.files(), oid)
    }
}
