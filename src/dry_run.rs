//! What a policy says of updates that were made already.
//!
//! They are judged by [`gate::rehearse`], each with a budget of its own as a push has it, and
//! against the upstreams as they stand now.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use crate::budget::{Budget, Limits};
use crate::decision::{Decision, Judgement};
use crate::error::Error;
use crate::finding::{Code, Finding};
use crate::gate::{self, Supposed};
use crate::git::{History, KnownCommits, Moved, Repo};
use crate::judge::Judge;
use crate::policy::{Policy, Tree};
use crate::series::MessageId;
use crate::standing::Target;
use crate::update::{Oid, RefName, RefValue};

/// Where it is known from how a ref came to its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// Its reflog: an entry is a push.
    Reflog,
    /// Its history: what a first-parent step brought counts as pushed at once. Neighbours of one
    /// thread are one step, as they are one series.
    Steps,
}

/// How a ref came to its value.
#[derive(Clone, Debug)]
pub struct Past {
    /// Its updates, newest first.
    pub updates: Vec<Moved>,
    /// Where they are known from.
    pub record: Record,
    /// How many are passed over, since their objects are gone.
    pub lost: usize,
}

/// What a policy says of an update.
#[derive(Debug)]
pub enum Answer {
    /// It would be accepted.
    Accepted(Judgement),
    /// It would be refused.
    Refused(Judgement),
    /// It can't be judged, and would be refused for that: an object is missing or malformed.
    Unjudged(Error),
}

/// What came of many updates.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many were judged.
    pub updates: usize,
    /// How many commits they brought.
    pub commits: usize,
    /// How often each rule was broken.
    pub broken: BTreeMap<Code, usize>,
    /// The first few findings.
    pub first: Vec<Finding>,
    /// How many could not be judged.
    pub unjudged: usize,
    /// Why the first of these could not.
    pub fault: Option<Error>,
}

impl Tally {
    /// Counts an answer; up to `most` findings are kept.
    pub fn add(&mut self, answer: Answer, most: usize) {
        let judgement = match answer {
            Answer::Accepted(judgement) | Answer::Refused(judgement) => judgement,
            Answer::Unjudged(error) => {
                self.unjudged += 1;
                self.fault.get_or_insert(error);
                return;
            }
        };
        self.updates += 1;
        let entering = judgement
            .updates
            .iter()
            .filter_map(|update| update.entering);
        self.commits += entering.sum::<usize>();
        for finding in judgement.findings {
            *self.broken.entry(finding.code).or_default() += 1;
            if self.first.len() < most {
                self.first.push(finding);
            }
        }
    }
}

/// Judges many updates of one repository; what it reads of the history is kept.
pub struct Rehearsal<'r> {
    /// What the reader should know beside the answers.
    pub notes: BTreeSet<String>,
    repo: &'r Repo,
    known: KnownCommits,
}

impl<'r> Rehearsal<'r> {
    /// One that has read nothing so far.
    pub fn new(repo: &'r Repo) -> Self {
        Self {
            notes: BTreeSet::new(),
            repo,
            known: KnownCommits::default(),
        }
    }

    /// The newest `most` updates of a ref that holds the commit `tip`: by its reflog, or by its
    /// history where it has no log or one that ends before `tip`.
    pub fn past(
        &mut self,
        name: &RefName,
        tip: Oid,
        most: usize,
        limits: Limits,
    ) -> Result<Past, Error> {
        let log = self.repo.reflog(name, most, &Budget::new(limits))?;
        let held = log.newest.map_or(Ok(None), |oid| self.repo.peel(oid));
        if matches!(held, Ok(Some(oid)) if oid == tip) {
            return Ok(Past {
                updates: log.entries,
                record: Record::Reflog,
                lost: log.lost,
            });
        }
        Ok(Past {
            updates: self.steps(tip, most, limits)?,
            record: Record::Steps,
            lost: 0,
        })
    }

    /// The newest `most` first-parent steps to `tip`, newest first.
    pub fn steps(&mut self, tip: Oid, most: usize, limits: Limits) -> Result<Vec<Moved>, Error> {
        let repo = self.repo;
        self.with_history(limits, |history, _| steps(repo, history, tip, most))
    }

    /// What the policy says of an update of a ref of its tree.
    pub fn judge(
        &mut self,
        policy: &Policy,
        tree: &Tree,
        name: &RefName,
        update: Moved,
        record: Record,
    ) -> Result<Answer, Error> {
        let mut judgement = match self.decide(policy, tree, name, update) {
            Ok(Decision::Accept(judgement) | Decision::Reject(judgement)) => judgement,
            Err(error @ (Error::Missing(_) | Error::Malformed { .. })) => {
                return Ok(Answer::Unjudged(error));
            }
            Err(error) => return Err(error),
        };
        if record == Record::Steps && update.old == RefValue::Absent {
            // The step to a root commit creates no ref, and the notes are on creation.
            let creates = |finding: &Finding| finding.code == Code::RefCreated;
            judgement.findings.retain(|finding| !creates(finding));
            judgement.notes.clear();
        }
        self.notes.append(&mut judgement.notes.drain(..).collect());
        Ok(match judgement.decide() {
            Decision::Accept(judgement) => Answer::Accepted(judgement),
            Decision::Reject(judgement) => Answer::Refused(judgement),
        })
    }

    fn decide(
        &mut self,
        policy: &Policy,
        tree: &Tree,
        name: &RefName,
        update: Moved,
    ) -> Result<Decision, Error> {
        let repo = self.repo;
        let commit = |oid: Oid| {
            let fault = "a tree holds commits, and this is none";
            repo.peel(oid)?.ok_or(Error::Malformed { oid, fault })
        };
        let supposed = Supposed {
            tree,
            ref_name: name,
            old: update.old.oid().map(commit).transpose()?,
            new: commit(update.new)?,
        };
        self.with_history(policy.limits, |history, budget| {
            let judge = Judge::new(policy, repo, &Target::Here, history, budget);
            gate::rehearse(supposed, judge)
        })
    }

    fn with_history<T>(
        &mut self,
        limits: Limits,
        work: impl FnOnce(&History<'_>, &Budget) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let budget = Budget::new(limits);
        let history = History::knowing(mem::take(&mut self.known), self.repo, &budget);
        let done = work(&history, &budget);
        self.known = history.into_known();
        done
    }
}

fn steps(repo: &Repo, history: &History<'_>, tip: Oid, most: usize) -> Result<Vec<Moved>, Error> {
    let mut steps: Vec<Moved> = Vec::new();
    let mut later: Option<MessageId> = None;
    let mut next = Some(tip);
    for _ in 0..most {
        let Some(oid) = next else { break };
        let commit = history.commit(oid)?;
        next = commit.parents.first().copied();
        let old = next.map_or(RefValue::Absent, RefValue::At);
        let posted = match commit.parents.len() > 1 {
            true => None,
            false => MessageId::of(&repo.message(oid)?),
        };
        let same = posted
            .as_ref()
            .zip(later.as_ref())
            .is_some_and(|(id, later)| id.same_thread(later));
        match steps.last_mut().filter(|_| same) {
            Some(step) => step.old = old,
            None => steps.push(Moved { old, new: oid }),
        }
        later = posted;
    }
    Ok(steps)
}
