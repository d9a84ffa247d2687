//! Versions of one folder, side by side.
//!
//! Nearly always a few entries of many differ. So the bytes of both are gone through together, and
//! as far as they are the same, they are stepped over by comparing them; of the entry that differs
//! it is known from the one version where it begins, and so it is in the other one (`index`). Only
//! what differs is taken apart.
//!
//! What is taken apart must make sense, or the object is refused. That the rest does follows: a
//! name that the other version has stands where it stands there, and a new one is held against
//! those beside it.

use super::index::Draft;
use crate::error::Error;
use crate::git::tree_object::{Entry, Leaf, Name, TreeObject};
use crate::update::Oid;

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
    for (difference, place) in each(new, old)? {
        if difference.old.is_none() {
            new.check_place(place)?;
        }
        visit(difference)?;
    }
    Ok(())
}

/// The names at which what a merge has in a folder could be anything else than what the table of
/// its sides settles, in git's order. See [`crate::git::merge`]: wherever the merge has what the
/// one parent has, and the other has what every base has, it is settled.
pub(in crate::git) fn unsettled<'t>(
    merge: &'t TreeObject,
    parents: &[&'t TreeObject],
    bases: &[&'t TreeObject],
) -> Result<Vec<Name<'t>>, Error> {
    let [first, second] = parents else {
        return all_names(merge, parents.iter().chain(bases));
    };
    let mut found = Vec::new();
    differences(merge, first, &mut |difference| {
        found.push((difference, Between::MergeAndFirst));
        Ok(())
    })?;
    let mut note = |new, old, between| {
        let differences = each(new, old)?.into_iter();
        found.extend(differences.map(|(difference, _)| (difference, between)));
        Ok::<_, Error>(())
    };
    for base in bases {
        note(second, base, Between::SecondAndBase)?;
    }
    // Bases far apart differ at many names at which the sides don't.
    let parents_told = bases.len() > 1;
    if parents_told {
        note(first, second, Between::Parents)?;
    }
    found.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    let same_name = found.chunk_by(|(one, _), (other, _)| one.name == other.name);
    let is_same = |lists: &[_]| parents_told && is_same_on_sides(lists);
    let open = same_name.filter(|lists| !is_taken_over(lists, bases.len()) && !is_same(lists));
    let names = open.filter_map(|lists| Some(lists.first()?.0.name));
    Ok(names.collect())
}

/// Which two versions differ, of a merge of two parents.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Between {
    MergeAndFirst,
    Parents,
    SecondAndBase,
}

/// Returns true if and only if the second parent changed what every base and the first parent have
/// there, and the merge has what the second parent has.
fn is_taken_over(lists: &[(Difference<'_>, Between)], bases: usize) -> bool {
    let mut lists = lists
        .iter()
        .filter(|(_, between)| *between != Between::Parents);
    let Some((own, Between::MergeAndFirst)) = lists.next() else {
        return false;
    };
    let mut same = 0;
    lists.all(|(change, _)| {
        same += 1;
        change == own
    }) && same == bases
}

/// Returns true if and only if the merge and its parents have the same there.
fn is_same_on_sides(lists: &[(Difference<'_>, Between)]) -> bool {
    lists
        .iter()
        .all(|(_, between)| *between == Between::SecondAndBase)
}

/// The names at which a merge isn't the same as any one of the others.
fn all_names<'o, 't: 'o>(
    merge: &'t TreeObject,
    others: impl Iterator<Item = &'o &'t TreeObject>,
) -> Result<Vec<Name<'t>>, Error> {
    let mut names = Vec::new();
    for other in others {
        differences(merge, other, &mut |difference| {
            names.push(difference.name);
            Ok(())
        })?;
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// The names at which the versions differ, each with the place of its entry in the new one: where
/// it is missing, that of the next one.
fn each<'t>(
    new: &'t TreeObject,
    old: &'t TreeObject,
) -> Result<Vec<(Difference<'t>, usize)>, Error> {
    let mut found = Vec::new();
    if new.oid == old.oid {
        return Ok(found);
    }
    let is_new_known = new.is_indexed();
    let (known, other) = match is_new_known {
        true => (new, old),
        false => (old, new),
    };
    let mut sides = Draft::new(other, known)?;
    loop {
        sides.step_over();
        let (one, two) = (sides.known()?, sides.other()?);
        let name = match (one, two) {
            (None, None) => break,
            (Some(one), None) | (None, Some(one)) => one.name(),
            (Some(one), Some(two)) => one.name().min(two.name()),
        };
        let named = |entry: Option<Entry<'t>>| entry.filter(|entry| entry.name() == name);
        let (one, two) = (named(one), named(two));
        let (at_known, at_other) = sides.places();
        sides.advance(one.is_some(), two.is_some())?;
        let ((new, place), old) = match is_new_known {
            true => ((one, at_known), two),
            false => ((two, at_other), one),
        };
        let leaf = |entry: Option<Entry<'_>>| entry.map(|entry| entry.leaf);
        let (new, old) = (leaf(new), leaf(old));
        // The same may be spelt in two ways.
        if new != old {
            found.push((Difference { name, new, old }, place));
        }
    }
    sides.done()?;
    Ok(found)
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
        fn what_is_settled_needs_no_look(
            folders in folders(),
            sides in prop::collection::vec(0..4_usize, 5),
            bases in 0..=2_usize,
        ) {
            let sides: Vec<Folder> = sides.iter().map(|at| folders[at % folders.len()].clone()).collect();
            let objects: Vec<TreeObject> = sides.iter().map(named).collect();
            let [merge, one, other, rest @ ..] = &objects.iter().collect::<Vec<_>>()[..] else { panic!() };
            let (parents, bases) = match bases {
                0 => (vec![*one, *other, rest[0], rest[1]], vec![]),
                bases => (vec![*one, *other], rest[..bases].to_vec()),
            };
            let names = unsettled(merge, &parents, &bases).unwrap();
            prop_assert!(names.is_sorted_by(|one, other| one < other));
            let names: BTreeSet<Vec<u8>> = names.into_iter().map(shown).collect();
            for (name, leaves) in spelt_out(&sides) {
                let [merge, one, other, rest @ ..] = &leaves[..] else { panic!() };
                let in_bases = &rest[..bases.len()];
                let differs = parents.len() > 2 && leaves.iter().any(|leaf| leaf != merge)
                    || parents.len() == 2 && !settles(in_bases, (one, other), merge);
                prop_assert!(!differs || names.contains(&name), "{name:?} {leaves:?}");
                let taken_over = merge == other && in_bases.iter().all(|base| base == one);
                prop_assert!(parents.len() > 2 || !taken_over || !names.contains(&name), "{name:?} {leaves:?}");
            }
        }
    }

    /// Returns true if and only if all bases say that the sides are merged to this.
    fn settles<T: PartialEq>(bases: &[T], (one, other): (&T, &T), merged: &T) -> bool {
        bases.iter().all(|base| match () {
            () if one == other || base == other => merged == one,
            () => base == one && merged == other,
        })
    }

    /// Its version, under a name that hangs on what is in it.
    fn named(folder: &Folder) -> TreeObject {
        let raw = version(folder).raw;
        let name = git2::Oid::hash_object(git2::ObjectType::Tree, &raw).unwrap();
        TreeObject::new(Oid::from_bytes(name.as_bytes()).unwrap(), raw)
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
