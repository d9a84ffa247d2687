//! A push that is made to see what a hook says of it.
//!
//! It goes from one scratch repository to another, and the hook in question is the only one that
//! either has: a link to the real one, where git runs it as it would the real one. The real
//! repository is only read. Its configuration is copied but for what leads elsewhere: remotes,
//! URLs, and hooks. So no other hook of it sees the push, and no remote of it is reached, even if
//! the push is accepted.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Repository, Signature, Time};
use tempfile::TempDir;

use super::command::{Answer, CleanGit, run};
use super::hooks::HookSide;
use super::open::{Repo, open_scratch};
use super::settings::Settings;
use crate::budget::{Budget, Limits};
use crate::error::Error;
use crate::report::escape::Shown;
use crate::update::{Oid, RefName};

/// What a scratch client calls its server where it isn't asked to use a remote's name.
const REMOTE: &str = "trial";
/// Where a scratch client keeps what it knows of its server's refs.
const FETCHED: &str = "refs/trial/";
/// 2000-01-01: all commits of trials are made then.
const DATE: i64 = 946_684_800;

/// What `git config --get-all` ends with where there is no value.
const NO_VALUE: i32 = 1;

/// What to try.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'s> {
    /// Who runs the hook.
    pub side: HookSide,
    /// The hook's name.
    pub name: &'s str,
    /// Where git finds it.
    pub hook: &'s Path,
    /// The policy, if any is found: a preset or a whole path.
    pub policy: Option<&'s str>,
    /// For the client's hook: what the server is called there.
    pub remote: Option<&'s str>,
}

/// Two scratch repositories, one of which has the hook.
pub struct Trial<'r> {
    repo: &'r Repo,
    folder: TempDir,
    remote: String,
}

/// What came of a push.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Whether git says that it was done, or the ref is there.
    pub accepted: bool,
    /// All that the client's terminal would have got, raw.
    pub said: Vec<u8>,
}

