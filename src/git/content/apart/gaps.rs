//! Where a side differs from the base, as far as every alignment of git's must agree.

use std::ops::Range;

use super::align::{align, common_after, common_before};
use super::text::{Base, Text};

/// How many pairs of lines are compared for one file. Hostile ones repeat one line, and real ones
/// take a few thousand.
const MOST_PAIRS: usize = 500_000;

/// A place where base and side differ.
#[derive(Clone)]
pub(super) struct Window {
    /// The lines of the base.
    pub base: Range<usize>,
    /// The lines of the side.
    side: Range<usize>,
    /// The same as bytes.
    pub bytes: Range<usize>,
    /// The lines of the base that git may find changed.
    pub reach: Range<usize>,
}

impl Window {
    /// Returns true if and only if a run of equal lines is all inside.
    fn holds(&self, base: &Range<usize>, side: &Range<usize>) -> bool {
        base.start >= self.base.start
            && base.end <= self.base.end
            && side.start >= self.side.start
            && side.end <= self.side.end
    }

    /// Returns true if and only if a run of equal lines is the gap before or behind, as far as it
    /// goes on into the window.
    fn continues(&self, base: &Range<usize>, side: &Range<usize>) -> bool {
        let before = base.start < self.base.start
            && base.start + self.side.start == side.start + self.base.start;
        let behind =
            base.end > self.base.end && base.end + self.side.end == side.end + self.base.end;
        before || behind
    }
}

/// The places where a side differs; `None` where this can't be said for sure.
pub(super) fn windows(base: &Base<'_>, raw: &[u8]) -> Option<Vec<Window>> {
    let side = base.read(raw)?;
    let windows = align(base, &side).into_iter().map(|(base, side)| Window {
        reach: base.clone(),
        base,
        side,
        bytes: 0..0,
    });
    let mut gaps = Gaps {
        base,
        side: &side,
        windows: windows.collect(),
        pairs_left: MOST_PAIRS,
    };
    gaps.settle()?;
    let mut windows = gaps.windows;
    for window in &mut windows {
        window.bytes = side.bytes(&window.side)?;
    }
    Some(windows)
}

/// The windows, and by them the gaps, of which more and more are given up.
struct Gaps<'g, 't> {
    base: &'g Base<'t>,
    side: &'g Text<'g>,
    windows: Vec<Window>,
    pairs_left: usize,
}

impl Gaps<'_, '_> {
    /// Gives up gaps until all that are left hold, and says how far git's changes may reach.
    fn settle(&mut self) -> Option<()> {
        while self.cover()? {}
        self.drop_common();
        loop {
            let longest = self.longest_stray()?;
            if self.drop_gaps(|gap| gap.len() <= longest) {
                continue;
            }
            self.widen()?;
            if !self.drop_touching() {
                return Some(());
            }
        }
    }

    fn spend(&mut self, pairs: usize) -> Option<()> {
        self.pairs_left = self.pairs_left.checked_sub(pairs)?;
        Some(())
    }

    /// Where lines repeat, the run of a gap goes on into a window, and may leave it on the base or
    /// on the side: then it takes lines of the gap that follows there. Makes these a part of the
    /// window. Returns true if and only if there were some.
    fn cover(&mut self) -> Option<bool> {
        let (base, side) = (&self.base.text.ids, &self.side.ids);
        let mut changed = false;
        let mut covered: Vec<Window> = Vec::new();
        for mut window in std::mem::take(&mut self.windows) {
            let shorter = window.base.len().min(window.side.len());
            let up = common_before(base, window.base.end, side, window.side.end);
            let down = common_after(base, window.base.start, side, window.side.start);
            self.spend(up + down)?;
            let (up, down) = (up.saturating_sub(shorter), down.saturating_sub(shorter));
            changed |= up > 0 || down > 0;
            window.base = window.base.start.saturating_sub(up)..window.base.end + down;
            window.side = window.side.start.saturating_sub(up)..window.side.end + down;
            match covered.last_mut() {
                Some(last)
                    if last.base.end >= window.base.start || last.side.end >= window.side.start =>
                {
                    changed = true;
                    last.base.end = window.base.end.max(last.base.end);
                    last.side.end = window.side.end.max(last.side.end);
                }
                _ => covered.push(window),
            }
        }
        self.windows = covered;
        Some(changed)
    }

    /// Gives up gaps without a line that is unique in the base and in no window of the side.
    fn drop_common(&mut self) {
        let base = self.base;
        let mut spoilt = vec![false; base.distinct()];
        for window in &self.windows {
            for id in self.side.ids.get(window.side.clone()).into_iter().flatten() {
                if let Some(mark) = spoilt.get_mut(*id as usize) {
                    *mark = true;
                }
            }
        }
        let holds = |id: &u32| spoilt.get(*id as usize) == Some(&false) && base.only(*id).is_some();
        self.drop_gaps(|gap| {
            let ids = base.text.ids.get(gap).unwrap_or_default();
            !ids.iter().any(holds)
        });
    }

