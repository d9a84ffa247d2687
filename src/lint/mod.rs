//! Remarks on a policy: it is valid, and yet says something that its writer can't have meant.
//!
//! | module | what it looks at |
//! |---|---|
//! | `paths` | path patterns that others shadow |
//! | `refs` | trees and ref patterns that others shadow |
//! | `trust`, `refusals` | upstreams that let in what a tree refuses |
//! | `idle` | what no rule makes use of |
//! | `twins` | names that differ in case only |
//! | `tip` | patterns against the paths of a revision |
//! | `spelt` | nothing: it spells path patterns out |
//! | `survey`, `machine`, `grammar` | nothing: they tell which patterns match together, exactly |

mod grammar;
mod idle;
mod machine;
mod paths;
mod refs;
mod refusals;
mod spelt;
mod survey;
mod tip;
mod trust;
mod twins;

use std::fmt;

use crate::policy::{Place, Policy};
use crate::report::escape::Shown;

pub use tip::Tip;

macro_rules! topics {
    ($($variant:ident $name:literal $summary:literal;)*) => {
        /// What a remark is about. The names are permanent: they stand in scripts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Topic {
            $(#[doc = $summary] $variant,)*
        }

        impl Topic {
            /// Every topic, in the order of `docs/policy.md`.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The kebab-case name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the remark says, in one line.
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }
        }
    };
}

topics! {
    ShadowedPattern "shadowed-pattern" "a path pattern, or an alternative of its braces, is never the first to match: earlier ones take all its paths";
    ShadowedClass "shadowed-class" "no path has the class: earlier classes take all its paths";
    ImpossiblePattern "impossible-pattern" "a path pattern, or an alternative of its braces, matches nothing that a commit can have as a path";
    ShadowedTree "shadowed-tree" "no ref gets to the tree: earlier trees govern all its refs";
    ShadowedRef "shadowed-ref" "a ref pattern adds nothing to its tree: earlier trees govern all its refs";
    ImpossibleRef "impossible-ref" "a ref pattern matches nothing that git takes for the name of a ref";
    Undecided "undecided" "which patterns shadow others was not worked out: it would take too much work";
    LaxUpstream "lax-upstream" "a tree trusts refs that another tree governs, and that one lets in commits that the first refuses";
    UnusedUpstream "unused-upstream" "no tree names the upstream";
    EmptyClass "empty-class" "a path class has no `paths`";
    UnusedClass "unused-class" "no rule names the class, and it is not neutral";
    IdleSeverity "idle-severity" "`severity` weighs a rule that can't be broken on its tree";
    UnboundSigners "unbound-signers" "there are signers, and the repository has no name that their overrides could be bound to";
    CaseTwinPattern "case-twin-pattern" "patterns of two classes begin with folders that differ in case only; without `--tip`";
    CaseTwinPath "case-twin-path" "paths of the tip differ in case only, and their classes differ; with `--tip`";
    UnmatchedPattern "unmatched-pattern" "a path pattern, or an alternative of its braces, matches no path of the tip; with `--tip`";
}

impl Topic {
    /// The topic of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|topic| topic.name() == name)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Something odd about a policy. Its texts are safe for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What it is about.
    pub name: Topic,
    /// The line.
    pub place: Place,
    /// What is odd, in a line.
    pub message: String,
    /// What to do, in a line.
    pub help: String,
}

/// Looks at the policy, and at a revision that it is for, if there is one; the remarks in the
/// order of the policy's lines.
pub fn lint(policy: &Policy, tip: Option<&Tip>) -> Vec<Remark> {
    let mut remarks = paths::remarks(policy);
    remarks.extend(refs::remarks(policy));
    remarks.extend(idle::remarks(policy));
    match tip {
        Some(tip) => {
            remarks.extend(tip::remarks(policy, tip));
            remarks.extend(twins::of_paths(policy, tip));
        }
        None => remarks.extend(twins::of_patterns(policy)),
    }
    remarks.sort_by_cached_key(|remark| {
        let place = &remark.place;
        (place.file().to_owned(), place.line(), remark.name)
    });
    remarks
}

/// The question `whether` isn't answered.
fn undecided(place: &Place, whether: &str) -> Remark {
    Remark {
        name: Topic::Undecided,
        place: place.clone(),
        message: format!("whether {whether} takes too much work to say"),
        help: "it is patterns such as `*a*` and `*b*` side by side that make it hard".into(),
    }
}

/// A name or a pattern of the policy, in backquotes.
fn quoted(text: &str) -> String {
    format!("`{}`", Shown(text.as_bytes()))
}

/// How many things a remark names before it counts them.
const MOST_NAMED: usize = 3;

/// `a`, `a and b`, `a, b and c`, or the first few and how many more.
fn listed(things: &[String], most: usize) -> String {
    match things {
        [] => String::new(),
        [one] => one.clone(),
        _ if things.len() > most => {
            let first: Vec<&str> = things.iter().take(most).map(String::as_str).collect();
            format!("{} and {} more", first.join(", "), things.len() - most)
        }
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_found_again() {
        for topic in Topic::ALL {
            let kebab = |byte: u8| byte == b'-' || byte.is_ascii_lowercase();
            assert!(topic.name().bytes().all(kebab), "{topic}");
            assert_eq!(Topic::named(topic.name()), Some(*topic));
            assert!(!topic.summary().ends_with('.'));
        }
    }

    #[test]
    fn lists_read_well() {
        let things = ["a", "b", "c", "d"].map(str::to_owned);
        for (count, want) in [(0, ""), (1, "a"), (2, "a and b"), (3, "a, b and c")] {
            assert_eq!(listed(&things[..count], 3), want);
        }
        assert_eq!(listed(&things, 3), "a, b, c and 1 more");
    }
}
