//! All that is to be told of a commit that enters: its parents, its series, its paths, and what
//! each rule says.

use std::collections::BTreeMap;

use super::{Ruling, line, rules};
use crate::budget::Budget;
use crate::classify::ClassMask;
use crate::error::Error;
use crate::finding::{Code, CommitLine, Severity, TouchedPath};
use crate::git::{CommitIx, Departure, History, MergeAccount, Parent, Range, Repo, Sides, Touched};
use crate::judge::{Case, Commits, Judge};
use crate::policy::{Policy, Unit};
use crate::rules::Who;
use crate::standing::Target;
use crate::update::Oid;

/// How many paths are told.
const PATHS_TOLD: usize = 500;

/// A commit that enters, with all that follows from it.
pub struct Story {
    /// How many commits enter with it, itself included.
    pub entering: usize,
    /// What it is.
    pub kind: Kind,
    /// What it is judged with.
    pub series: Series,
    /// The paths that it changes, by byte order; the first few, if there are very many.
    pub paths: Vec<PathStory>,
    /// How many there are in all.
    pub total: usize,
    /// What each rule about commits says.
    pub rulings: Vec<Ruling>,
    /// The other commits of the push that are refused: how many, by rule.
    pub others: BTreeMap<Code, usize>,
}

/// What a commit is, by its parents.
pub enum Kind {
    /// It has none: all its paths count.
    Root,
    /// It has this one: their difference counts.
    Plain(Oid),
    /// It has several: what it changes itself counts.
    Merge(MergeAccount),
}

/// What a commit is judged with.
pub struct Series {
    /// What the tree judges as one.
    pub unit: Unit,
    /// Its members, parents before children, the commit included.
    pub members: Vec<CommitLine>,
    /// Why they are together.
    pub together: Together,
}

/// Why commits are together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Together {
    /// There is no other.
    Alone,
    /// The tree judges each push as one.
    Push,
    /// The last of them is a merge that brings the others.
    Merge,
    /// They were posted as one thread.
    Thread,
}

/// A changed path.
pub struct PathStory {
    /// The path, its class and its origin.
    pub path: TouchedPath,
    /// For a merge: why the path counts, and what stands there on each side.
    pub merged: Option<(Departure, Sides)>,
}

/// Tells the story of the commit at this place. All that it asks gets a budget of its own.
pub(super) fn tell(
    at: CommitIx,
    case: &Case<'_>,
    commits: &Commits,
    policy: &Policy,
    repo: &Repo,
) -> Result<Story, Error> {
    let budget = Budget::new(policy.limits);
    let history = History::new(repo, &budget);
    let judge = Judge::new(policy, repo, &Target::Here, &history, &budget);
    let teller = Teller {
        at,
        case,
        commits,
        judge: &judge,
        unit: unit(at, case, commits, &judge)?,
    };
    let kind = teller.kind()?;
    let (paths, total) = teller.paths(&kind)?;
    Ok(Story {
        entering: commits.range.rows.len(),
        series: teller.series()?,
        paths,
        total,
        rulings: rules::rulings(&teller)?,
        others: teller.others(),
        kind,
    })
}

/// What is known of one commit of a push that was judged.
pub(super) struct Teller<'t, 'r> {
    pub at: CommitIx,
    pub case: &'t Case<'t>,
    pub commits: &'t Commits,
    pub judge: &'t Judge<'r>,
    /// The commits that `deny-only` judges it with.
    pub unit: Vec<CommitIx>,
}

fn unit(
    at: CommitIx,
    case: &Case<'_>,
    commits: &Commits,
    judge: &Judge<'_>,
) -> Result<Vec<CommitIx>, Error> {
    let Some(rule) = &case.tree.deny_only else {
        return Ok(vec![at]);
    };
    let lineage = judge.ancestry(case)?.lineage;
    let units = judge.units(rule.judge, &commits.range, &lineage)?;
    units
        .into_iter()
        .find(|unit| unit.contains(&at))
        .ok_or(Error::Internal("a commit that is in no series"))
}

