//! `treewarden keyring add`: puts public keys into a keyring.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::{Meant, Subject};
use crate::ambient::Ambient;
use crate::cli::repository_at;
use crate::error::{Error, Exit};
use crate::overrides::keyring::add::{Added, Plan};
use crate::overrides::keyring::folder_to_be;
use crate::report::escape::Shown;

/// Put public keys into the keyring
///
/// Takes OpenPGP certificates and SSH public keys from files, or the key by which your own git signs.
/// Secret keys, and keys that can't count, are refused, and then nothing is written.
#[derive(Debug, Args)]
#[command(after_help = EXIT_HELP)]
pub struct Add {
    /// Files with public keys [default: the key that your git config names in `user.signingkey`]
    files: Vec<PathBuf>,
    /// Whose SSH keys they are [default: the comment of each]
    #[arg(long, value_name = "NAME")]
    principal: Option<String>,
    #[command(flatten)]
    subject: Subject,
}

const EXIT_HELP: &str = "Exit status: 0 done, or nothing to do; 2 usage; 4 a key that is refused, \
repository, keyring or file; 70 internal";

impl Add {
    pub(super) fn run(&self, ambient: &Ambient, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let meant = self.subject.find(ambient)?;
        let folder = match &meant {
            Meant::Folder(folder) => folder.clone(),
            Meant::Of(repo) => std::path::absolute(folder_to_be(repo)?)?,
        };
        let mut plan = Plan::new(&folder)?;
        for (source, bytes) in self.keys(&meant, ambient)? {
            let taken = plan.add(&bytes, self.principal.as_deref(), ambient.now);
            let source = Shown(source.as_bytes());
            taken.map_err(|why| Error::Repository(format!("{source}: {why}")))?;
        }
        plan.carry_out(&folder)?;
        for name in plan.changed() {
            let shown = folder.join(name).display().to_string();
            writeln!(out, "wrote {}", Shown(shown.as_bytes()))?;
        }
        write(plan.added(), out)?;
        Ok(Exit::Accept)
    }

    /// What holds keys, and where it is from.
    fn keys(&self, meant: &Meant, ambient: &Ambient) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        if self.files.is_empty() {
            let key = match meant {
                Meant::Of(repo) => repo.users_public_key(),
                Meant::Folder(_) => repository_at(None, ambient)?.users_public_key(),
            }?;
            return Ok(vec![(key.source, key.bytes)]);
        }
        let read = self.files.iter().map(|file| {
            let source = file.display().to_string();
            let bytes = std::fs::read(file).with_context(|| source.clone())?;
            Ok((source, bytes))
        });
        read.collect()
    }
}

/// The keys, and what makes signers of their owners.
fn write(added: &[Added], out: &mut dyn Write) -> std::io::Result<()> {
    let mut owners: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for key in added {
        match key.is_new {
            true => writeln!(out, "added {}", key.name)?,
            false => writeln!(out, "nothing changes: the keyring has {}", key.name)?,
        }
        let owner = key.owner.as_deref().unwrap_or("NAME");
        let name = format!("\"{}\"", key.name);
        owners.entry(owner).or_default().push(name);
    }
    writeln!(out, "\nfor the policy, with what they may lift, and where:")?;
    for (owner, mut keys) in owners {
        keys.sort_unstable();
        keys.dedup();
        writeln!(out, "\n[[signer]]\nname         = \"{owner}\"")?;
        writeln!(out, "keys         = [{}]", keys.join(", "))?;
        writeln!(
            out,
            "may-override = [\"denied-path\"]\ntrees        = [\"*\"]"
        )?;
    }
    Ok(())
}
