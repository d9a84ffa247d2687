//! Questions about pairs of folders, each asked once, and their answers put together.

use std::ops::Range;

use foldhash::HashMap;

use super::Versions;
use crate::classify::State;
use crate::error::Error;

/// What an answer hangs on: where the folder is, as far as patterns tell folders apart, and its two
/// versions. What it is called matters only by what it leaves open.
pub(super) type Key = (State, Versions);

/// The place of a question in the list.
pub(super) type UnitIx = usize;

/// An answer: what was found in the folder itself, and all that those below it found.
#[derive(Clone, Default)]
struct Unit<T> {
    found: T,
    below: Range<usize>,
}

/// All questions that were asked.
#[derive(Default)]
pub(super) struct Questions<T> {
    known: HashMap<Key, UnitIx>,
    units: Vec<Unit<T>>,
    /// The questions below each one, one list behind the other.
    below: Vec<UnitIx>,
}

impl<T: Copy + Default> Questions<T> {
    /// The place of a question, and whether it is a new one.
    pub fn ask(&mut self, key: Key) -> (UnitIx, bool) {
        let next = self.units.len();
        let unit = *self.known.entry(key).or_insert(next);
        if unit == next {
            self.units.push(Unit::default());
        }
        (unit, unit == next)
    }

    /// The place of a question that was asked.
    pub fn find(&self, key: &Key) -> Option<UnitIx> {
        self.known.get(key).copied()
    }

    /// Notes what was found in the folder itself, and the questions that its folders are.
    pub fn answer(&mut self, unit: UnitIx, found: T, below: impl IntoIterator<Item = UnitIx>) {
        let first = self.below.len();
        self.below.extend(below);
        if let Some(unit) = self.units.get_mut(unit) {
            let below = first..self.below.len();
            *unit = Unit { found, below };
        }
    }

    /// For each question, what it and all below it found. Objects can't hold themselves, so
    /// neither can questions.
    pub fn sums(&self, add: impl Fn(T, T) -> T) -> Result<Vec<T>, Error> {
        let mut sums: Vec<Option<T>> = vec![None; self.units.len()];
        for start in 0..self.units.len() {
            let mut open = vec![start];
            while let Some(at) = open.last().copied() {
                let unit = self.units.get(at).cloned().unwrap_or_default();
                let below = self.below.get(unit.below).unwrap_or_default();
                let sum = |at: &UnitIx| sums.get(*at).copied().flatten();
                let before = open.len();
                if sum(&at).is_none() {
                    open.extend(below.iter().filter(|at| sum(at).is_none()));
                }
                if open.len() == before {
                    let whole = below.iter().filter_map(sum).fold(unit.found, &add);
                    open.pop();
                    if let Some(place) = sums.get_mut(at) {
                        *place = Some(whole);
                    }
                }
            }
        }
        let whole: Option<Vec<T>> = sums.into_iter().collect();
        whole.ok_or_else(|| Error::internal("a question without an answer"))
    }
}
