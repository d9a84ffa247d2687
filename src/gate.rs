//! The pipeline, and the only place that knows its order.

use std::collections::BTreeSet;

use crate::budget::Budget;
use crate::decision::{Decision, JudgedUpdate, Judgement};
use crate::error::Error;
use crate::finding::{Code, Finding, Offender};
use crate::git::{History, RefTable, Repo};
use crate::input::Command;
use crate::judge::{Case, Judge, Verdict};
use crate::policy::{Enforce, Policy, RefPattern, Tree};
use crate::route::Router;
use crate::rules::refs::{Screened, UpdateKind, screen, tree_finding, update_kind};
use crate::rules::{Broken, Who};
use crate::update::{Change, Oid, RefName, RefUpdate, RefValue};

/// How many findings are put into words; the rest are counted.
const MOST_FINDINGS: usize = 50;
/// How many findings come with the command that would be right: working it out means judging
/// another push.
const MOST_ROUTED: usize = 3;

/// Judges a push: the commands of a pre-receive hook against the refs as they stand.
pub fn gate(commands: &[Command], policy: &Policy, repo: &Repo) -> Result<Decision, Error> {
    let budget = Budget::new(policy.limits);
    let standing = repo.refs(&prefixes(commands, policy), &budget)?;
    let Screened { governed, findings } = screen(commands, policy, &standing, |name| {
        repo.is_dangling(name, &budget)
    })?;
    let history = History::new(repo, &budget);
    let judge = Judge::new(policy, repo, &history, &budget);
    let mut court = Court {
        judge,
        standing,
        judgement: Judgement {
            findings,
            ..Judgement::default()
        },
        routed: 0,
    };
    for (tree, update) in governed {
        if tree.enforce != Enforce::Off {
            court.update(tree, &update)?;
        }
    }
    Ok(court.judgement.decide())
}

/// Judges a range of commits as if it were pushed to the ref. What the ref, and the tree's other
/// refs, hold in this repository counts for nothing: only `old` does.
pub fn check(
    tree: &Tree,
    ref_name: &RefName,
    old: RefValue,
    new: Oid,
    policy: &Policy,
    repo: &Repo,
) -> Result<Decision, Error> {
    let budget = Budget::new(policy.limits);
    let mut wanted = BTreeSet::new();
    upstream_prefixes(tree, policy, &mut wanted);
    let standing = repo.refs(&wanted, &budget)?;
    let history = History::new(repo, &budget);
    let judge = Judge::new(policy, repo, &history, &budget);
    let mut hidden = judge.trusted(tree, &standing)?;
    hidden.extend(old.oid());
    let mut court = Court {
        judge,
        standing,
        judgement: Judgement::default(),
        routed: 0,
    };
    if tree.enforce != Enforce::Off {
        court.case(&Case {
            tree,
            ref_name,
            old,
            new,
            hidden,
        })?;
    }
    Ok(court.judgement.decide())
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

fn upstream_prefixes(tree: &Tree, policy: &Policy, wanted: &mut BTreeSet<Vec<u8>>) {
    for upstream in tree
        .upstreams
        .iter()
        .filter_map(|at| policy.upstreams.get(*at))
    {
        add_prefixes(&upstream.refs, wanted);
    }
}

pub(crate) fn add_prefixes(patterns: &[RefPattern], wanted: &mut BTreeSet<Vec<u8>>) {
    wanted.extend(
        patterns
            .iter()
            .map(|pattern| pattern.prefix().as_bytes().to_vec()),
    );
}

struct Court<'r> {
    judge: Judge<'r>,
    standing: RefTable,
    judgement: Judgement,
    routed: usize,
}

