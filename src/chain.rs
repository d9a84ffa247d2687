//! The chained hook: another program's hook that was there before ours. `treewarden install`
//! keeps it beside ours as `<hook>.chained`, and it runs once a push is accepted here.

use std::ffi::OsString;
use std::io::Write;
use std::num::NonZeroU8;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitCode, ExitStatus, Stdio};

use rustix::fs::Access;
use rustix::io::Errno;

use crate::error::{Error, Exit};
use crate::report::escape::Shown;

/// How a hook ends: in a status of its own, or in that of the chained hook, which refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Our own status. For [`Exit::Accept`] the chained hook has accepted too, or there is none.
    Own(Exit),
    /// We accepted, and the chained hook did not.
    Chained(NonZeroU8),
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Own(exit) => exit.into(),
            Ended::Chained(status) => status.get().into(),
        }
    }
}

/// What git starts a hook with.
pub struct Invocation<'a> {
    /// The path of our own hook, which git ran; without one nothing is chained.
    pub hook: Option<&'a Path>,
    /// Its arguments.
    pub arguments: &'a [OsString],
    /// All of its standard input.
    pub stdin: Vec<u8>,
}

/// Where the hook that `hook` took the place of is kept.
pub fn chained_path(hook: &Path) -> PathBuf {
    let mut path = hook.as_os_str().to_owned();
    path.push(".chained");
    PathBuf::from(path)
}

/// Runs the chained hook after an acceptance, and after that only; says on `stderr` why it
/// refuses. It gets the same standard input, arguments, environment and current folder.
pub fn after(own: Exit, invocation: Invocation<'_>, stderr: &mut dyn Write) -> Ended {
    match own {
        Exit::Accept => ended(invocation, "treewarden: refused", stderr),
        own => Ended::Own(own),
    }
}

/// The same where there is nothing to refuse any more.
pub fn after_landing(invocation: Invocation<'_>, stderr: &mut dyn Write) -> Ended {
    ended(invocation, "treewarden: the push has landed", stderr)
}

fn ended(invocation: Invocation<'_>, verdict: &str, stderr: &mut dyn Write) -> Ended {
    let Some(hook) = invocation.hook else {
        return Ended::Own(Exit::Accept);
    };
    let program = chained_path(hook);
    let (ended, said) = match run(&program, invocation) {
        Ok(status) => match NonZeroU8::new(status) {
            None => return Ended::Own(Exit::Accept),
            Some(status) => (
                Ended::Chained(status),
                format!("{verdict}: {} ended with {status}", shown(&program)),
            ),
        },
        Err(error) => (
            Ended::Own(error.exit()),
            format!("error: {error}\n{verdict}: the chained hook could not be run"),
        ),
    };
    // The status refuses, whether or not it can be told why.
    let _ = writeln!(stderr, "{said}");
    ended
}

/// The chained hook's exit status; 0 if there is none that git would have run.
fn run(program: &Path, invocation: Invocation<'_>) -> Result<u8, Error> {
    let fault = |error: std::io::Error| {
        Error::Repository(format!("{} can't be run: {error}", shown(program)))
    };
    if !is_executable(program).map_err(fault)? {
        return Ok(0);
    }
    let mut child = start(program, invocation.arguments).map_err(fault)?;
    feed(child.stdin.take(), invocation.stdin);
    let status = child.wait().map_err(fault)?;
    status_of(status).ok_or(Error::Internal("a process ended without an exit status"))
}

/// Returns true if and only if git would run the file as a hook. It passes over one that isn't
/// there, or that may not be executed.
pub fn is_executable(program: &Path) -> std::io::Result<bool> {
    match rustix::fs::access(program, Access::EXEC_OK) {
        Ok(()) => Ok(true),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ACCESS) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Starts the program as git starts hooks: a script without a `#!` line is the shell's.
// A process that isn't git's, with the environment that it was installed to be run with; see
// `clippy.toml`.
#[allow(clippy::disallowed_methods)]
fn start(program: &Path, arguments: &[OsString]) -> std::io::Result<Child> {
    // A name without a folder would be looked for on `PATH`.
    let program = match program.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => program.to_owned(),
        _ => Path::new(".").join(program),
    };
    let spawn = |command: &mut Command| command.args(arguments).stdin(Stdio::piped()).spawn();
    match spawn(&mut Command::new(&program)) {
        Err(error) if error.raw_os_error() == Some(Errno::NOEXEC.raw_os_error()) => {
            spawn(Command::new("/bin/sh").arg(&program))
        }
        other => other,
    }
}

/// Writes beside the waiting. A program that ends without reading breaks the pipe, and one that
/// hands it on without reading leaves it full: neither is a fault, nor held up for.
fn feed(pipe: Option<ChildStdin>, input: Vec<u8>) {
    std::thread::spawn(move || pipe.map(|mut pipe| pipe.write_all(&input)));
}

/// The exit status as a shell tells it: 128 and the number where a signal ended the process.
fn status_of(status: ExitStatus) -> Option<u8> {
    let number = status.code().or_else(|| Some(128 + status.signal()?))?;
    u8::try_from(number).ok()
}

fn shown(path: &Path) -> String {
    Shown(path.as_os_str().as_bytes()).to_string()
}
