//! A few of the paths that a commit changes, and how many there are.
//!
//! There may be more than anybody can list. So they are counted first, each pair of folder objects
//! once, and then listed in order, down into folders that have any, until enough are found.

use super::questions::Questions;
use super::{DEEPEST, NAMELESS, Versions};
use crate::budget::{Budget, Exceeded};
use crate::classify::{ClassMask, State, States};
use crate::error::Error;
use crate::git::trees::{Trees, differences};

/// Which paths to look for, and what that may cost.
pub(super) struct Sampler<'w, 'r> {
    pub trees: &'w mut Trees<'r>,
    pub states: &'w mut States<'r>,
    pub budget: &'w Budget,
    /// The classes.
    pub wanted: ClassMask,
}

/// A folder that both versions don't have alike.
struct Folder {
    /// Empty, or ending in `/`. Not needed for counting.
    path: Vec<u8>,
    state: State,
    versions: Versions,
    depth: usize,
}

/// A path, or a folder to look into.
enum Found {
    Path(Vec<u8>),
    Folder(Folder),
}

impl Sampler<'_, '_> {
    /// Up to `cap` paths at which the trees differ, the first by byte order, and how many there are
    /// in all.
    pub fn of(&mut self, versions: Versions, cap: usize) -> Result<(Vec<Vec<u8>>, usize), Error> {
        let top = || Folder {
            path: Vec::new(),
            state: self.states.top(),
            versions,
            depth: 0,
        };
        let (first, again) = (top(), top());
        let key = (first.state, versions);
        let questions = self.count(first)?;
        let sums = questions.sums(usize::saturating_add)?;
        let paths_of = |folder: &Folder| {
            let unit = questions.find(&(folder.state, folder.versions));
            unit.and_then(|unit| sums.get(unit)).copied().unwrap_or(0)
        };
        let total = questions.find(&key).and_then(|unit| sums.get(unit));
        let mut paths = Vec::new();
        let mut open = vec![Found::Folder(again)];
        while let Some(found) = open.pop().filter(|_| paths.len() < cap) {
            match found {
                Found::Path(path) => paths.push(path),
                Found::Folder(folder) if paths_of(&folder) > 0 => {
                    // What comes first is taken first: the stack's end.
                    let inside = self.look(&folder)?;
                    open.extend(inside.into_iter().rev());
                }
                Found::Folder(_) => {}
            }
        }
        Ok((paths, total.copied().unwrap_or(0)))
    }

    fn count(&mut self, top: Folder) -> Result<Questions<usize>, Error> {
        let mut questions = Questions::default();
        let (unit, _) = questions.ask((top.state, top.versions));
        let mut open = vec![(unit, top)];
        while let Some((unit, folder)) = open.pop() {
            let mut paths = 0;
            let mut below = Vec::new();
            for found in self.look(&folder)? {
                match found {
                    Found::Path(_) => paths += 1,
                    Found::Folder(folder) => {
                        let (unit, is_new) = questions.ask((folder.state, folder.versions));
                        below.push(unit);
                        if is_new {
                            open.push((unit, folder));
                        }
                    }
                }
            }
            questions.answer(unit, paths, below);
        }
        Ok(questions)
    }

    /// What differs in a folder, in the order of paths: that of its entries.
    fn look(&mut self, folder: &Folder) -> Result<Vec<Found>, Error> {
        if folder.depth > DEEPEST {
            return Err(Exceeded::Depth(DEEPEST).into());
        }
        let (new, old) = folder.versions;
        for _ in old.iter().chain(&new) {
            self.budget.tree_object()?;
        }
        let (new, old) = (self.trees.get(new)?, self.trees.get(old)?);
        let mut found = Vec::new();
        let mut differs = folder.depth == 0;
        differences(&new, &old, &mut |difference| {
            differs = true;
            let name = difference.name.bytes;
            if !difference.name.is_folder {
                let class = self.states.class(folder.state, name);
                let path = || Found::Path([&folder.path, name].concat());
                found.extend(class.meets(self.wanted).then(path));
                return Ok(());
            }
            let state = self.states.folder(folder.state, name);
            if self.states.below(state).meets(self.wanted) {
                found.push(Found::Folder(Folder {
                    path: [&folder.path, name, b"/"].concat(),
                    state,
                    versions: difference.oids(),
                    depth: folder.depth + 1,
                }));
            }
            Ok(())
        })?;
        let class = self.states.class(folder.state, NAMELESS);
        if !differs && class.meets(self.wanted) {
            found.push(Found::Path(folder.path.clone()));
        }
        Ok(found)
    }
}
