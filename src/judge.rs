//! Judges one update of one tree's ref: the middle of the pipeline, from entering commits to
//! findings. The gate judges with it what a push does; the router, what another push would.

use std::cell::RefCell;

use crate::budget::{Budget, Exceeded};
use crate::classify::ClassMask;
use crate::error::Error;
use crate::finding::{Code, Severity};
use crate::finding::{CommitLine, Finding, Offence, Offender, PathSample};
use crate::git::{
    BatchChanges, Changes, CommitIx, CommitRow, History, Jobs, Lineage, Range, RefTable, Repo,
    Touched,
};
use crate::policy::{Policy, Tree, Unit, any_matches};
use crate::rules::refs::{UpdateKind, tree_finding, update_kind};
use crate::rules::{Broken, Who, messages, paths};
use crate::series::{self, MessageId};
use crate::standing::{Held, Target};
use crate::update::{Oid, RefName, RefValue};

/// How many paths of a commit a message shows.
const PATHS_SHOWN: usize = 8;
/// How many commits of a series or push a message shows.
const COMMITS_SHOWN: usize = 5;

/// Everything that judging an update needs.
pub struct Judge<'r> {
    /// The policy.
    pub policy: &'r Policy,
    /// The repository.
    pub repo: &'r Repo,
    /// Where the push goes: whose refs count.
    pub target: &'r Target,
    /// Its commits.
    pub history: &'r History<'r>,
    /// What is left of the push's budget.
    pub budget: &'r Budget,
    changes: RefCell<BatchChanges<'r>>,
}

/// An update to judge, its values known to be commits.
pub struct Case<'c> {
    /// The tree.
    pub tree: &'c Tree,
    /// The ref.
    pub ref_name: &'c RefName,
    /// The old value, the commit that it stands for.
    pub old: Old,
    /// The new commit.
    pub new: Oid,
    /// Values of refs that hold what was judged before: see [`Judge::hidden`].
    pub hidden: Vec<Oid>,
    /// True where something that is not known here could excuse the commits: then nothing that is
    /// found against them refuses the push.
    pub doubtful: bool,
}

/// What a ref held before its update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// Nothing: it is created.
    Absent,
    /// This commit.
    Commit(Oid),
    /// Something of which only the ref's own repository knows what it is.
    Unknown,
}

impl From<RefValue> for Old {
    /// The value is a commit's name.
    fn from(value: RefValue) -> Self {
        value.oid().map_or(Self::Absent, Self::Commit)
    }
}

impl Case<'_> {
    /// What a finding of this code weighs here.
    pub fn severity(&self, code: Code) -> Severity {
        if self.doubtful {
            Severity::Warn
        } else {
            self.tree.severity(code)
        }
    }
}

/// What came of a case.
#[derive(Default)]
pub struct Verdict {
    /// A finding on the update itself.
    pub update: Option<Finding>,
    /// The bound that ended the work, if one did: nothing is known of the commits then.
    pub exceeded: Option<Exceeded>,
    /// What became known of the commits.
    pub commits: Commits,
}

/// The commits of a case, judged; none of them where no rule of the tree asks for commits.
#[derive(Default)]
pub struct Commits {
    /// The entering commits.
    pub range: Range,
    /// The classes that each of them touches: of merges, those that a rule of the tree asks for.
    /// Empty where none asks for paths.
    pub touched: Vec<Touched>,
    /// What they break.
    pub broken: Vec<Broken>,
}

/// How the new value of a case stands to the old one.
#[derive(Default)]
pub(crate) struct Ancestry<'h> {
    /// What descends from the old one.
    pub lineage: Lineage<'h>,
    /// Whether the new one does.
    is_forward: bool,
    /// The entering commits, where it took them to tell.
    range: Option<Range>,
}

impl<'r> Judge<'r> {
    /// A judge for one push.
    pub fn new(
        policy: &'r Policy,
        repo: &'r Repo,
        target: &'r Target,
        history: &'r History<'r>,
        budget: &'r Budget,
    ) -> Self {
        let changes = RefCell::new(BatchChanges::new(repo, history, &policy.classifier, budget));
        Self {
            policy,
            repo,
            target,
            history,
            budget,
            changes,
        }
    }

    /// The same, with the work on many commits shared out to threads.
    #[must_use]
    pub fn with_jobs(self, jobs: Jobs) -> Self {
        let changes = self.changes.into_inner().with_jobs(jobs);
        Self {
            changes: RefCell::new(changes),
            ..self
        }
    }

