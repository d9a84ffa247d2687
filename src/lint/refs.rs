//! Trees and ref patterns that no ref can get to, and which trees govern an upstream's refs.
//!
//! The first tree with a pattern that matches a ref governs it. Only patterns that apply in this
//! repository count: the others are not in the policy any more.

use std::collections::BTreeSet;

use globset::Glob;

use super::grammar::RefNames;
use super::survey::{Entrant, Survey, Undecided, is_impossible, survey};
use super::{MOST_NAMED, Remark, Topic, listed, quoted, trust, undecided};
use crate::policy::{Policy, RefPattern, Tree};

/// The trees' patterns compete; an upstream's only tell which refs are its own.
const TREES: usize = 0;

/// A kind of refs that there can be: a tree governs them or none, and these upstreams have them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// The tree: an index into `Policy::trees`.
    pub governed_by: Option<usize>,
    /// The upstreams: indices into `Policy::upstreams`.
    pub upstreams: BTreeSet<usize>,
}

#[derive(Clone, Copy)]
enum Owner {
    Tree(usize),
    Upstream(usize),
}

struct Candidate<'p> {
    owner: Owner,
    pattern: &'p RefPattern,
    /// Whether a ref matches that its tree governs, or that its upstream has.
    lives: bool,
    /// Whether it matches no ref at all.
    is_impossible: bool,
    /// Earlier trees that between them govern all refs which match.
    shadowed_by: BTreeSet<usize>,
}

impl Candidate<'_> {
    fn is_shadowed(&self) -> bool {
        !self.lives && !self.is_impossible
    }
}

/// The remarks on the policy's ref patterns, and on what its trees trust.
pub(super) fn remarks(policy: &Policy) -> Vec<Remark> {
    let mut candidates = candidates(policy);
    let entrants: Result<Vec<Entrant>, Undecided> = candidates.iter().map(entrant).collect();
    let found = entrants.and_then(|entrants| survey::<RefNames>(&entrants));
    let found = found.and_then(|found| {
        settle(&mut candidates, &found)?;
        Ok(found)
    });
    let Ok(found) = found else {
        let first = candidates.first().map(|known| &known.pattern.place);
        let remark = first.map(|place| undecided(place, "trees take one another's refs"));
        return remark.into_iter().collect();
    };
    let mut remarks: Vec<Remark> = candidates.iter().filter_map(impossible).collect();
    for (at, tree) in policy.trees.iter().enumerate() {
        remarks.extend(of_tree(at, tree, &candidates, policy));
    }
    let kinds = found.together.iter().map(|met| kind(met, &candidates));
    remarks.extend(trust::remarks(policy, &kinds.collect()));
    remarks
}

fn candidates(policy: &Policy) -> Vec<Candidate<'_>> {
    let of_trees = policy.trees.iter().enumerate().flat_map(|(at, tree)| {
        let patterns = tree.refs.iter();
        patterns.map(move |pattern| (Owner::Tree(at), pattern))
    });
    let of_upstreams = policy
        .upstreams
        .iter()
        .enumerate()
        .flat_map(|(at, upstream)| {
            let patterns = upstream.refs.iter();
            patterns.map(move |pattern| (Owner::Upstream(at), pattern))
        });
    let all = of_trees.chain(of_upstreams);
    all.map(|(owner, pattern)| Candidate {
        owner,
        pattern,
        lives: false,
        is_impossible: false,
        shadowed_by: BTreeSet::new(),
    })
    .collect()
}

fn entrant(candidate: &Candidate<'_>) -> Result<Entrant, Undecided> {
    let (group, rank) = match candidate.owner {
        Owner::Tree(at) => (TREES, at),
        Owner::Upstream(at) => (TREES + 1 + at, 0),
    };
    Ok(Entrant {
        glob: glob(candidate)?,
        group,
        rank,
    })
}

fn glob(candidate: &Candidate<'_>) -> Result<Glob, Undecided> {
    candidate.pattern.glob().map_err(|_| Undecided)
}

