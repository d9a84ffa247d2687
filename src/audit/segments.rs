//! The files of a log in the order of their records, which the chain tells: what they are called,
//! and when they were touched, is whatever moved them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::lines::{Prev, first};
use super::tail::Tail;
use super::{Place, Receipt, failed, hash};
use crate::error::Error;

/// What lies beside a log and isn't one.
const NO_LOGS: [&[u8]; 8] = [
    b".lock",
    b".pending",
    b".gz",
    b".xz",
    b".zst",
    b".bz2",
    b".tmp",
    b".swp",
];

/// A file's two ends.
struct Ends {
    path: PathBuf,
    /// The hash that its first record follows.
    follows: Option<Receipt>,
    /// The hash of its last line; `None` where there is none.
    last: Option<Receipt>,
    /// When its first record was written, as text.
    time: String,
    /// The hash of its first line.
    first: Option<Receipt>,
    length: u64,
}

/// All files of the log, the one that is written to among them if it is there.
pub fn segments(place: &Place) -> Result<Vec<PathBuf>, Error> {
    let mut found = moved(place)?;
    if place.log().symlink_metadata().is_ok() {
        found.push(place.log().to_owned());
    }
    let ends = found.into_iter().map(ends).collect::<Result<_, Error>>()?;
    Ok(paths(chained(without_copies(ends, place.log()))))
}

/// These files, in the order of their records.
pub fn ordered(files: Vec<PathBuf>) -> Result<Vec<PathBuf>, Error> {
    let files: BTreeSet<PathBuf> = files.into_iter().collect();
    let ends: Vec<Ends> = files.into_iter().map(ends).collect::<Result<_, Error>>()?;
    Ok(paths(chained(ends)))
}

fn paths(ends: Vec<Ends>) -> Vec<PathBuf> {
    ends.into_iter().map(|it| it.path).collect()
}

/// Leaves out copies that somebody left beside the log. What is written to counts, and of others
/// the longest: it goes on the furthest.
fn without_copies(mut ends: Vec<Ends>, log: &Path) -> Vec<Ends> {
    ends.sort_by_key(|it| (it.path != log, Reverse(it.length)));
    let mut seen = BTreeSet::new();
    ends.retain(|it| it.first.is_none() || seen.insert(it.first.clone()));
    ends
}

/// The hash of the last record that other hands moved away; `None` if there is none.
pub(super) fn newest(place: &Place) -> Result<Option<Receipt>, Error> {
    let ends = moved(place)?
        .into_iter()
        .map(ends)
        .collect::<Result<_, Error>>()?;
    let all = chained(without_copies(ends, place.log()));
    Ok(all.into_iter().rev().find_map(|it| it.last))
}

/// What was the log once.
fn moved(place: &Place) -> Result<Vec<PathBuf>, Error> {
    let folder = place.folder();
    let unreadable = |error| failed(folder, &error);
    let mut found = Vec::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let is_file = entry.file_type().map_err(unreadable)?.is_file();
        if is_file && is_moved(&entry.file_name(), place.log()) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// `audit-<when>.jsonl`, or what logrotate makes of the name: `audit.jsonl.1`, `audit.jsonl-<date>`.
fn is_moved(name: &OsStr, log: &Path) -> bool {
    let bytes = |name: Option<&OsStr>| name.unwrap_or_default().as_bytes().to_vec();
    let name = name.as_bytes();
    let log_name = bytes(log.file_name());
    let after_name = name.strip_prefix(log_name.as_slice());
    let after_stem = name.strip_prefix(
        [&bytes(log.file_stem()), b"-".as_slice()]
            .concat()
            .as_slice(),
    );
    let is_ours = after_stem.is_some_and(|rest| rest.ends_with(&bytes(log.extension())));
    let is_theirs = after_name.is_some_and(|rest| rest.starts_with(b".") || rest.starts_with(b"-"));
    (is_ours || is_theirs) && !NO_LOGS.iter().any(|end| name.ends_with(end))
}

fn ends(path: PathBuf) -> Result<Ends, Error> {
    let begin = first(&path)?;
    let file = Place::open_to_read(&path).map_err(|error| failed(&path, &error))?;
    let tail = Tail::of(&file).map_err(|error| failed(&path, &error))?;
    let begin = begin.as_ref();
    Ok(Ends {
        follows: begin.and_then(|it| match it.prev() {
            Prev::Record(prev) => Some(prev),
            Prev::Nothing | Prev::Unsaid => None,
        }),
        time: begin
            .and_then(|it| it.text("time"))
            .unwrap_or_default()
            .into(),
        first: begin.map(|it| it.hash.clone()),
        length: tail.length,
        last: tail.line.map(|line| hash(&line)),
        path,
    })
}

/// From each file that follows none of the others, along the chain; those by their first times.
fn chained(ends: Vec<Ends>) -> Vec<Ends> {
    let lasts: BTreeSet<Receipt> = ends.iter().filter_map(|it| it.last.clone()).collect();
    let follows_none = |it: &Ends| it.follows.as_ref().is_none_or(|prev| !lasts.contains(prev));
    let (mut begins, rest): (Vec<Ends>, Vec<Ends>) = ends.into_iter().partition(follows_none);
    begins.sort_by(|one, other| one.time.cmp(&other.time));
    let mut following: BTreeMap<Receipt, Ends> = BTreeMap::new();
    let mut twice = Vec::new();
    for it in rest {
        let prev = it.follows.clone().unwrap_or_default();
        if let Some(copy) = following.insert(prev, it) {
            twice.push(copy);
        }
    }
    let mut order = Vec::new();
    for begin in begins {
        let mut next = Some(begin);
        while let Some(it) = next {
            next = it.last.as_ref().and_then(|last| following.remove(last));
            order.push(it);
        }
    }
    // Copies, and files in a circle, which only a forger makes: the chain won't hold.
    order.extend(following.into_values().chain(twice));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_moved_logs() {
        let log = Path::new("/r/audit.jsonl");
        for (name, is_one) in [
            ("audit-20260101T000000Z.jsonl", true),
            ("audit.jsonl.1", true),
            ("audit.jsonl-20260101", true),
            ("audit.jsonl", false),
            ("audit.jsonl.lock", false),
            ("audit.jsonl.pending", false),
            ("audit.jsonl.1.gz", false),
            ("audit-notes.txt", false),
            ("other.jsonl", false),
        ] {
            assert_eq!(is_moved(OsStr::new(name), log), is_one, "{name}");
        }
    }
}
