//! `treewarden uninstall`: undoes what `treewarden install` did.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::account::{shown, write_line};
use super::place::{self, Place};
use crate::ambient::Ambient;
use crate::error::{Error, Exit};
use crate::git::{HookSide, Repo};
use crate::install::{Hook, Removal, Removed, remotes};
use crate::report::escape::Shown;

/// Undo what install did
///
/// Removes our hook, puts the one that was there before back, and removes from the config what
/// install wrote. Policy files are left alone, and so is another program's hook.
#[derive(Debug, Args)]
pub struct Uninstall {
    #[command(flatten)]
    place: Place,
    /// With --local: a remote whose pushes are no longer judged [default: all of them]
    #[arg(long = "remote", value_name = "NAME", conflicts_with_all = ["server", "template"])]
    remotes: Vec<String>,
}

impl Uninstall {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        match &self.place {
            Place {
                template: Some(folder),
                ..
            } => template(folder, ambient, stdout)?,
            Place {
                local: Some(worktree),
                ..
            } => self.local(worktree, ambient, stdout)?,
            Place { server, .. } => servers(server, ambient, stdout)?,
        }
        Ok(Exit::Accept)
    }

    /// The hook goes with the last remote that it judges for.
    fn local(
        &self,
        worktree: &Path,
        ambient: &Ambient,
        stdout: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let repo = place::worktree(worktree, ambient)?;
        let removal = prepare(&repo, Hook::PrePush, HookSide::Client, ambient)?;
        let marked = remotes::marked(removal.config())?;
        let (going, staying): (Vec<String>, Vec<String>) = marked
            .into_iter()
            .partition(|name| self.remotes.is_empty() || self.remotes.contains(name));
        for remote in &going {
            remotes::unmark(removal.config(), remote)?;
        }
        let removed = match staying.is_empty() {
            true => removal.commit()?,
            false => removal.commit_config()?,
        };
        write_line(stdout, "local", &shown(repo.git_dir()))?;
        write_remotes(stdout, &going, "no longer")?;
        write_remotes(stdout, &staying, "still")?;
        write_removed(stdout, &removed)?;
        Ok(())
    }
}

/// All of them are made ready before the first is changed.
fn servers(
    repositories: &[PathBuf],
    ambient: &Ambient,
    stdout: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut ready: Vec<(PathBuf, Removal)> = Vec::new();
    for path in repositories {
        let repo = Repo::open(path, ambient.git.clone())?;
        if !ready.iter().any(|(known, _)| known == repo.git_dir()) {
            let removal = prepare(&repo, Hook::PreReceive, HookSide::Server, ambient)?;
            ready.push((repo.git_dir().to_owned(), removal));
        }
    }
    for (at, (git_dir, removal)) in ready.into_iter().enumerate() {
        if at != 0 {
            writeln!(stdout)?;
        }
        let removed = removal.commit()?;
        write_line(stdout, "server", &shown(&git_dir))?;
        write_removed(stdout, &removed)?;
    }
    Ok(())
}

fn template(folder: &Path, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<()> {
    let (folder, site) = place::template(folder)?;
    // One that install made went with what was in it.
    let removed = match folder.exists() {
        true => {
            Removal::prepare(site.hook, &[site.folder], &site.config, &ambient.git)?.commit()?
        }
        false => Removed::default(),
    };
    write_line(stdout, "template", &shown(&folder))?;
    write_removed(stdout, &removed)?;
    let note = "what was made from it keeps its hook";
    write_line(stdout, "note", note)?;
    Ok(())
}

/// Looks in the repository's own hooks, and where its config leads: the hook was installed in one
/// of the two, whatever the config says by now.
fn prepare(repo: &Repo, hook: Hook, side: HookSide, ambient: &Ambient) -> Result<Removal, Error> {
    let mut folders = vec![repo.own_hooks()];
    let hooks = repo.hooks(side)?;
    let is_own = hooks.path.is_some_and(|path| path.scope.is_own());
    let same = |one: &Path, other: &Path| one.canonicalize().ok() == other.canonicalize().ok();
    if is_own && !same(&hooks.folder, &repo.own_hooks()) {
        folders.push(hooks.folder);
    }
    Removal::prepare(hook, &folders, &repo.config_path(), &ambient.git)
}

fn write_remotes(out: &mut dyn Write, names: &[String], whether: &str) -> io::Result<()> {
    for name in names {
        let name = Shown(name.as_bytes());
        let text = format!("{name}, whose pushes are {whether} judged");
        write_line(out, "remote", &text)?;
    }
    Ok(())
}

fn write_removed(out: &mut dyn Write, removed: &Removed) -> io::Result<()> {
    for hook in &removed.hooks {
        write_line(out, "removed", &shown(hook))?;
    }
    for hook in &removed.restored {
        write_line(
            out,
            "restored",
            &format!("{}, which was chained", shown(hook)),
        )?;
    }
    for hook in &removed.left {
        write_line(out, "left", &format!("{}, another program's", shown(hook)))?;
    }
    if removed.config {
        write_line(out, "config", "what install wrote is removed")?;
    }
    if removed.hooks.is_empty() && !removed.config {
        writeln!(out, "nothing to do")?;
    }
    Ok(())
}
