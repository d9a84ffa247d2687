//! What git asks of a ref once its hook has accepted a push. It moves each ref by itself: where it
//! refuses one, the others are moved all the same.

use super::command::{CleanGit, run};
use super::open::Repo;
use crate::budget::Budget;
use crate::error::Error;
use crate::update::{Oid, RefName};

impl Repo {
    /// Returns true if and only if everything that the object reaches, and no ref does yet, is here.
    pub fn is_connected(&self, oid: Oid, budget: &Budget) -> Result<bool, Error> {
        let mut command = self.git.command(&self.git_dir);
        command
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.object_folders()?)
            .args(["rev-list", "--objects", "--quiet"])
            .arg("--exclude-promisor-objects")
            .args([&oid.to_string(), "--not", "--all"]);
        let answer = run(command, budget)?;
        Ok(answer.status == Some(0))
    }

    /// Returns true if and only if git takes no push of the ref, since its configuration hides it:
    /// any configuration that git finds here.
    pub fn is_hidden(&self, name: &RefName, budget: &Budget) -> Result<bool, Error> {
        let mut command = CleanGit::as_whoever_runs_this(self.git_dir());
        command.args(["config", "-z", "--get-regexp", HIDING]);
        let answer = run(command, budget)?;
        let full = [self.namespace(), name.as_bytes()].concat();
        match answer.status {
            Some(0) => Ok(hides(&answer.stdout, name.as_bytes(), &full)),
            Some(1) => Ok(false),
            _ => Err(answer.error("config")),
        }
    }
}

/// The keys that hide refs from a push.
const HIDING: &str = "^(transfer|receive)\\.hiderefs$";

/// The last pattern counts that names the ref, or a folder that it is in: `!` shows it, and `^` is
/// about the name that it has outside of its namespace. `listed` has a key and a value each, with a
/// line's end between them and a zero behind.
fn hides(listed: &[u8], name: &[u8], full: &[u8]) -> bool {
    let mut entries = listed.rsplit(|byte| *byte == 0);
    let verdict = entries.find_map(|entry| {
        let at = entry.iter().position(|byte| *byte == b'\n')?;
        let pattern = entry.get(at + 1..)?;
        let shown = pattern.strip_prefix(b"!");
        let pattern = shown.unwrap_or(pattern);
        let (subject, pattern) = match pattern.strip_prefix(b"^") {
            Some(pattern) => (full, pattern),
            None => (name, pattern),
        };
        let end = pattern.iter().rposition(|byte| *byte != b'/');
        let pattern = pattern.get(..end.map_or(0, |end| end + 1))?;
        let rest = subject.strip_prefix(pattern)?;
        (rest.is_empty() || rest.starts_with(b"/")).then_some(shown.is_none())
    });
    verdict.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pattern_that_names_it_counts() {
        let name = b"refs/overrides/x".as_slice();
        let full = b"refs/namespaces/ns/refs/overrides/x".as_slice();
        for (patterns, want) in [
            (&[][..], false),
            (&["refs/overrides"], true),
            (&["refs/overrides//"], true),
            (&["refs/overrides/x"], true),
            (&["refs"], true),
            (&["refs/over"], false),
            (&["refs/overrides/x/y"], false),
            (&["refs", "!refs/overrides"], false),
            (&["!refs/overrides", "refs"], true),
            (&["^refs/overrides"], false),
            (&["^refs/namespaces/ns"], true),
            (&["refs", "!^refs/namespaces/ns/refs/overrides"], false),
        ] {
            let listed = patterns.iter().fold(String::new(), |text, pattern| {
                text + "receive.hiderefs\n" + pattern + "\0"
            });
            assert_eq!(hides(listed.as_bytes(), name, full), want, "{patterns:?}");
        }
    }
}
