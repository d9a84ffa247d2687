//! Two policies beside each other: what a ref is to each of them, and what each says of a push.

use crate::dry_run::{Answer, Record, Rehearsal};
use crate::error::Error;
use crate::finding::{Code, Finding, Severity};
use crate::git::Moved;
use crate::policy::{Policy, RefPattern, Tree, Ungoverned, Upstream};
use crate::report::short;
use crate::update::{Oid, RefName};

/// What a ref is to a policy.
#[derive(Clone, Copy, Debug)]
pub enum Role<'p> {
    /// A tree's.
    Tree(&'p Tree),
    /// An upstream's, so nobody pushes to it.
    Upstream(&'p Upstream),
    /// Nobody's, and free.
    Free,
    /// Nobody's, and refused.
    Denied,
}

impl<'p> Role<'p> {
    /// What the ref is to the policy, in the order in which a push is sorted.
    pub fn of(name: &RefName, policy: &'p Policy) -> Self {
        if let Some(tree) = policy.tree_of(name) {
            return Self::Tree(tree);
        }
        match (policy.upstream_of(name), &policy.ungoverned) {
            (Some(upstream), _) => Self::Upstream(upstream),
            (None, Ungoverned::Allowed) => Self::Free,
            (None, Ungoverned::Denied(_)) => Self::Denied,
        }
    }

    /// The tree, where it is one's.
    pub fn tree(self) -> Option<&'p Tree> {
        match self {
            Self::Tree(tree) => Some(tree),
            Self::Upstream(_) | Self::Free | Self::Denied => None,
        }
    }

    /// Returns true if and only if every push to such a ref is refused, whatever it brings.
    pub fn refuses_all(self) -> bool {
        match self {
            Self::Upstream(_) | Self::Denied => true,
            Self::Tree(_) | Self::Free => false,
        }
    }

    /// What it is, in a few words.
    pub fn describe(self) -> String {
        match self {
            Self::Tree(tree) => format!("governed by {}", tree.name),
            Self::Upstream(upstream) => {
                let name = &upstream.name;
                format!(
                    "the upstream {name}'s, and refused ({})",
                    Code::UpstreamRefPushed
                )
            }
            Self::Free => "not governed".into(),
            Self::Denied => format!("not governed, and refused ({})", Code::UngovernedRef),
        }
    }

    /// Returns true if and only if it is the same to both: a tree of one name, for example.
    pub fn is_like(self, other: Role<'_>) -> bool {
        self.describe() == other.describe()
    }
}

/// What changes in the list of trees.
#[derive(Debug, Default)]
pub struct TreeChanges<'p> {
    /// Only the new policy has these.
    pub added: Vec<&'p Tree>,
    /// Only the old policy has these.
    pub removed: Vec<&'p Tree>,
    /// The same refs under another name.
    pub renamed: Vec<(&'p Tree, &'p Tree)>,
}

impl<'p> TreeChanges<'p> {
    /// Compares the lists. `refs` are those that stand in the repository.
    pub fn between(old: &'p Policy, new: &'p Policy, refs: &[RefName]) -> Self {
        let mut added: Vec<&Tree> = only_in(new, old).collect();
        let mut changes = Self::default();
        for tree in only_in(old, new) {
            let same = |other: &&Tree| {
                let moved = refs.iter().any(|name| {
                    let (before, after) = (old.tree_of(name), new.tree_of(name));
                    before.is_some_and(|found| found.name == tree.name)
                        && after.is_some_and(|found| found.name == other.name)
                });
                moved || (!tree.refs.is_empty() && texts(&tree.refs) == texts(&other.refs))
            };
            match added.iter().position(same) {
                Some(at) => changes.renamed.push((tree, added.remove(at))),
                None => changes.removed.push(tree),
            }
        }
        changes.added = added;
        changes
    }

    /// Returns true if and only if the one tree is the other by a new name.
    pub fn has_renamed(&self, old: &Tree, new: &Tree) -> bool {
        self.renamed
            .iter()
            .any(|(before, after)| before.name == old.name && after.name == new.name)
    }
}

