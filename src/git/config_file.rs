//! Changes to a git config file, all of them or none: git edits a copy, which then takes the
//! file's place. The copy is git's own lock, so that no other git writes meanwhile.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::command::{Answer, CleanGit, run};
use super::open::Repo;
use crate::budget::{Budget, Limits};
use crate::error::Error;
use crate::owner::{Owner, open_own};

/// What `git config --get` ends with where there is no value.
const NO_VALUE: i32 = 1;
/// What `git config --unset-all` ends with where there is nothing to remove.
const NOTHING_UNSET: i32 = 5;

/// A config file that is being changed. Nothing is, until [`ConfigFile::commit`].
#[derive(Debug)]
pub struct ConfigFile {
    path: PathBuf,
    lock: Lock,
    before: Option<Vec<u8>>,
    git: CleanGit,
}

/// A file in the lock's place, which goes away with this unless it is put elsewhere.
#[derive(Debug)]
struct Lock {
    path: PathBuf,
    held: bool,
}

/// A change that was made, and can be taken back.
#[derive(Debug)]
pub struct Written {
    path: PathBuf,
    before: Option<Vec<u8>>,
    changed: bool,
}

impl Repo {
    /// Writes a value into the repository's own configuration.
    pub fn set_config(&self, key: &str, value: &str) -> Result<(), Error> {
        let file = ConfigFile::open(&self.config_path(), &self.git)?;
        file.set(key, value)?;
        file.commit().map(drop)
    }
}

impl ConfigFile {
    /// Locks the file and copies it. One that isn't there yet is empty.
    pub fn open(path: &Path, git: &CleanGit) -> Result<Self, Error> {
        let path = match path.symlink_metadata() {
            // git writes where a link leads, too.
            Ok(_) => path.canonicalize().map_err(|error| failed(path, &error))?,
            Err(_) => path.to_owned(),
        };
        let lock = Lock::take(&path)?;
        let before = contents(&path)?;
        if let Some(text) = &before {
            lock.fill(text, &path)?;
        }
        Ok(Self {
            path,
            lock,
            before,
            git: git.clone(),
        })
    }

    /// Returns true if and only if the file isn't there yet.
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// The text as it was.
    pub fn before(&self) -> &[u8] {
        self.before.as_deref().unwrap_or_default()
    }

    /// Changes the text itself, where git's own commands can't.
    pub fn rewrite(&self, change: impl FnOnce(&mut Vec<u8>)) -> Result<(), Error> {
        let mut text = contents(&self.lock.path)?.unwrap_or_default();
        change(&mut text);
        fs::write(&self.lock.path, text).map_err(|error| failed(&self.lock.path, &error))
    }

    /// All values of a key, in the file's order; none of files that it includes.
    pub fn all(&self, key: &str) -> Result<Vec<String>, Error> {
        let answer = self.git(&["--null", "--get-all", key])?;
        split(&answer, "--get-all")
    }

    /// The keys that an extended regular expression matches, sections and names in lower case.
    pub fn keys(&self, pattern: &str) -> Result<Vec<String>, Error> {
        let answer = self.git(&["--null", "--name-only", "--get-regexp", pattern])?;
        split(&answer, "--get-regexp")
    }

    /// Sets the one value of a key.
    pub fn set(&self, key: &str, value: &str) -> Result<(), Error> {
        done(&self.git(&[key, value])?, &[0])
    }

    /// Adds a value to a key.
    pub fn add(&self, key: &str, value: &str) -> Result<(), Error> {
        done(&self.git(&["--add", key, value])?, &[0])
    }

    /// Removes a key, if it is there, and a section that is empty then.
    pub fn unset(&self, key: &str) -> Result<(), Error> {
        done(&self.git(&["--unset-all", key])?, &[0, NOTHING_UNSET])
    }

