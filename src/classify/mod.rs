//! From a path to its class: the first class, in the policy's order, one of whose patterns
//! matches.
//!
//! Patterns are compiled into a trie over the components of paths (`trie`, with `component` and
//! `edges`). [`Classifier::find`] leads one whole path through it. A walk over tree objects asks
//! folder by folder and keeps what it knows of each ([`States`]).

mod component;
mod edges;
mod states;
mod trie;

pub(crate) use component::{Component, Wild, list_end, ranges};
pub use states::{State, States};

use self::trie::{Trie, first};
use crate::policy::PathClass;
use crate::policy::pattern::spell;

/// The index of a class in the policy's list.
pub type ClassIx = usize;

/// A set of classes: a bit each, and one for paths that have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClassMask(u64);

/// The bit of paths without a class.
const NONE_BIT: usize = 63;

impl ClassMask {
    /// How many classes a policy can have.
    pub const MOST: usize = NONE_BIT;
    /// No class at all.
    pub const EMPTY: Self = Self(0);
    /// Every class, and paths without one.
    pub const ALL: Self = Self(u64::MAX);

    /// The set of one class, or of "no class".
    pub fn of(class: Option<ClassIx>) -> Self {
        Self(1 << class.map_or(NONE_BIT, |at| at.min(NONE_BIT)))
    }

    /// Returns true if and only if the sets have a class in common.
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns true if and only if every class of the other set is in this one.
    pub fn covers(self, other: Self) -> bool {
        other.without(self).is_empty()
    }

    /// Returns true if and only if no class is in the set, nor "no class".
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// Returns true if and only if the set holds one class, or "no class" alone.
    pub fn is_one(self) -> bool {
        self.0.is_power_of_two()
    }

    /// The classes before the first one of the set; "no class" comes after all of them.
    fn before(self) -> Self {
        Self((self.0 & self.0.wrapping_neg()).wrapping_sub(1))
    }

    /// What is in both sets.
    fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The set without what is in the other one.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns true if and only if the class is in the set.
    pub fn contains(self, class: Option<ClassIx>) -> bool {
        self.meets(Self::of(class))
    }
}

impl std::ops::BitOr for ClassMask {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::ops::BitOrAssign for ClassMask {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// What a path matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The class.
    pub class: ClassIx,
    /// The pattern, as an index into the class's list.
    pub pattern: usize,
}

/// The compiled patterns of all classes.
#[derive(Clone, Debug)]
pub struct Classifier {
    trie: Trie,
}

/// A classifier that is being made: its patterns come in the policy's order.
#[derive(Debug)]
pub(crate) struct Builder {
    trie: Trie,
}

impl Builder {
    /// One without patterns.
    pub(crate) fn new() -> Self {
        Self { trie: Trie::new() }
    }

    /// Adds the next pattern; the error says why it is none.
    pub(crate) fn add(&mut self, owner: Match, text: &str) -> Result<(), String> {
        let rank = self.trie.rank(owner);
        let mut last = ("", self.trie.folders(""));
        spell(text, |above, shape| {
            if above != last.0 {
                last = (above, self.trie.folders(above));
            }
            self.trie.add(last.1, rank, shape);
        })
    }

    /// The classifier of the patterns so far.
    pub(crate) fn finish(mut self) -> Classifier {
        self.trie.finish();
        Classifier { trie: self.trie }
    }
}

impl Classifier {
    /// Compiles the patterns.
    pub fn new(classes: &[PathClass]) -> Result<Self, String> {
        let mut builder = Builder::new();
        for (class, entry) in classes.iter().enumerate() {
            for (pattern, written) in entry.patterns.iter().enumerate() {
                builder.add(Match { class, pattern }, &written.text)?;
            }
        }
        Ok(builder.finish())
    }

    /// The first match for a path, byte for byte.
    pub fn find(&self, path: &[u8]) -> Option<Match> {
        let mut at = self.trie.top();
        let mut rest = path;
        while let Some(slash) = rest.iter().position(|byte| *byte == b'/') {
            let (name, after) = rest.split_at_checked(slash)?;
            let next = self.trie.step(&at.nodes, name);
            at.certain = first(at.certain, next.certain);
            at.nodes = next.nodes;
            rest = after.get(1..)?;
        }
        self.trie.owner(self.trie.end(&at.nodes, rest, at.certain)?)
    }

    /// The set that holds the path's class alone.
    pub fn mask(&self, path: &[u8]) -> ClassMask {
        ClassMask::of(self.find(path).map(|found| found.class))
    }

    /// The automaton that a walk over tree objects asks.
    pub fn states(&self) -> States<'_> {
        States::new(&self.trie)
    }
}
