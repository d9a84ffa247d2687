//! `treewarden install`: puts the gate in front of a repository.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::ambient::Ambient;
use crate::error::{Error, Exit};
use crate::git::Repo;
use crate::policy::{self, Source};

/// The shim, with a place for the binary.
const SHIM: &str = include_str!("../../hooks/pre-receive");
const BINARY: &str = "@BINARY@";
/// What the shim starts.
const PROGRAM: &str = "treewarden-pre-receive";

/// Install the pre-receive hook into a repository on this server
///
/// Writes the hook and the repository's config. Can be repeated, to change the policy or after
/// treewarden has moved. A hook that something else wrote is left alone.
#[derive(Debug, Args)]
pub struct Install {
    /// The repository to guard
    #[arg(long, value_name = "REPO")]
    server: PathBuf,
    /// `preset:<name>` or a file
    #[arg(long, value_name = "POLICY")]
    policy: String,
    /// What the repository is called in the policy's ref patterns
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,
}

impl Install {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        let repo = Repo::open(&self.server, ambient.git.clone())?;
        let program = program()?;
        let hook = hook_path(&repo)?;
        refuse_foreign(&hook)?;
        let source = self.source()?;
        let name = match &self.repository {
            Some(name) => Some(name.clone()),
            None => repo.trusted_config("treewarden.repository")?,
        };
        let policy = policy::load(&source, name.as_deref()).map_err(Error::Policy)?;
        repo.set_config("treewarden.policy", &source.to_string())?;
        if let Some(name) = &self.repository {
            repo.set_config("treewarden.repository", name)?;
        }
        write_shim(&hook, &program)?;
        writeln!(stdout, "hook:       {}", hook.display())?;
        writeln!(stdout, "policy:     {source} ({})", policy.digest)?;
        let called = policy.repository.as_deref().unwrap_or("(no name)");
        writeln!(stdout, "repository: {called}")?;
        for tree in policy.trees.iter().filter(|tree| !tree.refs.is_empty()) {
            let refs: Vec<&str> = tree
                .refs
                .iter()
                .map(|pattern| pattern.text.as_str())
                .collect();
            writeln!(
                stdout,
                "tree:       {} governs {}",
                tree.name,
                refs.join(", ")
            )?;
        }
        Ok(Exit::Accept)
    }

    /// The policy, by a path that holds wherever the hook runs.
    fn source(&self) -> anyhow::Result<Source> {
        Ok(match Source::parse(&self.policy, Path::new("")) {
            Source::File(path) => Source::File(
                path.canonicalize()
                    .with_context(|| format!("the policy {}", path.display()))?,
            ),
            preset @ Source::Preset(_) => preset,
        })
    }
}

/// The hook's program, installed beside this one.
fn program() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()
        .and_then(|path| path.canonicalize())
        .context("the path of this program")?;
    let program = own.with_file_name(PROGRAM);
    program
        .metadata()
        .with_context(|| format!("{} must be installed beside treewarden", program.display()))?;
    Ok(program)
}

/// Where git looks for the hook. Another `core.hooksPath` is refused, since git would then pass
/// over the hook and accept every push in silence.
fn hook_path(repo: &Repo) -> Result<PathBuf, Error> {
    let own = repo.git_dir().join("hooks");
    if let Some(other) = repo.effective_config("core.hookspath")? {
        let elsewhere = repo.git_dir().join(&other);
        let same = |path: &Path| path.canonicalize().ok();
        if same(&elsewhere).is_none() || same(&elsewhere) != same(&own) {
            return Err(Error::Repository(format!(
                "core.hooksPath is {other}, so git would not run {}: unset it for this repository",
                own.join("pre-receive").display()
            )));
        }
    }
    Ok(own.join("pre-receive"))
}

fn refuse_foreign(hook: &Path) -> anyhow::Result<()> {
    if hook.symlink_metadata().is_err() {
        return Ok(());
    }
    let text = fs::read_to_string(hook).with_context(|| format!("the hook {}", hook.display()))?;
    anyhow::ensure!(
        is_ours(&text),
        "{} is another program's hook: move it away first",
        hook.display()
    );
    Ok(())
}

/// Returns true if and only if the text is the shim, for whatever folder.
fn is_ours(text: &str) -> bool {
    let Some((before, after)) = SHIM.split_once(BINARY) else {
        return false;
    };
    let quoted = text
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after));
    quoted.is_some_and(|path| {
        !path.contains('\n') && path.starts_with('\'') && path.ends_with(&format!("/{PROGRAM}'"))
    })
}

/// Writes the shim in one step: there is never half a hook.
fn write_shim(hook: &Path, program: &Path) -> anyhow::Result<()> {
    let path = program
        .to_str()
        .context("the path of this program is not UTF-8")?;
    anyhow::ensure!(
        !path.contains('\n'),
        "the path of this program holds a line feed"
    );
    let text = SHIM.replace(BINARY, &format!("'{}'", path.replace('\'', "'\\''")));
    let folder = hook.parent().context("a hook without a folder")?;
    let failed = || format!("the hook {}", hook.display());
    fs::create_dir_all(folder).with_context(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
    file.write_all(text.as_bytes()).with_context(failed)?;
    let executable = fs::Permissions::from_mode(0o755);
    file.as_file()
        .set_permissions(executable)
        .with_context(failed)?;
    file.persist(hook)
        .map_err(|error| error.error)
        .with_context(failed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_shim_is_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let hook = folder.path().join("pre-receive");
        write_shim(&hook, Path::new("/o'pt/treewarden-pre-receive")).unwrap();
        let text = fs::read_to_string(&hook).unwrap();
        assert_eq!(text, "#!/bin/sh\nexec '/o'\\''pt/treewarden-pre-receive'\n");
        assert!(is_ours(&text));
        for foreign in [
            "",
            "#!/bin/sh\nexit 0\n",
            &format!("{text}exit 0\n"),
            "#!/bin/sh\nexec '/x'\n",
        ] {
            assert!(!is_ours(foreign), "{foreign}");
        }
    }
}
