//! A merge in words: what it stands on, and why a path is one of its own changes.

use crate::git::{Departure, Leaf, MergeAccount, Sides};
use crate::update::Oid;

/// A merge's parents and merge bases, a sentence each.
pub fn parents(account: &MergeAccount) -> Vec<String> {
    let parents = account.parents.iter().map(Oid::short).collect::<Vec<_>>();
    let mut lines = vec![format!(
        "{}: a merge, judged by where it differs from the automatic merge of these",
        parents.join(", ")
    )];
    for (at, bases) in account.bases.iter().enumerate() {
        let of = match account.bases.len() {
            1 => String::new(),
            _ => format!(" of parent {} and those before it", at + 2),
        };
        let names = bases.iter().map(Oid::short).collect::<Vec<_>>();
        lines.push(match names.as_slice() {
            [] => format!("no merge base{of}"),
            [one] => format!("merge base{of}: {one}"),
            several => format!("merge bases{of}: {}", several.join(", ")),
        });
    }
    lines
}

/// Why a path is one of a merge's own changes.
pub fn why(departure: Departure, sides: &Sides) -> String {
    match departure {
        Departure::Settled => format!("added: {}", settled(sides)),
        Departure::Contents => {
            "resolved: both sides changed it; git merges that cleanly, but to something else".into()
        }
        Departure::Conflict => {
            "resolved: both sides changed it, and git finds a conflict there".into()
        }
        Departure::Deletion => "resolved: one side deleted what another changed".into(),
        Departure::Kind => "resolved: a folder on one side, and something else on another".into(),
        Departure::Bases => "resolved: the merge bases don't agree on it".into(),
    }
}

fn settled(sides: &Sides) -> String {
    let base = sides.bases.iter().flatten().next().copied().flatten();
    let made = match sides.merge {
        None => "the merge deletes it",
        merge if merge == base => "the merge has what the merge base has",
        Some(_) => "the merge has something else",
    };
    match sides.only_changed_by() {
        Some(at) => format!("only parent {} changed it, and {made}", at + 1),
        None if sides.parents.iter().all(Option::is_none) => "no parent has it".into(),
        None if sides.parents_agree() => format!("the parents agree on it, and {made}"),
        None => format!("the parents' changes don't collide there, and {made}"),
    }
}

/// What stands at the path on every side, a line each.
pub fn every_side(sides: &Sides) -> Vec<String> {
    let leaf = |leaf: &Option<Leaf>| match leaf {
        Some(leaf) => format!("{} {}", leaf.mode.octal(), leaf.oid.short()),
        None => "nothing".into(),
    };
    let bases = sides.bases.iter().flatten();
    let bases = bases.map(|base| format!("base      {}", leaf(base)));
    let parents = sides.parents.iter().enumerate();
    let parents = parents.map(|(at, parent)| format!("parent {}  {}", at + 1, leaf(parent)));
    let merge = format!("merge     {}", leaf(&sides.merge));
    let all = bases.chain(parents).chain(std::iter::once(merge));
    all.collect()
}
