//! `treewarden policy install`: puts a policy file into force.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::ambient::Ambient;
use crate::cli::repository_at;
use crate::compare::forgotten;
use crate::deploy::{Deployment, InForce, KEY, Target};
use crate::error::{Error, Exit};
use crate::git::Repo;
use crate::hook::server_policy_source;
use crate::policy::{Draft, Policy, Source, load_draft};
use crate::report::deployed;

/// Put a policy file into force in a repository
///
/// Copies the file into the git directory, where no other repository uses it, and lets
/// `treewarden.policy` name it there. A file with faults is refused, and nothing is changed.
#[derive(Debug, Args)]
#[command(after_long_help = MORE)]
pub struct Install {
    /// The new policy
    file: PathBuf,
    /// The repository [default: the one here]
    #[arg(long = "in", value_name = "REPO")]
    repo: Option<PathBuf>,
}

const MORE: &str = "\
Where it goes: into the file that is in force, if that is inside the git directory; else into
treewarden.toml there, and `treewarden.policy` is set to that afterwards. The file is replaced in
one step and keeps its mode and owner. Whenever the command ends early, the policy in force is the
old one or the new one.

A relative `extends` is taken from the folder that the file goes to, and has to be there. The text
from before is kept as <file>.previous: to install that takes the change back.

Exit status: 0 done, or nothing to do; 2 usage; 3 FILE has faults; 4 repository or file.

Example:
  treewarden policy check new.toml --in /srv/git/bpf-next.git &&
  treewarden policy install new.toml --in /srv/git/bpf-next.git";

impl Install {
    pub(super) fn run(&self, ambient: &Ambient, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let text = self.text()?;
        let repo = repository_at(self.repo.as_deref(), ambient)?;
        let name = repo.trusted_config("treewarden.repository")?;
        // Without a policy in force, or with a faulty one, this is the way to one.
        let source = server_policy_source(&repo).ok();
        let target = Target::of(&repo, source.as_ref())?;
        let draft = Draft {
            text: &text,
            called: self.file.display().to_string(),
            folder: target.folder.clone(),
        };
        let new = load_draft(&draft, name.as_deref()).map_err(Error::Policy)?;
        let there = target.text()?;
        let before = InForce::read(&repo).and_then(|in_force| in_force.policy());
        write_before(out, &before)?;
        let deployment = Deployment {
            target: &target,
            text: &text,
            digest: &new.digest,
            before: there.as_deref(),
        };
        if source.is_some_and(|source| is_file(&source, &self.file)) {
            let file = self.file.display();
            writeln!(out, "nothing changes: {file} is the file in force")?;
        } else if deployment.steps().is_empty() {
            let file = target.file.display();
            writeln!(out, "nothing changes: {file} has this text already")?;
        } else {
            put(out, &repo, &deployment)?;
            write_after(out, &before, &new)?;
        }
        Ok(Exit::Accept)
    }

    fn text(&self) -> Result<String, Error> {
        let shown = self.file.display();
        if self.file.to_string_lossy().starts_with("preset:") {
            return Err(Error::Usage(format!(
                "{shown} is no file: `git config treewarden.policy {shown}` puts a preset into force"
            )));
        }
        Source::File(self.file.clone())
            .read()
            .map_err(Error::Policy)
    }
}

fn put(out: &mut dyn Write, repo: &Repo, deployment: &Deployment<'_>) -> anyhow::Result<()> {
    let configured = repo.trusted_config(KEY)?;
    deployment.carry_out(repo)?;
    Ok(deployed::write(out, deployment, configured.as_deref())?)
}

fn write_before(out: &mut dyn Write, before: &Result<Policy, Error>) -> std::io::Result<()> {
    match before {
        Ok(policy) => writeln!(out, "policy before: {} ({})", policy.digest, policy.origin),
        Err(error) => writeln!(out, "policy before: none that can be used: {error}"),
    }
}

fn write_after(
    out: &mut dyn Write,
    before: &Result<Policy, Error>,
    new: &Policy,
) -> std::io::Result<()> {
    writeln!(out, "policy after:  {}", new.digest)?;
    let Ok(before) = before else { return Ok(()) };
    if before.digest == new.digest {
        writeln!(
            out,
            "nothing changes in what is judged: the digests are equal"
        )?;
    }
    for tree in forgotten(before, new) {
        let name = &tree.name;
        writeln!(
            out,
            "note: the new policy drops `since` of {name}: `treewarden adopt --tree '{name}'` writes it anew"
        )?;
    }
    Ok(())
}

/// Returns true if and only if the source is that very file.
fn is_file(source: &Source, file: &Path) -> bool {
    match source {
        Source::Preset(_) => false,
        Source::File(path) => match (path.canonicalize(), file.canonicalize()) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        },
    }
}
