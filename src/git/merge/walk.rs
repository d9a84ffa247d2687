//! What the tree objects alone show of a merge: what it changes for certain, and where that
//! hangs on contents.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::{Automatic, Departure, MergeSides, OpenPath, OwnChange, Side, Survey};
use crate::budget::{Budget, Exceeded};
use crate::error::Error;
use crate::git::changes::DEEPEST;
use crate::git::objects::{Leaf, TreeObject};
use crate::git::trees::{Difference, Trees, differences};
use crate::update::Oid;

/// A folder still to be walked.
struct Folder {
    trees: Side<Oid>,
    /// The path so far: empty, or ending in `/`.
    prefix: Vec<u8>,
    depth: usize,
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

/// Walks the sides of a merge, folder by folder, wherever no table settles them whole.
pub(in crate::git) fn survey(
    trees: &mut Trees<'_>,
    budget: &Budget,
    sides: &MergeSides,
) -> Result<Survey, Error> {
    let mut walk = Walk {
        open: Vec::new(),
        survey: Survey::default(),
    };
    walk.enter(Folder {
        trees: sides.trees.map(|tree| *tree),
        prefix: Vec::new(),
        depth: 0,
        clash: false,
    });
    while let Some(folder) = walk.open.pop() {
        if folder.depth > DEEPEST {
            return Err(Exceeded::Depth(DEEPEST).into());
        }
        let versions = Versions::read(&folder.trees, trees, budget)?;
        differences(&versions.objects, &mut |difference| {
            walk.row(&folder, &versions, difference)
        })?;
    }
    Ok(walk.survey)
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
}

struct Walk {
    open: Vec<Folder>,
    survey: Survey,
}

impl Walk {
    fn enter(&mut self, folder: Folder) {
        if !folder.trees.is_settled() {
            self.open.push(folder);
        }
    }

    /// One name: a folder on the sides that have it, or a path.
    fn row(
        &mut self,
        folder: &Folder,
        versions: &Versions,
        difference: Difference<'_>,
    ) -> Result<(), Error> {
        let leaf = |place: &Option<usize>| difference.leaves.get((*place)?).copied().flatten();
        let row = versions.places.map(leaf);
        if row.is_settled() {
            return Ok(());
        }
        let clash = folder.clash || clashes(&row, difference, versions)?;
        let mut path = [&folder.prefix, difference.name].concat();
        if difference.is_folder() {
            path.push(b'/');
            let trees = row.map(|leaf| leaf.map(|leaf| leaf.oid));
            self.enter(Folder {
                trees,
                prefix: path,
                depth: folder.depth + 1,
                clash,
            });
            return Ok(());
        }
        let departure = match clash {
            true => Departure::Kind,
            false => Departure::Settled,
        };
        match row.automatic() {
            Automatic::Settled(_) => self.survey.found.push(OwnChange { path, departure }),
            Automatic::Open => self.survey.open.push(OpenPath { path, row }),
        }
        Ok(())
    }
}

/// Returns true if and only if the parents disagree on whether the name is a folder, and neither
/// of the two is what a base has there: then git can keep only one of them.
fn clashes(
    row: &Side<Leaf>,
    difference: Difference<'_>,
    versions: &Versions,
) -> Result<bool, Error> {
    // Where every parent has this kind, none has the other.
    if row.parents.iter().all(Option::is_some) {
        return Ok(false);
    }
    let other = |version: &TreeObject| find(version, difference.name, !difference.is_folder());
    let others = versions.objects.iter().map(other);
    let others: Vec<Option<Leaf>> = others.collect::<Result<_, _>>()?;
    let other = |place: &Option<usize>| others.get((*place)?).copied().flatten();
    Ok(made(row) && made(&versions.places.map(other)))
}

/// Returns true if and only if a parent has there what no base has.
fn made(row: &Side<Leaf>) -> bool {
    let mut there = row.parents.iter().filter(|leaf| leaf.is_some());
    there.any(|leaf| !row.bases.iter().flatten().any(|base| base == leaf))
}

/// The entry of that name and kind.
fn find(version: &TreeObject, name: &[u8], is_folder: bool) -> Result<Option<Leaf>, Error> {
    let mut rest = version.raw.as_slice();
    while !rest.is_empty() {
        let (entry, after) = version.split(rest)?;
        if entry.name == name && entry.is_tree() == is_folder {
            return Ok(Some(entry.leaf));
        }
        rest = after;
    }
    Ok(None)
}
