//! The files that the gate is made of.

use std::path::{Path, PathBuf};

use super::hook::chained_path;
use super::shim::Shim;
use super::subject::Subject;
use super::words::trimmed;
use crate::audit::Place;
use crate::error::Error;
use crate::policy::{Source, files};

/// May be read.
pub const READ: u32 = 0o4;
/// May be executed; of a folder: may be passed.
pub const EXECUTE: u32 = 0o1;

/// A file or a folder, and what whoever pushes must be allowed to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it is.
    pub path: PathBuf,
    /// [`READ`], [`EXECUTE`], or both.
    pub needs: u32,
    /// Whether git goes on without the hook where the need isn't met.
    pub decides: bool,
}

impl Part {
    fn new(path: &Path, needs: u32) -> Self {
        Self {
            path: path.to_owned(),
            needs,
            decides: false,
        }
    }
}

/// The hook, what it starts, the config and the policy.
pub fn gate(subject: &Subject<'_>, shim: Option<&Shim>) -> Vec<Part> {
    let hook = Part {
        decides: true,
        ..Part::new(&subject.hook(), READ | EXECUTE)
    };
    let mut parts = vec![hook, Part::new(&subject.repo.config_path(), READ)];
    if let Some(shim) = shim {
        parts.push(Part::new(&shim.interpreter, EXECUTE));
        parts.extend(shim.binary.iter().map(|binary| Part::new(binary, EXECUTE)));
    }
    let policies = subject.source.iter().flat_map(files);
    parts.extend(policies.filter_map(|source| match source {
        Source::File(path) => Some(Part::new(&path, READ)),
        Source::Preset(_) => None,
    }));
    parts
}

/// What else of the repository the gate needs.
pub fn repository(subject: &Subject<'_>) -> Vec<Part> {
    let repo = subject.repo;
    let mut parts = vec![
        Part::new(&trimmed(repo.common_dir()), READ | EXECUTE),
        Part::new(&repo.common_dir().join("objects"), READ | EXECUTE),
    ];
    parts.extend(chained(subject));
    parts
}

fn chained(subject: &Subject<'_>) -> Option<Part> {
    let path = chained_path(subject);
    path.exists().then(|| Part::new(&path, EXECUTE))
}

/// What leads the gate, or runs in its name, besides [`gate`].
pub fn company(subject: &Subject<'_>) -> Result<Vec<Part>, Error> {
    let files = subject.repo.config_files()?;
    // An included file that isn't there can be put there.
    let there = |path: &PathBuf| match path.parent() {
        Some(folder) if path.symlink_metadata().is_err() => Part::new(folder, EXECUTE),
        _ => Part::new(path, READ),
    };
    let configs = files.iter().map(there);
    Ok(configs.chain(chained(subject)).collect())
}

/// What the gate keeps: whoever changes these needs no push.
pub fn kept(subject: &Subject<'_>) -> Vec<Part> {
    let folder = subject.repo.common_dir();
    let kept = [
        "HEAD",
        "objects",
        "objects/pack",
        "packed-refs",
        "refs",
        "refs/heads",
        "refs/tags",
        "reftable",
    ];
    let kept = kept.iter().map(|name| Part::new(&folder.join(name), READ));
    let log = Place::of(subject.repo).ok().flatten();
    let log = log.iter().map(|place| Part::new(place.log(), READ));
    kept.chain(log).collect()
}
