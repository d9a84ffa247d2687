//! Opens repositories: both object formats, both ref stores, and the quarantine of a push.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::{Config, ConfigLevel, ErrorCode, Repository};

use super::command::CleanGit;
use super::libgit2::{know_extensions, trust_owner};
use super::trees::{Kind, ObjectFiles, ObjectReader};
use crate::error::Error;
use crate::update::{ObjectFormat, Oid};

/// Where receive-pack keeps the objects of a push that isn't accepted yet.
#[derive(Clone, Debug, Default)]
pub struct Quarantine {
    /// `GIT_QUARANTINE_PATH`.
    pub path: Option<PathBuf>,
}

/// An open repository.
pub struct Repo {
    pub(super) inner: Repository,
    pub(super) git: CleanGit,
    pub(super) git_dir: PathBuf,
    pub(super) format: ObjectFormat,
    pub(super) reftable: bool,
    /// `refs/namespaces/<name>/` for each part of `GIT_NAMESPACE`: what a pushed name lacks.
    pub(super) namespace: Vec<u8>,
    /// Commits whose parents this clone was told to do without.
    pub(super) shallow: HashSet<Oid>,
    /// True where git fetches what isn't here, and so do we.
    pub(super) fetches: bool,
    pub(super) quarantine: Option<PathBuf>,
    /// Whether libgit2 knows of the quarantine yet.
    pub(super) is_whole: Cell<bool>,
    /// Listed once they were needed.
    pub(super) files: OnceCell<Arc<ObjectFiles>>,
    /// Reads commits out of them.
    pub(super) commits: RefCell<ObjectReader>,
}

impl Repo {
    /// Opens the repository of a hook. `git_dir` is `GIT_DIR`, which receive-pack always sets.
    ///
    /// The quarantine is added by hand: libgit2 ignores `GIT_OBJECT_DIRECTORY` on a plain open,
    /// and opening from the environment fails on repositories with a `:` in their path.
    pub fn open_for_hook(
        git_dir: &Path,
        quarantine: &Quarantine,
        namespace: Option<&OsStr>,
        git: CleanGit,
    ) -> Result<Self, Error> {
        trust_owner()?;
        let mut repo = Self::open(git_dir, git)?;
        if let Some(path) = &quarantine.path {
            // libgit2 takes a folder that isn't there for an empty one.
            path.read_dir()
                .map_err(|error| Error::Repository(format!("{}: {error}", path.display())))?;
            repo.quarantine = Some(path.clone());
        }
        repo.namespace = namespace.map(namespace_prefix).unwrap_or_default();
        Ok(repo)
    }

    /// Opens the repository of a client's hook: that of `GIT_DIR`, else the one around the current
    /// folder, where git starts the hook. What a partial clone lacks is fetched when it is read.
    pub fn open_for_push(git_dir: Option<&Path>, git: CleanGit) -> Result<Self, Error> {
        trust_owner()?;
        let mut repo = match git_dir {
            Some(git_dir) => Self::open(git_dir, git)?,
            None => Self::discover(Path::new("."), git)?.ok_or_else(|| {
                Error::Repository("git runs this as a hook, in a repository: here is none".into())
            })?,
        };
        repo.fetches = repo.is_partial()?;
        Ok(repo)
    }

    /// Opens the repository at `path`: a git directory or a worktree.
    pub fn open(path: &Path, git: CleanGit) -> Result<Self, Error> {
        know_extensions()?;
        // git doesn't hash what it reads either: receive-pack has indexed what was pushed.
        git2::opts::strict_hash_verification(false);
        let inner = plain_open(path)?;
        let git_dir = inner.path().to_owned();
        let extension = |name: &str| {
            let config = inner.config().map_err(|error| unreadable(path, &error))?;
            lookup(&config, &format!("extensions.{name}"))
        };
        let format = match extension("objectformat")?.as_deref() {
            Some("sha256") => ObjectFormat::Sha256,
            _ => ObjectFormat::Sha1,
        };
        let reftable = !matches!(extension("refstorage")?.as_deref(), None | Some("files"));
        let shallow = read_shallow(inner.commondir())?;
        Ok(Self {
            inner,
            git,
            git_dir,
            format,
            reftable,
            namespace: Vec::new(),
            shallow,
            fetches: false,
            quarantine: None,
            is_whole: Cell::new(false),
            files: OnceCell::new(),
            commits: RefCell::new(ObjectReader::new(Kind::Commit)),
        })
    }

