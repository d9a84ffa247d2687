//! The report as text, in the manner of a compiler: the fault, who is at fault, the paths with
//! the policy line of each, and the way out.

use std::io::{self, Write};

use super::escape::{Shown, shortened};
use super::palette::{Painted, Palette};
use super::{Report, Voice, overrides, word};
use crate::classify::Match;
use crate::decision::Decision;
use crate::finding::{CommitLine, Finding, Offence, Offender, Origin, TouchedPath};
use crate::policy::{Place, Policy};

/// How much of a subject is shown, in characters.
const SUBJECT_WIDTH: usize = 72;
/// How much of a policy's line is shown, in characters.
const LINE_WIDTH: usize = 100;
/// How much of the policy's digest is shown, in hex digits.
const DIGEST_SHOWN: usize = 12;

/// Writes the whole report.
pub fn write(out: &mut dyn Write, report: &Report<'_>, palette: &Palette) -> io::Result<()> {
    let mut page = Page {
        out,
        policy: report.policy,
        palette,
    };
    for finding in report.shown() {
        page.finding(finding)?;
    }
    if let Some(line) = left_out(report) {
        writeln!(page.out, "{line}")?;
    }
    for note in report.notes() {
        page.note(&note)?;
    }
    page.requests(report)?;
    page.verdict(report)
}

/// That there are more findings, if there are.
pub(super) fn left_out(report: &Report<'_>) -> Option<String> {
    let more = report.left_out();
    (more > 0).then(|| format!("… and {more} more findings"))
}

/// What a finding says below its code, without colours.
pub(super) fn body(finding: &Finding, policy: &Policy) -> io::Result<String> {
    let mut out = Vec::new();
    let mut page = Page {
        out: &mut out,
        policy,
        palette: &Palette::PLAIN,
    };
    page.body(finding)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// Who is at fault, and how.
pub(super) fn headline(finding: &Finding, palette: &Palette) -> String {
    let fault = &finding.fault;
    match &finding.offender {
        Offender::Update => fault.clone(),
        Offender::Commit(offence) => {
            let oid = Painted(palette.oid, offence.commit.oid.short());
            format!("commit {oid} {fault}")
        }
        Offender::Unit { what, size, .. } => format!("a {what} of {size} commits {fault}"),
    }
}

/// The whole verdict, in a line without colours.
pub(super) fn verdict(report: &Report<'_>) -> String {
    let (before, word) = words(report);
    format!("{before}{word}{}", judged(report))
}

/// Who speaks, and the word for the decision.
fn words(report: &Report<'_>) -> (&'static str, &'static str) {
    match (report.voice, report.decision) {
        (Voice::Verdict, Decision::Accept(_)) => ("treewarden: ", "accepted"),
        (Voice::Verdict, Decision::Reject(_)) => ("treewarden: ", "refused"),
        (Voice::Advice, Decision::Accept(_)) => ("treewarden: advice: ", "accepted"),
        (Voice::Advice, Decision::Reject(_)) => {
            ("treewarden: advice: ", "refused before anything was sent")
        }
    }
}

/// What was judged, and by which policy.
fn judged(report: &Report<'_>) -> String {
    let updates = report.judgement().updates.iter().map(|update| {
        let tree = Shown(update.tree.as_bytes());
        match update.entering {
            Some(1) => format!("{tree} (1 commit)"),
            Some(count) => format!("{tree} ({count} commits)"),
            None => tree.to_string(),
        }
    });
    let updates: Vec<String> = updates.collect();
    let between = if updates.is_empty() { "" } else { ": " };
    let signature = signature(report.policy);
    format!("{between}{} {signature}", updates.join(", "))
}

/// Which policy said so, as every report ends.
pub(super) fn signature(policy: &Policy) -> String {
    let digest: String = policy.digest.chars().take(DIGEST_SHOWN).collect();
    format!("[policy {} {digest}]", Shown(policy.origin.as_bytes()))
}

/// A commit by its name and subject.
pub(super) fn commit_line(commit: &CommitLine) -> String {
    let subject = shortened(&commit.subject, SUBJECT_WIDTH);
    format!("{} {subject}", commit.oid.short())
}

/// A path with its class and the pattern that gives it.
pub(super) fn path_line(path: &TouchedPath, policy: &Policy) -> String {
    let shown = Shown(&path.path);
    match class_of(path.matched, policy) {
        Some(class) => format!("{shown}  [{class}]"),
        None => shown.to_string(),
    }
}

/// The line's text, and where it stands.
pub(super) fn policy_line(place: &Place) -> String {
    let shown = Shown(place.to_string().as_bytes()).to_string();
    match &*place.text() {
        "" => shown,
        text => format!("{} ({shown})", shortened(text.as_bytes(), LINE_WIDTH)),
    }
}

/// Where the report is written, and how.
struct Page<'p> {
    out: &'p mut dyn Write,
    policy: &'p Policy,
    palette: &'p Palette,
}

