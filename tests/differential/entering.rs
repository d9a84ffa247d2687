//! Entering commits, merge bases and lineages are git's, and what reachability says.

use std::collections::BTreeSet;

use proptest::prelude::*;
use treewarden::git::{History as Graph, Parent, Range};
use treewarden::update::Oid;

use super::engine::plenty;
use super::history::{Flavour, History, Imported, histories};
use super::hold;

type Places = BTreeSet<usize>;

/// A history, and numbers to choose commits of it by.
fn chosen() -> impl Strategy<Value = (History, Vec<usize>)> {
    let numbers = prop::collection::vec(0..1_000_usize, 6);
    (histories(Flavour::Wild), numbers)
}

fn places(made: &Imported, oids: &[Oid]) -> Places {
    oids.iter().map(|oid| made.place(*oid)).collect()
}

pub fn entering_commits(history: &History, made: &Imported, numbers: &[usize]) {
    let budget = plenty();
    let graph = Graph::new(&made.repo, &budget);
    let count = history.nodes.len();
    let ancestors = history.ancestors();
    for (at, number) in numbers.iter().enumerate() {
        // Few hidden commits and many: from none on.
        let new = count - 1 - number % count.min(3);
        let hidden: Places = numbers[..at]
            .iter()
            .map(|number| number / 3 % count)
            .collect();
        let oids: Vec<Oid> = hidden.iter().map(|place| made.oids[*place]).collect();
        let range = Range::entering(&graph, made.oids[new], &oids, &budget).unwrap();
        assert_order(history, made, &range);
        // Every line has a walk of its own, the longer ones do, or none does.
        for least in [1, 2, usize::MAX] {
            assert_bases(made, &range, least);
        }
        let found: Vec<Oid> = range.rows.iter().map(|row| row.oid).collect();
        let found = places(made, &found);
        let reached: Places = hidden
            .iter()
            .flat_map(|at| ancestors[*at].clone())
            .collect();
        let expected: Places = ancestors[new].difference(&reached).copied().collect();
        assert_eq!(found, expected, "{new} without {hidden:?}");
        if let Some(last) = range.rows.last() {
            assert_eq!(made.place(last.oid), new, "the new tip is the last");
        }
        let new = made.oids[new].to_string();
        let names: Vec<String> = oids.iter().map(Oid::to_string).collect();
        let mut args = vec!["rev-list", &new, "--not"];
        args.extend(names.iter().map(String::as_str));
        assert_eq!(
            places(made, &made.witness.commits(&args)),
            expected,
            "git's own answer"
        );
    }
}

/// Merge bases that are worked out together are those that are worked out one by one.
fn assert_bases(made: &Imported, range: &Range, least: usize) {
    let budget = plenty();
    let together = Graph::new(&made.repo, &budget);
    together.prepare_merge_bases(range, least).unwrap();
    let alone = Graph::new(&made.repo, &budget);
    for row in range.rows.iter().filter(|row| row.parents.len() == 2) {
        let [first, second] = [0, 1].map(|side| range.oid(row.parents[side]).unwrap());
        assert_eq!(
            together.merge_bases(second, &[first]).unwrap(),
            alone.merge_bases(second, &[first]).unwrap(),
        );
    }
}

/// Parents stand before children, and each is known for what it is.
fn assert_order(history: &History, made: &Imported, range: &Range) {
    let inside: Vec<usize> = range.rows.iter().map(|row| made.place(row.oid)).collect();
    for (at, row) in range.rows.iter().enumerate() {
        let mut parents = Vec::new();
        for parent in &row.parents {
            let place = made.place(range.oid(*parent).unwrap());
            match parent {
                Parent::In(before) => assert!(*before < at),
                Parent::Out(_) => assert!(!inside.contains(&place)),
            }
            parents.push(place);
        }
        assert_eq!(parents, history.nodes[inside[at]].parents);
    }
}

#[test]
fn entering_commits_are_gits() {
    hold(150, chosen(), |(history, numbers)| {
        entering_commits(history, &history.import(), numbers)
    });
}

pub fn graph(history: &History, made: &Imported, numbers: &[usize]) {
    let budget = plenty();
    let graph = Graph::new(&made.repo, &budget);
    let count = history.nodes.len();
    let ancestors = history.ancestors();
    for pair in numbers.windows(4) {
        let one = count - 1 - pair[0] % count.min(5);
        // Two commits, and every other time three or four.
        let others: Vec<usize> = pair[1..].iter().map(|number| number % count).collect();
        let others = &others[..1 + pair[0] % 6 / 3 * (1 + pair[1] % 2)];
        let oids: Vec<Oid> = others.iter().map(|place| made.oids[*place]).collect();
        let found = graph.merge_bases(made.oids[one], &oids).unwrap();
        let expected = best_common(&ancestors, one, others);
        assert_eq!(
            places(made, &found),
            expected,
            "merge bases of {one} and {others:?}"
        );
        assert_eq!(found.len(), expected.len(), "a merge base comes twice");
        let names: Vec<String> = [one]
            .iter()
            .chain(others)
            .map(|at| made.oids[*at].to_string())
            .collect();
        let mut args = vec!["merge-base", "--all"];
        args.extend(names.iter().map(String::as_str));
        assert_eq!(
            places(made, &made.witness.commits(&args)),
            expected,
            "git's own answer"
        );

        let lineage = graph.lineage(oids[0], &Range::default()).unwrap();
        for place in &ancestors[one] {
            let descends = ancestors[*place].contains(&others[0]);
            assert_eq!(
                lineage.has(made.oids[*place]).unwrap(),
                descends,
                "{place} from {}",
                others[0]
            );
        }
        let args = ["merge-base", "--is-ancestor", &names[1], &names[0]];
        let git = made.witness.try_ask(&args, b"").status == 0;
        assert_eq!(git, ancestors[one].contains(&others[0]));
    }
}

/// The common ancestors of one and any of the others that no other common ancestor descends from.
fn best_common(ancestors: &[Places], one: usize, others: &[usize]) -> Places {
    let reached: Places = others
        .iter()
        .flat_map(|at| ancestors[*at].clone())
        .collect();
    let common: Places = ancestors[one].intersection(&reached).copied().collect();
    let surpassed = |at: &usize| {
        common
            .iter()
            .any(|other| other != at && ancestors[*other].contains(at))
    };
    common.iter().filter(|at| !surpassed(at)).copied().collect()
}

#[test]
fn merge_bases_and_lineages_are_gits() {
    hold(150, chosen(), |(history, numbers)| {
        graph(history, &history.import(), numbers)
    });
}

pub fn independent_commits(history: &History, made: &Imported, numbers: &[usize]) {
    let budget = plenty();
    let graph = Graph::new(&made.repo, &budget);
    let count = history.nodes.len();
    let asked: Vec<Oid> = numbers
        .iter()
        .map(|number| made.oids[number % count])
        .collect();
    let found = graph.independent(&asked).unwrap();
    let names: Vec<String> = asked.iter().map(Oid::to_string).collect();
    let mut args = vec!["merge-base", "--independent"];
    args.extend(names.iter().map(String::as_str));
    let expected = places(made, &made.witness.commits(&args));
    assert_eq!(places(made, &found), expected, "{asked:?}");
    assert_eq!(found.len(), expected.len(), "each once");
}

#[test]
fn commits_that_no_other_reaches_are_gits() {
    hold(100, chosen(), |(history, numbers)| {
        independent_commits(history, &history.import(), numbers)
    });
}