impl Court<'_> {
    fn update(&mut self, tree: &Tree, update: &RefUpdate) -> Result<(), Error> {
        let name = &update.name;
        let (old, new) = match update.change {
            Change::Delete { .. } => {
                self.judgement
                    .findings
                    .extend(update_kind(tree, name, UpdateKind::Deleted));
                self.judged(tree, name, None);
                return Ok(());
            }
            Change::Create { new } => (RefValue::Absent, new),
            Change::Move { old, new } => (RefValue::At(old), new),
        };
        let Some(new) = self.judge.repo.peel(new)? else {
            let fault = "a tree holds commits, and this is none".to_owned();
            let finding = tree_finding(tree, Code::BadUpdate, name, fault, &tree.place);
            self.judgement.findings.push(finding);
            return Ok(());
        };
        let old = match old.oid() {
            // An old value that is no commit contains nothing: any move leaves it behind.
            Some(old) => RefValue::At(self.judge.repo.peel(old)?.unwrap_or(old)),
            None => RefValue::Absent,
        };
        let hidden = self.judge.hidden(tree, &self.standing)?;
        self.case(&Case {
            tree,
            ref_name: name,
            old,
            new,
            hidden,
        })
    }

    fn case(&mut self, case: &Case<'_>) -> Result<(), Error> {
        match self.judge.judge(case) {
            Ok(verdict) => self.verdict(case, verdict),
            Err(Error::TooMuch(exceeded)) => {
                let mut finding = tree_finding(
                    case.tree,
                    Code::TooMuch,
                    case.ref_name,
                    exceeded.to_string(),
                    &case.tree.place,
                );
                finding.help = too_much_help(case);
                self.judgement.findings.push(finding);
                self.note_upstreams(case.tree);
                self.judged(case.tree, case.ref_name, None);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn verdict(&mut self, case: &Case<'_>, verdict: Verdict) -> Result<(), Error> {
        self.judged(case.tree, case.ref_name, Some(verdict.range.rows.len()));
        self.judgement.findings.extend(verdict.update.clone());
        for broken in &verdict.broken {
            let finding = match self.judgement.findings.len() < MOST_FINDINGS {
                true => self.worded(case, &verdict, broken)?,
                false => self.counted(case, broken),
            };
            self.judgement.findings.push(finding);
        }
        if !verdict.broken.is_empty() {
            self.note_upstreams(case.tree);
            if case.old == RefValue::Absent {
                self.judgement.notes.push(adoption(case));
            }
        }
        Ok(())
    }

    fn worded(
        &mut self,
        case: &Case<'_>,
        verdict: &Verdict,
        broken: &Broken,
    ) -> Result<Finding, Error> {
        let mut finding = self.judge.finding(case, &verdict.range, broken)?;
        let router = Router {
            judge: &self.judge,
            case,
            verdict,
        };
        finding.help = match router.help(broken, self.routed < MOST_ROUTED) {
            // The refusal stands without its advice.
            Err(Error::TooMuch(_)) => Vec::new(),
            other => other?,
        };
        self.routed += 1;
        Ok(finding)
    }

    /// A finding that will only be counted: its severity is all that matters.
    fn counted(&self, case: &Case<'_>, broken: &Broken) -> Finding {
        let fault = broken.fault.clone();
        let finding = tree_finding(case.tree, broken.code, case.ref_name, fault, &broken.place);
        let what = match &broken.who {
            Who::Commit(_) => "commit",
            Who::Unit { what, .. } => what,
        };
        Finding {
            offender: Offender::Unit {
                what,
                size: 1,
                commits: Vec::new(),
                total: 0,
            },
            ..finding
        }
    }

    fn judged(&mut self, tree: &Tree, name: &RefName, entering: Option<usize>) {
        self.judgement.updates.push(JudgedUpdate {
            tree: tree.name.clone(),
            ref_name: name.as_bytes().into(),
            entering,
        });
    }

    /// An upstream without a ref excludes nothing: its commits look as if they entered here.
    fn note_upstreams(&mut self, tree: &Tree) {
        for upstream in tree
            .upstreams
            .iter()
            .filter_map(|at| self.judge.policy.upstreams.get(*at))
        {
            let matches = |name| upstream.refs.iter().any(|pattern| pattern.matches(name));
            if !self.standing.iter().any(|(name, _)| matches(name)) {
                let patterns: Vec<&str> = upstream
                    .refs
                    .iter()
                    .map(|pattern| pattern.text.as_str())
                    .collect();
                self.note(format!(
                    "the upstream `{}` has no ref here ({}): commits that came from it are judged as if they were new",
                    upstream.name,
                    patterns.join(", ")
                ));
            }
        }
    }

    fn note(&mut self, note: String) {
        if !self.judgement.notes.contains(&note) {
            self.judgement.notes.push(note);
        }
    }
}

fn adoption(case: &Case<'_>) -> String {
    format!(
        "{} is new, so its whole history was judged: to adopt a history from before the policy, \
         put `since = \"<full oid>\"` under [[tree]] {} ({})",
        String::from_utf8_lossy(case.ref_name.as_bytes()).escape_default(),
        case.tree.name,
        case.tree.place
    )
}

fn too_much_help(case: &Case<'_>) -> Vec<String> {
    let mut help = vec!["push in smaller steps, or raise [budget] in the policy".to_owned()];
    if case.old == RefValue::Absent {
        help.push(adoption(case));
    }
    help
}
