//! One `[[tree]]`: its refs, its rules, and what they refer to.

use std::collections::BTreeMap;

use super::compile::unique_name;
use super::fields::{DENY_ONLY_KEYS, Fields, MESSAGE_KEYS, TREE_KEYS};
use super::node::{Node, Value};
use super::place::did_you_mean;
use super::ref_pattern::ref_patterns;
use super::{
    Deny, DenyOnly, Enforce, MessagePart, MessageRule, PathClass, Permission, Tree, Trust, Unit,
    Upstream, Weight,
};
use crate::classify::ClassMask;
use crate::finding::{Code, Scope, Severity};
use crate::update::Oid;

const ENFORCE: [(&str, Enforce); 3] = [
    ("deny", Enforce::Deny),
    ("warn", Enforce::Warn),
    ("off", Enforce::Off),
];
const UNITS: [(&str, Unit); 3] = [
    ("commit", Unit::Commit),
    ("series", Unit::Series),
    ("push", Unit::Push),
];
const PARTS: [(&str, MessagePart); 2] = [
    ("subject", MessagePart::Subject),
    ("body", MessagePart::Body),
];
const WEIGHTS: [(&str, Severity); 2] = [("deny", Severity::Deny), ("warn", Severity::Warn)];

/// What the trees refer to.
pub(super) struct Context<'c> {
    pub classes: &'c [PathClass],
    pub upstreams: &'c [Upstream],
    pub repository: Option<&'c str>,
}

/// All trees, in order.
pub(super) fn trees(policy: &mut Fields<'_, '_>, context: &Context<'_>) -> Vec<Tree> {
    let mut trees: Vec<Tree> = Vec::new();
    for node in policy.array("tree") {
        let Some(mut fields) = Fields::of(node, TREE_KEYS, policy.faults()) else {
            continue;
        };
        let taken = trees.iter().map(|tree| tree.name.as_str());
        if let Some(name) = unique_name(&mut fields, taken) {
            trees.push(tree(&mut fields, name, context));
        }
    }
    trees
}

fn tree(fields: &mut Fields<'_, '_>, name: String, context: &Context<'_>) -> Tree {
    let enforce = fields.word("enforce", &ENFORCE).unwrap_or(Enforce::Deny);
    let mut tree = Tree {
        name,
        place: fields.place.clone(),
        refs: ref_patterns(fields, context.repository),
        upstreams: tree_upstreams(fields, context.upstreams),
        since: since(fields),
        deny: None,
        deny_only: deny_only(fields, context.classes),
        messages: messages(fields),
        create: permission(fields, "create", true),
        delete: permission(fields, "delete", false),
        rewind: permission(fields, "rewind", false),
        enforce,
        severity: severity(fields),
    };
    if fields.node("deny").is_some() {
        let classes = class_mask(fields, "deny", context.classes);
        tree.deny = Some(Deny {
            classes,
            place: fields.place_of("deny"),
        });
    }
    if enforce == Enforce::Off && !tree.severity.is_empty() {
        let place = fields.place_of("severity");
        fields.fault(
            &place,
            "`enforce = \"off\"` leaves nothing for `severity` to weigh",
        );
    }
    tree
}

fn permission(fields: &mut Fields<'_, '_>, key: &str, otherwise: bool) -> Permission {
    Permission {
        allowed: fields.boolean(key, otherwise),
        place: fields.place_of(key),
    }
}

fn tree_upstreams(fields: &mut Fields<'_, '_>, upstreams: &[Upstream]) -> Vec<Trust> {
    let known: Vec<&str> = upstreams
        .iter()
        .map(|upstream| upstream.name.as_str())
        .collect();
    let mut found = Vec::new();
    for (name, place) in fields.texts("upstream") {
        if let Some(upstream) = known.iter().position(|other| *other == name) {
            let place = place.clone();
            found.push(Trust { upstream, place });
        } else {
            let hint = did_you_mean(name, &known);
            fields.fault(place, format!("no [[upstream]] is called `{name}`{hint}"));
        }
    }
    found
}