fn settle(candidates: &mut [Candidate<'_>], found: &Survey) -> Result<(), Undecided> {
    for met in &found.together {
        let governing = kind(met, candidates).governed_by;
        for at in met {
            if let Some(candidate) = candidates.get_mut(*at) {
                match (candidate.owner, governing) {
                    (Owner::Tree(own), Some(other)) if own != other => {
                        candidate.shadowed_by.insert(other);
                    }
                    _ => candidate.lives = true,
                }
            }
        }
    }
    for (at, winner) in &found.dropped {
        let winner = candidates.get(*winner).map(|candidate| candidate.owner);
        if let (Some(candidate), Some(Owner::Tree(other))) = (candidates.get_mut(*at), winner) {
            candidate.shadowed_by.insert(other);
        }
    }
    for candidate in candidates.iter_mut().filter(|known| !known.lives) {
        candidate.is_impossible = is_impossible::<RefNames>(&glob(candidate)?)?;
    }
    Ok(())
}

fn kind(met: &BTreeSet<usize>, candidates: &[Candidate<'_>]) -> Kind {
    let owners = || met.iter().filter_map(|at| Some(candidates.get(*at)?.owner));
    let tree = |owner| match owner {
        Owner::Tree(at) => Some(at),
        Owner::Upstream(_) => None,
    };
    let upstream = |owner| match owner {
        Owner::Tree(_) => None,
        Owner::Upstream(at) => Some(at),
    };
    Kind {
        governed_by: owners().filter_map(tree).min(),
        upstreams: owners().filter_map(upstream).collect(),
    }
}

fn impossible(candidate: &Candidate<'_>) -> Option<Remark> {
    candidate.is_impossible.then(|| Remark {
        name: Topic::ImpossibleRef,
        place: candidate.pattern.place.clone(),
        message: format!(
            "{} matches nothing that git takes for the name of a ref",
            quoted(&candidate.pattern.text)
        ),
        help: "`git check-ref-format` tells what git takes".into(),
    })
}

/// The patterns of a tree.
fn of<'c, 'p>(
    tree: usize,
    candidates: &'c [Candidate<'p>],
) -> impl Iterator<Item = &'c Candidate<'p>> {
    let own = move |owner| matches!(owner, Owner::Tree(at) if at == tree);
    candidates.iter().filter(move |known| own(known.owner))
}

fn of_tree(at: usize, tree: &Tree, candidates: &[Candidate<'_>], policy: &Policy) -> Vec<Remark> {
    let own = || of(at, candidates);
    let shadowed = || own().filter(|known| known.is_shadowed());
    if own().any(|candidate| candidate.lives) {
        let remark = |known| {
            let by = governing(std::iter::once(known), candidates);
            shadowed_ref(tree, known, &by, policy)
        };
        return shadowed().map(remark).collect();
    }
    let by = governing(shadowed(), candidates);
    let remark = (!by.is_empty()).then(|| Remark {
        name: Topic::ShadowedTree,
        place: tree.place.clone(),
        message: format!(
            "no ref gets to the tree {}: {} all its refs",
            quoted(&tree.name),
            all_governed_by(&by, policy)
        ),
        help: "put it before them: the first tree that matches a ref governs it".into(),
    });
    remark.into_iter().collect()
}

fn shadowed_ref(
    tree: &Tree,
    candidate: &Candidate<'_>,
    by: &BTreeSet<usize>,
    policy: &Policy,
) -> Remark {
    Remark {
        name: Topic::ShadowedRef,
        place: candidate.pattern.place.clone(),
        message: format!(
            "{} adds no ref to the tree {}: {} all that it matches",
            quoted(&candidate.pattern.text),
            quoted(&tree.name),
            all_governed_by(by, policy)
        ),
        help: "take it out, or put the tree before them: the first that matches a ref governs it"
            .into(),
    }
}

/// The trees that govern what these patterns match. In place of one that governs nothing stand
/// those that govern its refs.
fn governing<'c>(
    shadowed: impl Iterator<Item = &'c Candidate<'c>>,
    candidates: &[Candidate<'_>],
) -> BTreeSet<usize> {
    let mut open: Vec<usize> = shadowed
        .flat_map(|known| known.shadowed_by.clone())
        .collect();
    let mut seen = BTreeSet::new();
    let mut live = BTreeSet::new();
    while let Some(tree) = open.pop() {
        if !seen.insert(tree) {
            continue;
        }
        if of(tree, candidates).any(|known| known.lives) {
            live.insert(tree);
        } else {
            open.extend(of(tree, candidates).flat_map(|known| known.shadowed_by.clone()));
        }
    }
    live
}

fn all_governed_by(trees: &BTreeSet<usize>, policy: &Policy) -> String {
    let trees = trees.iter().filter_map(|at| policy.trees.get(*at));
    let named: Vec<String> = trees.map(|tree| quoted(&tree.name)).collect();
    let verb = if named.len() == 1 {
        "governs"
    } else {
        "govern"
    };
    format!("{} {verb}", listed(&named, MOST_NAMED))
}
