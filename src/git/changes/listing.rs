//! The paths at which pairs of tree objects differ, all of them.

use std::collections::HashMap;

use super::{DEEPEST, NAMELESS, Versions};
use crate::budget::{Budget, Exceeded};
use crate::error::Error;
use crate::git::trees::{Trees, differences};

/// A folder whose versions are still to be compared, each for the pair of that place.
struct Folder {
    /// Empty, or ending in `/`.
    path: Vec<u8>,
    depth: usize,
    pairs: Vec<(usize, Versions)>,
}

/// Where trees are read, and what that may cost.
pub(super) struct Listing<'w, 'r> {
    pub trees: &'w mut Trees<'r>,
    pub budget: &'w Budget,
}

impl Listing<'_, '_> {
    /// Calls `visit` with the place of each pair, which comes with it, and each path at which it
    /// differs, in no certain order.
    pub fn of(
        &mut self,
        pairs: &[(usize, Versions)],
        visit: &mut dyn FnMut(usize, &[u8]),
    ) -> Result<(), Error> {
        let mut open = vec![Folder {
            path: Vec::new(),
            depth: 0,
            pairs: pairs.to_vec(),
        }];
        while let Some(folder) = open.pop() {
            if folder.depth > DEEPEST {
                return Err(Exceeded::Depth(DEEPEST).into());
            }
            self.folder(&folder, &mut open, visit)?;
        }
        Ok(())
    }

    fn folder(
        &mut self,
        folder: &Folder,
        open: &mut Vec<Folder>,
        visit: &mut dyn FnMut(usize, &[u8]),
    ) -> Result<(), Error> {
        self.trees.leave_folder();
        let mut names: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut path = folder.path.clone();
        for (at, (new, old)) in &folder.pairs {
            for _ in old.iter().chain(new) {
                self.budget.tree_object()?;
            }
            let (new, old) = (self.trees.get(*new)?, self.trees.get(*old)?);
            let mut differs = folder.depth == 0;
            differences(&new, &old, &mut |difference| {
                differs = true;
                let name = difference.name.bytes;
                path.truncate(folder.path.len());
                path.extend_from_slice(name);
                if !difference.name.is_folder {
                    visit(*at, &path);
                    return Ok(());
                }
                let versions = difference.oids();
                let known = names.get(name).and_then(|place| open.get_mut(*place));
                if let Some(below) = known {
                    below.pairs.push((*at, versions));
                    return Ok(());
                }
                path.push(b'/');
                names.insert(name.to_vec(), open.len());
                open.push(Folder {
                    path: path.clone(),
                    depth: folder.depth + 1,
                    pairs: vec![(*at, versions)],
                });
                Ok(())
            })?;
            if !differs {
                path.truncate(folder.path.len());
                path.extend_from_slice(NAMELESS);
                visit(*at, &path);
            }
        }
        Ok(())
    }
}
