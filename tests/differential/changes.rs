//! The changed paths of ordinary commits are git's.

use std::collections::{BTreeMap, BTreeSet};

use treewarden::finding::Origin;
use treewarden::git::{History as Graph, Range};
use treewarden::update::Oid;

use super::engine::{changes, classifier, plenty};
use super::history::{Flavour, History, histories};
use super::hold;
use super::witness::Witness;

/// Classes for both flavours' paths: some paths have none.
const CLASSES: &[&[&str]] = &[
    &["n/a/**", "a/x"],
    &["n/**", "a/**"],
    &["m", "top", "**/*.c"],
];

/// The paths that git finds changed in each commit; one that changes none may be absent.
pub fn by_git(witness: &Witness, commits: &[Oid]) -> BTreeMap<Oid, BTreeSet<Vec<u8>>> {
    let asked: String = commits.iter().map(|oid| format!("{oid}\n")).collect();
    let args = "diff-tree --stdin -r -z --no-renames --name-only --root";
    let args: Vec<&str> = args.split(' ').collect();
    let answer = witness.ask(&args, asked.as_bytes());
    let commits: BTreeSet<Oid> = commits.iter().copied().collect();
    let mut all: BTreeMap<Oid, BTreeSet<Vec<u8>>> = BTreeMap::new();
    let mut current = None;
    for field in answer.split(|byte| *byte == 0).filter(|f| !f.is_empty()) {
        match Oid::from_hex(field).filter(|oid| commits.contains(oid)) {
            Some(oid) => current = Some(oid),
            None => drop(
                all.entry(current.unwrap())
                    .or_default()
                    .insert(field.to_vec()),
            ),
        }
    }
    all
}

fn compare(history: &History) {
    let made = history.import();
    let budget = plenty();
    let graph = Graph::new(&made.repo, &budget);
    let git = by_git(&made.witness, &made.oids);
    let classifier = classifier(CLASSES);
    for head in history.heads() {
        let range = Range::entering(&graph, made.oids[head], &[], &budget).unwrap();
        let found = changes(&made.repo, &graph, &range, &classifier);
        for row in range.rows.iter().filter(|row| !row.is_merge()) {
            let paths: BTreeSet<_> = found[&row.oid].iter().cloned().collect();
            let expected = git.get(&row.oid).into_iter().flatten().cloned();
            let expected: BTreeSet<_> = expected.map(|path| (path, Origin::Changed)).collect();
            assert_eq!(paths, expected, "commit {}", made.place(row.oid));
        }
    }
}

#[test]
fn changed_paths_are_gits() {
    hold(100, histories(Flavour::Wild), compare);
    hold(50, histories(Flavour::Plain), compare);
}
