//! Overrides in a report: who lifted a finding, and what could be signed to lift one.

use serde_json::{Value, json};

use super::escape::Shown;
use super::json::{bytes, merged};
use super::{Report, Voice};
use crate::finding::{Finding, Lifter};
use crate::overrides::request::Request;
use crate::overrides::token;

/// Who lifted a finding, and why, a line each.
pub(super) fn lifters(finding: &Finding) -> Vec<String> {
    finding.lifted_by.iter().map(lifter).collect()
}

fn lifter(lifter: &Lifter) -> String {
    let Lifter {
        signer,
        key,
        expires,
        reason,
        ..
    } = lifter;
    let key = match key {
        Some(key) => format!(" ({key})"),
        None => ", if the server finds the signature to be theirs".to_owned(),
    };
    let reason = Shown(reason.as_bytes());
    format!("by {signer}{key}, until {expires}: {reason}")
}

/// The same for programs.
pub(super) fn lifters_document(finding: &Finding) -> Value {
    let all = finding.lifted_by.iter().map(|lifter| {
        merged([
            json!({
                "signer": lifter.signer,
                "key": lifter.key.as_ref().map(ToString::to_string),
            }),
            bytes("override", lifter.ref_name.as_bytes()),
            json!({ "expires": lifter.expires.to_string(), "reason": lifter.reason }),
        ])
    });
    all.collect()
}

/// What to sign, and the command that does it: nothing where no signature helps.
pub(super) fn ways_out(report: &Report<'_>) -> Vec<String> {
    let requests = &report.judgement().requests;
    let Some(first) = requests.first() else {
        return Vec::new();
    };
    let mut lines = vec![headline(report, first)];
    for request in requests {
        lines.extend(statement(request).iter().map(|line| format!("| {line}")));
        lines.push("|".into());
    }
    lines.pop();
    lines.push(format!(
        "treewarden override sign {}",
        token::encode(requests)
    ));
    lines
}

fn headline(report: &Report<'_>, first: &Request) -> String {
    let who = match report.policy.terms.required {
        1 => first.signers.join(" or "),
        required => format!("{required} of {}", first.signers.join(", ")),
    };
    let server = match report.voice {
        Voice::Verdict => "",
        Voice::Advice => ", if the server says the same",
    };
    format!("{who} can lift this{server}: the command below signs what follows, and pushes again")
}

/// The lines of the statement that the refusal knows; the signer says the rest.
fn statement(request: &Request) -> Vec<String> {
    let known = request.lifts.to_bytes();
    let known = known.split(|byte| *byte == b'\n');
    let mut lines: Vec<String> = known.map(|line| Shown(line).to_string()).collect();
    // What follows the last line's end.
    lines.pop();
    lines.extend(["expires: …".into(), "reason: …".into()]);
    lines
}

/// The same for programs.
pub(super) fn requests_document(report: &Report<'_>) -> Value {
    let requests = &report.judgement().requests;
    let all = requests.iter().map(|request| {
        merged([
            bytes("statement", &request.lifts.to_bytes()),
            json!({
                "signers": request.signers,
                "required": report.policy.terms.required,
                "token": token::encode(std::slice::from_ref(request)),
            }),
        ])
    });
    all.collect()
}
