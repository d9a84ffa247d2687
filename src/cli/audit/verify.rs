//! `treewarden audit verify`: whether the log is as it was written.

use std::io::Write;
use std::path::Path;

use clap::Args;

use super::{Found, Subject};
use crate::ambient::Ambient;
use crate::audit::{Fault, Question, Verified, verify};
use crate::cli::account::{shown, write_line};
use crate::cli::counted;
use crate::error::Exit;
use crate::report;

/// See whether the log is as it was written
///
/// Every record holds the hash of the one before it: where one was altered, removed or moved, the
/// file and the line are named, and the exit status is 1. That the last records were removed shows
/// by a receipt alone.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    subject: Subject,
    /// Find the record of this receipt, as a pusher got it: all of it, or 12 digits and more
    #[arg(long, value_name = "HASH")]
    receipt: Option<String>,
    /// The record before the first one here: that of older files, which were moved away
    #[arg(long, value_name = "HASH")]
    after: Option<String>,
}

impl Verify {
    pub(super) fn run(&self, ambient: &Ambient, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let Found { files, place } = self.subject.find(ambient)?;
        let question = Question {
            files,
            place,
            after: self.after.clone(),
            receipt: self.receipt.clone(),
        };
        let verified = verify(&question)?;
        for fault in &verified.faults {
            writeln!(
                out,
                "error: {} {}",
                place_of(&fault.file, fault.line),
                fault.what
            )?;
        }
        if let Some(Fault { file, line, what }) = &verified.unfinished {
            writeln!(out, "note: {} {what}", place_of(file, *line))?;
        }
        let is_found = self.write_receipt(&verified, out)?;
        write_sum(&question, &verified, out)?;
        Ok(match verified.faults.is_empty() && is_found {
            true => Exit::Accept,
            false => Exit::Reject,
        })
    }

    /// Says whose the receipt is; returns true if and only if nothing else was asked.
    fn write_receipt(&self, verified: &Verified, out: &mut dyn Write) -> std::io::Result<bool> {
        let Some(asked) = &self.receipt else {
            return Ok(true);
        };
        let asked = report::escape::Shown(asked.as_bytes());
        match verified.receipts.as_slice() {
            [] => {
                writeln!(
                    out,
                    "error: no record has the receipt {asked}: it was removed or altered"
                )?;
                Ok(false)
            }
            [one] => {
                write_line(out, "receipt", &place_of(&one.file, one.line))?;
                report::audit::write(out, one)?;
                Ok(true)
            }
            several => {
                let count = several.len();
                writeln!(
                    out,
                    "error: {count} records have the receipt {asked}: give more of it"
                )?;
                Ok(false)
            }
        }
    }
}

fn place_of(file: &Path, line: usize) -> String {
    format!("{}:{line}", shown(file))
}

fn write_sum(question: &Question, verified: &Verified, out: &mut dyn Write) -> std::io::Result<()> {
    let records = counted(verified.records, "record");
    let files = counted(question.files.len(), "file");
    let head = match &verified.head {
        Some(head) => format!(", the last is {head}"),
        None => String::new(),
    };
    let verdict = match verified.faults.len() {
        0 => "the chain holds".to_owned(),
        count => counted(count, "fault"),
    };
    writeln!(out, "treewarden: {verdict}: {records} in {files}{head}")
}
