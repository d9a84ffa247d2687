//! `treewarden pause`: a tree's rules warn for a while.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::account::write_line;
use super::{repository_at, tree_named};
use crate::ambient::Ambient;
use crate::audit::{self, Place, Record};
use crate::error::{Error, Exit};
use crate::git::Repo;
use crate::hook::server_policy;
use crate::pause::{self, Pause};
use crate::report::escape::Shown;

/// No pause is longer.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// How long a reason is, in characters.
const LONGEST_REASON: usize = 200;

/// Let a tree's rules warn for a while instead of refusing, on a server
///
/// For the night when the gate itself is at fault. Needs the rights of the repository's owner. It is
/// written down in the audit log, told in the report of every push, and ends by itself. What
/// protects the whole push, such as `bad-update` and `replace-ref`, refuses all the same. Without
/// an option: lists what is paused.
#[derive(Debug, Args)]
pub struct PauseCommand {
    /// The repository [default: the one around the current folder]
    #[arg(value_name = "REPO")]
    repository: Option<PathBuf>,
    /// The tree
    #[arg(long, value_name = "NAME")]
    tree: Option<String>,
    /// For how long, such as `1h` or `30m`; a day at most
    #[arg(
        long = "for",
        value_name = "TIME",
        requires = "tree",
        requires = "reason"
    )]
    length: Option<String>,
    /// Why, in one line
    #[arg(long, value_name = "TEXT", requires = "length")]
    reason: Option<String>,
    /// End the tree's pause now; without --tree, every pause
    #[arg(long, conflicts_with = "length")]
    end: bool,
}

impl PauseCommand {
    pub(super) fn run(&self, ambient: &Ambient, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let repo = repository_at(self.repository.as_deref(), ambient)?;
        let known = pause::active(&repo, ambient.now)?;
        match (&self.tree, &self.length, &self.reason) {
            (Some(tree), Some(length), Some(reason)) => {
                let pause = Pause {
                    tree: tree_named(tree, &server_policy(&repo)?)?.name.clone(),
                    until: until(length, ambient.now)?,
                    reason: one_line(reason)?.to_owned(),
                    uid: ambient.pusher.uid,
                };
                begin(&repo, &known, pause, ambient, out)?;
            }
            _ if self.end => self.end(&repo, known, ambient, out)?,
            (Some(_), ..) => {
                let usage = "say for how long and why, with --for and --reason, or --end";
                return Err(Error::Usage(usage.into()).into());
            }
            (None, ..) => list(&known, out)?,
        }
        Ok(Exit::Accept)
    }

    fn end(
        &self,
        repo: &Repo,
        known: Vec<Pause>,
        ambient: &Ambient,
        out: &mut dyn Write,
    ) -> anyhow::Result<()> {
        must_be_owner(repo, ambient)?;
        let is_meant = |pause: &Pause| self.tree.as_ref().is_none_or(|tree| *tree == pause.tree);
        let (ending, staying): (Vec<Pause>, Vec<Pause>) = known.into_iter().partition(is_meant);
        if ending.is_empty() {
            writeln!(out, "nothing to do: no such tree is paused")?;
        }
        pause::write(repo, &staying)?;
        for pause in ending {
            let ended = Record::new("paused", ambient.now, &ambient.pusher)
                .with(json!({ "tree": pause.tree, "ended": true }));
            record(repo, ended, out)?;
            write_line(out, "ended", &Shown(pause.tree.as_bytes()).to_string())?;
        }
        Ok(())
    }
}

/// The record comes first: what is not written down is not paused.
fn begin(
    repo: &Repo,
    known: &[Pause],
    pause: Pause,
    ambient: &Ambient,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    must_be_owner(repo, ambient)?;
    let begun = Record::new("paused", ambient.now, &ambient.pusher).with(json!({
        "tree": pause.tree,
        "ended": false,
        "until": pause.until.to_string(),
        "reason": pause.reason,
    }));
    record(repo, begun, out)?;
    let mut all: Vec<Pause> = known.to_vec();
    all.retain(|other| other.tree != pause.tree);
    all.push(pause.clone());
    pause::write(repo, &all)?;
    list(&[pause], out)?;
    Ok(())
}

fn record(repo: &Repo, record: Record, out: &mut dyn Write) -> anyhow::Result<()> {
    match Place::of(repo)? {
        Some(place) => {
            let receipt = audit::append(&place, record)?;
            write_line(out, "receipt", &receipt)?;
        }
        None => write_line(
            out,
            "note",
            "not recorded, since there is no audit log here",
        )?,
    }
    Ok(())
}

fn list(pauses: &[Pause], out: &mut dyn Write) -> std::io::Result<()> {
    for pause in pauses {
        let (tree, reason) = (Shown(pause.tree.as_bytes()), Shown(pause.reason.as_bytes()));
        write_line(
            out,
            "paused",
            &format!("{tree} until {}: {reason}", pause.until),
        )?;
    }
    match pauses {
        [] => writeln!(out, "no tree is paused"),
        _ => Ok(()),
    }
}

/// The hook believes no other's file.
fn must_be_owner(repo: &Repo, ambient: &Ambient) -> Result<(), Error> {
    let folder: &Path = repo.common_dir();
    match pause::may_pause(repo, ambient.pusher.uid) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::Usage(
            "only the owner of the repository, or root, may pause its trees".into(),
        )),
        Err(error) => Err(Error::Repository(format!("{}: {error}", folder.display()))),
    }
}

fn until(length: &str, now: Timestamp) -> Result<Timestamp, Error> {
    let parsed: Option<SignedDuration> = length.parse().ok();
    let length = parsed.filter(|it| it.is_positive() && *it <= LONGEST);
    let until = length.and_then(|length| now.checked_add(length).ok());
    until
        .ok_or_else(|| Error::Usage("--for takes a time such as 1h or 30m, and 24h at most".into()))
}

fn one_line(reason: &str) -> Result<&str, Error> {
    let reason = reason.trim();
    let is_fit = !reason.is_empty()
        && reason.chars().count() <= LONGEST_REASON
        && !reason.contains(char::is_control);
    match is_fit {
        true => Ok(reason),
        false => Err(Error::Usage(format!(
            "--reason takes one line of {LONGEST_REASON} characters at most"
        ))),
    }
}
