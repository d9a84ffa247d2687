//! How an override is told: in lists, and before it is signed.

use std::io::Write;

use crate::error::Error;
use crate::finding::Code;
use crate::git::Repo;
use crate::overrides::request::Request;
use crate::overrides::statement::{Statement, What, both_values};
use crate::report::escape::{Shown, shortened};
use crate::update::{Change, Oid, RefName};

/// How much of a subject is shown, in characters.
const SUBJECT_WIDTH: usize = 72;
/// How much of an object's name is shown.
const SHORT: usize = 12;

/// What it lifts, until when, why, and where it stands, a line each.
pub(super) fn lines(
    ref_name: &RefName,
    statement: &Statement,
    repo: &Repo,
) -> anyhow::Result<Vec<String>> {
    let lifts = &statement.lifts;
    let rules: Vec<&str> = lifts.rules.iter().map(|rule| rule.name()).collect();
    let on = Shown(lifts.ref_name.as_bytes());
    let mut lines = vec![format!(
        "lifts {} on {on} of {}, until {}",
        rules.join(", "),
        Shown(lifts.repository.as_bytes()),
        statement.expires
    )];
    match &lifts.what {
        What::Commits(commits) => {
            for commit in commits {
                lines.push(format!("| {}", commit_line(*commit, repo)?));
            }
        }
        What::Update(change) => {
            let [old, new] =
                both_values(*change).map(|hex| hex.chars().take(SHORT).collect::<String>());
            lines.push(format!("| {old} -> {new}"));
        }
    }
    lines.push(format!("reason: {}", Shown(statement.reason.as_bytes())));
    lines.push(Shown(ref_name.as_bytes()).to_string());
    Ok(lines)
}

/// A commit by its name and subject.
fn commit_line(commit: Oid, repo: &Repo) -> Result<String, Error> {
    let subject = match repo.has(commit)? {
        true => repo.peel(commit)?,
        false => return Ok(format!("{} (isn't here)", commit.short())),
    };
    let subject = match subject {
        Some(commit) => shortened(&repo.subject(commit)?, SUBJECT_WIDTH),
        None => "(no commit)".into(),
    };
    Ok(format!("{} {subject}", commit.short()))
}

/// What the push makes of the ref beside bringing the signature: the statement alone doesn't say.
pub(super) fn show_push(
    request: &Request,
    repo: &Repo,
    stdout: &mut dyn Write,
) -> anyhow::Result<()> {
    let on = Shown(request.lifts.ref_name.as_bytes()).to_string();
    match request.change {
        Change::Delete { old } => writeln!(stdout, "to be deleted: {on}, now {}", old.short())?,
        Change::Create { new } | Change::Move { new, .. } => {
            writeln!(stdout, "to be pushed to {on}: {}", commit_line(new, repo)?)?;
        }
    }
    Ok(())
}

/// What is about to be signed, and the subjects of its commits.
pub(super) fn show(request: &Request, repo: &Repo, stdout: &mut dyn Write) -> anyhow::Result<()> {
    let lines = request.lifts.to_bytes();
    for line in lines
        .split(|byte| *byte == b'\n')
        .filter(|it| !it.is_empty())
    {
        writeln!(stdout, "  {}", Shown(line))?;
    }
    if let What::Commits(commits) = &request.lifts.what {
        for commit in commits {
            writeln!(stdout, "    {}", commit_line(*commit, repo)?)?;
        }
    }
    if request.lifts.rules.contains(&Code::TooMuch) {
        writeln!(stdout, "    no commit of this update will be judged")?;
    }
    Ok(())
}
