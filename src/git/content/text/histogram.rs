//! Which lines of a base and a side are changed: git's histogram diff.
//!
//! It goes through the runs of lines that both have, and takes each that is longer than the last one
//! taken, or has a line that is rarer in the base. What stands before the one that remains, and what
//! stands behind it, are then compared in the same way, by themselves. So it matters in which order
//! runs are met, and which are passed over: all that is git's here, step by step.
//!
//! git gives up on a part where lines are shared, but none that is rare enough, and compares it in
//! another way. That is left to git.

use std::ops::Range;

use super::work::Work;

/// How often a line may stand in the base for git to begin with it.
const RARE: u32 = 64;
/// No line.
const NONE: u32 = u32::MAX;

/// For each line of two texts, whether it is changed.
pub(super) struct Changed {
    pub base: Vec<bool>,
    pub side: Vec<bool>,
}

/// Lines of the base and of the side.
#[derive(Default)]
struct Part {
    base: Range<usize>,
    side: Range<usize>,
}

/// Lines that both have.
struct Run {
    lines: Part,
    /// How often its rarest line is in the base.
    rarest: u32,
}

/// Compares sides with a base.
pub(super) struct Histogram<'b> {
    base: &'b [u32],
    /// For each number, how often it is in the part in question, and where first.
    places: Vec<Places>,
    /// For each line, the next one that is equal, in that part.
    next: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Places {
    count: u32,
    first: u32,
}

const NOWHERE: Places = Places {
    count: 0,
    first: NONE,
};

impl<'b> Histogram<'b> {
    /// For a base, whose lines' numbers are all below `distinct`.
    pub fn new(base: &'b [u32], distinct: usize) -> Self {
        Self {
            base,
            places: vec![NOWHERE; distinct],
            next: vec![NONE; base.len()],
        }
    }

    /// Compares a side with the base; `None` where only git can, or where it is too much work.
    pub fn compare(&mut self, side: &[u32], work: &mut Work) -> Option<Changed> {
        let mut changed = Changed {
            base: vec![false; self.base.len()],
            side: vec![false; side.len()],
        };
        let mut parts = vec![Part {
            base: 0..self.base.len(),
            side: 0..side.len(),
        }];
        while let Some(part) = parts.pop() {
            let run = self.common(&part, side, work)?;
            if run.base.is_empty() {
                changed.base.get_mut(part.base)?.fill(true);
                changed.side.get_mut(part.side)?.fill(true);
            } else {
                parts.extend([part.before(&run), part.behind(&run)]);
            }
        }
        Some(changed)
    }

    /// The run that git takes; an empty one if no line is in both.
    fn common(&mut self, part: &Part, side: &[u32], work: &mut Work) -> Option<Part> {
        if part.base.is_empty() || part.side.is_empty() {
            return Some(Part::default());
        }
        work.spend(part.base.len() + part.side.len())?;
        self.count(&part.base)?;
        let found = self.search(part, side, work);
        self.forget(&part.base)?;
        found
    }

    fn count(&mut self, lines: &Range<usize>) -> Option<()> {
        for at in lines.clone().rev() {
            let places = self.places.get_mut(*self.base.get(at)? as usize)?;
            *self.next.get_mut(at)? = places.first;
            places.first = u32::try_from(at).ok()?;
            places.count += 1;
        }
        Some(())
    }

    fn forget(&mut self, lines: &Range<usize>) -> Option<()> {
        for id in self.base.get(lines.clone())? {
            *self.places.get_mut(*id as usize)? = NOWHERE;
        }
        Some(())
    }

    fn search(&self, part: &Part, side: &[u32], work: &mut Work) -> Option<Part> {
        let mut search = Search {
            histogram: self,
            part,
            side,
            best: Part::default(),
            rarest: RARE + 1,
            shared: false,
        };
        let mut at = part.side.start;
        while at < part.side.end {
            at = search.try_line(at, work)?;
        }
        match search.shared && search.rarest > RARE {
            true => None,
            false => Some(search.best),
        }
    }

    fn places(&self, id: u32) -> Places {
        self.places.get(id as usize).copied().unwrap_or(NOWHERE)
    }
}

impl Part {
    fn before(&self, run: &Self) -> Self {
        Self {
            base: self.base.start..run.base.start,
            side: self.side.start..run.side.start,
        }
    }

    fn behind(&self, run: &Self) -> Self {
        Self {
            base: run.base.end..self.base.end,
            side: run.side.end..self.side.end,
        }
    }
}

/// The search for a run in one part.
struct Search<'s, 'b> {
    histogram: &'s Histogram<'b>,
    part: &'s Part,
    side: &'s [u32],
    /// The best so far.
    best: Part,
    /// How often the rarest line of that is in the base.
    rarest: u32,
    /// Whether any line is in both.
    shared: bool,
}

