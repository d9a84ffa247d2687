//! Path patterns that can never be the first to match.
//!
//! A path's class is that of the first pattern that matches, by classes and then by patterns. An
//! alternative is alive if some path has its pattern for the first one. What isn't matches no path
//! at all, or is shadowed: earlier patterns match all that it does.

use std::collections::BTreeSet;

use super::grammar::Paths;
use super::spelt::{Spelt, Written};
use super::survey::{Entrant, Survey, Undecided, is_impossible, survey};
use super::{MOST_NAMED, Remark, Topic, listed, quoted, undecided};
use crate::policy::{PathClass, Policy};
use crate::report::escape::Shown;

/// What becomes of an alternative.
#[derive(Clone, Debug, Default)]
struct Fate {
    /// Whether some path has its pattern for the first that matches.
    lives: bool,
    /// Whether it matches no path at all.
    is_impossible: bool,
    /// The ranks of earlier patterns that between them match all that this one does.
    shadowed_by: BTreeSet<usize>,
}

impl Fate {
    fn is_shadowed(&self) -> bool {
        !self.lives && !self.is_impossible
    }
}

/// The remarks on the policy's path patterns.
pub(super) fn remarks(policy: &Policy) -> Vec<Remark> {
    let spelt = Spelt::new(policy);
    let globs = spelt.globs.iter().cloned().enumerate();
    let entrants: Option<Vec<Entrant>> = globs
        .map(|(at, glob)| {
            let rank = spelt.rank(at)?;
            Some(Entrant {
                glob,
                group: 0,
                rank,
            })
        })
        .collect();
    let found = survey::<Paths>(&entrants.unwrap_or_default());
    let fates = found.and_then(|found| fates(&spelt, &found));
    match (fates, policy.classes.first()) {
        (Ok(fates), _) => {
            let page = Page { spelt, fates };
            let of_class = |class| page.of_class(class);
            policy.classes.iter().flat_map(of_class).collect()
        }
        (Err(_), Some(class)) => {
            vec![undecided(&class.place, "path patterns shadow one another")]
        }
        (Err(_), None) => Vec::new(),
    }
}

/// The fate of each alternative.
fn fates(spelt: &Spelt<'_>, found: &Survey) -> Result<Vec<Fate>, Undecided> {
    let mut fates = vec![Fate::default(); spelt.alternatives.len()];
    let mut note = |glob: usize, first: usize| {
        let owner = spelt.owners.get(glob).copied();
        let Some(fate) = owner.and_then(|at| fates.get_mut(at)) else {
            return;
        };
        if spelt.rank(glob) == Some(first) {
            fate.lives = true;
        } else {
            fate.shadowed_by.insert(first);
        }
    };
    for together in &found.together {
        if let Some(first) = together.iter().filter_map(|glob| spelt.rank(*glob)).min() {
            for glob in together {
                note(*glob, first);
            }
        }
    }
    for (glob, winner) in &found.dropped {
        if let Some(first) = spelt.rank(*winner) {
            note(*glob, first);
        }
    }
    for (at, fate) in fates.iter_mut().enumerate().filter(|(_, fate)| !fate.lives) {
        fate.is_impossible = true;
        for glob in spelt.globs_of(at) {
            fate.is_impossible &= is_impossible::<Paths>(glob)?;
        }
    }
    Ok(fates)
}

struct Page<'p> {
    spelt: Spelt<'p>,
    /// By alternative.
    fates: Vec<Fate>,
}

