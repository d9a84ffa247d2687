//! The cases of a policy, judged by the rules that judge pushes.

use crate::classify::ClassMask;
use crate::error::Error;
use crate::finding::{Code, Origin, Severity, TouchedPath};
use crate::git::Touched;
use crate::policy::{Case, Enforce, Expect, Place, Policy, Tree};
use crate::rules::{messages, paths};

/// What came of a case.
#[derive(Clone, Debug)]
pub struct Outcome<'p> {
    /// The case.
    pub case: &'p Case,
    /// Its tree.
    pub tree: &'p Tree,
    /// What was found in it.
    pub found: Vec<Found>,
    /// Its paths, with their classes.
    pub paths: Vec<TouchedPath>,
}

/// A rule that a case breaks.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which rule.
    pub code: Code,
    /// What a finding of it weighs on the tree.
    pub severity: Severity,
    /// The policy's line.
    pub place: Place,
}

impl Outcome<'_> {
    /// Returns true if and only if what was expected was found, or nothing where nothing was.
    pub fn holds(&self) -> bool {
        match self.case.expect {
            Expect::Nothing => self.found.is_empty(),
            Expect::Finding(code) => self.found.iter().any(|found| found.code == code),
        }
    }
}

/// Judges all cases of the policy, in order.
pub fn judge(policy: &Policy) -> Result<Vec<Outcome<'_>>, Error> {
    let outcomes = policy.cases.iter().map(|case| {
        let tree = policy.trees.get(case.tree);
        let tree = tree.ok_or(Error::Internal("a case names no tree"))?;
        let paths = case.paths.iter().map(|path| touched(case, path, policy));
        let paths: Vec<TouchedPath> = paths.collect();
        Ok(Outcome {
            case,
            tree,
            found: found(case, tree, &paths),
            paths,
        })
    });
    outcomes.collect()
}

fn touched(case: &Case, path: &str, policy: &Policy) -> TouchedPath {
    TouchedPath {
        path: path.into(),
        matched: policy.classifier.find(path.as_bytes()),
        origin: match case.merge {
            true => Origin::Added,
            false => Origin::Changed,
        },
    }
}

fn found(case: &Case, tree: &Tree, paths: &[TouchedPath]) -> Vec<Found> {
    if tree.enforce == Enforce::Off {
        return Vec::new();
    }
    let classes = paths
        .iter()
        .map(|path| ClassMask::of(path.matched.map(|found| found.class)));
    let touched = Touched {
        own: classes.fold(ClassMask::EMPTY, |all, class| all | class),
        resolved: ClassMask::EMPTY,
    };
    let denied = tree.deny.as_ref();
    let denied = denied
        .filter(|rule| paths::is_denied(rule, touched))
        .map(|rule| (Code::DeniedPath, &rule.place));
    let only = tree.deny_only.as_ref();
    let only = only
        .filter(|rule| paths::is_only_denied(rule, case.merge, touched.own))
        .map(|rule| (Code::OnlyDeniedPaths, &rule.place));
    let message = case.message.as_deref();
    let message =
        message.map(|text| messages::broken(&tree.messages, 0, case.merge, text.as_bytes()));
    let message = message.unwrap_or_default();
    let message = message.iter().map(|broken| (broken.code, &broken.place));
    denied
        .into_iter()
        .chain(only)
        .chain(message)
        .map(|(code, place)| Found {
            code,
            severity: tree.severity(code),
            place: place.clone(),
        })
        .collect()
}
