//! The table: as Markdown, for people and for `docs/performance.md`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::goals::{Bound, GOALS, Goal, Outcome};
use crate::process::Job;
use crate::rows::Found;

/// Between these two lines of the page stands the last table.
const BEGIN: &str = "<!-- the last table: `cargo bench -- --bless` writes it -->";
const END: &str = "<!-- the end of the last table -->";

/// The rows that were measured, below a line on what they were measured with.
pub fn table(found: &Found, rounds: usize, shrink: usize) -> Result<String, String> {
    let mut text = format!("{}\n\n", versions(rounds)?);
    if shrink > 1 {
        writeln!(text, "Shrunk: one in {shrink} of the commits and files.\n").unwrap();
    }
    text.push_str("| work | against | gate | aim | ours | theirs | figure | |\n");
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    text.push_str(&rows(found));
    for (key, outcome) in found {
        match outcome {
            Outcome::LeftOut(why) => writeln!(text, "\nleft out: {key}: {why}").unwrap(),
            Outcome::Failed(why) => writeln!(text, "\nfailed: {key}: {why}").unwrap(),
            Outcome::Raced(..) | Outcome::Above(..) | Outcome::Spent(_) => {}
        }
    }
    Ok(text)
}

/// The lines of these rows, in the order of the goals.
pub fn rows(found: &[(&str, Outcome)]) -> String {
    let of = |goal: &Goal| {
        let (_, outcome) = found.iter().find(|(key, _)| *key == goal.key)?;
        Some(row(goal, outcome))
    };
    GOALS.iter().filter_map(of).collect()
}

fn row(goal: &Goal, outcome: &Outcome) -> String {
    let (ours, theirs) = match outcome {
        Outcome::Raced(ours, theirs) | Outcome::Above(ours, theirs) => {
            (milliseconds(ours.median()), milliseconds(theirs.median()))
        }
        Outcome::Spent(_) | Outcome::LeftOut(_) | Outcome::Failed(_) => {
            (String::new(), String::new())
        }
    };
    let figure = match (outcome.figure(), outcome) {
        (Some((value, least, most)), Outcome::Raced(..)) => {
            format!("**{value:.2} x** ({least:.2}..{most:.2})")
        }
        (Some((value, least, most)), _) => {
            let unit = unit(goal.gate);
            format!(
                "**{} {unit}** ({}..{})",
                short(value),
                short(least),
                short(most)
            )
        }
        (None, Outcome::LeftOut(_)) => "left out".into(),
        (None, _) => "failed".into(),
    };
    format!(
        "| {} | {} | {} | {} | {ours} | {theirs} | {figure} | {} |\n",
        goal.work,
        goal.baseline,
        bound(goal.gate),
        bound(goal.aim),
        mark(goal, outcome)
    )
}

fn mark(goal: &Goal, outcome: &Outcome) -> &'static str {
    let Some((value, ..)) = outcome.figure() else {
        return match outcome {
            Outcome::LeftOut(_) => "",
            _ => "MISS",
        };
    };
    match (goal.gate.holds(value), goal.aim.holds(value)) {
        (None, _) => "",
        (Some(true), Some(true)) => "aim",
        (Some(true), _) => "gate",
        (Some(false), _) => "MISS",
    }
}

fn bound(bound: Bound) -> String {
    match bound {
        Bound::Times(least) => format!("{least} x"),
        Bound::Within(most, unit) => format!("{most} {unit}"),
        Bound::Free => String::new(),
    }
}

fn unit(bound: Bound) -> &'static str {
    match bound {
        Bound::Within(_, unit) => unit,
        Bound::Times(_) | Bound::Free => "x",
    }
}

fn milliseconds(value: f64) -> String {
    format!("{} ms", short(value))
}

/// About three digits.
fn short(value: f64) -> String {
    match value.abs() {
        0.0..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn versions(rounds: usize) -> Result<String, String> {
    let here = Path::new(".");
    let says = |program: &str, argument: &str| {
        let home = std::env::var_os("HOME").unwrap_or_default();
        Job::new(program, here)
            .set("HOME", home)
            .with([argument])
            .output()
    };
    let git = says("git", "--version")?;
    let rustc = says("rustc", "--version")?;
    let kernel = says("uname", "-sr")?;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let ours = env!("CARGO_PKG_VERSION");
    Ok(format!(
        "treewarden {ours}; {git}; {rustc}; {cores} cores; {kernel}; medians of up to {rounds} runs in turn."
    ))
}

/// Writes the table into the page.
pub fn bless(text: &str) -> Result<(), String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
    let old = fs::read_to_string(&page).map_err(|error| error.to_string())?;
    let parts = old.split_once(BEGIN).and_then(|(head, rest)| {
        let (_, tail) = rest.split_once(END)?;
        Some((head, tail))
    });
    let (head, tail) = parts.ok_or("docs/performance.md has no place for the table")?;
    let new = format!("{head}{BEGIN}\n\n{text}\n{END}{tail}");
    fs::write(page, new).map_err(|error| error.to_string())
}
