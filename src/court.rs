//! One push before the judge: case by case, then overrides, then all of it in words.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::budget::Exceeded;
use crate::decision::{Decision, JudgedUpdate, Judgement, MOST_SHOWN};
use crate::doubt;
use crate::error::Error;
use crate::finding::{Code, CommitLine, Finding, Offence, Offender, PathSample, Severity};
use crate::git::{CommitIx, Range, RefTable};
use crate::judge::{Case, Commits, Judge, Old};
use crate::notes;
use crate::overrides::appeals::Appeals;
use crate::overrides::hearing::Ruling;
use crate::policy::{Enforce, Tree, Upstream};
use crate::route::Router;
use crate::rules::refs::{UpdateKind, tree_finding, update_kind};
use crate::rules::{Broken, Who};
use crate::standing::absent_upstreams;
use crate::update::{Oid, RefName, RefUpdate, RefValue};

/// How many findings come with the command that would be right: working it out means judging
/// another push.
const MOST_ROUTED: usize = 3;
/// How many refs are named whose objects a clone doesn't have.
const MOST_LACKING: usize = 3;

/// What is said of a finding that an override may lift which a clone doesn't have.
const ELSEWHERE: &str =
    "the server has an override for this push, which isn't here: it tells whether that counts";

/// Judges case by case, then puts what was found into words: advice means judging other pushes,
/// and gets what the budget has left.
pub(crate) struct Court<'r> {
    pub judge: Judge<'r>,
    standing: RefTable,
    /// What there is to say so far.
    pub judgement: Judgement,
    judged: Vec<(Case<'r>, Commits)>,
    most_routed: usize,
    appeals: Option<Appeals<'r>>,
}

impl<'r> Court<'r> {
    /// A court that gives no advice, and hears no overrides.
    pub fn new(judge: Judge<'r>, standing: RefTable) -> Self {
        Self {
            judge,
            standing,
            judgement: Judgement::default(),
            judged: Vec::new(),
            most_routed: 0,
            appeals: None,
        }
    }

    /// The same with overrides and with advice.
    #[must_use]
    pub fn with_appeals(mut self, appeals: Appeals<'r>) -> Self {
        self.appeals = Some(appeals);
        self.most_routed = MOST_ROUTED;
        self
    }

    /// Judges the update of a governed ref.
    pub fn update(&mut self, tree: &'r Tree, update: &'r RefUpdate) -> Result<(), Error> {
        let name = &update.name;
        let new = match update.change.new_value().oid() {
            Some(oid) => self.judge.history.peel(oid)?,
            None => None,
        };
        if new.is_none() && update.change.new_value() != RefValue::Absent {
            let fault = "a tree holds commits, and this is none".to_owned();
            let finding = tree_finding(tree, Code::BadUpdate, name, fault, &tree.place);
            self.judgement.findings.push(finding);
            return Ok(());
        }
        match new {
            _ if tree.enforce == Enforce::Off => Ok(()),
            None => {
                self.judgement
                    .findings
                    .extend(update_kind(tree, name, UpdateKind::Deleted));
                self.enter(tree, name, None);
                Ok(())
            }
            Some(new) => self.moved(tree, name, update.change.old(), new),
        }
    }

    fn moved(
        &mut self,
        tree: &'r Tree,
        name: &'r RefName,
        old: RefValue,
        new: Oid,
    ) -> Result<(), Error> {
        if let RefValue::At(value) = old {
            let held = self.judge.target.held(self.judge.repo, name, value)?;
            self.note(notes::old_value(name, value, &held, self.judge.target));
        }
        let old = self.judge.old(name, old)?;
        let hidden = self.judge.hidden(tree, &self.standing)?;
        let doubtful = doubt::over_refs(&self.judge, tree, name, old, &self.standing)?;
        self.case(Case {
            tree,
            ref_name: name,
            old,
            new,
            hidden,
            doubtful,
        })
    }

