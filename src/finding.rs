//! Findings, and the one table of their codes.

use std::fmt;

use jiff::Timestamp;

use crate::classify::Match;
use crate::overrides::key::KeyName;
use crate::policy::Place;
use crate::update::{Oid, RefName};

macro_rules! codes {
    ($($variant:ident $name:literal $scope:ident $lifting:ident $summary:literal;)*) => {
        /// The name of a fault. Codes are permanent: they stand in policies and in scripts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $summary] $variant,)*
        }

        impl Code {
            /// Every code, in the order of `docs/rules.md`.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The kebab-case name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the code finds, in one line.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }

            /// Whose rule it is.
            pub fn scope(self) -> Scope {
                match self { $(Self::$variant => Scope::$scope,)* }
            }

            /// What an override must name to lift it.
            pub fn lifting(self) -> Lifting {
                match self { $(Self::$variant => Lifting::$lifting,)* }
            }
        }
    };
}

codes! {
    DeniedPath "denied-path" Tree Commits "a commit touches a path of a class that its tree denies";
    OnlyDeniedPaths "only-denied-paths" Tree Commits "a commit, series or push touches a `deny-only` class and nothing that excuses it";
    MessagePattern "message-pattern" Tree Commits "a commit message misses a required pattern or has a forbidden one";
    RefCreated "ref-created" Tree Update "a tree's ref is created where the policy does not allow it";
    RefDeleted "ref-deleted" Tree Update "a tree's ref is deleted where the policy does not allow it";
    RefRewound "ref-rewound" Tree Update "a tree's ref is moved to a commit that does not contain its old value";
    TooMuch "too-much" Tree Update "judging the push would take more work than the policy's budget allows";
    UngovernedRef "ungoverned-ref" Push Update "a ref that no tree governs is pushed where the policy denies such refs";
    UpstreamRefPushed "upstream-ref-pushed" Push Update "a ref that an upstream names, and so is trusted, is pushed";
    BadUpdate "bad-update" Push Never "a ref update is not one that an honest git client sends";
    ReplaceRef "replace-ref" Push Never "a ref below `refs/replace/` is pushed, which would show git other objects";
    BadOverride "bad-override" Push Never "what is pushed below `refs/overrides/` is no override that can count here";
    OverrideRefChanged "override-ref-changed" Push Never "an override is deleted or overwritten";
}

/// What an override must name to lift a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifting {
    /// The commits that it is about.
    Commits,
    /// The very update of the ref.
    Update,
    /// Nothing lifts it.
    Never,
}

/// Whose rule a code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A tree's: its `enforce` and `severity` apply.
    Tree,
    /// The whole push's: always denied.
    Push,
}

impl Code {
    /// The code of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Told, but no reason to refuse.
    Warn,
    /// Refuses the push.
    Deny,
}

/// A commit as a message names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitLine {
    /// Its name.
    pub oid: Oid,
    /// The first line of its message, raw.
    pub subject: Vec<u8>,
}

/// How a path came to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// By a commit with one parent, or none.
    Changed,
    /// By a merge, beyond the automatic merge of its parents.
    Added,
    /// By a merge, where both sides had changed it.
    Resolved,
}

/// A changed path, with what it matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TouchedPath {
    /// The path, raw.
    pub path: Vec<u8>,
    /// Its class and pattern.
    pub matched: Option<Match>,
    /// How it came to be changed.
    pub origin: Origin,
}

/// The first few of many paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathSample {
    /// The ones to show.
    pub paths: Vec<TouchedPath>,
    /// How many there are in all.
    pub total: usize,
}

/// A commit's part in a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offence {
    /// The commit.
    pub commit: CommitLine,
    /// Its paths that break the rule.
    pub paths: PathSample,
}

/// What broke a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offender {
    /// The update of the ref itself.
    Update,
    /// One commit.
    Commit(Offence),
    /// Several commits that are judged as one.
    Unit {
        /// What the commits are together: `series` or `push`.
        what: &'static str,
        /// How many commits belong to it.
        size: usize,
        /// Those of them that touch what is denied; the first few.
        commits: Vec<Offence>,
        /// All such commits, by their names.
        offending: Vec<Oid>,
    },
}

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub code: Code,
    /// Whether it refuses the push.
    pub severity: Severity,
    /// The tree, where the rule is a tree's.
    pub tree: Option<String>,
    /// The ref, raw: git may not have accepted the name.
    pub ref_name: Vec<u8>,
    /// What broke it.
    pub offender: Offender,
    /// The fault, in a few words that follow the code.
    pub fault: String,
    /// The policy's line.
    pub place: Option<Place>,
    /// What would be right, a line each.
    pub help: Vec<String>,
    /// Who lifted it: a finding that somebody lifted refuses nothing.
    pub lifted_by: Vec<Lifter>,
}

/// A person whose override lifts a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifter {
    /// Who, by the name that the policy has for them.
    pub signer: String,
    /// By which key; `None` where only the server can tell.
    pub key: Option<KeyName>,
    /// The ref of the override.
    pub ref_name: RefName,
    /// Until when it counts.
    pub expires: Timestamp,
    /// Why, in the signer's words.
    pub reason: String,
}

impl Finding {
    /// Returns true if and only if it refuses the push.
    pub fn refuses(&self) -> bool {
        self.severity == Severity::Deny && !self.is_lifted()
    }

    /// Returns true if and only if somebody lifted it.
    pub fn is_lifted(&self) -> bool {
        !self.lifted_by.is_empty()
    }
}

impl Offender {
    /// The commits at fault; none where the update is.
    pub fn commits(&self) -> &[Oid] {
        match self {
            Self::Update => &[],
            Self::Commit(offence) => std::slice::from_ref(&offence.commit.oid),
            Self::Unit { offending, .. } => offending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_found_again() {
        for code in Code::ALL {
            assert!(
                code.name()
                    .bytes()
                    .all(|byte| byte == b'-' || byte.is_ascii_lowercase())
            );
            assert_eq!(Code::named(code.name()), Some(*code));
            assert!(!code.summary().ends_with('.'));
        }
    }
}
