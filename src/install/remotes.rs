//! The config of the remotes that pre-push judges: `remote.<name>.treewarden` and its company.

use crate::error::Error;
use crate::git::ConfigFile;
use crate::policy::Policy;

/// Beside `treewarden` itself: what the remote's repository is called.
const NAME: &str = "treewardenRepository";
/// The values of `fetch` that install added.
const FETCH: &str = "treewardenFetch";

fn key(remote: &str, name: &str) -> String {
    format!("remote.{remote}.{name}")
}

/// The remotes that have any of our keys, sorted.
pub fn marked(config: &ConfigFile) -> Result<Vec<String>, Error> {
    let keys = config.keys(r"^remote\..*\.treewarden(repository|fetch)?$")?;
    let mut names: Vec<String> = keys
        .iter()
        .filter_map(|key| key.strip_prefix("remote.")?.rsplit_once('.'))
        .map(|(name, _)| name.to_owned())
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// Has pre-push judge what is pushed to the remote, and says what the repository there is called.
pub fn mark(config: &ConfigFile, remote: &str, repository: Option<&str>) -> Result<(), Error> {
    config.set(&key(remote, "treewarden"), "true")?;
    match repository {
        Some(name) => config.set(&key(remote, NAME), name),
        None => Ok(()),
    }
}

/// Removes all that [`mark`] and [`fetch`] wrote.
pub fn unmark(config: &ConfigFile, remote: &str) -> Result<(), Error> {
    stop_fetching(config, remote)?;
    config.unset(&key(remote, NAME))?;
    config.unset(&key(remote, "treewarden"))
}

/// What the repository of the remote is called, where that is set.
pub fn repository(config: &ConfigFile, remote: &str) -> Result<Option<String>, Error> {
    Ok(config.all(&key(remote, NAME))?.pop())
}

/// Has `git fetch` bring these refspecs too, in the place of those of an earlier install.
pub fn fetch(config: &ConfigFile, remote: &str, refspecs: &[String]) -> Result<(), Error> {
    stop_fetching(config, remote)?;
    let theirs = config.all(&key(remote, "fetch"))?;
    for name in ["fetch", FETCH] {
        for refspec in refspecs.iter().filter(|refspec| !theirs.contains(refspec)) {
            config.add(&key(remote, name), refspec)?;
        }
    }
    Ok(())
}

fn stop_fetching(config: &ConfigFile, remote: &str) -> Result<(), Error> {
    for refspec in config.all(&key(remote, FETCH))? {
        config.unset_value(&key(remote, "fetch"), &refspec)?;
    }
    config.unset(&key(remote, FETCH))
}

/// What would fetch the upstreams of a policy.
#[derive(Debug, Default)]
pub struct Refspecs {
    /// The refspecs, in the policy's order.
    pub all: Vec<String>,
    /// The patterns that no refspec stands for.
    pub without: Vec<String>,
}

impl Refspecs {
    /// Those of all upstreams that the policy has here.
    pub fn of(policy: &Policy) -> Self {
        let mut found = Self::default();
        for pattern in policy.upstreams.iter().flat_map(|upstream| &upstream.refs) {
            match refspec(&pattern.text) {
                Some(refspec) => found.all.push(refspec),
                None => found.without.push(pattern.text.clone()),
            }
        }
        found
    }
}

/// A ref pattern as a refspec: one ref, or a `*` at the end. None for the branches of the
/// pusher's own and for what git keeps of a remote's, or for all refs with these among them:
/// fetching would overwrite them.
fn refspec(pattern: &str) -> Option<String> {
    let fixed = pattern.strip_suffix('*').unwrap_or(pattern);
    let is_glob = fixed.contains(['*', '?', '[', '{', '\\']);
    let is_kept = ["refs/heads/", "refs/remotes/"]
        .iter()
        .any(|folder| pattern.starts_with(folder) || folder.starts_with(fixed));
    (!is_glob && !is_kept).then(|| format!("+{pattern}:{pattern}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_refspec_where_git_has_one_for_it() {
        for whole in [
            "refs/upstream/linus/*",
            "refs/upstream/linus/main",
            "refs/u/v6*",
        ] {
            assert_eq!(refspec(whole), Some(format!("+{whole}:{whole}")));
        }
        for without in [
            "refs/upstream/**",
            "refs/upstream/*/main",
            "refs/upstream/{a,b}",
            "refs/upstream/?",
            "refs/heads/upstream/*",
            "refs/remotes/linus/*",
            "refs/*",
            "refs/he*",
        ] {
            assert_eq!(refspec(without), None, "{without}");
        }
    }
}
