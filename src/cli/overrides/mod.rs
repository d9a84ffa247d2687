//! `treewarden override`: signatures that lift what was found.

mod list;
mod push;
mod sign;
mod told;
mod verify;

use std::io::Write;

use clap::{Args, Subcommand};

use crate::ambient::Ambient;
use crate::error::Exit;

/// Lift a refusal by a signature, and see who lifted what
#[derive(Debug, Args)]
pub struct OverrideCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Sign(sign::Sign),
    List(list::List),
    Verify(verify::Verify),
}

impl OverrideCommand {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        match &self.command {
            Command::Sign(command) => command.run(ambient, stdout),
            Command::List(command) => command.run(ambient, stdout),
            Command::Verify(command) => command.run(ambient, stdout),
        }
    }
}
