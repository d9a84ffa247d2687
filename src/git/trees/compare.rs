//! Versions of one folder, side by side.
//!
//! Nearly always a few entries of many differ. So what both versions begin with and what both end
//! with is stepped over by comparing bytes, and where entries begin in between is known from the
//! one version for the other (`index`). Of the entries that are left, those that are the same bytes
//! are stepped over too. Only what differs is taken apart.
//!
//! What is taken apart must make sense, or the object is refused. That the rest does follows: a
//! name that the other version has stands where it stands there, and a new one is held against
//! those beside it.

use super::index::{Alike, Index};
use crate::error::Error;
use crate::git::tree_object::{Entry, Leaf, Name, TreeObject};
use crate::update::Oid;

/// Bytes that are compared at once.
const BLOCK: usize = 256;

/// A name at which two versions differ. Where a file became a folder, or a folder a file, the name
/// comes twice: once for each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::git) struct Difference<'t> {
    pub name: Name<'t>,
    /// What the new version has there.
    pub new: Option<Leaf>,
    /// What the old one has.
    pub old: Option<Leaf>,
}

impl Difference<'_> {
    /// The objects in the new version and in the old one.
    pub fn oids(&self) -> (Option<Oid>, Option<Oid>) {
        (self.new.map(|leaf| leaf.oid), self.old.map(|leaf| leaf.oid))
    }
}

/// Calls `visit` with each name at which a new version isn't the same as an old one, in git's order.
/// Errors where the new one has a name that the old one lacks, and that can't be there.
pub(in crate::git) fn differences<'t>(
    new: &'t TreeObject,
    old: &'t TreeObject,
    visit: &mut dyn FnMut(Difference<'t>) -> Result<(), Error>,
) -> Result<(), Error> {
    each(new, old, &mut |difference, at| {
        if difference.old.is_none() {
            new.check_place(at)?;
        }
        visit(difference)
    })
}

/// The names at which what a merge has in a folder could be anything else than what the table of
/// its sides settles, in git's order. See [`crate::git::merge`]: wherever the merge has what the
/// one parent has, and the other has what every base has, it is settled.
pub(in crate::git) fn unsettled<'t>(
    merge: &'t TreeObject,
    parents: &[&'t TreeObject],
    bases: &[&'t TreeObject],
) -> Result<Vec<Name<'t>>, Error> {
    let mut names = Vec::new();
    let mut note = |difference: Difference<'t>| {
        names.push(difference.name);
        Ok(())
    };
    if let [first, second] = parents {
        let (one, other) = nearest(merge, (*first, *second), bases);
        differences(merge, one, &mut note)?;
        for base in bases {
            each(other, base, &mut |difference, _| note(difference))?;
        }
    } else {
        for other in parents.iter().chain(bases) {
            differences(merge, other, &mut note)?;
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// The parents in the order in which there is less to look at.
fn nearest<'t>(
    merge: &TreeObject,
    (first, second): (&'t TreeObject, &'t TreeObject),
    bases: &[&TreeObject],
) -> (&'t TreeObject, &'t TreeObject) {
    let apart = |one: &TreeObject, other: &TreeObject| {
        let bases = bases.iter().map(|base| unlike(other, base));
        unlike(merge, one) + bases.sum::<usize>()
    };
    match apart(first, second) {
        0 => (first, second),
        so_far if so_far <= apart(second, first) => (first, second),
        _ => (second, first),
    }
}

/// How many bytes are neither in what two versions begin with nor in what they end with.
fn unlike(one: &TreeObject, other: &TreeObject) -> usize {
    if one.oid == other.oid {
        return 0;
    }
    let alike = common_prefix(&one.raw, &other.raw) + common_suffix(&one.raw, &other.raw);
    one.raw.len().max(other.raw.len()).saturating_sub(alike)
}

/// Calls `visit` with each name at which the versions differ, and the place of its entry in the new
/// one: where it is missing, that of the next one.
fn each<'t>(
    new: &'t TreeObject,
    old: &'t TreeObject,
    visit: &mut dyn FnMut(Difference<'t>, usize) -> Result<(), Error>,
) -> Result<(), Error> {
    if new.oid == old.oid {
        return Ok(());
    }
    let (mut new, mut old) = middles(new, old)?;
    loop {
        while let (Some(one), Some(other)) = (new.raw(), old.raw())
            && one == other
        {
            new.at += 1;
            old.at += 1;
        }
        let fronts = (new.front()?, old.front()?);
        let name = match fronts {
            (None, None) => return Ok(()),
            (Some(one), None) | (None, Some(one)) => one.name(),
            (Some(one), Some(other)) => one.name().min(other.name()),
        };
        let place = new.at;
        let difference = Difference {
            name,
            new: new.take(fronts.0, name),
            old: old.take(fronts.1, name),
        };
        // The same may be spelt in two ways.
        if difference.new != difference.old {
            visit(difference, place)?;
        }
    }
}

/// The entries of a version that are neither in its shared beginning nor in its shared end.
struct Middle<'t> {
    object: &'t TreeObject,
    index: &'t Index,
    at: usize,
    end: usize,
}

