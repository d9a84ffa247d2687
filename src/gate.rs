//! The pipeline, and the only place that knows its order.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::budget::{Budget, Exceeded};
use crate::decision::{Decision, JudgedUpdate, Judgement, MOST_SHOWN};
use crate::doubt;
use crate::error::Error;
use crate::finding::{
    Code, CommitLine, Finding, Lifting, Offence, Offender, PathSample, Severity,
};
use crate::git::{CommitIx, History, Jobs, Range, RefTable, Repo};
use crate::input::Command;
use crate::judge::{Case, Commits, Judge, Old};
use crate::notes;
use crate::overrides::cover::Matter;
use crate::overrides::docket::{Docket, Ruling};
use crate::overrides::examine::Authority;
use crate::overrides::request::requests;
use crate::policy::{Enforce, Policy, RefPattern, Tree, Upstream};
use crate::route::Router;
use crate::rules::refs::{Screened, UpdateKind, screen, tree_finding, update_kind};
use crate::rules::{Broken, Who};
use crate::standing::{Target, absent_upstreams};
use crate::update::{Change, Oid, RefName, RefUpdate, RefValue};

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
    let mut court = Court::new(judge, standing);
    court.judgement.findings = findings;
    for (tree, update) in &governed {
        court.update(tree, update)?;
    }
    court.appeals = Some(Appeals {
        docket: Some(docket),
        updates,
    });
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

/// What could lift findings, and what each of them is about.
struct Appeals<'r> {
    /// `None` where a push is only supposed: nobody signs for that.
    docket: Option<Docket<'r>>,
    updates: Vec<Cow<'r, RefUpdate>>,
}

impl Appeals<'_> {
    /// What overrides make of a broken rule; `None` where no override is asked.
    fn rule(
        &self,
        code: Code,
        ref_name: &[u8],
        commits: &[Oid],
    ) -> Result<Option<Ruling>, Error> {
        let mut updates = self.updates.iter();
        let update = updates.find(|update| update.name.as_bytes() == ref_name);
        let update = update.filter(|_| code.lifting() != Lifting::Never);
        let Some((update, docket)) = update.zip(self.docket.as_ref()) else {
            return Ok(None);
        };
        let matter = Matter {
            code,
            ref_name: &update.name,
            change: update.change,
            commits,
        };
        docket.rule(&matter).map(Some)
    }
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
    let appeals = Appeals {
        docket: None,
        updates: vec![Cow::Owned(supposed.update())],
    };
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
    court.most_routed = if appeals.is_some() { MOST_ROUTED } else { 0 };
    court.appeals = appeals;
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
    appeals: Option<Appeals<'r>>,
}

impl<'r> Court<'r> {
    fn new(judge: Judge<'r>, standing: RefTable) -> Self {
        Self {
            judge,
            standing,
            judgement: Judgement::default(),
            judged: Vec::new(),
            most_routed: MOST_ROUTED,
            appeals: None,
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
        self.lift_updates()?;
        let mut told: BTreeMap<(Severity, bool), usize> = BTreeMap::new();
        for finding in &self.judgement.findings {
            *told
                .entry((finding.severity, finding.is_lifted()))
                .or_default() += 1;
        }
        let judged = std::mem::take(&mut self.judged);
        for (case, commits) in &judged {
            for broken in &commits.broken {
                let (severity, ruling) = self.weigh(case, &commits.range, broken)?;
                let is_lifted = !ruling.lifted_by.is_empty();
                let before = told.entry((severity, is_lifted)).or_default();
                // Who lifted it knows another way, and didn't want it.
                let advised = (!is_lifted).then_some(self.most_routed);
                let finding = self.finding(case, commits, broken, *before, advised)?;
                *before += 1;
                let finding = ruled(Finding { severity, ..finding }, ruling);
                self.judgement.findings.push(finding);
            }
        }
        self.conclude(&judged);
        Ok(self.judgement.decide())
    }

    /// Lets overrides be heard on what is wrong with the updates themselves.
    fn lift_updates(&mut self) -> Result<(), Error> {
        let Some(appeals) = &self.appeals else {
            return Ok(());
        };
        let findings = std::mem::take(&mut self.judgement.findings);
        for finding in findings {
            let ruling = match finding.severity {
                Severity::Deny => appeals.rule(finding.code, &finding.ref_name, &[])?,
                Severity::Warn => None,
            };
            let ruled = ruled(finding, ruling.unwrap_or_default());
            self.judgement.findings.push(ruled);
        }
        Ok(())
    }

    /// What a broken rule weighs, and what overrides make of it.
    fn weigh(
        &self,
        case: &Case<'_>,
        range: &Range,
        broken: &Broken,
    ) -> Result<(Severity, Ruling), Error> {
        let severity = case.severity(broken.code);
        // What is only a warning here because of what a clone doesn't know may be more to the server.
        let denies = case.tree.severity(broken.code) == Severity::Deny;
        let Some(appeals) = self.appeals.as_ref().filter(|_| denies) else {
            return Ok((severity, Ruling::default()));
        };
        let commits = broken.who.commits(range)?;
        let ruling = appeals.rule(broken.code, case.ref_name.as_bytes(), &commits)?;
        let ruling = ruling.unwrap_or_default();
        let severity = match (ruling.lifted_by.is_empty(), ruling.doubtful) {
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
        let idle = appeals.docket.as_ref().map(Docket::idle);
        for note in idle.into_iter().flatten() {
            self.note(Some(note));
        }
        let newest_first = |name: &RefName, commits: &mut Vec<Oid>| {
            if commits.len() < 2 {
                return;
            }
            let mut cases = judged.iter();
            let found = cases.find(|(case, _)| case.ref_name == name);
            let rows = found.map_or([].as_slice(), |(_, commits)| &commits.range.rows);
            let at: BTreeMap<Oid, CommitIx> = rows
                .iter()
                .enumerate()
                .map(|(at, row)| (row.oid, at))
                .collect();
            commits.sort_by_key(|commit| Reverse(at.get(commit).copied()));
        };
        let requests = requests(
            &self.judgement,
            &appeals.updates,
            newest_first,
            self.judge.policy,
        );
        self.judgement.requests = requests;
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

/// The finding with what overrides make of it.
fn ruled(mut finding: Finding, ruling: Ruling) -> Finding {
    if ruling.doubtful && ruling.lifted_by.is_empty() {
        finding.help.push(
            "the server has an override for this, which isn't here: it tells whether that counts"
                .to_owned(),
        );
    }
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
