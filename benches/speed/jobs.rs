//! What the rows have processes do: git's side, and ours.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::engine::Question;
use crate::process::Job;
use crate::repositories::{Pushed, git_says};

const TREEWARDEN: &str = env!("CARGO_BIN_EXE_treewarden");
/// The server's hook.
pub const HOOK: &str = env!("CARGO_BIN_EXE_treewarden-pre-receive");

/// What git needs for the same.
pub fn baseline(repository: &Path, old: &str, new: &str) -> Job {
    Job::shell(&b_line(old, new), repository)
}

/// The same, as a shell has it.
pub fn b_line(old: &str, new: &str) -> String {
    format!("git rev-list {old}..{new} | git diff-tree --stdin -r -z --name-only --no-renames -c")
}

/// A range up to `master`, judged for a tree by one worker.
pub fn check(repository: &Path, policy: &str, tree: &str, old: &str) -> Job {
    check_to(repository, policy, tree, old, "master")
}

/// The same up to any revision.
pub fn check_to(repository: &Path, policy: &str, tree: &str, old: &str, new: &str) -> Job {
    check_by("1", repository, policy, tree, &format!("{old}..{new}"))
}

/// The same up to `master` by two workers.
pub fn check_by_two(repository: &Path, policy: &str, tree: &str, old: &str) -> Job {
    check_by("2", repository, policy, tree, &format!("{old}..master"))
}

fn check_by(workers: &str, repository: &Path, policy: &str, tree: &str, range: &str) -> Job {
    let name = format!("refs/heads/{tree}");
    Job::new(TREEWARDEN, repository)
        .with(["check", range, "--ref", &name, "--policy", policy])
        .with(["--jobs", workers])
        .judges()
}

/// The engine, asked by the runner itself.
pub fn asked(question: Question, repository: &Path, policy: &str, old: &str, new: &str) -> Job {
    Job::new(std::env::current_exe().unwrap(), repository).with([
        question.argument(),
        policy,
        old,
        new,
    ])
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

/// A program that does nothing, built by the compiler that built the rest.
pub fn empty(folder: &Path) -> Result<PathBuf, String> {
    let program = folder.join("empty");
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    Job::new(compiler, folder)
        .set("HOME", std::env::var_os("HOME").unwrap_or_default())
        .with(["--edition", "2024", "-O", "-o"])
        .with([&program])
        .with(["-"])
        .stdin("fn main() {}\n")
        .output()?;
    Ok(program)
}
