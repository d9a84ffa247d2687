//! What git makes of one path where a merge has several bases: it merges those first, the oldest
//! two, then each next one into the result, and the bases of these before them.
//!
//! At one path, most of these merges are settled by looking: both sides have the same, or one has
//! what the base has. Then nobody needs to be asked. Where contents must be merged on the way,
//! that is a question like any other, of three contents; and a conflict among bases is merged
//! further, as the text with markers that git makes of it. What can't be put so (such a conflict
//! that isn't of plain texts, or bases of one date, whose order is git's own affair) is left to git
//! as a whole.

use super::super::merge::settle;
use super::super::tree_object::Leaf;
use super::shape::Shape;
use super::{Contents, Merged, Question, Sides};
use crate::error::Error;

/// How many merges a path may take. With three bases each time, and bases below bases, the number
/// doubles with every step down.
const MOST_MERGES: usize = 256;

/// What came of looking.
pub(super) enum Outcome {
    /// git would say this.
    Answer(Merged),
    /// It hangs on the answer to a question, which is noted.
    Waits,
    /// git has to merge the commits to know.
    Unclear,
}

/// The merge of a shape's commits at one path.
pub(super) struct Fold<'f, 'r> {
    pub contents: &'f mut Contents<'r>,
    pub shape: &'f Shape,
    pub path: &'f [u8],
    /// What the merge has that was really made, for the last question.
    pub expected: Option<Leaf>,
    merges: usize,
}

impl<'f, 'r> Fold<'f, 'r> {
    /// Nothing looked at yet.
    pub fn new(
        contents: &'f mut Contents<'r>,
        shape: &'f Shape,
        path: &'f [u8],
        expected: Option<Leaf>,
    ) -> Self {
        Self {
            contents,
            shape,
            path,
            expected,
            merges: 0,
        }
    }

    /// What the merge of two commits has at the path.
    pub fn merge(&mut self, one: usize, other: usize) -> Result<Outcome, Error> {
        let leaf = self.leaf(one)?;
        self.step(0, (1 << one, leaf), other)
    }

    /// Merges a commit into what others were merged to: a bit for each of these, and what that
    /// has at the path. It calls itself for the bases, one level further in. They are older: it goes
    /// no deeper than a shape has commits.
    fn step(
        &mut self,
        level: usize,
        (merged, one): (u64, Option<Leaf>),
        at: usize,
    ) -> Result<Outcome, Error> {
        let other = self.leaf(at)?;
        if one == other {
            return Ok(Outcome::Answer(Merged::Clean(one)));
        }
        self.merges += 1;
        if self.merges > MOST_MERGES {
            return Ok(Outcome::Unclear);
        }
        let base = match self.base(level + 1, merged, at)? {
            Outcome::Answer(Merged::Clean(base)) => base,
            Outcome::Answer(Merged::Conflict) => return Ok(Outcome::Unclear),
            unknown => return Ok(unknown),
        };
        if let Some(settled) = settle(base, one, other) {
            return Ok(Outcome::Answer(Merged::Clean(settled)));
        }
        let (Some(one), Some(other)) = (one, other) else {
            // One side deleted it. Among bases git then goes on with what was there before.
            return Ok(Outcome::Answer(match level {
                0 => Merged::Conflict,
                _ => Merged::Clean(base),
            }));
        };
        self.contents_of(level, (base, one, other))
    }

    fn contents_of(&mut self, level: usize, sides: Sides) -> Result<Outcome, Error> {
        let (base, one, other) = sides;
        let expected = self.expected.filter(|_| level == 0);
        let question = Question::Contents { base, one, other };
        Ok(match self.contents.answer(question, expected)? {
            None => Outcome::Waits,
            Some(Merged::Conflict) if level > 0 => match self.contents.conflict(level, sides)? {
                Some(text) => Outcome::Answer(Merged::Clean(Some(text))),
                None => Outcome::Unclear,
            },
            Some(answer) => Outcome::Answer(answer),
        })
    }

    /// What the merged bases have; nothing where there is no base.
    fn base(&mut self, level: usize, merged: u64, other: usize) -> Result<Outcome, Error> {
        let mut bases = Vec::new();
        for at in self.shape.bases(merged, other) {
            bases.push((self.time(at), at, self.leaf(at)?));
        }
        bases.sort_unstable();
        let Some(((_, first, leaf), rest)) = bases.split_first() else {
            return Ok(Outcome::Answer(Merged::Clean(None)));
        };
        if rest.iter().all(|(_, _, other)| other == leaf) {
            return Ok(Outcome::Answer(Merged::Clean(*leaf)));
        }
        if bases
            .windows(2)
            .any(|pair| matches!(pair, [(one, ..), (other, ..)] if one == other))
        {
            return Ok(Outcome::Unclear);
        }
        let (mut merged, mut leaf) = (1 << first, *leaf);
        for (_, at, _) in rest {
            match self.step(level, (merged, leaf), *at)? {
                Outcome::Answer(Merged::Clean(next)) => leaf = next,
                unknown => return Ok(unknown),
            }
            merged |= 1 << at;
        }
        Ok(Outcome::Answer(Merged::Clean(leaf)))
    }

    fn leaf(&mut self, at: usize) -> Result<Option<Leaf>, Error> {
        match self.shape.commits.get(at) {
            Some(member) => self.contents.leaf_at(member.tree, self.path),
            None => Err(Error::Internal("a commit that its shape lacks")),
        }
    }

    fn time(&self, at: usize) -> i64 {
        self.shape.commits.get(at).map_or(0, |member| member.time)
    }
}
