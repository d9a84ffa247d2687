//! What the tree objects alone show of a merge: what it changes for certain, and where that
//! hangs on contents.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::{Automatic, Departure, MergeSides, OpenPath, OwnChange, Side, Survey};
use crate::budget::{Budget, Exceeded};
use crate::classify::{ClassMask, State, States};
use crate::error::Error;
use crate::git::changes::DEEPEST;
use crate::git::tree_object::{Leaf, Name, TreeObject};
use crate::git::trees::{Trees, unsettled};
use crate::update::Oid;

/// A folder still to be walked, for all merges whose sides don't settle it.
struct Folder {
    /// The path so far: empty, or ending in `/`.
    prefix: Vec<u8>,
    state: State,
    depth: usize,
    merges: Vec<Open>,
}

/// A merge in a folder.
struct Open {
    /// Its place in the list of merges.
    at: usize,
    trees: Side<Oid>,
    /// True below a name that one side made a folder and the other something else.
    clash: bool,
}

/// The versions of a folder, each object once: sides often have the same.
struct Versions {
    /// That of the merge comes first.
    objects: Vec<TreeObject>,
    /// For each side, which of them it has.
    places: Side<usize>,
}

/// Walks the sides of merges, folder by folder, wherever no table settles them whole and there
/// can be paths of a wanted class. As with ordinary commits, all go through a folder together, best
/// in the order of history.
pub(in crate::git) fn survey(
    trees: &mut Trees<'_>,
    states: &mut States<'_>,
    budget: &Budget,
    merges: &[MergeSides],
    wanted: ClassMask,
) -> Result<Vec<Survey>, Error> {
    let mut top = Folder {
        prefix: Vec::new(),
        state: states.top(),
        depth: 0,
        merges: Vec::new(),
    };
    for (at, sides) in merges.iter().enumerate() {
        let trees = sides.trees.map(|tree| *tree);
        let clash = false;
        top.merges.push(Open { at, trees, clash });
    }
    let mut walk = Walk {
        states,
        wanted,
        open: vec![top],
        names: HashMap::new(),
        surveys: merges.iter().map(|_| Survey::default()).collect(),
    };
    while let Some(folder) = walk.open.pop() {
        if folder.depth > DEEPEST {
            return Err(Exceeded::Depth(DEEPEST).into());
        }
        trees.leave_folder();
        walk.names.clear();
        for merge in folder
            .merges
            .iter()
            .filter(|merge| !merge.trees.is_settled())
        {
            let versions = Versions::read(&merge.trees, trees, budget)?;
            for name in versions.unsettled()? {
                walk.row(&folder, merge, &versions, name)?;
            }
        }
    }
    Ok(walk.surveys)
}

impl Versions {
    fn read(sides: &Side<Oid>, trees: &mut Trees<'_>, budget: &Budget) -> Result<Self, Error> {
        let mut known: HashMap<Option<Oid>, usize> = HashMap::new();
        let mut oids: SmallVec<[Option<Oid>; 4]> = SmallVec::new();
        let places = sides.map(|oid| {
            let place = *known.entry(*oid).or_insert_with(|| {
                oids.push(*oid);
                oids.len() - 1
            });
            Some(place)
        });
        let objects = oids.into_iter().map(|oid| {
            if oid.is_some() {
                budget.tree_object()?;
            }
            trees.get(oid)
        });
        Ok(Self {
            objects: objects.collect::<Result<_, Error>>()?,
            places,
        })
    }

    fn unsettled(&self) -> Result<Vec<Name<'_>>, Error> {
        let object = |place: &Option<usize>| self.objects.get((*place)?);
        let all = |places: &[Option<usize>]| places.iter().filter_map(object).collect::<Vec<_>>();
        let merge = object(&self.places.merge);
        let merge = merge.ok_or_else(|| Error::internal("a merge without a version"))?;
        let bases = self.places.bases.concat();
        unsettled(merge, &all(&self.places.parents), &all(&bases))
    }

    /// What stands under the name, on each side.
    fn row(&self, name: Name<'_>) -> Result<Side<Leaf>, Error> {
        let leaves = self.objects.iter().map(|object| object.find(name));
        let leaves: SmallVec<[Option<Leaf>; 4]> = leaves.collect::<Result<_, _>>()?;
        let leaf = |place: &Option<usize>| leaves.get((*place)?).copied().flatten();
        Ok(self.places.map(leaf))
    }
}

struct Walk<'w, 'c> {
    states: &'w mut States<'c>,
    wanted: ClassMask,
    open: Vec<Folder>,
    /// Where in `open` the folders below the one at hand are, by name.
    names: HashMap<Vec<u8>, usize>,
    surveys: Vec<Survey>,
}

impl Walk<'_, '_> {
    /// One name: a folder on the sides that have it, or a path.
    fn row(
        &mut self,
        folder: &Folder,
        merge: &Open,
        versions: &Versions,
        name: Name<'_>,
    ) -> Result<(), Error> {
        let row = versions.row(name)?;
        if row.is_settled() {
            return Ok(());
        }
        let at = merge.at;
        let clash = merge.clash || clashes(&row, versions, name)?;
        if name.is_folder {
            let trees = row.map(|leaf| leaf.map(|leaf| leaf.oid));
            self.enter(folder, name.bytes, Open { at, trees, clash });
            return Ok(());
        }
        if !self
            .states
            .class(folder.state, name.bytes)
            .meets(self.wanted)
        {
            return Ok(());
        }
        let path = [&folder.prefix, name.bytes].concat();
        let departure = match clash {
            true => Departure::Kind,
            false => Departure::Settled,
        };
        let survey = self.surveys.get_mut(at);
        let survey = survey.ok_or_else(|| Error::internal("a merge that nobody surveys"))?;
        match row.automatic() {
            Automatic::Settled(_) => survey.found.push(OwnChange { path, departure }),
            Automatic::Open => survey.open.push(OpenPath { path, row }),
        }
        Ok(())
    }

    fn enter(&mut self, folder: &Folder, name: &[u8], merge: Open) {
        let known = self.names.get(name).and_then(|at| self.open.get_mut(*at));
        if let Some(below) = known {
            below.merges.push(merge);
            return;
        }
        let state = self.states.folder(folder.state, name);
        if !self.states.below(state).meets(self.wanted) {
            return;
        }
        self.names.insert(name.to_vec(), self.open.len());
        self.open.push(Folder {
            prefix: [&folder.prefix, name, b"/"].concat(),
            state,
            depth: folder.depth + 1,
            merges: vec![merge],
        });
    }
}

/// Returns true if and only if the parents disagree on whether the name is a folder, and neither
/// of the two is what a base has there: then git can keep only one of them.
fn clashes(row: &Side<Leaf>, versions: &Versions, name: Name<'_>) -> Result<bool, Error> {
    // Where every parent has this kind, none has the other.
    if row.parents.iter().all(Option::is_some) {
        return Ok(false);
    }
    Ok(made(row) && made(&versions.row(name.of_other_kind())?))
}

/// Returns true if and only if a parent has there what no base has.
fn made(row: &Side<Leaf>) -> bool {
    let mut there = row.parents.iter().filter(|leaf| leaf.is_some());
    there.any(|leaf| !row.bases.iter().flatten().any(|base| base == leaf))
}
