//! The pipeline, and the only place that knows its order.

use std::collections::BTreeSet;

use crate::budget::{Budget, Exceeded};
use crate::decision::{Decision, JudgedUpdate, Judgement, MOST_SHOWN};
use crate::error::Error;
use crate::finding::{Code, Finding, Offender};
use crate::git::{History, RefTable, Repo};
use crate::input::Command;
use crate::judge::{Case, Commits, Judge};
use crate::policy::{Enforce, Policy, RefPattern, Tree, any_matches};
use crate::report::escape::Shown;
use crate::route::Router;
use crate::rules::refs::{Screened, UpdateKind, screen, tree_finding, update_kind};
use crate::rules::{Broken, Who};
use crate::update::{Oid, RefName, RefUpdate, RefValue};

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
        court.update(tree, &update)?;
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

/// Adds what to ask for, to see the upstreams of a tree.
pub(crate) fn upstream_prefixes(tree: &Tree, policy: &Policy, wanted: &mut BTreeSet<Vec<u8>>) {
    for upstream in tree
        .upstreams
        .iter()
        .filter_map(|at| policy.upstreams.get(*at))
    {
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

struct Court<'r> {
    judge: Judge<'r>,
    standing: RefTable,
    judgement: Judgement,
    routed: usize,
}

impl Court<'_> {
    fn update(&mut self, tree: &Tree, update: &RefUpdate) -> Result<(), Error> {
        let name = &update.name;
        let new = match update.change.new_value().oid() {
            Some(oid) => self.judge.repo.peel(oid)?,
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
                self.judged(tree, name, None);
                Ok(())
            }
            Some(new) => self.moved(tree, name, update.change.old(), new),
        }
    }

    fn moved(&mut self, tree: &Tree, name: &RefName, old: RefValue, new: Oid) -> Result<(), Error> {
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
        let verdict = self.judge.judge(case)?;
        self.judgement.findings.extend(verdict.update);
        if let Some(exceeded) = verdict.exceeded {
            self.judgement
                .findings
                .push(too_much(case, exceeded, self.judge.policy));
            self.note_upstreams(case.tree);
        }
        let known = verdict.exceeded.is_none() && case.tree.judges_commits();
        let entering = known.then_some(verdict.commits.range.rows.len());
        self.judged(case.tree, case.ref_name, entering);
        self.commits(case, &verdict.commits)
    }

    fn commits(&mut self, case: &Case<'_>, commits: &Commits) -> Result<(), Error> {
        for broken in &commits.broken {
            let finding = match self.judgement.findings.len() < MOST_SHOWN {
                true => self.worded(case, commits, broken)?,
                false => counted(case, broken),
            };
            self.judgement.findings.push(finding);
        }
        if !commits.broken.is_empty() {
            self.note_upstreams(case.tree);
            if case.old == RefValue::Absent {
                self.note(adoption(case, self.judge.policy));
            }
        }
        Ok(())
    }

    fn worded(
        &mut self,
        case: &Case<'_>,
        commits: &Commits,
        broken: &Broken,
    ) -> Result<Finding, Error> {
        let mut finding = self.judge.finding(case, &commits.range, broken)?;
        let router = Router {
            judge: &self.judge,
            case,
            commits,
        };
        finding.help = match router.help(broken, self.routed < MOST_ROUTED) {
            // The refusal stands without its advice.
            Err(Error::TooMuch(_)) => Vec::new(),
            other => other?,
        };
        self.routed += 1;
        Ok(finding)
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
        let upstreams = tree
            .upstreams
            .iter()
            .filter_map(|at| self.judge.policy.upstreams.get(*at));
        let absent = upstreams.filter(|upstream| {
            !self
                .standing
                .iter()
                .any(|(name, _)| any_matches(&upstream.refs, name))
        });
        let named: Vec<String> = absent
            .map(|upstream| {
                let patterns = upstream.refs.iter().map(|pattern| pattern.text.as_str());
                format!(
                    "{} ({})",
                    upstream.name,
                    patterns.collect::<Vec<_>>().join(", ")
                )
            })
            .collect();
        if !named.is_empty() {
            self.note(format!(
                "no ref holds the upstream {}: what came from there is judged as if it were new",
                named.join(", ")
            ));
        }
    }

    fn note(&mut self, note: String) {
        if !self.judgement.notes.contains(&note) {
            self.judgement.notes.push(note);
        }
    }
}

/// A finding that will only be counted: its severity is all that matters.
fn counted(case: &Case<'_>, broken: &Broken) -> Finding {
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

fn adoption(case: &Case<'_>, policy: &Policy) -> String {
    let extends = match policy.origin.starts_with("preset:") {
        true => format!(", in a policy that says `extends = \"{}\"`", policy.origin),
        false => String::new(),
    };
    format!(
        "{} is new here, so its whole history was judged; one from before the policy is adopted \
         with `since = \"<full oid>\"` under the [[tree]] {}{extends}",
        Shown(case.ref_name.as_bytes()),
        case.tree.name,
    )
}

fn too_much(case: &Case<'_>, exceeded: Exceeded, policy: &Policy) -> Finding {
    let fault = exceeded.to_string();
    let place = &case.tree.place;
    let mut finding = tree_finding(case.tree, Code::TooMuch, case.ref_name, fault, place);
    finding
        .help
        .push("push in smaller steps, or raise [budget] in the policy".to_owned());
    if case.old == RefValue::Absent {
        finding.help.push(adoption(case, policy));
    }
    finding
}
