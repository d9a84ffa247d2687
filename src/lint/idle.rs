//! What no rule makes use of.

use super::{Remark, Topic, quoted};
use crate::classify::ClassMask;
use crate::finding::Code;
use crate::policy::{Policy, Tree};

/// Classes, upstreams, weights and signers that change nothing.
pub(super) fn remarks(policy: &Policy) -> Vec<Remark> {
    let mut remarks = classes(policy);
    remarks.extend(upstreams(policy));
    remarks.extend(policy.trees.iter().flat_map(weights));
    remarks.extend(signers(policy));
    remarks
}

fn classes(policy: &Policy) -> Vec<Remark> {
    let rules = policy.trees.iter().map(named_classes);
    let named = rules.fold(ClassMask::EMPTY, |all, classes| all | classes);
    let mut remarks = Vec::new();
    for (at, class) in policy.classes.iter().enumerate() {
        let name = quoted(&class.name);
        if class.listed.is_none() {
            remarks.push(Remark {
                name: Topic::EmptyClass,
                place: class.place.clone(),
                message: format!("the class {name} has no `paths`, so no path has the class"),
                help: "list its paths; `paths = []` says that it is meant to have none".into(),
            });
        } else if !class.neutral && !named.contains(Some(at)) {
            remarks.push(Remark {
                name: Topic::UnusedClass,
                place: class.place.clone(),
                message: format!("no rule names the class {name}, so its paths count for nothing"),
                help: "name it in `deny` or `deny-only`; `neutral = true` says that this is meant"
                    .into(),
            });
        }
    }
    remarks
}

fn named_classes(tree: &Tree) -> ClassMask {
    let deny = tree.deny.as_ref().map(|rule| rule.classes);
    let only = tree
        .deny_only
        .as_ref()
        .map(|rule| rule.classes | rule.unless);
    deny.unwrap_or_default() | only.unwrap_or_default()
}

fn upstreams(policy: &Policy) -> Vec<Remark> {
    let used = |at: usize| {
        let mut all = policy.trees.iter().flat_map(|tree| &tree.upstreams);
        all.any(|trust| trust.upstream == at)
    };
    let unused = policy
        .upstreams
        .iter()
        .enumerate()
        .filter(|(at, _)| !used(*at));
    unused
        .map(|(_, upstream)| Remark {
            name: Topic::UnusedUpstream,
            place: upstream.place.clone(),
            message: format!(
                "no tree names the upstream {}: all it does is to keep its refs from being pushed",
                quoted(&upstream.name)
            ),
            help: "name it in the `upstream` of a tree, or take it out".into(),
        })
        .collect()
}

fn signers(policy: &Policy) -> Option<Remark> {
    let first = policy.signers.first()?;
    policy.repository.is_none().then(|| Remark {
        name: Topic::UnboundSigners,
        place: first.place.clone(),
        message: "the repository has no name, and overrides are bound to it: none can count".into(),
        help: "say `repository` at the top, or `treewarden.repository` in the repository's config"
            .into(),
    })
}

fn weights(tree: &Tree) -> Vec<Remark> {
    let idle = tree.weights().filter(|(code, _)| !can_break(tree, *code));
    idle.map(|(code, weight)| Remark {
        name: Topic::IdleSeverity,
        place: weight.place.clone(),
        message: format!("`{code}` can't be found on the tree {}", quoted(&tree.name)),
        help: "take it out, or add the rule that it weighs".into(),
    })
    .collect()
}

/// Returns false only where the tree's keys leave nothing that could be found by that name.
fn can_break(tree: &Tree, code: Code) -> bool {
    let some = |classes: ClassMask| classes != ClassMask::EMPTY;
    match code {
        Code::DeniedPath => tree.deny.as_ref().is_some_and(|rule| some(rule.classes)),
        Code::OnlyDeniedPaths => tree
            .deny_only
            .as_ref()
            .is_some_and(|rule| some(rule.classes)),
        Code::MessagePattern => !tree.messages.is_empty(),
        Code::RefCreated => !tree.create.allowed,
        Code::RefDeleted => !tree.delete.allowed,
        Code::RefRewound => !tree.rewind.allowed,
        Code::TooMuch => tree.judges_commits(),
        Code::UngovernedRef
        | Code::UpstreamRefPushed
        | Code::BadUpdate
        | Code::ReplaceRef
        | Code::BadOverride
        | Code::OverrideRefChanged => true,
    }
}
