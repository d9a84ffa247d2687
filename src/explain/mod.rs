//! Why a commit passes or fails on a tree, step by step, by the judge's own answers.
//!
//! The push that is looked at is judged with the budget of one. What is told beside the verdict
//! is worked out with a budget of its own, so that telling never changes what is told.

mod course;
mod rules;
mod story;

use std::collections::BTreeSet;

use crate::budget::{Budget, Exceeded};
use crate::error::Error;
use crate::finding::{Code, CommitLine, Severity};
use crate::gate::{add_prefixes, upstream_prefixes};
use crate::git::{History, RefTable, Repo};
use crate::judge::{Case, Judge};
use crate::notes::named;
use crate::policy::{Enforce, Place, Policy, Tree};
use crate::route::{any_ref, literal_names};
use crate::standing::{Target, absent_upstreams};
use crate::update::{Oid, RefName, RefValue};

pub use course::Holder;
pub use story::{Kind, PathStory, Series, Story, Together};

/// What is asked.
pub struct Question<'p> {
    /// The commit.
    pub commit: Oid,
    /// The tree.
    pub tree: &'p Tree,
    /// The old and the new value of the push to look at. Without it, the commit itself is the
    /// new value of the tree's ref as it is there.
    pub push: Option<(RefValue, Oid)>,
    /// Whose refs those of the tree are.
    pub target: &'p Target,
}

/// The answer.
pub struct Explanation<'p> {
    /// The commit.
    pub commit: CommitLine,
    /// The tree.
    pub tree: &'p Tree,
    /// The refs of the tree, and of its upstreams, in this repository.
    pub standing: RefTable,
    /// The remote that these refs are of, as it was last fetched; `None` if they are this
    /// repository's own.
    pub fetched_from: Option<String>,
    /// The tree's upstreams that no ref holds, each with its patterns.
    pub absent: Vec<String>,
    /// Those commits of the tree's `since` that are in this repository.
    pub since: Vec<Oid>,
    /// The push that was looked at.
    pub push: Push,
    /// What the push itself comes to; `None` where nothing is enforced.
    pub update: Option<Ruling>,
    /// What becomes of the commit in it.
    pub course: Course,
}

/// A push.
pub struct Push {
    /// The ref; `None` where the tree has no one ref and none had to be known.
    pub ref_name: Option<RefName>,
    /// Its old value, as a commit.
    pub old: RefValue,
    /// Its new value.
    pub new: Oid,
}

/// What becomes of a commit in a push.
pub enum Course {
    /// The tree's findings are switched off.
    NotEnforced,
    /// No rule of the tree looks at commits.
    NoRules,
    /// The push was too much to judge, and that weighs so much.
    TooMuch(Exceeded, Severity),
    /// The commit was there before: here, as far as that can be told.
    There(Vec<Holder>),
    /// It enters the tree, and is judged.
    Enters(Box<Story>),
}

/// What a rule says.
pub struct Ruling {
    /// The rule, by its key.
    pub rule: &'static str,
    /// Its line.
    pub place: Place,
    /// The code, and how much it weighs, if the rule is broken.
    pub broken: Option<(Code, Severity)>,
    /// Why, escaped.
    pub words: String,
}

impl Explanation<'_> {
    /// The rules that are broken by the commit, or by the push itself.
    pub fn broken(&self) -> Vec<(Code, Severity)> {
        let mut broken: Vec<_> = self
            .update
            .iter()
            .filter_map(|ruling| ruling.broken)
            .collect();
        match &self.course {
            Course::TooMuch(_, severity) => broken.push((Code::TooMuch, *severity)),
            Course::Enters(story) => {
                broken.extend(story.rulings.iter().filter_map(|ruling| ruling.broken));
            }
            Course::NotEnforced | Course::NoRules | Course::There(_) => {}
        }
        broken.sort_unstable();
        broken.dedup();
        broken
    }

    /// Returns true if and only if one of these refuses the push.
    pub fn is_refused(&self) -> bool {
        self.broken()
            .iter()
            .any(|(_, severity)| *severity == Severity::Deny)
    }
}

