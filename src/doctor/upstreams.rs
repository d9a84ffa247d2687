//! The check `upstreams`: what isn't fetched is judged as if it were new.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::check::Check;
use super::report::Entry;
use super::subject::{Gate, Subject, budget};
use super::words::quoted;
use crate::error::Error;
use crate::git::{HookSide, RefTable};
use crate::install::remotes::Refspecs;
use crate::policy::{Policy, Upstream, any_matches};
use crate::update::RefName;

/// After so many days somebody should ask whether anybody still fetches.
const MOST_DAYS: i64 = 30;
/// How many refs of one upstream are asked for their reflog: the ones with the newest tips.
const MOST_ASKED: usize = 16;

/// The check `upstreams`.
pub fn upstreams(subject: &Subject<'_>) -> Result<Vec<Entry>, Error> {
    let mut entries: Vec<Entry> = Vec::new();
    for (gate, policy) in subject.policies() {
        if policy.upstreams.is_empty() {
            let detail = gate.says("the policy names none");
            entries.push(Entry::ok(Check::Upstreams, detail));
        }
        for upstream in used(policy) {
            let entry = one(subject, gate, policy, upstream)?;
            // Several remotes can share what was fetched.
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
    }
    Ok(entries)
}

/// The upstreams that have a ref pattern for this repository.
fn used(policy: &Policy) -> impl Iterator<Item = &Upstream> {
    let here = |upstream: &&Upstream| !upstream.refs.is_empty();
    policy.upstreams.iter().filter(here)
}

fn one(
    subject: &Subject<'_>,
    gate: &Gate,
    policy: &Policy,
    upstream: &Upstream,
) -> Result<Entry, Error> {
    let name = &upstream.name;
    match age(subject, upstream)? {
        Some(days) => {
            let detail = format!("{name}: the newest of its refs moved {}", ago(days));
            Ok(match days > MOST_DAYS {
                true => Entry::warn(
                    Check::Upstreams,
                    detail,
                    fetch(subject, gate, policy, upstream),
                ),
                false => Entry::ok(Check::Upstreams, detail),
            })
        }
        None if was_fetched(subject, gate, upstream)? => {
            let detail = gate.says(format!("{name}: known from there"));
            Ok(Entry::ok(Check::Upstreams, detail))
        }
        None => Ok(Entry::warn(
            Check::Upstreams,
            format!(
                "{name}: no ref holds it, so what comes from there {}",
                effect(subject.side)
            ),
            fetch(subject, gate, policy, upstream),
        )),
    }
}

fn ago(days: i64) -> String {
    match days {
        0 => "today".into(),
        1 => "yesterday".into(),
        days => format!("{days} days ago"),
    }
}

fn effect(side: HookSide) -> &'static str {
    match side {
        HookSide::Server => "is judged as if it were new",
        HookSide::Client => "can't be told from what is new: findings become warnings",
    }
}

/// Days since one of the upstream's refs moved, by their reflogs; where there are none, since the
/// newest of what they hold was made. `None` if no ref holds it.
fn age(subject: &Subject<'_>, upstream: &Upstream) -> Result<Option<i64>, Error> {
    let prefixes: BTreeSet<Vec<u8>> = upstream
        .refs
        .iter()
        .map(|pattern| pattern.prefix().as_bytes().to_vec())
        .collect();
    let mut tips = subject.repo.tip_dates(&prefixes, &budget())?;
    tips.retain(|(name, _)| any_matches(&upstream.refs, name) && counts(subject.side, name));
    tips.sort_by_key(|(_, date)| std::cmp::Reverse(*date));
    let mut moved = Vec::new();
    for (name, _) in tips.iter().take(MOST_ASKED) {
        moved.extend(subject.repo.moved_at(name, &budget())?);
    }
    let newest = moved.into_iter().max();
    let newest = newest.or_else(|| tips.first().map(|(_, date)| *date));
    Ok(newest.map(|seconds| days_since(seconds, subject)))
}

/// Returns true if and only if such a ref can hold an upstream: a client's branches are somebody's
/// work, whatever they are called.
fn counts(side: HookSide, name: &RefName) -> bool {
    side == HookSide::Server || !name.as_bytes().starts_with(b"refs/heads/")
}

fn days_since(seconds: i64, subject: &Subject<'_>) -> i64 {
    // A date that no calendar has is as old as can be.
    let then = Timestamp::from_second(seconds).unwrap_or(Timestamp::MIN);
    let then = then.to_zoned(TimeZone::UTC).date();
    let hours = subject.ambient.today().duration_since(then).as_hours();
    (hours / 24).max(0)
}

fn was_fetched(subject: &Subject<'_>, gate: &Gate, upstream: &Upstream) -> Result<bool, Error> {
    let fetched = match &gate.remote {
        Some(remote) => subject.repo.fetched_refs(remote, &budget())?,
        None => RefTable::default(),
    };
    let mut names = fetched.iter().map(|(name, _)| name);
    Ok(names.any(|name| any_matches(&upstream.refs, name)))
}

/// What brings the upstream here: a command where one overwrites nothing else, else words.
fn fetch(subject: &Subject<'_>, gate: &Gate, policy: &Policy, upstream: &Upstream) -> String {
    let git = subject.git();
    let mut patterns = upstream.refs.iter().map(|pattern| pattern.text.as_str());
    if let Some(pattern) = patterns.clone().find(|pattern| is_safe(policy, pattern)) {
        return match &gate.remote {
            Some(remote) => format!(
                "{git} fetch {} {}",
                word(remote),
                word(&format!("+{pattern}:{pattern}"))
            ),
            None => format!(
                "{git} fetch URL {}",
                word(&format!("+{}:{pattern}", branch(pattern)))
            ),
        };
    }
    match &gate.remote {
        // Into what git keeps of the remote's branches, and into no branch of the user's own.
        Some(remote) if patterns.clone().all(is_branch) => format!("{git} fetch {}", word(remote)),
        _ => format!(
            "fetch {} so that its branches are refs that match {}; a refspec that stood for the \
             whole pattern could overwrite other refs",
            upstream.name,
            patterns.next().unwrap_or_default()
        ),
    }
}

/// Returns true if and only if git has a refspec for the pattern, and fetching by it overwrites no
/// branch, and no ref that a tree of the policy may govern.
fn is_safe(policy: &Policy, pattern: &str) -> bool {
    let refspec = format!("+{pattern}:{pattern}");
    // A refspec's `*` goes past each `/`, as that of a ref pattern doesn't.
    let fixed = pattern.strip_suffix('*').unwrap_or(pattern);
    let meets = |other: &str| other.starts_with(fixed) || fixed.starts_with(other);
    let mut governed = policy.trees.iter().flat_map(|tree| &tree.refs);
    Refspecs::of(policy).all.contains(&refspec)
        && ![
            "refs/heads/",
            "refs/tags/",
            "refs/remotes/",
            "refs/replace/",
        ]
        .map(meets)
        .contains(&true)
        && !governed.any(|governed| meets(governed.prefix()))
}

fn is_branch(pattern: &str) -> bool {
    pattern.starts_with("refs/heads/")
}

/// The branches of the upstream that go to refs of that pattern.
fn branch(pattern: &str) -> String {
    let last = pattern.rsplit('/').next().unwrap_or_default();
    match last.ends_with('*') {
        true => format!("refs/heads/{last}"),
        false => "refs/heads/BRANCH".into(),
    }
}

fn word(text: &str) -> String {
    quoted(OsStr::new(text))
}
