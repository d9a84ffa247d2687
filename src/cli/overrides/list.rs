//! `treewarden override list`: who lifted what, and what is still open.

use std::io::{BufWriter, Write};

use clap::Args;

use super::told;
use crate::ambient::Ambient;
use crate::budget::{Budget, Limits};
use crate::cli::{no_remote, no_repository, repository};
use crate::error::Exit;
use crate::git::{History, RefTable, Repo};
use crate::overrides::examine::Unproven;
use crate::overrides::ref_name::FOLDER;
use crate::overrides::state::State;
use crate::report::escape::Shown;
use crate::update::RefName;

/// List overrides: who lifts what, why, until when, and whether it still can
///
/// An override is `open` while it can lift something; `spent` once its commits are in the tree, or
/// where it came with the update that it was for; `expired` after its time. Whose the signatures
/// are is not asked: `treewarden override verify` does, on the server.
#[derive(Debug, Args)]
pub struct List {
    /// Those of a remote, fetched first; else those that stand in this repository
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// Only those that are open
    #[arg(long)]
    open: bool,
}

impl List {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        let repo = repository(ambient)?.ok_or_else(no_repository)?;
        let budget = Budget::new(Limits::default());
        let (folder, tips) = self.sources(&repo, &budget)?;
        let history = History::new(&repo, &budget);
        let mut out = BufWriter::new(stdout);
        let mut count = 0;
        for (name, held) in repo
            .refs(&[folder.clone().into_bytes()].into(), &budget)?
            .iter()
        {
            let name = original(name, &folder);
            let read = match &name {
                Some(name) => Unproven::read(name, held.value, &repo)?,
                None => continue,
            };
            let (state, lines) = match &read {
                Ok(read) => {
                    let statement = read.statement();
                    let tip = tips.value(&statement.lifts.ref_name);
                    let state = State::of(statement, tip, (&repo, &history), ambient.now)?;
                    if self.open && state != State::Open {
                        continue;
                    }
                    let lines = told::lines(&read.ref_name, statement, &repo)?;
                    (format!("{}: {}", state.name(), read.signer), lines)
                }
                Err(_) if self.open => continue,
                Err(why) => {
                    let name = name.iter().map(|it| Shown(it.as_bytes()).to_string());
                    (format!("none: {why}"), name.collect())
                }
            };
            count += 1;
            writeln!(out, "{state}")?;
            for line in lines {
                writeln!(out, "  {line}")?;
            }
        }
        if count == 0 {
            writeln!(out, "none")?;
        }
        out.flush()?;
        Ok(Exit::Accept)
    }

    /// Where the overrides stand here, and what the refs hold that they are about.
    fn sources(&self, repo: &Repo, budget: &Budget) -> anyhow::Result<(String, RefTable)> {
        let here = || repo.refs(&[b"refs/".to_vec()].into(), budget);
        let Some(remote) = &self.remote else {
            return Ok((FOLDER.to_owned(), here()?));
        };
        if !repo.remotes()?.contains(remote) {
            return Err(no_remote(remote).into());
        }
        let folder = format!("refs/treewarden/{remote}/overrides/");
        repo.fetch_folder(remote, FOLDER, &folder)?;
        Ok((folder, repo.refspecs(remote)?.there(&here()?)))
    }
}

/// The name that an override has where it comes from.
fn original(name: &RefName, folder: &str) -> Option<RefName> {
    let rest = name.as_bytes().strip_prefix(folder.as_bytes())?;
    RefName::new(&[FOLDER.as_bytes(), rest].concat())
}