impl Teller<'_, '_> {
    fn kind(&self) -> Result<Kind, Error> {
        let range = &self.commits.range;
        let row = range.row(self.at)?;
        match row.parents.as_slice() {
            [] => Ok(Kind::Root),
            [only] => Ok(Kind::Plain(range.oid(*only)?)),
            _ => {
                let Judge {
                    repo,
                    history,
                    budget,
                    ..
                } = self.judge;
                MergeAccount::of(row.oid, repo, history, budget).map(Kind::Merge)
            }
        }
    }

    fn series(&self) -> Result<Series, Error> {
        let range = &self.commits.range;
        let unit = match &self.case.tree.deny_only {
            Some(rule) => rule.judge,
            None => Unit::Commit,
        };
        let last = match self.unit.last() {
            Some(last) => range.row(*last)?,
            None => return Err(Error::Internal("a series without commits")),
        };
        let together = match (unit, self.unit.len()) {
            (_, 1) | (Unit::Commit, _) => Together::Alone,
            (Unit::Push, _) => Together::Push,
            (Unit::Series, _) if last.is_merge() => Together::Merge,
            (Unit::Series, _) => Together::Thread,
        };
        let members = self.unit.iter().map(|at| self.line(*at));
        Ok(Series {
            unit,
            members: members.collect::<Result<_, _>>()?,
            together,
        })
    }

    fn paths(&self, kind: &Kind) -> Result<(Vec<PathStory>, usize), Error> {
        let all = Touched::either(ClassMask::ALL);
        let (alone, at) = (self.alone()?, 0);
        let sample = self.judge.paths(&alone, at, all, PATHS_TOLD)?;
        let stories = sample.paths.into_iter().map(|path| {
            let merged = match kind {
                Kind::Merge(account) => self.merged(account, &path)?,
                Kind::Root | Kind::Plain(_) => None,
            };
            Ok(PathStory { path, merged })
        });
        Ok((stories.collect::<Result<_, Error>>()?, sample.total))
    }

    fn merged(
        &self,
        account: &MergeAccount,
        path: &TouchedPath,
    ) -> Result<Option<(Departure, Sides)>, Error> {
        let Some(departure) = account.departure(&path.path) else {
            return Ok(None);
        };
        let merge = self.commits.range.row(self.at)?.oid;
        let Judge {
            repo,
            history,
            budget,
            ..
        } = self.judge;
        let sides = account.sides(merge, &path.path, repo, history, budget)?;
        Ok(Some((departure, sides)))
    }

    /// The refused commits that are neither this one nor in its series.
    fn others(&self) -> BTreeMap<Code, usize> {
        let mut others = BTreeMap::new();
        for broken in &self.commits.broken {
            let offenders = match &broken.who {
                Who::Commit(at) => std::slice::from_ref(at),
                Who::Unit { offending, .. } => offending.as_slice(),
            };
            let is_ours = match broken.code {
                Code::OnlyDeniedPaths => offenders.iter().any(|at| self.unit.contains(at)),
                _ => offenders.contains(&self.at),
            };
            if !is_ours && self.case.tree.severity(broken.code) == Severity::Deny {
                *others.entry(broken.code).or_default() += offenders.len();
            }
        }
        others
    }

    pub fn line(&self, at: CommitIx) -> Result<CommitLine, Error> {
        line(self.judge.repo, self.commits.range.row(at)?.oid)
    }

    /// The first of a commit's paths of these classes, and how many there are.
    pub fn sample(&self, at: CommitIx, of: Touched) -> Result<(Option<TouchedPath>, usize), Error> {
        let alone = lone(&self.commits.range, at)?;
        let sample = self.judge.paths(&alone, 0, of, 1)?;
        Ok((sample.paths.into_iter().next(), sample.total))
    }

    fn alone(&self) -> Result<Range, Error> {
        lone(&self.commits.range, self.at)
    }
}

/// The commit as a range of its own, so that no other merge is looked into for its sake.
fn lone(range: &Range, at: CommitIx) -> Result<Range, Error> {
    let mut row = range.row(at)?.clone();
    for parent in &mut row.parents {
        *parent = Parent::Out(range.oid(*parent)?);
    }
    Ok(Range { rows: vec![row] })
}
