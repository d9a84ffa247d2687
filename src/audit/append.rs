//! One record more: whole, on the disk and chained to the one before, or not at all.
//!
//! The record is written beside the log first, then to the log's end. A process that is killed in
//! between leaves a line that the next append can end as it was meant, since it finds there how it
//! goes on. A line that isn't whole for another reason is ended as it is, and the record after it
//! says so: to refuse every push until somebody comes would take the service down for one bad
//! sector, and to pass over it would hide that something was cut.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::lock::Lock;
use super::place::Place;
use super::record::{Link, Record, hash};
use super::segments::newest;
use super::stage::{Stage, half, reached};
use super::tail::Tail;
use super::{Receipt, failed};
use crate::error::Error;

/// Appends the record; answers with its hash once the disk has it.
pub fn append(place: &Place, record: Record) -> Result<Receipt, Error> {
    let _lock = Lock::take(place)?;
    reached(Stage::Locked);
    append_locked(place, record)
}

/// The same by whoever holds the lock.
pub(super) fn append_locked(place: &Place, record: Record) -> Result<Receipt, Error> {
    let path = place.log();
    let log_failed = |error: io::Error| failed(path, &error);
    let mut log = place.open_or_create(path).map_err(log_failed)?;
    let tail = Tail::of(&log).map_err(log_failed)?;
    let is_first = tail.length == 0;
    let before = match tail.is_torn {
        true => end_torn(place, &mut log, tail).map_err(log_failed)?,
        false => after(place, tail)?,
    };
    let line = record.line(&before);
    let receipt = hash(line.trim_ascii_end().as_bytes());
    let pending = place.pending();
    write_pending(place, &pending, line.as_bytes()).map_err(|error| failed(&pending, &error))?;
    reached(Stage::Pending);
    add(&mut log, line.as_bytes()).map_err(log_failed)?;
    if is_first {
        // What was just made must be found again after a crash.
        let folder = File::open(place.folder()).and_then(|folder| folder.sync_all());
        folder.map_err(|error| failed(place.folder(), &error))?;
    }
    reached(Stage::Synced);
    // One that stays is only in the way of the next, which removes it.
    let _ = fs::remove_file(&pending);
    reached(Stage::Done);
    Ok(receipt)
}

/// What the next record follows.
fn after(place: &Place, tail: Tail) -> Result<Link, Error> {
    Ok(Link {
        // An empty file can be a new one, beside what other hands moved away.
        prev: match tail.line {
            Some(line) => Some(hash(&line)),
            None => newest(place)?,
        },
        truncated: None,
    })
}

/// Ends a line that is not whole: as it was meant, where what was pending tells.
fn end_torn(place: &Place, log: &mut File, tail: Tail) -> io::Result<Link> {
    let torn = tail.line.unwrap_or_default();
    let meant = pending_record(&place.pending())?;
    let rest = meant
        .as_deref()
        .and_then(|meant| meant.strip_prefix(torn.as_slice()));
    if let Some(rest) = rest {
        log.write_all(rest)?;
        let line = [&torn, rest.trim_ascii_end()].concat();
        return Ok(Link {
            prev: Some(hash(&line)),
            truncated: None,
        });
    }
    log.write_all(b"\n")?;
    Ok(Link {
        prev: Some(hash(&torn)),
        truncated: Some(torn.len()),
    })
}

/// The record that was to be appended; `None` if none was, or it isn't whole itself.
pub(super) fn pending_record(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut text = Vec::new();
    match Place::open_to_read(path) {
        Ok(mut file) => file.read_to_end(&mut text)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(Some(text).filter(|text| text.ends_with(b"\n")))
}

/// Whoever was killed left theirs, which may not be ours to write.
fn write_pending(place: &Place, path: &Path, line: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o666)
        .open(path)?;
    place.sharing().share_file(&file)?;
    half(Stage::Pending, || file.write_all(first_half(line)));
    file.write_all(line)
}

/// Writes the line and syncs it. Where that fails, the log is as it was.
fn add(log: &mut File, line: &[u8]) -> io::Result<()> {
    let before = log.metadata()?.len();
    half(Stage::Appended, || log.write_all(first_half(line)));
    let written = log.write_all(line).and_then(|()| {
        reached(Stage::Appended);
        log.sync_data()
    });
    if written.is_err() {
        // Where even this fails, the next append ends the line.
        let _ = log.set_len(before);
    }
    written
}

fn first_half(line: &[u8]) -> &[u8] {
    line.get(..line.len() / 2).unwrap_or_default()
}