/// Answers the question.
pub fn explain<'p>(
    question: &Question<'p>,
    policy: &Policy,
    repo: &Repo,
) -> Result<Explanation<'p>, Error> {
    let budget = Budget::new(policy.limits);
    let history = History::new(repo, &budget);
    let judge = Judge::new(policy, repo, question.target, &history, &budget);
    let tree = question.tree;
    let mut wanted = BTreeSet::new();
    add_prefixes(&tree.refs, &mut wanted);
    upstream_prefixes(tree, policy, &mut wanted);
    let standing = question.target.refs(repo, &wanted, &budget)?;
    let (push, hidden) = pushed(question, &judge, &standing)?;
    if !course::reaches(&judge, push.new, question.commit)? {
        return Err(Error::Usage(format!(
            "the push to {} would not bring {}: it isn't among what that commit reaches",
            push.new.short(),
            question.commit.short()
        )));
    }
    let name = push.ref_name.clone().map_or_else(|| any_ref(tree), Ok)?;
    let case = Case {
        tree,
        ref_name: &name,
        old: push.old.into(),
        new: push.new,
        hidden,
        doubtful: false,
    };
    let (update, course) = match tree.enforce {
        Enforce::Off => (None, Course::NotEnforced),
        Enforce::Deny | Enforce::Warn => course::run(&case, question, &judge, &standing)?,
    };
    Ok(Explanation {
        commit: line(repo, question.commit)?,
        tree,
        absent: absent_upstreams(tree, policy, &standing)
            .into_iter()
            .map(named)
            .collect(),
        since: since(tree, repo)?,
        fetched_from: match question.target {
            Target::Here => None,
            Target::Remote(_) => Some(question.target.name()),
        },
        standing,
        push,
        update,
        course,
    })
}

/// The push to look at, and what was judged before it.
fn pushed(
    question: &Question<'_>,
    judge: &Judge<'_>,
    standing: &RefTable,
) -> Result<(Push, Vec<Oid>), Error> {
    let tree = question.tree;
    let ref_name = ref_to_push(tree, standing);
    if let Some((old, new)) = question.push {
        let mut hidden = judge.trusted(tree, standing)?;
        hidden.extend(old.oid());
        return Ok((Push { ref_name, old, new }, hidden));
    }
    let name = ref_name.ok_or_else(|| {
        Error::Usage(format!(
            "the tree `{}` has no one ref in this repository: say which push with --in",
            tree.name
        ))
    })?;
    let old = match standing.value(&name) {
        RefValue::At(oid) => RefValue::At(judge.repo.peel(oid)?.unwrap_or(oid)),
        RefValue::Absent => RefValue::Absent,
    };
    let push = Push {
        ref_name: Some(name),
        old,
        new: question.commit,
    };
    Ok((push, judge.hidden(tree, standing)?))
}

/// A ref of the tree that is there, else one that could be.
fn ref_to_push(tree: &Tree, standing: &RefTable) -> Option<RefName> {
    let literal = literal_names(tree);
    let is_there = |name: &&RefName| standing.value(name) != RefValue::Absent;
    let mut governed = standing
        .iter()
        .map(|(name, _)| name)
        .filter(|name| tree.governs(name));
    let only = governed.next().filter(|_| governed.next().is_none());
    let there = literal.iter().find(is_there);
    there.or(only).or(literal.first()).cloned()
}

fn since(tree: &Tree, repo: &Repo) -> Result<Vec<Oid>, Error> {
    let mut here = Vec::new();
    for oid in &tree.since {
        if oid.format() == repo.format() && repo.has(*oid)? {
            here.push(*oid);
        }
    }
    Ok(here)
}

fn line(repo: &Repo, oid: Oid) -> Result<CommitLine, Error> {
    let subject = repo.subject(oid)?;
    Ok(CommitLine { oid, subject })
}
