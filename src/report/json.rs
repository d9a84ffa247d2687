//! The report as one JSON document, for programs; `docs/report.schema.json` is its schema.
//!
//! Names and messages in git are bytes. A member that holds such bytes is a string with U+FFFD
//! for what is not UTF-8; then, and only then, a second member, its name followed by `_hex`, has
//! all the bytes in hex.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{Report, Voice, ascii, overrides, word};
use crate::decision::{Decision, JudgedUpdate};
use crate::finding::{Finding, Offence, Offender, Origin, Severity, TouchedPath};
use crate::hex::hex;
use crate::policy::{Place, Policy};

/// What the document's member `schema` says. The number grows when a member goes or comes to mean
/// something else.
pub const SCHEMA: &str = "treewarden-report/1";

/// Writes the whole report.
pub fn write(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    ascii::write(out, &document(report))
}

fn document(report: &Report<'_>) -> Value {
    let updates: Vec<Value> = report.judgement().updates.iter().map(update).collect();
    let shown = report.shown().into_iter();
    let findings: Vec<Value> = shown.map(|it| finding(it, report.policy)).collect();
    merged([
        json!({ "schema": SCHEMA }),
        verdict(report),
        json!({ "updates": updates, "findings": findings, "notes": report.notes() }),
        json!({ "requests": overrides::requests_document(report) }),
    ])
}

/// The decision, whose word it is, by which policy, and how many findings there are in all.
pub(super) fn verdict(report: &Report<'_>) -> Value {
    let policy = report.policy;
    let total = |weight| report.judgement().of(weight).count();
    json!({
        "decision": match report.decision {
            Decision::Accept(_) => "accept",
            Decision::Reject(_) => "reject",
        },
        "advice": match report.voice {
            Voice::Verdict => false,
            Voice::Advice => true,
        },
        "policy": {
            "origin": policy.origin,
            "digest": policy.digest,
            "repository": policy.repository,
            "review_by": policy.review_by.map(|date| date.to_string()),
            "review_overdue": report.is_overdue(),
        },
        "errors_total": total(Severity::Deny),
        "warnings_total": total(Severity::Warn),
        "lifted_total": report.judgement().lifted().count(),
    })
}

fn update(update: &JudgedUpdate) -> Value {
    merged([
        json!({ "tree": update.tree }),
        bytes("ref", &update.ref_name),
        json!({ "entering": update.entering }),
    ])
}

fn finding(finding: &Finding, policy: &Policy) -> Value {
    merged([
        json!({ "code": finding.code.name(), "severity": word(finding) }),
        culprit(finding, policy),
        json!({
            "fault": finding.fault,
            "place": finding.place.as_ref().map(place),
            "help": finding.help,
            "lifted_by": overrides::lifters_document(finding),
        }),
    ])
}

/// The tree, the ref and the offender of a finding.
pub(super) fn culprit(finding: &Finding, policy: &Policy) -> Value {
    merged([
        json!({ "tree": finding.tree }),
        bytes("ref", &finding.ref_name),
        json!({ "offender": offender(&finding.offender, policy) }),
    ])
}

fn offender(offender: &Offender, policy: &Policy) -> Value {
    match offender {
        Offender::Update => json!({ "kind": "update" }),
        Offender::Commit(offence) => json!({ "kind": "commit", "commit": commit(offence, policy) }),
        Offender::Unit {
            what,
            size,
            commits,
            offending,
        } => {
            let commits: Vec<Value> = commits.iter().map(|it| commit(it, policy)).collect();
            json!({
                "kind": "unit",
                "what": what,
                "size": size,
                "commits": commits,
                "commits_total": offending.len(),
            })
        }
    }
}

fn commit(offence: &Offence, policy: &Policy) -> Value {
    let paths = offence.paths.paths.iter();
    let paths: Vec<Value> = paths.map(|it| path(it, policy)).collect();
    merged([
        json!({ "oid": offence.commit.oid.to_string() }),
        bytes("subject", &offence.commit.subject),
        json!({ "paths": paths, "paths_total": offence.paths.total }),
    ])
}

/// A path, with its class and the pattern that gives it.
pub(super) fn path(path: &TouchedPath, policy: &Policy) -> Value {
    let class = path
        .matched
        .map(|matched| policy.class_name(Some(matched.class)));
    let pattern = path.matched.and_then(|matched| policy.pattern(matched));
    merged([
        bytes("path", &path.path),
        json!({
            "origin": match path.origin {
                Origin::Changed => "changed",
                Origin::Added => "added",
                Origin::Resolved => "resolved",
            },
            "class": class,
            "pattern": pattern.map(|pattern| pattern.text.as_str()),
            "place": pattern.map(|pattern| place(&pattern.place)),
        }),
    ])
}

/// A line of a policy.
pub(super) fn place(place: &Place) -> Value {
    json!({ "file": place.file(), "line": place.line(), "text": place.text() })
}

/// The member of this name, and its `_hex` where the text alone would lose something.
pub(crate) fn bytes(name: &str, raw: &[u8]) -> Value {
    let mut members = Map::new();
    members.insert(name.into(), String::from_utf8_lossy(raw).into());
    if std::str::from_utf8(raw).is_err() {
        members.insert(format!("{name}_hex"), hex(raw).into());
    }
    Value::Object(members)
}

/// One object with the members of all of these, in order.
pub(crate) fn merged<const N: usize>(parts: [Value; N]) -> Value {
    let members = parts.into_iter().filter_map(|part| match part {
        Value::Object(members) => Some(members),
        _ => None,
    });
    Value::Object(members.flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_lose_nothing() {
        assert_eq!(
            bytes("path", "n\u{f6}\x1b".as_bytes()),
            json!({ "path": "n\u{f6}\x1b" })
        );
        // A replacement character of the name's own is no loss.
        assert_eq!(
            bytes("path", "\u{fffd}".as_bytes()),
            json!({ "path": "\u{fffd}" })
        );
        assert_eq!(
            bytes("ref", b"a\xffb"),
            json!({ "ref": "a\u{fffd}b", "ref_hex": "61ff62" })
        );
    }
}
