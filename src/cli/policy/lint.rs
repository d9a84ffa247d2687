//! `treewarden policy lint`: remarks on a policy that is valid.

use std::io::Write;

use clap::Args;

use super::Subject;
use crate::ambient::Ambient;
use crate::budget::Budget;
use crate::cases::{self, Outcome};
use crate::cli::no_repository;
use crate::error::{Error, Exit};
use crate::git::Repo;
use crate::lint::{Tip, lint};
use crate::policy::Policy;
use crate::report::Format;
use crate::report::linted::Linted;

/// Look for what a valid policy can't have been meant to say
///
/// Prints a remark for each pattern, tree, class or upstream that can have no effect, and for each
/// upstream that lets in what its tree refuses; then the cases that fail. Exits with 1 if there is
/// either.
#[derive(Debug, Args)]
pub struct Lint {
    #[command(flatten)]
    subject: Subject,
    /// A revision that the policy is for: patterns that match none of its paths are remarked on
    #[arg(long, value_name = "REV")]
    tip: Option<String>,
    /// How to print what is found
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Lint {
    pub(super) fn run(&self, ambient: &Ambient, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let found = self.subject.find(ambient)?;
        let policy = &found.policy;
        let tip = match &self.tip {
            Some(name) => Some(tip(name, found.repo.as_ref(), policy)?),
            None => None,
        };
        let remarks = lint(policy, tip.as_ref());
        let outcomes = cases::judge(policy)?;
        let linted = Linted {
            remarks: &remarks,
            outcomes: &outcomes,
            policy,
        };
        linted.write(self.format, out)?;
        Ok(
            match remarks.is_empty() && outcomes.iter().all(Outcome::holds) {
                true => Exit::Accept,
                false => Exit::Reject,
            },
        )
    }
}

fn tip(name: &str, repo: Option<&Repo>, policy: &Policy) -> Result<Tip, Error> {
    let repo = repo.ok_or_else(no_repository)?;
    let budget = Budget::new(policy.limits);
    let commit = repo.resolve(name, &budget)?;
    let paths = repo.paths(commit, &budget).map_err(|error| match error {
        // To be short of work is no remark, and must not end as one.
        Error::TooMuch(exceeded) => Error::Repository(format!("{name}: {exceeded}")),
        other => other,
    })?;
    Ok(Tip {
        name: name.to_owned(),
        paths,
    })
}
