//! What treewarden is held to: the rows of the table, in its order.

use crate::samples::Samples;

/// A row of the table.
pub struct Goal {
    /// What a filter on the command line matches.
    pub key: &'static str,
    pub work: &'static str,
    pub baseline: &'static str,
    pub gate: Bound,
    pub aim: Bound,
}

/// Where a figure passes.
#[derive(Clone, Copy)]
pub enum Bound {
    /// So many times as fast as the baseline, or faster.
    Times(f64),
    /// So much of a unit, or less.
    Within(f64, &'static str),
    /// Measured for what it tells.
    Free,
}

/// What came of a row.
pub enum Outcome {
    /// Ours and the baseline, in milliseconds.
    Raced(Samples, Samples),
    /// Milliseconds over a process that does nothing.
    Above(Samples, Samples),
    /// Ours alone, in the goal's unit.
    Spent(Samples),
    /// Why it was not measured.
    LeftOut(String),
    /// Why it could not be measured.
    Failed(String),
}

const fn goal(
    key: &'static str,
    work: &'static str,
    baseline: &'static str,
    gate: Bound,
    aim: Bound,
) -> Goal {
    Goal {
        key,
        work,
        baseline,
        gate,
        aim,
    }
}

const B: &str = "B";
const REMERGE: &str = "`--remerge-diff`";
const COUNT: &str = "`rev-list --count`";

use Bound::{Free, Times, Within};

#[rustfmt::skip]
pub const GOALS: &[Goal] = &[
    goal("check-15000", "15,000 commits, bpf-next preset, one process", B, Times(2.0), Times(3.0)),
    goal("check-15000-workers", "the same with two workers", B, Times(3.0), Times(4.5)),
    goal("check-15000-no-graph", "the same in one process, without a commit-graph", B, Free, Free),
    goal("walk-15000", "the same, on a tree without path rules: the walk alone", B, Free, Free),
    goal("masks-15000", "the same, only which classes each commit touches", B, Free, Free),
    goal("list-15000", "15,000 commits, every changed path listed", B, Times(1.8), Times(2.5)),
    goal("list-15000-workers", "the same with two workers", B, Free, Free),
    goal("real-10000", "10,000 commits of git's own history, `deny`", B, Times(2.0), Times(3.0)),
    goal("real-10000-only", "the same, `deny-only`", B, Times(2.0), Times(3.0)),
    goal("check-100", "100 commits", B, Times(1.3), Times(2.0)),
    goal("merges-masks", "the newest 1,000 merges' own changes, verdict only", REMERGE, Times(20.0), Times(50.0)),
    goal("merges-list", "the same, every own path listed", REMERGE, Times(5.0), Times(20.0)),
    goal("merges-list-workers", "the same with two workers", REMERGE, Free, Free),
    goal("one-commit", "one-commit push, 20,000 refs", "an empty process", Within(1.5, "ms"), Within(0.7, "ms")),
    goal("one-commit-shell", "the same, against a shell hook", "`sh` with B", Times(2.0), Times(3.0)),
    goal("forward-15000", "fast-forward over 15,000 upstream commits", COUNT, Times(1.0), Times(2.0)),
    goal("forward-200", "the same with 200 entering ones behind them", COUNT, Times(1.0), Times(2.0)),
    goal("deep-time", "the tree of 10^10 paths, bpf-next preset", "", Within(50.0, "ms"), Within(10.0, "ms")),
    goal("deep-memory", "its memory", "", Within(16.0, "MiB"), Within(16.0, "MiB")),
    goal("deep-everywhere-time", "the same tree, patterns that begin with `**/`", "", Within(50.0, "ms"), Within(10.0, "ms")),
    goal("deep-everywhere-memory", "its memory", "", Within(16.0, "MiB"), Within(16.0, "MiB")),
    goal("memory-15000", "memory at 15,000 commits, one process", "", Within(128.0, "MiB"), Within(96.0, "MiB")),
    goal("memory-15000-workers", "the same with two workers, the larger", "", Within(128.0, "MiB"), Within(96.0, "MiB")),
    goal("growth", "growth: time(15,000) / time(1,500)", "", Within(12.0, "x"), Within(8.0, "x")),
    goal("policy", "reading the policy and building the matcher", "", Within(0.3, "ms"), Within(0.15, "ms")),
];

impl Outcome {
    /// The figure that the goal is about: its value, and the least and most of single runs.
    pub fn figure(&self) -> Option<(f64, f64, f64)> {
        let spread = |value, each: &Samples| Some((value, each.least(), each.most()));
        match self {
            Self::Raced(ours, theirs) => {
                let each = theirs.with(ours, |theirs, ours| theirs / ours);
                spread(theirs.median() / ours.median(), &each)
            }
            Self::Above(ours, empty) => {
                let each = ours.with(empty, |ours, empty| ours - empty);
                spread(each.median(), &each)
            }
            Self::Spent(ours) => spread(ours.median(), ours),
            Self::LeftOut(_) | Self::Failed(_) => None,
        }
    }
}

impl Bound {
    /// Whether a figure passes, where there is a bound.
    pub fn holds(self, figure: f64) -> Option<bool> {
        match self {
            Times(least) => Some(figure >= least),
            Within(most, _) => Some(figure <= most),
            Free => None,
        }
    }
}
