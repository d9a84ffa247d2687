//! The report as text, in the manner of a compiler: the fault, who is at fault, the paths with
//! the policy line of each, and the way out.

use std::io::{self, Write};

use jiff::civil::Date;

use super::escape::{Shown, shortened};
use crate::decision::{Decision, Judgement, MOST_SHOWN};
use crate::finding::{Finding, Offence, Offender, Origin, Severity, TouchedPath};
use crate::policy::{Place, Policy};

/// How much of a subject is shown, in characters.
const SUBJECT_WIDTH: usize = 72;
/// How much of a policy's line is shown, in characters.
const LINE_WIDTH: usize = 100;
/// How much of the policy's digest is shown, in hex digits.
const DIGEST_SHOWN: usize = 12;

/// Writes the whole report.
pub fn write(
    out: &mut dyn Write,
    decision: &Decision,
    policy: &Policy,
    today: Date,
) -> io::Result<()> {
    let (judgement, word) = match decision {
        Decision::Accept(judgement) => (judgement, "accepted"),
        Decision::Reject(judgement) => (judgement, "refused"),
    };
    let weights = [Severity::Deny, Severity::Warn];
    let shown = weights.map(|weight| judgement.of(weight).take(MOST_SHOWN));
    let mut more = judgement.findings.len();
    for finding in shown.into_iter().flatten() {
        write_finding(out, finding, policy)?;
        more -= 1;
    }
    if more > 0 {
        writeln!(out, "… and {more} more findings")?;
    }
    for note in &judgement.notes {
        writeln!(out, "note: {note}")?;
    }
    if let Some(date) = policy.review_by.filter(|date| *date < today) {
        writeln!(out, "note: this policy was to be reviewed by {date}")?;
    }
    write_summary(out, judgement, policy, word)
}

fn write_summary(
    out: &mut dyn Write,
    judgement: &Judgement,
    policy: &Policy,
    word: &str,
) -> io::Result<()> {
    let digest: String = policy.digest.chars().take(DIGEST_SHOWN).collect();
    write!(out, "treewarden: {word}")?;
    for (at, update) in judgement.updates.iter().enumerate() {
        let between = if at == 0 { ": " } else { ", " };
        write!(out, "{between}{}", update.tree)?;
        match update.entering {
            Some(1) => write!(out, " (1 commit)")?,
            Some(count) => write!(out, " ({count} commits)")?,
            None => {}
        }
    }
    writeln!(
        out,
        " [policy {} {digest}]",
        Shown(policy.origin.as_bytes())
    )
}

fn write_finding(out: &mut dyn Write, finding: &Finding, policy: &Policy) -> io::Result<()> {
    let weight = match finding.severity {
        Severity::Deny => "error",
        Severity::Warn => "warning",
    };
    write!(out, "{weight}[{}]: ", finding.code)?;
    match &finding.offender {
        Offender::Update => writeln!(out, "{}", finding.fault)?,
        Offender::Commit(offence) => {
            writeln!(
                out,
                "commit {} {}",
                offence.commit.oid.short(),
                finding.fault
            )?;
        }
        Offender::Unit { what, size, .. } => {
            writeln!(out, "a {what} of {size} commits {}", finding.fault)?;
        }
    }
    let tree = finding.tree.as_ref().map(|tree| format!(" (tree {tree})"));
    writeln!(
        out,
        "  --> {}{}",
        Shown(&finding.ref_name),
        tree.unwrap_or_default()
    )?;
    write_offender(out, &finding.offender, policy)?;
    if let Some(place) = &finding.place {
        writeln!(out, "   = policy: {}", policy_line(place))?;
    }
    let mut help = finding.help.iter();
    if let Some(first) = help.next() {
        writeln!(out, "   = help: {first}")?;
    }
    help.try_for_each(|line| writeln!(out, "           {line}"))
}

fn policy_line(place: &Place) -> String {
    let shown = Shown(place.to_string().as_bytes()).to_string();
    match &*place.text {
        "" => shown,
        text => format!("{} ({shown})", shortened(text.as_bytes(), LINE_WIDTH)),
    }
}

fn write_offender(out: &mut dyn Write, offender: &Offender, policy: &Policy) -> io::Result<()> {
    match offender {
        Offender::Update => Ok(()),
        Offender::Commit(offence) => write_offence(out, offence, policy),
        Offender::Unit { commits, total, .. } => {
            for offence in commits {
                write_offence(out, offence, policy)?;
            }
            let more = total.saturating_sub(commits.len());
            if more > 0 {
                writeln!(out, "   | … and {more} more commits")?;
            }
            Ok(())
        }
    }
}

fn write_offence(out: &mut dyn Write, offence: &Offence, policy: &Policy) -> io::Result<()> {
    let subject = shortened(&offence.commit.subject, SUBJECT_WIDTH);
    writeln!(out, "   | {} {subject}", offence.commit.oid.short())?;
    for path in &offence.paths.paths {
        write_path(out, path, policy)?;
    }
    let more = offence
        .paths
        .total
        .saturating_sub(offence.paths.paths.len());
    if more > 0 {
        writeln!(out, "   |     … and {more} more paths")?;
    }
    Ok(())
}

fn write_path(out: &mut dyn Write, path: &TouchedPath, policy: &Policy) -> io::Result<()> {
    write!(out, "   |     {}", Shown(&path.path))?;
    if let Some(matched) = path.matched {
        let class = policy.class_name(Some(matched.class));
        write!(out, "  [{class}")?;
        if let Some(pattern) = policy.pattern(matched) {
            let place = pattern.place.to_string();
            write!(out, ": `{}` at {}", pattern.text, Shown(place.as_bytes()))?;
        }
        write!(out, "]")?;
    }
    match path.origin {
        Origin::Changed => writeln!(out),
        Origin::Added => writeln!(out, "  (added by the merge itself)"),
        Origin::Resolved => writeln!(out, "  (resolved by the merge)"),
    }
}
