//! Why a commit passes or fails: a block for each step, and the verdict in the last line.

use std::io::{self, Write};

use super::escape::Shown;
use super::merge;
use super::text::{commit_line, path_line, policy_line, signature};
use super::wrap::{note, wrapped};
use crate::explain::{Course, Explanation, Holder, Kind, Push, Ruling, Series, Story, Together};
use crate::finding::{Code, Severity};
use crate::policy::{Enforce, Policy, any_matches};
use crate::update::{RefName, RefValue};

/// How many refs of an upstream are listed.
const REFS_SHOWN: usize = 3;
/// How many members of a series are listed.
const MEMBERS_SHOWN: usize = 50;
/// Before each line of a block.
const INDENT: &str = "    ";

/// Writes the whole explanation; with `verbose`, also what stands on each side of a merge.
pub fn write(
    out: &mut dyn Write,
    explanation: &Explanation<'_>,
    policy: &Policy,
    verbose: bool,
) -> io::Result<()> {
    writeln!(out, "{}", commit_line(&explanation.commit))?;
    block(out, "tree", &tree(explanation, policy))?;
    block(out, "push", &[push(&explanation.push)])?;
    block(out, "entering", &entering(&explanation.course))?;
    if let Course::Enters(story) = &explanation.course {
        block(out, "parents", &parents(&story.kind))?;
        block(out, "series", &series(&story.series))?;
        block(out, "paths", &paths(story, policy, verbose))?;
    }
    block(out, "rules", &rules(explanation))?;
    write_verdict(out, explanation, policy)
}

fn block(out: &mut dyn Write, heading: &str, lines: &[String]) -> io::Result<()> {
    writeln!(out, "\n{heading}")?;
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// A sentence of a block.
fn said(text: &str) -> String {
    wrapped(INDENT, INDENT.len() + 2, text)
}

/// A line of a list in a block.
fn item(text: &str) -> String {
    format!("{INDENT}{INDENT}{text}")
}

fn shown(name: &RefName) -> Shown<'_> {
    Shown(name.as_bytes())
}

fn tree(explanation: &Explanation<'_>, policy: &Policy) -> Vec<String> {
    let tree = explanation.tree;
    let place = tree.place.to_string();
    let mut lines = vec![said(&format!(
        "{} ({})",
        tree.name,
        Shown(place.as_bytes())
    ))];
    if let Some(remote) = &explanation.fetched_from {
        lines.push(said(&format!("as {remote} had it when last fetched:")));
    }
    for pattern in &tree.refs {
        let mut values = explanation
            .standing
            .iter()
            .filter(|(name, _)| pattern.matches(name))
            .map(|(name, found)| format!("{} is at {}", shown(name), found.value.short()))
            .peekable();
        if values.peek().is_none() {
            lines.push(said(&format!("{} is not here", pattern.text)));
        }
        lines.extend(values.map(|value| said(&value)));
    }
    lines.extend(upstreams(explanation, policy));
    for since in &tree.since {
        let here = match explanation.since.contains(since) {
            true => "is here",
            false => "is not here",
        };
        lines.push(said(&format!("since {}, which {here}", since.short())));
    }
    match tree.enforce {
        Enforce::Deny => {}
        Enforce::Warn => lines.push(said("enforce = \"warn\"")),
        Enforce::Off => lines.push(said("enforce = \"off\"")),
    }
    let paths = [
        tree.deny.as_ref().map(|rule| &rule.place),
        tree.deny_only.as_ref().map(|rule| &rule.place),
    ];
    let messages = tree.messages.iter().map(|rule| &rule.place);
    let kinds = [&tree.create, &tree.delete, &tree.rewind].map(|kind| &kind.place);
    // A default has the tree's own line.
    let kinds = kinds.into_iter().filter(|place| **place != tree.place);
    let rules = paths.into_iter().flatten().chain(messages).chain(kinds);
    lines.extend(rules.map(|place| said(&policy_line(place))));
    lines
}