    /// The longest run that git could take while a gap is left, and that isn't a gap's.
    fn longest_stray(&mut self) -> Option<usize> {
        let (base, side) = (&self.base.text.ids, &self.side.ids);
        let mut longest = 0;
        let mut pairs = self.pairs_left;
        for window in &self.windows {
            let mut previous = None;
            for in_side in window.side.clone() {
                let id = *side.get(in_side)?;
                for in_base in self.base.places(id) {
                    pairs = pairs.checked_sub(1)?;
                    let before = in_base.checked_sub(1).and_then(|at| base.get(at));
                    if previous.is_some() && before == previous {
                        // The run was looked at from the line before.
                        continue;
                    }
                    let back = common_before(base, in_base, side, in_side);
                    let ahead = common_after(base, in_base, side, in_side);
                    pairs = pairs.checked_sub(back + ahead)?;
                    let there = in_side - back..in_side + ahead;
                    let here = in_base - back..in_base + ahead;
                    let harmless = window.holds(&here, &there) || window.continues(&here, &there);
                    if !harmless && here.into_iter().any(|line| self.may_be_unique(line)) {
                        longest = longest.max(back + ahead);
                    }
                }
                previous = side.get(in_side);
            }
        }
        self.pairs_left = pairs;
        Some(longest)
    }

    /// Returns true if git may find this line of the base to be the only one of its kind, among
    /// those that are left when it has taken some gaps: windows stay whole, and the windows
    /// around a gap as long as that does.
    fn may_be_unique(&self, line: usize) -> bool {
        let at = self
            .windows
            .partition_point(|window| window.base.end <= line);
        let ahead = self.windows.get(at).map(|window| &window.base);
        let behind = at.checked_sub(1).and_then(|at| self.windows.get(at));
        let whole = match (behind, ahead) {
            (_, Some(window)) if window.contains(&line) => window.clone(),
            (behind, ahead) => {
                let end = ahead.map_or(self.base.text.ids.len(), |window| window.end);
                behind.map_or(0, |window| window.base.start)..end
            }
        };
        self.base.is_lone(line, &whole)
    }

    /// Makes gaps parts of the windows around them: those that are to be given up, by their lines
    /// in the base. Returns true if and only if there were some.
    fn drop_gaps(&mut self, mut given_up: impl FnMut(Range<usize>) -> bool) -> bool {
        let ends = (self.base.text.ids.len(), self.side.ids.len());
        let mut dropped = false;
        let mut kept: Vec<Window> = Vec::new();
        let mut from = 0;
        for mut window in std::mem::take(&mut self.windows) {
            let gap = from..window.base.start;
            from = window.base.end;
            if gap.is_empty() || !given_up(gap) {
                kept.push(window);
                continue;
            }
            dropped = true;
            if let Some(before) = kept.last_mut() {
                before.base.end = window.base.end;
                before.side.end = window.side.end;
            } else {
                (window.base.start, window.side.start) = (0, 0);
                kept.push(window);
            }
        }
        if let Some(last) = kept.last_mut()
            && from < ends.0
            && given_up(from..ends.0)
        {
            dropped = true;
            (last.base.end, last.side.end) = ends;
        }
        self.windows = kept;
        dropped
    }

    /// Adds to each window's reach how far changes can be moved out of it.
    fn widen(&mut self) -> Option<()> {
        let (base, side) = (&self.base.text.ids, &self.side.ids);
        let left = &mut self.pairs_left;
        for window in &mut self.windows {
            let up = climb(base, &window.base, left)?.max(climb(side, &window.side, left)?);
            let down = sink(base, &window.base, left)?.max(sink(side, &window.side, left)?);
            let start = window.base.start.saturating_sub(up);
            window.reach = start..(window.base.end + down).min(base.len());
        }
        Some(())
    }

    /// Gives up gaps that changes could be moved across.
    fn drop_touching(&mut self) -> bool {
        let pairs = self.windows.windows(2);
        let touching = pairs.filter_map(|pair| match pair {
            [one, other] if one.reach.end >= other.reach.start => {
                Some(one.base.end..other.base.start)
            }
            _ => None,
        });
        let touching: Vec<Range<usize>> = touching.collect();
        self.drop_gaps(|gap| touching.contains(&gap))
    }
}

/// How many lines changes of a window can be moved up, out of it: a change is moved by a line
/// where the line before it is the same as its last.
fn climb(ids: &[u32], window: &Range<usize>, pairs_left: &mut usize) -> Option<usize> {
    let Some(before) = window.start.checked_sub(1) else {
        return Some(0);
    };
    let mut most = 0;
    for last in window.clone() {
        if ids.get(last) == ids.get(before) {
            let moved = common_before(ids, before + 1, ids, last + 1);
            *pairs_left = pairs_left.checked_sub(moved)?;
            most = most.max(moved);
        }
    }
    Some(most)
}

/// The same down: where the line after a change is the same as its first.
fn sink(ids: &[u32], window: &Range<usize>, pairs_left: &mut usize) -> Option<usize> {
    let mut most = 0;
    for first in window.clone() {
        if window.end < ids.len() && ids.get(first) == ids.get(window.end) {
            let moved = common_after(ids, window.end, ids, first);
            *pairs_left = pairs_left.checked_sub(moved)?;
            most = most.max(moved);
        }
    }
    Some(most)
}
