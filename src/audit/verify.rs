//! Whether the chain holds, and where it doesn't.
//!
//! That a record was altered shows in the one after it. So nothing shows that the newest records
//! were taken away, or the very last was altered: a receipt does, since it is their hash.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::append::pending_record;
use super::lines::{Entry, Prev, entries};
use super::{Place, Receipt, failed};
use crate::error::Error;
use crate::report::escape::Shown;

/// How many digits of a receipt are needed.
const LEAST_DIGITS: usize = 12;
/// How much of a log is its end, in bytes.
const END: u64 = 64 * 1024;

/// What is asked of a log.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// The files, in order.
    pub files: Vec<PathBuf>,
    /// Where the log is, which may be waiting for the rest of its last record.
    pub place: Option<Place>,
    /// The hash that the first record may follow: that of a log which isn't here any more.
    pub after: Option<Receipt>,
    /// A receipt whose record is to be found: all of it, or its beginning.
    pub receipt: Option<String>,
}

/// Something that isn't as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// The line there, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// How many records there are.
    pub records: usize,
    /// The hash of the last.
    pub head: Option<Receipt>,
    /// What isn't as it was written, in order.
    pub faults: Vec<Fault>,
    /// The last line, where its hook was killed in the middle of it. The next append ends it.
    pub unfinished: Option<Fault>,
    /// The records that the receipt may be of.
    pub receipts: Vec<Entry>,
}

/// A line, as far as the chain goes.
struct Link {
    file: usize,
    line: usize,
    hash: Receipt,
    prev: Prev,
    is_whole: bool,
    is_ascii: bool,
    length: usize,
    truncated: Option<u64>,
}

/// Verifies the files.
pub fn verify(question: &Question) -> Result<Verified, Error> {
    let mut verified = Verified::default();
    let receipt = question.receipt.as_deref().map(digits).transpose()?;
    let mut links: Vec<Link> = Vec::new();
    for (at, file) in question.files.iter().enumerate() {
        entries(std::slice::from_ref(file), |entry| {
            links.push(Link::of(&entry, at));
            if receipt
                .as_ref()
                .is_some_and(|it| entry.hash.starts_with(it))
            {
                verified.receipts.push(entry);
            }
            Ok(())
        })?;
    }
    verified.records = links.len();
    let unfinished = unfinished(question, links.last())?;
    let chain = Chain {
        question,
        known: links
            .iter()
            .enumerate()
            .map(|(at, it)| (it.hash.as_str(), at))
            .collect(),
        links: &links,
    };
    let whole = links.len() - usize::from(unfinished);
    for at in 0..whole {
        chain.check(at, &mut verified.faults);
    }
    if unfinished {
        let what = "is unfinished: its hook was killed, and its push refused";
        verified.unfinished = links.last().map(|last| chain.fault(last, what.into()));
    }
    verified.head = links.get(whole.wrapping_sub(1)).map(|it| it.hash.clone());
    Ok(verified)
}

/// Looks at the last records alone: how many there are, or what is wrong with them.
pub fn verify_end(place: &Place) -> Result<std::result::Result<usize, String>, Error> {
    let path = place.log();
    let text = match end(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Ok(0)),
        other => other.map_err(|error| failed(path, &error))?,
    };
    let mut before: Option<Receipt> = None;
    let mut count = 0;
    for line in text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let value: Option<Value> = serde_json::from_slice(line).ok();
        let Some(prev) = value.as_ref().and_then(|value| value.get("prev")) else {
            return Ok(Err("a line is no record".into()));
        };
        if before.is_some_and(|before| *prev != before) {
            return Ok(Err("a record does not follow the one before it".into()));
        }
        before = Some(super::hash(line));
        count += 1;
    }
    Ok(Ok(count))
}

/// The last whole lines of a file. One that isn't whole, the next append tells of.
fn end(path: &Path) -> io::Result<Vec<u8>> {
    let file = Place::open_to_read(path)?;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(END);
    let mut text = vec![0; usize::try_from(length - from).map_err(io::Error::other)?];
    file.read_exact_at(&mut text, from)?;
    let last = text.iter().rposition(|byte| *byte == b'\n');
    text.truncate(last.unwrap_or_default());
    let first = text
        .iter()
        .position(|byte| *byte == b'\n')
        .filter(|_| from > 0);
    text.drain(..first.unwrap_or_default());
    Ok(text)
}

