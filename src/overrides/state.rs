//! What is left of an override: whether there is anything that it can still lift.

use jiff::Timestamp;

use super::statement::{Statement, What};
use crate::error::Error;
use crate::git::{History, Range, Repo};
use crate::update::{Oid, RefValue};

/// Whether an override can still lift anything, be it sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can.
    Open,
    /// All that it names is in the tree, or it came with the update that it was for.
    Spent,
    /// Its time is over.
    Expired,
}

impl State {
    /// The word in lists.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Spent => "spent",
            Self::Expired => "expired",
        }
    }

    /// What is left of an override that stands in a repository where its ref holds `tip`.
    pub fn of(
        statement: &Statement,
        tip: RefValue,
        (repo, history): (&Repo, &History<'_>),
        now: Timestamp,
    ) -> Result<Self, Error> {
        let is_spent = match &statement.lifts.what {
            What::Update(_) => true,
            What::Commits(commits) => have_landed(commits, tip, repo, history)?,
        };
        Ok(match is_spent {
            true => Self::Spent,
            false if now >= statement.expires => Self::Expired,
            false => Self::Open,
        })
    }
}

fn have_landed(
    commits: &[Oid],
    tip: RefValue,
    repo: &Repo,
    history: &History<'_>,
) -> Result<bool, Error> {
    let RefValue::At(tip) = tip else {
        return Ok(false);
    };
    let tip = match repo.has(tip)? {
        true => history.peel(tip)?,
        false => None,
    };
    let Some(tip) = tip else {
        return Ok(false);
    };
    for commit in commits {
        // A statement can name what is no commit, and so never lands.
        let is_commit = repo.has(*commit)? && repo.peel(*commit)? == Some(*commit);
        if !is_commit || !history.lineage(*commit, &Range::default())?.has(tip)? {
            return Ok(false);
        }
    }
    Ok(true)
}
