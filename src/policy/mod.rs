//! The policy: which trees there are, what each takes, and from where commits are trusted.
//!
//! A file becomes a policy in four steps, each in a module of its own: `node` (TOML that knows
//! its lines) -> `merge` (`extends`) -> `fields` (one table, its keys checked) -> `compile`
//! (the types below). Everything here is valid: what holds a `Policy` checks nothing again.

mod braces;
mod case;
mod compile;
pub mod edit;
mod fields;
mod files;
mod merge;
mod node;
pub mod pattern;
mod place;
pub mod preset;
mod ref_glob;
mod ref_pattern;
mod shape;
mod show;
pub mod signer;
mod source;
mod tree;

use std::collections::BTreeMap;

use jiff::civil::Date;
use regex::bytes::Regex;

pub use case::{Case, Expect};
pub use compile::{Draft, Written, load, load_draft, load_trusted};
pub use fields::KEYS;
pub use files::files;
pub use pattern::PathPattern;
pub(crate) use place::did_you_mean;
pub use place::{Faults, Place};
pub use ref_pattern::{RefPattern, any_matches};
pub(crate) use shape::{Part, Shape};
pub use signer::{Signer, Terms};
pub use source::{Source, server_source};

use crate::budget::Limits;
use crate::classify::{ClassIx, ClassMask, Classifier, Match};
use crate::finding::{Code, Scope, Severity};
use crate::overrides::key::KeyName;
use crate::update::{Oid, RefName};

/// A whole policy, resolved for one repository.
#[derive(Clone, Debug)]
pub struct Policy {
    /// SHA-256 over the canonical form of what the files say, `extends` resolved: 64 hex digits.
    pub digest: String,
    /// Where it was read: the outermost file, or the preset.
    pub origin: String,
    /// Who we are; ref patterns may ask for it.
    pub repository: Option<String>,
    /// The day after which every report asks for a review.
    pub review_by: Option<Date>,
    /// Whether refs that no tree governs may be pushed.
    pub ungoverned: Ungoverned,
    /// The path classes, in order.
    pub classes: Vec<PathClass>,
    /// Their patterns, compiled.
    pub classifier: Classifier,
    /// The trusted sources.
    pub upstreams: Vec<Upstream>,
    /// The trees, in order.
    pub trees: Vec<Tree>,
    /// What one push may cost.
    pub limits: Limits,
    /// Whose signatures lift findings.
    pub signers: Vec<Signer>,
    /// On which terms.
    pub terms: Terms,
    /// Made-up commits that show what the policy is for. They judge nothing.
    pub cases: Vec<Case>,
}

/// What happens to refs that no tree governs.
#[derive(Clone, Debug)]
pub enum Ungoverned {
    /// They are no business of this policy.
    Allowed,
    /// They are refused, by this line.
    Denied(Place),
}

/// A named set of paths.
#[derive(Clone, Debug)]
pub struct PathClass {
    /// Its name.
    pub name: String,
    /// True where its paths are never a reason, neither for nor against.
    pub neutral: bool,
    /// Its patterns, in order.
    pub patterns: Vec<PathPattern>,
    /// Where it is named.
    pub place: Place,
    /// Where its patterns are listed, if they are, be it that there are none.
    pub listed: Option<Place>,
}

/// A trusted source of commits.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its name.
    pub name: String,
    /// The refs that hold it, in this repository.
    pub refs: Vec<RefPattern>,
    /// Where it is named.
    pub place: Place,
}

/// A governed ref, with its rules.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Its name.
    pub name: String,
    /// Where it is named.
    pub place: Place,
    /// Its refs, in this repository.
    pub refs: Vec<RefPattern>,
    /// Whose commits aren't judged here.
    pub upstreams: Vec<Trust>,
    /// Commits from before the policy.
    pub since: Vec<Oid>,
    /// Classes that no commit may touch.
    pub deny: Option<Deny>,
    /// Classes that no unit may touch alone.
    pub deny_only: Option<DenyOnly>,
    /// What messages must and must not hold.
    pub messages: Vec<MessageRule>,
    /// Whether its refs may be created.
    pub create: Permission,
    /// Whether its refs may be deleted.
    pub delete: Permission,
    /// Whether its refs may be moved off their old value.
    pub rewind: Permission,
    /// What its findings do.
    pub enforce: Enforce,
    severity: BTreeMap<Code, Weight>,
}

/// A tree's word for an upstream.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The upstream: an index into `Policy::upstreams`.
    pub upstream: usize,
    /// Its line.
    pub place: Place,
}

/// What the findings of one rule weigh.
#[derive(Clone, Debug)]
pub struct Weight {
    /// The weight.
    pub severity: Severity,
    /// Its line.
    pub place: Place,
}

