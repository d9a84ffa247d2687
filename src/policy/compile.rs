//! From the merged tables to a [`Policy`]. Every fault is collected, with its line.

use std::collections::BTreeMap;

use globset::Glob;
use sha2::{Digest, Sha256};

use super::fields::Fields;
use super::node::{self, Node, Table, Value};
use super::place::{Faults, Place, did_you_mean};
use super::{
    Deny, DenyOnly, Enforce, MessagePart, MessageRule, PathClass, PathPattern, Permission, Policy,
    RefPattern, Source, Tree, Ungoverned, Unit, Upstream, merge, pattern,
};
use crate::budget::Limits;
use crate::classify::{ClassMask, Classifier};
use crate::finding::{Code, Scope, Severity};
use crate::update::Oid;

/// How many files may extend one another.
const DEEPEST_EXTENDS: usize = 8;

const POLICY_KEYS: &[&str] = &[
    "version",
    "extends",
    "repository",
    "review-by",
    "default",
    "path-class",
    "upstream",
    "tree",
    "budget",
];
const CLASS_KEYS: &[&str] = &["name", "paths", "neutral"];
const UPSTREAM_KEYS: &[&str] = &["name", "refs"];
const TREE_KEYS: &[&str] = &[
    "name",
    "refs",
    "upstream",
    "since",
    "deny",
    "deny-only",
    "message",
    "create",
    "delete",
    "rewind",
    "enforce",
    "severity",
];
const DENY_ONLY_KEYS: &[&str] = &["classes", "unless", "judge"];
const MESSAGE_KEYS: &[&str] = &["in", "require", "forbid", "merges", "reason"];
const BUDGET_KEYS: &[&str] = &["commits", "tree-objects", "seconds"];

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

/// Reads the policy at `source` and all that it extends, for the repository that calls itself
/// `repository`; without a name, the policy's own counts.
pub fn load(source: &Source, repository: Option<&str>) -> Result<Policy, Faults> {
    let table = read_merged(source, DEEPEST_EXTENDS)?;
    let digest = Sha256::digest(node::canonical(&table));
    let digest = digest
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    compile(&table, source, digest, repository)
}

fn read_merged(source: &Source, depth: usize) -> Result<Table, Faults> {
    let mut upper = node::parse(&source.to_string(), &source.read()?)?;
    let Some(extends) = upper.remove("extends") else {
        return Ok(upper);
    };
    let fault = |message: String| {
        let mut faults = Faults::default();
        faults.push(&extends.place, message);
        faults
    };
    let Value::Text(below) = &extends.value else {
        return Err(fault(
            "`extends` must be a string: `preset:<name>` or a path".into(),
        ));
    };
    if depth == 0 {
        return Err(fault(format!(
            "more than {DEEPEST_EXTENDS} policies extend one another"
        )));
    }
    let lower = Source::parse(below, source.folder());
    let lower = read_merged(&lower, depth - 1)
        .map_err(|inner| fault(format!("`extends` can't be followed: {inner}")))?;
    Ok(merge::merge(lower, upper))
}

fn compile(
    table: &Table,
    source: &Source,
    digest: String,
    repository: Option<&str>,
) -> Result<Policy, Faults> {
    let mut faults = Faults::default();
    let top = Place {
        file: source.to_string().into(),
        line: 1,
        text: "".into(),
    };
    let mut fields = Fields::new(table, top.clone(), POLICY_KEYS, &mut faults);
    if fields.node("version").map(|node| &node.value) != Some(&Value::Integer(1)) {
        let place = fields.place_of("version");
        fields.fault(
            &place,
            "`version = 1` is needed: it is the only format so far",
        );
    }
    let own_name = fields.text("repository");
    let repository = repository.or(own_name).map(str::to_owned);
    let review_by = fields.date("review-by");
    let denied = fields.word("default", &[("allow", false), ("deny", true)]) == Some(true);
    let ungoverned = match denied {
        true => Ungoverned::Denied(fields.place_of("default")),
        false => Ungoverned::Allowed,
    };
    let classes = classes(&mut fields);
    let upstreams = upstreams(&mut fields, repository.as_deref());
    let context = Context {
        classes: &classes,
        upstreams: &upstreams,
        repository: repository.as_deref(),
    };
    let trees = trees(&mut fields, &context);
    let limits = limits(&mut fields);
    let classifier = Classifier::new(&classes).map_err(|message| {
        fields.fault(&top, message);
    });
    match classifier {
        Ok(classifier) if faults.is_empty() => Ok(Policy {
            digest,
            origin: source.to_string(),
            repository,
            review_by,
            ungoverned,
            classes,
            classifier,
            upstreams,
            trees,
            limits,
        }),
        _ => Err(faults),
    }
}

/// What the trees refer to.
struct Context<'c> {
    classes: &'c [PathClass],
    upstreams: &'c [Upstream],
    repository: Option<&'c str>,
}

