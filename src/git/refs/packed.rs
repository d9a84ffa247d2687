//! The file `packed-refs`, searched and not read whole.
//!
//! A line holds an object's name and a ref's. Behind that of an annotated tag stands another line,
//! `^` and the name of the object that the tag is of. The first line says how git wrote the file;
//! where it says `sorted`, the refs come in the order of their names, and what is asked for is
//! found by halving: of 20,000 refs a dozen places are looked at.
//!
//! git replaces the file and never writes into it, so an open one is one moment of the store.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use super::files::{Plain, Unusual, if_there};
use crate::update::{ObjectFormat, Oid, RefName};

/// So many bytes are read at once.
const BLOCK: usize = 4096;
/// Halving ends this near to what is looked for.
const NEAR: u64 = 512;
/// To look for one name is as much work as to read so many bytes.
const WORTH_A_SEARCH: u64 = 1 << 16;

trait Text: BufRead + Seek {}
impl<T: BufRead + Seek> Text for T {}

/// The refs of the file; none where there is no file.
pub(super) struct Packed {
    text: Box<dyn Text>,
    /// Where the next line begins.
    at: u64,
    /// Where the first ref stands.
    start: u64,
    /// Where the text ends.
    end: u64,
    format: ObjectFormat,
}

/// A line that names a ref.
struct Record {
    name: RefName,
    value: Oid,
    /// Where the line begins.
    at: u64,
}

impl Packed {
    /// Opens the file, to look for about so many names.
    pub fn open(path: &Path, format: ObjectFormat, names: usize) -> Plain<Self> {
        let Some(file) = if_there(File::open(path))? else {
            return Self::new(Cursor::new([]), 0, format);
        };
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(Unusual);
        }
        let worth = u64::try_from(names)
            .unwrap_or(u64::MAX)
            .saturating_mul(WORTH_A_SEARCH);
        if about.len() > worth {
            let text = BufReader::with_capacity(BLOCK, file);
            return Self::new(text, about.len(), format);
        }
        let mut text = Vec::new();
        let len = { &file }.read_to_end(&mut text)?;
        Self::new(
            Cursor::new(text),
            u64::try_from(len).map_err(|_| Unusual)?,
            format,
        )
    }

    fn new(text: impl Text + 'static, end: u64, format: ObjectFormat) -> Plain<Self> {
        let mut packed = Self {
            text: Box::new(text),
            at: 0,
            start: 0,
            end,
            format,
        };
        if end > 0 {
            let header = packed.line()?.ok_or(Unusual)?;
            let traits = header.strip_prefix(b"# pack-refs with:").ok_or(Unusual)?;
            if !traits
                .split(|byte| *byte == b' ')
                .any(|word| word == b"sorted")
            {
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
        Ok(found.and_then(|record| (record.name.as_bytes() == name).then_some(record.value)))
    }

    /// Hands over the ref of a name, and those below it; of a folder, which ends in `/`, those in it.
    pub fn each(&mut self, asked: &[u8], mut take: impl FnMut(RefName, Oid)) -> Plain<()> {
        self.find(asked)?;
        if asked.ends_with(b"/") {
            return self.all_in(asked, take);
        }
        let mut next = self.record()?;
        if let Some(record) = next.take_if(|record| record.name.as_bytes() == asked) {
            take(record.name, record.value);
            next = self.record()?;
        }
        // What only begins like it, as `a-b` like `a`, comes before what is below it: `a/b`.
        if next.is_some_and(|record| record.name.as_bytes().starts_with(asked)) {
            let folder = [asked, b"/"].concat();
            self.find(&folder)?;
            self.all_in(&folder, take)?;
        }
        Ok(())
    }

    /// Hands over the refs in a folder, the first of which is the next one.
    fn all_in(&mut self, folder: &[u8], mut take: impl FnMut(RefName, Oid)) -> Plain<()> {
        while let Some(record) = self.record()? {
            if !record.name.as_bytes().starts_with(folder) {
                break;
            }
            take(record.name, record.value);
        }
        Ok(())
    }

    /// Goes to the first ref whose name isn't less than `name`.
    fn find(&mut self, name: &[u8]) -> Plain<()> {
        // All refs before `low` are less; one that begins behind `high` isn't the first.
        let (mut low, mut high) = (self.start, self.end);
        while high.saturating_sub(low) > NEAR {
            let middle = low.midpoint(high);
            self.go(middle)?;
            // The rest of whatever line this is.
            self.line()?;
            match self.record()? {
                Some(record) if record.name.as_bytes() < name => low = record.at,
                _ => high = middle,
            }
        }
        self.go(low)?;
        while let Some(record) = self.record()? {
            if record.name.as_bytes() >= name {
                return self.go(record.at);
            }
        }
        Ok(())
    }

    fn go(&mut self, at: u64) -> Plain<()> {
        self.at = self.text.seek(SeekFrom::Start(at))?;
        Ok(())
    }

    /// The next line that names a ref; `None` at the end.
    fn record(&mut self) -> Plain<Option<Record>> {
        loop {
            let at = self.at;
            let Some(line) = self.line()? else {
                return Ok(None);
            };
            if let Some(peeled) = line.strip_prefix(b"^") {
                self.oid(peeled)?;
                continue;
            }
            let (value, rest) = line
                .split_at_checked(self.format.hex_len())
                .ok_or(Unusual)?;
            let name = rest.strip_prefix(b" ").and_then(RefName::new);
            return Ok(Some(Record {
                name: name.ok_or(Unusual)?,
                value: self.oid(value)?,
                at,
            }));
        }
    }

    fn oid(&self, hex: &[u8]) -> Plain<Oid> {
        let oid = Oid::from_hex(hex).filter(|oid| oid.format() == self.format);
        oid.ok_or(Unusual)
    }

    /// The next line without its end; `None` where the text ends.
    fn line(&mut self) -> Plain<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let read = self.text.read_until(b'\n', &mut line)?;
        self.at = self
            .at
            .saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        match read {
            0 => Ok(None),
            _ if line.pop() == Some(b'\n') => Ok(Some(line)),
            // A last line that is cut off.
            _ => Err(Unusual),
        }
    }
}
