//! Whether an override counts at all, and whether it covers what was found. Each reason why not
//! is a sentence for the signer.

use jiff::Timestamp;

use super::examine::Authority;
use super::lines::quoted;
use super::statement::{Lifts, Statement, What};
use crate::finding::Code;
use crate::git::Repo;
use crate::policy::{Policy, Signer, Terms};
use crate::update::{Change, Oid, RefName};

/// Something that was found, as overrides see it.
#[derive(Clone, Copy, Debug)]
pub struct Matter<'m> {
    /// The broken rule.
    pub code: Code,
    /// The ref.
    pub ref_name: &'m RefName,
    /// The update of the ref, as it is pushed.
    pub change: Change,
    /// The commits at fault; none where the update is.
    pub commits: &'m [Oid],
}

/// What overrides call this repository: the policy's name for it, and the namespace, whose refs are
/// those of another repository. `None` where it has no name that they could be bound to.
pub fn own_name(policy: &Policy, repo: &Repo) -> Option<String> {
    let name = policy.repository.as_ref()?;
    let namespace = std::str::from_utf8(repo.namespace()).ok()?;
    Some(match namespace.strip_suffix('/') {
        Some(namespace) => format!("{name}/{namespace}"),
        None => name.clone(),
    })
}

/// Why an override can't count here, whatever it is for; `None` if it can, or if only the server
/// can tell. `signer` is who signed it.
pub fn unfit(
    statement: &Statement,
    signer: Option<&Signer>,
    (policy, repo): (&Policy, &Repo),
    authority: &Authority<'_>,
) -> Option<String> {
    let lifts = &statement.lifts;
    elsewhere(&lifts.repository, own_name(policy, repo), authority)
        .or_else(|| signer.and_then(|signer| beyond_grant(lifts, signer, policy)))
        .or_else(|| out_of_time(statement, &policy.terms, authority.now))
}

fn elsewhere(named: &str, own: Option<String>, authority: &Authority<'_>) -> Option<String> {
    let is_client = authority.verify.is_none();
    let Some(own) = own else {
        let why = "this repository has no name that it could be bound to";
        return (!is_client).then(|| why.into());
    };
    // Which namespace a push goes to, a client doesn't know.
    let inside = || {
        named
            .strip_prefix(own.as_str())?
            .strip_prefix("/refs/namespaces/")
    };
    if named == own || is_client && inside().is_some() {
        return None;
    }
    let named = quoted(named.as_bytes());
    let own = quoted(own.as_bytes());
    Some(format!("it is for the repository {named}, not for {own}"))
}

/// What of it the signer may not lift.
pub fn beyond_grant(lifts: &Lifts, signer: &Signer, policy: &Policy) -> Option<String> {
    let name = &signer.name;
    let mut rules = lifts.rules.iter();
    if let Some(rule) = rules.find(|rule| !signer.may_override.contains(rule)) {
        return Some(format!("`{name}` may not lift {rule}"));
    }
    let tree = policy.tree_of(&lifts.ref_name);
    let tree = tree.map(|tree| tree.name.as_str());
    if signer.trees.holds(tree) {
        return None;
    }
    Some(match tree {
        Some(tree) => format!("`{name}` may not lift anything on {tree}"),
        None => format!("`{name}` may not lift anything on refs that no tree governs"),
    })
}

fn out_of_time(statement: &Statement, terms: &Terms, now: Timestamp) -> Option<String> {
    let expires = statement.expires;
    if now >= expires {
        return Some(format!("it expired at {expires}"));
    }
    let lasts = expires.duration_since(now);
    (lasts > terms.max_lifetime).then(|| {
        let most = terms.max_lifetime;
        format!(
            "it expires at {expires}, and this policy takes nothing that lasts longer than {most:#}"
        )
    })
}

/// Why it doesn't cover the matter; `None` if it does.
pub fn misses(lifts: &Lifts, matter: &Matter<'_>) -> Option<String> {
    if lifts.ref_name != *matter.ref_name {
        let other = quoted(lifts.ref_name.as_bytes());
        return Some(format!("it is for {other}"));
    }
    if !lifts.rules.contains(&matter.code) {
        return Some("it doesn't name this rule".into());
    }
    match &lifts.what {
        What::Commits(_) if matter.commits.is_empty() => Some("it is for commits".into()),
        What::Commits(named) => {
            let mut commits = matter.commits.iter();
            let missing = commits.find(|commit| !named.contains(commit))?;
            Some(format!("it doesn't name {}", missing.short()))
        }
        What::Update(change) => {
            (*change != matter.change).then(|| "it is for another update of this ref".into())
        }
    }
}

/// Why the signer is too close to the matter; `None` if nothing speaks against them. `authors` are
/// the addresses of the commits' authors.
pub fn partial(
    signer: &Signer,
    terms: &Terms,
    authors: &[Vec<u8>],
    authority: &Authority<'_>,
) -> Option<String> {
    let name = &signer.name;
    let is_own = |author: &Vec<u8>| {
        let mut emails = signer.emails.iter();
        emails.any(|email| email.as_bytes().eq_ignore_ascii_case(author))
    };
    if terms.not_by_author && authors.iter().any(is_own) {
        return Some(format!("`{name}` is the author: somebody else must sign"));
    }
    if !terms.not_by_pusher {
        return None;
    }
    match authority.pusher {
        _ if authority.verify.is_none() => None,
        None => Some("it isn't known who pushes, and that must be somebody else".into()),
        Some(pusher) if signer.accounts.iter().any(|own| own.as_bytes() == pusher) => {
            Some(format!("`{name}` pushes: somebody else must sign"))
        }
        Some(_) => None,
    }
}
