//! Which history of a repository was before its policy, in the words of `since`.

use std::collections::{BTreeSet, HashSet};

use crate::budget::Budget;
use crate::deploy::{InForce, Target};
use crate::error::Error;
use crate::gate::add_prefixes;
use crate::git::{History, Repo};
use crate::policy::edit::{self, Since};
use crate::policy::{Policy, Tree};
use crate::update::{Oid, RefName};

/// What adopting the history of a tree means.
#[derive(Clone, Debug)]
pub struct Adoption<'p> {
    /// The tree.
    pub tree: &'p Tree,
    /// Its refs here that hold commits, each with the commit. A symbolic one is a second name.
    pub refs: Vec<TreeRef>,
    /// What `since` is to be.
    pub since: Vec<Kept>,
    /// Values that it has and doesn't need any more: a ref of the tree contains them.
    pub replaced: Vec<Oid>,
}

/// A ref of a tree.
#[derive(Clone, Debug)]
pub struct TreeRef {
    /// Its name.
    pub name: RefName,
    /// The commit that it holds.
    pub tip: Oid,
    /// Whether it stands for another ref.
    pub symbolic: bool,
}

/// A value of `since`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The object.
    pub oid: Oid,
    /// Why it stands there.
    pub why: Why,
}

/// Why a value stands in `since`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A ref of the tree holds it.
    Tip,
    /// It was there, and no ref of the tree contains it.
    Elsewhere,
    /// It was there, and names no commit of this repository.
    Absent,
}

impl Adoption<'_> {
    /// Returns true if and only if the policy says so already.
    pub fn is_done(&self) -> bool {
        let wanted: BTreeSet<Oid> = self.since.iter().map(|kept| kept.oid).collect();
        let there: BTreeSet<Oid> = self.tree.since.iter().copied().collect();
        wanted == there
    }

    /// What to write into the policy.
    pub fn to_since(&self) -> Since {
        Since {
            tree: self.tree.name.clone(),
            oids: self.since.iter().map(|kept| kept.oid).collect(),
        }
    }
}

/// The trees that have refs here, all or those named, in the order of the policy.
pub fn adoptions<'p>(
    policy: &'p Policy,
    repo: &Repo,
    named: &[String],
) -> Result<Vec<Adoption<'p>>, Error> {
    let budget = Budget::new(policy.limits);
    let history = History::new(repo, &budget);
    let wanted = |tree: &&Tree| named.is_empty() || named.contains(&tree.name);
    let mut adoptions = Vec::new();
    for tree in policy.trees.iter().filter(wanted) {
        let refs = refs_of(tree, policy, repo, &budget)?;
        if !refs.is_empty() {
            adoptions.push(adoption(tree, refs, repo, &history)?);
        }
    }
    Ok(adoptions)
}

fn refs_of(
    tree: &Tree,
    policy: &Policy,
    repo: &Repo,
    budget: &Budget,
) -> Result<Vec<TreeRef>, Error> {
    let mut wanted = BTreeSet::new();
    add_prefixes(&tree.refs, &mut wanted);
    let mut refs = Vec::new();
    for (name, standing) in repo.refs(&wanted, budget)?.iter() {
        let governs = policy
            .tree_of(name)
            .is_some_and(|other| other.name == tree.name);
        if let Some(tip) = repo.peel(standing.value)?.filter(|_| governs) {
            refs.push(TreeRef {
                name: name.clone(),
                tip,
                symbolic: standing.target.is_some(),
            });
        }
    }
    Ok(refs)
}

fn adoption<'p>(
    tree: &'p Tree,
    refs: Vec<TreeRef>,
    repo: &Repo,
    history: &History<'_>,
) -> Result<Adoption<'p>, Error> {
    let mut before = Vec::new();
    for oid in &tree.since {
        before.push((*oid, commit_of(*oid, repo)?));
    }
    let tips = refs.iter().map(|entry| entry.tip);
    let older = before.iter().filter_map(|(_, commit)| *commit);
    let heads = history.independent(&tips.chain(older).collect::<Vec<_>>())?;
    Ok(sorted(tree, refs, &before, heads.into_iter().collect()))
}

/// Gives each of the `heads` one value: the tip that it is, else the value that named it before.
fn sorted<'p>(
    tree: &'p Tree,
    refs: Vec<TreeRef>,
    before: &[(Oid, Option<Oid>)],
    mut heads: HashSet<Oid>,
) -> Adoption<'p> {
    let mut since: Vec<Kept> = Vec::new();
    let mut replaced = Vec::new();
    for TreeRef { tip: oid, .. } in &refs {
        if heads.remove(oid) {
            let (oid, why) = (*oid, Why::Tip);
            since.push(Kept { oid, why });
        }
    }
    for (oid, commit) in before.iter().copied() {
        let why = match commit {
            None => Why::Absent,
            Some(commit) if heads.remove(&commit) => Why::Elsewhere,
            Some(_) if since.iter().any(|kept| kept.oid == oid) => continue,
            Some(_) => {
                replaced.push(oid);
                continue;
            }
        };
        since.push(Kept { oid, why });
    }
    Adoption {
        tree,
        refs,
        since,
        replaced,
    }
}

/// The text of a policy file that says what the one in force says, and these values of `since`.
pub fn adopted(in_force: &InForce, target: &Target, all: &[Since]) -> Result<String, Error> {
    let text = if target.in_force {
        edit::with_since(&in_force.text, all).map_err(Error::Policy)?
    } else {
        edit::overlay(&in_force.extends(target)?, all)
    };
    let same = edit::is_same_but_for(&in_force.draft(), &target.draft(&text), all);
    match same.map_err(Error::Policy)? {
        true => Ok(text),
        false => Err(Error::Internal("an edit changed more than `since`")),
    }
}

/// The commit that a value of `since` stands for here.
fn commit_of(oid: Oid, repo: &Repo) -> Result<Option<Oid>, Error> {
    match oid.format() == repo.format() && repo.has(oid)? {
        true => repo.peel(oid),
        false => Ok(None),
    }
}
