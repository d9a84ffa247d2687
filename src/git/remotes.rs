//! Remote repositories, as a clone's configuration and remote-tracking refs know them.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use git2::{ConfigLevel, Direction, ErrorCode};

use super::command::{CleanGit, run};
use super::open::Repo;
use super::refs::RefTable;
use crate::budget::Budget;
use crate::error::Error;
use crate::update::{Oid, RefName, RefValue};

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
            if urls.iter().any(|known| same_place(known, url)) {
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

    /// The refs that the remote had when it was last fetched from, by the names they have there.
    pub fn fetched_refs(&self, remote: &str, budget: &Budget) -> Result<RefTable, Error> {
        let failed = |error: git2::Error| {
            Error::Repository(format!("the remote {remote}: {}", error.message()))
        };
        let mut fetched = RefTable::default();
        let found = match self.inner.find_remote(remote) {
            Ok(found) => found,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(fetched),
            Err(error) => return Err(failed(error)),
        };
        let all = self.refs(&[b"refs/".to_vec()].into(), budget)?;
        for (name, standing) in all.iter().filter(|(_, standing)| standing.target.is_none()) {
            // A refspec is text: a name that isn't came through none.
            let Ok(local) = std::str::from_utf8(name.as_bytes()) else {
                continue;
            };
            for spec in found.refspecs() {
                if spec.direction() != Direction::Fetch || !spec.dst_matches(local) {
                    continue;
                }
                let there = spec.rtransform(local).map_err(failed)?;
                if let Some(there) = RefName::new(&there) {
                    fetched.set(&there, RefValue::At(standing.value));
                }
            }
        }
        Ok(fetched)
    }

    /// Returns true if and only if this clone was told to do without some objects until they are
    /// asked for.
    pub fn is_partial(&self) -> Result<bool, Error> {
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

    /// Has git fetch an object that a partial clone lacks, as every git command here would.
    /// Returns whether it is here now.
    pub fn obtain(&self, oid: Oid, budget: &Budget) -> Result<bool, Error> {
        let mut command = CleanGit::as_whoever_runs_this(&self.git_dir);
        command.args(["cat-file", "-e", &oid.to_string()]);
        run(command, budget).map(|answer| answer.status == Some(0))
    }
}

/// Returns true if and only if both lead to one repository: the same URL, but for what doesn't
/// matter at its end, or the same folder.
fn same_place(one: &[u8], other: &OsStr) -> bool {
    let trimmed = |url: &[u8]| {
        let url = url.strip_prefix(b"file://").unwrap_or(url);
        let end = url
            .iter()
            .rposition(|byte| *byte != b'/')
            .map_or(0, |last| last + 1);
        let url = url.get(..end).unwrap_or_default();
        url.strip_suffix(b".git").unwrap_or(url).to_vec()
    };
    if trimmed(one) == trimmed(other.as_bytes()) {
        return true;
    }
    let folder = |url: &OsStr| Path::new(url).canonicalize().ok();
    let one = folder(OsStr::from_bytes(one));
    one.is_some() && one == folder(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_the_same_but_for_their_ends() {
        for (one, other, want) in [
            ("https://x/a.git", "https://x/a", true),
            ("https://x/a/", "https://x/a.git", true),
            ("https://x/a", "https://x/b", false),
            ("file:///", "/", true),
            ("/nonexistent/a", "/nonexistent/b", false),
            ("/tmp/..", "/", true),
        ] {
            assert_eq!(
                same_place(one.as_bytes(), OsStr::new(other)),
                want,
                "{one} {other}"
            );
        }
    }
}
