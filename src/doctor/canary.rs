//! The check `canary`: pushes that must be refused are made, and are refused.
//!
//! They go from one scratch repository to another; see `git/trial.rs` for what that keeps out.
//! A chained hook never sees them: it is kept beside the real hook, and looked for beside the
//! link that the scratch repository has.

use super::check::Check;
use super::installed::is_ours;
use super::policy::{here, refused};
use super::report::{Entry, Outcome};
use super::sample::{names, path_in, ref_of};
use super::subject::{Gate, Subject, name};
use crate::classify::ClassMask;
use crate::error::Error;
use crate::finding::Code;
use crate::git::{Setting, Trial, Tried};
use crate::policy::{Policy, Source, Tree};
use crate::report::escape::Shown;
use crate::update::{Oid, RefName};

/// A path that means nothing: what is pushed to `refs/replace/` counts by its name.
const ANY_PATH: &[u8] = b"canary";
/// The path of the commit that would be replaced.
const OTHER_PATH: &[u8] = b"replaced";
/// How much of what a hook said is shown, in characters.
const MOST_SAID: usize = 300;

/// A push that must be refused.
struct Case {
    ref_name: RefName,
    path: Vec<u8>,
    code: Code,
}

/// The check `canary`.
pub fn canary(subject: &Subject<'_>) -> Result<Vec<Entry>, Error> {
    // Nobody knows what it does with a push that it takes for a real one.
    if is_foreign(subject) {
        let detail = format!(
            "not tried: {} is another program's, which is not run with a push that is none",
            subject.hook().display()
        );
        return Ok(vec![Entry::warn(Check::Canary, detail, subject.install())]);
    }
    let mut entries = Vec::new();
    for gate in &subject.gates {
        entries.extend(tried(subject, gate)?);
    }
    Ok(entries)
}

/// Returns true if and only if there is a hook that doesn't speak of our program.
fn is_foreign(subject: &Subject<'_>) -> bool {
    subject.hook().is_file() && !is_ours(&subject.hooks.folder, subject.side)
}

fn tried(subject: &Subject<'_>, gate: &Gate) -> Result<Vec<Entry>, Error> {
    let policy = subject.source.as_ref().ok().map(Source::to_string);
    let trial = Trial::new(
        subject.repo,
        Setting {
            side: subject.side,
            name: name(subject.side),
            hook: &subject.hook(),
            policy: policy.as_deref(),
            remote: gate.remote.as_deref(),
        },
    )?;
    let first = replacement(subject, gate, &trial)?;
    match &gate.policy {
        // What doesn't even refuse that judges nothing: the rest would only say so again.
        Ok(policy) if first.outcome != Outcome::Fail => {
            let mut entries = vec![first];
            entries.extend(by_paths(subject, gate, policy, &trial)?);
            Ok(entries)
        }
        Ok(_) | Err(_) => Ok(vec![first]),
    }
}

/// What no policy takes.
fn replacement(subject: &Subject<'_>, gate: &Gate, trial: &Trial<'_>) -> Result<Entry, Error> {
    let (commit, other) = (trial.commit(ANY_PATH)?, trial.commit(OTHER_PATH)?);
    let ref_name = RefName::new(format!("refs/replace/{other}").as_bytes())
        .ok_or(Error::Internal("an object name that no ref can hold"))?;
    let case = Case {
        ref_name,
        path: ANY_PATH.to_vec(),
        code: Code::ReplaceRef,
    };
    push(subject, gate, trial, commit, &case)
}

/// What the trees' rules about paths don't take.
fn by_paths(
    subject: &Subject<'_>,
    gate: &Gate,
    policy: &Policy,
    trial: &Trial<'_>,
) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    for tree in here(policy) {
        know_upstreams(policy, tree, trial)?;
        for code in refused(tree) {
            entries.push(match case(policy, tree, code) {
                Some(case) => {
                    let commit = trial.commit(&case.path)?;
                    push(subject, gate, trial, commit, &case)?
                }
                None => no_case(gate, tree, code),
            });
        }
    }
    if entries.is_empty() {
        let detail =
            "no tree of the policy refuses anything for its paths: only refs/replace/ was tried";
        let help = format!("give a [[tree]] of {} `deny` or `deny-only`", policy.origin);
        entries.push(Entry::warn(Check::Canary, gate.says(detail), help));
    }
    Ok(entries)
}

