//! Merges' own changes are those of the reference, and the reference's automatic merge is git's.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::Command;

use treewarden::git::{History as Graph, Range};
use treewarden::update::Oid;

use super::engine::{changes, classifier, plenty};
use super::history::{Flavour, History, Imported, histories, woven};
use super::hold;
use super::reference::{Merged, Reference, merge_tree};

const CLASSES: &[&[&str]] = &[&["n/a/**", "a/x"], &["n/**", "a/**"], &["m", "top"]];

/// What was compared so far.
#[derive(Default)]
struct Counts {
    merges: Cell<usize>,
    several_bases: Cell<usize>,
    octopuses: Cell<usize>,
    own_changes: Cell<usize>,
    merged: Cell<usize>,
    conflicts: Cell<usize>,
    asked: Cell<usize>,
}

fn add(to: &Cell<usize>, count: usize) {
    to.set(to.get() + count);
}

/// git's merge of two commits, in the same history with nothing but one path in it: nothing else
/// can then be taken for a rename, or stand in the way.
fn alone(history: &History, one: usize, other: usize, path: &[u8]) -> Merged {
    let mut history = history.clone();
    for node in &mut history.nodes {
        node.files.retain(|known, _| known == path);
    }
    let made = history.import();
    let (tree, conflicts) = merge_tree(&made.witness, made.oids[one], made.oids[other]);
    match conflicts.is_empty() {
        true => Merged::Clean(tree.get(path).copied()),
        false => Merged::Conflict,
    }
}

fn compare(history: &History, counts: &Counts) {
    let made = history.import();
    let budget = plenty();
    let graph = Graph::new(&made.repo, &budget);
    let several =
        |one, other, path: &[u8]| alone(history, made.place(one), made.place(other), path);
    let reference = Reference::new(&made.witness, &several);
    let classifier = classifier(CLASSES);
    let mut seen = BTreeSet::new();
    for head in history.heads() {
        let range = Range::entering(&graph, made.oids[head], &[], &budget).unwrap();
        let found = changes(&made.repo, &graph, &range, &classifier);
        for row in range.rows.iter().filter(|row| row.is_merge()) {
            if !seen.insert(row.oid) {
                continue;
            }
            let place = made.place(row.oid);
            let parents = parents(&made, history, place);
            let expected = reference.own_changes(row.oid, &parents);
            assert_eq!(found[&row.oid], expected, "merge {place}");
            add(&counts.merges, 1);
            add(&counts.own_changes, expected.len());
            add(&counts.octopuses, usize::from(parents.len() > 2));
            let bases = reference.sides(&parents).bases();
            add(&counts.several_bases, usize::from(bases > 1));
        }
    }
    let [merged, conflicts, asked] = *reference.merged.borrow();
    add(&counts.merged, merged);
    add(&counts.conflicts, conflicts);
    add(&counts.asked, asked);
}

fn parents(made: &Imported, history: &History, at: usize) -> Vec<Oid> {
    let parents = history.nodes[at].parents.iter();
    parents.map(|parent| made.oids[*parent]).collect()
}

/// Returns true if and only if git can merge files as the reference asks it to.
pub fn git_merges_files() -> bool {
    let help = Command::new("git").args(["merge-file", "-h"]).output();
    let help = help.unwrap();
    let knows =
        String::from_utf8_lossy(&[help.stdout, help.stderr].concat()).contains("diff-algorithm");
    if !knows {
        // Past the capture of the test's output: what isn't tested must be seen.
        let line = "LEFT OUT: merges against the reference, which needs git 2.44 or later\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    knows
}

#[test]
fn own_changes_of_merges() {
    if !git_merges_files() {
        return;
    }
    let counts = Counts::default();
    hold(150, histories(Flavour::Wild), |history| {
        compare(history, &counts)
    });
    hold(100, histories(Flavour::Plain), |history| {
        compare(history, &counts)
    });
    hold(100, woven(Flavour::Wild), |history| {
        compare(history, &counts);
    });
    hold(100, woven(Flavour::Plain), |history| {
        compare(history, &counts);
    });
    for (what, count, least) in [
        ("merges", &counts.merges, 1000),
        ("merges with several bases", &counts.several_bases, 300),
        ("octopus merges", &counts.octopuses, 30),
        ("own changes", &counts.own_changes, 900),
        ("merged contents", &counts.merged, 150),
        ("conflicts", &counts.conflicts, 80),
        ("paths on which several bases disagree", &counts.asked, 600),
    ] {
        eprintln!("{what}: {}", count.get());
        assert!(count.get() >= least, "only {} {what}", count.get());
    }
}

/// The reference's own claim, that `git merge-file` and a rule for modes are all there is to a
/// merge without renames. Every two of a history's last commits are merged.
fn compare_with_git(history: &History, asked: &Cell<usize>) {
    let made = history.import();
    let several =
        |one, other, path: &[u8]| alone(history, made.place(one), made.place(other), path);
    let reference = Reference::new(&made.witness, &several);
    let last = history.nodes.len().saturating_sub(4);
    for one in last..history.nodes.len() {
        for other in last..one {
            let parents = [made.oids[one], made.oids[other]];
            let sides = reference.sides(&parents);
            let (tree, conflicts) = merge_tree(&made.witness, parents[0], parents[1]);
            for path in history.flavour.paths() {
                let git = match conflicts.contains(path) {
                    true => Merged::Conflict,
                    false => Merged::Clean(tree.get(path).copied()),
                };
                let (ours, _) = reference.automatic(&sides, path);
                let path = path.escape_ascii();
                assert_eq!(ours, git, "{path} in the merge of {one} and {other}");
            }
            add(asked, 1);
        }
    }
}

#[test]
fn the_reference_merges_as_git() {
    if !git_merges_files() {
        return;
    }
    let asked = Cell::new(0);
    hold(60, histories(Flavour::Plain), |history| {
        compare_with_git(history, &asked)
    });
    assert!(asked.get() >= 200, "only {} merges", asked.get());
}
