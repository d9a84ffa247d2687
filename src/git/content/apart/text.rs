//! Texts as lists of numbers, in which equal lines are equal numbers.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::BufRead;
use std::ops::Range;

/// A line that the base doesn't have.
pub(super) const FOREIGN: u32 = u32::MAX;

/// A text as numbers: equal lines have equal ones.
pub(super) struct Text<'t> {
    raw: &'t [u8],
    /// Its lines.
    pub ids: Vec<u32>,
    /// Where each line ends.
    ends: Vec<usize>,
    /// How many lines at the beginning are the base's.
    pub before: usize,
    /// How many more at the end are.
    pub after: usize,
}

impl Text<'_> {
    /// Where a line begins.
    fn start(&self, line: usize) -> Option<usize> {
        match line.checked_sub(1) {
            Some(before) => self.ends.get(before).copied(),
            None => Some(0),
        }
    }

    /// Where lines are among the bytes.
    pub fn bytes(&self, lines: &Range<usize>) -> Option<Range<usize>> {
        Some(self.start(lines.start)?..self.start(lines.end)?)
    }

    /// The lines as they are.
    pub fn bytes_of(&self, lines: Range<usize>) -> Option<&[u8]> {
        self.raw.get(self.bytes(&lines)?)
    }
}

/// A base, with its lines counted.
pub(super) struct Base<'t> {
    /// The text itself.
    pub text: Text<'t>,
    numbers: HashMap<&'t [u8], u32, Keys>,
    /// For each number, the first line that has it.
    first: Vec<usize>,
    /// For each line, the next one that is equal, and the one before it.
    next: Vec<Option<usize>>,
    previous: Vec<Option<usize>>,
}

impl<'t> Base<'t> {
    /// Reads a base.
    pub fn new(raw: &'t [u8]) -> Self {
        let (mut ids, mut ends) = (Vec::new(), Vec::new());
        let mut numbers = HashMap::with_hasher(Keys::new());
        let mut last: Vec<usize> = Vec::new();
        let (mut first, mut next, mut previous) = (Vec::new(), Vec::new(), Vec::new());
        let mut end = 0;
        for (at, line) in lines(raw).enumerate() {
            end += line.len();
            let id = *numbers.entry(line).or_insert_with(|| {
                first.push(at);
                last.push(at);
                u32::try_from(first.len() - 1).unwrap_or(FOREIGN)
            });
            next.push(None);
            previous.push(None);
            if let Some(before) = last.get_mut(id as usize) {
                if *before != at
                    && let (Some(ahead), Some(back)) = (next.get_mut(*before), previous.get_mut(at))
                {
                    (*ahead, *back) = (Some(at), Some(*before));
                }
                *before = at;
            }
            ids.push(id);
            ends.push(end);
        }
        Self {
            text: Text {
                raw,
                ids,
                ends,
                before: 0,
                after: 0,
            },
            numbers,
            first,
            next,
            previous,
        }
    }

    /// Returns true if and only if no other of these lines is equal to this one.
    pub fn is_lone(&self, line: usize, among: &Range<usize>) -> bool {
        let near = |links: &[Option<usize>]| links.get(line).copied().flatten();
        let there = |other: Option<usize>| other.is_some_and(|other| among.contains(&other));
        !there(near(&self.previous)) && !there(near(&self.next))
    }

    /// How many numbers there are.
    pub fn distinct(&self) -> usize {
        self.first.len()
    }

    /// The lines that have a number.
    pub fn places(&self, id: u32) -> impl Iterator<Item = usize> {
        let first = self.first.get(id as usize).copied();
        std::iter::successors(first, |at| self.next.get(*at).copied().flatten())
    }

    /// The line that has this number, if it is the only one.
    pub fn only(&self, id: u32) -> Option<usize> {
        let mut places = self.places(id);
        places.next().filter(|_| places.next().is_none())
    }

    /// Reads a side.
    pub fn read<'s>(&self, raw: &'s [u8]) -> Option<Text<'s>> {
        let base = &self.text;
        let same = common_prefix(base.raw, raw);
        let whole = |end: &usize| *end <= same && base.raw.get(*end - 1) == Some(&b'\n');
        let before = base.ends.iter().take_while(|end| whole(end)).count();
        let start = base.start(before)?;
        let same = common_suffix(base.raw.get(start..)?, raw.get(start..)?);
        let begins = |line: usize| {
            let behind = base.raw.len() - base.start(line)?;
            let at = raw.len().checked_sub(behind).filter(|_| behind <= same)?;
            (at == start || raw.get(at - 1) == Some(&b'\n')).then_some(at)
        };
        let mut first = base.ends.len();
        let mut end = raw.len();
        while first > before
            && let Some(at) = begins(first - 1)
        {
            (first, end) = (first - 1, at);
        }
        let mut ids = base.ids.get(..before)?.to_vec();
        let mut ends = base.ends.get(..before)?.to_vec();
        let mut at = start;
        for line in lines(raw.get(start..end)?) {
            at += line.len();
            ids.push(self.numbers.get(line).copied().unwrap_or(FOREIGN));
            ends.push(at);
        }
        ids.extend(base.ids.get(first..)?);
        let ended = base.ends.get(first..)?.iter();
        ends.extend(ended.map(|old| raw.len() - (base.raw.len() - old)));
        Some(Text {
            raw,
            ids,
            ends,
            before,
            after: base.ends.len() - first,
        })
    }
}

/// The lines, each with the line feed that ends it.
fn lines(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        let before = rest;
        match rest.skip_until(b'\n') {
            Ok(0) | Err(_) => None,
            Ok(length) => before.get(..length),
        }
    })
}

/// Hashes lines, several times as fast as the standard library's hasher. The keys are chosen at
/// random, so that nobody can write lines that all fall together.
#[derive(Clone)]
struct Keys(u64, u64);

impl Keys {
    fn new() -> Self {
        let random = RandomState::new();
        Self(random.hash_one(0), random.hash_one(1) | 1)
    }
}

impl BuildHasher for Keys {
    type Hasher = LineHasher;

    fn build_hasher(&self) -> LineHasher {
        LineHasher {
            state: self.0,
            key: self.1,
        }
    }
}

struct LineHasher {
    state: u64,
    key: u64,
}

impl Hasher for LineHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let rest = rest.iter().rev();
        self.write_u64(rest.fold(0, |word, byte| word << 8 | u64::from(*byte)));
    }

    fn write_u64(&mut self, word: u64) {
        let wide = u128::from(self.state ^ word) * u128::from(self.key);
        // The two halves hold every bit of both factors.
        let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default();
        let (low, high) = (half(wide), half(wide >> 64));
        self.state = low ^ high.rotate_left(23);
    }

    fn write_usize(&mut self, length: usize) {
        self.write_u64(length as u64);
    }

    fn finish(&self) -> u64 {
        self.state
    }
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
    let rest = one
        .iter()
        .rev()
        .skip(done)
        .zip(other.iter().rev().skip(done));
    done + rest.take_while(|(one, other)| one == other).count()
}
