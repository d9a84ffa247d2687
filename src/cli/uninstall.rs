//! `treewarden uninstall`: undoes what `treewarden install` did.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::account::{quoted, shown, write_line};
use super::place::{self, Place};
use crate::ambient::Ambient;
use crate::audit;
use crate::chain::chained_path;
use crate::error::{Error, Exit};
use crate::git::{HookSide, Hooks, Repo};
use crate::install::{Hook, Reach, Removal, Removed, remotes};
use crate::report::escape::Shown;

/// Undo what install did
///
/// Removes our hook, puts the one that was there before back, and removes from the config what
/// install wrote. Policy files are left alone, and so is another program's hook. So is ours where its
/// folder lies outside the repository, for others may use it: see --shared.
#[derive(Debug, Args)]
pub struct Uninstall {
    #[command(flatten)]
    place: Place,
    /// With --local: a remote whose pushes are no longer judged [default: all of them]
    #[arg(long = "remote", value_name = "NAME", conflicts_with_all = ["server", "template"])]
    remotes: Vec<String>,
    /// Remove a hook that was installed outside the repository, too: for all that use its folder
    #[arg(long, conflicts_with = "template")]
    shared: bool,
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
            Place { server, .. } => self.servers(server, ambient, stdout)?,
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
        let removal = self.prepare(&repo, Hook::CLIENT, HookSide::Client, ambient)?;
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

    /// All of them are made ready before the first is changed.
    fn servers(
        &self,
        repositories: &[PathBuf],
        ambient: &Ambient,
        stdout: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let mut ready: Vec<(PathBuf, Removal)> = Vec::new();
        for path in repositories {
            let repo = Repo::open(path, ambient.git.clone())?;
            if !ready.iter().any(|(known, _)| known == repo.git_dir()) {
                let removal = self.prepare(&repo, Hook::SERVER, HookSide::Server, ambient)?;
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

    /// Looks in the repository's own hooks, and where its config leads: the hook was installed in one
    /// of the two, whatever the config says by now.
    fn prepare(
        &self,
        repo: &Repo,
        hooks: &'static [Hook],
        side: HookSide,
        ambient: &Ambient,
    ) -> Result<Removal, Error> {
        let Hooks { folder, path } = repo.hooks(side)?;
        let own = repo.own_hooks();
        let same = |one: &Path, other: &Path| one.canonicalize().ok() == other.canonicalize().ok();
        let mut within = vec![repo.common_dir().to_owned()];
        let path = path.filter(|path| path.scope.is_own());
        // A relative path leads into each work tree's own folder.
        if let (Some(tree), Some(true)) = (
            repo.work_tree().filter(|_| side == HookSide::Client),
            path.as_ref().map(|path| path.value.is_relative()),
        ) {
            within.push(tree.to_owned());
        }
        let reach = Reach {
            other: path.filter(|_| !same(&folder, &own)).map(|_| folder),
            own,
            within,
            shared: self.shared,
            audit: audit::Place::of(repo)?.map(|place| place.folder().to_owned()),
        };
        Removal::prepare(hooks, &reach, &repo.config_path(), &ambient.git)
    }
}

fn template(folder: &Path, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<()> {
    let (folder, site) = place::template(folder)?;
    // One that install made went with what was in it.
    let removed = match folder.exists() {
        true => {
            let reach = Reach {
                own: site.folder,
                other: None,
                within: vec![folder.clone()],
                shared: false,
                audit: Some(folder.join(audit::DEFAULT_FOLDER)),
            };
            Removal::prepare(site.hooks, &reach, &site.config, &ambient.git)?.commit()?
        }
        false => Removed::default(),
    };
    write_line(stdout, "template", &shown(&folder))?;
    write_removed(stdout, &removed)?;
    let note = "what was made from it keeps its hook";
    write_line(stdout, "note", note)?;
    Ok(())
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
    for hook in &removed.shared {
        let left = format!("{}, which other repositories may use", shown(hook));
        write_line(out, "left", &left)?;
        write_line(out, "help", &by_hand(hook))?;
    }
    for key in &removed.keys {
        let left = format!("{}, which was changed since by other hands", key.full());
        write_line(out, "left", &left)?;
    }
    if let Some(folder) = &removed.audit {
        let left = format!("{}, which holds the audit log", shown(folder));
        write_line(out, "left", &left)?;
    }
    if removed.config {
        write_line(out, "config", "what install wrote is removed")?;
    }
    if removed.config && !removed.shared.is_empty() {
        let note = "as long as git finds the hook there, this repository needs a policy";
        write_line(out, "note", note)?;
    }
    if removed.hooks.is_empty() && !removed.config {
        writeln!(out, "nothing to do")?;
    }
    Ok(())
}

/// How to take a hook out for everybody.
fn by_hand(hook: &Path) -> String {
    let chained = chained_path(hook);
    let command = match chained.symlink_metadata() {
        Ok(_) => format!("mv -f {} {}", quoted(&chained), quoted(hook)),
        Err(_) => format!("rm {}", quoted(hook)),
    };
    format!("to remove it for all of them: {command}")
}
