//! Installation: the hook's file and the config that goes with it, put in place together, and
//! taken out again so that nothing is left behind.
//!
//! | module | what it does |
//! |---|---|
//! | `hook_file` | tells our shim from another program's hook, and takes its place |
//! | `chained` | keeps the other program's hook |
//! | `text` | reads in its text what can't go well |
//! | `folder` | makes folders for hooks |
//! | `record` | notes in the config what was done |
//! | `remotes` | the config of the remotes that pre-push judges |
//! | `remove` | undoes all of it |

mod chained;
mod folder;
mod hook_file;
mod record;
pub mod remotes;
mod remove;
mod text;

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

pub use hook_file::{Found, Hook};
pub use record::{INSTALLED, Key};
pub use remove::{Reach, Removal, Removed};

use crate::error::Error;
use crate::git::{CleanGit, ConfigFile};
use crate::report::escape::Shown;
use folder::Made;
use record::Deed;

/// Where a hook is installed.
#[derive(Clone, Debug)]
pub struct Site {
    /// Which hook.
    pub hook: Hook,
    /// The folder where git looks for it, absolute.
    pub folder: PathBuf,
    /// The config file that goes with it, absolute.
    pub config: PathBuf,
}

/// An installation that is ready: all that can fail has been done, and nothing that git would
/// see. Without [`Prepared::commit`] it leaves nothing behind.
#[derive(Debug)]
pub struct Prepared {
    hook: Hook,
    path: PathBuf,
    draft: NamedTempFile,
    config: ConfigFile,
    // Last, so that it is empty by the time it goes.
    made: Made,
}

/// What was installed.
#[derive(Debug)]
pub struct Installed {
    /// The hook.
    pub hook: PathBuf,
    /// The chained one, if there is one.
    pub chained: Option<Chained>,
}

/// Another program's hook, kept beside ours.
#[derive(Debug)]
pub struct Chained {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is run: git would have passed over one that isn't executable, or a dangling
    /// link.
    pub runs: bool,
    /// Whether it seems to ask by which name it was started, which is another now.
    pub asks_name: bool,
}

impl Site {
    /// Where the hook stands.
    pub fn path(&self) -> PathBuf {
        self.folder.join(self.hook.name())
    }

    /// Makes ready to install the hook with `program`, and locks the config for it.
    pub fn prepare(&self, program: &Path, git: &CleanGit) -> Result<Prepared, Error> {
        let made = Made::make(&self.folder)?;
        let path = self.path();
        let found = look(&path, self.hook)?;
        let prepared = Prepared {
            hook: self.hook,
            draft: hook_file::draft(&self.folder, self.hook, program)?,
            config: ConfigFile::open(&self.config, git)?,
            path,
            made,
        };
        prepared.note(found)?;
        Ok(prepared)
    }
}

impl Prepared {
    fn note(&self, found: Found) -> Result<(), Error> {
        record::note_shape(&self.config)?;
        if found == (Found::Shim { older: true }) {
            // Versions before the notes set the keys.
            record::adopt(&self.config)?;
        }
        record::note(&self.config, &Deed::Hook(self.hook))?;
        if self.config.is_new() {
            record::note(&self.config, &Deed::Config)?;
        }
        match self.made.count() {
            0 => Ok(()),
            count => record::note(&self.config, &Deed::Folders(count)),
        }
    }

    /// The config, to be changed together with the hook.
    pub fn config(&self) -> &ConfigFile {
        &self.config
    }

    /// Sets a key, and notes what was there before.
    pub fn set(&self, key: Key, value: &str) -> Result<(), Error> {
        record::set(&self.config, key, value)
    }

    /// Puts the config and then the hook in place: no push meets a hook without its config. `proof`
    /// is asked in between, when the config tells what it will tell the hook. Where this fails, all
    /// is as it was.
    pub fn commit(self, proof: impl FnOnce() -> Result<(), Error>) -> Result<Installed, Error> {
        // Asked anew: a folder for hooks can be several repositories'.
        let found = look(&self.path, self.hook)?;
        let written = self.config.commit()?;
        let placed = proof().and_then(|()| hook_file::place(self.draft, &self.path, found));
        if let Err(error) = placed {
            written.undo()?;
            return Err(error);
        }
        self.made.keep();
        chained::sync_folder(&self.path).map_err(|error| failed(&self.path, &error))?;
        Ok(Installed {
            chained: chained::beside(&self.path)?,
            hook: self.path,
        })
    }
}

/// What stands at the hook's place, unless it can be neither kept nor replaced.
fn look(path: &Path, hook: Hook) -> Result<Found, Error> {
    let found = Found::at(path, hook)?;
    chained::check(path, found, hook)?;
    Ok(found)
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::Repository(format!("{}: {error}", shown(path)))
}

fn shown(path: &Path) -> String {
    Shown(path.as_os_str().as_bytes()).to_string()
}
