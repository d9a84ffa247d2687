//! Series are what their definition says, written out with sets of reachable commits.

use std::collections::BTreeSet;

use proptest::prelude::*;
use treewarden::git::{History as Graph, Lineage, Range};
use treewarden::series::{MessageId, split};
use treewarden::update::Oid;

use super::engine::plenty;
use super::history::{Flavour, History, histories};
use super::hold;

type Places = BTreeSet<usize>;

/// A reference that follows the text, not the engine: every question is one about sets.
struct Definition<'h> {
    history: &'h History,
    ancestors: Vec<Places>,
    series: Vec<Places>,
}

impl<'h> Definition<'h> {
    fn split(
        history: &'h History,
        new: usize,
        old: Option<usize>,
        hidden: &[usize],
    ) -> BTreeSet<Places> {
        let ancestors = history.ancestors();
        let reached: Places = hidden
            .iter()
            .flat_map(|at| ancestors[*at].clone())
            .collect();
        let entering: Places = ancestors[new].difference(&reached).copied().collect();
        let mut definition = Self {
            history,
            ancestors,
            series: Vec::new(),
        };
        definition.mainline(new, old, &entering);
        definition
            .series
            .into_iter()
            .filter(|series| !series.is_empty())
            .collect()
    }

    fn parents(&self, at: usize) -> &'h [usize] {
        &self.history.nodes[at].parents
    }

    /// Goes down the mainline from the new tip, and gives each of its commits a series.
    fn mainline(&mut self, new: usize, old: Option<usize>, entering: &Places) {
        let mut line = Vec::new();
        let mut next = Some(new);
        while let Some(at) = next.filter(|at| entering.contains(at)) {
            let parents = self.parents(at);
            let old_is_below =
                |parent: &&usize| old.is_some_and(|old| self.ancestors[**parent].contains(&old));
            let kept = match parents.len() > 1 {
                true => parents.iter().find(old_is_below).or(parents.first()),
                false => parents.first(),
            };
            line.push((at, kept.copied()));
            next = kept.copied();
        }
        let mut thread: Option<(usize, _)> = None;
        for (at, kept) in line.into_iter().rev() {
            if self.parents(at).len() > 1 {
                let lacks = self.lacking(entering, at, kept);
                let tips: Vec<usize> = self.parents(at).to_vec();
                let own = self.start(at);
                self.bring(&tips, lacks, own);
                thread = None;
                continue;
            }
            let posted = self.history.nodes[at].thread;
            match thread {
                Some((series, last)) if posted == Some(last) => {
                    self.series[series].insert(at);
                }
                _ => drop(self.start(at)),
            }
            let series = self
                .series
                .iter()
                .position(|series| series.contains(&at))
                .unwrap();
            thread = posted.map(|posted| (series, posted));
        }
    }

    fn start(&mut self, at: usize) -> usize {
        self.series.push(Places::from([at]));
        self.series.len() - 1
    }

    /// What a merge reaches of `within`, and its kept parent doesn't.
    fn lacking(&self, within: &Places, merge: usize, kept: Option<usize>) -> Places {
        let mut lacks: Places = self.ancestors[merge]
            .intersection(within)
            .copied()
            .collect();
        lacks.remove(&merge);
        lacks.retain(|at| !kept.is_some_and(|kept| self.ancestors[kept].contains(at)));
        lacks
    }

    /// Puts what a merge brought into its series: a line of first parents for each side, but for
    /// what merges on such a line bring by themselves. What an earlier side has is its own.
    fn bring(&mut self, tips: &[usize], mut brought: Places, series: usize) {
        for tip in tips {
            let side: Places = self.ancestors[*tip]
                .intersection(&brought)
                .copied()
                .collect();
            brought.retain(|at| !side.contains(at));
            let mut next = Some(*tip);
            while let Some(at) = next.filter(|at| side.contains(at)) {
                next = self.parents(at).first().copied();
                let lacks = self.lacking(&side, at, next);
                if lacks.is_empty() {
                    self.series[series].insert(at);
                } else {
                    let own = self.start(at);
                    self.bring(&self.parents(at)[1..], lacks, own);
                }
            }
        }
        assert!(brought.is_empty(), "{brought:?} is on no side");
    }
}

fn compare(history: &History, numbers: &[usize]) {
    let made = history.import();
    let budget = plenty();
    let graph = Graph::new(&made.repo, &budget);
    let count = history.nodes.len();
    let new = count - 1;
    for (at, number) in numbers.iter().enumerate() {
        let hidden: Vec<usize> = numbers[..at].iter().map(|number| number % count).collect();
        let old = hidden.first().copied();
        let lineage = old.map_or_else(Lineage::default, |old| {
            graph.lineage(made.oids[old], &Range::default()).unwrap()
        });
        let oids: Vec<Oid> = hidden.iter().map(|place| made.oids[*place]).collect();
        let range = Range::entering(&graph, made.oids[new], &oids, &budget).unwrap();
        let found = split(&range, &lineage, |row| {
            Ok(MessageId::of(&made.repo.message(row.oid)?))
        });
        let found = found.unwrap();
        let together = found.iter().flatten().copied().collect::<Vec<_>>();
        let each: Places = together.iter().copied().collect();
        assert_eq!(
            each,
            (0..range.rows.len()).collect(),
            "each commit is in a series"
        );
        assert_eq!(together.len(), each.len(), "and in no other");
        assert!(
            found.iter().all(|series| series.is_sorted()),
            "parents come first"
        );
        let named = found.iter().map(|series| {
            let named = series.iter().map(|row| made.place(range.rows[*row].oid));
            named.collect::<Places>()
        });
        let expected = Definition::split(history, new, old, &hidden);
        assert_eq!(
            named.collect::<BTreeSet<_>>(),
            expected,
            "{number}: without {hidden:?}"
        );
    }
}

#[test]
fn series_are_as_defined() {
    let numbers = prop::collection::vec(0..1_000_usize, 4);
    hold(
        200,
        (histories(Flavour::Plain), numbers),
        |(history, numbers)| compare(history, numbers),
    );
}