    /// Opens the repository that holds the folder `path`, as git finds it; `None` if there is none.
    // The one search for a repository; see `clippy.toml`.
    #[allow(clippy::disallowed_methods)]
    pub fn discover(path: &Path, git: CleanGit) -> Result<Option<Self>, Error> {
        know_extensions()?;
        match Repository::discover(path) {
            Ok(found) => Self::open(found.path(), git).map(Some),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(unreadable(path, &error)),
        }
    }

    /// The git directory, absolute.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The git directory of the repository itself, where `git_dir` is that of a linked worktree;
    /// else the same.
    pub fn common_dir(&self) -> &Path {
        self.inner.commondir()
    }

    /// `refs/namespaces/<name>/` for each part of the namespace that is looked at; empty without one.
    pub fn namespace(&self) -> &[u8] {
        &self.namespace
    }

    /// Returns true if and only if this clone was told to do without some of the history.
    pub fn is_shallow(&self) -> bool {
        !self.shallow.is_empty()
    }

    /// Returns true if and only if this clone was told to do without the commit's parents.
    pub fn ends_at(&self, commit: Oid) -> bool {
        self.shallow.contains(&commit)
    }

    /// The top of the work tree, absolute; `None` where there is none.
    pub fn work_tree(&self) -> Option<&Path> {
        self.inner.workdir()
    }

    /// Returns true if and only if there is no work tree.
    pub fn is_bare(&self) -> bool {
        self.inner.is_bare()
    }

    /// Returns true if and only if the refs are kept in a reftable, and not in files.
    pub fn has_reftable(&self) -> bool {
        self.reftable
    }

