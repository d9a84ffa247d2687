//! What the changes of two sides make together.
//!
//! Changes of different sides that overlap or touch are a conflict, unless both are the same. A
//! conflict takes in what else overlaps it or touches it, and isn't one if both sides have the
//! same lines there after all.

use std::ops::Range;

use super::Merged;
use super::compact::Change;
use super::lines::Text;

/// A side, with its changes that are still to be looked at.
pub(super) struct Side<'s, 't> {
    pub text: &'s Text<'t>,
    pub changes: &'s [Change],
    /// How many lines the base has.
    pub base: usize,
}

/// Who changed a place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    One,
    Other,
    Both,
}

/// A place of the merge: the lines that the sides have there.
pub(super) struct Place {
    pub who: Who,
    pub one: Range<usize>,
    pub other: Range<usize>,
}

/// The places at which the sides differ, in order.
pub(super) fn places(one: Side<'_, '_>, other: Side<'_, '_>) -> Option<Vec<Place>> {
    let mut sides = Sides { one, other };
    let mut places: Vec<Place> = Vec::new();
    while let Some(who) = sides.next() {
        let place = sides.place(who);
        let same = who == Who::Both && sides.have_the_same()?;
        sides.step();
        match places.last_mut() {
            _ if same => {}
            Some(last) if last.touches(&place) => last.extend(&place),
            _ => places.push(place),
        }
    }
    Some(places)
}

/// The text, if there is no conflict: the one side's, with what the other alone has changed.
pub(super) fn put_together(texts: (&Text<'_>, &Text<'_>), places: &[Place]) -> Option<Merged> {
    let (one, other) = texts;
    let mut text = Vec::with_capacity(one.size() + other.size());
    let mut done = 0;
    for place in places {
        match place.who {
            Who::Other => {
                text.extend_from_slice(one.bytes(done..place.one.start)?);
                text.extend_from_slice(other.bytes(place.other.clone())?);
                done = place.one.end;
            }
            Who::Both if place.is_conflict(texts)? => return Some(Merged::Conflict),
            Who::One | Who::Both => {}
        }
    }
    text.extend_from_slice(one.bytes(done..one.ids.len())?);
    Some(Merged::Clean(text))
}

struct Sides<'s, 't> {
    one: Side<'s, 't>,
    other: Side<'s, 't>,
}

impl Sides<'_, '_> {
    /// Whose change is next.
    fn next(&self) -> Option<Who> {
        let (one, other) = (self.one.next(), self.other.next());
        match () {
            () if one.start == NEVER && other.start == NEVER => None,
            () if one.end < other.start => Some(Who::One),
            () if other.end < one.start => Some(Who::Other),
            () => Some(Who::Both),
        }
    }

    /// Where that is.
    fn place(&self, who: Who) -> Place {
        let (one, other) = (self.one.next(), self.other.next());
        let base = match who {
            Who::One => one,
            Who::Other => other,
            Who::Both => one.start.min(other.start)..one.end.max(other.end),
        };
        Place {
            who,
            one: self.one.lines(&base),
            other: self.other.lines(&base),
        }
    }

    /// Returns true if and only if both make the same change.
    fn have_the_same(&self) -> Option<bool> {
        let (one, other) = (self.one.changes.first()?, self.other.changes.first()?);
        let mine = self.one.text.ids.get(one.side.clone())?;
        let theirs = self.other.text.ids.get(other.side.clone())?;
        Some(one.base == other.base && mine == theirs)
    }

    /// Passes over the change that ends first. One that goes on may meet more of the other side's.
    fn step(&mut self) {
        let (one, other) = (self.one.next().end, self.other.next().end);
        if one <= other {
            self.one.step();
        }
        if other <= one {
            self.other.step();
        }
    }
}

/// Where there is no change any more.
const NEVER: usize = usize::MAX;

impl Side<'_, '_> {
    /// The lines of the base that are changed next.
    fn next(&self) -> Range<usize> {
        let first = self.changes.first();
        first.map_or(NEVER..NEVER, |change| change.base.clone())
    }

    fn step(&mut self) {
        self.changes = self.changes.get(1..).unwrap_or_default();
    }

    /// The side's lines for lines of the base that hold the whole next change, or are before it.
    fn lines(&self, base: &Range<usize>) -> Range<usize> {
        let (next, there) = match self.changes.first() {
            Some(change) => (change.base.clone(), change.side.clone()),
            None => (self.base..NEVER, self.text.ids.len()..NEVER),
        };
        // A change that went on may begin before one that was passed over: it touches the last
        // place, and where exactly it begins doesn't matter any more.
        let before = |line: usize| (there.start + line).saturating_sub(next.start);
        let end = match base.end < next.end {
            true => before(base.end),
            false => there.end + (base.end - next.end),
        };
        before(base.start)..end
    }
}

impl Place {
    /// Returns true if and only if both sides changed it, and not to the same lines.
    pub fn is_conflict(&self, (one, other): (&Text<'_>, &Text<'_>)) -> Option<bool> {
        let mine = one.ids.get(self.one.clone())?;
        let theirs = other.ids.get(self.other.clone())?;
        Some(self.who == Who::Both && (mine.is_empty() || mine != theirs))
    }

    fn touches(&self, next: &Self) -> bool {
        next.one.start <= self.one.end || next.other.start <= self.other.end
    }

    fn extend(&mut self, next: &Self) {
        if next.who != self.who {
            self.who = Who::Both;
        }
        self.one.end = next.one.end;
        self.other.end = next.other.end;
    }
}
