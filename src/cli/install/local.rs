//! `--local`: the pre-push hook of a repository to push from.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Install, folder_for, in_force, load, programs, write_worktrees};
use crate::ambient::Ambient;
use crate::budget::Budget;
use crate::cli::account::{shown, write_hooks, write_line, write_policy, write_trees};
use crate::cli::place;
use crate::error::Error;
use crate::git::{ConfigFile, HookSide, Repo};
use crate::install::remotes::{self, Refspecs};
use crate::install::{Hook, Key, Site};
use crate::policy::{Policy, Source, any_matches};
use crate::pre_push::client_policy;
use crate::report::escape::Shown;

/// A remote, and the policy as it is for the repository there.
struct Judged {
    remote: String,
    policy: Policy,
}

impl Install {
    /// Answers with the git directory.
    pub(super) fn local(
        &self,
        worktree: &Path,
        ambient: &Ambient,
        stdout: &mut dyn Write,
    ) -> anyhow::Result<PathBuf> {
        let repo = place::worktree(worktree, ambient)?;
        let names = chosen(&self.remotes, &repo)?;
        let source = self.source(&repo)?;
        let site = Site {
            hooks: Hook::CLIENT,
            folder: folder_for(&repo, HookSide::Client)?,
            config: repo.config_path(),
        };
        let prepared = site.prepare(&programs(site.hooks)?, &ambient.git)?;
        if self.policy.is_some() {
            prepared.set(Key::Policy, &source.to_string())?;
        }
        if let (Some(name), true) = (&self.repository, self.remotes.is_empty()) {
            prepared.set(Key::Repository, name)?;
        }
        let mut judged = Vec::new();
        for remote in names {
            let policy = self.mark(&remote, &source, &repo, prepared.config())?;
            judged.push(Judged { remote, policy });
        }
        let installed = prepared.commit(|| {
            judged.iter().try_for_each(|Judged { remote, policy }| {
                in_force(&repo, policy, &client_policy(&repo, remote)?)
            })
        })?;
        write_line(stdout, "local", &shown(repo.git_dir()))?;
        write_hooks(stdout, &installed)?;
        write_worktrees(&repo, HookSide::Client, stdout)?;
        self.account(&judged, &source, &repo, stdout)?;
        Ok(repo.git_dir().to_owned())
    }

    /// Marks the remote, and resolves the policy for the repository there.
    fn mark(
        &self,
        remote: &str,
        source: &Source,
        repo: &Repo,
        config: &ConfigFile,
    ) -> Result<Policy, Error> {
        let own = match self.remotes.is_empty() {
            true => None,
            false => self.repository.as_deref(),
        };
        remotes::mark(config, remote, own)?;
        let name = remotes::repository(config, remote)?
            .or(config.all(Key::Repository.full())?.pop())
            .or(repo.trusted_config(Key::Repository.full())?);
        let policy = load(source, name.as_deref())?;
        if self.fetch_upstreams {
            remotes::fetch(config, remote, &Refspecs::of(&policy).all)?;
        }
        Ok(policy)
    }

    fn account(
        &self,
        judged: &[Judged],
        source: &Source,
        repo: &Repo,
        stdout: &mut dyn Write,
    ) -> anyhow::Result<()> {
        for (at, Judged { remote, policy }) in judged.iter().enumerate() {
            if at == 0 {
                write_policy(stdout, source, policy)?;
            }
            write_line(stdout, "remote", &Shown(remote.as_bytes()).to_string())?;
            write_trees(stdout, policy)?;
            self.write_upstreams(remote, policy, repo, stdout)?;
        }
        Ok(())
    }

    /// What there is of the upstreams, and how to have the rest.
    fn write_upstreams(
        &self,
        remote: &str,
        policy: &Policy,
        repo: &Repo,
        stdout: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let refspecs = Refspecs::of(policy);
        let fetch = format!("git fetch {}", Shown(remote.as_bytes()));
        if self.fetch_upstreams {
            write_refspecs(stdout, &refspecs)?;
            write_line(stdout, "next", &fetch)?;
            return Ok(());
        }
        let absent = absent_upstreams(policy, repo)?.join(", ");
        if absent.is_empty() {
            return Ok(());
        }
        let note = format!("no ref here holds the upstreams {absent}");
        write_line(stdout, "note", &note)?;
        if !refspecs.all.is_empty() {
            let hint = format!("with --fetch-upstreams, `{fetch}` brings them");
            write_line(stdout, "help", &hint)?;
        }
        Ok(())
    }
}

fn write_refspecs(out: &mut dyn Write, refspecs: &Refspecs) -> std::io::Result<()> {
    for refspec in &refspecs.all {
        write_line(out, "fetches", refspec)?;
    }
    for pattern in &refspecs.without {
        let note = format!("{pattern} is not fetched: no refspec can stand for it");
        write_line(out, "note", &note)?;
    }
    Ok(())
}

/// The remotes that were asked for, else the one that is meant.
fn chosen(asked: &[String], repo: &Repo) -> Result<Vec<String>, Error> {
    let known = repo.remotes()?;
    let listed = || match known.is_empty() {
        true => "this repository has no remote".to_owned(),
        false => format!("its remotes are {}", Shown(known.join(", ").as_bytes())),
    };
    if let Some(unknown) = asked.iter().find(|name| !known.contains(name)) {
        let unknown = Shown(unknown.as_bytes());
        let fault = format!("there is no remote `{unknown}`: {}", listed());
        return Err(Error::Usage(fault));
    }
    match known.as_slice() {
        _ if !asked.is_empty() => Ok(BTreeSet::from_iter(asked).into_iter().cloned().collect()),
        [only] => Ok(vec![only.clone()]),
        several if several.iter().any(|name| name == "origin") => Ok(vec!["origin".into()]),
        _ => Err(Error::Usage(format!(
            "say with --remote which pushes to judge: {}",
            listed()
        ))),
    }
}

/// The upstreams of the policy that no ref of this repository holds.
fn absent_upstreams<'p>(policy: &'p Policy, repo: &Repo) -> Result<Vec<&'p str>, Error> {
    let patterns = policy.upstreams.iter().flat_map(|upstream| &upstream.refs);
    let prefixes: BTreeSet<Vec<u8>> = patterns
        .map(|pattern| pattern.prefix().as_bytes().to_vec())
        .collect();
    let refs = repo.refs(&prefixes, &Budget::new(policy.limits))?;
    let is_absent = |patterns| !refs.iter().any(|(name, _)| any_matches(patterns, name));
    let absent = policy
        .upstreams
        .iter()
        .filter(|upstream| !upstream.refs.is_empty() && is_absent(&upstream.refs));
    Ok(absent.map(|upstream| upstream.name.as_str()).collect())
}
