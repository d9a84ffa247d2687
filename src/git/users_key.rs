//! The public key by which whoever runs this signs tags: what their git configuration names.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::command::{CleanGit, program_of_git, run};
use super::open::Repo;
use crate::budget::{Budget, Limits};
use crate::error::Error;
use crate::report::escape::Shown;

const SIGNING_KEY: &str = "user.signingkey";
/// How git knows that the key itself stands in the configuration.
const LITERALS: [&str; 2] = ["key::", "ssh-"];

/// A public key, and where it is from.
pub struct UsersKey {
    /// Where it is from, for messages.
    pub source: String,
    /// What a file with it holds.
    pub bytes: Vec<u8>,
}

impl Repo {
    /// The public key of `user.signingkey`, by `gpg.format`.
    pub fn users_public_key(&self) -> Result<UsersKey, Error> {
        let format = self.users_config("gpg.format")?;
        let Some(key) = self.users_config(SIGNING_KEY)? else {
            return Err(Error::Usage(format!(
                "git config {SIGNING_KEY} isn't set: set it, or name a file with the public key"
            )));
        };
        match format.as_deref() {
            None | Some("openpgp") => self.exported(&key),
            Some("ssh") => self.ssh_key(&key),
            Some(other) => Err(Error::Usage(format!(
                "git config gpg.format is `{}`, whose signatures don't count: openpgp and ssh do",
                Shown(other.as_bytes())
            ))),
        }
    }

    /// The certificate as git's gpg has it.
    fn exported(&self, key: &str) -> Result<UsersKey, Error> {
        let program = match self.users_path("gpg.openpgp.program")? {
            Some(program) => program,
            None => self
                .users_path("gpg.program")?
                .unwrap_or_else(|| "gpg".into()),
        };
        // With its `!`, which chooses a subkey, the others would be left out.
        let key = key.trim_end_matches('!');
        let mut command = program_of_git(&program);
        command.args(["--batch", "--armor", "--export", "--", key]);
        let answer = run(command, &Budget::new(Limits::default()))?;
        let source = format!(
            "{} --export {}",
            Path::new(&program).display(),
            Shown(key.as_bytes())
        );
        if answer.status != Some(0) || answer.stdout.is_empty() {
            let said = Shown(answer.stderr.trim_ascii()).to_string();
            return Err(Error::Repository(format!("{source} gives no key: {said}")));
        }
        Ok(UsersKey {
            source,
            bytes: answer.stdout,
        })
    }

    /// The key itself, or that of a file; beside a secret one stands the public one.
    fn ssh_key(&self, key: &str) -> Result<UsersKey, Error> {
        if LITERALS.iter().any(|literal| key.starts_with(literal)) {
            let literal = key.strip_prefix("key::").unwrap_or(key);
            return Ok(UsersKey {
                source: format!("git config {SIGNING_KEY}"),
                bytes: literal.as_bytes().to_vec(),
            });
        }
        let named = PathBuf::from(self.users_path(SIGNING_KEY)?.unwrap_or_default());
        let mut beside = named.clone().into_os_string();
        beside.push(".pub");
        let beside = PathBuf::from(beside);
        let file = if beside.is_file() { beside } else { named };
        let source = file.display().to_string();
        let read = std::fs::read(&file);
        let bytes = read.map_err(|error| Error::Repository(format!("{source}: {error}")))?;
        Ok(UsersKey { source, bytes })
    }

    /// A path in the configuration, with `~` taken for what it is.
    fn users_path(&self, key: &str) -> Result<Option<OsString>, Error> {
        let mut command = CleanGit::as_whoever_runs_this(self.git_dir());
        command.args(["config", "--type=path", "--get", key]);
        let answer = run(command, &Budget::new(Limits::default()))?;
        match answer.status {
            Some(0) => Ok(Some(
                OsStr::from_bytes(answer.stdout.trim_ascii_end()).to_owned(),
            )),
            Some(1) => Ok(None),
            _ => Err(answer.error("config")),
        }
    }
}
