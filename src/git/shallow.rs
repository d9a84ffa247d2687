//! What the end of a shallow clone could hide.
//!
//! A commit at the end was told to do without its parents, so whatever it descends from looks
//! like a stranger. Only dates can then tell that a commit is no ancestor of it: one that was
//! made later isn't.

use super::commits::PerNode;
use super::history::{History, Queue};
use super::range::Range;
use crate::error::Error;
use crate::update::Oid;

/// How many parents of a merge are told apart, a bit each.
const MOST_PARENTS: usize = 64;

impl History<'_> {
    /// Returns true if and only if the history behind the end could show that a commit of the
    /// range was there before, or changes something else than it seems to. `hidden` are the tips
    /// that the range was found without.
    pub fn end_hides_range(&self, range: &Range, hidden: &[Oid]) -> Result<bool, Error> {
        if range.rows.is_empty() {
            return Ok(false);
        }
        for row in &range.rows {
            if self.repo.ends_at(row.oid) || (row.is_merge() && self.end_hides_bases(row.oid)?) {
                return Ok(true);
            }
        }
        let mut oldest = i64::MAX;
        for row in &range.rows {
            oldest = oldest.min(self.commit(row.oid)?.time);
        }
        for end in self.ends_since(oldest)? {
            if self.reaches(hidden, end)? && self.is_beside(end, range)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns true if and only if `new` could yet descend from `old`, which isn't seen.
    pub fn end_hides_descent(&self, old: Oid, new: Oid) -> Result<bool, Error> {
        for end in self.ends_since(self.commit(old)?.time)? {
            let of_old = self.lineage(end, &Range::default())?;
            if self.reaches(&[new], end)? && !of_old.has(old)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The commits without their parents, but for those that are older than `time`.
    fn ends_since(&self, time: i64) -> Result<Vec<Oid>, Error> {
        let mut ends = Vec::new();
        for end in &self.repo.shallow {
            // git leaves the names of commits behind that are no more.
            if self.repo.has(*end)? && self.commit(*end)?.time >= time {
                ends.push(*end);
            }
        }
        Ok(ends)
    }

    fn reaches(&self, tips: &[Oid], end: Oid) -> Result<bool, Error> {
        let lineage = self.lineage(end, &Range::default())?;
        for value in tips {
            if let Some(tip) = self.peel(*value)?
                && lineage.has(tip)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns true if and only if a commit of the range isn't newer than the end, and doesn't
    /// stand on it either.
    fn is_beside(&self, end: Oid, range: &Range) -> Result<bool, Error> {
        let (above, time) = (self.lineage(end, range)?, self.commit(end)?.time);
        for row in &range.rows {
            if !above.has(row.oid)? && self.commit(row.oid)?.time <= time {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns true if and only if the end is met below some parents of the merge and not below
    /// all: there, what they have in common could go on.
    fn end_hides_bases(&self, merge: Oid) -> Result<bool, Error> {
        let parents = self.links(self.node(merge)?)?.parents();
        if parents.len() > MOST_PARENTS {
            return Ok(true);
        }
        let all = u64::MAX >> (MOST_PARENTS - parents.len());
        let mut below: PerNode<u64> = PerNode::default();
        let mut queue = Queue::default();
        for (bit, at) in parents.enumerate() {
            let parent = self.parent(at)?;
            below.set(parent, below.get(parent) | 1 << bit);
            queue.push(parent, self.links(parent)?.time);
        }
        while let Some(node) = queue.pop() {
            let mask = below.get(node);
            if mask == all {
                continue;
            }
            if self.repo.ends_at(self.name(node)?) {
                return Ok(true);
            }
            for at in self.links(node)?.parents() {
                let parent = self.parent(at)?;
                let before = below.get(parent);
                if before | mask != before {
                    below.set(parent, before | mask);
                    queue.push(parent, self.links(parent)?.time);
                }
            }
        }
        Ok(false)
    }
}