/// The rule `deny`.
#[derive(Clone, Debug)]
pub struct Deny {
    /// The classes.
    pub classes: ClassMask,
    /// Its line.
    pub place: Place,
}

/// The rule `deny-only`.
#[derive(Clone, Debug)]
pub struct DenyOnly {
    /// What must not stand alone.
    pub classes: ClassMask,
    /// What excuses it.
    pub unless: ClassMask,
    /// What is judged as one.
    pub judge: Unit,
    /// Its line.
    pub place: Place,
}

/// What `deny-only` judges as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Each commit.
    Commit,
    /// Each series.
    Series,
    /// All that one ref's update brings.
    Push,
}

impl Unit {
    /// The word in policies and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Series => "series",
            Self::Push => "push",
        }
    }
}

/// One `message` rule.
#[derive(Clone, Debug)]
pub struct MessageRule {
    /// The part of the message.
    pub part: MessagePart,
    /// What it must, or must not, match.
    pub pattern: Regex,
    /// True: it must; false: it must not.
    pub required: bool,
    /// Whether merges are judged too.
    pub merges: bool,
    /// Told to the pusher.
    pub reason: String,
    /// Its line.
    pub place: Place,
}

/// A part of a commit message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessagePart {
    /// The first line.
    Subject,
    /// All after the first line.
    Body,
}

impl MessagePart {
    /// The word in policies and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Body => "body",
        }
    }
}

/// Whether an update of one kind is allowed, and the line that says so.
#[derive(Clone, Debug)]
pub struct Permission {
    /// Whether it is.
    pub allowed: bool,
    /// The key's line, or the tree's where the default holds.
    pub place: Place,
}

/// What a tree's findings do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforce {
    /// Refuse the push.
    Deny,
    /// Are told, and no more.
    Warn,
    /// Aren't looked for.
    Off,
}

impl Enforce {
    /// The word in policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
            Self::Off => "off",
        }
    }
}

impl Policy {
    /// The tree that governs the ref: the first in file order.
    pub fn tree_of(&self, name: &RefName) -> Option<&Tree> {
        self.trees.iter().find(|tree| tree.governs(name))
    }

    /// The first upstream that names the ref.
    pub fn upstream_of(&self, name: &RefName) -> Option<&Upstream> {
        self.upstreams
            .iter()
            .find(|upstream| any_matches(&upstream.refs, name))
    }

    /// The signer whose key that is.
    pub fn signer_of(&self, key: &KeyName) -> Option<&Signer> {
        let has = |signer: &&Signer| signer.keys.iter().any(|(own, _)| own == key);
        self.signers.iter().find(has)
    }

    /// The upstreams of a tree.
    pub fn upstreams_of<'p>(&'p self, tree: &Tree) -> impl Iterator<Item = &'p Upstream> {
        let all = tree.upstreams.iter();
        all.filter_map(|trust| self.upstreams.get(trust.upstream))
    }

    /// The class's name, `none` for none.
    pub fn class_name(&self, class: Option<ClassIx>) -> &str {
        class
            .and_then(|at| self.classes.get(at))
            .map_or("none", |class| class.name.as_str())
    }

    /// The pattern that a path matched.
    pub fn pattern(&self, matched: Match) -> Option<&PathPattern> {
        self.classes
            .get(matched.class)?
            .patterns
            .get(matched.pattern)
    }
}

impl Tree {
    /// Returns true if and only if the ref matches one of the tree's patterns.
    pub fn governs(&self, name: &RefName) -> bool {
        any_matches(&self.refs, name)
    }

    /// What a finding of this code weighs on this tree: by the rule's own severity, else by the
    /// tree's. What protects the whole push always denies.
    pub fn severity(&self, code: Code) -> Severity {
        if code.scope() == Scope::Push {
            return Severity::Deny;
        }
        let own = self.severity.get(&code).map(|weight| weight.severity);
        own.unwrap_or(match self.enforce {
            Enforce::Deny => Severity::Deny,
            Enforce::Warn | Enforce::Off => Severity::Warn,
        })
    }

    /// The rules that have a weight of their own.
    pub fn weights(&self) -> impl Iterator<Item = (Code, &Weight)> {
        self.severity.iter().map(|(code, weight)| (*code, weight))
    }

    /// Returns true if and only if a rule of the tree looks at commits, and not at updates alone.
    pub fn judges_commits(&self) -> bool {
        self.judges_paths() || !self.messages.is_empty()
    }

    /// Returns true if and only if a rule of the tree looks at paths.
    pub fn judges_paths(&self) -> bool {
        self.deny.is_some() || self.deny_only.is_some()
    }

    /// The refs of the tree that can be written in a command: its patterns without wildcards.
    pub fn literal_refs(&self) -> impl Iterator<Item = &str> {
        self.refs.iter().filter_map(RefPattern::literal)
    }
}
