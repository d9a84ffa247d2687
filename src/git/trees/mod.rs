//! Tree objects for walks that read many of them; and what reads other objects as fast.

mod compare;
mod delta;
mod index;
mod pack_index;
mod packs;
mod shared;
mod store;

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

pub(super) use self::compare::{differences, unsettled};
pub(super) use self::index::Index;
pub(super) use self::packs::{Kind, PackReader, Packs};
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

/// Where tree objects come from: the first few from libgit2, then out of packs, which is much faster
/// where there are many.
pub(super) struct Trees<'r> {
    source: Source<'r>,
    reader: PackReader,
    packs: Option<Arc<Packs>>,
    recent: Store<Oid, TreeObject>,
}

impl<'r> Trees<'r> {
    /// Nothing opened yet.
    pub fn new(repo: &'r Repo) -> Self {
        Self::from_source(Source::Open(repo), None)
    }

    fn from_source(source: Source<'r>, packs: Option<Arc<Packs>>) -> Self {
        Self {
            source,
            reader: PackReader::new(Kind::Tree),
            packs,
            recent: Store::new(KEPT),
        }
    }

    /// The same, with the packs opened after so many objects.
    pub fn with_packs_after(self, few: usize) -> Self {
        let reader = self.reader.after(few);
        Self { reader, ..self }
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
        if self.reader.count() {
            let packs = opened(&mut self.packs, &mut self.source)?;
            if let Some(raw) = self.reader.object(packs, name) {
                return Ok(self.recent.put(name, TreeObject::new(name, raw)));
            }
        }
        let object = self.source.repo()?.tree_object(name)?;
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

/// The packs, opened when they are first needed.
fn opened<'p>(
    packs: &'p mut Option<Arc<Packs>>,
    source: &mut Source<'_>,
) -> Result<&'p Arc<Packs>, Error> {
    Ok(match packs {
        Some(packs) => packs,
        None => packs.insert(source.repo()?.packs()),
    })
}

impl Repo {
    /// The packs, those of a push at hand included: opened once, for all that reads them.
    pub(super) fn packs(&self) -> Arc<Packs> {
        let packs = self.packs.get_or_init(|| {
            let own = self.common_dir().join("objects");
            let folders: Vec<PathBuf> = std::iter::once(own)
                .chain(self.quarantine.clone())
                .collect();
            Arc::new(Packs::open(&folders, self.format()))
        });
        Arc::clone(packs)
    }

    /// The raw bytes of an object; `None` for whatever libgit2 has to be asked about, as for the
    /// first few.
    pub(super) fn packed(&self, reader: &mut PackReader, oid: Oid) -> Option<Bytes> {
        match reader.count() {
            true => reader.object(&self.packs(), oid),
            false => None,
        }
    }
}
