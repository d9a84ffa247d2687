//! Remote repositories, as a clone's configuration and remote-tracking refs know them.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use git2::{ConfigLevel, ErrorCode};

use super::command::{CleanGit, run};
use super::open::Repo;
use super::refs::RefTable;
use super::refspec::Refspecs;
use crate::budget::{Budget, Limits};
use crate::error::Error;
use crate::report::escape::Shown;
use crate::update::{Oid, RefName, RefValue};

/// As long as it takes: how large an object is, and how far away, nobody knows.
const FETCHING: Limits = Limits {
    commits: 0,
    tree_objects: 0,
    seconds: u64::MAX,
};

/// How long a remote may take to say what its refs hold.
const ASKING: Limits = Limits {
    commits: 0,
    tree_objects: 0,
    seconds: 15,
};

impl Repo {
    /// The remote that pre-push was installed for, and that a push to `name` at `url` goes to;
    /// `None` where there is no such remote. A push by URL counts as one to the remote of that URL.
    pub fn judged_remote(
        &self,
        name: &OsStr,
        url: &OsStr,
        budget: &Budget,
    ) -> Result<Option<String>, Error> {
        let judged = self.judged_remotes()?;
        if let Some(found) = judged.iter().find(|judged| name == judged.as_str()) {
            return Ok(Some(found.clone()));
        }
        for remote in judged {
            let urls = self.push_urls(&remote, budget)?;
            if urls.iter().any(|known| same_place(known, url.as_bytes())) {
                return Ok(Some(remote));
            }
        }
        Ok(None)
    }

    /// The remotes that pre-push judges: `remote.<name>.treewarden` in the repository's own
    /// configuration.
    pub fn judged_remotes(&self) -> Result<Vec<String>, Error> {
        let unreadable = |error: git2::Error| {
            Error::Repository(format!("{}: {}", self.git_dir.display(), error.message()))
        };
        let own = match self
            .inner
            .config()
            .and_then(|all| all.open_level(ConfigLevel::Local))
        {
            Ok(own) => own,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut names = Vec::new();
        let mut entries = own
            .entries(Some(r"^remote\..+\.treewarden$"))
            .map_err(unreadable)?;
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(unreadable)?;
            let key = entry.name().map_err(unreadable)?;
            let name = key
                .strip_prefix("remote.")
                .and_then(|rest| rest.strip_suffix(".treewarden"));
            if let Some(name) = name.filter(|name| !names.iter().any(|known| known == name)) {
                names.push(name.to_owned());
            }
        }
        names.retain(|name| {
            own.get_bool(&format!("remote.{name}.treewarden"))
                .unwrap_or(true)
        });
        Ok(names)
    }

    /// The URLs that git pushes to, as the user's whole configuration rewrites them.
    fn push_urls(&self, remote: &str, budget: &Budget) -> Result<Vec<Vec<u8>>, Error> {
        let mut command = CleanGit::as_whoever_runs_this(&self.git_dir);
        command.args(["remote", "get-url", "--push", "--all", "--", remote]);
        let answer = run(command, budget)?;
        if answer.status != Some(0) {
            return Err(answer.error("remote get-url"));
        }
        let lines = answer.stdout.split(|byte| *byte == b'\n');
        Ok(lines
            .filter(|line| !line.is_empty())
            .map(<[u8]>::to_vec)
            .collect())
    }