    /// The values of refs whose commits and their ancestors don't enter a tree: the old ones of all
    /// its refs, of its upstreams, and those of `since` that are here.
    pub fn hidden(&self, tree: &Tree, standing: &RefTable) -> Result<Vec<Oid>, Error> {
        let mut hidden = self.trusted(tree, standing)?;
        for (name, found) in standing.iter() {
            if tree.governs(name) {
                hidden.extend(self.held(name, found.value)?);
            }
        }
        Ok(hidden)
    }

    /// What stands here for a ref's value, if anything does.
    fn held(&self, name: &RefName, value: Oid) -> Result<Option<Oid>, Error> {
        Ok(match self.target.held(self.repo, name, value)? {
            Held::Object(oid) | Held::Outdated(oid) => Some(oid),
            Held::Unknown => None,
        })
    }

    /// What a case holds of a ref's old value. A value that is no commit contains nothing: any
    /// move leaves it behind.
    pub fn old(&self, name: &RefName, value: RefValue) -> Result<Old, Error> {
        let RefValue::At(value) = value else {
            return Ok(Old::Absent);
        };
        Ok(match self.target.held(self.repo, name, value)? {
            Held::Object(oid) | Held::Outdated(oid) => {
                Old::Commit(self.history.peel(oid)?.unwrap_or(oid))
            }
            Held::Unknown => Old::Unknown,
        })
    }

    /// The same without the tree's own refs.
    pub fn trusted(&self, tree: &Tree, standing: &RefTable) -> Result<Vec<Oid>, Error> {
        let mut hidden = Vec::new();
        for since in &tree.since {
            if since.format() == self.repo.format() && self.repo.has(*since)? {
                hidden.push(*since);
            }
        }
        for upstream in self.policy.upstreams_of(tree) {
            for (name, found) in standing.iter() {
                if any_matches(&upstream.refs, name) {
                    hidden.extend(self.held(name, found.value)?);
                }
            }
        }
        Ok(hidden)
    }

    /// Judges the case by every rule of its tree.
    pub fn judge(&self, case: &Case<'_>) -> Result<Verdict, Error> {
        let (found, late) = within_budget(self.ancestry(case))?;
        let ancestry = found.unwrap_or_default();
        let kind = match case.old {
            Old::Absent => Some(UpdateKind::Created),
            Old::Commit(_) if ancestry.is_forward => Some(UpdateKind::FastForward),
            // Also what met a bound before it was known to be a fast-forward.
            Old::Commit(_) => Some(UpdateKind::Rewound),
            // A fast-forward can't be told from a rewind.
            Old::Unknown => None,
        };
        let mut verdict = Verdict {
            update: kind.and_then(|kind| update_kind(case.tree, case.ref_name, kind)),
            ..Verdict::default()
        };
        if case.tree.judges_commits() {
            let (commits, exceeded) = within_budget(self.commits(case, ancestry))?;
            verdict.commits = commits.unwrap_or_default();
            verdict.exceeded = exceeded.or(late);
        }
        Ok(verdict)
    }

