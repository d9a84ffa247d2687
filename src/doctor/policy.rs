//! The checks of the policy: `policy`, `review`, `trees` and `enforcement`.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use super::check::Check;
use super::report::Entry;
use super::subject::{Gate, Subject, budget, install};
use super::words::{quoted, quoted_path};
use crate::error::Error;
use crate::finding::{Code, Severity};
use crate::git::{HookSide, RefTable};
use crate::pause::{self, Pause};
use crate::policy::{Enforce, Policy, Source, Tree, files};
use crate::update::RefName;

/// How much of a policy's digest is shown, in hex digits: as much as in reports.
const DIGEST_SHOWN: usize = 12;

/// The check `policy`.
pub fn policy(subject: &Subject<'_>) -> Vec<Entry> {
    let source = match &subject.source {
        Ok(source) => source,
        Err(error) => {
            let help = install(subject.repo, subject.side, "POLICY");
            return vec![Entry::fail(Check::Policy, error, help)];
        }
    };
    let mut entries: Vec<Entry> = Vec::new();
    for gate in &subject.gates {
        for entry in loaded(gate, source, subject) {
            // The same fault in what several remotes share is told once.
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
    }
    entries
}

fn loaded(gate: &Gate, source: &Source, subject: &Subject<'_>) -> Vec<Entry> {
    let policy = match &gate.policy {
        Ok(policy) => policy,
        Err(error) => {
            let help = check_command(source, subject);
            let faults = error.to_string();
            let faults = faults.lines();
            return faults
                .map(|fault| Entry::fail(Check::Policy, fault, &help))
                .collect();
        }
    };
    let digest: String = policy.digest.chars().take(DIGEST_SHOWN).collect();
    let name = policy.repository.as_deref().unwrap_or("(no name)");
    let detail = format!(
        "{}, digest {digest}, for the repository {name}",
        named(source)
    );
    vec![Entry::ok(Check::Policy, gate.says(detail))]
}

/// The command that tells the faults again, once somebody has edited the file.
fn check_command(source: &Source, subject: &Subject<'_>) -> String {
    let policy = quoted(OsStr::new(&source.to_string()));
    let git_dir = quoted_path(subject.repo.git_dir());
    let explain = format!("GIT_DIR={git_dir} treewarden explain --policy {policy} --path x");
    format!("mend the policy, until this is content: {explain}")
}

/// The sources of the policy, and where links among them lead.
fn named(source: &Source) -> String {
    let sources = files(source);
    let named: Vec<String> = sources.iter().map(with_link).collect();
    named.join(", which extends ")
}

fn with_link(source: &Source) -> String {
    let target = match source {
        Source::Preset(_) => None,
        Source::File(path) => link_target(path),
    };
    match target {
        Some(target) => format!("{source} (a symbolic link to {target})"),
        None => source.to_string(),
    }
}

fn link_target(path: &Path) -> Option<String> {
    let target = path.read_link().ok()?;
    Some(target.display().to_string())
}

/// The check `review`.
pub fn review(subject: &Subject<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (_, policy) in subject.policies() {
        let entry = match policy.review_by {
            None => Entry::ok(Check::Review, "the policy names no day"),
            Some(day) if day < subject.ambient.today() => Entry::warn(
                Check::Review,
                format!("the policy was to be reviewed by {day}"),
                format!("review {} and set a later `review-by`", policy.origin),
            ),
            Some(day) => Entry::ok(Check::Review, format!("due by {day}")),
        };
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries
}

/// The check `trees`.
pub fn trees(subject: &Subject<'_>) -> Result<Vec<Entry>, Error> {
    subject
        .policies()
        .map(|(gate, policy)| governed(subject, gate, policy))
        .collect()
}

fn governed(subject: &Subject<'_>, gate: &Gate, policy: &Policy) -> Result<Entry, Error> {
    let trees: Vec<&Tree> = here(policy).collect();
    if trees.is_empty() {
        return Ok(ungoverned(subject, gate, policy));
    }
    let refs = match &gate.remote {
        None => subject.repo.refs(&prefixes(&trees), &budget())?,
        Some(remote) => subject.repo.fetched_refs(remote, &budget())?,
    };
    let (there, absent): (Vec<&Tree>, Vec<&Tree>) = trees
        .into_iter()
        .partition(|tree| has_ref(policy, tree, &refs));
    let mut said = Vec::new();
    for (trees, what) in [(there, "with a ref"), (absent, "without one yet")] {
        if !trees.is_empty() {
            let names: Vec<&str> = trees.iter().map(|tree| tree.name.as_str()).collect();
            said.push(format!("{what}: {}", names.join(", ")));
        }
    }
    Ok(Entry::ok(Check::Trees, gate.says(said.join("; "))))
}

/// The trees that have refs in this repository, as far as the policy is concerned.
pub fn here(policy: &Policy) -> impl Iterator<Item = &Tree> {
    policy.trees.iter().filter(|tree| !tree.refs.is_empty())
}

fn prefixes(trees: &[&Tree]) -> BTreeSet<Vec<u8>> {
    let patterns = trees.iter().flat_map(|tree| &tree.refs);
    patterns
        .map(|pattern| pattern.prefix().as_bytes().to_vec())
        .collect()
}

fn has_ref(policy: &Policy, tree: &Tree, refs: &RefTable) -> bool {
    let governs = |name: &RefName| {
        let found = policy.tree_of(name);
        found.is_some_and(|found| found.name == tree.name)
    };
    refs.iter().any(|(name, _)| governs(name))
}

fn ungoverned(subject: &Subject<'_>, gate: &Gate, policy: &Policy) -> Entry {
    let name = policy.repository.as_deref().unwrap_or("(no name)");
    let detail =
        format!("no tree of the policy has a ref in the repository {name}: nothing is judged");
    let key = match &gate.remote {
        Some(remote) => format!("remote.{remote}.treewardenRepository"),
        None => "treewarden.repository".into(),
    };
    let help = format!("{} config {} NAME", subject.git(), quoted(OsStr::new(&key)));
    Entry::fail(Check::Trees, gate.says(detail), help)
}

/// The check `enforcement`.
pub fn enforcement(subject: &Subject<'_>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (gate, policy) in subject.policies() {
        let open: Vec<Entry> = here(policy)
            .filter_map(|tree| lowered(tree, gate, subject.side))
            .collect();
        match open.is_empty() {
            true if here(policy).next().is_none() => {}
            true => {
                let detail = gate.says("every tree refuses what breaks its rules");
                entries.push(Entry::ok(Check::Enforcement, detail));
            }
            false => entries.extend(open),
        }
    }
    entries
}

/// Trees whose rules only warn for now.
pub fn paused(subject: &Subject<'_>) -> Result<Vec<Entry>, Error> {
    let pauses = pause::active(subject.repo, subject.ambient.now)?;
    let told = pauses.into_iter().map(|Pause { tree, until, .. }| {
        let help = format!(
            "treewarden pause {} --end --tree {}",
            quoted_path(subject.repo.git_dir()),
            quoted(OsStr::new(&tree))
        );
        let detail = format!("{tree} is paused until {until}: what breaks its rules is accepted");
        Entry::warn(Check::Enforcement, detail, help)
    });
    Ok(told.collect())
}

/// What a tree lets pass although a rule is against it.
fn lowered(tree: &Tree, gate: &Gate, side: HookSide) -> Option<Entry> {
    let passes = match side {
        HookSide::Server => "accepted",
        HookSide::Client => "pushed",
    };
    let (what, help) = match tree.enforce {
        Enforce::Off => (
            format!(
                "{} has `enforce = \"off\"`: nothing is judged there",
                tree.name
            ),
            "enforce = \"deny\"",
        ),
        Enforce::Warn if refused(tree).is_empty() => (
            format!(
                "{} has `enforce = \"warn\"`: what breaks its rules is told and {passes}",
                tree.name
            ),
            "enforce = \"deny\"",
        ),
        Enforce::Deny | Enforce::Warn => {
            let told: Vec<&str> = path_rules(tree)
                .filter(|code| tree.severity(*code) == Severity::Warn)
                .map(Code::name)
                .collect();
            if told.is_empty() {
                return None;
            }
            let told = told.join(" and ");
            (
                format!("{} only warns of {told}", tree.name),
                "severity to \"deny\"",
            )
        }
    };
    let help = format!("set {help} for the [[tree]] at {}", tree.place);
    Some(Entry::warn(Check::Enforcement, gate.says(what), help))
}

/// The rules about paths that the tree has.
fn path_rules(tree: &Tree) -> impl Iterator<Item = Code> {
    let deny = tree.deny.is_some().then_some(Code::DeniedPath);
    let deny_only = tree.deny_only.is_some().then_some(Code::OnlyDeniedPaths);
    deny.into_iter().chain(deny_only)
}

/// Those of them that refuse.
pub fn refused(tree: &Tree) -> Vec<Code> {
    match tree.enforce {
        Enforce::Off => Vec::new(),
        Enforce::Deny | Enforce::Warn => path_rules(tree)
            .filter(|code| tree.severity(*code) == Severity::Deny)
            .collect(),
    }
}
