//! From a path to its class: the first class, in the policy's order, one of whose patterns
//! matches.

use globset::{Candidate, GlobSet, GlobSetBuilder};

use crate::policy::PathClass;
use crate::policy::pattern::path_globs;

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
    globs: GlobSet,
    /// What each glob of the set stands for, in the policy's order.
    owners: Vec<Match>,
}

impl Classifier {
    /// Compiles the patterns; they were checked one by one when the policy was read.
    pub fn new(classes: &[PathClass]) -> Result<Self, String> {
        let mut builder = GlobSetBuilder::new();
        let mut owners = Vec::new();
        for (class, entry) in classes.iter().enumerate() {
            for (pattern, written) in entry.patterns.iter().enumerate() {
                for glob in path_globs(&written.text)? {
                    builder.add(glob);
                    owners.push(Match { class, pattern });
                }
            }
        }
        let globs = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { globs, owners })
    }

    /// The first match for a path, byte for byte.
    pub fn find(&self, path: &[u8]) -> Option<Match> {
        let hits = self.globs.matches_candidate(&Candidate::from_bytes(path));
        let first = hits.into_iter().min()?;
        self.owners.get(first).copied()
    }

    /// The set that holds the path's class alone.
    pub fn mask(&self, path: &[u8]) -> ClassMask {
        ClassMask::of(self.find(path).map(|found| found.class))
    }
}
