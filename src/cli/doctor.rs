//! `treewarden doctor`: proves the gate shut.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::ambient::Ambient;
use crate::doctor::{Options, examine};
use crate::error::Exit;

/// Look whether the gate is shut, and tell what to mend where it isn't
///
/// Looks at the hook, what it starts, the policy and the permissions, on a server or in a clone,
/// and pushes between scratch repositories what must be refused. The repository is only read.
/// Ends in 1 if a check failed, in 4 if there is no repository to look at.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The repository [default: the one around the current folder]
    #[arg(value_name = "REPO")]
    repository: Option<PathBuf>,
    /// How to print what was found
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// On a server: name refs of trees that no recorded push has put where they are
    #[arg(long)]
    refs: bool,
    /// Make no pushes
    #[arg(long)]
    no_canary: bool,
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A line for each thing found, and its help.
    Text,
    /// One JSON document.
    Json,
}

impl Doctor {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        let options = Options {
            canary: !self.no_canary,
            refs: self.refs,
            programs: own_folder(),
            side: None,
        };
        let report = examine(self.repository.as_deref(), ambient, &options);
        let mut out = std::io::BufWriter::new(stdout);
        match self.format {
            Format::Text => report.write_text(&mut out)?,
            Format::Json => report.write_json(&mut out)?,
        }
        out.flush()?;
        Ok(report.exit())
    }
}

/// The folder of this program, and of those that are installed with it.
pub(super) fn own_folder() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?.canonicalize().ok()?;
    own.parent().map(PathBuf::from)
}
