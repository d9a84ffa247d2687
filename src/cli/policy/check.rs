//! `treewarden policy check`: what another policy would change.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::ambient::Ambient;
use crate::budget::Budget;
use crate::cli::repository_at;
use crate::compare::{Change, Role, TreeChanges, forgotten, ref_of, verdict};
use crate::deploy::InForce;
use crate::dry_run::{Past, Record, Rehearsal};
use crate::error::{Error, Exit};
use crate::git::{Moved, Repo};
use crate::policy::{Policy, Source, load};
use crate::report::comparison::Listing;
use crate::report::escape::Shown;
use crate::report::escape::Told;
use crate::update::{Oid, RefName, RefValue};

/// Show what a policy would change, on the pushes that were made
///
/// Judges past pushes by FILE and by the policy in force, and shows those of which the two say
/// something else. A push is an entry of a ref's reflog; a ref without one is judged by its newest
/// first-parent steps, which is said.
#[derive(Debug, Args)]
#[command(after_long_help = MORE)]
pub struct Check {
    /// The new policy: `preset:<name>` or a file
    file: String,
    /// The repository [default: the one here]
    #[arg(long = "in", value_name = "REPO")]
    repo: Option<PathBuf>,
    /// How many of the newest pushes to each ref are judged
    #[arg(long, value_name = "N", default_value_t = 100)]
    last: usize,
    /// Judge this instead, as one push: `<old>..<new>`
    #[arg(long, value_name = "A..B", requires = "tree", conflicts_with = "last")]
    range: Option<String>,
    /// The tree that the range is pushed to, by its name in either policy
    #[arg(long, value_name = "NAME", requires = "range")]
    tree: Option<String>,
}

const MORE: &str = "\
Both policies are those of today, and judge with today's refs: what has reached an upstream since a
push was made is not judged, and the other refs of its tree count for nothing. Entries whose objects
are gone are passed over, and counted.

Where there is no policy in force, or a faulty one, the new policy's answers are shown alone.

Exit status: 0 nothing that the policy in force accepts would be refused; 1 something would;
2 usage; 3 FILE has faults; 4 repository.

Example, in a client that keeps the reflogs of its own work:
  treewarden policy check preset:bpf-next --last 20";

impl Check {
    pub(super) fn run(&self, ambient: &Ambient, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let repo = repository_at(self.repo.as_deref(), ambient)?;
        let here = std::env::current_dir().context("the current folder can't be read")?;
        let name = repo.trusted_config("treewarden.repository")?;
        let source = Source::parse(&self.file, &here);
        let new = load(&source, name.as_deref()).map_err(Error::Policy)?;
        let old = InForce::read(&repo).and_then(|in_force| in_force.policy());
        write_policies(out, &old, &new)?;
        let mut comparison = Comparison {
            old: old.as_ref().ok(),
            new: &new,
            rehearsal: Rehearsal::new(&repo),
            repo: &repo,
            seen: HashSet::new(),
            listing: Listing::new(old.is_ok()),
        };
        if comparison.old.is_some_and(|old| old.digest == new.digest) {
            writeln!(out, "nothing changes: the digests are equal")?;
            return Ok(Exit::Accept);
        }
        let refs = comparison.refs()?;
        let changes = comparison.tree_changes(out, &refs)?;
        if let (Some(range), Some(tree)) = (&self.range, &self.tree) {
            let (name, update) = comparison.range(range, tree, &refs)?;
            comparison.judge(out, &name, update, Record::Reflog)?;
        } else {
            comparison.ref_changes(out, &refs, &changes)?;
            for (name, value) in &refs {
                comparison.past(out, name, *value, self.last)?;
                out.flush()?;
            }
        }
        for note in &comparison.rehearsal.notes {
            writeln!(out, "note: {note}")?;
        }
        comparison.listing.write_totals(out)?;
        Ok(match comparison.listing.refuses_more() {
            true => Exit::Reject,
            false => Exit::Accept,
        })
    }
}

fn write_policies(
    out: &mut dyn Write,
    old: &Result<Policy, Error>,
    new: &Policy,
) -> io::Result<()> {
    match old {
        Ok(policy) => writeln!(
            out,
            "in force: {} ({})",
            policy.digest,
            Told(&policy.origin)
        )?,
        Err(error) => {
            let error = error.to_string();
            writeln!(
                out,
                "in force: no policy that can be used: {}",
                Told(&error)
            )?;
            writeln!(out, "          so only the new one's answers are shown")?;
        }
    }
    writeln!(out, "new:      {} ({})", new.digest, Told(&new.origin))
}

/// Two policies over one repository.
struct Comparison<'c> {
    old: Option<&'c Policy>,
    new: &'c Policy,
    repo: &'c Repo,
    rehearsal: Rehearsal<'c>,
    /// First-parent steps that several refs of a tree share.
    seen: HashSet<(String, Option<Oid>, Oid)>,
    listing: Listing,
}

impl<'c> Comparison<'c> {
    /// Both, the new one first.
    fn policies(&self) -> impl Iterator<Item = &'c Policy> + use<'c> {
        [Some(self.new), self.old].into_iter().flatten()
    }

