//! `treewarden keyring lint`: what in a keyring can't count.

use std::io::Write;

use clap::Args;

use super::{Meant, Subject};
use crate::ambient::Ambient;
use crate::cli::counted;
use crate::error::Exit;
use crate::hook::server_policy;
use crate::overrides::keyring::folder;
use crate::overrides::keyring::lint::{Linted, Weight, lint};

/// Look for keys that can't count, and say why
///
/// Prints a remark for each file that can't be used, for each key that is expired, revoked, weak or
/// not for signing, and where the keys and the signers of the policy don't fit.
#[derive(Debug, Args)]
#[command(after_help = EXIT_HELP)]
pub struct Lint {
    #[command(flatten)]
    subject: Subject,
}

const EXIT_HELP: &str = "Exit status: 0 no remarks, 1 remarks, 2 usage, 3 policy, \
4 there is no keyring, 70 internal";

impl Lint {
    pub(super) fn run(&self, ambient: &Ambient, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let linted = match self.subject.find(ambient)? {
            Meant::Folder(folder) => lint(&folder, None, ambient.now)?,
            Meant::Of(repo) => {
                let policy = server_policy(&repo)?;
                lint(&folder(&repo)?, Some(&policy.signers), ambient.now)?
            }
        };
        write(&linted, out).map_err(anyhow::Error::from)?;
        Ok(match linted.remarks.is_empty() {
            true => Exit::Accept,
            false => Exit::Reject,
        })
    }
}

fn write(linted: &Linted, out: &mut dyn Write) -> std::io::Result<()> {
    for remark in &linted.remarks {
        let label = match remark.weight {
            Weight::Fault => "error",
            Weight::Key => "warning",
        };
        writeln!(out, "{label}: {}", remark.message)?;
        if let Some(place) = &remark.place {
            writeln!(out, "  --> {place}")?;
        }
        writeln!(out, "   = help: {}", remark.help)?;
    }
    let keys = counted(linted.keys, "key");
    let remarks = match linted.remarks.len() {
        0 => "no remarks".to_owned(),
        more => counted(more, "remark"),
    };
    writeln!(out, "treewarden: {keys}, {remarks}")
}