impl Page<'_> {
    fn of_class(&self, class: &PathClass) -> Vec<Remark> {
        let patterns = self.spelt.patterns.iter();
        let own = patterns.filter(|written| std::ptr::eq(written.class, class));
        let own: Vec<&Written<'_>> = own.collect();
        let fates = || own.iter().flat_map(|written| self.fates_of(written));
        let mut remarks: Vec<Remark> = own
            .iter()
            .filter_map(|written| self.impossible(written))
            .collect();
        let lives = fates().any(|fate| fate.lives);
        if !lives && fates().any(Fate::is_shadowed) {
            remarks.push(self.shadowed_class(class, fates()));
        } else {
            remarks.extend(own.iter().filter_map(|written| self.shadowed(written)));
        }
        remarks
    }

    fn fates_of(&self, written: &Written<'_>) -> impl Iterator<Item = &Fate> {
        let own = self.fates.get(written.alternatives.clone());
        own.unwrap_or_default().iter()
    }

    fn impossible(&self, written: &Written<'_>) -> Option<Remark> {
        let dead = |at: usize| self.fates.get(at).is_some_and(|fate| fate.is_impossible);
        let subject = self.spelt.subject(written, dead)?;
        Some(Remark {
            name: Topic::ImpossiblePattern,
            place: written.pattern.place.clone(),
            message: format!(
                "{} no path that a commit can have",
                subject.with("matches", "match")
            ),
            help: "paths begin at the top, and none has a component `.`, `..` or `.git`".into(),
        })
    }

    fn shadowed(&self, written: &Written<'_>) -> Option<Remark> {
        let dead = |at: usize| self.fates.get(at).is_some_and(Fate::is_shadowed);
        let subject = self.spelt.subject(written, dead)?;
        let by = self.shadowing(self.fates_of(written));
        let before = by.iter().filter_map(|rank| self.spelt.patterns.get(*rank));
        let other = before.map(|first| first.class);
        let other = other
            .into_iter()
            .find(|other| !std::ptr::eq(*other, written.class));
        let help = match other {
            None => "take it out: its class has these paths without it".to_owned(),
            Some(other) => format!(
                "put the class {} before {}, or take it out",
                quoted(&written.class.name),
                quoted(&other.name)
            ),
        };
        Some(Remark {
            name: Topic::ShadowedPattern,
            place: written.pattern.place.clone(),
            message: format!(
                "{} never the first to match: {} all its paths",
                subject.with("is", "are"),
                self.taken_by(&by)
            ),
            help,
        })
    }

    fn shadowed_class<'f>(
        &self,
        class: &PathClass,
        fates: impl Iterator<Item = &'f Fate>,
    ) -> Remark {
        let by = self.shadowing(fates);
        let first = by.first().and_then(|rank| self.spelt.patterns.get(*rank));
        let first = first.map_or(String::new(), |first| quoted(&first.class.name));
        Remark {
            name: Topic::ShadowedClass,
            place: class.place.clone(),
            message: format!(
                "no path has the class {}: {} all its paths",
                quoted(&class.name),
                self.taken_by(&by)
            ),
            help: format!("put it before {first}: the first class that matches a path wins"),
        }
    }

    /// The patterns that shadow what is shadowed of these. In place of one that is shadowed
    /// itself stand those that shadow it.
    fn shadowing<'f>(&self, fates: impl Iterator<Item = &'f Fate>) -> BTreeSet<usize> {
        let dead = fates.filter(|fate| fate.is_shadowed());
        let mut open: Vec<usize> = dead.flat_map(|fate| fate.shadowed_by.clone()).collect();
        let mut seen = BTreeSet::new();
        let mut live = BTreeSet::new();
        while let Some(rank) = open.pop() {
            let Some(written) = self.spelt.patterns.get(rank).filter(|_| seen.insert(rank)) else {
                continue;
            };
            if self.fates_of(written).any(|fate| fate.lives) {
                live.insert(rank);
            } else {
                let further = self.fates_of(written).flat_map(|fate| &fate.shadowed_by);
                open.extend(further);
            }
        }
        live
    }

    fn taken_by(&self, by: &BTreeSet<usize>) -> String {
        let patterns = by.iter().filter_map(|rank| self.spelt.patterns.get(*rank));
        let named = patterns.map(|written| {
            let place = written.pattern.place.to_string();
            let class = Shown(written.class.name.as_bytes());
            let pattern = quoted(&written.pattern.text);
            format!("{pattern} ({class}, {})", Shown(place.as_bytes()))
        });
        let named: Vec<String> = named.collect();
        let verb = if named.len() == 1 { "takes" } else { "take" };
        format!("{} {verb}", listed(&named, MOST_NAMED))
    }
}
