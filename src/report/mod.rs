//! What people see: one report in several formats. Each prints the same findings, in the same
//! order and capped alike.

pub(crate) mod ascii;
pub mod audit;
pub mod cases;
pub mod comparison;
pub mod deployed;
pub mod escape;
pub mod explain;
pub mod github;
pub mod json;
pub mod linted;
mod merge;
mod overrides;
pub mod palette;
pub mod remarks;
pub mod sarif;
pub mod shell;
pub mod short;
pub mod survey;
pub mod text;
mod wrap;

use std::io::{self, Write};

use jiff::civil::Date;

use crate::decision::{Decision, Judgement, MOST_SHOWN};
use crate::finding::{Finding, Severity};
use crate::policy::Policy;
use palette::Palette;

/// All that a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Report<'r> {
    /// What came of judging.
    pub decision: &'r Decision,
    /// The policy that was judged by.
    pub policy: &'r Policy,
    /// Whose word it is.
    pub voice: Voice,
    /// Today, in UTC: a policy may be due for review.
    pub today: Date,
}

/// Whose word a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The gate's, or that of a command which answers in its stead.
    Verdict,
    /// That of a check before the push, after which the server judges again.
    Advice,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people: see [`text`].
    Text,
    /// For programs: see [`json`].
    Json,
    /// Workflow commands of GitHub Actions: see [`github`].
    Github,
    /// SARIF 2.1.0: see [`sarif`].
    Sarif,
}

impl Format {
    /// Every format.
    pub const ALL: &[Self] = &[Self::Text, Self::Json, Self::Github, Self::Sarif];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Github => "github",
            Self::Sarif => "sarif",
        }
    }

    /// What it is for, in a few words.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Text => "for people",
            Self::Json => "for programs, by the schema in docs/",
            Self::Github => "workflow commands, which GitHub Actions shows as annotations",
            Self::Sarif => "SARIF 2.1.0, for viewers of findings",
        }
    }
}

impl<'r> Report<'r> {
    /// Writes the report whole and flushes it: text to `stderr`, in the palette's colours, and
    /// every other format to `stdout`.
    pub fn write(
        &self,
        format: Format,
        palette: &Palette,
        stdout: &mut dyn Write,
        stderr: &mut dyn Write,
    ) -> io::Result<()> {
        match format {
            Format::Text => return self.write_text(palette, stderr),
            Format::Json => json::write(stdout, self)?,
            Format::Github => github::write(stdout, self)?,
            Format::Sarif => sarif::write(stdout, self)?,
        }
        stdout.flush()
    }

    /// Writes it as text, in one piece: each write costs a call of the system, and from a hook it
    /// becomes a packet on its way to the client.
    pub fn write_text(&self, palette: &Palette, out: &mut dyn Write) -> io::Result<()> {
        let mut text = Vec::new();
        text::write(&mut text, self, palette)?;
        out.write_all(&text)?;
        out.flush()
    }

    /// What was found, whatever the decision.
    pub fn judgement(&self) -> &'r Judgement {
        match self.decision {
            Decision::Accept(judgement) | Decision::Reject(judgement) => judgement,
        }
    }

    /// The findings that are shown: those that refuse first, those that somebody lifted last, and
    /// [`MOST_SHOWN`] of each kind at most. The others were never put into words.
    pub fn shown(&self) -> Vec<&'r Finding> {
        let of = |weight| self.judgement().of(weight).take(MOST_SHOWN);
        let lifted = self.judgement().lifted().take(MOST_SHOWN);
        let open = of(Severity::Deny).chain(of(Severity::Warn));
        open.chain(lifted).collect()
    }

    /// How many findings aren't.
    pub fn left_out(&self) -> usize {
        self.judgement()
            .findings
            .len()
            .saturating_sub(self.shown().len())
    }

    /// What the reader should know beside the findings, a line each.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.judgement().notes.clone();
        if let Some(date) = self.policy.review_by.filter(|_| self.is_overdue()) {
            notes.push(format!("this policy was to be reviewed by {date}"));
        }
        notes
    }

    /// Returns true if and only if the policy's day of review is past.
    pub fn is_overdue(&self) -> bool {
        self.policy.review_by.is_some_and(|date| date < self.today)
    }
}

/// The word for what a finding does: one that refuses is an error.
pub fn word(finding: &Finding) -> &'static str {
    match finding.is_lifted() {
        true => "lifted",
        false => weight(finding.severity),
    }
}

/// The word for what a finding of this weight does where nobody lifts it.
pub fn weight(severity: Severity) -> &'static str {
    match severity {
        Severity::Deny => "error",
        Severity::Warn => "warning",
    }
}
