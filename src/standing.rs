//! Whose refs a push is judged against: this repository's own, or those of a remote one, as far
//! as they are known here.

use std::collections::BTreeSet;

use crate::budget::Budget;
use crate::error::Error;
use crate::git::{RefTable, Refspecs, Repo};
use crate::input::Command;
use crate::overrides::ref_name::{FOLDER, is_override};
use crate::policy::{Policy, RefPattern, Tree, Upstream, any_matches};
use crate::report::shell::word;
use crate::update::{Oid, RefName, RefValue};

/// The repository that a push goes to.
pub enum Target {
    /// This one.
    Here,
    /// A remote one, seen from a clone.
    Remote(Remote),
}

/// What a clone knows of a remote repository.
pub struct Remote {
    /// What commands call it: a remote's name.
    pub name: String,
    /// Its refs as of now where the push names them, else as they were last fetched.
    refs: RefTable,
    /// Its refs as they were last fetched.
    fetched: RefTable,
    /// How they are fetched.
    refspecs: Refspecs,
    /// True where a fetch has brought a ref of some upstream: what it didn't bring, isn't there.
    brings_upstreams: bool,
    /// What of its refs is as of now.
    asked: Asked,
}

/// What a remote was asked for.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    /// The refs of trees.
    trees: bool,
    /// Those of upstreams. A server that shows none of them may hide them.
    upstreams: bool,
}

impl Remote {
    /// Puts together what a clone knows: the values that git says the pushed refs have, what was
    /// fetched from there, and the upstreams that this clone has under their own names.
    pub fn new(
        name: &str,
        refspecs: Refspecs,
        commands: &[Command],
        policy: &Policy,
        repo: &Repo,
        budget: &Budget,
    ) -> Result<Self, Error> {
        let here = repo.refs(&[b"refs/".to_vec()].into(), budget)?;
        let fetched = refspecs.there(&here);
        let brings_upstreams = fetched
            .iter()
            .any(|(name, _)| policy.upstream_of(name).is_some());
        let mut refs = fetched.clone();
        for (name, found) in here.iter() {
            // Local branches are somebody's work, whatever they are called.
            let is_branch = name.as_bytes().starts_with(b"refs/heads/");
            let is_unknown = fetched.value(name) == RefValue::Absent;
            if is_unknown && !is_branch && policy.upstream_of(name).is_some() {
                refs.set(name, RefValue::At(found.value));
            }
        }
        for command in commands {
            if let Command::Update(update) = command {
                refs.set(&update.name, update.change.old());
            }
        }
        Ok(Self {
            name: name.to_owned(),
            refs,
            fetched,
            refspecs,
            brings_upstreams,
            asked: Asked::default(),
        })
    }

    /// What to ask the remote for, to see the refs of all trees and upstreams, and overrides.
    pub fn prefixes(policy: &Policy) -> BTreeSet<Vec<u8>> {
        let trees = policy.trees.iter().flat_map(|tree| &tree.refs);
        let upstreams = policy.upstreams.iter().flat_map(|upstream| &upstream.refs);
        let patterns = trees.chain(upstreams);
        let prefixes = patterns.map(|pattern| pattern.prefix().as_bytes().to_vec());
        let overrides = (!policy.signers.is_empty()).then(|| FOLDER.as_bytes().to_vec());
        prefixes.chain(overrides).collect()
    }

    /// The same remote, with its answer in place of what was known of trees and upstreams. Where it
    /// shows no upstream at all, what is known of those stays, and so does what git says of the
    /// pushed refs.
    #[must_use]
    pub fn as_of_now(mut self, answer: &RefTable, commands: &[Command], policy: &Policy) -> Self {
        let is_trusted = |name: &RefName| policy.upstream_of(name).is_some();
        self.asked = Asked {
            trees: true,
            upstreams: answer.iter().any(|(name, _)| is_trusted(name)),
        };
        let shows_upstreams = self.asked.upstreams;
        let counts = |name: &RefName| match is_trusted(name) {
            true => shows_upstreams,
            false => is_override(name) || policy.tree_of(name).is_some(),
        };
        let before: Vec<RefName> = self.refs.iter().map(|(name, _)| name.clone()).collect();
        for name in before.iter().filter(|name| counts(name)) {
            self.refs.set(name, answer.value(name));
        }
        for (name, found) in answer.iter().filter(|(name, _)| counts(name)) {
            self.refs.set(name, RefValue::At(found.value));
        }
        for command in commands {
            if let Command::Update(update) = command {
                self.refs.set(&update.name, update.change.old());
            }
        }
        self
    }
}

/// What a ref of the target holds, as far as its objects are here.
pub enum Held {
    /// The object is here.
    Object(Oid),
    /// It isn't, but one that the ref held when it was last fetched is.
    Outdated(Oid),
    /// Nothing is known.
    Unknown,
}