fn classes(policy: &mut Fields<'_, '_>) -> Vec<PathClass> {
    let mut classes: Vec<PathClass> = Vec::new();
    for node in policy.array("path-class") {
        let Some(mut fields) = Fields::of(node, CLASS_KEYS, policy.faults()) else {
            continue;
        };
        let Some(name) = unique_name(&mut fields, classes.iter().map(|class| class.name.as_str()))
        else {
            continue;
        };
        let neutral = fields.boolean("neutral", false);
        let mut patterns = Vec::new();
        for (text, place) in fields.texts("paths") {
            if let Err(message) = pattern::path_globs(text) {
                fields.fault(place, message);
            }
            patterns.push(PathPattern {
                text: text.into(),
                place: place.clone(),
            });
        }
        classes.push(PathClass {
            name,
            neutral,
            patterns,
        });
    }
    if classes.len() > ClassMask::MOST {
        let place = policy.place_of("path-class");
        policy.fault(
            &place,
            format!("a policy has at most {} path classes", ClassMask::MOST),
        );
    }
    classes
}

fn unique_name<'a>(
    fields: &mut Fields<'_, '_>,
    mut taken: impl Iterator<Item = &'a str>,
) -> Option<String> {
    let name = fields.needed_text("name")?;
    if taken.any(|other| other == name) {
        let place = fields.place_of("name");
        fields.fault(&place, format!("the name `{name}` is taken already"));
    }
    if name.chars().any(char::is_control) {
        let place = fields.place_of("name");
        fields.fault(&place, "a name holds no control characters");
    }
    Some(name.to_owned())
}

fn upstreams(policy: &mut Fields<'_, '_>, repository: Option<&str>) -> Vec<Upstream> {
    let mut upstreams: Vec<Upstream> = Vec::new();
    for node in policy.array("upstream") {
        let Some(mut fields) = Fields::of(node, UPSTREAM_KEYS, policy.faults()) else {
            continue;
        };
        let taken = upstreams.iter().map(|upstream| upstream.name.as_str());
        let Some(name) = unique_name(&mut fields, taken) else {
            continue;
        };
        let refs = ref_patterns(&mut fields, repository);
        upstreams.push(Upstream {
            name,
            refs,
            place: fields.place.clone(),
        });
    }
    upstreams
}

/// The patterns of `refs` that apply in this repository.
fn ref_patterns(fields: &mut Fields<'_, '_>, repository: Option<&str>) -> Vec<RefPattern> {
    let texts = fields.texts("refs");
    if texts.is_empty() {
        let place = fields.place_of("refs");
        fields.fault(&place, "`refs` is needed here: one ref pattern or more");
    }
    let mut patterns = Vec::new();
    for (text, place) in texts {
        match ref_pattern(text, place, repository) {
            Ok(Some(pattern)) => patterns.push(pattern),
            Ok(None) => {}
            Err(message) => fields.fault(place, message),
        }
    }
    patterns
}

fn ref_pattern(
    text: &str,
    place: &Place,
    repository: Option<&str>,
) -> Result<Option<RefPattern>, String> {
    let (wanted, name) = match text.split_once(':') {
        Some((wanted, name)) => (Some(wanted), name),
        None => (None, text),
    };
    if !name.starts_with("refs/") {
        return Err(format!(
            "a ref pattern names the whole ref: write `refs/heads/{name}`"
        ));
    }
    let matcher = pattern::ref_glob(name, false)?.compile_matcher();
    let folding = pattern::ref_glob(&name.to_lowercase(), true)?.compile_matcher();
    let applies = match wanted
        .map(|glob| pattern::ref_glob(glob, false))
        .transpose()?
    {
        None => true,
        Some(glob) => names_us(&glob, text, repository)?,
    };
    Ok(applies.then(|| RefPattern {
        text: name.to_owned(),
        place: place.clone(),
        matcher,
        folding,
    }))
}

fn names_us(glob: &Glob, text: &str, repository: Option<&str>) -> Result<bool, String> {
    let us = repository.ok_or_else(|| {
        format!(
            "`{text}` asks for a repository, but nothing says which one this is: set `repository`"
        )
    })?;
    Ok(glob.compile_matcher().is_match(us))
}

fn trees(policy: &mut Fields<'_, '_>, context: &Context<'_>) -> Vec<Tree> {
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

fn tree_upstreams(fields: &mut Fields<'_, '_>, upstreams: &[Upstream]) -> Vec<usize> {
    let known: Vec<&str> = upstreams
        .iter()
        .map(|upstream| upstream.name.as_str())
        .collect();
    let mut found = Vec::new();
    for (name, place) in fields.texts("upstream") {
        if let Some(at) = known.iter().position(|other| *other == name) {
            found.push(at);
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

fn severity(tree: &mut Fields<'_, '_>) -> BTreeMap<Code, Severity> {
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
        .filter_map(|name| Some((Code::named(name)?, fields.word(name, &WEIGHTS)?)))
        .collect()
}

fn limits(policy: &mut Fields<'_, '_>) -> Limits {
    let default = Limits::default();
    let Some(node) = policy.node("budget") else {
        return default;
    };
    let Some(mut fields) = Fields::of(node, BUDGET_KEYS, policy.faults()) else {
        return default;
    };
    Limits {
        commits: fields.count("commits").unwrap_or(default.commits),
        tree_objects: fields.count("tree-objects").unwrap_or(default.tree_objects),
        seconds: fields.count("seconds").unwrap_or(default.seconds),
    }
}
