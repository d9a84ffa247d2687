//! Where commits belong: each tree with rules about commits is asked about every one of them, and
//! what would come of pushing them all there.
//!
//! What the commits stand on is taken as there already, so the trees' own refs have no say in
//! what they accept. Which command puts the commits there does hang on them: `remote` says what
//! is known of them here.
//!
//! Each question stands for a push of its own and gets the whole budget of one, as on a server.

mod moves;
mod picks;
mod remote;
mod stuck;
mod trial;
mod way;

use std::collections::BTreeSet;

use crate::budget::{Budget, Exceeded};
use crate::error::Error;
use crate::finding::{Code, CommitLine, Severity};
use crate::git::{CommitIx, History, Lineage, Parent, Range, Repo};
use crate::judge::Judge;
use crate::policy::{Policy, RefPattern, Tree, Unit};
use crate::standing::Target;
use crate::update::{Oid, RefValue};

pub use moves::Move;
pub use remote::Remote;
pub use stuck::Stuck;
pub use way::Way;

/// The commits to find a place for.
#[derive(Clone, Debug)]
pub struct Commits {
    /// What they stand on, and is taken as there already: the left side of a range, or the
    /// parents of a single commit.
    pub below: Vec<Oid>,
    /// The newest of them.
    pub new: Oid,
}

/// What every tree said.
pub struct Survey<'p> {
    /// The commits, parents before children.
    pub patches: Vec<CommitLine>,
    /// The trees that have rules about commits, in the policy's order.
    pub trees: Vec<Answers<'p>>,
    /// Which commits go where: all of them to each tree that takes all, if there is one.
    pub moves: Vec<Move>,
    /// All of them as one series, to each tree that takes them so and in no other way.
    pub as_one: Vec<Move>,
    /// What can't be moved anywhere, with the reason.
    pub stuck: Vec<Stuck>,
    /// The upstreams that no ref holds, of trees that refuse something.
    pub absent: Vec<String>,
}

/// What one tree said.
pub struct Answers<'p> {
    /// The tree.
    pub tree: &'p Tree,
    /// Its answer to each commit by itself, in the order of [`Survey::patches`].
    pub alone: Vec<Answer>,
    /// Its answer to all of them in one push.
    pub whole: Answer,
    /// Whether it would take them as one series, brought by a merge, though not as they are.
    as_one_series: bool,
    /// Which commits it takes as members of the series that they are in.
    in_series: Vec<bool>,
}

/// A tree's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The tree's findings are switched off.
    NotEnforced,
    /// One of its upstreams, or `since`, has it: it isn't judged.
    There,
    /// It was judged, and this is what it breaks.
    Judged(Vec<Reason>),
    /// It could not be judged within the budget, and that weighs so much.
    TooMuch(Exceeded, Severity),
}

/// A broken rule in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The rule.
    pub code: Code,
    /// Whether it refuses.
    pub severity: Severity,
    /// What breaks it, escaped.
    pub words: String,
}

impl Answer {
    /// Returns true if and only if the tree takes what it was asked about.
    pub fn is_yes(&self) -> bool {
        match self {
            Self::NotEnforced | Self::There => true,
            Self::Judged(reasons) => reasons
                .iter()
                .all(|reason| reason.severity == Severity::Warn),
            Self::TooMuch(_, severity) => *severity == Severity::Warn,
        }
    }
}

impl Survey<'_> {
    /// Returns true if and only if a tree takes all the commits in one push. Trees without rules
    /// about commits take everything, but where there are others they aren't asked.
    pub fn is_taken(&self) -> bool {
        self.trees.is_empty() || self.trees.iter().any(|answers| answers.whole.is_yes())
    }

    /// Returns true if and only if every tree has the commit from elsewhere.
    pub fn is_everywhere(&self, at: CommitIx) -> bool {
        self.trees
            .iter()
            .all(|answers| answers.alone.get(at) == Some(&Answer::There))
    }
}

