//! `treewarden adopt`: takes the history that is there for granted.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::adopt::{Adoption, TreeRef, Why, adopted, adoptions};
use crate::ambient::Ambient;
use crate::cli::repository_at;
use crate::deploy::{Deployment, InForce, Target};
use crate::dry_run::{Record, Rehearsal, Tally};
use crate::error::{Error, Exit};
use crate::git::Repo;
use crate::policy::edit::Since;
use crate::policy::{Enforce, Policy, load_draft};
use crate::report::escape::Shown;
use crate::report::{deployed, short};

/// How many findings of a tree are shown.
const MOST_SHOWN: usize = 3;

/// Take the history of the trees as it is: write `since` into the policy
///
/// For every tree of the policy that has a ref in the repository, first shows what the policy would
/// have said of its newest history, then writes the commits that its refs hold into the policy
/// as `since`. What they reach was there before the policy, and is not judged when a ref of the
/// tree is created, renamed, rewound or restored.
#[derive(Debug, Args)]
#[command(after_long_help = MORE)]
pub struct Adopt {
    /// The repository [default: the one here]
    repo: Option<PathBuf>,
    /// Only this tree, by its name in the policy; can be repeated
    #[arg(long = "tree", value_name = "NAME")]
    trees: Vec<String>,
    /// How many first-parent steps of each ref are shown to the policy
    #[arg(long, value_name = "N", default_value_t = 100)]
    last: usize,
    /// Say what would be written, and change nothing
    #[arg(long)]
    dry_run: bool,
}

const MORE: &str = "\
Where it is written: into the policy file itself if that is inside the git directory; nothing but
`since` changes in it. A preset, or a file elsewhere that other repositories may share, stays as it
is: then treewarden.toml is made in the git directory, which extends it, and the repository's
`treewarden.policy` names that. The file is replaced in one step; its text from before is kept as
<file>.previous.

What is written: the commits that the tree's refs hold, but for those that another one contains. A
value of `since` from before is replaced if one of them contains it, and kept if not. To run the
command again is harmless: it writes nothing unless a ref has moved.

Exit status: 0 done, or nothing to do; 2 usage; 3 the policy has faults; 4 repository or file.

Example:
  treewarden adopt --dry-run /srv/git/bpf-next.git";

impl Adopt {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        let mut out = std::io::BufWriter::new(stdout);
        let repo = repository_at(self.repo.as_deref(), ambient)?;
        let in_force = InForce::read(&repo)?;
        let policy = in_force.policy()?;
        self.known_trees(&policy)?;
        let adoptions = adoptions(&policy, &repo, &self.trees)?;
        self.show(&mut out, &repo, &policy, &adoptions)?;
        let all: Vec<Since> = adoptions
            .iter()
            .filter(|adoption| !adoption.is_done())
            .map(Adoption::to_since)
            .collect();
        if adoptions.is_empty() {
            let nothing = "nothing to adopt: no ref of a tree is in this repository";
            writeln!(out, "{nothing}")?;
        } else if all.is_empty() {
            writeln!(out, "nothing changes: the policy says so already")?;
            writeln!(out, "policy: {} ({})", in_force.source, policy.digest)?;
        } else {
            self.write(&mut out, &repo, &in_force, &policy, &all)?;
        }
        out.flush()?;
        Ok(Exit::Accept)
    }

    /// Says of each tree what the policy would have said, and what is to be written.
    fn show(
        &self,
        out: &mut dyn Write,
        repo: &Repo,
        policy: &Policy,
        adoptions: &[Adoption<'_>],
    ) -> anyhow::Result<()> {
        let has = |name: &&String| {
            let mut names = adoptions.iter().map(|adoption| &adoption.tree.name);
            names.any(|known| known == *name)
        };
        for name in self.trees.iter().filter(|name| !has(name)) {
            writeln!(out, "tree {name}: no ref of it is here")?;
        }
        let mut rehearsal = Rehearsal::new(repo);
        for adoption in adoptions {
            writeln!(out, "tree {}:", adoption.tree.name)?;
            self.rehearse(out, adoption, policy, &mut rehearsal)?;
            write_since(out, adoption)?;
            out.flush()?;
        }
        for note in &rehearsal.notes {
            writeln!(out, "note: {note}")?;
        }
        Ok(())
    }

    fn known_trees(&self, policy: &Policy) -> Result<(), Error> {
        let known = |name: &&String| policy.trees.iter().any(|tree| tree.name == **name);
        match self.trees.iter().find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => {
                let names: Vec<&str> = policy.trees.iter().map(|tree| &*tree.name).collect();
                Err(Error::Usage(format!(
                    "there is no tree `{name}`, only {}",
                    names.join(", ")
                )))
            }
        }
    }

    /// Shows what the policy would have said.
    fn rehearse(
        &self,
        out: &mut dyn Write,
        adoption: &Adoption<'_>,
        policy: &Policy,
        rehearsal: &mut Rehearsal<'_>,
    ) -> anyhow::Result<()> {
        let tree = adoption.tree;
        if tree.enforce == Enforce::Off || !tree.judges_commits() {
            writeln!(out, "  the policy looks at no commits of this tree")?;
            return Ok(());
        }
        let mut tally = Tally::default();
        let mut seen = HashSet::new();
        for held in adoption.refs.iter().filter(|held| !held.symbolic) {
            for step in rehearsal.steps(held.tip, self.last, policy.limits)? {
                // Refs of one tree share most of their history.
                if !seen.insert((step.old.oid(), step.new)) {
                    continue;
                }
                let answer = rehearsal.judge(policy, tree, &held.name, step, Record::Steps)?;
                tally.add(answer, MOST_SHOWN);
            }
        }
        write_tally(out, &tally)?;
        Ok(())
    }

    fn write(
        &self,
        out: &mut dyn Write,
        repo: &Repo,
        in_force: &InForce,
        before: &Policy,
        all: &[Since],
    ) -> anyhow::Result<()> {
        let target = Target::of(repo, Some(&in_force.source))?;
        let text = adopted(in_force, &target, all)?;
        let there = target.text()?;
        refuse_unused(&target, there.as_deref(), &text, in_force)?;
        let draft = target.draft(&text);
        let after = load_draft(&draft, in_force.repository.as_deref()).map_err(Error::Policy)?;
        let deployment = Deployment {
            target: &target,
            text: &text,
            digest: &after.digest,
            before: there.as_deref(),
        };
        if self.dry_run {
            write_text(out, &target, &text, all)?;
        } else {
            deployment.carry_out(repo)?;
        }
        deployed::write(out, &deployment, in_force.configured.as_deref())?;
        if !target.in_force {
            let source = &in_force.source;
            writeln!(out, "{source} stays as it is: the new policy extends it")?;
        }
        writeln!(out, "policy before: {}", before.digest)?;
        writeln!(out, "policy after:  {}", after.digest)?;
        if self.dry_run {
            writeln!(out, "nothing was changed: this is what would be done")?;
        }
        Ok(())
    }
}

