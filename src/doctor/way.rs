//! The way to a file, as the kernel goes it: every folder and every link that it passes.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::Metadata;
use std::io;
use std::path::{Component, Path, PathBuf};

/// How many links the kernel follows.
const MOST_LINKS: usize = 40;

/// One place on the way, or its end.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it is, without links above it.
    pub path: PathBuf,
    /// What it is; of a link itself, not of what it leads to.
    pub found: Metadata,
}

impl Step {
    /// Returns true if and only if it is a symbolic link.
    pub fn is_link(&self) -> bool {
        self.found.is_symlink()
    }
}

/// The steps from the top to `path`, the end last. A relative path is taken from the current
/// folder. Errs at the first place that isn't there or can't be looked at.
pub fn way(path: &Path) -> io::Result<Vec<Step>> {
    let whole = std::path::absolute(path)?;
    let mut rest: VecDeque<OsString> = names(&whole).collect();
    let mut at = PathBuf::from("/");
    let mut steps = vec![step(&at)?];
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        if name == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&name);
        let here = step(&next)?;
        if here.is_link() {
            links += 1;
            if links > MOST_LINKS {
                return Err(io::Error::other("too many symbolic links"));
            }
            let target = next.read_link()?;
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            names(&target).rev().for_each(|name| rest.push_front(name));
        } else {
            at = next;
        }
        steps.push(here);
    }
    Ok(steps)
}

fn names(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    })
}

fn step(path: &Path) -> io::Result<Step> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    Ok(Step {
        found: path.symlink_metadata().map_err(named)?,
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(steps: &[Step], folder: &Path) -> Vec<String> {
        let below = steps
            .iter()
            .filter_map(|step| step.path.strip_prefix(folder).ok());
        below.map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn links_are_passed_and_followed() {
        let made = tempfile::tempdir().unwrap();
        let folder = made.path().canonicalize().unwrap();
        std::fs::create_dir_all(folder.join("a/b")).unwrap();
        std::fs::write(folder.join("a/b/file"), "").unwrap();
        std::os::unix::fs::symlink("../a/./b", folder.join("a/link")).unwrap();
        std::os::unix::fs::symlink(folder.join("a/link/file"), folder.join("end")).unwrap();
        let steps = way(&folder.join("end")).unwrap();
        let want = ["", "end", "", "a", "a/link", "a", "a/b", "a/b/file"];
        assert_eq!(ends(&steps, &folder), want);
    }

    #[test]
    fn what_leads_nowhere_or_in_circles_errs() {
        let made = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("loop", made.path().join("loop")).unwrap();
        assert!(way(&made.path().join("loop")).is_err());
        let fault = way(&made.path().join("gone/file")).unwrap_err().to_string();
        assert!(fault.contains("gone:"), "{fault}");
    }
}