    /// The refs that can be pushed to, each with its value.
    fn refs(&self) -> Result<Vec<(RefName, Oid)>, Error> {
        let everything = BTreeSet::from([b"refs/".to_vec()]);
        let table = self.repo.refs(&everything, &Budget::new(self.new.limits))?;
        let refs = table.iter().filter(|(name, standing)| {
            standing.target.is_none() && !name.as_bytes().starts_with(b"refs/replace/")
        });
        Ok(refs
            .map(|(name, standing)| (name.clone(), standing.value))
            .collect())
    }

    fn tree_changes(
        &self,
        out: &mut dyn Write,
        refs: &[(RefName, Oid)],
    ) -> io::Result<TreeChanges<'c>> {
        let Some(old) = self.old else {
            return Ok(TreeChanges::default());
        };
        let names: Vec<RefName> = refs.iter().map(|(name, _)| name.clone()).collect();
        let changes = TreeChanges::between(old, self.new, &names);
        for tree in &changes.added {
            writeln!(out, "tree {}: added", tree.name)?;
        }
        for tree in &changes.removed {
            writeln!(out, "tree {}: removed", tree.name)?;
        }
        for (before, after) in &changes.renamed {
            writeln!(out, "tree {}: renamed to {}", before.name, after.name)?;
        }
        for tree in forgotten(old, self.new) {
            writeln!(out, "tree {}: its `since` is dropped", tree.name)?;
        }
        Ok(changes)
    }

    /// The refs that are something else to the new policy.
    fn ref_changes(
        &mut self,
        out: &mut dyn Write,
        refs: &[(RefName, Oid)],
        changes: &TreeChanges<'_>,
    ) -> io::Result<()> {
        let Some(old) = self.old else { return Ok(()) };
        for (name, _) in refs {
            let (before, after) = (Role::of(name, old), Role::of(name, self.new));
            let renamed = match (before.tree(), after.tree()) {
                (Some(before), Some(after)) => changes.has_renamed(before, after),
                _ => false,
            };
            if renamed || before.is_like(after) {
                continue;
            }
            self.listing.role(out, name, before, after)?;
        }
        self.listing.end_roles(out)
    }

    /// Judges how the ref came to its value, if either policy governs it.
    fn past(
        &mut self,
        out: &mut dyn Write,
        name: &RefName,
        value: Oid,
        most: usize,
    ) -> anyhow::Result<()> {
        let governed = self
            .policies()
            .map(|policy| Role::of(name, policy))
            .any(|role| role.tree().is_some());
        let Some(tip) = self.repo.peel(value)?.filter(|_| governed) else {
            return Ok(());
        };
        let past = self.rehearsal.past(name, tip, most, self.new.limits)?;
        write_past(out, name, &past)?;
        self.listing.lost += past.lost;
        for update in past.updates {
            if past.record == Record::Reflog || self.is_first(name, update) {
                self.judge(out, name, update, past.record)?;
            }
        }
        Ok(())
    }

    /// Returns true if and only if no other ref of its tree brought this step.
    fn is_first(&mut self, name: &RefName, step: Moved) -> bool {
        let roles = self
            .policies()
            .map(|policy| Role::of(name, policy).describe());
        let roles = roles.collect::<Vec<_>>().join("\n");
        self.seen.insert((roles, step.old.oid(), step.new))
    }

    fn judge(
        &mut self,
        out: &mut dyn Write,
        name: &RefName,
        update: Moved,
        record: Record,
    ) -> anyhow::Result<()> {
        let mut asked =
            |policy: &Policy| verdict(name, update, record, policy, &mut self.rehearsal);
        let old = self.old.map(&mut asked).transpose()?;
        let new = asked(self.new)?;
        let change = Change::between(old, new);
        Ok(self.listing.push(out, name, update, change)?)
    }

    /// The push that a range stands for.
    fn range(
        &self,
        range: &str,
        tree: &str,
        refs: &[(RefName, Oid)],
    ) -> Result<(RefName, Moved), Error> {
        let Some((old, new)) = range.split_once("..") else {
            return Err(Error::Usage(format!(
                "`{range}` is no range: write `<old>..<new>`"
            )));
        };
        let budget = Budget::new(self.new.limits);
        let new = if new.is_empty() { "HEAD" } else { new };
        let update = Moved {
            old: RefValue::At(self.repo.resolve(old, &budget)?),
            new: self.repo.resolve(new, &budget)?,
        };
        Ok((ref_of(tree, self.policies(), refs)?, update))
    }
}

fn write_past(out: &mut dyn Write, name: &RefName, past: &Past) -> io::Result<()> {
    let shown = Shown(name.as_bytes());
    let count = past.updates.len();
    match past.record {
        Record::Reflog => write!(out, "{shown}: pushes by its reflog: {count}")?,
        Record::Steps => write!(
            out,
            "{shown}: no reflog leads to its value; first-parent steps taken for pushes: {count}"
        )?,
    }
    match past.lost {
        0 => writeln!(out),
        lost => writeln!(out, "; passed over, since their objects are gone: {lost}"),
    }
}