/// Enough of a receipt to go by.
fn digits(receipt: &str) -> Result<String, Error> {
    let digits = receipt.trim().to_ascii_lowercase();
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    match is_hex && (LEAST_DIGITS..=64).contains(&digits.len()) {
        true => Ok(digits),
        false => Err(Error::Usage(format!(
            "a receipt is 64 hex digits, or the first {LEAST_DIGITS} or more of them"
        ))),
    }
}

/// Returns true if and only if the last line is the beginning of what was to be appended.
fn unfinished(question: &Question, last: Option<&Link>) -> Result<bool, Error> {
    let (Some(place), Some(last)) = (&question.place, last) else {
        return Ok(false);
    };
    let is_written_to = |file: &Path| file == place.log();
    let is_last = question
        .files
        .get(last.file)
        .is_some_and(|it| is_written_to(it));
    if last.is_whole || !is_last {
        return Ok(false);
    }
    let path = place.pending();
    let meant = pending_record(&path).map_err(|error| failed(&path, &error))?;
    let begun = meant.and_then(|meant| meant.get(..last.length).map(super::hash));
    Ok(begun.as_ref() == Some(&last.hash))
}

impl Link {
    fn of(entry: &Entry, file: usize) -> Self {
        let truncated = entry
            .value
            .as_ref()
            .and_then(|value| value.get("truncated")?.as_u64());
        Self {
            file,
            line: entry.line,
            prev: entry.prev(),
            hash: entry.hash.clone(),
            is_whole: entry.is_whole,
            is_ascii: entry.is_ascii,
            length: entry.length,
            truncated,
        }
    }
}

/// All lines.
struct Chain<'c> {
    question: &'c Question,
    links: &'c [Link],
    /// From a hash to the line.
    known: HashMap<&'c str, usize>,
}

impl Chain<'_> {
    fn check(&self, at: usize, faults: &mut Vec<Fault>) {
        let Some(link) = self.links.get(at) else {
            return;
        };
        let next = self.links.get(at + 1);
        let was_cut = next.and_then(|next| next.truncated).is_some_and(|length| {
            usize::try_from(length).is_ok_and(|length| length == link.length)
        });
        let what = match &link.prev {
            _ if !link.is_whole => Some("is truncated".to_owned()),
            Prev::Unsaid if was_cut => {
                Some("is truncated, which the append after it found".to_owned())
            }
            Prev::Unsaid => Some("is no record: it was altered or truncated".to_owned()),
            _ if !link.is_ascii => Some("was altered: it is not as records are written".into()),
            Prev::Nothing => self.misplaced(at, None),
            Prev::Record(prev) => self.misplaced(at, Some(prev)),
        };
        faults.extend(what.map(|what| self.fault(link, what)));
    }

    /// Why the record can't stand where it does, if so.
    fn misplaced(&self, at: usize, prev: Option<&str>) -> Option<String> {
        let before = at.checked_sub(1).and_then(|before| self.links.get(before));
        let Some(before) = before else {
            return self.beginning(prev);
        };
        let Some(prev) = prev else {
            return Some("begins a new chain: all before it was cut off".into());
        };
        if prev == before.hash {
            return None;
        }
        let place = self.place(before);
        Some(
            match self.known.get(prev).and_then(|at| self.links.get(*at)) {
                Some(other) => format!(
                    "follows {}, and stands behind {place}: records were reordered, put in, or removed",
                    self.place(other)
                ),
                None => format!(
                    "does not follow {place}: that was altered, or a record between them removed"
                ),
            },
        )
    }

    fn beginning(&self, prev: Option<&str>) -> Option<String> {
        let prev = prev.filter(|prev| self.question.after.as_deref() != Some(*prev))?;
        // It stands in the file as whoever wrote there wants it.
        let prev = Shown(prev.as_bytes());
        Some(format!(
            "follows a record that is not here, {prev}: records were removed, or moved away, which \
             --after {prev} says is so"
        ))
    }

    fn place(&self, link: &Link) -> String {
        let file = self.question.files.get(link.file);
        let name = file.and_then(|file| file.file_name()).unwrap_or_default();
        format!("{}:{}", Shown(name.as_bytes()), link.line)
    }

    fn fault(&self, link: &Link, what: String) -> Fault {
        Fault {
            file: self
                .question
                .files
                .get(link.file)
                .cloned()
                .unwrap_or_default(),
            line: link.line,
            what,
        }
    }
}
