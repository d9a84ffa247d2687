//! What people see.

pub mod escape;
pub mod palette;
pub mod text;

use jiff::civil::Date;

use crate::decision::{Decision, Judgement, MOST_SHOWN};
use crate::finding::{Finding, Severity};
use crate::policy::Policy;

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

impl<'r> Report<'r> {
    /// What was found, whatever the decision.
    pub fn judgement(&self) -> &'r Judgement {
        match self.decision {
            Decision::Accept(judgement) | Decision::Reject(judgement) => judgement,
        }
    }

    /// The findings that are shown: those that refuse first, and [`MOST_SHOWN`] of each weight at
    /// most. The others were never put into words.
    pub fn shown(&self) -> Vec<&'r Finding> {
        let of = |weight| self.judgement().of(weight).take(MOST_SHOWN);
        of(Severity::Deny).chain(of(Severity::Warn)).collect()
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

/// The word for a weight: a finding that refuses is an error.
pub fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Deny => "error",
        Severity::Warn => "warning",
    }
}
