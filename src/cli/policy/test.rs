//! `treewarden policy test`: the policy's own cases.

use std::io::Write;

use clap::Args;

use super::Subject;
use crate::ambient::Ambient;
use crate::cases::{self, Outcome};
use crate::error::Exit;
use crate::report;

/// Judge the cases that the policy holds
///
/// Prints a line for each: `ok`, or `FAILED` with what was found instead. Exits with 1 if one
/// fails.
#[derive(Debug, Args)]
pub struct Test {
    #[command(flatten)]
    subject: Subject,
}

impl Test {
    pub(super) fn run(&self, ambient: &Ambient, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let policy = self.subject.find(ambient)?.policy;
        let outcomes = cases::judge(&policy)?;
        report::cases::write(out, &outcomes, &policy)?;
        Ok(match outcomes.iter().all(Outcome::holds) {
            true => Exit::Accept,
            false => Exit::Reject,
        })
    }
}
