//! Remarks on a policy, in the manner of a compiler's warnings.

use std::io::{self, Write};

use super::cases::{summary, write_failure};
use super::escape::Shown;
use super::text::signature;
use crate::cases::Outcome;
use crate::lint::Remark;
use crate::policy::Policy;

/// Writes all remarks, the cases that fail, and how many of each there are.
pub fn write(
    out: &mut dyn Write,
    remarks: &[Remark],
    outcomes: &[Outcome<'_>],
    policy: &Policy,
) -> io::Result<()> {
    for remark in remarks {
        let place = remark.place.to_string();
        writeln!(out, "warning[{}]: {}", remark.name, remark.message)?;
        writeln!(out, "  --> {}", Shown(place.as_bytes()))?;
        writeln!(out, "   = help: {}", remark.help)?;
    }
    for outcome in outcomes.iter().filter(|outcome| !outcome.holds()) {
        write_failure(out, outcome, policy)?;
    }
    writeln!(out, "{}", verdict(remarks, outcomes, policy))
}

/// How many remarks and cases there are, and by which policy.
pub(super) fn verdict(remarks: &[Remark], outcomes: &[Outcome<'_>], policy: &Policy) -> String {
    let remarks = match remarks.len() {
        0 => "no remarks".to_owned(),
        1 => "1 remark".to_owned(),
        more => format!("{more} remarks"),
    };
    let cases = summary(outcomes);
    format!("treewarden: {remarks}; {cases} {}", signature(policy))
}
