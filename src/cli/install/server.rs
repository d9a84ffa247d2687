//! `--server`: the hooks of repositories on this machine.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Install, folder_for, in_force, load, programs, write_worktrees};
use crate::ambient::Ambient;
use crate::audit;
use crate::cli::account::{shown, write_hooks, write_line, write_policy, write_trees};
use crate::git::{HookSide, Repo};
use crate::hook::server_policy;
use crate::install::{Hook, Key, Prepared, Site};
use crate::policy::{Policy, Source};

/// One repository, ready to be changed.
struct Ready {
    repo: Repo,
    source: Source,
    policy: Policy,
    prepared: Prepared,
    audit: Option<audit::Place>,
}

impl Install {
    /// All of them are made ready before the first is changed.
    pub(super) fn server(
        &self,
        repositories: &[PathBuf],
        ambient: &Ambient,
        stdout: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let programs = programs(Hook::SERVER)?;
        let mut ready: Vec<Ready> = Vec::new();
        for path in repositories {
            let repo = Repo::open(path, ambient.git.clone())?;
            if !ready
                .iter()
                .any(|known| known.repo.git_dir() == repo.git_dir())
            {
                ready.push(self.ready(repo, &programs, ambient)?);
            }
        }
        for (at, repository) in ready.into_iter().enumerate() {
            if at != 0 {
                writeln!(stdout)?;
            }
            repository.install(stdout)?;
        }
        Ok(())
    }

    fn ready(&self, repo: Repo, programs: &Path, ambient: &Ambient) -> anyhow::Result<Ready> {
        let source = self.source(&repo)?;
        let name = match &self.repository {
            Some(name) => Some(name.clone()),
            None => repo.trusted_config(Key::Repository.full())?,
        };
        let policy = load(&source, name.as_deref())?;
        let site = Site {
            hooks: Hook::SERVER,
            folder: folder_for(&repo, HookSide::Server)?,
            config: repo.config_path(),
        };
        let mut prepared = site.prepare(programs, &ambient.git)?;
        let audit = audit::Place::of(&repo)?;
        if let Some(place) = &audit {
            prepared.make_audit_folder(place.clone())?;
        }
        if self.policy.is_some() {
            prepared.set(Key::Policy, &source.to_string())?;
        }
        if let Some(name) = &self.repository {
            prepared.set(Key::Repository, name)?;
        }
        Ok(Ready {
            repo,
            source,
            policy,
            prepared,
            audit,
        })
    }
}

impl Ready {
    fn install(self, stdout: &mut dyn Write) -> anyhow::Result<()> {
        let Self {
            repo,
            source,
            policy,
            prepared,
            audit,
        } = self;
        let installed = prepared.commit(|| in_force(&repo, &policy, &server_policy(&repo)?))?;
        write_line(stdout, "server", &shown(repo.git_dir()))?;
        write_hooks(stdout, &installed)?;
        write_worktrees(&repo, HookSide::Server, stdout)?;
        match audit {
            Some(place) => write_line(stdout, "audit log", &shown(place.log()))?,
            None => write_line(stdout, "audit log", "none, by treewarden.audit = off")?,
        }
        write_policy(stdout, &source, &policy)?;
        write_trees(stdout, &policy)?;
        Ok(())
    }
}
