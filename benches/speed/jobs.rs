//! What the rows have processes do: git's side, and ours.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::engine::Question;
use crate::process::Job;
use crate::repositories::{Pushed, git_says};

/// Where programs for the rows are put.
const PROGRAMS: &str = env!("CARGO_TARGET_TMPDIR");

/// The server's hook.
pub fn hook() -> Result<PathBuf, String> {
    program("treewarden-pre-receive")
}

/// A program, as users have it: `install.sh` builds and installs it.
fn program(name: &str) -> Result<PathBuf, String> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = INSTALLED.get_or_init(install).clone()?;
    Ok(folder.join(name))
}

fn install() -> Result<PathBuf, String> {
    let prefix = Path::new(PROGRAMS).join("installed");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh");
    let status = Command::new(script)
        .arg("--prefix")
        .arg(&prefix)
        .stdout(Stdio::null())
        .status()
        .map_err(|error| error.to_string())?;
    match status.success() {
        true => Ok(prefix.join("bin")),
        false => Err(format!("install.sh: {status}")),
    }
}

/// What git needs for the same.
pub fn baseline(repository: &Path, old: &str, new: &str) -> Job {
    Job::shell(&b_line(old, new), repository)
}

/// The same, as a shell has it.
pub fn b_line(old: &str, new: &str) -> String {
    format!("git rev-list {old}..{new} | git diff-tree --stdin -r -z --name-only --no-renames -c")
}

/// A range up to `master`, judged for a tree by one worker.
pub fn check(repository: &Path, policy: &str, tree: &str, old: &str) -> Result<Job, String> {
    check_to(repository, policy, tree, old, "master")
}

/// The same up to any revision.
pub fn check_to(
    repository: &Path,
    policy: &str,
    tree: &str,
    old: &str,
    new: &str,
) -> Result<Job, String> {
    check_by("1", repository, policy, tree, &format!("{old}..{new}"))
}

/// The same up to `master` by two workers.
pub fn check_by_two(repository: &Path, policy: &str, tree: &str, old: &str) -> Result<Job, String> {
    check_by("2", repository, policy, tree, &format!("{old}..master"))
}

fn check_by(
    workers: &str,
    repository: &Path,
    policy: &str,
    tree: &str,
    range: &str,
) -> Result<Job, String> {
    let name = format!("refs/heads/{tree}");
    let job = Job::new(program("treewarden")?, repository)
        .with(["check", range, "--ref", &name, "--policy", policy])
        .with(["--jobs", workers]);
    Ok(job.judges())
}

/// The engine, asked by the runner itself.
pub fn asked(question: Question, repository: &Path, policy: &str, old: &str, new: &str) -> Job {
    let job = Job::new(std::env::current_exe().unwrap(), repository);
    job.with([question.argument(), policy, old, new])
}

/// The same, with two workers.
pub fn asked_of_two(
    question: Question,
    repository: &Path,
    policy: &str,
    old: &str,
    new: &str,
) -> Job {
    asked(question, repository, policy, old, new).with(["2"])
}

/// The environment that receive-pack gives a hook.
pub fn as_hook(job: Job, server: &Path, pushed: &Pushed) -> Job {
    job.set("GIT_DIR", ".")
        .set("GIT_QUARANTINE_PATH", &pushed.objects)
        .set("GIT_OBJECT_DIRECTORY", &pushed.objects)
        .set("GIT_ALTERNATE_OBJECT_DIRECTORIES", server.join("objects"))
}

/// A file of the benches, by its path there.
pub fn file(name: &str) -> String {
    format!("{}/benches/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The commit on the main line of history after which about so many come, of those that
/// `rev-list` names with `options`.
pub fn before(
    repository: &Path,
    tip: &str,
    commits: usize,
    options: &[&str],
) -> Result<String, String> {
    let line = git_says(repository, &["rev-list", "--first-parent", tip])?;
    let line: Vec<&str> = line.lines().collect();
    let (mut low, mut high) = (0, line.len() - 1);
    while low < high {
        let middle = usize::midpoint(low, high);
        let range = format!("{}..{tip}", line[middle]);
        let count = [&["rev-list", "--count", &range], options].concat();
        let count: usize = git_says(repository, &count)?.parse().unwrap();
        match count < commits {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    Ok(line[low].to_owned())
}

/// A program that does nothing, built by the compiler that built the rest; linked statically, as
/// the hook is, where that is possible.
pub fn empty() -> Result<PathBuf, String> {
    let host = rustc(&["--print", "host-tuple"])?.output()?;
    let is_static = ["--target", &host, "-C", "target-feature=+crt-static"];
    empty_with(&is_static).or_else(|_| empty_with(&[]))
}

fn empty_with(options: &[&str]) -> Result<PathBuf, String> {
    let program = Path::new(PROGRAMS).join("empty");
    rustc(&["--edition", "2024", "-O", "-o"])?
        .with([&program])
        .with(options)
        .with(["-"])
        .stdin("fn main() {}\n")
        .output()?;
    Ok(program)
}

fn rustc(arguments: &[&str]) -> Result<Job, String> {
    let folder = Path::new(PROGRAMS);
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let home = std::env::var_os("HOME").unwrap_or_default();
    Ok(Job::new(compiler, folder).set("HOME", home).with(arguments))
}
