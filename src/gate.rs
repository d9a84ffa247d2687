//! The pipeline, and the only place that knows its order.

use std::collections::{BTreeMap, BTreeSet};

use crate::budget::{Budget, Exceeded};
use crate::decision::{Decision, JudgedUpdate, Judgement, MOST_SHOWN};
use crate::doubt;
use crate::error::Error;
use crate::finding::{Code, CommitLine, Finding, Offence, Offender, PathSample, Severity};
use crate::git::{History, Jobs, Range, RefTable, Repo};
use crate::input::Command;
use crate::judge::{Case, Commits, Judge, Old};
use crate::notes;
use crate::policy::{Enforce, Policy, RefPattern, Tree, Upstream};
use crate::route::Router;
use crate::rules::refs::{Screened, UpdateKind, screen, tree_finding, update_kind};
use crate::rules::{Broken, Who};
use crate::standing::{Target, absent_upstreams};
use crate::update::{Oid, RefName, RefUpdate, RefValue};

/// How many findings come with the command that would be right: working it out means judging
/// another push.
const MOST_ROUTED: usize = 3;
/// How many refs are named whose objects a clone doesn't have.
const MOST_LACKING: usize = 3;

/// Judges a push: the commands of a hook against the refs of the target as they stand.
pub fn gate(
    commands: &[Command],
    policy: &Policy,
    repo: &Repo,
    target: &Target,
    budget: &Budget,
) -> Result<Decision, Error> {
    let standing = target.refs(repo, &prefixes(commands, policy), budget)?;
    let Screened { governed, findings } = screen(commands, policy, &standing, |name| {
        target.is_dangling(repo, name, budget)
    })?;
    let history = History::new(repo, budget);
    let judge = Judge::new(policy, repo, target, &history, budget);
    let mut court = Court::new(judge, standing);
    court.judgement.findings = findings;
    for (tree, update) in &governed {
        court.update(tree, update)?;
    }
    court.decide()
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
    check_as(supposed, judge.with_jobs(jobs), MOST_ROUTED)
}

/// The same by a judge that brings what it knows of the history, and without advice.
pub fn rehearse<'r>(supposed: Supposed<'r>, judge: Judge<'r>) -> Result<Decision, Error> {
    check_as(supposed, judge, 0)
}

fn check_as<'r>(
    supposed: Supposed<'r>,
    judge: Judge<'r>,
    most_routed: usize,
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
    court.most_routed = most_routed;
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

/// Judges case by case, then puts what was found into words: advice means judging other pushes,
/// and gets what the budget has left.
struct Court<'r> {
    judge: Judge<'r>,
    standing: RefTable,
    judgement: Judgement,
    judged: Vec<(Case<'r>, Commits)>,
    most_routed: usize,
}

impl<'r> Court<'r> {
    fn new(judge: Judge<'r>, standing: RefTable) -> Self {
        Self {
            judge,
            standing,
            judgement: Judgement::default(),
            judged: Vec::new(),
            most_routed: MOST_ROUTED,
        }
    }

    fn update(&mut self, tree: &'r Tree, update: &'r RefUpdate) -> Result<(), Error> {
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

    fn case(&mut self, mut case: Case<'r>) -> Result<(), Error> {
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

    fn decide(mut self) -> Result<Decision, Error> {
        let mut told: BTreeMap<Severity, usize> = BTreeMap::new();
        for finding in &self.judgement.findings {
            *told.entry(finding.severity).or_default() += 1;
        }
        for (case, commits) in std::mem::take(&mut self.judged) {
            for broken in &commits.broken {
                let before = told.entry(case.severity(broken.code)).or_default();
                let finding = self.finding(&case, &commits, broken, *before)?;
                *before += 1;
                self.judgement.findings.push(finding);
            }
        }
        Ok(self.judgement.decide())
    }

    /// The finding in as many words as it will be shown with, after `before` others of its weight.
    /// Where the budget ends before that, it stands without them.
    fn finding(
        &self,
        case: &Case<'_>,
        commits: &Commits,
        broken: &Broken,
        before: usize,
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
        let help = match router.help(broken, before < self.most_routed) {
            Err(Error::TooMuch(_)) => Vec::new(),
            other => other?,
        };
        Ok(Finding { help, ..finding })
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
        Who::Unit {
            what,
            size,
            offending,
        } => Offender::Unit {
            what,
            size: *size,
            commits: Vec::new(),
            total: offending.len(),
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
