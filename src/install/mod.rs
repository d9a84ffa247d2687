//! Installation: the hooks' files and the config that goes with them, put in place together, and
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

use crate::audit::Place;
use crate::error::Error;
use crate::git::{CleanGit, ConfigFile};
use crate::report::escape::Shown;
use folder::Made;
use record::Deed;

/// Where hooks are installed.
#[derive(Clone, Debug)]
pub struct Site {
    /// Which hooks; the last is the one that judges.
    pub hooks: &'static [Hook],
    /// The folder where git looks for them, absolute.
    pub folder: PathBuf,
    /// The config file that goes with them, absolute.
    pub config: PathBuf,
}

/// An installation that is ready: all that can fail has been done, and nothing that git would
/// see. Without [`Prepared::commit`] it leaves nothing behind.
#[derive(Debug)]
pub struct Prepared {
    drafts: Vec<Draft>,
    config: ConfigFile,
    audit: Option<AuditFolder>,
    // Last, so that it is empty by the time it goes.
    made: Made,
}

/// The folder of the audit log, where install makes it or did.
#[derive(Debug)]
struct AuditFolder {
    place: Place,
    made: Made,
}

/// One hook of them.
#[derive(Debug)]
struct Draft {
    hook: Hook,
    path: PathBuf,
    file: NamedTempFile,
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
    /// Makes ready to install the hooks, which start programs of that folder, and locks the config
    /// for it.
    pub fn prepare(&self, programs: &Path, git: &CleanGit) -> Result<Prepared, Error> {
        let made = Made::make(&self.folder)?;
        let mut found = Vec::new();
        let mut drafts = Vec::new();
        for hook in self.hooks.iter().copied() {
            let path = self.folder.join(hook.name());
            found.push(look(&path, hook)?);
            let program = programs.join(hook.program());
            drafts.push(Draft {
                hook,
                path,
                file: hook_file::draft(&self.folder, hook, &program)?,
            });
        }
        let prepared = Prepared {
            drafts,
            config: ConfigFile::open(&self.config, git)?,
            audit: None,
            made,
        };
        prepared.note(&found)?;
        Ok(prepared)
    }
}

impl Prepared {
    fn note(&self, found: &[Found]) -> Result<(), Error> {
        record::note_shape(&self.config)?;
        if found.contains(&Found::Shim { older: true }) {
            // Versions before the notes set the keys.
            record::adopt(&self.config)?;
        }
        for draft in &self.drafts {
            record::note(&self.config, &Deed::Hook(draft.hook))?;
        }
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

    /// Makes the folder of the audit log, unless it is there. One that install made is shared anew:
    /// whom the repository is shared with can have changed.
    pub fn make_audit_folder(&mut self, place: Place) -> Result<(), Error> {
        let made = Made::make(place.folder())?;
        if made.count() > 0 {
            record::note(&self.config, &Deed::Audit)?;
        }
        let is_ours = record::deeds(&self.config)?.contains(&Deed::Audit);
        self.audit = is_ours.then_some(AuditFolder { place, made });
        Ok(())
    }

    /// Puts the config and then the hooks in place: no push meets a hook without its config. `proof`
    /// is asked in between, when the config tells what it will tell the hook. Where this fails, all
    /// is as it was.
    pub fn commit(
        self,
        proof: impl FnOnce() -> Result<(), Error>,
    ) -> Result<Vec<Installed>, Error> {
        // Asked anew: a folder for hooks can be several repositories'.
        let ready = self.drafts.into_iter().map(|draft| {
            let found = look(&draft.path, draft.hook)?;
            Ok((draft, found))
        });
        let ready: Vec<(Draft, Found)> = ready.collect::<Result<_, Error>>()?;
        let written = self.config.commit()?;
        let paths = match proof().and_then(|()| place(ready)) {
            Ok(paths) => paths,
            Err(error) => {
                written.undo()?;
                return Err(error);
            }
        };
        self.made.keep();
        if let Some(AuditFolder { place, made }) = self.audit {
            made.keep();
            place.share()?;
        }
        paths.into_iter().map(installed).collect()
    }
}

/// Places the hooks one after the other, and takes back those that were placed where one fails.
fn place(ready: Vec<(Draft, Found)>) -> Result<Vec<PathBuf>, Error> {
    let mut placed: Vec<(PathBuf, Found)> = Vec::new();
    for (draft, found) in ready {
        if let Err(error) = hook_file::place(draft.file, &draft.path, found) {
            for (path, found) in placed {
                // A shim that was there before stays a shim.
                if let Found::Nothing | Found::Foreign = found {
                    remove::remove_hook(&path)?;
                }
            }
            return Err(error);
        }
        placed.push((draft.path, found));
    }
    Ok(placed.into_iter().map(|(path, _)| path).collect())
}

fn installed(hook: PathBuf) -> Result<Installed, Error> {
    chained::sync_folder(&hook).map_err(|error| failed(&hook, &error))?;
    Ok(Installed {
        chained: chained::beside(&hook)?,
        hook,
    })
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
