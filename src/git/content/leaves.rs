//! What stands at many paths of a few commits: each tree object is read once, as long as it is
//! remembered.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::super::open::Repo;
use super::super::tree_object::{Entry, Leaf, Mode};
use super::super::trees::Trees;
use crate::error::Error;
use crate::update::Oid;

/// How many bytes of names are remembered. More than a commit's folders along a few paths.
const MOST_BYTES: usize = 4 << 20;

/// Looks paths up.
pub(super) struct Leaves<'r> {
    trees: Trees<'r>,
    folders: HashMap<Oid, Rc<Folder>>,
    bytes: usize,
}

/// The entries of a tree object, in git's order.
struct Folder {
    /// The names, end to end.
    names: Vec<u8>,
    entries: Vec<Named>,
}

/// Where an entry's name is, and what stands there.
struct Named {
    name: Range<usize>,
    leaf: Leaf,
}

impl<'r> Leaves<'r> {
    /// Nothing read yet.
    pub fn new(repo: &'r Repo) -> Self {
        Self {
            trees: Trees::new(repo),
            folders: HashMap::new(),
            bytes: 0,
        }
    }

    /// What stands at a path below a tree object; `None` where nothing does, or a folder.
    pub fn at(&mut self, tree: Oid, path: &[u8]) -> Result<Option<Leaf>, Error> {
        let mut at = Leaf {
            mode: Mode::Tree,
            oid: tree,
        };
        for part in path.split(|byte| *byte == b'/') {
            if at.mode != Mode::Tree {
                return Ok(None);
            }
            match self.folder(at.oid)?.find(part) {
                Some(leaf) => at = leaf,
                None => return Ok(None),
            }
        }
        Ok((at.mode != Mode::Tree).then_some(at))
    }

    fn folder(&mut self, oid: Oid) -> Result<Rc<Folder>, Error> {
        if let Some(known) = self.folders.get(&oid) {
            return Ok(known.clone());
        }
        let folder = Rc::new(Folder::of(&self.trees.get(Some(oid))?.entries()?));
        if self.bytes > MOST_BYTES {
            self.folders.clear();
            self.bytes = 0;
        }
        self.bytes += folder.names.len();
        self.folders.insert(oid, folder.clone());
        Ok(folder)
    }
}

impl Folder {
    fn of(entries: &[Entry<'_>]) -> Self {
        let mut names = Vec::new();
        let entries = entries.iter().map(|entry| {
            let start = names.len();
            names.extend_from_slice(entry.name);
            Named {
                name: start..names.len(),
                leaf: entry.leaf,
            }
        });
        let entries = entries.collect();
        Self { names, entries }
    }

    fn find(&self, name: &[u8]) -> Option<Leaf> {
        // A name has one place in the order as a file, and another as a folder.
        let as_kind = |mode| {
            let leaf = self.entries.first()?.leaf;
            let wanted = Entry {
                name,
                leaf: Leaf { mode, ..leaf },
            };
            let before =
                |named: &Named| self.entry(named).is_some_and(|e| e.order(&wanted).is_lt());
            let found = self.entries.get(self.entries.partition_point(before))?;
            let found = self.entry(found)?;
            found.order(&wanted).is_eq().then_some(found.leaf)
        };
        as_kind(Mode::File).or_else(|| as_kind(Mode::Tree))
    }

    fn entry(&self, named: &Named) -> Option<Entry<'_>> {
        let name = self.names.get(named.name.clone())?;
        let leaf = named.leaf;
        Some(Entry { name, leaf })
    }
}
