//! Takes our hook out again, and puts back what was there before.

use std::fs;
use std::path::{Path, PathBuf};

use super::hook_file::{Found, Hook};
use super::record::{self, Deed, INSTALLED, Key};
use super::{chained, failed, folder};
use crate::chain::chained_path;
use crate::error::Error;
use crate::git::{CleanGit, ConfigFile};

/// A removal that is ready: nothing is changed until [`Removal::commit`].
#[derive(Debug)]
pub struct Removal {
    hooks: &'static [Hook],
    ours: Vec<(Hook, PathBuf)>,
    audit: Option<PathBuf>,
    left: Vec<PathBuf>,
    shared: Vec<PathBuf>,
    older: bool,
    config: ConfigFile,
}

/// Which hooks may be removed.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The repository's own folder for hooks, or the template's.
    pub own: PathBuf,
    /// Another one that its config leads to.
    pub other: Option<PathBuf>,
    /// Folders all below which is this repository's alone.
    pub within: Vec<PathBuf>,
    /// Whether a hook that this repository's install put elsewhere goes too, for everybody.
    pub shared: bool,
    /// The folder of the audit log, if there is one.
    pub audit: Option<PathBuf>,
}

impl Reach {
    /// `is_noted`: the config says that our hook was installed for this repository.
    fn has(&self, folder: &Path, is_noted: bool) -> bool {
        // A link can lead out, and what can't be followed is nobody's to remove.
        let is_below = |above: &PathBuf| match (folder.canonicalize(), above.canonicalize()) {
            (Ok(folder), Ok(above)) => folder.starts_with(above),
            _ => false,
        };
        match self.within.iter().any(is_below) {
            true => is_noted || folder == self.own,
            false => is_noted && self.shared,
        }
    }
}

/// What was removed.
#[derive(Debug, Default)]
pub struct Removed {
    /// Our hooks that are gone.
    pub hooks: Vec<PathBuf>,
    /// Hooks that stand in the place of ours again.
    pub restored: Vec<PathBuf>,
    /// What isn't ours and was left alone.
    pub left: Vec<PathBuf>,
    /// Our hooks that other repositories may have too, and that were left alone.
    pub shared: Vec<PathBuf>,
    /// Keys that somebody set since, and that were left alone.
    pub keys: Vec<Key>,
    /// Whether the config was changed.
    pub config: bool,
    /// The folder of an audit log, which is left alone.
    pub audit: Option<PathBuf>,
}

impl Removal {
    /// Looks for our hooks, and locks the config.
    pub fn prepare(
        hooks: &'static [Hook],
        reach: &Reach,
        config: &Path,
        git: &CleanGit,
    ) -> Result<Self, Error> {
        let mut removal = Self {
            hooks,
            ours: Vec::new(),
            audit: reach.audit.clone(),
            left: Vec::new(),
            shared: Vec::new(),
            older: false,
            config: ConfigFile::open(config, git)?,
        };
        let deeds = record::deeds(&removal.config)?;
        for folder in [Some(&reach.own), reach.other.as_ref()]
            .into_iter()
            .flatten()
        {
            for hook in hooks.iter().rev().copied() {
                let is_noted = deeds.contains(&Deed::Hook(hook));
                removal.look(hook, folder.join(hook.name()), reach.has(folder, is_noted))?;
            }
        }
        Ok(removal)
    }

    fn look(&mut self, hook: Hook, path: PathBuf, is_in_reach: bool) -> Result<(), Error> {
        let chained = chained_path(&path);
        match Found::at(&path, hook)? {
            Found::Shim { older } if is_in_reach => {
                self.older |= older;
                self.ours.push((hook, path));
            }
            Found::Shim { .. } => self.shared.push(path),
            Found::Foreign => self.left.push(path),
            Found::Nothing if chained.symlink_metadata().is_ok() => self.left.push(chained),
            Found::Nothing => {}
        }
        Ok(())
    }

    /// The config, to be changed together with the hook.
    pub fn config(&self) -> &ConfigFile {
        &self.config
    }

    /// Removes nothing but what was changed in the config.
    pub fn commit_config(self) -> Result<Removed, Error> {
        Ok(Removed {
            config: self.config.commit()?.changed(),
            ..Removed::default()
        })
    }

    /// Removes the hooks, and takes back what install wrote.
    pub fn commit(self) -> Result<Removed, Error> {
        let deeds = record::deeds(&self.config)?;
        let left = self.take_back(&deeds)?;
        let is_last = left.is_some();
        let mut removed = Removed {
            left: self.left,
            shared: self.shared,
            keys: left.unwrap_or_default(),
            ..Removed::default()
        };
        for (hook, path) in self.ours {
            // Asked anew: a folder for hooks can be several repositories'.
            if let Found::Shim { .. } = Found::at(&path, hook)? {
                if remove_hook(&path)? {
                    removed.restored.push(path.clone());
                }
                removed.hooks.push(path);
            }
        }
        let written = match is_last && deeds.contains(&Deed::Config) {
            true => self.config.commit_or_remove()?,
            false => self.config.commit()?,
        };
        removed.config = written.changed();
        if is_last {
            let audit = self.audit.filter(|_| deeds.contains(&Deed::Audit));
            removed.audit = audit.filter(|folder| !remove_audit(folder));
            remove_folders(&deeds, &removed.hooks);
        }
        Ok(removed)
    }

    /// Takes the notes of the hooks back. The rest goes with the last hook: if it is that, the
    /// answer is the keys that were left.
    fn take_back(&self, deeds: &[Deed]) -> Result<Option<Vec<Key>>, Error> {
        for hook in self.hooks {
            self.config.unset_value(INSTALLED, hook.name())?;
        }
        let is_other = |deed: &Deed| matches!(deed, Deed::Hook(hook) if !self.hooks.contains(hook));
        if deeds.iter().any(is_other) {
            return Ok(None);
        }
        let left = record::take_back(&self.config, deeds)?;
        if deeds.is_empty() && self.older {
            // Versions before the notes set these.
            for key in Key::ALL {
                self.config.unset(key.full())?;
            }
        }
        Ok(Some(left))
    }
}

/// Removes our hook; says whether another took its place, in one step.
pub fn remove_hook(path: &Path) -> Result<bool, Error> {
    let chained = chained_path(path);
    let is_chained = chained.symlink_metadata().is_ok();
    match is_chained {
        true => fs::rename(&chained, path),
        false => fs::remove_file(path),
    }
    .and_then(|()| chained::sync_folder(path))
    .map_err(|error| failed(path, &error))?;
    Ok(is_chained)
}

/// Removes the folder of the audit log that install made, unless it holds something: no record is
/// ever removed. Returns true if and only if nothing of it is left.
fn remove_audit(folder: &Path) -> bool {
    folder::remove_empty(folder, 1);
    folder.symlink_metadata().is_err()
}

fn remove_folders(deeds: &[Deed], hooks: &[PathBuf]) {
    for deed in deeds {
        if let Deed::Folders(levels) = deed {
            for folder in hooks.iter().filter_map(|path| path.parent()) {
                folder::remove_empty(folder, *levels);
            }
        }
    }
}
