//! The updates themselves: which may be made at all, and which a tree allows.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::error::Error;
use crate::finding::{Code, Finding, Offender, Severity};
use crate::git::RefTable;
use crate::input::Command;
use crate::overrides::ref_name::{FOLDER, is_folded_override, is_override};
use crate::policy::{Permission, Place, Policy, Tree, Ungoverned};
use crate::report::escape::Shown;
use crate::update::{Change, RefName, RefUpdate, RefValue};

/// What is left to judge, and what was broken already.
#[derive(Debug, Default)]
pub struct Screened<'p> {
    /// The sound updates of governed refs.
    pub governed: Vec<(&'p Tree, RefUpdate)>,
    /// Those below `refs/overrides/`.
    pub overrides: Vec<RefUpdate>,
    /// What is wrong with the others.
    pub findings: Vec<Finding>,
}

/// Sorts the commands of a push. `standing` holds the refs that the push names, and all refs of
/// their trees; `dangling` tells whether a ref without a value is a symbolic one.
pub fn screen<'p>(
    commands: &[Command],
    policy: &'p Policy,
    standing: &RefTable,
    mut dangling: impl FnMut(&RefName) -> Result<bool, Error>,
) -> Result<Screened<'p>, Error> {
    let mut screened = Screened::default();
    let mut seen = BTreeSet::new();
    let folded = OnceCell::new();
    let names = || folded.get_or_init(|| folded_names(commands, standing));
    for command in commands {
        let update = match command {
            Command::Update(update) => update,
            Command::Bad(bad) => {
                screened
                    .findings
                    .push(push_finding(Code::BadUpdate, &bad.name, bad.fault));
                continue;
            }
        };
        let fault = if seen.insert(&update.name) {
            bad_update(update, policy, standing, names, &mut dangling)?
        } else {
            Some("the push names this ref twice".into())
        };
        if let Some(fault) = fault {
            screened
                .findings
                .push(push_finding(Code::BadUpdate, update.name.as_bytes(), fault));
        } else {
            sort(update, policy, &mut screened);
        }
    }
    Ok(screened)
}

fn sort<'p>(update: &RefUpdate, policy: &'p Policy, screened: &mut Screened<'p>) {
    let name = update.name.as_bytes();
    if name.starts_with(b"refs/replace/") {
        let fault = "a replace ref would show git other objects than those that were judged";
        screened
            .findings
            .push(push_finding(Code::ReplaceRef, name, fault));
    } else if is_override(&update.name) {
        screened.overrides.push(update.clone());
    } else if let Some(tree) = policy.tree_of(&update.name) {
        screened.governed.push((tree, update.clone()));
    } else if let Some(upstream) = policy.upstream_of(&update.name) {
        let fault = format!(
            "the upstream `{}` is trusted, so nobody pushes to it",
            upstream.name
        );
        let mut finding = push_finding(Code::UpstreamRefPushed, name, fault);
        finding.place = Some(upstream.place.clone());
        finding.help = vec!["the server's administrator updates it, by a fetch".into()];
        screened.findings.push(finding);
    } else if let Ungoverned::Denied(place) = &policy.ungoverned {
        let mut finding = push_finding(Code::UngovernedRef, name, "no tree governs this ref");
        finding.place = Some(place.clone());
        finding.help = vec![governed_refs(policy)];
        screened.findings.push(finding);
    }
}

fn governed_refs(policy: &Policy) -> String {
    let patterns = policy.trees.iter().flat_map(|tree| &tree.refs);
    let texts: Vec<&str> = patterns.map(|pattern| pattern.text.as_str()).collect();
    format!("the refs of this policy are {}", texts.join(", "))
}

/// What no honest client sends.
fn bad_update<'n>(
    update: &RefUpdate,
    policy: &Policy,
    standing: &RefTable,
    names: impl FnOnce() -> &'n FoldedNames,
    dangling: &mut impl FnMut(&RefName) -> Result<bool, Error>,
) -> Result<Option<String>, Error> {
    let (held, said) = (standing.value(&update.name), update.change.old());
    if held != said {
        return Ok(Some(format!(
            "the ref {}, but the push says that it {}: fetch first, then push again",
            holds(held),
            holds(said)
        )));
    }
    let protected = |name: &RefName| {
        is_override(name) || policy.tree_of(name).is_some() || policy.upstream_of(name).is_some()
    };
    if let Some(target) = standing.target(&update.name) {
        let harmless = RefName::new(target).is_some_and(|target| !protected(&target));
        if protected(&update.name) || !harmless {
            return Ok(Some(
                "a symbolic ref: push to the ref that it stands for".into(),
            ));
        }
    }
    if let Some(inner) = inside_namespace(&update.name).filter(protected) {
        let inner = Shown(inner.as_bytes()).to_string();
        return Ok(Some(format!(
            "this is {inner} of a namespace: push it there, with GIT_NAMESPACE"
        )));
    }
    if is_folded_override(&update.name) && !is_override(&update.name) {
        return Ok(Some(format!(
            "but for upper and lower case this is in {FOLDER}"
        )));
    }
    let Change::Create { .. } = update.change else {
        return Ok(None);
    };
    if dangling(&update.name)? {
        return Ok(Some("a symbolic ref to a ref that isn't there yet".into()));
    }
    if policy.tree_of(&update.name).is_none() {
        return Ok(tree_nearby(policy, &update.name).map(|tree| {
            format!(
                "but for upper and lower case this is a ref of the tree {}",
                tree.name
            )
        }));
    }
    let twins = names().get(&update.name.folded()).map_or(0, BTreeSet::len);
    Ok((twins > 1).then(|| "there is a ref of this name but for upper and lower case".into()))
}