impl<'t> Middle<'t> {
    /// The bytes of the entry at the front; `None` at the end.
    fn raw(&self) -> Option<&'t [u8]> {
        self.index
            .raw(self.object, self.at)
            .filter(|_| self.at < self.end)
    }

    /// The entry at the front.
    fn front(&self) -> Result<Option<Entry<'t>>, Error> {
        let split = |raw| Ok(self.object.split(raw)?.0);
        self.raw().map(split).transpose()
    }

    /// Steps over the entry at the front, if it has this name; what stands there.
    fn take(&mut self, front: Option<Entry<'t>>, name: Name<'_>) -> Option<Leaf> {
        let entry = front.filter(|entry| entry.name() == name)?;
        self.at += 1;
        Some(entry.leaf)
    }
}

/// What is to be looked at of two versions.
fn middles<'t>(
    new: &'t TreeObject,
    old: &'t TreeObject,
) -> Result<(Middle<'t>, Middle<'t>), Error> {
    let prefix = common_prefix(&new.raw, &old.raw);
    let suffix = common_suffix(&new.raw, &old.raw);
    let like = |other| Alike {
        other,
        prefix,
        suffix,
    };
    let (new_index, old_index) = if new.is_indexed() {
        (new.index()?, old.index_like(&like(new))?)
    } else {
        (new.index_like(&like(old))?, old.index()?)
    };
    let at = new_index.whole_within(prefix);
    let rest = |index: &Index| index.count().saturating_sub(at);
    let tail = new_index.whole_at_end(old_index, suffix);
    let tail = tail.min(rest(new_index)).min(rest(old_index));
    let middle = |object, index: &'t Index| Middle {
        object,
        index,
        at,
        end: index.count() - tail,
    };
    Ok((middle(new, new_index), middle(old, old_index)))
}

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.chunks_exact(BLOCK).zip(other.chunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(one, other)| one == other).count();
    let (one, other) = (rest(one, same), rest(other, same));
    let words = one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0);
    let words = 8 * words.take_while(|(one, other)| one == other).count();
    let bytes = rest(one, words).iter().zip(rest(other, words));
    same + words + bytes.take_while(|(one, other)| one == other).count()
}

fn rest(bytes: &[u8], from: usize) -> &[u8] {
    bytes.get(from..).unwrap_or_default()
}

fn common_suffix(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.rchunks_exact(BLOCK).zip(other.rchunks_exact(BLOCK));
    let same = BLOCK * blocks.take_while(|(one, other)| one == other).count();
    let (one, other) = (front(one, same), front(other, same));
    let words = one.as_rchunks::<8>().1.iter().rev();
    let words = words.zip(other.as_rchunks::<8>().1.iter().rev());
    let words = 8 * words.take_while(|(one, other)| one == other).count();
    let bytes = front(one, words).iter().rev();
    let bytes = bytes.zip(front(other, words).iter().rev());
    same + words + bytes.take_while(|(one, other)| one == other).count()
}

