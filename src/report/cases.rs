//! What came of a policy's cases: a line each, and what was found instead where one fails.

use std::io::{self, Write};

use super::escape::Shown;
use super::text::{class_of, policy_line, signature};
use crate::cases::{Found, Outcome};
use crate::finding::Severity;
use crate::policy::Policy;

/// Writes all outcomes, and how many of them hold.
pub fn write(out: &mut dyn Write, outcomes: &[Outcome<'_>], policy: &Policy) -> io::Result<()> {
    for outcome in outcomes {
        if outcome.holds() {
            writeln!(out, "ok      {}", Shown(outcome.case.name.as_bytes()))?;
        } else {
            write_failure(out, outcome, policy)?;
        }
    }
    let summary = summary(outcomes);
    writeln!(out, "treewarden: {summary} {}", signature(policy))
}

/// How many cases there are, and how many fail.
pub(super) fn summary(outcomes: &[Outcome<'_>]) -> String {
    let failed = outcomes.iter().filter(|outcome| !outcome.holds()).count();
    let of = outcomes.len();
    let cases = if of == 1 { "case" } else { "cases" };
    match (of, failed) {
        (0, _) => "no cases".to_owned(),
        (_, 0) => format!("{of} {cases}, all ok"),
        _ => format!("{of} {cases}, {failed} FAILED"),
    }
}

/// Writes a case that fails.
pub fn write_failure(
    out: &mut dyn Write,
    outcome: &Outcome<'_>,
    policy: &Policy,
) -> io::Result<()> {
    let Outcome { case, tree, .. } = outcome;
    writeln!(out, "FAILED  {}", Shown(case.name.as_bytes()))?;
    let place = case.place.to_string();
    let (place, name) = (Shown(place.as_bytes()), Shown(tree.name.as_bytes()));
    writeln!(out, "  --> {place} (tree {name})")?;
    for path in &outcome.paths {
        let class = class_of(path.matched, policy).unwrap_or_else(|| "none".into());
        writeln!(out, "   |     {}  [{class}]", Shown(&path.path))?;
    }
    writeln!(out, "   = expected: {}", case.expect.name())?;
    match outcome.found.as_slice() {
        [] => writeln!(out, "   = found:    nothing"),
        found => found.iter().try_for_each(|found| write_found(out, found)),
    }
}

fn write_found(out: &mut dyn Write, found: &Found) -> io::Result<()> {
    let weight = match found.severity {
        Severity::Deny => "",
        Severity::Warn => ", which only warns",
    };
    let line = policy_line(&found.place);
    writeln!(out, "   = found:    {}{weight}: {line}", found.code)
}
