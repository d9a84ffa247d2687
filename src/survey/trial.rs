//! One tree's answers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Answer, Answers, Base, Commits, Reason, judged};
use crate::error::Error;
use crate::finding::{Code, Severity};
use crate::gate::upstream_prefixes;
use crate::git::{CommitIx, Repo};
use crate::judge::{self, Case, Judge};
use crate::notes::named;
use crate::policy::{Enforce, Policy, Tree, Unit};
use crate::report::escape::Shown;
use crate::route::any_ref;
use crate::rules::{Broken, Who, paths};
use crate::standing::absent_upstreams;
use crate::update::Oid;

/// The tree's answers, and those of its upstreams that no ref holds.
pub(super) fn ask<'p>(
    tree: &'p Tree,
    commits: &Commits,
    base: &Base,
    policy: &Policy,
    repo: &Repo,
) -> Result<(Answers<'p>, Vec<String>), Error> {
    if tree.enforce == Enforce::Off {
        return Ok((same(tree, base, &Answer::NotEnforced), Vec::new()));
    }
    judged(policy, repo, |judge| {
        let mut wanted = BTreeSet::new();
        upstream_prefixes(tree, policy, &mut wanted);
        let standing = repo.refs(&wanted, judge.budget)?;
        let mut hidden = judge.trusted(tree, &standing)?;
        hidden.extend(&commits.below);
        let verdict = judge.judge(&Case {
            tree,
            ref_name: &any_ref(tree)?,
            old: commits.old().into(),
            new: commits.new,
            hidden,
            doubtful: false,
        })?;
        let answers = match verdict.exceeded {
            Some(exceeded) => {
                let severity = tree.severity(Code::TooMuch);
                same(tree, base, &Answer::TooMuch(exceeded, severity))
            }
            None => Trial::new(tree, judge, &verdict.commits).answers(base)?,
        };
        let absent = absent_upstreams(tree, policy, &standing);
        Ok((answers, absent.into_iter().map(named).collect()))
    })
}

/// The same answer to everything.
fn same<'p>(tree: &'p Tree, base: &Base, answer: &Answer) -> Answers<'p> {
    let takes = answer.is_yes();
    Answers {
        tree,
        alone: base.lines.iter().map(|_| answer.clone()).collect(),
        whole: answer.clone(),
        as_one_series: false,
        in_series: base.lines.iter().map(|_| takes).collect(),
    }
}

/// Commits that a tree has judged in one push.
struct Trial<'t, 'p, 'r> {
    tree: &'p Tree,
    judge: &'t Judge<'r>,
    commits: &'t judge::Commits,
    /// Where in the range a commit stands.
    places: HashMap<Oid, CommitIx>,
}

impl<'t, 'p, 'r> Trial<'t, 'p, 'r> {
    fn new(tree: &'p Tree, judge: &'t Judge<'r>, commits: &'t judge::Commits) -> Self {
        let rows = commits.range.rows.iter().enumerate();
        Self {
            tree,
            judge,
            commits,
            places: rows.map(|(at, row)| (row.oid, at)).collect(),
        }
    }

    fn answers(&self, base: &Base) -> Result<Answers<'p>, Error> {
        let mut alone = Vec::new();
        let mut in_series = Vec::new();
        let refused = self.refused();
        for row in &base.range.rows {
            let place = self.places.get(&row.oid);
            in_series.push(place.is_none_or(|at| !refused.contains(at)));
            alone.push(match place {
                None => Answer::There,
                Some(at) => Answer::Judged(self.reasons(*at)?),
            });
        }
        let whole = match self.commits.range.rows.is_empty() {
            true => Answer::There,
            false => Answer::Judged(self.summary()),
        };
        Ok(Answers {
            tree: self.tree,
            as_one_series: !whole.is_yes() && self.takes_one_series(),
            alone,
            whole,
            in_series,
        })
    }

    /// What a commit breaks when it comes by itself.
    fn reasons(&self, at: CommitIx) -> Result<Vec<Reason>, Error> {
        let by_itself = |broken: &&Broken| {
            broken.code != Code::OnlyDeniedPaths && broken.who == Who::Commit(at)
        };
        let mut broken: Vec<Broken> = self.broken().filter(by_itself).cloned().collect();
        if let Some(rule) = &self.tree.deny_only {
            let (range, touched) = (&self.commits.range, &self.commits.touched);
            broken.extend(paths::only_denied(rule, &[vec![at]], range, touched));
        }
        broken
            .iter()
            .map(|broken| {
                Ok(Reason {
                    code: broken.code,
                    severity: self.tree.severity(broken.code),
                    words: self.words(at, broken)?,
                })
            })
            .collect()
    }

    /// The class and the first of the paths, or what the rule says.
    fn words(&self, at: CommitIx, broken: &Broken) -> Result<String, Error> {
        if broken.code == Code::MessagePattern {
            return Ok(Shown(broken.fault.as_bytes()).to_string());
        }
        let sample = match self.judge.paths(&self.commits.range, at, broken.show, 1) {
            // The budget is for the judging: what it has nothing left for stays unsaid.
            Err(Error::TooMuch(_)) => return Ok(broken.fault.clone()),
            other => other?,
        };
        let Some(path) = sample.paths.first() else {
            return Ok(broken.fault.clone());
        };
        let class = self
            .judge
            .policy
            .class_name(path.matched.map(|found| found.class));
        let more = match sample.total {
            0 | 1 => String::new(),
            total => format!(" and {} more", total - 1),
        };
        Ok(format!("{class}: {}{more}", Shown(&path.path)))
    }

    fn broken(&self) -> impl Iterator<Item = &Broken> {
        self.commits.broken.iter()
    }

    /// The commits that break something which refuses, each in its series.
    fn refused(&self) -> BTreeSet<CommitIx> {
        let refusing = |broken: &&Broken| self.tree.severity(broken.code) == Severity::Deny;
        self.broken().filter(refusing).flat_map(offenders).collect()
    }

    /// All that is broken, a reason for each code.
    fn summary(&self) -> Vec<Reason> {
        let mut by_code: BTreeMap<Code, BTreeSet<CommitIx>> = BTreeMap::new();
        for broken in self.broken() {
            by_code
                .entry(broken.code)
                .or_default()
                .extend(offenders(broken));
        }
        let all = self.commits.range.rows.len();
        by_code
            .into_iter()
            .map(|(code, commits)| Reason {
                code,
                severity: self.tree.severity(code),
                words: format!("{} of {all} commits", commits.len()),
            })
            .collect()
    }

    /// Returns true if and only if a merge that brings all of them as one series would pass.
    fn takes_one_series(&self) -> bool {
        let Some(rule) = self
            .tree
            .deny_only
            .as_ref()
            .filter(|rule| rule.judge == Unit::Series)
        else {
            return false;
        };
        let others = self.broken().filter(|broken| {
            broken.code != Code::OnlyDeniedPaths
                && self.tree.severity(broken.code) == Severity::Deny
        });
        let (range, touched) = (&self.commits.range, &self.commits.touched);
        let all = (0..range.rows.len()).collect();
        others.count() == 0 && paths::only_denied(rule, &[all], range, touched).is_empty()
    }
}

fn offenders(broken: &Broken) -> Vec<CommitIx> {
    match &broken.who {
        Who::Commit(at) => vec![*at],
        Who::Unit { offending, .. } => offending.clone(),
    }
}
