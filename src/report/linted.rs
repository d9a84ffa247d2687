//! What lint says of a policy, for programs: as JSON, as workflow commands of GitHub Actions, and
//! as SARIF. As text it is in [`remarks`].

use std::io::{self, Write};

use serde_json::{Value, json};

use super::escape::Shown;
use super::github::{Spot, command, is_plain};
use super::sarif::{self, message, policy_line};
use super::{Format, ascii, json as document, remarks, weight};
use crate::cases::{Found, Outcome};
use crate::lint::{Remark, Topic};
use crate::policy::{Place, Policy};

/// What the document's member `schema` says. The number grows when a member goes or comes to mean
/// something else.
pub const SCHEMA: &str = "treewarden-lint/1";
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
            "policy": self.which(),
            "remarks": self.remarks.iter().map(remark).collect::<Vec<_>>(),
            "cases": self.outcomes.iter().map(|it| case(it, self.policy)).collect::<Vec<_>>(),
        })
    }

    /// Which policy it is, and as which repository it was read.
    fn which(&self) -> Value {
        json!({
            "origin": self.policy.origin,
            "digest": self.policy.digest,
            "repository": self.policy.repository,
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
            let place = spot(&outcome.case.place);
            command(&mut out, "error", FAILED_CASE, place, &told(outcome));
        }
        let verdict = remarks::verdict(self.remarks, self.outcomes, self.policy);
        command(&mut out, "notice", "treewarden", None, &verdict);
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
                "properties": { "policy": self.which() },
            }],
        })
    }
}

fn remark(remark: &Remark) -> Value {
    json!({
        "name": remark.name.name(),
        "message": remark.message,
        "help": remark.help,
        "place": document::place(&remark.place),
    })
}

fn case(outcome: &Outcome<'_>, policy: &Policy) -> Value {
    let paths = outcome.paths.iter().map(|it| document::path(it, policy));
    json!({
        "name": outcome.case.name,
        "tree": outcome.tree.name,
        "expect": outcome.case.expect.name(),
        "paths": paths.collect::<Vec<_>>(),
        "found": outcome.found.iter().map(found).collect::<Vec<_>>(),
        "holds": outcome.holds(),
        "place": document::place(&outcome.case.place),
    })
}

fn found(found: &Found) -> Value {
    json!({
        "code": found.code.name(),
        "severity": weight(found.severity),
        "place": document::place(&found.place),
    })
}

/// What a failed case expects, and what came instead.
fn told(outcome: &Outcome<'_>) -> String {
    let codes: Vec<&str> = outcome.found.iter().map(|it| it.code.name()).collect();
    let found = match codes.as_slice() {
        [] => "nothing".to_owned(),
        codes => codes.join(", "),
    };
    let name = Shown(outcome.case.name.as_bytes());
    let tree = Shown(outcome.tree.name.as_bytes());
    let expect = outcome.case.expect.name();
    format!("{name} (tree {tree}): expected {expect}, found {found}")
}

/// The policy's line, if it stands in a file whose name can be told as it is.
fn spot(place: &Place) -> Option<Spot<'_>> {
    let file = place.file();
    let is_file = !file.starts_with("preset:") && is_plain(file.as_bytes());
    is_file.then_some(Spot {
        file,
        line: Some(place.line()),
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
        "locations": [policy_line(place)],
    })
}
