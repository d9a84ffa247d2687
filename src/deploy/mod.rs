//! Puts a policy into force in one repository.
//!
//! It goes into a file inside the git directory, so that no other repository is touched. The file
//! is replaced in one step, and `treewarden.policy` is set only once the file is whole: whenever
//! the work ends early, what is in force is the policy before or the new one, and never none.

pub(crate) mod file;

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use file::{Like, failed, replace};

use crate::error::Error;
use crate::git::Repo;
use crate::hook::{server_policy, server_policy_source};
use crate::policy::{self, Draft, Policy, Source};

/// The file of a repository that had none of its own, in its git directory.
pub const OWN_FILE: &str = "treewarden.toml";
/// The key of the configuration that names the policy.
pub const KEY: &str = "treewarden.policy";
/// What is added to a file's name for the text that it had before.
const PREVIOUS: &str = ".previous";

/// The policy that judges the pushes to a repository, as it was read.
pub struct InForce {
    /// Where it is.
    pub source: Source,
    /// What `treewarden.policy` says, where it says anything.
    pub configured: Option<String>,
    /// Its text.
    pub text: String,
    /// What the repository is called.
    pub repository: Option<String>,
}

impl InForce {
    /// Reads it; what it says may be faulty all the same.
    pub fn read(repo: &Repo) -> Result<Self, Error> {
        let source = server_policy_source(repo)?;
        Ok(Self {
            text: source.read().map_err(Error::Policy)?,
            source,
            configured: repo.trusted_config(KEY)?,
            repository: repo.trusted_config("treewarden.repository")?,
        })
    }

    /// Its text, to be loaded.
    pub fn draft(&self) -> Draft<'_> {
        Draft::of(&self.source, &self.text)
    }

    /// What it says; all faults otherwise.
    pub fn policy(&self) -> Result<Policy, Error> {
        policy::load_draft(&self.draft(), self.repository.as_deref()).map_err(Error::Policy)
    }

    /// What a policy in `target` says to extend this one.
    pub fn extends(&self, target: &Target) -> Result<String, Error> {
        if let Source::File(path) = &self.source
            && target.link.is_some()
        {
            // The link may be the very name by which the policy is known.
            let real = canonical(path)?;
            if canonical(&target.file).is_ok_and(|file| file == real) {
                return as_text(&real);
            }
        }
        // Both are taken from the git directory where they are relative.
        let named = self.configured.clone();
        Ok(named.unwrap_or_else(|| self.source.to_string()))
    }
}

fn as_text(path: &Path) -> Result<String, Error> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Error::Repository(format!(
            "{}: a policy can't name a path that isn't UTF-8",
            path.display()
        ))
    })
}

/// The file for the policy of one repository alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The file that is written.
    pub file: PathBuf,
    /// What a relative `extends` in it is relative to: the folder by which it is found.
    pub folder: PathBuf,
    /// Where the symbolic link leads that stands in the file's place, if one does. It gives way to
    /// the file, since a policy in force is none; what it leads to stays as it is.
    pub link: Option<PathBuf>,
    /// Whether the repository's pushes are judged by it already.
    pub in_force: bool,
}

impl Target {
    /// The file that is in force if it is inside the git directory, and no symbolic link, else `treewarden.toml` there.
    /// `source` is where the policy in force is, if there is one.
    pub fn of(repo: &Repo, source: Option<&Source>) -> Result<Self, Error> {
        let git_dir = canonical(repo.common_dir())?;
        if let Some(source @ Source::File(path)) = source
            && !is_link(path)
            && let Some(file) = real_path(path)?.filter(|file| file.starts_with(&git_dir))
        {
            return Ok(Self {
                file,
                folder: source.folder().to_owned(),
                link: None,
                in_force: true,
            });
        }
        let file = git_dir.join(OWN_FILE);
        let link = match is_link(&file) {
            true => Some(fs::read_link(&file).map_err(|error| failed(&file, &error))?),
            false => None,
        };
        Ok(Self {
            file,
            folder: git_dir,
            link,
            in_force: false,
        })
    }