fn upstreams(explanation: &Explanation<'_>, policy: &Policy) -> Vec<String> {
    let mut lines = Vec::new();
    for upstream in policy.upstreams_of(explanation.tree) {
        let refs: Vec<String> = explanation
            .standing
            .iter()
            .filter(|(name, _)| any_matches(&upstream.refs, name))
            .map(|(name, found)| format!("{} at {}", shown(name), found.value.short()))
            .collect();
        let more = match refs.len().saturating_sub(REFS_SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if !refs.is_empty() {
            let few = refs.iter().take(REFS_SHOWN).map(String::as_str);
            let few = few.collect::<Vec<_>>().join(", ");
            lines.push(said(&format!("upstream {}: {few}{more}", upstream.name)));
        }
    }
    for absent in &explanation.absent {
        lines.push(said(&format!("no ref holds the upstream {absent}")));
    }
    lines
}

fn push(push: &Push) -> String {
    let name = match &push.ref_name {
        Some(name) => shown(name).to_string(),
        None => "a ref of the tree".into(),
    };
    said(&match push.old {
        RefValue::Absent => format!("{name} is created at {}", push.new.short()),
        RefValue::At(old) => format!("{name} from {} to {}", old.short(), push.new.short()),
    })
}

fn entering(course: &Course) -> Vec<String> {
    match course {
        Course::NotEnforced => vec![said("nothing is judged: the tree's findings are off")],
        Course::NoRules => vec![said(
            "nothing is judged: no rule of the tree looks at commits",
        )],
        Course::TooMuch(exceeded, _) => vec![said(&format!("not known: {exceeded}"))],
        Course::Enters(story) => vec![said(&match story.entering {
            1 => "yes: the only commit that the push brings".to_owned(),
            count => format!("yes: one of {count} commits that the push brings"),
        })],
        Course::There(holders) => there(holders),
    }
}

fn there(holders: &[Holder]) -> Vec<String> {
    if holders.is_empty() {
        return vec![said(
            "no, and so it isn't judged: it is reachable from what was there before",
        )];
    }
    let mut lines = vec![said("no, and so it isn't judged: it is reachable from")];
    lines.extend(holders.iter().map(|holder| {
        item(&match holder {
            Holder::Old(oid) => format!("{}, the old value of the push", oid.short()),
            Holder::Ref(name) => format!("{}, a ref of the tree", shown(name)),
            Holder::Upstream { name, ref_name } => {
                format!("{}, a ref of the upstream {name}", shown(ref_name))
            }
            Holder::Since(oid) => format!("{}, in the tree's `since`", oid.short()),
        })
    }));
    lines
}

fn parents(kind: &Kind) -> Vec<String> {
    match kind {
        Kind::Root => vec![said("none: all its paths are judged")],
        Kind::Plain(parent) => vec![said(&format!(
            "{}: what differs from it is judged",
            parent.short()
        ))],
        Kind::Merge(account) => merge::parents(account)
            .iter()
            .map(|line| said(line))
            .collect(),
    }
}

fn series(series: &Series) -> Vec<String> {
    let count = series.members.len();
    let last = series.members.last().map(|commit| commit.oid.short());
    let mut lines = vec![said(&match series.together {
        Together::Alone => "it is judged by itself".to_owned(),
        Together::Push => format!("the whole push is judged as one, {count} commits:"),
        Together::Merge => format!(
            "{count} commits, together since the merge {} brings the others:",
            last.unwrap_or_default()
        ),
        Together::Thread => format!("{count} commits, posted as one thread by their Link: lines:"),
    })];
    if count > 1 {
        let members = series.members.iter().take(MEMBERS_SHOWN);
        lines.extend(members.map(|commit| item(&commit_line(commit))));
        if count > MEMBERS_SHOWN {
            lines.push(item(&format!("… and {} more", count - MEMBERS_SHOWN)));
        }
    }
    lines
}

fn paths(story: &Story, policy: &Policy, verbose: bool) -> Vec<String> {
    if story.total == 0 {
        return vec![said("none")];
    }
    let mut lines = Vec::new();
    for path in &story.paths {
        lines.push(format!("{INDENT}{}", path_line(&path.path, policy)));
        if let Some((departure, sides)) = &path.merged {
            lines.push(item(&merge::why(*departure, sides)));
            if verbose {
                lines.extend(merge::every_side(sides).iter().map(|side| item(side)));
            }
        }
    }
    match story.total.saturating_sub(story.paths.len()) {
        0 => {}
        more => lines.push(said(&format!("… and {more} more paths"))),
    }
    lines
}

fn rules(explanation: &Explanation<'_>) -> Vec<String> {
    let mut rulings: Vec<&Ruling> = Vec::new();
    if let Course::Enters(story) = &explanation.course {
        rulings.extend(&story.rulings);
    }
    rulings.extend(&explanation.update);
    if rulings.is_empty() {
        return vec![said("none is asked")];
    }
    let lines = rulings.into_iter().map(|ruling| {
        let verdict = match ruling.broken {
            None => "passes".to_owned(),
            Some((code, Severity::Deny)) => format!("refuses it ({code})"),
            Some((code, Severity::Warn)) => format!("warns of it ({code})"),
        };
        said(&format!("{} {verdict}: {}", ruling.rule, ruling.words))
    });
    lines.collect()
}

fn write_verdict(
    out: &mut dyn Write,
    explanation: &Explanation<'_>,
    policy: &Policy,
) -> io::Result<()> {
    writeln!(out)?;
    if let Course::Enters(story) = &explanation.course {
        for (code, count) in &story.others {
            let commits = match count {
                1 => "another commit".to_owned(),
                count => format!("{count} other commits"),
            };
            let others = format!("{commits} of this push would be refused: {code}");
            writeln!(out, "{}", note(&others))?;
        }
    }
    let broken = explanation.broken();
    let of = |severity| {
        let codes = broken.iter().filter(move |(_, weight)| *weight == severity);
        codes
            .map(|(code, _)| *code)
            .map(Code::name)
            .collect::<Vec<_>>()
    };
    let (denied, warned) = (of(Severity::Deny).join(", "), of(Severity::Warn).join(", "));
    let said = match (denied.as_str(), warned.as_str()) {
        ("", "") => "takes it".to_owned(),
        ("", warned) => format!("takes it, and warns: {warned}"),
        (denied, "") => format!("refuses it: {denied}"),
        (denied, warned) => format!("refuses it: {denied}; and warns: {warned}"),
    };
    let tree = &explanation.tree.name;
    writeln!(out, "treewarden: {tree} {said} {}", signature(policy))
}