/// What comes before the last bytes.
fn front(bytes: &[u8], but: usize) -> &[u8] {
    bytes.get(..bytes.len() - but).unwrap_or_default()
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
        TreeObject::new(Oid::from_bytes(&[1; 20]).unwrap(), Rc::new(raw))
    }

    /// An object of another name.
    fn renamed(object: &TreeObject) -> TreeObject {
        let oid = Oid::from_bytes(&[2; 20]).unwrap();
        TreeObject::new(oid, Rc::clone(&object.raw))
    }

    fn found(new: &TreeObject, old: &TreeObject) -> Result<Rows, Error> {
        let mut all = BTreeSet::new();
        differences(new, old, &mut |difference| {
            let object = |leaf: Option<Leaf>| leaf.map(|leaf| leaf.oid.as_bytes()[0]);
            let leaves = vec![object(difference.new), object(difference.old)];
            let is_new = all.insert((shown(difference.name), leaves));
            assert!(is_new, "a name comes twice");
            Ok(())
        })?;
        Ok(all)
    }

    /// A folder's name ends in `/`.
    fn shown(name: Name<'_>) -> Vec<u8> {
        let end: &[u8] = if name.is_folder { b"/" } else { b"" };
        [name.bytes, end].concat()
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
            // The first one's index is made from nothing, the others' from it, and from each other.
            let first = version(&folders[0]);
            let mut last: Option<TreeObject> = None;
            for folder in &folders[1..] {
                let both = [folder.clone(), folders[0].clone()];
                let after = renamed(&version(folder));
                prop_assert_eq!(found(&after, &first).unwrap(), spelt_out(&both));
                let again = made_of(after.raw.to_vec());
                if let Some(before) = last {
                    found(&before, &again).unwrap();
                }
                for object in [&after, &again] {
                    let all = object.entries().unwrap();
                    prop_assert_eq!(object.index().unwrap().count(), all.len());
                    for entry in &all {
                        prop_assert_eq!(object.find(entry.name()).unwrap(), Some(entry.leaf));
                        prop_assert_eq!(object.find(entry.name().of_other_kind()).unwrap(), None);
                    }
                }
                last = Some(after);
            }
            let with_none = found(&first, &TreeObject::default());
            prop_assert_eq!(with_none.unwrap(), spelt_out(&[folders[0].clone(), Folder::new()]));
        }

        #[test]
        fn what_is_settled_needs_no_look(folders in prop::collection::vec(folders(), 4)) {
            let sides: Vec<Folder> = folders.into_iter().map(|some| some[0].clone()).collect();
            let objects: Vec<TreeObject> = sides.iter().enumerate().map(|(at, side)| {
                let oid = Oid::from_bytes(&[u8::try_from(at + 1).unwrap(); 20]).unwrap();
                TreeObject::new(oid, version(side).raw)
            }).collect();
            let [merge, one, other, base] = objects.iter().collect::<Vec<_>>()[..] else { panic!() };
            for (parents, bases) in [(vec![one, other], vec![base]), (vec![one, other, base], vec![])] {
                let names = unsettled(merge, &parents, &bases).unwrap();
                let names: BTreeSet<Vec<u8>> = names.into_iter().map(shown).collect();
                for (name, leaves) in spelt_out(&sides) {
                    let settled = leaves[0] == leaves[1] && leaves[2] == leaves[3]
                        || leaves[0] == leaves[2] && leaves[1] == leaves[3];
                    prop_assert!(settled && parents.len() == 2 || names.contains(&name));
                }
            }
        }
    }

    #[test]
    fn a_new_name_has_its_neighbours_looked_at() {
        let entry = |mode: &str, name: &str| {
            [format!("{mode} {name}\0").into_bytes(), vec![7; 20]].concat()
        };
        let file = |name: &str| entry("100644", name);
        let old = [file("a"), file("a.c"), file("z")].concat();
        let both_kinds = [file("a"), file("a.c"), entry("40000", "a"), file("z")].concat();
        let twice = [file("a"), file("a.c"), file("a.c"), file("z")].concat();
        let first = [file("b"), file("a"), file("a.c"), file("z")].concat();
        let unsorted = [file("a"), file("a.c"), file("zz"), file("z")].concat();
        let swapped = [file("a.c"), file("a"), file("z")].concat();
        let nameless = [file("a"), file("a.c"), file(".git"), file("z")].concat();
        let cut = old[..old.len() - 1].to_vec();
        for new in [both_kinds, twice, first, unsorted, swapped, nameless, cut] {
            let new = renamed(&made_of(new));
            assert!(found(&new, &made_of(old.clone())).is_err());
            assert!(found(&new, &TreeObject::default()).is_err());
        }
        let sorted = [file("a"), file("a.c"), file("b"), file("z")].concat();
        let sorted = renamed(&made_of(sorted));
        assert_eq!(found(&sorted, &made_of(old)).unwrap().len(), 1);
    }

    #[test]
    fn what_looks_like_an_entry_in_an_object_name_is_none() {
        let entry = |name: &str, oid: &[u8]| [format!("160000 {name}\0").as_bytes(), oid].concat();
        // The end of each object's name is the same bytes as an entry's beginning.
        let oid = |first: u8| [&[first; 10][..], b"100644 b\0\0"].concat();
        let new = [entry("a", &oid(1)), entry("c", &oid(3))].concat();
        let old = [entry("a", &oid(2)), entry("c", &oid(3))].concat();
        let rows = found(&renamed(&made_of(new)), &made_of(old)).unwrap();
        assert_eq!(
            rows.into_iter().collect::<Vec<_>>(),
            [(b"a".to_vec(), vec![Some(1), Some(2)])]
        );
    }
}
