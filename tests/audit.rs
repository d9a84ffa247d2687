//! The audit log: what is written, what can't be undone unseen, and that nothing is accepted
//! without it.

mod commands;
mod landed;
mod recorded;
mod refused;
mod rotated;
mod users;
mod verified;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::formats::schema::Schema;
use crate::support::{Format, Pushed, Sandbox, Told};

/// A server with one tree, `master`, which denies `net/**`, and what it stands on.
fn one() -> (Sandbox, String) {
    let s = Sandbox::new(Format::Sha1Files);
    s.small_policy("");
    let base = s.base();
    s.seed(&base, &["master"]);
    (s, base)
}

fn log(s: &Sandbox) -> PathBuf {
    s.server().join("treewarden/audit.jsonl")
}

fn text(s: &Sandbox) -> String {
    std::fs::read_to_string(log(s)).unwrap()
}

/// The records, each held against the schema.
pub fn records(s: &Sandbox) -> Vec<Value> {
    let schema = Schema::read("docs/audit.schema.json");
    let text = text(s);
    text.lines()
        .map(|line| schema.parsed(line, "a record"))
        .collect()
}

/// The records of one kind.
fn of_kind(s: &Sandbox, kind: &str) -> Vec<Value> {
    let mut records = records(s);
    records.retain(|record| record["kind"] == kind);
    records
}

fn audit(s: &Sandbox, arguments: &[&str]) -> Told {
    let server = s.server().to_str().unwrap().to_owned();
    let arguments = [&["audit"], arguments, &[server.as_str()]].concat();
    s.tell(&arguments)
}

/// The log is as it was written.
fn holds(s: &Sandbox) {
    audit(s, &["verify"]).ended(0).says("the chain holds");
}

/// Pushes a commit that lands, and answers with it.
fn lands(s: &Sandbox, on: &str, path: &str) -> String {
    let commit = s.touch(on, path);
    s.push(&commit, "master").clean();
    commit
}

/// A commit of the denied class, pushed and refused.
fn is_refused<'s>(s: &'s Sandbox, on: &str) -> Pushed<'s> {
    let pushed = s.push(&s.touch(on, "net/a.c"), "master");
    pushed.rejected("denied-path");
    pushed
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().unwrap().permissions().mode() & 0o7777
}
