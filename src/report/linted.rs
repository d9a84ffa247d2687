//! What lint says of a policy, for programs: as JSON, as workflow commands of GitHub Actions, and
//! as SARIF. As text it is in [`remarks`](super::remarks).

use std::io::{self, Write};

use serde_json::{Value, json};

use super::cases::summary;
use super::github::{Spot, command};
use super::sarif::{self, message, policy_uri};
use super::{Format, ascii, remarks};
use crate::cases::Outcome;
use crate::lint::{Remark, Topic};
use crate::policy::{Place, Policy};

/// What the document's member `schema` says. The number grows when a member goes or comes to mean
/// something else.
const SCHEMA: &str = "treewarden-lint/1";
/// The name of a case that fails, beside those of the remarks.
const FAILED_CASE: &str = "failed-case";

/// All that was found in a policy.
pub struct Linted<'r> {
    /// The remarks, in the order of the policy's lines.
    pub remarks: &'r [Remark],
    /// What came of the policy's own cases.
    pub outcomes: &'r [Outcome<'r>],
    /// The policy.
    pub policy: &'r Policy,
}

impl Linted<'_> {
    /// Writes it whole.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Text => remarks::write(out, self.remarks, self.outcomes, self.policy),
            Format::Json => ascii::write(out, &self.document()),
            Format::Github => out.write_all(self.commands().as_bytes()),
            Format::Sarif => ascii::write(out, &self.log()),
        }
    }

    fn failed(&self) -> impl Iterator<Item = &Outcome<'_>> {
        self.outcomes.iter().filter(|outcome| !outcome.holds())
    }

    fn document(&self) -> Value {
        json!({
            "schema": SCHEMA,
            "treewarden": env!("CARGO_PKG_VERSION"),
            "policy": { "origin": self.policy.origin, "digest": self.policy.digest },
            "remarks": self.remarks.iter().map(remark).collect::<Vec<_>>(),
            "cases": self.outcomes.iter().map(case).collect::<Vec<_>>(),
        })
    }

    fn commands(&self) -> String {
        let mut out = String::new();
        for remark in self.remarks {
            let said = format!("{}\nhelp: {}", remark.message, remark.help);
            command(
                &mut out,
                "warning",
                remark.name.name(),
                spot(&remark.place),
                &said,
            );
        }
        for outcome in self.failed() {
            command(
                &mut out,
                "error",
                FAILED_CASE,
                spot(&outcome.case.place),
                &told(outcome),
            );
        }
        let count = self.remarks.len();
        let sum = format!("{count} remarks; {}", summary(self.outcomes));
        command(&mut out, "notice", "treewarden", None, &sum);
        out
    }

    fn log(&self) -> Value {
        let remarks = self.remarks.iter().map(|remark| {
            let said = format!("{}\n{}", remark.message, remark.help);
            result(remark.name.name(), "warning", &said, &remark.place)
        });
        let failed = self
            .failed()
            .map(|outcome| result(FAILED_CASE, "error", &told(outcome), &outcome.case.place));
        let topics = Topic::ALL
            .iter()
            .map(|topic| rule(topic.name(), topic.summary()));
        let rules = topics.chain([rule(
            FAILED_CASE,
            "a case of the policy does not come to what it expects",
        )]);
        json!({
            "$schema": sarif::SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "treewarden",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules.collect::<Vec<_>>(),
                } },
                // The run did its work, whatever it found.
                "invocations": [{ "executionSuccessful": true }],
                "results": remarks.chain(failed).collect::<Vec<_>>(),
            }],
        })
    }
}

fn remark(remark: &Remark) -> Value {
    json!({
        "name": remark.name.name(),
        "message": remark.message,
        "help": remark.help,
        "place": place(&remark.place),
    })
}

fn case(outcome: &Outcome<'_>) -> Value {
    json!({
        "name": outcome.case.name,
        "tree": outcome.tree.name,
        "expect": outcome.case.expect.name(),
        "found": found(outcome),
        "holds": outcome.holds(),
        "place": place(&outcome.case.place),
    })
}

fn found(outcome: &Outcome<'_>) -> Vec<&'static str> {
    outcome
        .found
        .iter()
        .map(|found| found.code.name())
        .collect()
}

/// What a failed case expects, and what came instead.
fn told(outcome: &Outcome<'_>) -> String {
    let found = match found(outcome).as_slice() {
        [] => "nothing".to_owned(),
        codes => codes.join(", "),
    };
    let (name, expect) = (&outcome.case.name, outcome.case.expect.name());
    format!("{name}: expected {expect}, found {found}")
}

fn place(place: &Place) -> Value {
    json!({ "file": &*place.file, "line": place.line, "text": &*place.text })
}

/// The policy's line, if it stands in a file.
fn spot(place: &Place) -> Option<Spot<'_>> {
    let file = &*place.file;
    (!file.starts_with("preset:")).then_some(Spot {
        file,
        line: Some(place.line),
    })
}

fn rule(name: &str, summary: &str) -> Value {
    json!({ "id": name, "shortDescription": message(summary) })
}

fn result(name: &str, level: &str, said: &str, place: &Place) -> Value {
    json!({
        "ruleId": name,
        "level": level,
        "message": message(said),
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": policy_uri(&place.file) },
            "region": { "startLine": place.line },
        } }],
    })
}
