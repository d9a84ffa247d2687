//! The lines of a log's files, one by one.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Place, Receipt, failed, hash};
use crate::error::Error;

/// A record as it stands in a file.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The file.
    pub file: PathBuf,
    /// Its line there, from 1.
    pub line: usize,
    /// Its hash.
    pub hash: Receipt,
    /// What it says; `None` where the line is no JSON object.
    pub value: Option<Value>,
    /// Whether the line feed is there.
    pub is_whole: bool,
    /// Whether all of it is printable, as we write it.
    pub is_ascii: bool,
    /// How long it is, in bytes.
    pub length: usize,
}

impl Entry {
    /// A member that holds text.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.value.as_ref()?.get(member)?.as_str()
    }

    /// What this one follows, by its own word.
    pub fn prev(&self) -> Prev {
        match self.value.as_ref().and_then(|value| value.get("prev")) {
            Some(Value::Null) => Prev::Nothing,
            Some(Value::String(prev)) => Prev::Record(prev.clone()),
            Some(_) | None => Prev::Unsaid,
        }
    }
}

/// What a record follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prev {
    /// It has no word on that: it is no record.
    Unsaid,
    /// It is the first.
    Nothing,
    /// The record of this hash.
    Record(Receipt),
}

/// Hands over the lines of the files, in order.
pub fn entries(
    files: &[PathBuf],
    mut each: impl FnMut(Entry) -> Result<(), Error>,
) -> Result<(), Error> {
    for path in files {
        let file = Place::open_to_read(path).map_err(|error| failed(path, &error))?;
        let mut reader = BufReader::new(file);
        let mut number = 0;
        while let Some(entry) = next(&mut reader, path, number + 1)? {
            number += 1;
            each(entry)?;
        }
    }
    Ok(())
}

fn next(reader: &mut impl BufRead, path: &Path, number: usize) -> Result<Option<Entry>, Error> {
    let mut line = Vec::new();
    let read = reader.read_until(b'\n', &mut line);
    if read.map_err(|error| failed(path, &error))? == 0 {
        return Ok(None);
    }
    let is_whole = line.pop_if(|byte| *byte == b'\n').is_some();
    Ok(Some(Entry {
        file: path.to_owned(),
        line: number,
        hash: hash(&line),
        value: serde_json::from_slice(&line).ok().filter(Value::is_object),
        is_whole,
        is_ascii: line.iter().all(|byte| matches!(byte, b' '..=b'~')),
        length: line.len(),
    }))
}

/// The first line of a file, if there is one.
pub(super) fn first(path: &Path) -> Result<Option<Entry>, Error> {
    let file = Place::open_to_read(path).map_err(|error| failed(path, &error))?;
    next(&mut BufReader::new(file), path, 1)
}
