//! What a report says beside its findings: what was not known, and what could be done about it.

use crate::finding::{Code, Finding};
use crate::judge::Case;
use crate::policy::{RefPattern, Upstream};
use crate::report::escape::Shown;
use crate::report::shell::word;
use crate::standing::{Held, Target};
use crate::update::{Oid, RefName};

/// What a shallow clone can't see.
pub const SHALLOW: &str = "this clone is shallow, so what lies behind its end was not seen: \
                           `git fetch --unshallow`";

/// What it means that somebody lifts `too-much`; `None` for anything else.
pub fn unjudged(finding: &Finding) -> Option<String> {
    let is_unjudged = finding.is_lifted() && finding.code == Code::TooMuch;
    is_unjudged.then(|| {
        let shown = Shown(&finding.ref_name);
        format!(
            "{} is lifted: no commit of {shown} was judged",
            finding.code
        )
    })
}

/// How a history from before the policy comes into a tree.
pub fn adoption(case: &Case<'_>) -> String {
    format!(
        "{} is new here, so its whole history was judged; one from before the policy comes in \
         unjudged where the server's administrator fetches it into this ref, and then runs \
         `treewarden adopt --tree {}`",
        Shown(case.ref_name.as_bytes()),
        word(case.tree.name.as_bytes()),
    )
}

/// What a clone took for a ref's old value; `None` where it has that one.
pub fn old_value(name: &RefName, value: Oid, held: &Held, target: &Target) -> Option<String> {
    let (shown, remote, value) = (Shown(name.as_bytes()), target.name(), value.short());
    match held {
        Held::Object(_) => None,
        Held::Outdated(fetched) => Some(format!(
            "{shown} of {remote} is at {value}, which is not here: judged from {}, where it was when \
             last fetched, which may be out of date: `git fetch {remote}`",
            fetched.short()
        )),
        Held::Unknown => Some(format!(
            "{shown} of {remote} is at {value}, which is not here, so what is new there can't be \
             told: `git fetch {remote}`"
        )),
    }
}

/// What a clone doesn't know of a tree's other refs; `None` where it knows them.
pub fn unseen(patterns: &[&RefPattern], remote: &str) -> Option<String> {
    let texts: Vec<&str> = patterns
        .iter()
        .map(|pattern| pattern.text.as_str())
        .collect();
    let branches = texts.iter().all(|text| text.starts_with("refs/heads/"));
    let command = branches.then(|| {
        format!(
            "; `git remote set-branches {remote} '*' && git fetch {remote}` brings what is there"
        )
    });
    (!texts.is_empty()).then(|| {
        format!(
            "{} of {remote} isn't fetched into this clone, and belongs to the same tree: what is \
             found could be there, so only the server can tell{}",
            texts.join(", "),
            command.unwrap_or_default()
        )
    })
}

/// An upstream without a ref excludes nothing: its commits look as if they entered here. `None`
/// where none is absent.
pub fn upstreams(absent: &[&Upstream]) -> Option<String> {
    let named: Vec<String> = absent.iter().map(|upstream| named(upstream)).collect();
    (!named.is_empty()).then(|| {
        format!(
            "no ref holds the upstream {}: what came from there is judged as if it were new",
            named.join(", ")
        )
    })
}

/// The same for upstreams that a clone doesn't have, and its server may have.
pub fn missing_upstreams(missing: &[&Upstream], remote: &str) -> Option<String> {
    let named: Vec<String> = missing.iter().map(|upstream| named(upstream)).collect();
    (!named.is_empty()).then(|| {
        format!(
            "no ref here holds the upstream {}: what is found could have come from there, so only \
             the server can tell{}",
            named.join(", "),
            fetching(missing, remote)
        )
    })
}

/// An upstream by its name and its refs.
pub fn named(upstream: &Upstream) -> String {
    let patterns: Vec<&str> = texts(&upstream.refs).collect();
    format!("{} ({})", upstream.name, patterns.join(", "))
}

fn texts(patterns: &[RefPattern]) -> impl Iterator<Item = &str> {
    patterns.iter().map(|pattern| pattern.text.as_str())
}

/// The command that brings a server's upstream refs into a clone, under their own names.
fn fetching(absent: &[&Upstream], remote: &str) -> String {
    let all = absent.iter().flat_map(|upstream| texts(&upstream.refs));
    let refspecs: Vec<String> = all
        // Branches come with any fetch, and what has other wildcards is no refspec.
        .filter(|text| !text.starts_with("refs/heads/") && !text.contains(['?', '[', '{', '\\']))
        .filter(|text| text.matches('*').count() <= 1)
        .map(|text| word(format!("+{text}:{text}").as_bytes()))
        .collect();
    match refspecs.as_slice() {
        [] => format!("; `git fetch {remote}` may bring it"),
        some => format!(
            "; `git fetch {remote} {}` brings what the server has",
            some.join(" ")
        ),
    }
}