impl Target {
    /// For what is asked about trees, and not pushed: the remote as it was last fetched, if a ref
    /// of a tree was fetched from it; else this repository.
    pub fn seen_from(
        repo: &Repo,
        remote: Option<&str>,
        policy: &Policy,
        budget: &Budget,
    ) -> Result<Self, Error> {
        let Some(name) = remote else {
            return Ok(Self::Here);
        };
        let remote = Remote::new(name, repo.refspecs(name)?, &[], policy, repo, budget)?;
        let of_tree = |(name, _): (&RefName, _)| policy.tree_of(name).is_some();
        let is_known = remote.fetched.iter().any(of_tree);
        Ok(match is_known {
            true => Self::Remote(remote),
            false => Self::Here,
        })
    }

    /// The refs below the prefixes, and maybe more.
    pub fn refs(
        &self,
        repo: &Repo,
        prefixes: &BTreeSet<Vec<u8>>,
        budget: &Budget,
    ) -> Result<RefTable, Error> {
        match self {
            Self::Here => repo.refs(prefixes, budget),
            Self::Remote(remote) => Ok(remote.refs.clone()),
        }
    }

    /// Returns true if and only if the ref, which has no value, is a symbolic one that dangles:
    /// of a remote one that can't be known.
    pub fn is_dangling(&self, repo: &Repo, name: &RefName, budget: &Budget) -> Result<bool, Error> {
        match self {
            Self::Here => repo.is_dangling(name, budget),
            Self::Remote(_) => Ok(false),
        }
    }

    /// What stands for a ref's value. The objects of this repository's own refs must be there.
    pub fn held(&self, repo: &Repo, name: &RefName, value: Oid) -> Result<Held, Error> {
        let remote = match self {
            Self::Here => return Ok(Held::Object(value)),
            Self::Remote(_) if repo.has(value)? => return Ok(Held::Object(value)),
            Self::Remote(remote) => remote,
        };
        match remote.fetched.value(name) {
            RefValue::At(fetched) if repo.has(fetched)? => Ok(Held::Outdated(fetched)),
            RefValue::At(_) | RefValue::Absent => Ok(Held::Unknown),
        }
    }

    /// The tree's other refs, of which this repository can't tell whether they are there.
    pub fn unseen<'p>(&self, tree: &'p Tree, name: &RefName) -> Vec<&'p RefPattern> {
        let remote = match self {
            Self::Remote(remote) if !remote.asked.trees => remote,
            Self::Here | Self::Remote(_) => return Vec::new(),
        };
        let others = tree.refs.iter().filter(|pattern| {
            let literal = pattern.literal();
            literal.is_none_or(|literal| literal.as_bytes() != name.as_bytes())
        });
        let unseen = others.filter(|pattern| !remote.refspecs.cover(pattern));
        unseen.collect()
    }

    /// Returns true if and only if the upstream, of which no ref is known, may yet have one there.
    pub fn may_have(&self, upstream: &Upstream) -> bool {
        match self {
            Self::Here => false,
            Self::Remote(remote) if remote.asked.upstreams => false,
            Self::Remote(remote) => {
                let shown = |pattern| remote.refspecs.cover(pattern);
                !(remote.brings_upstreams && upstream.refs.iter().all(shown))
            }
        }
    }

    /// The tree's other refs, and those of its upstreams, whose objects aren't here: what they reach
    /// can't be told.
    pub fn lacking<'t>(
        &self,
        repo: &Repo,
        tree: &Tree,
        pushed: &RefName,
        policy: &Policy,
        standing: &'t RefTable,
    ) -> Result<Vec<(&'t RefName, Oid)>, Error> {
        let Self::Remote(_) = self else {
            return Ok(Vec::new());
        };
        let trusted = |name| {
            policy
                .upstreams_of(tree)
                .any(|upstream| any_matches(&upstream.refs, name))
        };
        let counts = |name| name != pushed && (tree.governs(name) || trusted(name));
        let mut lacking = Vec::new();
        for (name, found) in standing.iter().filter(|(name, _)| counts(name)) {
            if !repo.has(found.value)? {
                lacking.push((name, found.value));
            }
        }
        Ok(lacking)
    }

    /// What commands call the repository that is pushed to, as a word for a shell.
    pub fn name(&self) -> String {
        match self {
            Self::Here => "origin".into(),
            Self::Remote(remote) => word(remote.name.as_bytes()),
        }
    }
}

/// The upstreams of the tree that no ref holds.
pub fn absent_upstreams<'p>(tree: &Tree, policy: &'p Policy, refs: &RefTable) -> Vec<&'p Upstream> {
    let held = |upstream: &Upstream| {
        refs.iter()
            .any(|(name, _)| any_matches(&upstream.refs, name))
    };
    let all = policy.upstreams_of(tree);
    all.filter(|upstream| !held(upstream)).collect()
}
