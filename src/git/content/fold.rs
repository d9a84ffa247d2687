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
use super::ladder::Ladder;
use super::{Contents, Merged, Question, Sides};
use crate::error::Error;

/// How many merges a path may take, and how many bases one of them. With three bases each time, and
/// bases below bases, the number of merges doubles with every step down.
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

/// The merge of a ladder's commits at one path.
pub(super) struct Fold<'f, 'r> {
    contents: &'f mut Contents<'r>,
    path: &'f [u8],
    /// What the merge has that was really made, for the last question.
    expected: Option<Leaf>,
    merges: usize,
}

impl<'f, 'r> Fold<'f, 'r> {
    /// Nothing looked at yet.
    pub fn new(contents: &'f mut Contents<'r>, path: &'f [u8], expected: Option<Leaf>) -> Self {
        Self {
            contents,
            path,
            expected,
            merges: 0,
        }
    }

    /// What the merge of all the commits has at the path. Their bases are one level further in.
    /// It goes no deeper than there may be merges.
    pub fn merge(&mut self, level: usize, ladder: &Ladder) -> Result<Outcome, Error> {
        if ladder.rungs.len() > MOST_MERGES {
            return Ok(Outcome::Unclear);
        }
        let mut leaves = Vec::new();
        for rung in &ladder.rungs {
            leaves.push(self.contents.leaf_at(rung.tree, self.path)?);
        }
        let Some((first, rest)) = leaves.split_first() else {
            return Ok(Outcome::Answer(Merged::Clean(None)));
        };
        if rest.iter().all(|leaf| leaf == first) {
            return Ok(Outcome::Answer(Merged::Clean(*first)));
        }
        if ladder.is_ambiguous {
            return Ok(Outcome::Unclear);
        }
        let mut merged = *first;
        for (at, leaf) in rest.iter().enumerate() {
            if merged == *leaf {
                continue;
            }
            match self.step(level, (ladder, at + 1), (merged, *leaf))? {
                Outcome::Answer(Merged::Clean(next)) => merged = next,
                // A conflict is that of the merge itself: nothing is merged after it.
                unsettled => return Ok(unsettled),
            }
        }
        Ok(Outcome::Answer(Merged::Clean(merged)))
    }

    /// Merges the commit at that place into the result so far.
    fn step(
        &mut self,
        level: usize,
        (ladder, at): (&Ladder, usize),
        (one, other): (Option<Leaf>, Option<Leaf>),
    ) -> Result<Outcome, Error> {
        self.merges += 1;
        if self.merges > MOST_MERGES {
            return Ok(Outcome::Unclear);
        }
        let bases = ladder.below(self.contents.history, at)?;
        let base = match self.merge(level + 1, &bases)? {
            Outcome::Answer(Merged::Clean(base)) => base,
            Outcome::Answer(Merged::Conflict) => return Ok(Outcome::Unclear),
            unsettled => return Ok(unsettled),
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
}