    /// Judges an update whose values are known to be commits.
    pub fn case(&mut self, mut case: Case<'r>) -> Result<(), Error> {
        let mut verdict = self.judge.judge(&case)?;
        let cut = doubt::over_history(&self.judge, &case, &verdict)?;
        case.doubtful |= cut.range;
        if let Some(rewind) = verdict.update.as_mut().filter(|_| cut.descent) {
            rewind.severity = Severity::Warn;
        }
        self.note(cut.any().then(|| notes::SHALLOW.to_owned()));
        self.judgement.findings.extend(verdict.update);
        if let Some(exceeded) = verdict.exceeded {
            let finding = too_much(&case, exceeded);
            self.judgement.findings.push(finding);
        }
        if verdict.exceeded.is_some() || !verdict.commits.broken.is_empty() {
            let target = self.judge.target;
            let (missing, absent): (Vec<_>, Vec<_>) = self
                .absent(case.tree)
                .into_iter()
                .partition(|upstream| target.may_have(upstream));
            self.note(notes::upstreams(&absent));
            self.note_lacking(&case)?;
            self.note(notes::missing_upstreams(&missing, &target.name()));
        }
        if case.old == Old::Absent && !verdict.commits.broken.is_empty() {
            let unseen = self.judge.target.unseen(case.tree, case.ref_name);
            self.note(notes::unseen(&unseen, &self.judge.target.name()));
            self.note(Some(notes::adoption(&case)));
        }
        let known = verdict.exceeded.is_none() && case.tree.judges_commits();
        let entering = known.then_some(verdict.commits.range.rows.len());
        self.enter(case.tree, case.ref_name, entering);
        self.judged.push((case, verdict.commits));
        Ok(())
    }

    /// Hears the overrides, and puts what was found into words.
    pub fn decide(mut self) -> Result<Decision, Error> {
        self.lift_updates()?;
        let mut told: BTreeMap<(Severity, bool), usize> = BTreeMap::new();
        for finding in &self.judgement.findings {
            *told
                .entry((finding.severity, finding.is_lifted()))
                .or_default() += 1;
        }
        let judged = std::mem::take(&mut self.judged);
        for (case, commits) in &judged {
            let doubtful = self.is_doubtful(commits)?;
            for broken in &commits.broken {
                let (severity, ruling) = self.weigh(case, &commits.range, broken, doubtful)?;
                let is_lifted = !ruling.lifted_by.is_empty();
                let before = told.entry((severity, is_lifted)).or_default();
                // Who lifted it knows another way, and didn't want it.
                let advised = (!is_lifted).then_some(self.most_routed);
                let finding = self.finding(case, commits, broken, *before, advised)?;
                *before += 1;
                let finding = ruled(
                    Finding {
                        severity,
                        ..finding
                    },
                    ruling,
                );
                self.judgement.findings.push(finding);
            }
        }
        self.conclude(&judged);
        Ok(self.judgement.decide())
    }

    /// Lets overrides be heard on what is wrong with the updates themselves.
    fn lift_updates(&mut self) -> Result<(), Error> {
        for finding in std::mem::take(&mut self.judgement.findings) {
            let appeals = self.appeals.as_ref();
            let ruling = match appeals.filter(|_| finding.severity == Severity::Deny) {
                Some(appeals) => appeals.rule(finding.code, &finding.ref_name, &[])?,
                None => Ruling::default(),
            };
            let finding = ruled(finding, ruling);
            self.note(notes::unjudged(&finding));
            self.judgement.findings.push(finding);
        }
        Ok(())
    }

    /// Returns true if and only if an override that isn't here may lift what these commits break.
    fn is_doubtful(&self, commits: &Commits) -> Result<bool, Error> {
        let appeals = self.appeals.as_ref();
        let Some(appeals) = appeals.filter(|_| !commits.broken.is_empty()) else {
            return Ok(false);
        };
        appeals.is_doubtful(commits.range.rows.iter().map(|row| row.oid))
    }

    /// What a broken rule weighs, and what overrides make of it; `doubtful` where one that isn't here
    /// may lift it.
    fn weigh(
        &self,
        case: &Case<'_>,
        range: &Range,
        broken: &Broken,
        doubtful: bool,
    ) -> Result<(Severity, Ruling), Error> {
        let severity = case.severity(broken.code);
        // What is only a warning here because of what a clone doesn't know may be more to the server.
        let denies = case.tree.severity(broken.code) == Severity::Deny;
        let Some(appeals) = self.appeals.as_ref().filter(|_| denies) else {
            return Ok((severity, Ruling::default()));
        };
        let commits = broken.who.commits(range)?;
        let mut ruling = appeals.rule(broken.code, case.ref_name.as_bytes(), &commits)?;
        if doubtful && ruling.lifted_by.is_empty() {
            ruling.reasons.insert(0, ELSEWHERE.into());
        }
        let severity = match (ruling.lifted_by.is_empty(), doubtful) {
            (false, _) => Severity::Deny,
            (true, true) => Severity::Warn,
            (true, false) => severity,
        };
        Ok((severity, ruling))
    }

