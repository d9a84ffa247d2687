//! The check `writable`: who could put something else in the gate's place.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::audience::{Audience, owner};
use super::check::Check;
use super::parts::{Part, company, gate, kept};
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
    /// Neither root nor the owner of the repository.
    User(u32),
}

/// What each of them can write.
type Found = BTreeMap<Writer, Vec<PathBuf>>;

/// The check `writable`.
pub fn writable(subject: &Subject<'_>, shim: Option<&Shim>) -> Result<Vec<Entry>, Error> {
    let audience = Audience::of(subject.repo)?;
    let watch = Watch {
        side: subject.side,
        owner: owner(subject.repo)?,
    };
    let mut found = BTreeMap::new();
    let mut parts = gate(subject, shim);
    parts.extend(company(subject)?);
    for part in &parts {
        add(&mut found, part, |step| watch.writers(step))?;
    }
    for part in kept(subject) {
        add(&mut found, &part, |step| {
            let mut writers = watch.writers(step);
            writers.retain(|writer| !is_meant(audience, *writer));
            writers
        })?;
    }
    if found.is_empty() {
        let detail = "the hook, its program, the config, the policy and the folders above them";
        return Ok(vec![Entry::ok(Check::Writable, detail)]);
    }
    let told = found.iter();
    Ok(told
        .map(|(writer, paths)| entry(*writer, paths, audience, subject))
        .collect())
}

/// Adds who can write the part, or what leads there.
fn add(
    found: &mut Found,
    part: &Part,
    writers: impl Fn(&Step) -> Vec<Writer>,
) -> Result<(), Error> {
    let steps = match way(&part.path) {
        Ok(steps) => steps,
        // What can't be looked at isn't known to be safe.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let path = part.path.display();
            return Err(Error::Repository(format!("{path}: {error}")));
        }
        // What isn't there, or leads nowhere, was told of by another check.
        Err(_) => return Ok(()),
    };
    for step in steps {
        for writer in writers(&step) {
            let paths = found.entry(writer).or_default();
            if !paths.contains(&step.path) {
                paths.push(step.path.clone());
            }
        }
    }
    Ok(())
}

/// Returns true if and only if they write refs and objects by the repository's own word.
fn is_meant(audience: Audience, writer: Writer) -> bool {
    match audience {
        Audience::Owner { .. } => false,
        Audience::Everybody => true,
        Audience::Group { gid } => match writer {
            Writer::Everybody => false,
            Writer::Group(group) => group == gid,
            // What a member pushed is the member's.
            Writer::User(_) => true,
        },
    }
}

/// Who may write.
struct Watch {
    side: HookSide,
    owner: u32,
}

impl Watch {
    /// On a client a group counts for nothing: there many systems let one's own group write.
    fn writers(&self, step: &Step) -> Vec<Writer> {
        let (mode, uid, gid) = (step.found.mode(), step.found.uid(), step.found.gid());
        let mut writers = Vec::new();
        if step.is_link() {
            return writers;
        }
        if uid != 0 && uid != self.owner {
            writers.push(Writer::User(uid));
        }
        if step.found.is_dir() && mode & STICKY != 0 {
            return writers;
        }
        if mode & 0o002 != 0 {
            writers.push(Writer::Everybody);
        }
        // A group with its user's number is by convention that user's alone.
        if mode & 0o020 != 0 && gid != uid && self.side == HookSide::Server {
            writers.push(Writer::Group(gid));
        }
        writers
    }
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
        Writer::User(uid) => Entry::warn(
            Check::Writable,
            format!(
                "user {uid}, who is neither root nor the owner of the repository, can change {shown}"
            ),
            format!(
                "unless that user is meant to, keep it elsewhere, or: chown root {}",
                quoted_paths(&named)
            ),
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
