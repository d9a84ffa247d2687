//! When refs last moved, as far as git knows.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::command::run;
use super::open::Repo;
use crate::budget::Budget;
use crate::error::Error;
use crate::update::RefName;

/// Seconds since 1970.
pub type Seconds = i64;

impl Repo {
    /// The dates of what the refs below `prefixes` hold: a commit's is its committer's, a tag's
    /// its tagger's. Whatever has none is left out.
    pub fn tip_dates(
        &self,
        prefixes: &BTreeSet<Vec<u8>>,
        budget: &Budget,
    ) -> Result<Vec<(RefName, Seconds)>, Error> {
        if prefixes.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = self.git.command(&self.git_dir);
        command.args(["for-each-ref", "--format=%(creatordate:unix) %(refname)"]);
        command.args(prefixes.iter().map(|prefix| OsStr::from_bytes(prefix)));
        let answer = run(command, budget)?;
        if answer.status != Some(0) {
            return Err(answer.error("for-each-ref"));
        }
        let lines = answer.stdout.split(|byte| *byte == b'\n');
        Ok(lines.filter_map(dated).collect())
    }

    /// When the ref was last changed here; `None` where git keeps no reflog of it, as in a bare
    /// repository without `core.logAllRefUpdates`.
    pub fn moved_at(&self, name: &RefName, budget: &Budget) -> Result<Option<Seconds>, Error> {
        let mut command = self.git.command(&self.git_dir);
        command
            .args(["log", "-g", "-1", "--format=%gd", "--date=unix"])
            .arg(OsStr::from_bytes(name.as_bytes()))
            .arg("--");
        let answer = run(command, budget)?;
        match answer.status {
            Some(0) => Ok(in_selector(&answer.stdout)),
            _ => Err(answer.error("log -g")),
        }
    }
}

/// Reads `<seconds> <ref>`.
fn dated(line: &[u8]) -> Option<(RefName, Seconds)> {
    let at = line.iter().position(|byte| *byte == b' ')?;
    let (seconds, name) = line.split_at_checked(at)?;
    let seconds = std::str::from_utf8(seconds).ok()?.parse().ok()?;
    Some((RefName::new(name.trim_ascii_start())?, seconds))
}

/// Reads `<ref>@{<seconds>}`.
fn in_selector(line: &[u8]) -> Option<Seconds> {
    let text = String::from_utf8_lossy(line.trim_ascii_end());
    let (_, seconds) = text.strip_suffix('}')?.rsplit_once("@{")?;
    seconds.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let name = RefName::new(b"refs/upstream/linus/main").unwrap();
        let line = b"1725148800 refs/upstream/linus/main";
        assert_eq!(dated(line), Some((name, 1_725_148_800)));
        assert_eq!(dated(b" refs/tags/without-a-date"), None);
        assert_eq!(in_selector(b"main@{1725148800}\n"), Some(1_725_148_800));
        assert_eq!(in_selector(b""), None);
    }
}
