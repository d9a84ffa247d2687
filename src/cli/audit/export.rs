//! `treewarden audit export`: the log, for other programs.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};

use super::{Subject, Which, each};
use crate::ambient::Ambient;
use crate::audit::Entry;
use crate::error::Exit;
use crate::report::ascii;

/// Print the records as JSON, each with its hash, its file and its line
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    which: Which,
    /// One record a line, and no array around them
    #[arg(long)]
    lines: bool,
}

impl Export {
    pub(super) fn run(&self, ambient: &Ambient, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let found = self.subject.find(ambient)?;
        let filter = self.which.filter(ambient)?;
        if self.lines {
            each(&found, &filter, out, |out, entry| {
                writeln!(out, "{}", ascii::line(&exported(entry)))
            })?;
            return Ok(Exit::Accept);
        }
        let mut before = "[\n";
        each(&found, &filter, out, |out, entry| {
            write!(out, "{before}{}", ascii::line(&exported(entry)))?;
            before = ",\n";
            Ok(())
        })?;
        writeln!(out, "{}", if before == "[\n" { "[]" } else { "\n]" })?;
        Ok(Exit::Accept)
    }
}

fn exported(entry: &Entry) -> Value {
    json!({
        "hash": entry.hash,
        "file": entry.file.to_string_lossy(),
        "line": entry.line,
        "record": entry.value,
    })
}
