//! What installing says: a line for each fact.

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::install::Installed;
use crate::policy::{Policy, Source};
use crate::report::escape::{Shown, Told};
use crate::report::shell::word;

const ASKS_NAME: &str = "it mentions $0, which ends in .chained now: a script that asks for its name needs it written in";

/// Writes `label:`, and what it is in a column of its own.
pub fn write_line(out: &mut dyn Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{:<12}{}", format!("{label}:"), Told(text))
}

/// The hooks, the one that judges first, and what runs after each.
pub fn write_hooks(out: &mut dyn Write, installed: &[Installed]) -> io::Result<()> {
    let mut hooks = installed.iter().rev();
    hooks.try_for_each(|hook| write_hook(out, hook))
}

fn write_hook(out: &mut dyn Write, installed: &Installed) -> io::Result<()> {
    write_line(out, "hook", &shown(&installed.hook))?;
    let Some(chained) = &installed.chained else {
        return Ok(());
    };
    let when = match chained.runs {
        true => "which runs after an acceptance",
        false => "which is not executable, so nothing runs it",
    };
    write_line(out, "chained", &format!("{}, {when}", shown(&chained.path)))?;
    match chained.asks_name {
        true => write_line(out, "note", ASKS_NAME),
        false => Ok(()),
    }
}

/// The policy's origin and digest.
pub fn write_policy(out: &mut dyn Write, source: &Source, policy: &Policy) -> io::Result<()> {
    write_line(out, "policy", &format!("{source} ({})", policy.digest))
}

/// What the repository is called, and which of its refs are governed.
pub fn write_trees(out: &mut dyn Write, policy: &Policy) -> io::Result<()> {
    let called = policy.repository.as_deref().unwrap_or("(no name)");
    write_line(out, "repository", called)?;
    for tree in policy.trees.iter().filter(|tree| !tree.refs.is_empty()) {
        let refs: Vec<&str> = tree
            .refs
            .iter()
            .map(|pattern| pattern.text.as_str())
            .collect();
        let governs = format!("{} governs {}", tree.name, refs.join(", "));
        write_line(out, "tree", &governs)?;
    }
    Ok(())
}

/// A path for people, without a `/` at its end.
pub fn shown(path: &Path) -> String {
    let path = path.components().as_path();
    Shown(path.as_os_str().as_bytes()).to_string()
}

/// A path as a word of a command for the shell.
pub fn quoted(path: &Path) -> String {
    word(path.components().as_path().as_os_str().as_bytes())
}
