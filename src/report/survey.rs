//! What the trees say to commits: a block for each commit, one for all of them, and where they go.

use std::io::{self, Write};

use super::text::{commit_line, signature};
use super::wrap::note;
use crate::finding::Severity;
use crate::policy::Policy;
use crate::survey::{Answer, Move, Reason, Survey, Way};

/// Writes the whole survey. `ground` is what the trees of the remote were taken to hold, where
/// nothing is known of them.
pub fn write(
    out: &mut dyn Write,
    survey: &Survey<'_>,
    policy: &Policy,
    ground: Option<&str>,
) -> io::Result<()> {
    if survey.patches.is_empty() {
        writeln!(out, "there are no commits that a tree would have to judge")?;
    }
    for (at, commit) in survey.patches.iter().enumerate() {
        if !survey.is_everywhere(at) {
            writeln!(out, "{}", commit_line(commit))?;
            write_answers(out, survey, |tree| {
                tree.alone.get(at).map(answer).unwrap_or_default()
            })?;
            writeln!(out)?;
        }
    }
    if survey.patches.len() > 1 && !survey.trees.is_empty() {
        writeln!(out, "all {} commits in one push", survey.patches.len())?;
        write_answers(out, survey, |tree| answer(&tree.whole))?;
        writeln!(out)?;
    }
    write_moves(out, survey)?;
    write_notes(out, survey, ground)?;
    write_summary(out, survey, policy)
}

/// A line for each tree, in columns.
fn write_answers<'p>(
    out: &mut dyn Write,
    survey: &Survey<'p>,
    said: impl Fn(&crate::survey::Answers<'p>) -> String,
) -> io::Result<()> {
    let names = survey
        .trees
        .iter()
        .map(|tree| tree.tree.name.chars().count());
    let width = names.max().unwrap_or_default();
    survey.trees.iter().try_for_each(|tree| {
        let name = &tree.tree.name;
        writeln!(out, "    {name:<width$}  {}", said(tree))
    })
}

fn answer(answer: &Answer) -> String {
    let word = if answer.is_yes() { "yes" } else { "no" };
    match answer {
        Answer::NotEnforced => "yes: its rules are off".into(),
        Answer::There => "yes: an upstream of it has this already".into(),
        Answer::TooMuch(exceeded, _) => format!("{word}: too-much ({exceeded})"),
        Answer::Judged(reasons) if reasons.is_empty() => word.into(),
        Answer::Judged(reasons) => {
            let denied = reasons.iter().filter(|it| it.severity == Severity::Deny);
            let warned = reasons.iter().filter(|it| it.severity == Severity::Warn);
            let (denied, warned) = (listed(denied), listed(warned));
            match (denied.as_str(), warned.as_str()) {
                (denied, "") => format!("no: {denied}"),
                ("", warned) => format!("yes, with a warning: {warned}"),
                (denied, warned) => format!("no: {denied}; a warning: {warned}"),
            }
        }
    }
}

fn listed<'a>(reasons: impl Iterator<Item = &'a Reason>) -> String {
    let words: Vec<String> = reasons
        .map(|reason| format!("{} ({})", reason.code, reason.words))
        .collect();
    words.join(", ")
}

fn write_moves(out: &mut dyn Write, survey: &Survey<'_>) -> io::Result<()> {
    let taken = survey.is_taken();
    if !taken && !survey.moves.is_empty() {
        writeln!(
            out,
            "no tree takes all of it; each part to where it belongs:\n"
        )?;
    }
    for moved in &survey.moves {
        write_move(out, moved, taken)?;
        writeln!(out)?;
    }
    for moved in &survey.as_one {
        if let Way::Command(lines) = &moved.way {
            let tree = &moved.tree;
            writeln!(
                out,
                "or, if they are one series, {tree} takes it by a merge:"
            )?;
            write_lines(out, lines)?;
            writeln!(out)?;
        }
    }
    for stuck in &survey.stuck {
        if let Some(commit) = survey.patches.get(stuck.patch) {
            writeln!(out, "{}", commit_line(commit))?;
            write_lines(out, &stuck.why)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

fn write_move(out: &mut dyn Write, moved: &Move, taken: bool) -> io::Result<()> {
    let tree = &moved.tree;
    let what = match (taken, moved.patches.len()) {
        (true, _) => "it".to_owned(),
        (false, 1) => "1 commit".to_owned(),
        (false, count) => format!("{count} commits"),
    };
    match &moved.way {
        Way::Command(lines) => {
            writeln!(out, "{tree} takes {what}:")?;
            write_lines(out, lines)
        }
        Way::There => writeln!(out, "{tree} has {what} already"),
        Way::NoRef => writeln!(
            out,
            "{tree} takes {what}; which of its refs, only you can say"
        ),
        Way::NoGround => writeln!(
            out,
            "{tree} takes {what}, but has no ref there yet: all that it stands on would come along"
        ),
    }
}

fn write_lines(out: &mut dyn Write, lines: &[String]) -> io::Result<()> {
    lines
        .iter()
        .try_for_each(|line| writeln!(out, "    {line}"))
}

fn write_notes(out: &mut dyn Write, survey: &Survey<'_>, ground: Option<&str>) -> io::Result<()> {
    if !survey.absent.is_empty() {
        let absent = survey.absent.join(", ");
        let absent = format!(
            "no ref holds the upstream {absent}: what came from there is judged as if it were new"
        );
        writeln!(out, "{}", note(&absent))?;
    }
    match ground {
        Some(ground) => writeln!(out, "{}", note(ground)),
        None => Ok(()),
    }
}

fn write_summary(out: &mut dyn Write, survey: &Survey<'_>, policy: &Policy) -> io::Result<()> {
    let takers: Vec<&str> = survey
        .trees
        .iter()
        .filter(|tree| tree.whole.is_yes())
        .map(|tree| tree.tree.name.as_str())
        .collect();
    let said = match takers.as_slice() {
        [] if survey.is_taken() => {
            "every tree takes all of it: none has rules for paths or messages".to_owned()
        }
        [] => "no tree takes all of it".to_owned(),
        names => format!("{} takes all of it", names.join(" or ")),
    };
    writeln!(out, "treewarden: {said} {}", signature(policy))
}
