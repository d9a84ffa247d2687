//! The report as SARIF 2.1.0, the OASIS format for findings of static analysis: a log of one run,
//! with a result for each finding.
//!
//! A result's locations are the changed paths, below the top of the tree object, each with its
//! commit; the line of the policy is a related location. What SARIF has no place for is in the
//! property bags, as in the JSON document.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::escape::Shown;
use super::palette::Palette;
use super::{Report, ascii, json as document, overrides, text, weight};
use crate::finding::{Code, Finding, Offence, Offender, Scope};
use crate::policy::{Place, Policy};

/// The name that the standard gives its schema.
pub(super) const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What the paths of a commit are relative to.
const TOP: &str = "%SRCROOT%";

/// Writes the whole report.
pub fn write(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    ascii::write(out, &log(report))
}

fn log(report: &Report<'_>) -> Value {
    let shown = report.shown().into_iter();
    let results: Vec<Value> = shown.map(|it| result(it, report.policy)).collect();
    let notes = text::left_out(report).into_iter().chain(report.notes());
    let notes: Vec<Value> = notes
        .map(|note| json!({ "level": "note", "message": message(&note) }))
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "treewarden",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": Code::ALL.iter().copied().map(rule).collect::<Vec<_>>(),
            } },
            "invocations": [{
                // The run did its work, whatever it found.
                "executionSuccessful": true,
                "toolExecutionNotifications": notes,
            }],
            "originalUriBaseIds": {
                TOP: { "description": message("the top of the commit's tree object") },
            },
            "results": results,
            "properties": document::verdict(report),
        }],
    })
}

fn rule(code: Code) -> Value {
    let scope = match code.scope() {
        Scope::Tree => "tree",
        Scope::Push => "push",
    };
    json!({
        "id": code.name(),
        "shortDescription": message(code.summary()),
        "properties": { "scope": scope },
    })
}

fn result(finding: &Finding, policy: &Policy) -> Value {
    let related: Vec<Value> = finding.place.iter().map(policy_line).collect();
    document::merged([
        suppressions(finding),
        json!({
            "ruleId": finding.code.name(),
            "level": weight(finding.severity),
            "message": message(&told(finding)),
            "locations": locations(finding),
            "relatedLocations": related,
            "partialFingerprints": fingerprints(finding),
            "properties": document::culprit(finding, policy),
        }),
    ])
}

/// Who lifted the finding: SARIF's word for it is that a result is suppressed.
fn suppressions(finding: &Finding) -> Value {
    let lifters: Vec<Value> = overrides::lifters(finding)
        .iter()
        .map(|line| json!({ "kind": "external", "status": "accepted", "justification": line }))
        .collect();
    match lifters.is_empty() {
        true => json!({}),
        false => json!({ "suppressions": lifters }),
    }
}

/// Who is at fault and how, then the way out.
fn told(finding: &Finding) -> String {
    let mut lines = vec![text::headline(finding, &Palette::PLAIN)];
    lines.extend(finding.help.iter().map(|line| line.trim().to_owned()));
    lines.join("\n")
}

/// The changed paths; where it isn't about paths, the commit; where not about commits, the ref.
fn locations(finding: &Finding) -> Vec<Value> {
    let offences: &[Offence] = match &finding.offender {
        Offender::Update => &[],
        Offender::Commit(offence) => std::slice::from_ref(offence),
        Offender::Unit { commits, .. } => commits,
    };
    let found: Vec<Value> = offences.iter().flat_map(in_commit).collect();
    if !found.is_empty() {
        return found;
    }
    let name = Shown(&finding.ref_name).to_string();
    vec![json!({ "logicalLocations": [{ "name": name, "kind": "ref" }] })]
}

fn in_commit(offence: &Offence) -> Vec<Value> {
    let commit = json!([{ "name": offence.commit.oid.to_string(), "kind": "commit" }]);
    if offence.paths.paths.is_empty() {
        return vec![json!({ "logicalLocations": commit })];
    }
    let paths = offence.paths.paths.iter().map(|path| {
        let artifact = json!({ "uri": encoded(&path.path), "uriBaseId": TOP });
        json!({
            "physicalLocation": { "artifactLocation": artifact },
            "logicalLocations": commit,
        })
    });
    paths.collect()
}

/// A line of the policy, as a location.
pub(super) fn policy_line(place: &Place) -> Value {
    let location = json!({
        "artifactLocation": { "uri": policy_uri(place.file()) },
        "region": { "startLine": place.line() },
    });
    match &*place.text() {
        "" => json!({ "physicalLocation": location }),
        text => {
            json!({ "physicalLocation": location, "message": message(&Shown(text.as_bytes()).to_string()) })
        }
    }
}

/// The URI of a policy's file. `preset:<name>` is one as it stands.
fn policy_uri(file: &str) -> String {
    match file.strip_prefix("preset:") {
        Some(name) => format!("preset:{}", encoded(name.as_bytes())),
        None if file.starts_with('/') => format!("file://{}", encoded(file.as_bytes())),
        None => encoded(file.as_bytes()),
    }
}

/// What makes the finding the same one in another run: the commits that are named.
fn fingerprints(finding: &Finding) -> Value {
    match &finding.offender {
        Offender::Commit(offence) => json!({ "commit/v1": offence.commit.oid.to_string() }),
        Offender::Unit { commits, .. } if !commits.is_empty() => {
            let oids: Vec<String> = commits.iter().map(|it| it.commit.oid.to_string()).collect();
            json!({ "commits/v1": oids.join(" ") })
        }
        Offender::Unit { .. } | Offender::Update => json!({}),
    }
}

/// A message of plain text. A brace would begin a placeholder, and `](` could end the text of a
/// link: neither is left as the standard reads it.
pub(super) fn message(text: &str) -> Value {
    let literal = text
        .replace('{', "{{")
        .replace('}', "}}")
        .replace("](", "\\](");
    json!({ "text": literal })
}

/// The bytes as part of a URI: all but what never means anything there is percent-encoded.
fn encoded(raw: &[u8]) -> String {
    let mut uri = String::with_capacity(raw.len());
    for byte in raw {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(*byte));
            }
            // Writing into a `String` can't fail.
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_is_a_relative_reference() {
        assert_eq!(encoded(b"net/core/dev-2.c"), "net/core/dev-2.c");
        assert_eq!(
            encoded(b"a b:%?#[\xff\x1b\xc3\xb6\\"),
            "a%20b%3A%25%3F%23%5B%FF%1B%C3%B6%5C"
        );
    }

    #[test]
    fn policies_have_uris() {
        assert_eq!(policy_uri("preset:bpf-next"), "preset:bpf-next");
        assert_eq!(policy_uri("/etc/a b.toml"), "file:///etc/a%20b.toml");
    }

    #[test]
    fn messages_hold_neither_placeholders_nor_links() {
        assert_eq!(
            message("deny-only = {0} [x](http://y)"),
            json!({ "text": "deny-only = {{0}} [x\\](http://y)" })
        );
    }
}
