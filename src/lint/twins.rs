//! Names that differ in case only, and belong to different classes: a checkout on a file system
//! that is blind to case has one of them for both.

use std::collections::{BTreeMap, BTreeSet};

use super::spelt::Spelt;
use super::{MOST_NAMED, Remark, Tip, Topic, listed, quoted};
use crate::policy::Policy;
use crate::report::escape::Shown;

/// What patterns begin with: each folder that they all match below, or the path that they match.
#[derive(Default)]
struct Beginnings {
    /// By how it is spelt: the ranks of patterns that begin so, and whether they end there.
    spellings: BTreeMap<Vec<u8>, BTreeSet<(usize, bool)>>,
}

/// Patterns of two classes of which one begins with what the other begins with, but for case.
pub(super) fn of_patterns(policy: &Policy) -> Vec<Remark> {
    let spelt = Spelt::new(policy);
    let mut by_folded: BTreeMap<Vec<u8>, Beginnings> = BTreeMap::new();
    for alternative in &spelt.alternatives {
        let fixed = fixed(&alternative.text);
        for end in 1..=fixed.len() {
            let beginning = fixed.get(..end).unwrap_or_default().join("/").into_bytes();
            let known = by_folded.entry(folded(&beginning)).or_default();
            let whole = end == fixed.len();
            let ranks = known.spellings.entry(beginning).or_default();
            ranks.insert((alternative.rank, whole));
        }
    }
    let mut twins: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (later, earlier) in by_folded.values().flat_map(|known| known.twins(&spelt)) {
        twins.entry(later).or_default().insert(earlier);
    }
    let remark =
        |(later, earlier): (&usize, &BTreeSet<usize>)| pattern_remark(&spelt, *later, earlier);
    twins.iter().filter_map(remark).collect()
}

impl Beginnings {
    /// Pairs of patterns of two classes, the later one first, that are spelt in different ways,
    /// where one of the two ends.
    fn twins(&self, spelt: &Spelt<'_>) -> Vec<(usize, usize)> {
        let class = |rank: usize| spelt.patterns.get(rank).map(|written| written.class_at);
        let mut pairs = Vec::new();
        for (spelling, ranks) in &self.spellings {
            let others = self.spellings.range(..spelling.clone());
            for (other, other_ends) in others.flat_map(|(_, ranks)| ranks) {
                for (rank, ends) in ranks {
                    if (*ends || *other_ends) && class(*rank) != class(*other) {
                        pairs.push(((*rank).max(*other), (*rank).min(*other)));
                    }
                }
            }
        }
        pairs
    }
}

/// The components before the first that isn't one name alone.
fn fixed(pattern: &str) -> Vec<&str> {
    let parts = pattern.split('/');
    parts
        .take_while(|part| !part.is_empty() && !part.contains(['*', '?', '[', '\\']))
        .collect()
}

fn pattern_remark(spelt: &Spelt<'_>, later: usize, earlier: &BTreeSet<usize>) -> Option<Remark> {
    let written = spelt.patterns.get(later)?;
    let others = earlier.iter().filter_map(|rank| spelt.patterns.get(*rank));
    let others: Vec<String> = others
        .map(|other| {
            let class = Shown(other.class.name.as_bytes());
            let place = other.pattern.place.to_string();
            let pattern = quoted(&other.pattern.text);
            format!("{pattern} ({class}, {})", Shown(place.as_bytes()))
        })
        .collect();
    Some(Remark {
        name: Topic::CaseTwinPattern,
        place: written.pattern.place.clone(),
        message: format!(
            "{} ({}) begins as {} does, but for upper and lower case",
            quoted(&written.pattern.text),
            Shown(written.class.name.as_bytes()),
            listed(&others, MOST_NAMED)
        ),
        help: "a checkout that is blind to case has one folder for both: spell them alike".into(),
    })
}

/// Paths of the tip that differ in case only, and have different classes.
pub(super) fn of_paths(policy: &Policy, tip: &Tip) -> Vec<Remark> {
    let mut by_folded: BTreeMap<Vec<u8>, Vec<&[u8]>> = BTreeMap::new();
    for path in &tip.paths {
        by_folded.entry(folded(path)).or_default().push(path);
    }
    let groups = by_folded.values().filter(|paths| paths.len() > 1);
    groups
        .filter_map(|paths| path_remark(policy, paths))
        .collect()
}

fn path_remark(policy: &Policy, paths: &[&[u8]]) -> Option<Remark> {
    let matches: Vec<_> = paths
        .iter()
        .map(|path| policy.classifier.find(path))
        .collect();
    let classes: BTreeSet<_> = matches
        .iter()
        .map(|found| found.map(|found| found.class))
        .collect();
    let pattern = matches
        .iter()
        .flatten()
        .find_map(|found| policy.pattern(*found))?;
    let named: Vec<String> = paths
        .iter()
        .zip(&matches)
        .map(|(path, found)| {
            let class = policy.class_name(found.map(|found| found.class));
            format!("`{}` ({})", Shown(path), Shown(class.as_bytes()))
        })
        .collect();
    (classes.len() > 1).then(|| Remark {
        name: Topic::CaseTwinPath,
        place: pattern.place.clone(),
        message: format!("{} differ in case only", listed(&named, MOST_NAMED)),
        help: "a checkout that is blind to case has one file for both: give them one class".into(),
    })
}

/// The name as a file system that is blind to case would compare it.
fn folded(name: &[u8]) -> Vec<u8> {
    let mut folded = Vec::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        folded.extend(chunk.valid().to_lowercase().into_bytes());
        folded.extend(chunk.invalid());
    }
    folded
}