    /// How the new value stands to the old one. Where clocks hide that it descends from it, the
    /// entering commits are followed whatever their dates say.
    pub(crate) fn ancestry(&self, case: &Case<'_>) -> Result<Ancestry<'_>, Error> {
        let Old::Commit(old) = case.old else {
            return Ok(Ancestry::default());
        };
        let by_date = self.history.lineage(old, &Range::default())?;
        if by_date.has(case.new)? {
            return Ok(Ancestry {
                lineage: by_date,
                is_forward: true,
                range: None,
            });
        }
        let range = self.entering(case)?;
        let lineage = self.history.lineage(old, &range)?;
        Ok(Ancestry {
            is_forward: lineage.has(case.new)?,
            lineage,
            range: Some(range),
        })
    }

    fn entering(&self, case: &Case<'_>) -> Result<Range, Error> {
        Range::entering(self.history, case.new, &case.hidden, self.budget)
    }

    fn commits(&self, case: &Case<'_>, ancestry: Ancestry<'_>) -> Result<Commits, Error> {
        let lineage = &ancestry.lineage;
        let range = ancestry.range.map_or_else(|| self.entering(case), Ok)?;
        let touched = match case.tree.judges_paths() {
            true => {
                let asked = paths::asked(case.tree);
                self.changes.borrow_mut().classes(&range, asked)?
            }
            false => Vec::new(),
        };
        let broken = self.broken(case.tree, &range, &touched, lineage)?;
        Ok(Commits {
            range,
            touched,
            broken,
        })
    }

    fn broken(
        &self,
        tree: &Tree,
        range: &Range,
        touched: &[Touched],
        lineage: &Lineage<'_>,
    ) -> Result<Vec<Broken>, Error> {
        let mut broken = Vec::new();
        if let Some(rule) = &tree.deny {
            broken.extend(paths::denied(rule, touched));
        }
        if let Some(rule) = &tree.deny_only {
            let units = self.units(rule.judge, range, lineage)?;
            broken.extend(paths::only_denied(rule, &units, range, touched));
        }
        if !tree.messages.is_empty() {
            for (at, row) in range.rows.iter().enumerate() {
                let message = self.repo.message(row.oid)?;
                broken.extend(messages::broken(
                    &tree.messages,
                    at,
                    row.is_merge(),
                    &message,
                ));
            }
        }
        Ok(broken)
    }

    /// What a `deny-only` rule judges as one: each commit of the range is in exactly one unit.
    pub(crate) fn units(
        &self,
        judge: Unit,
        range: &Range,
        lineage: &Lineage<'_>,
    ) -> Result<Vec<Vec<CommitIx>>, Error> {
        let all = 0..range.rows.len();
        match judge {
            Unit::Commit => Ok(all.map(|at| vec![at]).collect()),
            Unit::Push => Ok(vec![all.collect()]),
            Unit::Series => series::split(range, lineage, |row| {
                Ok(MessageId::of(&self.repo.message(row.oid)?))
            }),
        }
    }

    /// Puts a broken rule into words: commits by name and subject, and the paths to show.
    pub fn finding(
        &self,
        case: &Case<'_>,
        range: &Range,
        broken: &Broken,
    ) -> Result<Finding, Error> {
        let offender = match &broken.who {
            Who::Commit(at) => Offender::Commit(self.offence(range, *at, broken.show)?),
            Who::Unit {
                what,
                size,
                offending,
            } => Offender::Unit {
                what,
                size: *size,
                offending: broken.who.commits(range)?,
                commits: offending
                    .iter()
                    .take(COMMITS_SHOWN)
                    .map(|at| self.offence(range, *at, broken.show))
                    .collect::<Result<_, _>>()?,
            },
        };
        let fault = broken.fault.clone();
        let place = &broken.place;
        let finding = tree_finding(case.tree, broken.code, case.ref_name, fault, place);
        Ok(Finding {
            offender,
            severity: case.severity(broken.code),
            ..finding
        })
    }

    fn offence(&self, range: &Range, at: CommitIx, of: Touched) -> Result<Offence, Error> {
        let paths = match of == Touched::default() {
            true => PathSample::default(),
            false => self.paths(range, at, of, PATHS_SHOWN)?,
        };
        let oid = range.row(at)?.oid;
        Ok(Offence {
            commit: CommitLine {
                oid,
                subject: self.repo.subject(oid)?,
            },
            paths,
        })
    }

    /// All classes that a commit touches; of a merge those that a rule of any tree asks for. To
    /// know of the others could mean to have git merge hundreds of files, for a line of advice.
    pub(crate) fn all_classes(&self, commits: &Commits, at: CommitIx) -> Result<ClassMask, Error> {
        let known = commits.touched.get(at).copied().unwrap_or_default().all();
        if !commits.range.rows.get(at).is_some_and(CommitRow::is_merge) {
            return Ok(known);
        }
        let alone = commits.range.alone(at)?;
        let trees = self.policy.trees.iter().map(paths::asked);
        let asked = trees.fold(Touched::default(), |all, asked| Touched {
            own: all.own | asked.own,
            resolved: all.resolved | asked.resolved,
        });
        let all = self.changes.borrow_mut().classes(&alone, asked)?;
        Ok(all.iter().fold(known, |all, touched| all | touched.all()))
    }

    /// Returns true if and only if the commit itself changes a path.
    pub(crate) fn changes_something(&self, range: &Range, at: CommitIx) -> Result<bool, Error> {
        let any = Touched::either(ClassMask::ALL);
        Ok(self.paths(range, at, any, 0)?.total > 0)
    }

    /// Up to `cap` paths of these classes that a commit changes.
    pub fn paths(
        &self,
        range: &Range,
        at: CommitIx,
        of: Touched,
        cap: usize,
    ) -> Result<PathSample, Error> {
        self.changes.borrow_mut().paths(range, at, of, cap)
    }
}

/// Tells a bound that was met from an error that ends the judging.
fn within_budget<T>(result: Result<T, Error>) -> Result<(Option<T>, Option<Exceeded>), Error> {
    match result {
        Ok(value) => Ok((Some(value), None)),
        Err(Error::TooMuch(exceeded)) => Ok((None, Some(exceeded))),
        Err(error) => Err(error),
    }
}
