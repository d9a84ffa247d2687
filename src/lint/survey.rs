//! Which of several globs match together, asked of all names at once.
//!
//! A subset construction: the globs run side by side, in step with the grammar of the names that
//! can be. A set of globs is met if and only if some name matches just those, so the answer is
//! one about languages, not about how patterns are written.
//!
//! Globs compete in groups, and the lowest rank wins. Once one of them matches whatever may
//! follow, those that it beats are dropped: a policy with many `**/name/**` stays small by that.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use globset::Glob;

use super::grammar::Grammar;
use super::machine::{Machine, Threads};

/// How often a glob may be moved by a byte before the question is given up: half a second of work
/// or so, and fourteen times what `preset:bpf-next` takes.
const MOST_MOVES: usize = 15_000_000;

/// A glob among others.
#[derive(Debug)]
pub(super) struct Entrant {
    /// The glob.
    pub glob: Glob,
    /// Globs of one group compete.
    pub group: usize,
    /// The lowest of a group wins; equal ones win together.
    pub rank: usize,
}

/// What came out. Globs are told by their index.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Each set of globs that one name matches, without those that were dropped before its end.
    pub together: BTreeSet<BTreeSet<usize>>,
    /// Globs that were dropped, each with one that beats it there whatever follows.
    pub dropped: BTreeSet<(usize, usize)>,
}

/// The question takes more work than a lint should.
#[derive(Debug)]
pub(super) struct Undecided;

/// Asks it of all names of the grammar.
pub(super) fn survey<G: Grammar>(entrants: &[Entrant]) -> Result<Survey, Undecided> {
    let machine = Machine::new(entrants.iter().map(|entrant| &entrant.glob))?;
    let mut construction = Construction::<G> {
        entrants,
        alphabet: alphabet::<G>(&machine),
        machine,
        seen: HashSet::new(),
        open: Vec::new(),
        found: Survey::default(),
    };
    construction.run()?;
    Ok(construction.found)
}

/// Returns true if and only if no name of the grammar matches the glob.
pub(super) fn is_impossible<G: Grammar>(glob: &Glob) -> Result<bool, Undecided> {
    let alone = Entrant {
        glob: glob.clone(),
        group: 0,
        rank: 0,
    };
    Ok(survey::<G>(&[alone])?.together.is_empty())
}

struct Construction<'e, G: Grammar> {
    entrants: &'e [Entrant],
    machine: Machine,
    /// A byte of each kind, and what the grammar takes it for.
    alphabet: Vec<(u8, u8)>,
    seen: HashSet<(Threads, G::At)>,
    open: Vec<(Threads, G::At)>,
    found: Survey,
}

impl<G: Grammar> Construction<'_, G> {
    fn run(&mut self) -> Result<(), Undecided> {
        let mut moves = 0;
        self.enter(self.machine.start(), G::start());
        while let Some((threads, at)) = self.open.pop() {
            let matching = self.machine.matching(&threads);
            if G::may_end(at) && !matching.is_empty() {
                self.found.together.insert(matching);
            }
            for (byte, kind) in self.alphabet.clone() {
                moves += threads.len();
                if let Some(next) = G::step(at, kind) {
                    self.enter(self.machine.step(&threads, byte), next);
                }
            }
            if moves > MOST_MOVES {
                return Err(Undecided);
            }
        }
        Ok(())
    }

    fn enter(&mut self, threads: Threads, at: G::At) {
        let threads = self.without_beaten(threads);
        if !threads.is_empty() && self.seen.insert((threads.clone(), at)) {
            self.open.push((threads, at));
        }
    }

    fn without_beaten(&mut self, mut threads: Threads) -> Threads {
        let endless = self.machine.endless(&threads);
        let mut best: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
        for at in endless {
            if let Some(Entrant { group, rank, .. }) = self.entrants.get(at) {
                let known = best.entry(*group).or_insert((*rank, at));
                *known = (*known).min((*rank, at));
            }
        }
        if best.is_empty() {
            return threads;
        }
        threads.retain(|id| {
            let beaten = self.machine.owner(*id).and_then(|owner| {
                let entrant = self.entrants.get(owner)?;
                let (rank, winner) = best.get(&entrant.group)?;
                (*rank < entrant.rank).then_some((owner, *winner))
            });
            self.found.dropped.extend(beaten);
            beaten.is_none()
        });
        threads
    }
}

/// One byte of each kind that the globs and the grammar tell apart, and its kind to the grammar.
fn alphabet<G: Grammar>(machine: &Machine) -> Vec<(u8, u8)> {
    let mut told: Vec<(u8, u8)> = Vec::new();
    for byte in 0..=u8::MAX {
        let kind = G::kind(byte);
        let known =
            |(other, other_kind): &(u8, u8)| *other_kind == kind && machine.same(*other, byte);
        if !told.iter().any(known) {
            told.push((byte, kind));
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::grammar::Paths;
    use crate::policy::pattern::path_globs;

    fn asked(patterns: &[&str]) -> Result<Survey, Undecided> {
        let globs = patterns.iter().enumerate().flat_map(|(rank, text)| {
            let globs = path_globs(text).unwrap().into_iter();
            globs.map(move |glob| Entrant {
                glob,
                group: 0,
                rank,
            })
        });
        survey::<Paths>(&globs.collect::<Vec<_>>())
    }

    #[test]
    fn sets_are_met_that_some_name_matches() {
        let found = asked(&["a*", "*b", "./x"]).unwrap();
        let met: Vec<Vec<usize>> = found
            .together
            .iter()
            .map(|set| set.iter().copied().collect())
            .collect();
        assert_eq!(met, [vec![0], vec![0, 1], vec![1]]);
        assert!(found.dropped.is_empty());
    }

    #[test]
    fn what_is_beaten_for_good_is_dropped() {
        // `a/**` is two globs: `a`, and what is below.
        let found = asked(&["a/**", "a/b/c"]).unwrap();
        assert_eq!(found.dropped, BTreeSet::from([(2, 1)]));
        assert!(!found.together.iter().flatten().any(|glob| *glob == 2));
    }

    /// Each alone doubles what there is to keep apart, unless the first to match ends it.
    #[test]
    fn folders_at_any_depth_stay_small() {
        let texts: Vec<String> = (0..40).map(|at| format!("**/folder{at}/**")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert!(asked(&texts).is_ok());
    }

    #[test]
    fn too_much_work_is_said_to_be() {
        let texts: Vec<String> = (0..40).map(|at| format!("*{at}x*")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert!(asked(&texts).is_err());
    }
}
