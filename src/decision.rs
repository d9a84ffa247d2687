//! The verdict on a push.

use crate::finding::{Finding, Severity};
use crate::overrides::request::Request;

/// How many findings of each weight a report shows; the rest are counted, and were never put into
/// words.
pub const MOST_SHOWN: usize = 20;

/// Accepted or rejected. Exit status 0 has no other source than [`Decision::Accept`].
#[derive(Clone, Debug)]
pub enum Decision {
    /// Nothing refuses the push.
    Accept(Judgement),
    /// At least one finding does.
    Reject(Judgement),
}

/// All that there is to say about a push.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Every broken rule, in the order of the updates.
    pub findings: Vec<Finding>,
    /// What was judged, an entry for each update of a governed ref.
    pub updates: Vec<JudgedUpdate>,
    /// What the reader should know beside the findings.
    pub notes: Vec<String>,
    /// What could be signed to have the push accepted; nothing where no signature could.
    pub requests: Vec<Request>,
}

/// An update of a governed ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedUpdate {
    /// The tree.
    pub tree: String,
    /// The ref, raw.
    pub ref_name: Vec<u8>,
    /// How many commits enter the tree; `None` where they weren't asked for or not counted to
    /// the end.
    pub entering: Option<usize>,
}

impl Judgement {
    /// The findings of one weight that nobody lifted, in order.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        let all = self.findings.iter();
        all.filter(move |finding| finding.severity == severity && !finding.is_lifted())
    }

    /// The findings that somebody lifted, in order.
    pub fn lifted(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.is_lifted())
    }

    /// Decides: one finding that denies is enough. What is accepted asks for no signature.
    pub fn decide(mut self) -> Decision {
        if self.findings.iter().any(Finding::refuses) {
            return Decision::Reject(self);
        }
        self.requests.clear();
        Decision::Accept(self)
    }
}