impl<'r> Trial<'r> {
    /// Makes the repositories, with the formats of `repo`. They go away with this.
    pub fn new(repo: &'r Repo, setting: Setting<'_>) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("treewarden-doctor-")
            .tempdir()
            .map_err(|error| scratch(&error))?;
        let trial = Self {
            repo,
            folder,
            remote: setting.remote.unwrap_or(REMOTE).to_owned(),
        };
        trial.init(&trial.server())?;
        trial.init(&trial.client())?;
        trial.place_hook(setting).map_err(|error| scratch(&error))?;
        trial.configure(setting)?;
        trial.must_stay_here()?;
        Ok(trial)
    }

    fn server(&self) -> PathBuf {
        self.folder.path().join("server.git")
    }

    fn client(&self) -> PathBuf {
        self.folder.path().join("client.git")
    }

    fn hooks(&self) -> PathBuf {
        self.folder.path().join("hooks")
    }

    fn init(&self, path: &Path) -> Result<(), Error> {
        let mut command = self.repo.git.command(path);
        let refs = match self.repo.has_reftable() {
            true => "reftable",
            false => "files",
        };
        // An older git passes over the variable, and knows no other store than files.
        command.env("GIT_DEFAULT_REF_FORMAT", refs);
        command.args(["init", "-q", "--bare", "--template=", "-b", "trial"]);
        command.arg(format!("--object-format={}", self.repo.format().name()));
        done(command, "init").map(drop)
    }

    /// A link, and not a copy: what the real hook may and may not do, this one may.
    fn place_hook(&self, setting: Setting<'_>) -> std::io::Result<()> {
        fs::create_dir(self.hooks())?;
        match setting.hook.symlink_metadata() {
            Ok(_) => std::os::unix::fs::symlink(setting.hook, self.hooks().join(setting.name)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn configure(&self, setting: Setting<'_>) -> Result<(), Error> {
        let mut tried = self.repo.own_settings()?;
        if let Some(policy) = setting.policy {
            tried.set("treewarden.policy", policy);
        }
        // A push that is none has no place in the log, wherever that is.
        tried.set(crate::audit::KEY, crate::audit::OFF);
        let mut other = Settings::default();
        hooks_at(&mut tried, &self.hooks());
        hooks_at(&mut other, Path::new("/dev/null"));
        let (mut server, mut client) = match setting.side {
            HookSide::Server => (tried, other),
            HookSide::Client => (other, tried),
        };
        // Whatever refs are hidden: the hook is to be asked.
        server.set("receive.hideRefs", "!refs");
        self.configure_client(&mut client);
        for (path, settings) in [(self.server(), server), (self.client(), client)] {
            append(&path.join("config"), &settings).map_err(|error| scratch(&error))?;
        }
        Ok(())
    }

    fn configure_client(&self, client: &mut Settings) {
        for (key, value) in [
            ("protocol.file.allow", "always"),
            ("push.followTags", "false"),
            ("push.gpgSign", "false"),
            ("push.negotiate", "false"),
            ("push.recurseSubmodules", "no"),
            // Empty: what a user's configuration lists is passed over.
            ("push.pushOption", ""),
        ] {
            client.set(key, value);
        }
        let server = self.server();
        let url = server.as_os_str().as_bytes();
        let remote = |name: &str| format!("remote.{}.{name}", self.remote).into_bytes();
        for name in ["url", "pushurl"] {
            client.add(&remote(name), Some(url));
        }
        let fetch = format!("+refs/*:{FETCHED}*");
        client.add(&remote("fetch"), Some(fetch.as_bytes()));
        // The longest match counts: nothing that a user configured rewrites this URL.
        for name in [&b".insteadof"[..], b".pushinsteadof"] {
            client.add(&[b"url.", url, name].concat(), Some(url));
        }
    }

    /// Errs unless a push goes to the scratch server and nowhere else.
    fn must_stay_here(&self) -> Result<(), Error> {
        self.must_need_no_helper()?;
        let mut command = CleanGit::apart(&self.client());
        command.args(["remote", "get-url", "--push", "--all", "--", &self.remote]);
        let answer = done(command, "remote get-url")?;
        let server = self.server();
        if answer.stdout.strip_suffix(b"\n") == Some(server.as_os_str().as_bytes()) {
            return Ok(());
        }
        let urls = Shown(answer.stdout.trim_ascii_end()).to_string();
        Err(Error::Repository(format!(
            "a push to {} would not stay in the scratch repository, but go to {urls}",
            Shown(self.remote.as_bytes())
        )))
    }

    /// Errs where a helper would do the push: it needn't heed the URL.
    fn must_need_no_helper(&self) -> Result<(), Error> {
        let key = format!("remote.{}.vcs", self.remote);
        let mut command = CleanGit::apart(&self.client());
        command.args(["config", "--get-all", &key]);
        let answer = run(command, &budget())?;
        match answer.status {
            Some(NO_VALUE) => Ok(()),
            Some(0) => Err(Error::Repository(format!(
                "a push to {} would not stay in the scratch repository, but go through the helper \
                 that {} names",
                Shown(self.remote.as_bytes()),
                Shown(key.as_bytes())
            ))),
            _ => Err(answer.error("config --get-all")),
        }
    }

    /// Stores a commit without parents whose tree holds one file.
    pub fn commit(&self, path: &[u8]) -> Result<Oid, Error> {
        let made = open_scratch(&self.client())
            .and_then(|client| commit_to(&client, path).map_err(|error| libgit2(&error)))?;
        Oid::from_bytes(made.as_bytes()).ok_or_else(|| Error::internal("a commit without a name"))
    }

    /// Has the scratch client know that its server has this ref.
    pub fn know(&self, name: &RefName, holds: Oid) -> Result<(), Error> {
        let below = name.as_bytes().strip_prefix(b"refs/").unwrap_or_default();
        let kept = [FETCHED.as_bytes(), below].concat();
        let mut command = self.repo.git.command(&self.client());
        command
            .arg("update-ref")
            .arg(OsStr::from_bytes(&kept))
            .arg(holds.to_string());
        done(command, "update-ref").map(drop)
    }

    /// Pushes the commit to a ref of the scratch server.
    pub fn push(&self, commit: Oid, name: &RefName) -> Result<Tried, Error> {
        let mut refspec = format!("{commit}:").into_bytes();
        refspec.extend(name.as_bytes());
        let mut command = CleanGit::apart(&self.client());
        command
            .current_dir(self.folder.path())
            // Of several that are configured git would take the first: a user's own.
            .args([
                "push",
                "--receive-pack=git-receive-pack",
                "--",
                &self.remote,
            ])
            .arg(OsStr::from_bytes(&refspec));
        let answer = run(command, &budget())?;
        Ok(Tried {
            accepted: answer.status == Some(0) || self.has(name)?,
            said: answer.stderr,
        })
    }

    fn has(&self, name: &RefName) -> Result<bool, Error> {
        let mut command = self.repo.git.command(&self.server());
        command
            .arg("for-each-ref")
            .arg(OsStr::from_bytes(name.as_bytes()));
        Ok(!done(command, "for-each-ref")?.stdout.is_empty())
    }
}

fn hooks_at(settings: &mut Settings, folder: &Path) {
    settings.add(b"core.hooksPath", Some(folder.as_os_str().as_bytes()));
    // Nothing may still be at work when the folder is removed.
    for key in ["gc.auto", "maintenance.auto", "receive.autogc"] {
        settings.set(key, if key == "gc.auto" { "0" } else { "false" });
    }
}

fn append(config: &Path, settings: &Settings) -> std::io::Result<()> {
    let mut text = fs::read(config)?;
    text.extend(settings.as_bytes());
    fs::write(config, text)
}

fn commit_to(client: &Repository, path: &[u8]) -> Result<git2::Oid, git2::Error> {
    let mut entry = client.blob(b"pushed by treewarden doctor, to see it refused\n")?;
    let mut mode = 0o100_644;
    for part in path.rsplit(|byte| *byte == b'/') {
        let mut folder = client.treebuilder(None)?;
        folder.insert(part, entry, mode)?;
        entry = folder.write()?;
        mode = 0o040_000;
    }
    let tree = client
        .find_object(entry, Some(ObjectType::Tree))?
        .peel_to_tree()?;
    let person = Signature::new(
        "treewarden doctor",
        "doctor@treewarden.invalid",
        &Time::new(DATE, 0),
    )?;
    let message = "A commit that must be refused\n";
    client.commit(None, &person, &person, message, &tree, &[])
}

fn done(command: std::process::Command, asked: &str) -> Result<Answer, Error> {
    let answer = run(command, &budget())?;
    match answer.status {
        Some(0) => Ok(answer),
        _ => Err(answer.error(asked)),
    }
}

fn budget() -> Budget {
    Budget::new(Limits::default())
}

fn scratch(error: &std::io::Error) -> Error {
    Error::Repository(format!("a scratch repository can't be made: {error}"))
}

fn libgit2(error: &git2::Error) -> Error {
    Error::Repository(format!(
        "a scratch repository can't be written: {}",
        error.message()
    ))
}
