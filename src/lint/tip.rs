//! Path patterns against the paths of a revision.

use globset::{Candidate, GlobSetBuilder};

use super::spelt::{Spelt, Written};
use super::{Remark, Topic};
use crate::policy::Policy;
use crate::report::escape::Shown;

/// A revision that the policy is for.
#[derive(Clone, Debug)]
pub struct Tip {
    /// What it is called.
    pub name: String,
    /// All its paths.
    pub paths: Vec<Vec<u8>>,
}

/// Patterns, and alternatives of patterns, that match no path of the tip, first or not.
pub(super) fn remarks(policy: &Policy, tip: &Tip) -> Vec<Remark> {
    let spelt = Spelt::new(policy);
    let matched = matched(&spelt, tip);
    let unmatched = |at: usize| matched.get(at).is_some_and(|seen| !seen);
    let remark = |written: &Written<'_>| {
        let subject = spelt.subject(written, unmatched)?;
        Some(Remark {
            name: Topic::UnmatchedPattern,
            place: written.pattern.place.clone(),
            message: format!(
                "{} no path of {}",
                subject.with("matches", "match"),
                Shown(tip.name.as_bytes())
            ),
            help: "mend it, or take it out if what it was for is gone".into(),
        })
    };
    spelt.patterns.iter().filter_map(remark).collect()
}

/// Which alternatives match a path of the tip.
fn matched(spelt: &Spelt<'_>, tip: &Tip) -> Vec<bool> {
    let mut builder = GlobSetBuilder::new();
    for glob in &spelt.globs {
        builder.add(glob.clone());
    }
    let mut matched = vec![false; spelt.alternatives.len()];
    // These globs are in the policy's classifier already, which compiled them.
    let Ok(globs) = builder.build() else {
        return matched;
    };
    let mut hits = Vec::new();
    for path in &tip.paths {
        globs.matches_candidate_into(&Candidate::from_bytes(path), &mut hits);
        for owner in hits.iter().filter_map(|hit| spelt.owners.get(*hit)) {
            if let Some(seen) = matched.get_mut(*owner) {
                *seen = true;
            }
        }
    }
    matched
}
