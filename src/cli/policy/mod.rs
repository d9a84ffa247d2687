//! `treewarden policy`: a policy by itself. One file a subcommand.

mod check;
mod install;

use std::io::Write;

use clap::{Args, Subcommand};

use crate::ambient::Ambient;
use crate::error::Exit;

/// Look at a policy by itself
#[derive(Debug, Args)]
pub struct PolicyCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Install(install::Install),
}

impl PolicyCommand {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        let mut out = std::io::BufWriter::new(stdout);
        let exit = match &self.command {
            Command::Check(command) => command.run(ambient, &mut out),
            Command::Install(command) => command.run(ambient, &mut out),
        }?;
        out.flush()?;
        Ok(exit)
    }
}
