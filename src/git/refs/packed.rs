//! The file `packed-refs`, searched and not read whole.
//!
//! A line holds an object's name and a ref's. Behind that of an annotated tag stands another line,
//! `^` and the name of the object that the tag is of. The first line says how git wrote the file;
//! where it says `sorted`, the refs come in the order of their names, and what is asked for is
//! found by halving: of 20,000 refs a dozen places are looked at.
//!
//! git replaces the file and never writes into it, so an open one is one moment of the store.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufRead;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::files::{Plain, Unusual, if_there};
use crate::update::{ObjectFormat, Oid, RefName};

/// So many bytes are read at once.
const BLOCK: u64 = 4096;
/// Halving ends this near to what is looked for.
const NEAR: u64 = 512;
/// To look for one name is as much work as to read so many bytes.
const WORTH_A_SEARCH: u64 = 1 << 16;

/// The refs of the file; none where there is no file.
pub(super) struct Packed {
    text: Text,
    /// Where the next line begins.
    at: u64,
    /// Where the first ref stands.
    start: u64,
    /// The last line that was read, without its end.
    line: Vec<u8>,
    format: ObjectFormat,
}

/// What the file says. Each block of it is read when it is first asked for, and kept: all halving
/// begins at the same places.
#[derive(Default)]
struct Text {
    file: Option<File>,
    len: u64,
    /// How long a block is.
    block: u64,
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl Text {
    /// What follows behind a place, as far as one block has it; nothing at the end.
    fn behind(&mut self, at: u64) -> Plain<&[u8]> {
        if at >= self.len {
            return Ok(&[]);
        }
        let number = at / self.block;
        let start = number * self.block;
        if !self.blocks.contains_key(&number) {
            let block = self.read(start)?;
            self.blocks.insert(number, block);
        }
        let block = self.blocks.get(&number).ok_or(Unusual)?;
        let skipped = usize::try_from(at - start).map_err(|_| Unusual)?;
        block.get(skipped..).ok_or(Unusual)
    }

    fn read(&self, start: u64) -> Plain<Vec<u8>> {
        let len = self.block.min(self.len - start);
        let mut block = vec![0; usize::try_from(len).map_err(|_| Unusual)?];
        let file = self.file.as_ref().ok_or(Unusual)?;
        file.read_exact_at(&mut block, start)?;
        Ok(block)
    }
}

/// A line that names a ref.
struct Record<'t> {
    name: &'t [u8],
    value: Oid,
    /// Where the line begins.
    at: u64,
}

impl Packed {
    /// Opens the file, to look for about so many names.
    pub fn open(path: &Path, format: ObjectFormat, names: usize) -> Plain<Self> {
        let Some(file) = if_there(File::open(path))? else {
            return Self::new(Text::default(), format);
        };
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(Unusual);
        }
        let names = u64::try_from(names).unwrap_or(u64::MAX);
        let is_worth_it = about.len() > names.saturating_mul(WORTH_A_SEARCH);
        let text = Text {
            file: Some(file),
            len: about.len(),
            block: if is_worth_it { BLOCK } else { about.len() },
            blocks: BTreeMap::new(),
        };
        Self::new(text, format)
    }

    fn new(text: Text, format: ObjectFormat) -> Plain<Self> {
        let mut packed = Self {
            text,
            at: 0,
            start: 0,
            line: Vec::new(),
            format,
        };
        if packed.next_line()? {
            let traits = packed.line.strip_prefix(b"# pack-refs with:");
            let mut words = traits.ok_or(Unusual)?.split(|byte| *byte == b' ');
            if !words.any(|word| word == b"sorted") {
                return Err(Unusual);
            }
            packed.start = packed.at;
        }
        Ok(packed)
    }

    /// What a ref holds.
    pub fn value(&mut self, name: &[u8]) -> Plain<Option<Oid>> {
        self.find(name)?;
        let found = self.record()?;
        Ok(found.and_then(|record| (record.name == name).then_some(record.value)))
    }

    /// Hands over the ref of a name, and those below it; of a folder, which ends in `/`, those in it.
    pub fn each(&mut self, asked: &[u8], mut take: impl FnMut(RefName, Oid)) -> Plain<()> {
        self.find(asked)?;
        if asked.ends_with(b"/") {
            return self.all_in(asked, take);
        }
        let mut next = self.record()?;
        if let Some(record) = next.take_if(|record| record.name == asked) {
            take(record.checked()?, record.value);
            next = self.record()?;
        }
        let next = next.map(|record| record.checked()).transpose()?;
        // What only begins like it, as `a-b` like `a`, comes before what is below it: `a/b`.
        if next.is_some_and(|name| name.as_bytes().starts_with(asked)) {
            let folder = [asked, b"/"].concat();
            self.find(&folder)?;
            self.all_in(&folder, take)?;
        }
        Ok(())
    }

    /// Hands over the refs in a folder, the first of which is the next one.
    fn all_in(&mut self, folder: &[u8], mut take: impl FnMut(RefName, Oid)) -> Plain<()> {
        while let Some(record) = self.record()? {
            let name = record.checked()?;
            if !record.name.starts_with(folder) {
                break;
            }
            take(name, record.value);
        }
        Ok(())
    }

    /// Goes to the first ref whose name isn't less than `name`.
    fn find(&mut self, name: &[u8]) -> Plain<()> {
        // All refs before `low` are less; one that begins behind `high` isn't the first.
        let (mut low, mut high) = (self.start, self.text.len);
        while high.saturating_sub(low) > NEAR {
            let middle = low.midpoint(high);
            self.at = middle;
            // The rest of whatever line this is.
            self.next_line()?;
            match self.record()? {
                Some(record) if record.checked()?.as_bytes() < name => low = record.at,
                _ => high = middle,
            }
        }
        self.at = low;
        while let Some(record) = self.record()? {
            if record.checked()?.as_bytes() >= name {
                self.at = record.at;
                break;
            }
        }
        Ok(())
    }

    /// The next line that names a ref; `None` at the end.
    fn record(&mut self) -> Plain<Option<Record<'_>>> {
        let mut at = self.at;
        loop {
            if !self.next_line()? {
                return Ok(None);
            }
            let Some(peeled) = self.line.strip_prefix(b"^") else {
                break;
            };
            self.oid(peeled)?;
            at = self.at;
        }
        let line = self.line.split_at_checked(self.format.hex_len());
        let (value, rest) = line.ok_or(Unusual)?;
        Ok(Some(Record {
            name: rest.strip_prefix(b" ").ok_or(Unusual)?,
            value: self.oid(value)?,
            at,
        }))
    }

    fn oid(&self, hex: &[u8]) -> Plain<Oid> {
        let oid = Oid::from_hex(hex).filter(|oid| oid.format() == self.format);
        oid.ok_or(Unusual)
    }

    /// Reads the next line; false where the text ends.
    fn next_line(&mut self) -> Plain<bool> {
        self.line.clear();
        while self.at < self.text.len {
            let mut behind = self.text.behind(self.at)?;
            let read = behind.read_until(b'\n', &mut self.line)?;
            self.at += u64::try_from(read).map_err(|_| Unusual)?;
            if self.line.pop_if(|byte| *byte == b'\n').is_some() {
                return Ok(true);
            }
        }
        // A last line that is cut off.
        self.line.is_empty().then_some(false).ok_or(Unusual)
    }
}

impl Record<'_> {
    /// The name, if git accepts it.
    fn checked(&self) -> Plain<RefName> {
        RefName::new(self.name).ok_or(Unusual)
    }
}
