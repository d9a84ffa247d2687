//! Texts as lists of numbers, in which equal lines are equal numbers.

use std::hash::{BuildHasher, RandomState};
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
    numbers: Numbers<'t>,
    /// For each number, the first line that has it.
    first: Vec<u32>,
    /// For each line, the next one that is equal, and the one before it; [`NONE`] if there is none.
    next: Vec<u32>,
    previous: Vec<u32>,
}

/// No line.
const NONE: u32 = u32::MAX;

fn line_of(link: u32) -> Option<usize> {
    (link != NONE).then_some(link as usize)
}

impl<'t> Base<'t> {
    /// Reads a base. It is a file that is small enough for its lines to be counted in 32 bits.
    pub fn new(raw: &'t [u8]) -> Self {
        let expected = raw.len() / USUAL_LINE + 1;
        let (mut ids, mut ends) = (Vec::with_capacity(expected), Vec::with_capacity(expected));
        let mut numbers = Numbers::new(expected);
        let (mut first, mut last) = (Vec::with_capacity(expected), Vec::with_capacity(expected));
        let (mut next, mut previous) = (Vec::with_capacity(expected), Vec::with_capacity(expected));
        let mut end = 0;
        for (at, line) in (0_u32..).zip(lines(raw)) {
            end += line.len();
            let id = numbers.number(line);
            next.push(NONE);
            if let Some(before) = last.get_mut(id as usize) {
                if let Some(ahead) = next.get_mut(*before as usize) {
                    *ahead = at;
                }
                previous.push(*before);
                *before = at;
            } else {
                first.push(at);
                last.push(at);
                previous.push(NONE);
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
        let near = |links: &[u32]| links.get(line).copied().and_then(line_of);
        let there = |other: Option<usize>| other.is_some_and(|other| among.contains(&other));
        !there(near(&self.previous)) && !there(near(&self.next))
    }

    /// How many numbers there are.
    pub fn distinct(&self) -> usize {
        self.first.len()
    }

    /// The lines that have a number.
    pub fn places(&self, id: u32) -> impl Iterator<Item = usize> {
        let first = self.first.get(id as usize).copied().and_then(line_of);
        std::iter::successors(first, |at| self.next.get(*at).copied().and_then(line_of))
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
            ids.push(self.numbers.get(line).unwrap_or(FOREIGN));
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

/// How long lines are, more or less: how many to make room for.
const USUAL_LINE: usize = 24;

/// Numbers for lines: a table that is never more than half full. A line is looked for from the
/// place that its hash tells, up to the first place that is empty.
struct Numbers<'t> {
    keys: Keys,
    /// Part of the hash, and the number; [`NONE`] where the place is empty.
    table: Vec<(u32, u32)>,
    /// The line of each number.
    lines: Vec<&'t [u8]>,
}

impl<'t> Numbers<'t> {
    fn new(expected: usize) -> Self {
        Self {
            keys: Keys::new(),
            table: vec![(0, NONE); (expected * 2).next_power_of_two()],
            lines: Vec::with_capacity(expected),
        }
    }

    fn get(&self, line: &[u8]) -> Option<u32> {
        self.find(self.keys.hash(line), line).ok()
    }

    /// The line's number, a new one if it has none yet.
    fn number(&mut self, line: &'t [u8]) -> u32 {
        let hash = self.keys.hash(line);
        let place = match self.find(hash, line) {
            Ok(number) => return number,
            Err(place) => place,
        };
        let number = u32::try_from(self.lines.len()).unwrap_or(FOREIGN);
        if let Some(entry) = self.table.get_mut(place) {
            *entry = (upper(hash), number);
        }
        self.lines.push(line);
        if self.lines.len() * 2 > self.table.len() {
            self.grow();
        }
        number
    }

    /// The line's number, or the place that it should have.
    fn find(&self, hash: u64, line: &[u8]) -> Result<u32, usize> {
        let mut place = lower(hash, self.table.len());
        loop {
            match self.table.get(place) {
                Some((tag, number)) if *number != NONE => {
                    let known = self.lines.get(*number as usize);
                    if *tag == upper(hash) && known.is_some_and(|known| *known == line) {
                        return Ok(*number);
                    }
                }
                _ => return Err(place),
            }
            place = (place + 1) & (self.table.len() - 1);
        }
    }

    fn grow(&mut self) {
        self.table = vec![(0, NONE); self.table.len() * 2];
        for (number, line) in (0_u32..).zip(&self.lines) {
            let hash = self.keys.hash(line);
            let mut place = lower(hash, self.table.len());
            while self.table.get(place).is_some_and(|entry| entry.1 != NONE) {
                place = (place + 1) & (self.table.len() - 1);
            }
            if let Some(entry) = self.table.get_mut(place) {
                *entry = (upper(hash), number);
            }
        }
    }
}

fn upper(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or_default()
}

/// The place in a table of this size, which is a power of two.
fn lower(hash: u64, size: usize) -> usize {
    usize::try_from(hash & (size as u64 - 1)).unwrap_or_default()
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

    fn hash(&self, line: &[u8]) -> u64 {
        let (words, rest) = line.as_chunks::<8>();
        let words = words.iter().map(|word| u64::from_le_bytes(*word));
        let hash = words.fold(self.0 ^ line.len() as u64, |hash, word| {
            self.mix(hash ^ word)
        });
        let rest = rest.iter().rev();
        let rest = rest.fold(0, |word, byte| word << 8 | u64::from(*byte));
        self.mix(hash ^ rest)
    }

    fn mix(&self, word: u64) -> u64 {
        let wide = u128::from(word) * u128::from(self.1);
        // The two halves hold every bit of both factors.
        let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default();
        let (low, high) = (half(wide), half(wide >> 64));
        low ^ high.rotate_left(23)
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