    /// What is left to say: of overrides that lift nothing, and of what could be signed.
    fn conclude(&mut self, judged: &[(Case<'_>, Commits)]) {
        let Some(appeals) = self.appeals.take() else {
            return;
        };
        for note in appeals.idle() {
            self.note(Some(note));
        }
        let sort = |name: &RefName, commits: &mut Vec<Oid>| {
            let mut cases = judged.iter();
            let found = cases.find(|(case, _)| case.ref_name == name);
            if let Some((_, of)) = found.filter(|_| commits.len() > 1) {
                newest_first(&of.range, commits);
            }
        };
        self.judgement.requests =
            appeals.requests(&self.judgement, sort, (self.judge.policy, self.judge.repo));
    }

    /// The finding in as many words as it will be shown with, after `before` others of its weight,
    /// with advice where `advised` is given, and for so many with commands. Where the budget ends
    /// before that, it stands without them.
    fn finding(
        &self,
        case: &Case<'_>,
        commits: &Commits,
        broken: &Broken,
        before: usize,
        advised: Option<usize>,
    ) -> Result<Finding, Error> {
        let bare = || bare(case, &commits.range, broken);
        if before >= MOST_SHOWN {
            return bare();
        }
        let router = Router {
            judge: &self.judge,
            case,
            commits,
        };
        let finding = match self.judge.finding(case, &commits.range, broken) {
            Err(Error::TooMuch(_)) => return bare(),
            other => other?,
        };
        let help = advised.map(|most| router.help(broken, before < most));
        let help = match help.transpose() {
            Err(Error::TooMuch(_)) => None,
            other => other?,
        };
        Ok(Finding {
            help: help.unwrap_or_default(),
            ..finding
        })
    }

    fn enter(&mut self, tree: &Tree, name: &RefName, entering: Option<usize>) {
        self.judgement.updates.push(JudgedUpdate {
            tree: tree.name.clone(),
            ref_name: name.as_bytes().into(),
            entering,
        });
    }

    /// Tells which refs that could excuse the commits are at objects that a clone doesn't have.
    fn note_lacking(&mut self, case: &Case<'_>) -> Result<(), Error> {
        let (judge, standing) = (&self.judge, &self.standing);
        let (target, policy) = (judge.target, judge.policy);
        let lacking = target.lacking(judge.repo, case.tree, case.ref_name, policy, standing)?;
        let notes: Vec<_> = lacking
            .into_iter()
            .take(MOST_LACKING)
            .map(|(name, value)| {
                let held = target.held(judge.repo, name, value)?;
                Ok(notes::old_value(name, value, &held, target))
            })
            .collect::<Result<_, Error>>()?;
        for note in notes {
            self.note(note);
        }
        Ok(())
    }

    fn absent(&self, tree: &Tree) -> Vec<&'r Upstream> {
        absent_upstreams(tree, self.judge.policy, &self.standing)
    }

    fn note(&mut self, note: Option<String>) {
        if let Some(note) = note.filter(|note| !self.judgement.notes.contains(note)) {
            self.judgement.notes.push(note);
        }
    }
}

/// Sorts commits of the range.
fn newest_first(range: &Range, commits: &mut [Oid]) {
    let rows = range.rows.iter().enumerate();
    let at: BTreeMap<Oid, CommitIx> = rows.map(|(at, row)| (row.oid, at)).collect();
    commits.sort_by_key(|commit| Reverse(at.get(commit).copied()));
}

/// The finding with what overrides make of it.
fn ruled(mut finding: Finding, ruling: Ruling) -> Finding {
    finding.help.extend(ruling.reasons);
    finding.lifted_by = ruling.lifted_by;
    finding
}

/// A finding by its commits' names alone.
fn bare(case: &Case<'_>, range: &Range, broken: &Broken) -> Result<Finding, Error> {
    let fault = broken.fault.clone();
    let finding = tree_finding(case.tree, broken.code, case.ref_name, fault, &broken.place);
    let offender = match &broken.who {
        Who::Commit(at) => Offender::Commit(Offence {
            commit: CommitLine {
                oid: range.row(*at)?.oid,
                subject: Vec::new(),
            },
            paths: PathSample::default(),
        }),
        Who::Unit { what, size, .. } => Offender::Unit {
            what,
            size: *size,
            commits: Vec::new(),
            offending: broken.who.commits(range)?,
        },
    };
    Ok(Finding {
        offender,
        severity: case.severity(broken.code),
        ..finding
    })
}

fn too_much(case: &Case<'_>, exceeded: Exceeded) -> Finding {
    let fault = exceeded.to_string();
    let place = &case.tree.place;
    let mut finding = tree_finding(case.tree, Code::TooMuch, case.ref_name, fault, place);
    finding.severity = case.severity(Code::TooMuch);
    finding
        .help
        .push("push in smaller steps, or raise [budget] in the policy".to_owned());
    if case.old == Old::Absent {
        finding.help.push(notes::adoption(case));
    }
    finding
}
