//! `treewarden audit rotate`: a new file for the records to come.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::place;
use crate::ambient::Ambient;
use crate::audit;
use crate::cli::account::{shown, write_line};
use crate::error::Exit;

/// Begin a new file, chained to the one that is there
///
/// The old one is kept beside it as `audit-<time>.jsonl`. No push waits for long, and none is left
/// out.
#[derive(Debug, Args)]
pub struct Rotate {
    /// The repository [default: the one around the current folder]
    #[arg(value_name = "REPO")]
    repository: Option<PathBuf>,
}

impl Rotate {
    pub(super) fn run(&self, ambient: &Ambient, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let place = place(self.repository.as_ref(), ambient)?;
        match audit::rotate(&place, ambient)? {
            Some((old, receipt)) => {
                write_line(out, "kept", &shown(&old))?;
                write_line(out, "begun", &shown(place.log()))?;
                write_line(out, "receipt", &receipt)?;
            }
            None => writeln!(out, "nothing to do: there are no records yet")?,
        }
        Ok(Exit::Accept)
    }
}