impl Search<'_, '_> {
    /// Tries all runs with this line of the side; the next line to be tried.
    fn try_line(&mut self, at: usize, work: &mut Work) -> Option<usize> {
        let places = self.histogram.places(*self.side.get(at)?);
        self.shared |= places.count > 0;
        let mut next = at + 1;
        if places.count > self.rarest {
            return Some(next);
        }
        let mut place = places.first;
        while place != NONE {
            let run = self.run(place as usize, at, places.count)?;
            work.spend(run.lines.base.len())?;
            next = next.max(run.lines.side.end);
            place = self.behind(place, run.lines.base.end, work)?;
            self.take(run);
        }
        Some(next)
    }

    /// The whole run with a line of the base and its like, which is in the base so often.
    fn run(&self, in_base: usize, in_side: usize, count: u32) -> Option<Run> {
        let (base, part) = (self.histogram.base, self.part);
        let mut rarest = count;
        let base_before = base.get(part.base.start..in_base)?.iter().rev();
        let side_before = self.side.get(part.side.start..in_side)?.iter().rev();
        let back = self.length(base_before.zip(side_before), &mut rarest);
        let base_ahead = base.get(in_base..part.base.end)?.iter();
        let side_ahead = self.side.get(in_side..part.side.end)?.iter();
        let ahead = self.length(base_ahead.zip(side_ahead), &mut rarest);
        let lines = Part {
            base: in_base - back..in_base + ahead,
            side: in_side - back..in_side + ahead,
        };
        Some(Run { lines, rarest })
    }

    /// How many pairs are of equal lines, up to the first that isn't.
    fn length<'i>(
        &self,
        pairs: impl Iterator<Item = (&'i u32, &'i u32)>,
        rarest: &mut u32,
    ) -> usize {
        let mut length = 0;
        for (id, _) in pairs.take_while(|(one, other)| one == other) {
            if *rarest > 1 {
                *rarest = self.histogram.places(*id).count.min(*rarest);
            }
            length += 1;
        }
        length
    }

    /// The next equal line of the base that is behind a run.
    fn behind(&self, mut place: u32, end: usize, work: &mut Work) -> Option<u32> {
        while place != NONE && (place as usize) < end {
            work.spend(1)?;
            place = *self.histogram.next.get(place as usize)?;
        }
        Some(place)
    }

    /// Takes a run if it is better than the best: longer, or with a line that is rarer.
    fn take(&mut self, run: Run) {
        let longer = run.lines.base.len() > self.best.base.len();
        if longer || run.rarest < self.rarest {
            self.rarest = run.rarest;
            self.best = run.lines;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The letters that are changed, a line each.
    fn compare(base: &str, side: &str) -> Option<(String, String)> {
        let ids = |text: &str| text.bytes().map(u32::from).collect::<Vec<u32>>();
        let in_base = ids(base);
        let mut histogram = Histogram::new(&in_base, 256);
        let changed = histogram.compare(&ids(side), &mut Work::new())?;
        let letters = |text: &str, changed: &[bool]| {
            let pairs = text.chars().zip(changed);
            let pairs = pairs.filter(|(_, changed)| **changed);
            pairs.map(|(letter, _)| letter).collect::<String>()
        };
        Some((letters(base, &changed.base), letters(side, &changed.side)))
    }

    fn assert_changed(base: &str, side: &str, expected: (&str, &str)) {
        let changed = compare(base, side).unwrap();
        let changed = (changed.0.as_str(), changed.1.as_str());
        assert_eq!(changed, expected, "{base} {side}");
    }

    #[test]
    fn what_both_have_is_not_changed() {
        assert_changed("", "", ("", ""));
        assert_changed("abc", "", ("abc", ""));
        assert_changed("abc", "abc", ("", ""));
        assert_changed("abc", "xyz", ("abc", "xyz"));
        assert_changed("abcde", "aXcdeY", ("b", "XY"));
    }

    #[test]
    fn of_equally_rare_runs_the_longest_then_the_first_of_the_side() {
        assert_changed("abcde", "cdeab", ("ab", "ab"));
        assert_changed("abcdef", "defabc", ("abc", "abc"));
        assert_changed("abcdef", "fabcde", ("f", "f"));
    }

    #[test]
    fn a_rarer_line_wins_over_a_longer_run() {
        assert_changed("axxxx", "xxxxa", ("xxxx", "xxxx"));
        assert_changed("xxxxabb", "bbaxxxx", ("xxxxbb", "bbxxxx"));
    }

    #[test]
    fn lines_that_are_all_common_are_left_to_git() {
        let rare = "x".repeat(64);
        assert_changed(&rare, "axb", (&"x".repeat(63), "ab"));
        let common = "x".repeat(65);
        assert_eq!(compare(&common, "axb"), None);
        assert_eq!(compare(&common, "axxb"), None);
        assert_changed(&common, "ab", (&common, "ab"));
        let with_one = format!("{common}y");
        assert_changed(&with_one, "y", (&common, ""));
        assert_changed(&with_one, "xy", (&"x".repeat(64), ""));
    }

    #[test]
    fn work_has_an_end() {
        let lines = |step: u32| (0..150_000).map(move |at| at * step % 150_000 / 50);
        let (base, side): (Vec<u32>, Vec<u32>) = (lines(1).collect(), lines(7).collect());
        let mut histogram = Histogram::new(&base, 3000);
        assert!(histogram.compare(&side, &mut Work::new()).is_none());
    }
}