impl Page<'_> {
    fn verdict(&mut self, report: &Report<'_>) -> io::Result<()> {
        let (before, word) = words(report);
        let style = match report.decision {
            Decision::Accept(_) => self.palette.note,
            Decision::Reject(_) => self.palette.error,
        };
        let word = Painted(style, word);
        writeln!(self.out, "{before}{word}{}", judged(report))?;
        match (report.voice, report.decision) {
            (Voice::Verdict, _) | (_, Decision::Accept(_)) => Ok(()),
            (Voice::Advice, Decision::Reject(_)) => self
                .note("`git push --no-verify` passes over this check, and the server judges again"),
        }
    }

    /// What a signer could do about the findings.
    fn requests(&mut self, report: &Report<'_>) -> io::Result<()> {
        let lines = overrides::ways_out(report);
        let mut lines = lines.iter();
        if let Some(first) = lines.next() {
            writeln!(self.out, "{}: {first}", Painted(self.palette.help, "help"))?;
        }
        lines.try_for_each(|line| writeln!(self.out, "   {line}"))
    }

    fn note(&mut self, note: &str) -> io::Result<()> {
        writeln!(self.out, "{}: {note}", Painted(self.palette.note, "note"))
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let weight = format!("{}[{}]", word(finding), finding.code);
        let style = self.palette.weight(finding);
        write!(self.out, "{}: ", Painted(style, weight))?;
        self.body(finding)
    }

    fn body(&mut self, finding: &Finding) -> io::Result<()> {
        writeln!(self.out, "{}", headline(finding, self.palette))?;
        let tree = finding.tree.as_ref();
        let tree = tree.map(|tree| format!(" (tree {})", Shown(tree.as_bytes())));
        writeln!(
            self.out,
            "  --> {}{}",
            Shown(&finding.ref_name),
            tree.unwrap_or_default()
        )?;
        self.offender(&finding.offender)?;
        if let Some(place) = &finding.place {
            writeln!(self.out, "   = policy: {}", policy_line(place))?;
        }
        for line in overrides::lifters(finding) {
            writeln!(self.out, "   = lifted: {line}")?;
        }
        let mut help = finding.help.iter();
        if let Some(first) = help.next() {
            let word = Painted(self.palette.help, "help");
            writeln!(self.out, "   = {word}: {first}")?;
        }
        help.try_for_each(|line| writeln!(self.out, "           {line}"))
    }

    fn offender(&mut self, offender: &Offender) -> io::Result<()> {
        match offender {
            Offender::Update => Ok(()),
            Offender::Commit(offence) => self.offence(offence),
            Offender::Unit {
                commits, offending, ..
            } => {
                for offence in commits {
                    self.offence(offence)?;
                }
                let more = offending.len().saturating_sub(commits.len());
                if more > 0 {
                    writeln!(self.out, "   | … and {more} more commits")?;
                }
                Ok(())
            }
        }
    }

    fn offence(&mut self, offence: &Offence) -> io::Result<()> {
        let subject = shortened(&offence.commit.subject, SUBJECT_WIDTH);
        let oid = Painted(self.palette.oid, offence.commit.oid.short());
        writeln!(self.out, "   | {oid} {subject}")?;
        for path in &offence.paths.paths {
            self.path(path)?;
        }
        let more = offence
            .paths
            .total
            .saturating_sub(offence.paths.paths.len());
        if more > 0 {
            writeln!(self.out, "   |     … and {more} more paths")?;
        }
        Ok(())
    }

    fn path(&mut self, path: &TouchedPath) -> io::Result<()> {
        write!(self.out, "   |     {}", path_line(path, self.policy))?;
        match path.origin {
            Origin::Changed => writeln!(self.out),
            Origin::Added => writeln!(self.out, "  (added by the merge itself)"),
            Origin::Resolved => writeln!(self.out, "  (resolved by the merge)"),
        }
    }
}

/// A path's class, and the pattern that gives it; nothing where it has none.
pub(super) fn class_of(matched: Option<Match>, policy: &Policy) -> Option<String> {
    let matched = matched?;
    let class = Shown(policy.class_name(Some(matched.class)).as_bytes());
    let pattern = policy.pattern(matched)?;
    let place = pattern.place.to_string();
    let (text, place) = (Shown(pattern.text.as_bytes()), Shown(place.as_bytes()));
    Some(format!("{class}: `{text}` at {place}"))
}
