//! Versions of one folder, side by side: two of them for an ordinary commit, more for a merge.
//!
//! Nearly always one entry of many differs. So the bytes that all versions begin with are stepped
//! over, an entry at a time but without a look at it, as is every later entry that all have alike,
//! and what all end with isn't looked at at all. Only what differs is taken apart.
//!
//! What is taken apart must make sense, or the object is refused. That the rest does follows:
//! where the first version has no name that the others lack, its names are theirs, in their order.
//! Where it has one, it is read whole.

use smallvec::SmallVec;

use crate::error::Error;
use crate::git::tree_object::{Entry, Leaf, Mode, TreeObject};
use crate::update::Oid;

/// Bytes that are compared at once.
const BLOCK: usize = 64;

/// A name at which versions differ. Where a file became a folder, or a folder a file, the name
/// comes twice: once for each kind.
#[derive(Clone, Copy)]
pub(in crate::git) struct Difference<'t> {
    /// One component of a path.
    pub name: &'t [u8],
    /// What stands there in each version.
    pub leaves: &'t [Option<Leaf>],
}

impl Difference<'_> {
    /// Returns true if and only if it is a folder wherever there is anything.
    pub fn is_folder(&self) -> bool {
        let mut there = self.leaves.iter().flatten();
        there.next().is_some_and(|leaf| leaf.mode == Mode::Tree)
    }

    /// The objects in the first version and in the second one.
    pub fn first_two(&self) -> (Option<Oid>, Option<Oid>) {
        let mut oids = self.leaves.iter().map(|leaf| leaf.map(|leaf| leaf.oid));
        (oids.next().flatten(), oids.next().flatten())
    }
}

/// Calls `visit` with each name at which not all versions are the same. The first version is the
/// one in question; the others are what it was made from.
pub(in crate::git) fn differences(
    versions: &[TreeObject],
    visit: &mut dyn FnMut(Difference<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let Some((first, others)) = versions.split_first() else {
        return Ok(());
    };
    let prefixes = others
        .iter()
        .map(|other| common_prefix(&first.raw, &other.raw));
    let same = whole_entries(first, prefixes.min().unwrap_or(first.raw.len()));
    let all = versions.iter().map(|version| Cursor::new(version, same));
    let mut cursors: SmallVec<[Cursor<'_>; 4]> = all.collect();
    let tail = common_tail(&cursors);
    let mut leaves: SmallVec<[Option<Leaf>; 4]> = SmallVec::new();
    let mut has_new_name = false;
    loop {
        skip_equal(&mut cursors);
        if are_at_tail(&cursors, tail) {
            break;
        }
        let Some(entry) = foremost(&mut cursors)? else {
            break;
        };
        leaves.clear();
        leaves.extend(cursors.iter_mut().map(|cursor| cursor.take(&entry)));
        let mut there = leaves.iter().map(Option::is_some);
        has_new_name |= there.next() == Some(true) && !there.any(|is_there| is_there);
        if leaves.iter().any(|leaf| Some(leaf) != leaves.first()) {
            visit(Difference {
                name: entry.name,
                leaves: &leaves,
            })?;
        }
    }
    if has_new_name {
        first.entries()?;
    }
    Ok(())
}

/// The part of a version that isn't read yet.
struct Cursor<'t> {
    version: &'t TreeObject,
    rest: &'t [u8],
    /// The entry at its front and what follows it, if it was taken apart.
    front: Option<(Entry<'t>, &'t [u8])>,
}

impl<'t> Cursor<'t> {
    fn new(version: &'t TreeObject, from: usize) -> Self {
        Self {
            version,
            rest: version.raw.get(from..).unwrap_or_default(),
            front: None,
        }
    }

    /// The entry at the front; `None` at the end.
    fn front(&mut self) -> Result<Option<Entry<'t>>, Error> {
        if self.front.is_none() && !self.rest.is_empty() {
            self.front = Some(self.version.split(self.rest)?);
        }
        Ok(self.front.map(|(entry, _)| entry))
    }

    /// What the entry at the front is, and on to the next one, if it has this name and kind.
    fn take(&mut self, wanted: &Entry<'_>) -> Option<Leaf> {
        let (entry, after) = self
            .front
            .take_if(|(entry, _)| entry.order(wanted).is_eq())?;
        self.rest = after;
        Some(entry.leaf)
    }
}