/// The name that the ref has for those who push to the namespace it is in.
fn inside_namespace(name: &RefName) -> Option<RefName> {
    let mut inner = name.as_bytes();
    while let Some(rest) = inner.strip_prefix(b"refs/namespaces/") {
        let end = rest.iter().position(|byte| *byte == b'/')?;
        inner = rest.get(end + 1..)?;
    }
    RefName::new(inner).filter(|inner| inner != name)
}

/// The tree that would govern the ref if case didn't count.
fn tree_nearby<'p>(policy: &'p Policy, name: &RefName) -> Option<&'p Tree> {
    policy
        .trees
        .iter()
        .find(|tree| tree.refs.iter().any(|pattern| pattern.matches_folded(name)))
}

/// Ref names by what is left of them where case doesn't count.
type FoldedNames = BTreeMap<String, BTreeSet<RefName>>;

fn folded_names(commands: &[Command], standing: &RefTable) -> FoldedNames {
    let pushed = commands.iter().filter_map(|command| match command {
        Command::Update(update) => Some(&update.name),
        Command::Bad(_) => None,
    });
    let mut names = FoldedNames::new();
    for name in pushed.chain(standing.iter().map(|(name, _)| name)) {
        names.entry(name.folded()).or_default().insert(name.clone());
    }
    names
}

fn holds(value: RefValue) -> String {
    match value {
        RefValue::Absent => "is not there".into(),
        RefValue::At(oid) => format!("holds {}", oid.short()),
    }
}

/// A finding that no tree has a say in.
pub fn push_finding(code: Code, name: &[u8], fault: impl Into<String>) -> Finding {
    Finding {
        code,
        severity: Severity::Deny,
        tree: None,
        ref_name: name.into(),
        offender: Offender::Update,
        fault: fault.into(),
        place: None,
        help: Vec::new(),
        lifted_by: Vec::new(),
    }
}

/// A finding of a tree on an update of one of its refs.
pub fn tree_finding(
    tree: &Tree,
    code: Code,
    name: &RefName,
    fault: String,
    place: &Place,
) -> Finding {
    Finding {
        severity: tree.severity(code),
        tree: Some(tree.name.clone()),
        place: Some(place.clone()),
        ..push_finding(code, name.as_bytes(), fault)
    }
}

/// The kinds of update that a tree may allow or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateKind {
    /// The ref is new.
    Created,
    /// The ref goes.
    Deleted,
    /// The ref moves to a descendant of its old value.
    FastForward,
    /// The ref moves anywhere else.
    Rewound,
}

/// What the tree has against an update of this kind.
pub fn update_kind(tree: &Tree, name: &RefName, kind: UpdateKind) -> Option<Finding> {
    let (permission, code, fault, help): (&Permission, _, _, _) = match kind {
        UpdateKind::FastForward => return None,
        UpdateKind::Created => (
            &tree.create,
            Code::RefCreated,
            "is created",
            "create = true",
        ),
        UpdateKind::Deleted => (
            &tree.delete,
            Code::RefDeleted,
            "is deleted",
            "delete = true",
        ),
        UpdateKind::Rewound => (
            &tree.rewind,
            Code::RefRewound,
            "moves to a commit that does not contain its old value",
            "rewind = true",
        ),
    };
    if permission.allowed {
        return None;
    }
    let mut finding = tree_finding(
        tree,
        code,
        name,
        format!("the ref {fault}"),
        &permission.place,
    );
    if kind == UpdateKind::Rewound {
        finding
            .help
            .push("fetch, rebase onto the ref as it is, and push again without --force".into());
    }
    finding.help.push(format!(
        "if it is meant, the policy must say `{help}` for this tree"
    ));
    Some(finding)
}