/// A file in the target's place that judges no pushes is somebody's: it is not overwritten.
fn refuse_unused(
    target: &Target,
    there: Option<&[u8]>,
    text: &str,
    in_force: &InForce,
) -> Result<(), Error> {
    if target.in_force
        || target.link.is_some()
        || there.is_none_or(|there| there == text.as_bytes())
    {
        return Ok(());
    }
    Err(Error::Repository(format!(
        "{} is there, but the policy in force is {}: move that file away, or put it into force \
         with `treewarden policy install`",
        target.file.display(),
        in_force.source
    )))
}

fn write_tally(out: &mut dyn Write, tally: &Tally) -> std::io::Result<()> {
    writeln!(out, "  first-parent steps judged: {}", tally.updates)?;
    writeln!(out, "  commits judged: {}", tally.commits)?;
    if let Some(fault) = &tally.fault {
        let count = tally.unjudged;
        writeln!(out, "  steps that can't be judged: {count}: {fault}")?;
    }
    for (code, count) in &tally.broken {
        writeln!(out, "  {code}: {count}")?;
    }
    for finding in &tally.first {
        writeln!(out, "    {}", short::line(finding))?;
    }
    let more = tally.broken.values().sum::<usize>() - tally.first.len();
    if more > 0 {
        writeln!(out, "    … and {more} more findings")?;
    }
    Ok(())
}

fn write_since(out: &mut dyn Write, adoption: &Adoption<'_>) -> std::io::Result<()> {
    for kept in &adoption.since {
        let oid = kept.oid;
        match kept.why {
            Why::Tip => {
                let holds = |held: &&TreeRef| held.tip == oid;
                let holding = adoption.refs.iter().filter(holds);
                let names: Vec<String> = holding
                    .map(|held| Shown(held.name.as_bytes()).to_string())
                    .collect();
                writeln!(out, "  since {oid}: {}", names.join(", "))?;
            }
            Why::Elsewhere => writeln!(out, "  since {oid}: kept, no ref of the tree contains it")?,
            Why::Absent => writeln!(
                out,
                "  since {oid}: kept, it is no commit of this repository"
            )?,
        }
    }
    for oid in &adoption.replaced {
        writeln!(out, "  since {oid}: dropped, the above contain it")?;
    }
    Ok(())
}

/// What the file would say: all of a new one, of an old one the entries that change.
fn write_text(
    out: &mut dyn Write,
    target: &Target,
    text: &str,
    all: &[Since],
) -> std::io::Result<()> {
    writeln!(out, "--- {}", target.file.display())?;
    match target.in_force {
        false => write!(out, "{text}")?,
        true => all
            .iter()
            .try_for_each(|since| write!(out, "{}", since.entry("\n")))?,
    }
    writeln!(out, "---")
}
