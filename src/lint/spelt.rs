//! Path patterns spelt out: what is written, its alternatives, their globs.

use std::ops::Range;

use globset::Glob;

use super::{listed, quoted};
use crate::policy::pattern::alternatives;
use crate::policy::{PathClass, PathPattern, Policy};

/// How many alternatives of one pattern a remark names.
const MOST_ALTERNATIVES: usize = 20;

/// All path patterns of a policy.
#[derive(Default)]
pub(super) struct Spelt<'p> {
    /// In the order in which a path is matched with them; the index is a pattern's rank.
    pub patterns: Vec<Written<'p>>,
    /// What the patterns stand for.
    pub alternatives: Vec<Alternative>,
    /// What the alternatives stand for.
    pub globs: Vec<Glob>,
    /// The alternative of each glob.
    pub owners: Vec<usize>,
}

/// A pattern as it is written.
pub(super) struct Written<'p> {
    /// Its class: an index into `Policy::classes`.
    pub class_at: usize,
    /// The same.
    pub class: &'p PathClass,
    /// The pattern.
    pub pattern: &'p PathPattern,
    /// Its alternatives.
    pub alternatives: Range<usize>,
}

/// One of the patterns that a pattern with braces stands for.
pub(super) struct Alternative {
    /// The rank of the pattern.
    pub rank: usize,
    /// The text, without braces.
    pub text: String,
}

impl<'p> Spelt<'p> {
    /// Spells out the policy's patterns.
    pub(super) fn new(policy: &'p Policy) -> Self {
        let mut spelt = Self::default();
        for (class_at, class) in policy.classes.iter().enumerate() {
            for pattern in &class.patterns {
                spelt.add(class_at, class, pattern);
            }
        }
        spelt
    }

    fn add(&mut self, class_at: usize, class: &'p PathClass, pattern: &'p PathPattern) {
        let start = self.alternatives.len();
        // A pattern of a policy that is held can be spelt out.
        for alternative in alternatives(&pattern.text).unwrap_or_default() {
            let at = self.alternatives.len();
            self.owners.extend(alternative.globs.iter().map(|_| at));
            self.globs.extend(alternative.globs);
            self.alternatives.push(Alternative {
                rank: self.patterns.len(),
                text: alternative.text,
            });
        }
        self.patterns.push(Written {
            class_at,
            class,
            pattern,
            alternatives: start..self.alternatives.len(),
        });
    }

    /// The rank of the pattern that a glob belongs to.
    pub(super) fn rank(&self, glob: usize) -> Option<usize> {
        let alternative = self.alternatives.get(*self.owners.get(glob)?)?;
        Some(alternative.rank)
    }

    /// The globs of an alternative.
    pub(super) fn globs_of(&self, alternative: usize) -> impl Iterator<Item = &Glob> {
        let all = self.globs.iter().zip(&self.owners);
        all.filter(move |(_, owner)| **owner == alternative)
            .map(|(glob, _)| glob)
    }

    /// How a remark names the pattern, if it is about those of its alternatives that `concerned`
    /// tells by their indices; `None` if it is about none of them.
    pub(super) fn subject(
        &self,
        written: &Written<'_>,
        concerned: impl Fn(usize) -> bool,
    ) -> Option<Subject> {
        let whole = quoted(&written.pattern.text);
        let own = written.alternatives.clone().filter(|at| concerned(*at));
        let own = own.filter_map(|at| Some(quoted(&self.alternatives.get(at)?.text)));
        let own: Vec<String> = own.collect();
        let (text, is_one) = match own.len() {
            0 => return None,
            all if all == written.alternatives.len() => (whole, true),
            some => {
                let own = listed(&own, MOST_ALTERNATIVES);
                (format!("{own}, of {whole},"), some == 1)
            }
        };
        Some(Subject { text, is_one })
    }
}

/// What a remark on patterns is about.
pub(super) struct Subject {
    /// The pattern, or some of its alternatives.
    text: String,
    /// Whether it is one thing.
    is_one: bool,
}

impl Subject {
    /// The subject with the verb that goes with one thing, or with several.
    pub(super) fn with(&self, one: &str, several: &str) -> String {
        let verb = if self.is_one { one } else { several };
        format!("{} {verb}", self.text)
    }
}
