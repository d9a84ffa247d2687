//! The pipeline, and the only place that knows its order.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::budget::Budget;
use crate::court::Court;
use crate::decision::Decision;
use crate::error::Error;
use crate::git::{History, Jobs, Repo};
use crate::input::Command;
use crate::judge::{Case, Judge, Old};
use crate::overrides::appeals::Appeals;
use crate::overrides::docket::Docket;
use crate::overrides::examine::Authority;
use crate::policy::{Enforce, Policy, RefPattern, Tree};
use crate::rules::refs::{Screened, screen};
use crate::standing::Target;
use crate::update::{Change, Oid, RefName, RefUpdate};

/// Judges a push: the commands of a hook against the refs of the target as they stand.
pub fn gate(
    commands: &[Command],
    policy: &Policy,
    repo: &Repo,
    target: &Target,
    authority: Authority<'_>,
    budget: &Budget,
) -> Result<Decision, Error> {
    let standing = target.refs(repo, &prefixes(commands, policy), budget)?;
    let Screened {
        governed,
        overrides,
        mut findings,
    } = screen(commands, policy, &standing, |name| {
        target.is_dangling(repo, name, budget)
    })?;
    let updates = updates(commands);
    let scene = (policy, repo, target);
    let (docket, faults) = Docket::open(&overrides, &updates, scene, authority, budget)?;
    findings.extend(faults);
    let history = History::new(repo, budget);
    let judge = Judge::new(policy, repo, target, &history, budget);
    let appeals = Appeals::new(Some(docket), updates);
    let mut court = Court::new(judge, standing).with_appeals(appeals);
    court.judgement.findings = findings;
    for (tree, update) in &governed {
        court.update(tree, update)?;
    }
    court.decide()
}

/// The commands that are updates.
fn updates(commands: &[Command]) -> Vec<Cow<'_, RefUpdate>> {
    let all = commands.iter();
    all.filter_map(|command| match command {
        Command::Update(update) => Some(Cow::Borrowed(update)),
        Command::Bad(_) => None,
    })
    .collect()
}

/// An update that nobody has pushed.
#[derive(Clone, Copy, Debug)]
pub struct Supposed<'p> {
    /// The tree.
    pub tree: &'p Tree,
    /// The ref.
    pub ref_name: &'p RefName,
    /// The commit that the ref holds; `None` if it is created.
    pub old: Option<Oid>,
    /// The commit that it would hold.
    pub new: Oid,
}

/// Judges an update as if it were pushed. What the ref, and the tree's other refs, hold in this
/// repository counts for nothing: only `old` does. A push may not take more than one processor of
/// its server; this may take as many as `jobs` says.
pub fn check(
    supposed: Supposed<'_>,
    policy: &Policy,
    repo: &Repo,
    budget: &Budget,
    jobs: Jobs,
) -> Result<Decision, Error> {
    let history = History::new(repo, budget);
    let judge = Judge::new(policy, repo, &Target::Here, &history, budget);
    let appeals = Appeals::new(None, vec![Cow::Owned(supposed.update())]);
    check_as(supposed, judge.with_jobs(jobs), Some(appeals))
}

impl Supposed<'_> {
    fn update(&self) -> RefUpdate {
        let new = self.new;
        RefUpdate {
            name: self.ref_name.clone(),
            change: match self.old {
                Some(old) => Change::Move { old, new },
                None => Change::Create { new },
            },
        }
    }
}

/// The same by a judge that brings what it knows of the history, and without advice.
pub fn rehearse<'r>(supposed: Supposed<'r>, judge: Judge<'r>) -> Result<Decision, Error> {
    check_as(supposed, judge, None)
}

/// With advice and what could be signed, where `appeals` are given.
fn check_as<'r>(
    supposed: Supposed<'r>,
    judge: Judge<'r>,
    appeals: Option<Appeals<'r>>,
) -> Result<Decision, Error> {
    let Supposed {
        tree,
        ref_name,
        old,
        new,
    } = supposed;
    let mut wanted = BTreeSet::new();
    upstream_prefixes(tree, judge.policy, &mut wanted);
    let standing = judge.repo.refs(&wanted, judge.budget)?;
    let mut hidden = judge.trusted(tree, &standing)?;
    hidden.extend(old);
    let mut court = Court::new(judge, standing);
    if let Some(appeals) = appeals {
        court = court.with_appeals(appeals);
    }
    if tree.enforce != Enforce::Off {
        court.case(Case {
            tree,
            ref_name,
            old: old.map_or(Old::Absent, Old::Commit),
            new,
            hidden,
            doubtful: false,
        })?;
    }
    court.decide()
}

/// What to read of the refs: those that are pushed and, for governed ones, those of their trees
/// and of the trees' upstreams.
fn prefixes(commands: &[Command], policy: &Policy) -> BTreeSet<Vec<u8>> {
    let mut wanted = BTreeSet::new();
    for command in commands {
        let Command::Update(update) = command else {
            continue;
        };
        wanted.insert(update.name.as_bytes().to_vec());
        if let Some(tree) = policy.tree_of(&update.name) {
            add_prefixes(&tree.refs, &mut wanted);
            upstream_prefixes(tree, policy, &mut wanted);
        }
    }
    wanted
}

/// Adds what to ask for, to see the upstreams of a tree.
pub(crate) fn upstream_prefixes(tree: &Tree, policy: &Policy, wanted: &mut BTreeSet<Vec<u8>>) {
    for upstream in policy.upstreams_of(tree) {
        add_prefixes(&upstream.refs, wanted);
    }
}

/// Adds what to ask for, to see all refs that the patterns match.
pub(crate) fn add_prefixes(patterns: &[RefPattern], wanted: &mut BTreeSet<Vec<u8>>) {
    wanted.extend(
        patterns
            .iter()
            .map(|pattern| pattern.prefix().as_bytes().to_vec()),
    );
}