/// Asks every tree.
pub fn survey<'p>(
    commits: &Commits,
    policy: &'p Policy,
    repo: &Repo,
    remote: &Remote,
) -> Result<Survey<'p>, Error> {
    let base = Base::of(commits, policy, repo)?;
    let mut trees = Vec::new();
    let mut absent = Vec::new();
    for tree in asked(policy) {
        let (answers, missing) = trial::ask(tree, commits, &base, policy, repo)?;
        if !answers.whole.is_yes() {
            absent.extend(missing);
        }
        trees.push(answers);
    }
    absent.sort();
    absent.dedup();
    let mut survey = Survey {
        patches: base.lines.clone(),
        trees,
        moves: Vec::new(),
        as_one: Vec::new(),
        stuck: Vec::new(),
        absent,
    };
    let mover = moves::Mover {
        commits,
        base: &base,
        policy,
        repo,
        remote,
    };
    mover.moves(&mut survey)?;
    Ok(survey)
}

/// The commits as they are before any tree has been asked.
struct Base {
    range: Range,
    lines: Vec<CommitLine>,
    /// Which of them belong together.
    series: Vec<Vec<CommitIx>>,
    /// Which of them are merges that change something themselves.
    edits: Vec<bool>,
}

impl Base {
    /// What every tree has from upstream is left out: a merge of it can bring more commits than
    /// a push may.
    fn of(commits: &Commits, policy: &Policy, repo: &Repo) -> Result<Self, Error> {
        judged(policy, repo, |judge| {
            let history = judge.history;
            let mut hidden = commits.below.clone();
            hidden.extend(held_by_all(judge)?);
            let range = Range::entering(history, commits.new, &hidden, judge.budget)?;
            let lineage = match commits.old() {
                RefValue::At(old) => history.lineage(old, &range)?,
                RefValue::Absent => Lineage::default(),
            };
            let mut lines = Vec::new();
            let mut edits = Vec::new();
            for (at, row) in range.rows.iter().enumerate() {
                let subject = repo.subject(row.oid)?;
                lines.push(CommitLine {
                    oid: row.oid,
                    subject,
                });
                edits.push(row.is_merge() && judge.changes_something(&range, at)?);
            }
            let series = judge.units(Unit::Series, &range, &lineage)?;
            Ok(Self {
                range,
                lines,
                series,
                edits,
            })
        })
    }
}

impl Base {
    /// The commit, and all of the range that it stands on.
    fn ancestors(&self, at: CommitIx) -> Result<BTreeSet<CommitIx>, Error> {
        let mut found = BTreeSet::new();
        let mut open = vec![at];
        while let Some(at) = open.pop() {
            if found.insert(at) {
                let parents = self.range.row(at)?.parents.iter();
                open.extend(parents.filter_map(|parent| match parent {
                    Parent::In(at) => Some(*at),
                    Parent::Out(_) => None,
                }));
            }
        }
        Ok(found)
    }
}

/// What the refs hold of those upstreams that all the trees have which are asked.
fn held_by_all(judge: &Judge<'_>) -> Result<Vec<Oid>, Error> {
    let policy = judge.policy;
    let shared = policy.upstreams.iter().enumerate().filter(|(at, _)| {
        let mut trees = asked(policy);
        trees.all(|tree| tree.upstreams.iter().any(|trust| trust.upstream == *at))
    });
    let patterns: Vec<&RefPattern> = shared.flat_map(|(_, upstream)| &upstream.refs).collect();
    let prefixes = patterns
        .iter()
        .map(|pattern| pattern.prefix().as_bytes().to_vec());
    let standing = judge.repo.refs(&prefixes.collect(), judge.budget)?;
    let mut held = Vec::new();
    for (name, found) in standing.iter() {
        if patterns.iter().any(|pattern| pattern.matches(name)) {
            held.extend(judge.repo.peel(found.value)?);
        }
    }
    Ok(held)
}

/// The trees that have something to say about commits.
fn asked(policy: &Policy) -> impl Iterator<Item = &Tree> {
    policy.trees.iter().filter(|tree| tree.judges_commits())
}

impl Commits {
    /// What stands for the old value of a ref that they are pushed to.
    fn old(&self) -> RefValue {
        self.below
            .first()
            .map_or(RefValue::Absent, |oid| RefValue::At(*oid))
    }
}

/// Asks a judge that has the whole budget of a push.
fn judged<T>(
    policy: &Policy,
    repo: &Repo,
    ask: impl FnOnce(&Judge<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let budget = Budget::new(policy.limits);
    let history = History::new(repo, &budget);
    let here = Target::Here;
    ask(&Judge::new(policy, repo, &here, &history, &budget))
}
