//! The parts of a record that tell of a push.
//!
//! Whoever pushes decides how many refs and commits there are, and how long their names: what is
//! listed is bounded, and what isn't is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::Record;
use super::record::cut;
use crate::ambient::Ambient;
use crate::decision::{Decision, Judgement};
use crate::error::Error;
use crate::finding::{Finding, Lifter, Offender};
use crate::input::Command;
use crate::pause::Pause;
use crate::policy::Policy;
use crate::report::json::{bytes, merged};
use crate::report::word;
use crate::update::{Oid, RefName, RefValue};

/// How many updates, and how many findings, are listed.
const MOST_LISTED: usize = 100;
/// How many commits of a finding are.
const MOST_COMMITS: usize = 20;

/// What a push was, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'j> {
    /// What git says is to be updated; nothing where that couldn't be read.
    pub commands: &'j [Command],
    /// What the repository is called by its config.
    pub repository: Option<&'j str>,
    /// The verdict, or why there is none.
    pub outcome: Result<(&'j Policy, &'j Decision), &'j Error>,
    /// What is paused.
    pub pauses: &'j [Pause],
    /// The digest of the keyring, if a signature was looked at.
    pub keyring: Option<&'j str>,
    /// How long judging took.
    pub took: Duration,
}

/// The record of kind `judged`.
pub fn judged(push: &Judged<'_>, ambient: &Ambient) -> Record {
    let record = Record::new("judged", ambient.now, &ambient.pusher);
    let policy = push.outcome.ok().map(|(policy, _)| policy);
    let repository = policy.and_then(|policy| policy.repository.as_deref());
    let findings = judgement(push).map_or(&[][..], |judgement| &judgement.findings);
    let listed: Vec<Value> = findings.iter().take(MOST_LISTED).map(finding).collect();
    let record = record.with(json!({
        "repository": repository.or(push.repository),
        "updates": updates(push),
        "updates_total": push.commands.len(),
        "findings": listed,
        "findings_total": findings.len(),
        "policy": policy.map(|policy| json!({ "origin": policy.origin, "digest": policy.digest })),
        "decision": decision(push),
        "milliseconds": u64::try_from(push.took.as_millis()).unwrap_or(u64::MAX),
    }));
    let record = match push.outcome {
        Ok(_) => record,
        Err(error) => record.with(reason(error)),
    };
    let record = match push.keyring {
        None => record,
        Some(digest) => record.with(json!({ "keyring": digest })),
    };
    let overrides = overrides(findings);
    let record = match overrides.is_empty() {
        true => record,
        false => record.with(json!({ "overrides": overrides })),
    };
    match push.pauses {
        [] => record,
        pauses => {
            let pauses: Vec<Value> = pauses.iter().map(Pause::to_json).collect();
            record.with(json!({ "pauses": pauses }))
        }
    }
}

fn judgement<'j>(push: &Judged<'j>) -> Option<&'j Judgement> {
    match push.outcome {
        Ok((_, Decision::Accept(judgement) | Decision::Reject(judgement))) => Some(judgement),
        Err(_) => None,
    }
}

fn decision(push: &Judged<'_>) -> &'static str {
    match push.outcome {
        Ok((_, Decision::Accept(_))) => "accept",
        Ok((_, Decision::Reject(_))) => "reject",
        Err(_) => "error",
    }
}

fn reason(error: &Error) -> Value {
    let text = error.to_string();
    json!({ "reason": String::from_utf8_lossy(cut(text.as_bytes())) })
}

fn updates(push: &Judged<'_>) -> Vec<Value> {
    let commands = push.commands.iter().take(MOST_LISTED);
    commands.map(|command| update(command, push)).collect()
}

fn update(command: &Command, push: &Judged<'_>) -> Value {
    let command = match command {
        Command::Update(update) => update,
        Command::Bad(bad) => {
            let whole = json!({ "old": null, "new": null, "fault": bad.fault });
            return merged([name(&bad.name), whole]);
        }
    };
    let raw = command.name.as_bytes();
    let judged = judgement(push).into_iter().flat_map(|it| &it.updates);
    let judged = judged.into_iter().find(|update| update.ref_name == raw);
    let value = |value: RefValue| value.oid().map(|oid| oid.to_string());
    merged([
        name(raw),
        json!({
            "old": value(command.change.old()),
            "new": value(command.change.new_value()),
            "tree": judged.map(|update| &update.tree),
            "entering": judged.and_then(|update| update.entering),
        }),
    ])
}

/// The member `ref`; of a name that no ref can have, the beginning.
fn name(raw: &[u8]) -> Value {
    bytes("ref", cut(raw))
}

fn finding(finding: &Finding) -> Value {
    let (commits, total) = commits(&finding.offender);
    merged([
        name(&finding.ref_name),
        json!({
            "code": finding.code.name(),
            "severity": word(finding),
            "tree": finding.tree,
            "fault": String::from_utf8_lossy(cut(finding.fault.as_bytes())),
            "commits": commits,
            "commits_total": total,
        }),
    ])
}

/// Who lifted findings, and why: each override once, with the rules that it lifted.
fn overrides(findings: &[Finding]) -> Vec<Value> {
    let mut used: BTreeMap<&RefName, (&Lifter, BTreeSet<&str>)> = BTreeMap::new();
    for finding in findings {
        for lifter in &finding.lifted_by {
            let (_, codes) = used
                .entry(&lifter.ref_name)
                .or_insert_with(|| (lifter, BTreeSet::new()));
            codes.insert(finding.code.name());
        }
    }
    // All of them, whoever pushes: each takes a signer's key, and one of an update counts once.
    let listed = used.into_values();
    listed
        .map(|(lifter, codes)| lifted(lifter, &codes))
        .collect()
}

fn lifted(lifter: &Lifter, codes: &BTreeSet<&str>) -> Value {
    merged([
        bytes("override", lifter.ref_name.as_bytes()),
        json!({
            "signer": lifter.signer,
            "key": lifter.key.as_ref().map(ToString::to_string),
            "codes": codes,
            "expires": lifter.expires.to_string(),
            "reason": lifter.reason,
        }),
    ])
}

fn commits(offender: &Offender) -> (Vec<String>, usize) {
    let all = offender.commits();
    let listed = all.iter().take(MOST_COMMITS);
    (listed.map(Oid::to_string).collect(), all.len())
}