    /// How objects are named here.
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// A value of the repository's own configuration, else the system's. Never a user's: what
    /// judges a push must not depend on who runs the server's git.
    pub fn trusted_config(&self, key: &str) -> Result<Option<String>, Error> {
        let all = self.config()?;
        for level in [ConfigLevel::Local, ConfigLevel::System] {
            let found = match all.open_level(level) {
                Ok(config) => lookup(&config, key)?,
                Err(error) if error.code() == ErrorCode::NotFound => None,
                Err(error) => return Err(unreadable(&self.git_dir, &error)),
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// All values of a key in the repository's own configuration.
    pub fn own_config(&self, key: &str) -> Result<Vec<String>, Error> {
        let unreadable = |error: git2::Error| unreadable(&self.git_dir, &error);
        let own = match self.config()?.open_level(ConfigLevel::Local) {
            Ok(own) => own,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut entries = match own.multivar(key, None) {
            Ok(entries) => entries,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut values = Vec::new();
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(unreadable)?;
            values.push(entry.value().map_err(unreadable)?.to_owned());
        }
        Ok(values)
    }

    fn config(&self) -> Result<Config, Error> {
        self.inner
            .config()
            .map_err(|error| unreadable(&self.git_dir, &error))
    }

    /// The repository as libgit2 sees it, the objects of the quarantine included: for whoever asks
    /// it for an object. Most pushes need none from there.
    pub(super) fn whole(&self) -> Result<&Repository, Error> {
        if let Some(folder) = self.quarantine.as_ref().filter(|_| !self.is_whole.get()) {
            let path = as_utf8(folder)?;
            let odb = self.inner.odb();
            odb.and_then(|odb| odb.add_disk_alternate(&path))
                .map_err(|error| unreadable(folder, &error))?;
            self.is_whole.set(true);
        }
        Ok(&self.inner)
    }

    /// The object folders, for a git process that must see the same objects: the repository's
    /// and the quarantine's, in the syntax of `GIT_ALTERNATE_OBJECT_DIRECTORIES`.
    pub(super) fn object_folders(&self) -> Result<OsString, Error> {
        let own = self.inner.commondir().join("objects");
        let mut joined = Vec::new();
        for folder in std::iter::once(&own).chain(&self.quarantine) {
            let whole = folder
                .canonicalize()
                .map_err(|error| Error::Repository(format!("{}: {error}", folder.display())))?;
            if !joined.is_empty() {
                joined.push(b':');
            }
            quote_alternate(whole.as_os_str().as_bytes(), &mut joined);
        }
        Ok(OsStr::from_bytes(&joined).to_owned())
    }
}

/// git's C-style quotes: the entries are separated by `:`, which a path may hold.
fn quote_alternate(path: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in path {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            0x20..=0x7e => out.push(*byte),
            _ => out.extend(format!("\\{byte:03o}").bytes()),
        }
    }
    out.push(b'"');
}

/// libgit2's binding takes the folder as text. A path that isn't is written from the current
/// folder, which is the git directory when receive-pack runs a hook.
fn as_utf8(folder: &Path) -> Result<String, Error> {
    let from_here = || {
        let here = std::env::current_dir().ok()?.canonicalize().ok()?;
        let whole = folder.canonicalize().ok()?;
        whole.strip_prefix(here).ok()?.to_str().map(str::to_owned)
    };
    folder
        .to_str()
        .map(str::to_owned)
        .or_else(from_here)
        .ok_or_else(|| {
            Error::Repository(format!(
                "{}: this path can't be handed to libgit2",
                folder.display()
            ))
        })
}

fn namespace_prefix(namespace: &OsStr) -> Vec<u8> {
    namespace
        .as_bytes()
        .split(|byte| *byte == b'/')
        .filter(|part| !part.is_empty())
        .flat_map(|part| [b"refs/namespaces/".as_slice(), part, b"/"].concat())
        .collect()
}

fn read_shallow(common_dir: &Path) -> Result<HashSet<Oid>, Error> {
    let path = common_dir.join("shallow");
    let fault = |why: String| Error::Repository(format!("{}: {why}", path.display()));
    match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(HashSet::new()),
        Err(error) => Err(fault(error.to_string())),
        Ok(text) => text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| Oid::from_hex(line).ok_or_else(|| fault("a line is no object name".into())))
            .collect(),
    }
}

// The one plain open; see `clippy.toml`.
#[allow(clippy::disallowed_methods)]
pub(super) fn plain_open(path: &Path) -> Result<Repository, Error> {
    Repository::open(path).map_err(|error| unreadable(path, &error))
}

/// Opens a repository that treewarden made for itself.
pub(super) fn open_scratch(path: &Path) -> Result<Repository, Error> {
    plain_open(path)
}

fn lookup(config: &Config, key: &str) -> Result<Option<String>, Error> {
    match config.get_string(key) {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(Error::Repository(format!(
            "config {key}: {}",
            error.message()
        ))),
    }
}

fn unreadable(path: &Path, error: &git2::Error) -> Error {
    let way_out = match error.code() {
        ErrorCode::Owner => ": run this as its owner, or name it in safe.directory",
        _ => "",
    };
    Error::Repository(format!("{}: {}{way_out}", path.display(), error.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternates_are_quoted_as_git_reads_them() {
        let mut out = Vec::new();
        quote_alternate(b"/a:b/\"\xff", &mut out);
        assert_eq!(out, b"\"/a:b/\\\"\\377\"");
    }

    #[test]
    fn nested_namespaces() {
        assert_eq!(
            namespace_prefix(OsStr::new("a/b")),
            b"refs/namespaces/a/refs/namespaces/b/"
        );
    }
}