    /// A text as it will be read from this file.
    pub fn draft<'t>(&self, text: &'t str) -> Draft<'t> {
        Draft {
            text,
            called: self.file.display().to_string(),
            folder: self.folder.clone(),
        }
    }

    /// The file that keeps the text from before.
    pub fn previous(&self) -> PathBuf {
        let mut name = OsString::from(&self.file);
        name.push(PREVIOUS);
        name.into()
    }

    /// What the file says now; `None` where there is none.
    pub fn text(&self) -> Result<Option<Vec<u8>>, Error> {
        match fs::read(&self.file) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&self.file, &error)),
        }
    }
}

/// A policy on its way into force.
pub struct Deployment<'t> {
    /// Where it goes.
    pub target: &'t Target,
    /// Its text.
    pub text: &'t str,
    /// The digest of what the text says at that place.
    pub digest: &'t str,
    /// What the file said when the text was made.
    pub before: Option<&'t [u8]>,
}

/// A step of a deployment. Each is done whole or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Keeps the text from before.
    Keep,
    /// Puts the new text into the file.
    Replace,
    /// Lets `treewarden.policy` name the file.
    Point,
}

impl Deployment<'_> {
    /// What is to be done, in order; nothing where the text is in force already.
    pub fn steps(&self) -> Vec<Step> {
        let differs = self.before != Some(self.text.as_bytes());
        let keeps = differs && self.before.is_some();
        let all = [
            (Step::Keep, keeps),
            (Step::Replace, differs || self.replaces_link()),
            (Step::Point, !self.target.in_force),
        ];
        all.into_iter()
            .filter_map(|(step, needed)| needed.then_some(step))
            .collect()
    }

    fn replaces_link(&self) -> bool {
        self.target.link.is_some()
    }

    /// Does all of it, and sees that the policy is in force then.
    pub fn carry_out(&self, repo: &Repo) -> Result<(), Error> {
        for step in self.steps() {
            self.take(step, repo)?;
        }
        match server_policy(repo)?.digest == self.digest {
            true => Ok(()),
            false => Err(Error::Repository(format!(
                "{} is written, but another policy is in force",
                self.target.file.display()
            ))),
        }
    }

    /// Takes one step.
    pub fn take(&self, step: Step, repo: &Repo) -> Result<(), Error> {
        let like = Like::of(&self.target.file, repo)?;
        match step {
            Step::Keep => {
                let text = self.before.unwrap_or_default();
                replace(&self.target.previous(), text, like, |_| Ok(()))
            }
            Step::Replace => {
                let name = repo.trusted_config("treewarden.repository")?;
                replace(&self.target.file, self.text.as_bytes(), like, |written| {
                    self.confirm(written, name.as_deref())
                })
            }
            // From the git directory, so that the repository can be moved.
            Step::Point => repo.set_config(KEY, OWN_FILE),
        }
    }

    /// The last look before the file is replaced: at what was written, and at what it replaces.
    fn confirm(&self, written: &Path, repository: Option<&str>) -> Result<(), Error> {
        let text = fs::read_to_string(written).map_err(|error| failed(written, &error))?;
        let draft = self.target.draft(&text);
        let policy = policy::load_draft(&draft, repository).map_err(Error::Policy)?;
        if policy.digest != self.digest {
            return Err(Error::Internal("a policy was not written as it was judged"));
        }
        if self.target.text()?.as_deref() != self.before {
            return Err(Error::Repository(format!(
                "{} was changed meanwhile: run this again",
                self.target.file.display()
            )));
        }
        Ok(())
    }
}

/// Where a path leads, links followed; the file itself need not be there. `None` where its folder
/// isn't either.
fn real_path(path: &Path) -> Result<Option<PathBuf>, Error> {
    match path.canonicalize() {
        Ok(real) => return Ok(Some(real)),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(path, &error)),
    }
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    Ok(folder
        .zip(path.file_name())
        .map(|(folder, name)| folder.join(name)))
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|found| found.is_symlink())
}

fn canonical(path: &Path) -> Result<PathBuf, Error> {
    path.canonicalize().map_err(|error| failed(path, &error))
}