    /// The refspecs that a fetch from the remote follows.
    pub fn refspecs(&self, remote: &str) -> Result<Refspecs, Error> {
        let unreadable = |error: git2::Error| {
            Error::Repository(format!("{}: {}", self.git_dir.display(), error.message()))
        };
        let config = self.inner.config().map_err(unreadable)?;
        let mut entries = match config.multivar(&format!("remote.{remote}.fetch"), None) {
            Ok(entries) => entries,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(Refspecs::default()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut texts = Vec::new();
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(unreadable)?;
            texts.push(entry.value().map_err(unreadable)?.to_owned());
        }
        Ok(Refspecs::parse(texts.iter().map(String::as_str)))
    }

    /// The refs that the remote had when it was last fetched from, by the names they have there.
    pub fn fetched_refs(&self, remote: &str, budget: &Budget) -> Result<RefTable, Error> {
        let here = self.refs(&[b"refs/".to_vec()].into(), budget)?;
        Ok(self.refspecs(remote)?.there(&here))
    }

    /// The refs below the prefixes that the repository at the URL has now; `None` where it can't be
    /// asked. One connection, which asks nobody for a password.
    pub fn ask_remote(
        &self,
        url: &OsStr,
        prefixes: &BTreeSet<Vec<u8>>,
    ) -> Result<Option<RefTable>, Error> {
        let mut command = CleanGit::as_whoever_runs_this(&self.git_dir);
        command.env("GIT_TERMINAL_PROMPT", "0");
        command
            .args(["ls-remote", "--refs", "--quiet", "--"])
            .arg(url);
        for prefix in prefixes {
            let star: &[u8] = if prefix.ends_with(b"/") { b"*" } else { b"" };
            command.arg(OsStr::from_bytes(&[prefix.as_slice(), star].concat()));
        }
        let answer = match run(command, &Budget::new(ASKING)) {
            Ok(answer) if answer.status == Some(0) => answer,
            Ok(_) | Err(Error::TooMuch(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let lines = answer.stdout.split(|byte| *byte == b'\n');
        let mut refs = RefTable::default();
        for line in lines.filter(|line| !line.is_empty()) {
            let mut fields = line.splitn(2, |byte| *byte == b'\t');
            let value = fields.next().and_then(Oid::from_hex);
            let name = fields.next().and_then(RefName::new);
            // Half of an answer is none.
            let (Some(value), Some(name)) = (value, name) else {
                return Ok(None);
            };
            refs.set(&name, RefValue::At(value));
        }
        Ok(Some(refs))
    }

    /// Returns true if and only if this clone was told to do without some objects until they are
    /// asked for.
    pub(super) fn is_partial(&self) -> Result<bool, Error> {
        if self.trusted_config("extensions.partialclone")?.is_some() {
            return Ok(true);
        }
        let config = self.inner.config();
        let found = config.and_then(|all| {
            let mut entries = all.entries(Some(r"^remote\..+\.promisor$"))?;
            entries.next().transpose().map(|entry| entry.is_some())
        });
        found.map_err(|error| Error::Repository(error.message().to_owned()))
    }

    /// Has git fetch an object that a partial clone lacks, as every git command here would. An
    /// error if it isn't to be had.
    pub(super) fn fetch_object(&self, oid: Oid) -> Result<(), Error> {
        if !self.fetches {
            return Err(Error::Missing(oid));
        }
        let mut command = CleanGit::as_whoever_runs_this(&self.git_dir);
        command.args(["cat-file", "-e", &oid.to_string()]);
        let answer = run(command, &Budget::new(FETCHING))?;
        if answer.status == Some(0) {
            return Ok(());
        }
        let said = answer.stderr.split(|byte| *byte == b'\n').next();
        Err(Error::Repository(format!(
            "object {oid} is missing in this partial clone, and can't be fetched: {}",
            Shown(said.unwrap_or_default())
        )))
    }
}

/// Returns true if and only if both lead to one repository: the same folder, or the same URL but
/// for what doesn't matter.
fn same_place(one: &[u8], other: &[u8]) -> bool {
    match (folder(one), folder(other)) {
        (Some(one), Some(other)) => one == other,
        _ => essence(one) == essence(other),
    }
}

/// The repository that a path leads to, where git looks for it.
fn folder(url: &[u8]) -> Option<PathBuf> {
    let path = url.strip_prefix(b"file://").unwrap_or(url);
    let path = path.get(..length_without_slashes(path))?;
    let ends = ["/.git", "", ".git/.git", ".git"];
    let places = ends.map(|end| [path, end.as_bytes()].concat());
    let mut found = places
        .iter()
        .map(|place| Path::new(OsStr::from_bytes(place)));
    found
        .find(|place| place.is_file() || place.join("objects").is_dir())
        .and_then(|place| place.canonicalize().ok())
}

/// A URL without the user, who is somebody else's business, and without what may end it.
fn essence(url: &[u8]) -> Vec<u8> {
    let url = url.strip_prefix(b"file://").unwrap_or(url);
    let url = url.get(..length_without_slashes(url)).unwrap_or_default();
    let url = url.strip_suffix(b".git").unwrap_or(url);
    let host = url.windows(3).position(|three| three == b"://");
    let Some((scheme, rest)) = host.and_then(|at| url.split_at_checked(at + 3)) else {
        return url.to_vec();
    };
    let authority = rest.split(|byte| *byte == b'/').next().unwrap_or_default();
    let user = authority.iter().rposition(|byte| *byte == b'@');
    let after = user.map_or(0, |at| at + 1);
    [scheme, rest.get(after..).unwrap_or_default()].concat()
}

fn length_without_slashes(path: &[u8]) -> usize {
    let last = path.iter().rposition(|byte| *byte != b'/');
    last.map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lead_to_the_same_place_but_for_users_and_ends() {
        for (one, other, want) in [
            ("https://x/a.git", "https://x/a", true),
            ("https://x/a/", "https://x/a.git/", true),
            ("https://x/a", "https://x/b", false),
            ("https://u:p@x/a", "https://x/a.git", true),
            ("https://x@y/a", "https://x/a", false),
            ("https://x/a@b", "https://x/b", false),
            ("https://x", "ssh://x", false),
            ("x:a.git", "x:a", true),
            ("u@x:a", "v@x:a", false),
            ("/nonexistent/a", "file:///nonexistent/a.git/", true),
            ("/nonexistent/a", "/nonexistent/b", false),
            ("", "/", true),
        ] {
            let same = same_place(one.as_bytes(), other.as_bytes());
            assert_eq!(same, want, "{one} {other}");
        }
    }

    #[test]
    fn paths_lead_where_git_looks() {
        let folder = tempfile::tempdir().unwrap();
        for repository in ["a.git", "b", "b.git", "c/.git"] {
            std::fs::create_dir_all(folder.path().join(repository).join("objects")).unwrap();
        }
        let path =
            |name: &str| [folder.path().as_os_str().as_bytes(), b"/", name.as_bytes()].concat();
        for (one, other, want) in [
            ("a", "a.git/", true),
            ("a", "./b/../a.git", true),
            ("b", "b.git", false),
            ("c", "c/.git", true),
            ("c", "d", false),
        ] {
            assert_eq!(same_place(&path(one), &path(other)), want, "{one} {other}");
            let url = [b"file://".as_slice(), &path(one)].concat();
            assert_eq!(same_place(&url, &path(other)), want, "{one} {other}");
        }
    }
}