/// A client that lacks an upstream only warns of what could have come from there. The check
/// `upstreams` tells of that; what is tried here is the rest.
fn know_upstreams(policy: &Policy, tree: &Tree, trial: &Trial<'_>) -> Result<(), Error> {
    let holds = trial.commit(ANY_PATH)?;
    for upstream in policy.upstreams_of(tree) {
        if let Some(name) = names(&upstream.refs).next() {
            trial.know(&name, holds)?;
        }
    }
    Ok(())
}

fn case(policy: &Policy, tree: &Tree, code: Code) -> Option<Case> {
    Some(Case {
        ref_name: ref_of(policy, tree)?,
        path: path_in(policy, denied(tree, code))?,
        code,
    })
}

/// The classes that break the rule by themselves.
fn denied(tree: &Tree, code: Code) -> ClassMask {
    let deny = tree.deny.as_ref().map(|rule| rule.classes);
    let deny_only = tree
        .deny_only
        .as_ref()
        .map(|rule| rule.classes.without(rule.unless));
    let classes = match code {
        Code::DeniedPath => deny,
        Code::OnlyDeniedPaths => deny_only,
        Code::MessagePattern
        | Code::RefCreated
        | Code::RefDeleted
        | Code::RefRewound
        | Code::TooMuch
        | Code::UngovernedRef
        | Code::UpstreamRefPushed
        | Code::BadUpdate
        | Code::ReplaceRef
        | Code::BadOverride
        | Code::OverrideRefChanged => None,
    };
    classes.unwrap_or(ClassMask::EMPTY)
}

fn no_case(gate: &Gate, tree: &Tree, code: Code) -> Entry {
    let detail = format!(
        "{}: no path was found that breaks {code}, so it was not tried",
        tree.name
    );
    let help = format!(
        "see that the [[tree]] at {} has a ref of its own, and that the [[path-class]]es that it \
         lists hold paths that no earlier class has",
        tree.place
    );
    Entry::warn(Check::Canary, gate.says(detail), help)
}

fn push(
    subject: &Subject<'_>,
    gate: &Gate,
    trial: &Trial<'_>,
    commit: Oid,
    case: &Case,
) -> Result<Entry, Error> {
    let tried = trial.push(commit, &case.ref_name)?;
    let what = match case.code {
        Code::ReplaceRef => "a push to refs/replace/".to_owned(),
        _ => format!(
            "a push of {} to {}",
            Shown(&case.path),
            Shown(case.ref_name.as_bytes())
        ),
    };
    if !tried.accepted && names_code(&tried, case.code) {
        let detail = format!("{what} was refused: {}", case.code);
        return Ok(Entry::ok(Check::Canary, gate.says(detail)));
    }
    let verdict = match tried.accepted {
        true => "was accepted".to_owned(),
        false => format!("was refused otherwise: {}", said(&tried)),
    };
    let detail = format!("{what} must be refused with {}, and {verdict}", case.code);
    let help = format!("mend what else fails here, or: {}", subject.install());
    Ok(Entry::fail(Check::Canary, gate.says(detail), help))
}

fn names_code(tried: &Tried, code: Code) -> bool {
    let wanted = format!("error[{code}]:");
    let mut lines = tried.said.windows(wanted.len());
    lines.any(|part| part == wanted.as_bytes())
}

/// What the hook said, in one line; where it said nothing, what git said.
fn said(tried: &Tried) -> String {
    let text = String::from_utf8_lossy(&tried.said);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let hook: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("remote:"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let told = if hook.is_empty() { lines } else { hook };
    let joined = told.join(" | ");
    match joined.chars().count() {
        0 => "nothing was said".into(),
        count if count <= MOST_SAID => joined,
        _ => joined.chars().take(MOST_SAID).chain(['…']).collect(),
    }
}
