//! What a clone can't know of a push: findings that it could explain are warnings.

use crate::error::Error;
use crate::finding::{Code, Finding};
use crate::git::RefTable;
use crate::judge::{Case, Judge, Old, Verdict};
use crate::policy::{Tree, Upstream};
use crate::standing::{Target, absent_upstreams};
use crate::update::RefName;

/// Returns true if and only if refs that are not known here could excuse commits: the ref's own
/// old value, the tree's other refs where this one is new, or an upstream.
pub fn over_refs(
    judge: &Judge<'_>,
    tree: &Tree,
    name: &RefName,
    old: Old,
    standing: &RefTable,
) -> Result<bool, Error> {
    // Of its own refs, a repository knows all.
    if matches!(judge.target, Target::Here) {
        return Ok(old == Old::Unknown);
    }
    let unseen = match old {
        Old::Unknown => true,
        Old::Absent => !judge.target.unseen(tree, name).is_empty(),
        Old::Commit(_) => false,
    };
    // A clone need not have the upstreams that its server has.
    let absent = absent_upstreams(tree, judge.policy, standing);
    let may_have = |upstream: &&Upstream| judge.target.may_have(upstream);
    let lacking = judge
        .target
        .lacking(judge.repo, tree, name, judge.policy, standing)?;
    Ok(unseen || absent.iter().any(may_have) || !lacking.is_empty())
}

/// What isn't known of a case in a shallow clone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cut {
    /// Whether the old value is an ancestor of the new one.
    pub descent: bool,
    /// Which commits enter, or what they change.
    pub range: bool,
}

impl Cut {
    /// Returns true if and only if the clone's end could be the reason for anything.
    pub fn any(self) -> bool {
        self.descent || self.range
    }
}

/// What the end of a shallow clone could be the reason for.
pub fn over_history(judge: &Judge<'_>, case: &Case<'_>, verdict: &Verdict) -> Result<Cut, Error> {
    if matches!(judge.target, Target::Here) || !judge.repo.is_shallow() {
        return Ok(Cut::default());
    }
    let rewound = |found: &Finding| found.code == Code::RefRewound;
    let descent = match (case.old, verdict.update.as_ref().is_some_and(rewound)) {
        (Old::Commit(old), true) => judge.history.end_hides_descent(old, case.new)?,
        (Old::Absent | Old::Commit(_) | Old::Unknown, _) => false,
    };
    let range = &verdict.commits.range;
    Ok(Cut {
        descent,
        range: verdict.exceeded.is_some() || judge.history.end_hides_range(range, &case.hidden)?,
    })
}
