//! Texts as lists of numbers, in which equal lines are equal numbers.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::RandomState;

/// How long lines are, more or less: how many to make room for.
const USUAL_LINE: usize = 24;

/// A text, and its lines as numbers.
pub(super) struct Text<'t> {
    raw: &'t [u8],
    /// The number of each line.
    pub ids: Vec<u32>,
    /// Where each line ends.
    ends: Vec<usize>,
}

/// Numbers for the lines of several texts. A line is all its bytes, with the line feed that ends
/// it: a last line without one is another line. The hasher's keys are chosen at random, so that
/// nobody can write lines that all fall together.
pub(super) struct Numbers<'t> {
    known: HashMap<&'t [u8], u32, RandomState>,
}

impl<'t> Numbers<'t> {
    /// None yet, and room for the lines of a text of this size.
    pub fn new(bytes: usize) -> Self {
        let expected = bytes / USUAL_LINE + 1;
        Self {
            known: HashMap::with_capacity_and_hasher(expected, RandomState::default()),
        }
    }

    /// How many different lines there are.
    pub fn count(&self) -> usize {
        self.known.len()
    }

    /// The line's number, a new one if it has none yet.
    fn number(&mut self, line: &'t [u8]) -> Option<u32> {
        let next = u32::try_from(self.known.len()).ok()?;
        Some(*self.known.entry(line).or_insert(next))
    }
}

impl<'t> Text<'t> {
    /// Reads a text.
    pub fn read(raw: &'t [u8], numbers: &mut Numbers<'t>) -> Option<Self> {
        let expected = raw.len() / USUAL_LINE + 1;
        let mut text = Self {
            raw,
            ids: Vec::with_capacity(expected),
            ends: Vec::with_capacity(expected),
        };
        text.push(0..raw.len(), numbers)?;
        Some(text)
    }

    /// Reads a text that is much like this one: of the lines that both begin and end with, the
    /// numbers are known.
    pub fn read_like(&self, raw: &'t [u8], numbers: &mut Numbers<'t>) -> Option<Self> {
        let before = self.lines_within(common_prefix(self.raw, raw));
        let start = self.start(before)?;
        let same = common_suffix(self.raw.get(start..)?, raw.get(start..)?);
        let (after, end) = self.tail(same, start, raw)?;
        let mut text = Self {
            raw,
            ids: self.ids.get(..before)?.to_vec(),
            ends: self.ends.get(..before)?.to_vec(),
        };
        text.push(start..end, numbers)?;
        text.ids.extend(self.ids.get(after..)?);
        let ended = self.ends.get(after..)?.iter();
        let end_in_raw = |end: &usize| raw.len() - (self.raw.len() - end);
        text.ends.extend(ended.map(end_in_raw));
        Some(text)
    }

    /// Adds the lines of a part of the text.
    fn push(&mut self, part: Range<usize>, numbers: &mut Numbers<'t>) -> Option<()> {
        let mut end = part.start;
        for line in lines(self.raw.get(part)?) {
            end += line.len();
            self.ids.push(numbers.number(line)?);
            self.ends.push(end);
        }
        Some(())
    }

    /// How many lines at the beginning, with their line feeds, are within so many bytes.
    fn lines_within(&self, bytes: usize) -> usize {
        let whole = |end: &usize| *end <= bytes && self.raw.get(*end - 1) == Some(&b'\n');
        self.ends.partition_point(whole)
    }

    /// The first of the lines at the end, within so many bytes, that are lines of the other text
    /// too, and where they begin there.
    fn tail(&self, bytes: usize, start: usize, other: &[u8]) -> Option<(usize, usize)> {
        let beyond = self.raw.len() - bytes;
        let first = match beyond == start {
            true => self.ends.partition_point(|end| *end <= start),
            false => 1 + self.ends.partition_point(|end| *end < beyond),
        };
        let place = |line| Some(other.len() - (self.raw.len() - self.start(line)?));
        let at = place(first)?;
        // Where the bytes begin with a line here, one of the other may have begun before.
        let begins = at == start || other.get(at - 1) == Some(&b'\n');
        match begins || first == self.ends.len() {
            true => Some((first, at)),
            false => Some((first + 1, place(first + 1)?)),
        }
    }

    /// Where a line begins, or the text ends.
    fn start(&self, line: usize) -> Option<usize> {
        match line.checked_sub(1) {
            Some(before) => self.ends.get(before).copied(),
            None => Some(0),
        }
    }

    /// How many bytes it is long.
    pub fn size(&self) -> usize {
        self.raw.len()
    }

    /// The lines as they are.
    pub fn bytes(&self, lines: Range<usize>) -> Option<&'t [u8]> {
        self.raw
            .get(self.start(lines.start)?..self.start(lines.end)?)
    }
}

/// The lines, each with the line feed that ends it.
fn lines(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut ends = memchr::memchr_iter(b'\n', raw);
    let mut start = 0;
    std::iter::from_fn(move || {
        let end = ends.next().map_or(raw.len(), |at| at + 1);
        let line = raw.get(start..end).filter(|line| !line.is_empty());
        start = end;
        line
    })
}

const CHUNK: usize = 64;

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    let chunks = one.chunks(CHUNK).zip(other.chunks(CHUNK));
    let whole = chunks.take_while(|(one, other)| one == other && one.len() == CHUNK);
    let done = whole.count() * CHUNK;
    let rest = one.iter().skip(done).zip(other.iter().skip(done));
    done + rest.take_while(|(one, other)| one == other).count()
}

fn common_suffix(one: &[u8], other: &[u8]) -> usize {
    let chunks = one.rchunks(CHUNK).zip(other.rchunks(CHUNK));
    let whole = chunks.take_while(|(one, other)| one == other && one.len() == CHUNK);
    let done = whole.count() * CHUNK;
    let rest = one.iter().rev().skip(done);
    let rest = rest.zip(other.iter().rev().skip(done));
    done + rest.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_lines_have_equal_numbers() {
        let mut numbers = Numbers::new(0);
        let base = Text::read(b"a\nb\na\n\n\na", &mut numbers).unwrap();
        assert_eq!(base.ids, [0, 1, 0, 2, 2, 3]);
        let side = base.read_like(b"b\na\r\n\nc", &mut numbers).unwrap();
        assert_eq!(side.ids, [1, 4, 2, 5]);
        assert_eq!(numbers.count(), 6);
        assert_eq!(side.bytes(1..3), Some(&b"a\r\n\n"[..]));
        assert_eq!(side.bytes(4..4), Some(&b""[..]));
    }

    fn texts() -> impl Strategy<Value = [Vec<u8>; 4]> {
        let some = || prop::collection::vec(prop::sample::select(&b"ab\n\n"[..]), 0..12);
        let long = prop::collection::vec(prop::sample::select(&b"ab\n"[..]), 0..200);
        (long, some(), some(), some()).prop_map(|(long, one, other, end)| [long, one, other, end])
    }

    proptest! {
        #[test]
        fn what_is_known_of_one_text_holds_for_the_other([long, one, other, end] in texts()) {
            let whole = |middle: &Vec<u8>| [&long, middle, &end].map(Clone::clone).concat();
            let (one, other) = (whole(&one), whole(&other));
            let mut numbers = Numbers::new(0);
            let base = Text::read(&one, &mut numbers).unwrap();
            let like = base.read_like(&other, &mut numbers).unwrap();
            let alone = Text::read(&other, &mut numbers).unwrap();
            prop_assert_eq!(like.ids, alone.ids);
            prop_assert_eq!(like.ends, alone.ends);
        }
    }
}
