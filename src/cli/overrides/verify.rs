//! `treewarden override verify`: whether overrides count, and if not, why.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Args;

use super::told;
use crate::ambient::Ambient;
use crate::budget::{Budget, Limits};
use crate::cli::repository_at;
use crate::error::{Error, Exit};
use crate::git::Repo;
use crate::hook::server_policy;
use crate::overrides::cover::unfit;
use crate::overrides::examine::{Authority, Unproven};
use crate::overrides::ref_name::FOLDER;
use crate::overrides::statement::What;
use crate::overrides::verify::ServerKeyring;
use crate::policy::Policy;
use crate::report::escape::Shown;
use crate::update::{Oid, RefName};

/// Tell whether overrides count, by this repository's keyring and policy
///
/// On the server, the answer is the hook's: whose signature it is, whether that key can count now,
/// what its signer may lift, and whether its time is over. That of a ref's update is spent once it
/// is there.
#[derive(Debug, Args)]
#[command(after_help = EXIT_HELP)]
pub struct Verify {
    /// Names of overrides, or their beginnings, with or without `refs/overrides/` [default: all]
    #[arg(value_name = "OVERRIDE")]
    names: Vec<String>,
    /// The repository [default: the one here]
    #[arg(long, value_name = "REPO")]
    repository: Option<PathBuf>,
}

const EXIT_HELP: &str = "Exit status: 0 if all of them count, 1 if one doesn't, 2 usage, 3 policy, \
4 repository or keyring, 70 internal";

impl Verify {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        let repo = repository_at(self.repository.as_deref(), ambient)?;
        let policy = server_policy(&repo)?;
        let budget = Budget::new(Limits::default());
        let keyring = ServerKeyring::of(&repo);
        let authority = Authority {
            verify: Some(&keyring),
            now: ambient.now,
            pusher: None,
        };
        let mut out = BufWriter::new(stdout);
        let mut all = true;
        for (name, value) in self.chosen(&repo, &budget)? {
            let (verdict, lines) = verdict(&name, value, &repo, &policy, &authority)?;
            all &= verdict.is_ok();
            match verdict {
                Ok(who) => writeln!(out, "counts: {who}")?,
                Err(why) => writeln!(out, "doesn't count: {why}")?,
            }
            for line in lines {
                writeln!(out, "  {line}")?;
            }
        }
        out.flush()?;
        Ok(if all { Exit::Accept } else { Exit::Reject })
    }

    fn chosen(&self, repo: &Repo, budget: &Budget) -> Result<Vec<(RefName, Oid)>, Error> {
        let refs = repo.refs(&[FOLDER.as_bytes().to_vec()].into(), budget)?;
        let all: Vec<(RefName, Oid)> = refs
            .iter()
            .map(|(name, it)| (name.clone(), it.value))
            .collect();
        if self.names.is_empty() {
            return Ok(all);
        }
        let mut chosen = Vec::new();
        for name in &self.names {
            let full = format!("{FOLDER}{}", name.strip_prefix(FOLDER).unwrap_or(name));
            let fits = |it: &&(RefName, Oid)| it.0.as_bytes().starts_with(full.as_bytes());
            let found: Vec<_> = all.iter().filter(fits).cloned().collect();
            if found.is_empty() {
                let shown = Shown(full.as_bytes());
                return Err(Error::Usage(format!(
                    "no override here begins with {shown}"
                )));
            }
            chosen.extend(found);
        }
        Ok(chosen)
    }
}

/// Who signed it, or why it doesn't count; and what it says, if it says anything.
fn verdict(
    name: &RefName,
    value: Oid,
    repo: &Repo,
    policy: &Policy,
    authority: &Authority<'_>,
) -> anyhow::Result<(Result<String, String>, Vec<String>)> {
    let unproven = match Unproven::read(name, value, repo)? {
        Ok(unproven) => unproven,
        Err(why) => return Ok((Err(why), vec![Shown(name.as_bytes()).to_string()])),
    };
    let statement = unproven.statement();
    let lines = told::lines(name, statement, repo)?;
    let word = match unproven.prove(policy, authority)? {
        Ok(word) => word,
        Err(why) => return Ok((Err(why), lines)),
    };
    if matches!(statement.lifts.what, What::Update(_)) {
        let why = "it came with the update that it is for, and is spent";
        return Ok((Err(why.into()), lines));
    }
    if let Some(why) = unfit(statement, word.signer, (policy, repo), authority) {
        return Ok((Err(why), lines));
    }
    let key = word.key.map(|key| format!(" ({key})"));
    let who = format!("{}{}", unproven.signer, key.unwrap_or_default());
    Ok((Ok(who), lines))
}
