//! `treewarden audit show`: the log, for people.

use std::io::Write;

use clap::Args;

use super::{Subject, Which, each};
use crate::ambient::Ambient;
use crate::error::Exit;
use crate::report;

/// Print the records for people, the newest last
///
/// Believes what it reads: `treewarden audit verify` tells whether that is as it was written.
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    subject: Subject,
    #[command(flatten)]
    which: Which,
}

impl Show {
    pub(super) fn run(&self, ambient: &Ambient, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let found = self.subject.find(ambient)?;
        each(
            &found,
            &self.which.filter(ambient)?,
            out,
            report::audit::write,
        )?;
        Ok(Exit::Accept)
    }
}