fn only_in<'p>(policy: &'p Policy, other: &Policy) -> impl Iterator<Item = &'p Tree> {
    policy
        .trees
        .iter()
        .filter(|tree| other.trees.iter().all(|known| known.name != tree.name))
}

fn texts(patterns: &[RefPattern]) -> Vec<&str> {
    patterns
        .iter()
        .map(|pattern| pattern.text.as_str())
        .collect()
}

/// What a policy says of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It would be accepted.
    Accepted,
    /// It would be refused, for these reasons, a line each.
    Refused(Vec<String>),
    /// An object that it needs is gone, so nobody can say.
    Unknown,
}

/// What the policy says of a push to the ref.
pub fn verdict(
    name: &RefName,
    update: Moved,
    record: Record,
    policy: &Policy,
    rehearsal: &mut Rehearsal<'_>,
) -> Result<Verdict, Error> {
    let role = Role::of(name, policy);
    let Role::Tree(tree) = role else {
        return Ok(match role.refuses_all() {
            true => Verdict::Refused(vec![role.describe()]),
            false => Verdict::Accepted,
        });
    };
    Ok(match rehearsal.judge(policy, tree, name, update, record)? {
        Answer::Accepted(_) => Verdict::Accepted,
        Answer::Refused(judgement) => {
            let denies = |finding: &&Finding| finding.severity == Severity::Deny;
            let findings = judgement.findings.iter().filter(denies);
            Verdict::Refused(findings.map(short::line).collect())
        }
        Answer::Unjudged(Error::Missing(_)) => Verdict::Unknown,
        Answer::Unjudged(error) => Verdict::Refused(vec![error.to_string()]),
    })
}

/// A ref to push to a tree of that name by: one that its patterns name, else one of `refs`. The
/// first policy that knows the tree says.
pub fn ref_of<'p>(
    name: &str,
    policies: impl Iterator<Item = &'p Policy>,
    refs: &[(RefName, Oid)],
) -> Result<RefName, Error> {
    let mut trees = policies
        .flat_map(|policy| &policy.trees)
        .filter(|tree| tree.name == name)
        .peekable();
    if trees.peek().is_none() {
        return Err(Error::Usage(format!("there is no tree `{name}`")));
    }
    let found = trees.find_map(|tree| {
        let literal = tree.literal_refs().next();
        let names = || refs.iter().map(|(name, _)| name);
        literal
            .and_then(|text| RefName::new(text.as_bytes()))
            .or_else(|| names().find(|name| tree.governs(name)).cloned())
    });
    found.ok_or_else(|| Error::Usage(format!("the tree `{name}` has no ref in this repository")))
}

/// The trees of the new policy that have no `since`, where they have one in the old policy.
pub fn forgotten<'p>(old: &'p Policy, new: &'p Policy) -> impl Iterator<Item = &'p Tree> {
    new.trees.iter().filter(|tree| {
        let before = old.trees.iter().find(|other| other.name == tree.name);
        tree.since.is_empty() && before.is_some_and(|before| !before.since.is_empty())
    })
}

/// What the new policy makes of a push, beside the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing: both accept it, or it is the new one alone that was asked.
    Accepted,
    /// Nothing: both refuse it. The new one's reasons.
    Refused(Vec<String>),
    /// It was accepted, and would be refused for these reasons.
    NowRefused(Vec<String>),
    /// It was refused for these reasons, and would be accepted.
    NowAccepted(Vec<String>),
    /// Nobody can say.
    Unknown,
}

impl Change {
    /// Compares two verdicts. Without an old one, the new one stands alone.
    pub fn between(old: Option<Verdict>, new: Verdict) -> Self {
        match (old, new) {
            (Some(Verdict::Unknown), _) | (_, Verdict::Unknown) => Self::Unknown,
            (Some(Verdict::Accepted) | None, Verdict::Accepted) => Self::Accepted,
            (Some(Verdict::Refused(_)) | None, Verdict::Refused(why)) => Self::Refused(why),
            (Some(Verdict::Accepted), Verdict::Refused(why)) => Self::NowRefused(why),
            (Some(Verdict::Refused(why)), Verdict::Accepted) => Self::NowAccepted(why),
        }
    }
}