/// The entry that comes first in git's order.
fn foremost<'t>(cursors: &mut [Cursor<'t>]) -> Result<Option<Entry<'t>>, Error> {
    let mut first: Option<Entry<'t>> = None;
    for cursor in cursors {
        if let Some(entry) = cursor.front()?
            && first.is_none_or(|first| entry.order(&first).is_lt())
        {
            first = Some(entry);
        }
    }
    Ok(first)
}

/// Steps over the entries at all fronts as long as they are the same bytes.
fn skip_equal(cursors: &mut [Cursor<'_>]) {
    if cursors.iter().any(|cursor| cursor.front.is_some()) {
        return;
    }
    let Some((first, others)) = cursors.split_first_mut() else {
        return;
    };
    while let Some((entry, after)) = first.version.split_raw(first.rest)
        && others.iter().all(|other| other.rest.starts_with(entry))
    {
        first.rest = after;
        for other in others.iter_mut() {
            other.rest = other.rest.get(entry.len()..).unwrap_or_default();
        }
    }
}

/// How many of the first `most` bytes are whole entries.
fn whole_entries(version: &TreeObject, most: usize) -> usize {
    let mut rest = version.raw.get(..most).unwrap_or_default();
    while let Some((_, after)) = version.split_raw(rest) {
        rest = after;
    }
    most - rest.len()
}

/// Returns true if and only if all that is left is the same everywhere.
fn are_at_tail(cursors: &[Cursor<'_>], tail: usize) -> bool {
    let left = cursors.first().map_or(0, |first| first.rest.len());
    left <= tail && cursors.iter().all(|cursor| cursor.rest.len() == left)
}

/// How many bytes at the ends are the same everywhere. They needn't begin where an entry does.
fn common_tail(cursors: &[Cursor<'_>]) -> usize {
    let Some((first, others)) = cursors.split_first() else {
        return 0;
    };
    let tails = others
        .iter()
        .map(|other| common_suffix(first.rest, other.rest));
    tails.min().unwrap_or_default()
}

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.chunks_exact(BLOCK).zip(other.chunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(one, other)| one == other).count();
    let rest = one.iter().zip(other).skip(same);
    same + rest.take_while(|(one, other)| one == other).count()
}

fn common_suffix(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.rchunks_exact(BLOCK).zip(other.rchunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(one, other)| one == other).count();
    let rest = one.iter().rev().zip(other.iter().rev()).skip(same);
    same + rest.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::rc::Rc;

    use proptest::prelude::*;

    use super::*;

    /// Names and what stands there: a mode and a byte that its object is made of.
    type Folder = BTreeMap<(Vec<u8>, bool), u8>;
    /// Names, and what stands there in each version.
    type Rows = BTreeSet<(Vec<u8>, Vec<Option<u8>>)>;

    fn version(folder: &Folder) -> TreeObject {
        let mut entries: Vec<_> = folder.iter().collect();
        // git's order: a folder's name ends in `/`.
        let key =
            |name: &[u8], is_folder: bool| [name, if is_folder { b"/" } else { b"" }].concat();
        entries.sort_by_key(|((name, is_folder), _)| key(name, *is_folder));
        let mut raw = Vec::new();
        for ((name, is_folder), object) in entries {
            raw.extend_from_slice(if *is_folder { b"40000 " } else { b"100644 " });
            raw.extend_from_slice(name);
            raw.push(0);
            raw.extend([*object; 20]);
        }
        made_of(raw)
    }

    fn made_of(raw: Vec<u8>) -> TreeObject {
        TreeObject {
            oid: Oid::from_bytes(&[1; 20]),
            raw: Rc::new(raw),
        }
    }

    fn found(versions: &[TreeObject]) -> Result<Rows, Error> {
        let mut all = BTreeSet::new();
        differences(versions, &mut |difference| {
            let object = |leaf: &Option<Leaf>| leaf.map(|leaf| leaf.oid.as_bytes()[0]);
            let mut name = difference.name.to_vec();
            if difference.is_folder() {
                name.push(b'/');
            }
            let leaves = difference.leaves.iter().map(object).collect();
            assert!(all.insert((name, leaves)), "a name comes twice");
            Ok(())
        })?;
        Ok(all)
    }

    fn spelt_out(folders: &[Folder]) -> Rows {
        let names: BTreeSet<_> = folders.iter().flat_map(BTreeMap::keys).collect();
        let rows = names.into_iter().map(|(name, is_folder)| {
            let key = (name.clone(), *is_folder);
            let leaves: Vec<_> = folders
                .iter()
                .map(|folder| folder.get(&key).copied())
                .collect();
            let end: &[u8] = if *is_folder { b"/" } else { b"" };
            ([name, end].concat(), leaves)
        });
        rows.filter(|(_, leaves)| leaves.iter().any(|leaf| *leaf != leaves[0]))
            .collect()
    }

    /// Versions that have most of their entries alike: each is the first one with a few changes.
    fn folders() -> impl Strategy<Value = Vec<Folder>> {
        let name = "[a-c]{1,3}[.0-]{0,1}a{0,1}";
        let entry = ((name, any::<bool>()), 1..4_u8);
        let first = prop::collection::vec(entry.clone(), 0..40);
        let changes = prop::collection::vec((entry, any::<bool>()), 0..4);
        let others = prop::collection::vec(changes, 1..4);
        (first, others).prop_map(|(first, others)| {
            let mut base = Folder::new();
            for ((name, is_folder), object) in first {
                put(&mut base, name, is_folder, object);
            }
            let later = others.into_iter().map(|changes| {
                let mut folder = base.clone();
                for (((name, is_folder), object), goes) in changes {
                    match goes {
                        true => drop(folder.remove(&(name.into_bytes(), is_folder))),
                        false => put(&mut folder, name, is_folder, object),
                    }
                }
                folder
            });
            std::iter::once(base.clone()).chain(later).collect()
        })
    }

    /// No folder has a file and a folder of one name.
    fn put(folder: &mut Folder, name: String, is_folder: bool, object: u8) {
        folder.remove(&(name.clone().into_bytes(), !is_folder));
        folder.insert((name.into_bytes(), is_folder), object);
    }

    proptest! {
        #[test]
        fn differences_are_those_that_are_spelt_out(folders in folders()) {
            let versions: Vec<TreeObject> = folders.iter().map(version).collect();
            for count in 1..=versions.len() {
                prop_assert_eq!(found(&versions[..count]).unwrap(), spelt_out(&folders[..count]));
            }
            let with_none = [version(&folders[0]), TreeObject::default()];
            let expected = spelt_out(&[folders[0].clone(), Folder::new()]);
            prop_assert_eq!(found(&with_none).unwrap(), expected);
        }
    }

    #[test]
    fn a_new_name_has_the_whole_version_looked_at() {
        let entry = |mode: &str, name: &str| {
            [format!("{mode} {name}\0").into_bytes(), vec![7; 20]].concat()
        };
        let file = |name: &str| entry("100644", name);
        let old = [file("a"), file("a.c"), file("z")].concat();
        let twice = [file("a"), file("a.c"), entry("40000", "a"), file("z")].concat();
        let unsorted = [file("a"), file("a.c"), file("zz"), file("z")].concat();
        let nameless = [file("a"), file("a.c"), file(".git"), file("z")].concat();
        for new in [twice, unsorted, nameless] {
            let versions = [made_of(new), made_of(old.clone())];
            assert!(found(&versions).is_err());
        }
        let cut = old[..old.len() - 1].to_vec();
        assert!(found(&[made_of(cut), made_of(old.clone())]).is_err());
        assert!(
            found(&[made_of(old.clone()), made_of(old)])
                .unwrap()
                .is_empty()
        );
    }
}
