//! Upstreams that let in what a tree refuses.
//!
//! What a tree's upstreams reach is not judged there. An upstream's refs are protected from
//! pushes unless a tree governs them: then commits come in by that tree's rules, and those have
//! to refuse what the first tree refuses. The other tree's own upstreams count as let in where they
//! are protected and the first tree doesn't trust them; where they are governed, they are compared
//! with the other tree in turn. `since` and what stood on a ref before the policy are left out:
//! they are history.

use std::collections::BTreeSet;

use super::refs::Kind;
use super::refusals::Refusals;
use super::{Remark, Topic, quoted};
use crate::policy::{Policy, Tree, Trust};

/// The remarks on what the trees trust, given all kinds of refs that there can be.
pub(super) fn remarks(policy: &Policy, kinds: &BTreeSet<Kind>) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (at, tree) in policy.trees.iter().enumerate() {
        for trust in &tree.upstreams {
            for gate in gates(trust, kinds).filter(|gate| *gate != at) {
                let Some(gate) = policy.trees.get(gate) else {
                    continue;
                };
                remarks.extend(lax(policy, kinds, tree, trust, gate));
            }
        }
    }
    remarks
}

/// The trees that govern refs of an upstream.
fn gates(trust: &Trust, kinds: &BTreeSet<Kind>) -> impl Iterator<Item = usize> {
    let own = kinds
        .iter()
        .filter(|kind| kind.upstreams.contains(&trust.upstream));
    let gates: BTreeSet<usize> = own.filter_map(|kind| kind.governed_by).collect();
    gates.into_iter()
}

/// What `tree` refuses and `gate`, which governs refs of an upstream of it, lets in.
fn lax(
    policy: &Policy,
    kinds: &BTreeSet<Kind>,
    tree: &Tree,
    trust: &Trust,
    gate: &Tree,
) -> Option<Remark> {
    let refused = Refusals::of(tree, policy);
    let mut holes = refused.holes(&Refusals::of(gate, policy), policy);
    if refused.any() {
        holes.extend(unknown_upstreams(policy, kinds, tree, gate));
    }
    let upstream = policy.upstreams.get(trust.upstream)?;
    let gate = quoted(&gate.name);
    (!holes.is_empty()).then(|| Remark {
        name: Topic::LaxUpstream,
        place: trust.place.clone(),
        message: format!(
            "what {} refuses can come in by its upstream {}, whose refs {gate} governs: {gate} {}",
            quoted(&tree.name),
            quoted(&upstream.name),
            holes.join(", and it ")
        ),
        help: format!(
            "let {gate} refuse the same, or take {} out, so that {} judges what comes from there",
            quoted(&upstream.name),
            quoted(&tree.name)
        ),
    })
}

/// Protected upstreams of `gate` that `tree` doesn't trust.
fn unknown_upstreams(
    policy: &Policy,
    kinds: &BTreeSet<Kind>,
    tree: &Tree,
    gate: &Tree,
) -> Vec<String> {
    let trusted: BTreeSet<usize> = tree.upstreams.iter().map(|trust| trust.upstream).collect();
    let unknown = |trust: &&Trust| {
        kinds.iter().any(|kind| {
            kind.governed_by.is_none()
                && kind.upstreams.contains(&trust.upstream)
                && kind.upstreams.is_disjoint(&trusted)
        })
    };
    let unknown = gate.upstreams.iter().filter(unknown);
    let named = unknown.filter_map(|trust| policy.upstreams.get(trust.upstream));
    named
        .map(|upstream| format!("trusts the upstream {}", quoted(&upstream.name)))
        .collect()
}