/// `since`: one full oid, or an array of them.
fn since(fields: &mut Fields<'_, '_>) -> Vec<Oid> {
    let nodes: &[Node] = match fields.node("since") {
        None => return Vec::new(),
        Some(Node {
            value: Value::Array(items),
            ..
        }) => items,
        Some(node) => std::slice::from_ref(node),
    };
    let mut oids = Vec::new();
    for node in nodes {
        match &node.value {
            Value::Text(hex) => match Oid::from_hex(hex.as_bytes()) {
                Some(oid) => oids.push(oid),
                None => fields.fault(
                    &node.place,
                    format!("`{hex}` is no full object name: 40 or 64 lower-case hex digits"),
                ),
            },
            other => {
                let found = other.kind();
                fields.fault(
                    &node.place,
                    format!("`since` holds object names, not {found}"),
                );
            }
        }
    }
    oids
}

/// The classes that `key` lists; each must exist, and must not be neutral.
fn class_mask(fields: &mut Fields<'_, '_>, key: &str, classes: &[PathClass]) -> ClassMask {
    let known: Vec<&str> = classes.iter().map(|class| class.name.as_str()).collect();
    let mut mask = ClassMask::EMPTY;
    for (name, place) in fields.texts(key) {
        let found = classes
            .iter()
            .enumerate()
            .find(|(_, class)| class.name == name);
        match found {
            Some((_, class)) if class.neutral => fields.fault(
                place,
                format!(
                    "the class `{name}` is neutral: it is never a reason, so `{key}` can't list it"
                ),
            ),
            Some((at, _)) => mask |= ClassMask::of(Some(at)),
            None => {
                let hint = did_you_mean(name, &known);
                fields.fault(place, format!("no [[path-class]] is called `{name}`{hint}"));
            }
        }
    }
    mask
}

fn deny_only(tree: &mut Fields<'_, '_>, classes: &[PathClass]) -> Option<DenyOnly> {
    let node = tree.node("deny-only")?;
    let mut fields = Fields::of(node, DENY_ONLY_KEYS, tree.faults())?;
    if fields.node("classes").is_none() {
        fields.fault(&node.place, "`deny-only` needs `classes`");
    }
    Some(DenyOnly {
        classes: class_mask(&mut fields, "classes", classes),
        unless: class_mask(&mut fields, "unless", classes),
        judge: fields.word("judge", &UNITS).unwrap_or(Unit::Commit),
        place: node.place.clone(),
    })
}

fn messages(tree: &mut Fields<'_, '_>) -> Vec<MessageRule> {
    tree.array("message")
        .iter()
        .filter_map(|node| message(&mut Fields::of(node, MESSAGE_KEYS, tree.faults())?))
        .collect()
}

fn message(fields: &mut Fields<'_, '_>) -> Option<MessageRule> {
    fields.needed_text("in")?;
    let part = fields.word("in", &PARTS);
    let reason = fields.needed_text("reason");
    let (require, forbid) = (fields.text("require"), fields.text("forbid"));
    let (text, required) = match (require, forbid) {
        (Some(text), None) => (text, true),
        (None, Some(text)) => (text, false),
        _ => {
            let place = fields.place.clone();
            fields.fault(&place, "a message rule has either `require` or `forbid`");
            return None;
        }
    };
    let pattern = regex::bytes::RegexBuilder::new(text)
        .multi_line(true)
        .build();
    if let Err(error) = &pattern {
        let place = fields.place_of(if required { "require" } else { "forbid" });
        fields.fault(&place, format!("no regular expression: {error}"));
    }
    Some(MessageRule {
        part: part?,
        pattern: pattern.ok()?,
        required,
        merges: fields.boolean("merges", false),
        reason: reason?.to_owned(),
        place: fields.place.clone(),
    })
}

fn severity(tree: &mut Fields<'_, '_>) -> BTreeMap<Code, Weight> {
    let known: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| code.scope() == Scope::Tree)
        .map(|code| code.name())
        .collect();
    let Some(node) = tree.node("severity") else {
        return BTreeMap::new();
    };
    let Some(mut fields) = Fields::of(node, &known, tree.faults()) else {
        return BTreeMap::new();
    };
    known
        .iter()
        .filter_map(|name| {
            let severity = fields.word(name, &WEIGHTS)?;
            let place = fields.place_of(name);
            Some((Code::named(name)?, Weight { severity, place }))
        })
        .collect()
}
