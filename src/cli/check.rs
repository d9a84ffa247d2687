//! `treewarden check`: judges a range as if it were pushed.

use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use clap::Args;

use super::format::Output;
use super::{no_repository, policy, range_ends, ref_and_tree, repository, tree_named, tree_names};
use crate::ambient::Ambient;
use crate::budget::Budget;
use crate::decision::Decision;
use crate::error::{Error, Exit};
use crate::gate::{self, Supposed};
use crate::git::Jobs;
use crate::policy::{Policy, Tree};
use crate::progress::{Pace, shown};
use crate::report::{Report, Voice};
use crate::update::RefName;

/// Judge a range of commits as if it were pushed to a tree
///
/// The report and the exit status are those of the server's hook. The left side of the range
/// stands for what the tree's ref holds; what it holds in this repository counts for nothing.
#[derive(Debug, Args)]
pub struct Check {
    /// `<old>..<new>`, or `<new>` alone for a ref that is created
    range: String,
    /// The tree, by its name in the policy
    #[arg(long, value_name = "NAME", conflicts_with = "ref_name")]
    tree: Option<String>,
    /// The ref that would be pushed to, such as `master` or `refs/heads/master`
    #[arg(long = "ref", value_name = "REF")]
    ref_name: Option<String>,
    /// `preset:<name>` or a file [default: what the repository's config names]
    #[arg(long, value_name = "POLICY")]
    policy: Option<String>,
    /// How many threads may work on a long range [default: one for each processor]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    output: Output,
}

impl Check {
    pub(super) fn run(
        &self,
        ambient: &Ambient,
        stdout: &mut dyn Write,
        stderr: &mut dyn Write,
    ) -> anyhow::Result<Exit> {
        let repo = repository(ambient)?.ok_or_else(no_repository)?;
        let policy = policy(self.policy.as_deref(), Some(&repo))?;
        let (tree, ref_name) = self.target(&policy)?;
        let work = Arc::default();
        let budget = Budget::told(policy.limits, Arc::clone(&work));
        let (old, new) = match range_ends(&self.range) {
            Some((old, new)) => (Some(repo.resolve(old, &budget)?), new),
            None => (None, self.range.as_str()),
        };
        let new = repo.resolve(new, &budget)?;
        let supposed = Supposed {
            tree,
            ref_name: &ref_name,
            old,
            new,
        };
        let pace = Pace::of_command(ambient.terminal);
        let decision = shown((&mut *stderr, (ambient.log)()), pace, &work, || {
            gate::check(supposed, &policy, &repo, &budget, self.jobs())
        })?;
        let report = Report {
            decision: &decision,
            policy: &policy,
            voice: Voice::Verdict,
            today: ambient.today(),
        };
        self.output.print(&report, ambient, stdout, stderr)?;
        Ok(match decision {
            Decision::Accept(_) => Exit::Accept,
            Decision::Reject(_) => Exit::Reject,
        })
    }

    fn jobs(&self) -> Jobs {
        // Where the system doesn't tell, one is never wrong.
        let all = || available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Jobs::up_to(self.jobs.unwrap_or_else(all))
    }

    fn target<'p>(&self, policy: &'p Policy) -> Result<(&'p Tree, RefName), Error> {
        match (&self.tree, &self.ref_name) {
            (Some(name), _) => named(name, policy),
            (None, Some(name)) => ref_and_tree(name, policy),
            (None, None) => Err(Error::Usage(format!(
                "say where it would be pushed: --tree with one of {}, or --ref",
                tree_names(policy)
            ))),
        }
    }
}

fn named<'p>(name: &str, policy: &'p Policy) -> Result<(&'p Tree, RefName), Error> {
    let tree = tree_named(name, policy)?;
    let literal = tree
        .literal_refs()
        .next()
        .and_then(|name| RefName::new(name.as_bytes()));
    let name = literal.ok_or_else(|| {
        Error::Usage(format!(
            "the tree `{name}` has no one ref in this repository: say which with --ref"
        ))
    })?;
    Ok((tree, name))
}
