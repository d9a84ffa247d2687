//! From the merged tables to a [`Policy`]. Every fault is collected, with its line.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::case::cases;
use super::fields::{BUDGET_KEYS, CLASS_KEYS, Fields, POLICY_KEYS, UPSTREAM_KEYS};
use super::node::{self, Table, Value};
use super::place::{Faults, Place};
use super::ref_pattern::ref_patterns;
use super::signer::{signers, terms};
use super::tree::{Context, trees};
use super::{PathClass, PathPattern, Policy, Source, Ungoverned, Upstream, merge};
use crate::budget::Limits;
use crate::classify::{Builder, ClassMask, Classifier, Match};
use crate::hex::hex;

/// How many files may extend one another.
pub(super) const DEEPEST_EXTENDS: usize = 8;

/// Reads the policy at `source` and all that it extends, for the repository that calls itself
/// `repository`; without a name, the policy's own counts.
pub fn load(source: &Source, repository: Option<&str>) -> Result<Policy, Faults> {
    Written::read(source)?.policy(repository)
}

/// The same for a policy that refuses pushes: its files must be such that nobody but their owners
/// says what stands in them. The cases of a preset, which judge nothing, are left out: each push
/// would pay for them.
pub fn load_trusted(source: &Source, repository: Option<&str>) -> Result<Policy, Faults> {
    let written = Written::of_source(source, &source.read_rules()?)?;
    let below = written.extended.iter().map(|(below, _)| below);
    for file in std::iter::once(source).chain(below) {
        file.must_be_owners()?;
    }
    written.policy(repository)
}

/// The same for a draft.
pub fn load_draft(draft: &Draft<'_>, repository: Option<&str>) -> Result<Policy, Faults> {
    Written::of(draft)?.policy(repository)
}

/// A policy's text that need not stand in a file yet.
pub struct Draft<'t> {
    /// The text.
    pub text: &'t str,
    /// What faults and reports call it.
    pub called: String,
    /// What a relative `extends` in it is relative to.
    pub folder: PathBuf,
}

impl<'t> Draft<'t> {
    /// The text of a source.
    pub fn of(source: &Source, text: &'t str) -> Self {
        Self {
            text,
            called: source.to_string(),
            folder: source.folder().to_owned(),
        }
    }
}

/// What policy files say, `extends` resolved; nothing but their syntax is known to be right.
#[derive(Clone, Debug)]
pub struct Written {
    pub(super) table: Table,
    /// What was extended and where, the outermost first.
    pub(super) extended: Vec<(Source, Place)>,
    called: String,
    /// The digest, where it is known.
    digest: Option<&'static str>,
}

impl Written {
    /// Reads the file, and all that it extends.
    pub fn read(source: &Source) -> Result<Self, Faults> {
        Self::of_source(source, &source.read()?)
    }

    /// The same of a source that has this text.
    fn of_source(source: &Source, text: &str) -> Result<Self, Faults> {
        let written = Self::of(&Draft::of(source, text))?;
        let digest = source.digest();
        Ok(Self { digest, ..written })
    }

    /// Reads all that the draft extends.
    pub fn of(draft: &Draft<'_>) -> Result<Self, Faults> {
        let mut extended = Vec::new();
        let table = read_merged(draft, &mut extended)?;
        Ok(Self {
            table,
            extended,
            called: draft.called.clone(),
            digest: None,
        })
    }

    /// What that means for the repository that calls itself `repository`; without a name, the
    /// policy's own counts.
    pub fn policy(&self, repository: Option<&str>) -> Result<Policy, Faults> {
        let digest = match self.digest {
            Some(known) => known.to_owned(),
            None => hex(&Sha256::digest(node::canonical(&self.table))),
        };
        compile(&self.table, &self.called, digest, repository)
    }
}

fn read_merged(draft: &Draft<'_>, extended: &mut Vec<(Source, Place)>) -> Result<Table, Faults> {
    let mut upper = node::parse(&draft.called, draft.text)?;
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
    if extended.len() == DEEPEST_EXTENDS {
        return Err(fault(format!(
            "more than {DEEPEST_EXTENDS} policies extend one another"
        )));
    }
    let source = Source::parse(below, &draft.folder);
    extended.push((source.clone(), extends.place.clone()));
    // Whole: cases can be laid over one another too.
    let lower = source
        .read()
        .and_then(|text| read_merged(&Draft::of(&source, &text), extended));
    let lower = lower.map_err(|inner| fault(format!("`extends` can't be followed: {inner}")))?;
    Ok(merge::merge(lower, upper))
}

fn compile(
    table: &Table,
    called: &str,
    digest: String,
    repository: Option<&str>,
) -> Result<Policy, Faults> {
    let mut faults = Faults::default();
    let mut fields = Fields::new(table, Place::top(called), POLICY_KEYS, &mut faults);
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
    let (classes, classifier) = classes(&mut fields);
    let upstreams = upstreams(&mut fields, repository.as_deref());
    let context = Context {
        classes: &classes,
        upstreams: &upstreams,
        repository: repository.as_deref(),
    };
    let trees = trees(&mut fields, &context);
    let limits = limits(&mut fields);
    let signers = signers(&mut fields, &trees);
    let terms = terms(&mut fields, &signers);
    let cases = cases(&mut fields, &trees);
    faults.or(Policy {
        digest,
        origin: called.into(),
        repository,
        review_by,
        ungoverned,
        classes,
        classifier,
        upstreams,
        trees,
        limits,
        signers,
        terms,
        cases,
    })
}

/// The path classes, and what matches paths with them.
fn classes(policy: &mut Fields<'_, '_>) -> (Vec<PathClass>, Classifier) {
    let mut classes: Vec<PathClass> = Vec::new();
    let mut classifier = Builder::new();
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
            let owner = Match {
                class: classes.len(),
                pattern: patterns.len(),
            };
            if let Err(message) = classifier.add(owner, text) {
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
            place: fields.place.clone(),
            listed: fields.node("paths").map(|node| node.place.clone()),
        });
    }
    if classes.len() > ClassMask::MOST {
        let place = policy.place_of("path-class");
        policy.fault(
            &place,
            format!("a policy has at most {} path classes", ClassMask::MOST),
        );
    }
    (classes, classifier.finish())
}

/// The entry's name; a fault where it is missing, taken, or would not print.
pub(super) fn unique_name<'a>(
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
