//! One process to measure: what it is given, how long it takes, how much memory it needs.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};

/// What a process is started with. Its output goes nowhere.
#[derive(Clone)]
pub struct Job {
    program: PathBuf,
    arguments: Vec<OsString>,
    folder: PathBuf,
    environment: Vec<(&'static str, OsString)>,
    stdin: Vec<u8>,
    /// The highest exit status that it may end with.
    status: i32,
}

impl Job {
    /// In an environment in which git finds no configuration but the repository's.
    pub fn new(program: impl AsRef<Path>, folder: &Path) -> Self {
        let environment = [
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("HOME", "/nonexistent"),
        ];
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            folder: folder.to_owned(),
            environment: environment.map(|(name, value)| (name, value.into())).into(),
            stdin: Vec::new(),
            status: 0,
        }
    }

    /// A line for `sh`.
    pub fn shell(line: &str, folder: &Path) -> Self {
        Self::new("sh", folder).with(["-c", line])
    }

    pub fn with<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        let arguments = arguments.into_iter();
        self.arguments
            .extend(arguments.map(|argument| argument.as_ref().to_owned()));
        self
    }

    pub fn set(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    pub fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    /// That it may refuse: to end with status 1 as well as with 0.
    pub fn judges(mut self) -> Self {
        self.status = 1;
        self
    }

    /// Runs it once, and looks at what it says: to refuse because there is too much to judge is
    /// not what is to be measured.
    pub fn rehearse(&self) -> Result<(), String> {
        let output = self.finish()?;
        let said = String::from_utf8_lossy(&output.stderr);
        match self.ended(output.status) && !said.contains("[too-much]") {
            true => Ok(()),
            false => Err(self.failed(&format!("{}, {}", output.status, first_lines(&said)))),
        }
    }

    /// The milliseconds from start to end. It is an error to end with another status.
    pub fn time(&self) -> Result<f64, String> {
        let mut command = self.command();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        let mut child = command.spawn().map_err(|error| self.failed(&error))?;
        let mut stdin = child.stdin.take().unwrap();
        // Who doesn't read its input closes it: no concern of ours.
        let _ = stdin.write_all(&self.stdin);
        drop(stdin);
        let status = child.wait().map_err(|error| self.failed(&error))?;
        let taken = started.elapsed().as_secs_f64() * 1000.0;
        match self.ended(status) {
            true => Ok(taken),
            false => Err(self.failed(&status)),
        }
    }

    /// The most memory that it, or a process that it waited for, had resident at once, in MiB.
    pub fn peak(&self) -> Result<f64, String> {
        let mut measured = self.clone();
        measured.arguments.insert(0, self.program.clone().into());
        measured.arguments.insert(0, PEAK.into());
        measured.program = std::env::current_exe().unwrap();
        let said = measured.output()?;
        let kib: f64 = said.trim().parse().map_err(|_| self.failed(&said))?;
        Ok(kib / 1024.0)
    }

    /// What it writes to standard output.
    pub fn output(&self) -> Result<String, String> {
        let output = self.finish()?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout)
                .trim_end()
                .to_owned()),
            false => Err(self.failed(&String::from_utf8_lossy(&output.stderr))),
        }
    }

    fn ended(&self, status: ExitStatus) -> bool {
        status.code().is_some_and(|code| code <= self.status)
    }

    fn finish(&self) -> Result<Output, String> {
        let mut command = self.command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| self.failed(&error))?;
        let _ = child.stdin.take().unwrap().write_all(&self.stdin);
        child
            .wait_with_output()
            .map_err(|error| self.failed(&error))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped());
        command
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> String {
        let name = self.program.file_name().unwrap().to_string_lossy();
        format!("{name}: {}", why.to_string().trim())
    }
}

fn first_lines(said: &str) -> String {
    said.lines().take(2).collect::<Vec<_>>().join("; ")
}

/// The mode in which the runner starts a process and prints its peak, in KiB. A process of its
/// own for each: the system keeps one peak for all children, and counts to a child what its
/// parent had resident when it was forked. This mode has next to nothing.
pub const PEAK: &str = "--peak";

/// What that mode does.
pub fn print_peak(arguments: &[OsString]) {
    let status = Command::new(&arguments[0])
        .args(&arguments[1..])
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status()
        .unwrap();
    assert!(matches!(status.code(), Some(0 | 1)), "{status}");
    println!(
        "{}",
        getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss()
    );
}