    /// The same for one value of a key.
    pub fn unset_value(&self, key: &str, value: &str) -> Result<(), Error> {
        let answer = self.git(&["--fixed-value", "--unset-all", key, value])?;
        done(&answer, &[0, NOTHING_UNSET])
    }

    /// Puts the changes in place. A file that they leave as it was isn't written.
    pub fn commit(self) -> Result<Written, Error> {
        let after = contents(&self.lock.path)?.unwrap_or_default();
        let changed = after != self.before();
        if changed {
            self.lock.put(&self.path)?;
        }
        Ok(Written {
            path: self.path,
            before: self.before,
            changed,
        })
    }

    /// The same for a file that was made for these keys alone: it goes with the last of them.
    pub fn commit_or_remove(self) -> Result<Written, Error> {
        if self.before.is_none() || contents(&self.lock.path)?.is_some_and(|text| !text.is_empty())
        {
            return self.commit();
        }
        fs::remove_file(&self.path).map_err(|error| failed(&self.path, &error))?;
        Ok(Written {
            path: self.path,
            before: self.before,
            changed: true,
        })
    }

    fn git(&self, arguments: &[&str]) -> Result<Answer, Error> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let mut command = self.git.command(folder);
        command.args([OsStr::new("config"), OsStr::new("--file")]);
        command.arg(&self.lock.path).args(arguments);
        run(command, &Budget::new(Limits::default()))
    }
}

impl Written {
    /// Returns true if and only if the file isn't what it was.
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// Takes the change back.
    pub fn undo(self) -> Result<(), Error> {
        match self.before {
            _ if !self.changed => Ok(()),
            None => fs::remove_file(&self.path).map_err(|error| failed(&self.path, &error)),
            Some(text) => {
                let lock = Lock::take(&self.path)?;
                lock.fill(&text, &self.path)?;
                lock.put(&self.path)
            }
        }
    }
}

impl Lock {
    fn take(path: &Path) -> Result<Self, Error> {
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let path = PathBuf::from(lock);
        match fs::File::create_new(&path) {
            Ok(_) => Ok(Self { path, held: true }),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(Error::Repository(format!(
                    "{} is there: another git is changing the config, or died while it did",
                    path.display()
                )))
            }
            Err(error) => Err(failed(&path, &error)),
        }
    }

    /// Writes the text, with the permissions and the owner of `like`.
    fn fill(&self, text: &[u8], like: &Path) -> Result<(), Error> {
        let found = like.metadata().map_err(|error| failed(like, &error))?;
        let fill = || {
            let file = open_own(&self.path)?;
            fs::write(&self.path, text)?;
            Owner::of(&found).give(&file)?;
            file.set_permissions(found.permissions())
        };
        fill().map_err(|error| failed(&self.path, &error))
    }

    /// Moves the file to where it is meant for, with the owner of the one that is there: git
    /// makes a file of its own with each change.
    fn put(mut self, path: &Path) -> Result<(), Error> {
        let put = || {
            let file = open_own(&self.path)?;
            match path.metadata() {
                Ok(found) => {
                    Owner::of(&found).give(&file)?;
                    file.set_permissions(found.permissions())?;
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            file.sync_all()?;
            fs::rename(&self.path, path)
        };
        put().map_err(|error| failed(path, &error))?;
        self.held = false;
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.held {
            // Where it can't be removed, the next git names it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn contents(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, &error)),
    }
}

fn done(answer: &Answer, fine: &[i32]) -> Result<(), Error> {
    match answer.status {
        Some(status) if fine.contains(&status) => Ok(()),
        _ => Err(answer.error("config")),
    }
}

fn split(answer: &Answer, asked: &str) -> Result<Vec<String>, Error> {
    done(answer, &[0, NO_VALUE])?;
    let text = std::str::from_utf8(&answer.stdout)
        .map_err(|_| Error::Repository(format!("git config {asked}: a value is not UTF-8")))?;
    Ok(text.split_terminator('\0').map(str::to_owned).collect())
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::Repository(format!("{}: {error}", path.display()))
}
