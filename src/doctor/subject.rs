//! What is examined: one hook of a repository, and what it would judge by.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::Options;
use super::words::{git, quoted, quoted_path};
use crate::ambient::Ambient;
use crate::budget::{Budget, Limits};
use crate::error::Error;
use crate::git::{HookSide, Hooks, Repo};
use crate::hook::server_policy;
use crate::policy::{Policy, Source, server_source};
use crate::pre_push::client_policy;

/// One hook of a repository.
pub struct Subject<'s> {
    pub repo: &'s Repo,
    pub ambient: &'s Ambient,
    pub options: &'s Options,
    pub side: HookSide,
    /// Where git looks for hooks.
    pub hooks: Hooks,
    /// Where the policy comes from.
    pub source: Result<Source, Error>,
    /// What the hook judges by: on a server once, on a client once for each remote.
    pub gates: Vec<Gate>,
}

/// One policy, as it reads for one repository.
pub struct Gate {
    /// On a client: the remote that it is for.
    pub remote: Option<String>,
    /// The policy.
    pub policy: Result<Policy, Error>,
}

impl<'s> Subject<'s> {
    /// Looks up where things are. Whatever of it is faulty is for the checks to tell.
    pub fn new(
        repo: &'s Repo,
        side: HookSide,
        ambient: &'s Ambient,
        options: &'s Options,
    ) -> Result<Self, Error> {
        let gates = match side {
            HookSide::Server => vec![Gate {
                remote: None,
                policy: server_policy(repo),
            }],
            HookSide::Client => repo
                .judged_remotes()?
                .into_iter()
                .map(|remote| Gate {
                    policy: client_policy(repo, &remote),
                    remote: Some(remote),
                })
                .collect(),
        };
        Ok(Self {
            repo,
            ambient,
            options,
            side,
            hooks: repo.hooks(side)?,
            source: source(repo),
            gates,
        })
    }

    /// Where git looks for the hook.
    pub fn hook(&self) -> PathBuf {
        self.hooks.folder.join(name(self.side))
    }

    /// The policies that can be read.
    pub fn policies(&self) -> impl Iterator<Item = (&Gate, &Policy)> {
        self.gates
            .iter()
            .filter_map(|gate| Some((gate, gate.policy.as_ref().ok()?)))
    }

    /// What happens where git finds no hook to run.
    pub fn unjudged(&self) -> &'static str {
        match self.side {
            HookSide::Server => "git accepts every push unjudged",
            HookSide::Client => "git pushes without asking",
        }
    }

    /// The command that installs the hook anew.
    pub fn install(&self) -> String {
        let policy = match &self.source {
            Ok(source) => quoted(OsStr::new(&source.to_string())),
            Err(_) => "POLICY".into(),
        };
        install(self.repo, self.side, &policy)
    }

    /// git, in the repository.
    pub fn git(&self) -> String {
        git(self.repo.git_dir())
    }
}

impl Gate {
    /// What is said of the policy, with the remote that it is for.
    pub fn says(&self, what: impl std::fmt::Display) -> String {
        match &self.remote {
            Some(remote) => format!("{remote}: {what}"),
            None => what.to_string(),
        }
    }
}

fn source(repo: &Repo) -> Result<Source, Error> {
    let configured = repo.trusted_config("treewarden.policy")?;
    server_source(configured.as_deref(), repo.common_dir()).map_err(Error::Policy)
}

/// The command that installs a hook; a client's for the remotes that it judges by now.
pub fn install(repo: &Repo, side: HookSide, policy: &str) -> String {
    match side {
        HookSide::Server => {
            let git_dir = quoted_path(repo.git_dir());
            format!("treewarden install --server {git_dir} --policy {policy}")
        }
        HookSide::Client => {
            let place = quoted_path(repo.work_tree().unwrap_or(repo.git_dir()));
            let judged = repo.judged_remotes().unwrap_or_default();
            let remotes: Vec<String> = judged
                .iter()
                .map(|name| format!(" --remote {}", quoted(OsStr::new(name))))
                .collect();
            let remotes = remotes.concat();
            format!("treewarden install --local {place}{remotes} --policy {policy}")
        }
    }
}

/// The hook's name.
pub fn name(side: HookSide) -> &'static str {
    match side {
        HookSide::Server => "pre-receive",
        HookSide::Client => "pre-push",
    }
}

/// The program that the hook starts.
pub fn program(side: HookSide) -> &'static str {
    match side {
        HookSide::Server => "treewarden-pre-receive",
        HookSide::Client => "treewarden-pre-push",
    }
}

/// Room for one question to git.
pub fn budget() -> Budget {
    Budget::new(Limits::default())
}
