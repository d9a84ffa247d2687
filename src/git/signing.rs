//! Signing and pushing as whoever runs this: by their own git, their configuration and their keys.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Stdio;

use tempfile::NamedTempFile;

use super::command::{CleanGit, run};
use super::open::Repo;
use crate::budget::{Budget, Limits};
use crate::error::Error;
use crate::update::{Oid, RefName, RefValue};

/// Somebody types a passphrase, or a network is slow: nobody is hurried.
const PATIENCE: Limits = Limits {
    commits: u64::MAX,
    tree_objects: u64::MAX,
    seconds: u64::MAX,
};

impl Repo {
    /// Makes a signed tag with exactly this message, and returns the tag object. No ref is left to
    /// it: the tag's own is taken away again.
    pub fn sign_tag(&self, tag: &str, target: Oid, message: &[u8]) -> Result<Oid, Error> {
        let file = write(message).map_err(|error| {
            Error::Repository(format!("the statement can't be written for git: {error}"))
        })?;
        let name = RefName::new(format!("refs/tags/{tag}").as_bytes())
            .ok_or_else(|| Error::internal("a tag's name that is none"))?;
        let mut command = CleanGit::as_whoever_runs_this(self.git_dir());
        command
            .args(["tag", "--sign", "--force", "--cleanup=verbatim", "--file"])
            .arg(file.path())
            .args(["--", tag])
            .arg(target.to_string());
        // A passphrase is asked for on the terminal.
        command.stdin(Stdio::inherit()).stderr(Stdio::inherit());
        let budget = Budget::new(PATIENCE);
        let answer = run(command, &budget)?;
        if answer.status != Some(0) {
            let why = "git signed nothing: `git tag -s` must work here, with a key of yours \
                       (user.signingkey, gpg.format)";
            return Err(Error::Repository(why.into()));
        }
        let prefix = [name.as_bytes().to_vec()].into();
        let RefValue::At(made) = self.refs(&prefix, &budget)?.value(&name) else {
            return Err(Error::Repository("git made no tag".into()));
        };
        self.change_ref(&name, None, &budget)?;
        Ok(made)
    }

    /// Keeps an object at a ref of this repository.
    pub fn keep(&self, name: &RefName, object: Oid) -> Result<(), Error> {
        self.change_ref(name, Some(object), &Budget::new(PATIENCE))
    }

    fn change_ref(&self, name: &RefName, to: Option<Oid>, budget: &Budget) -> Result<(), Error> {
        let mut command = CleanGit::as_whoever_runs_this(self.git_dir());
        command.arg("update-ref");
        if to.is_none() {
            command.arg("-d");
        }
        command.arg(OsStr::from_bytes(name.as_bytes()));
        command.args(to.map(|oid| oid.to_string()));
        let answer = run(command, budget)?;
        match answer.status {
            Some(0) => Ok(()),
            _ => Err(answer.error("update-ref")),
        }
    }

    /// Pushes to the remote, all or nothing; git talks to the user itself. Returns true if and only
    /// if the remote took it.
    pub fn push_atomic(
        &self,
        remote: &str,
        options: &[Vec<u8>],
        refspecs: &[Vec<u8>],
    ) -> Result<bool, Error> {
        let mut command = CleanGit::as_whoever_runs_this(self.git_dir());
        command
            .args(["push", "--atomic"])
            .args(options.iter().map(|it| OsStr::from_bytes(it)))
            .args(["--", remote])
            .args(refspecs.iter().map(|it| OsStr::from_bytes(it)));
        command
            .stdin(Stdio::inherit())
            .stdout(Stdio::inherit())
            .stderr(Stdio::inherit());
        // A hook of this repository finds its work tree by the folder that it is started in.
        let folder: &Path = self.work_tree().unwrap_or(self.git_dir());
        command.current_dir(folder);
        Ok(run(command, &Budget::new(PATIENCE))?.status == Some(0))
    }

    /// A value of the configuration that git finds for whoever runs this.
    pub fn users_config(&self, key: &str) -> Result<Option<String>, Error> {
        let mut command = CleanGit::as_whoever_runs_this(self.git_dir());
        command.args(["config", "--get", key]);
        let answer = run(command, &Budget::new(PATIENCE))?;
        match answer.status {
            Some(0) => Ok(Some(
                String::from_utf8_lossy(answer.stdout.trim_ascii_end()).into_owned(),
            )),
            Some(1) => Ok(None),
            _ => Err(answer.error("config")),
        }
    }

    /// Brings the remote's refs below `from` here, to stand below `to`; both end in `/`.
    pub fn fetch_folder(&self, remote: &str, from: &str, to: &str) -> Result<(), Error> {
        let mut command = CleanGit::as_whoever_runs_this(self.git_dir());
        command
            .args([
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--prune",
            ])
            .args(["--", remote])
            .arg(format!("+{from}*:{to}*"));
        command.stdin(Stdio::inherit()).stderr(Stdio::inherit());
        match run(command, &Budget::new(PATIENCE))?.status {
            Some(0) => Ok(()),
            _ => Err(Error::Repository(format!(
                "the overrides of {remote} could not be fetched"
            ))),
        }
    }
}

fn write(message: &[u8]) -> std::io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.write_all(message)?;
    file.flush()?;
    Ok(file)
}
