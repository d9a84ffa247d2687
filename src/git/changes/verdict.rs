//! The classes that pairs of tree objects differ in, without a list of paths.

use std::collections::HashMap;

use super::questions::{Questions, UnitIx};
use super::{DEEPEST, NAMELESS, Versions};
use crate::budget::{Budget, Exceeded};
use crate::classify::{ClassMask, State, States};
use crate::error::Error;
use crate::git::trees::{Trees, differences};

/// A folder whose versions are still to be compared.
struct Folder {
    state: State,
    depth: usize,
    pairs: Vec<(UnitIx, Versions)>,
}

/// What a look at two versions of a folder shows.
struct Looked {
    found: ClassMask,
    /// The folders in it that must be looked into for the rest.
    differing: Vec<(Vec<u8>, Versions)>,
}

/// Questions, answered folder by folder.
pub(super) struct Verdicts<'w, 'r> {
    trees: &'w mut Trees<'r>,
    states: &'w mut States<'r>,
    budget: &'w Budget,
    questions: Questions<ClassMask>,
}

impl<'w, 'r> Verdicts<'w, 'r> {
    /// Nothing asked yet.
    pub fn new(trees: &'w mut Trees<'r>, states: &'w mut States<'r>, budget: &'w Budget) -> Self {
        Self {
            trees,
            states,
            budget,
            questions: Questions::default(),
        }
    }

    /// For each pair of whole trees, the classes of the paths at which they differ. The pairs are
    /// best in the order of history.
    pub fn of(&mut self, pairs: impl Iterator<Item = Versions>) -> Result<Vec<ClassMask>, Error> {
        let state = self.states.top();
        let mut top = Folder {
            state,
            depth: 0,
            pairs: Vec::new(),
        };
        let asked: Vec<UnitIx> = pairs
            .map(|versions| self.unit(state, versions, &mut top))
            .collect();
        let mut open = vec![top];
        while let Some(folder) = open.pop() {
            self.folder(&folder, &mut open)?;
        }
        let whole = self.questions.sums(|all, mask| all | mask)?;
        let lost = Error::Internal("a question that nobody asked");
        let answers = asked.iter().map(|unit| whole.get(*unit).copied());
        answers.collect::<Option<_>>().ok_or(lost)
    }

    /// The place of a question. A new one is noted in its folder.
    fn unit(&mut self, state: State, versions: Versions, folder: &mut Folder) -> UnitIx {
        let (unit, is_new) = self.questions.ask((state, versions));
        if is_new {
            folder.pairs.push((unit, versions));
        }
        unit
    }

    fn folder(&mut self, folder: &Folder, open: &mut Vec<Folder>) -> Result<(), Error> {
        if folder.depth > DEEPEST {
            return Err(Exceeded::Depth(DEEPEST).into());
        }
        self.trees.leave_folder();
        let mut names: HashMap<Vec<u8>, usize> = HashMap::new();
        for (unit, versions) in &folder.pairs {
            let Looked { found, differing } = self.look(folder, *versions)?;
            let mut below_it = Vec::new();
            for (name, versions) in differing {
                let at = *names.entry(name).or_insert_with_key(|name| {
                    open.push(Folder {
                        state: self.states.folder(folder.state, name),
                        depth: folder.depth + 1,
                        pairs: Vec::new(),
                    });
                    open.len() - 1
                });
                if let Some(below) = open.get_mut(at) {
                    let child = self.unit(below.state, versions, below);
                    below_it.push(child);
                }
            }
            self.questions.answer(*unit, found, below_it);
        }
        Ok(())
    }

    fn look(&mut self, folder: &Folder, (new, old): Versions) -> Result<Looked, Error> {
        for _ in old.iter().chain(&new) {
            self.budget.tree_object()?;
        }
        let (new, old) = (self.trees.get(new)?, self.trees.get(old)?);
        let mut found = ClassMask::EMPTY;
        let mut folders = Vec::new();
        differences(&new, &old, &mut |difference| {
            let name = difference.name.bytes;
            if !difference.name.is_folder {
                found |= self.states.class(folder.state, name);
                return Ok(());
            }
            let child = self.states.folder(folder.state, name);
            let possible = self.states.below(child);
            match possible.is_one() {
                true => found |= possible,
                false => folders.push((possible, name.to_vec(), difference.oids())),
            }
            Ok(())
        })?;
        if found.is_empty() && folders.is_empty() && folder.depth > 0 {
            found = self.states.class(folder.state, NAMELESS);
        }
        // A folder adds nothing if all that it can have was found beside it.
        folders.retain(|(possible, ..)| !found.covers(*possible));
        let folders = folders.into_iter();
        let differing = folders.map(|(_, name, versions)| (name, versions));
        Ok(Looked {
            found,
            differing: differing.collect(),
        })
    }
}
