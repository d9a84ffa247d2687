//! The check `writable`: who could put something else in the gate's place.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::audience::Audience;
use super::check::Check;
use super::parts::gate;
use super::report::Entry;
use super::shim::Shim;
use super::subject::Subject;
use super::way::{Step, way};
use super::words::quoted_paths;
use crate::error::Error;
use crate::git::HookSide;

/// In such a folder only a file's owner can rename or remove it.
const STICKY: u32 = 0o1000;
/// How many paths a message names.
const MOST_NAMED: usize = 4;

/// Who can write something who shouldn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Writer {
    Everybody,
    Group(u32),
}

/// The check `writable`.
pub fn writable(subject: &Subject<'_>, shim: Option<&Shim>) -> Result<Vec<Entry>, Error> {
    let mut found: BTreeMap<Writer, Vec<PathBuf>> = BTreeMap::new();
    for part in gate(subject, shim) {
        // What isn't there was told of by another check.
        for step in way(&part.path).unwrap_or_default() {
            for writer in writers(&step, subject.side) {
                let paths = found.entry(writer).or_default();
                if !paths.contains(&step.path) {
                    paths.push(step.path.clone());
                }
            }
        }
    }
    if found.is_empty() {
        let detail = "the hook, its program, the config, the policy and the folders above them";
        return Ok(vec![Entry::ok(Check::Writable, detail)]);
    }
    let audience = Audience::of(subject.repo)?;
    let told = found.iter();
    Ok(told
        .map(|(writer, paths)| entry(*writer, paths, audience, subject))
        .collect())
}

/// On a client a group counts for nothing: there many systems let one's own group write.
fn writers(step: &Step, side: HookSide) -> Vec<Writer> {
    let (mode, gid) = (step.found.mode(), step.found.gid());
    let mut writers = Vec::new();
    if step.is_link() || (step.found.is_dir() && mode & STICKY != 0) {
        return writers;
    }
    if mode & 0o002 != 0 {
        writers.push(Writer::Everybody);
    }
    // A group with its user's number is by convention that user's alone.
    if mode & 0o020 != 0 && gid != step.found.uid() && side == HookSide::Server {
        writers.push(Writer::Group(gid));
    }
    writers
}

fn entry(writer: Writer, paths: &[PathBuf], audience: Audience, subject: &Subject<'_>) -> Entry {
    let named: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let shown = some(&named);
    match writer {
        Writer::Everybody => Entry::fail(
            Check::Writable,
            format!("everybody can change {shown}"),
            format!("chmod o-w {}", quoted_paths(&named)),
        ),
        Writer::Group(gid) if audience == (Audience::Group { gid }) => Entry::warn(
            Check::Writable,
            format!(
                "group {gid} may push by core.sharedRepository, and can change {shown}: the gate binds its members as far as they wish"
            ),
            format!(
                "have them push through one account that owns the repository, and then: \
                 chmod -R g-w {}",
                quoted_paths(&[subject.repo.common_dir()])
            ),
        ),
        Writer::Group(gid) => Entry::warn(
            Check::Writable,
            format!("group {gid} can change {shown}"),
            format!("chmod g-w {}", quoted_paths(&named)),
        ),
    }
}

/// The first few of the paths, for a message.
pub fn some(paths: &[&Path]) -> String {
    let named: Vec<String> = paths
        .iter()
        .take(MOST_NAMED)
        .map(|path| path.display().to_string())
        .collect();
    match paths.len().saturating_sub(MOST_NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
