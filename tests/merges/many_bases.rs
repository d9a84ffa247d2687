//! Merges whose sides have merged the same branches before, each on its own.

use std::collections::BTreeMap;

use super::UPSTREAM;
use crate::support::{Sandbox, everywhere};

/// How many merge bases the merge has. Each two of them have another base in common.
const BASES: usize = 13;
const PATH: &str = "net/core/dev.c";

/// What becomes of the lines of a file: of each two, the first is changed in one of the bases, the
/// second in one of the sides.
fn file(bases: &[usize], sides: &[usize]) -> String {
    let word = |changed: &[usize], at| if changed.contains(&at) { "new" } else { "old" };
    let lines = |at| {
        let words = (word(bases, at), word(sides, at));
        format!("base {at}: {}\nside {at}: {}\n", words.0, words.1)
    };
    (0..BASES).map(lines).collect()
}

/// A commit of these parents, with the first one's tree but for the file.
fn commit(s: &Sandbox, parents: &[String], file: &str) -> String {
    let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
    let draft = s.commit("edit").on(parents[0]).write(PATH, file);
    let tree = s.tree_of(&draft.make());
    s.commit_tree(&tree, &parents)
}

#[test]
fn every_base_of_every_two_bases_counts() {
    everywhere(|s| {
        let root = s.commit("Linux 6.12").write(PATH, &file(&[], &[])).make();
        let mut shared = BTreeMap::new();
        let pairs = (0..BASES).flat_map(|one| (0..one).map(move |other| (one, other)));
        for (one, other) in pairs {
            let commit = s.touch(&root, format!("shared/{one}-{other}"));
            shared.insert((one, other), commit);
        }
        let base = |at: usize| {
            let has = |(pair, _): &(&(usize, usize), _)| pair.0 == at || pair.1 == at;
            let parents = shared.iter().filter(has).map(|(_, commit)| commit.clone());
            commit(s, &parents.collect::<Vec<_>>(), &file(&[at], &[]))
        };
        let bases: Vec<String> = (0..BASES).map(base).collect();
        let merged: Vec<usize> = (0..BASES).collect();
        // Beside what the oldest two bases changed: git merges these first.
        let side = |at: usize| commit(s, &bases, &file(&merged, &[at]));
        let (ours, theirs) = (side(0), side(1));
        s.seed(&ours, &["master"]);
        s.seed(&theirs, &[UPSTREAM]);
        let merge = s.merge("Merge tag 'v6.13'", &[&ours, &theirs]);
        let as_git = merge.make();
        s.push(&as_git, "master")
            .clean()
            .judged("bpf-next/master", 1);
        s.seed(&ours, &["master"]);
        let merge = s.merge("Merge tag 'v6.13'", &[&ours, &theirs]);
        let otherwise = merge.write(PATH, &file(&merged, &[0])).make();
        s.push(&otherwise, "master")
            .rejected("denied-path")
            .says("resolved by the merge");
    });
}
