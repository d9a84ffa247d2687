//! What the checks found, as facts, as text and as JSON.

use std::fmt::Display;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::check::Check;
use crate::error::Exit;
use crate::git::HookSide;
use crate::report::ascii;
use crate::report::escape::Shown;

/// What the document's member `schema` says. The number grows when a member goes or comes to mean
/// something else.
const SCHEMA: &str = "treewarden-doctor/1";

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// All is well.
    Ok,
    /// The gate holds, but somebody should look at this.
    Warn,
    /// The gate is open, or shut for everybody.
    Fail,
}

impl Outcome {
    /// The word in the JSON document.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    /// The word in the text.
    fn shown(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

/// One thing that a check found. Its texts are safe to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The check.
    pub check: Check,
    /// Whose hook it is about; `None` where it is about the repository.
    pub side: Option<HookSide>,
    /// What came of it.
    pub outcome: Outcome,
    /// What was found, in one line.
    pub detail: String,
    /// What mends it: a command, or what to do where no command can.
    pub help: Option<String>,
}

impl Entry {
    /// All is well.
    pub fn ok(check: Check, detail: impl Display) -> Self {
        Self {
            check,
            side: None,
            outcome: Outcome::Ok,
            detail: safe(detail),
            help: None,
        }
    }

    /// Somebody should look at this.
    pub fn warn(check: Check, detail: impl Display, help: impl Display) -> Self {
        Self {
            outcome: Outcome::Warn,
            help: Some(safe(help)),
            ..Self::ok(check, detail)
        }
    }

    /// The gate is open, or shut for everybody.
    pub fn fail(check: Check, detail: impl Display, help: impl Display) -> Self {
        Self {
            outcome: Outcome::Fail,
            help: Some(safe(help)),
            ..Self::ok(check, detail)
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "check": self.check.name(),
            "side": self.side.map(word),
            "outcome": self.outcome.name(),
            "detail": self.detail,
            "help": self.help,
        })
    }
}

/// Text that nothing of acts on a terminal.
pub fn safe(text: impl Display) -> String {
    Shown(text.to_string().as_bytes()).to_string()
}

/// All that was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The repository, as far as one was found.
    pub repository: Option<String>,
    /// In the order in which they were found.
    pub entries: Vec<Entry>,
}

impl Report {
    /// How many entries came out so.
    pub fn count(&self, outcome: Outcome) -> usize {
        let same = |entry: &&Entry| entry.outcome == outcome;
        self.entries.iter().filter(same).count()
    }

    /// What the command ends with: 4 where there was no repository to look at, 1 where anything
    /// else failed, else 0.
    pub fn exit(&self) -> Exit {
        let failed = |entry: &&Entry| entry.outcome == Outcome::Fail;
        let mut failed = self.entries.iter().filter(failed);
        match failed.next().map(|entry| entry.check) {
            None => Exit::Accept,
            Some(Check::Repository) => Exit::Repository,
            Some(_) => Exit::Reject,
        }
    }

    /// Writes a line for each entry, one more where there is help, and one for all of them.
    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_entries(out, Outcome::Ok)?;
        self.write_sum(out)
    }

    /// The same without the lines of what is well.
    pub fn write_worries(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_entries(out, Outcome::Warn)?;
        self.write_sum(out)
    }

    fn write_entries(&self, out: &mut dyn Write, least: Outcome) -> io::Result<()> {
        let mut side = None;
        for entry in self.entries.iter().filter(|entry| entry.outcome >= least) {
            if entry.side != side {
                side = entry.side;
                writeln!(out, "{}:", side.map_or("repository", word))?;
            }
            let (outcome, check) = (entry.outcome.shown(), entry.check);
            writeln!(out, "{outcome:<5} {check}: {}", entry.detail)?;
            if let Some(help) = &entry.help {
                writeln!(out, "      help: {help}")?;
            }
        }
        Ok(())
    }

    fn write_sum(&self, out: &mut dyn Write) -> io::Result<()> {
        let [ok, warn, fail] =
            [Outcome::Ok, Outcome::Warn, Outcome::Fail].map(|outcome| self.count(outcome));
        writeln!(out, "treewarden: {ok} ok, {warn} warn, {fail} FAIL")
    }

    /// Writes one JSON document in printable ASCII, with a line feed after it.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let worst = self.entries.iter().map(|entry| entry.outcome).max();
        let entries: Vec<Value> = self.entries.iter().map(Entry::to_json).collect();
        let document = json!({
            "schema": SCHEMA,
            "treewarden": env!("CARGO_PKG_VERSION"),
            "repository": self.repository,
            "outcome": worst.unwrap_or(Outcome::Ok).name(),
            "entries": entries,
        });
        ascii::write(out, &document)
    }
}

fn word(side: HookSide) -> &'static str {
    match side {
        HookSide::Server => "server",
        HookSide::Client => "client",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(entries: Vec<Entry>) -> Report {
        Report {
            repository: Some("/r".into()),
            entries,
        }
    }

    #[test]
    fn the_exit_status_is_that_of_the_first_failure() {
        let ok = Entry::ok(Check::Repository, "");
        let warn = Entry::warn(Check::Review, "", "");
        assert_eq!(report(vec![ok.clone(), warn.clone()]).exit(), Exit::Accept);
        let shut = Entry::fail(Check::Hook, "", "");
        assert_eq!(report(vec![ok, warn, shut]).exit(), Exit::Reject);
        let closed = Entry::fail(Check::Repository, "", "");
        assert_eq!(report(vec![closed]).exit(), Exit::Repository);
    }

    #[test]
    fn text_and_json_say_the_same_and_nothing_raw() {
        let entry = Entry {
            side: Some(HookSide::Server),
            ..Entry::fail(Check::Hook, "a\x1b[2J\nb", "chmod\u{202e}")
        };
        let report = report(vec![Entry::ok(Check::Repository, "bare"), entry]);
        let (mut text, mut json) = (Vec::new(), Vec::new());
        report.write_text(&mut text).unwrap();
        report.write_json(&mut json).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "ok    repository: bare\n\
             server:\n\
             FAIL  hook: a\\x1b[2J\\nb\n      help: chmod\\u{202e}\n\
             treewarden: 1 ok, 0 warn, 1 FAIL\n"
        );
        let json: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["outcome"], "fail");
        assert_eq!(json["entries"][1]["detail"], "a\\x1b[2J\\nb");
        assert_eq!(json["entries"][1]["side"], "server");
        assert_eq!(json["entries"][0]["help"], Value::Null);
    }
}
