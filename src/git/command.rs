//! Starts git so that nothing of the pusher's or the server's surroundings changes its answer.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::budget::Budget;
use crate::error::Error;
use crate::report::escape::Shown;

/// `EPERM`: what setting a user ends with for whom may not. A file that may not be executed is
/// another error.
const NOT_PERMITTED: i32 = 1;

/// What leads git, and the hooks that it starts, to another repository than the one in question.
const ELSEWHERE: [&str; 16] = [
    "GIT_ALLOW_PROTOCOL",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_PUSH_OPTION_COUNT",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];
/// What holds configuration. git keeps it from the other side of a push.
const SETTINGS: [&str; 2] = ["GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"];

/// Where to find git; all else of the environment is left behind.
#[derive(Clone, Debug, Default)]
pub struct CleanGit {
    /// `PATH`: under receive-pack its first entry is that git's own programs.
    pub path: Option<OsString>,
}

/// What git answered, whatever its exit status.
pub struct Answer {
    /// The exit status; `None` if a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Answer {
    /// An error that quotes what git said.
    pub fn error(&self, asked: &str) -> Error {
        let said = Shown(self.stderr.trim_ascii());
        let status = self
            .status
            .map_or("a signal".into(), |code| code.to_string());
        Error::Repository(format!("git {asked} ended with {status}: {said}"))
    }
}

impl CleanGit {
    /// Runs a program as another user, in no repository, with nothing on standard input and
    /// nothing in the environment but `PATH`. Root can; `None` where we may not.
    // With `command`, the one place that may start a process.
    #[allow(clippy::disallowed_methods)]
    pub fn run_as(
        &self,
        program: &Path,
        (uid, gid): (u32, u32),
        budget: &Budget,
    ) -> Result<Option<Answer>, Error> {
        let mut command = Command::new(program);
        command
            .env_clear()
            .current_dir("/")
            .uid(uid)
            .gid(gid)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        match command.spawn() {
            Ok(child) => finish(child, program.as_os_str(), budget).map(Some),
            Err(error) if error.raw_os_error() == Some(NOT_PERMITTED) => Ok(None),
            Err(error) => Err(failed(program.as_os_str(), &error)),
        }
    }

    /// A git command on one git directory: no system, user or environment configuration, no
    /// replace refs, no lazy fetching, no commit-graph, and no question of who owns the folder
    /// (receive-pack has asked it before any hook runs).
    pub fn command(&self, git_dir: &Path) -> Command {
        let mut command = plain_git();
        command
            .env_clear()
            .env("GIT_DIR", git_dir)
            // Nobody's, but there: else git ends where a repository's config has a `~`.
            .env("HOME", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .args(["-c", "safe.directory=*", "-c", "core.commitGraph=false"]);
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command
    }

    /// A git command on one git directory that finds the configuration which git itself finds for
    /// whoever runs this: for the question what git would do, and where only the user's own
    /// credentials help; never for judging.
    pub fn as_whoever_runs_this(git_dir: &Path) -> Command {
        let mut command = plain_git();
        for name in ELSEWHERE {
            command.env_remove(name);
        }
        command.env("GIT_DIR", git_dir).env("LC_ALL", "C");
        command
    }

    /// The same without the environment's configuration: for a repository of our own, and for
    /// what git starts there.
    pub fn apart(git_dir: &Path) -> Command {
        let mut command = Self::as_whoever_runs_this(git_dir);
        for name in SETTINGS {
            command.env_remove(name);
        }
        command
    }
}

/// A program that git itself would start for whoever runs this, such as gpg, in the environment
/// that git would give it.
pub fn program_of_git(program: &OsStr) -> Command {
    piped(program)
}

fn plain_git() -> Command {
    piped(OsStr::new("git"))
}

// The one place that may start git; see `clippy.toml`.
#[allow(clippy::disallowed_methods)]
fn piped(program: &OsStr) -> Command {
    let mut command = Command::new(program);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the command to its end, or kills it when the budget's time is up.
pub fn run(mut command: Command, budget: &Budget) -> Result<Answer, Error> {
    let name = command.get_program().to_owned();
    let child = command.spawn().map_err(|error| failed(&name, &error))?;
    finish(child, &name, budget)
}

fn finish(mut child: Child, name: &OsStr, budget: &Budget) -> Result<Answer, Error> {
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let waited = receive(&stdout, budget).and_then(|out| Some((out, receive(&stderr, budget)?)));
    let Some((stdout, stderr)) = waited else {
        // Whether it can still be killed or has just ended: its answer comes too late.
        let _ = child.kill();
        let _ = child.wait();
        budget.time()?;
        return Err(Error::Internal(
            "a git process was given up before its time",
        ));
    };
    let status = child.wait().map_err(|error| failed(name, &error))?;
    Ok(Answer {
        status: status.code(),
        stdout: stdout.map_err(|error| failed(name, &error))?,
        stderr: stderr.map_err(|error| failed(name, &error))?,
    })
}

type Collected = std::io::Result<Vec<u8>>;

fn collect<R: Read + Send + 'static>(stream: Option<R>) -> mpsc::Receiver<Collected> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let result = stream.map_or(Ok(0), |mut stream| stream.read_to_end(&mut bytes));
        // The receiver is gone only once the time is up, and then nobody wants the bytes.
        let _ = sender.send(result.map(|_| bytes));
    });
    receiver
}

fn receive(from: &mpsc::Receiver<Collected>, budget: &Budget) -> Option<Collected> {
    let longest = Duration::from_secs(u64::from(u32::MAX));
    from.recv_timeout(budget.wait().min(longest)).ok()
}

fn failed(program: &OsStr, error: &std::io::Error) -> Error {
    Error::Repository(format!("{} can't be run: {error}", program.display()))
}
