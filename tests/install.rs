//! `install` and `uninstall`: on repositories of every kind, with real pushes; twice, and undone.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod chain;
mod foreign;
mod hooks_path;
mod local;
mod script;
mod servers;
mod template;
mod undo;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Format, HookRun, Sandbox};

const PRESET: &str = "preset:bpf-next";

/// A sandbox whose server has no hook yet.
fn bare() -> Sandbox {
    let s = Sandbox::new(Format::Sha1Files);
    let server = s.server().to_owned();
    done(
        &s,
        [
            "uninstall".as_ref(),
            "--server".as_ref(),
            server.as_os_str(),
        ],
    );
    s
}

/// Runs `treewarden`, which must do its work; what it printed.
fn done<A: AsRef<OsStr>>(s: &Sandbox, arguments: impl IntoIterator<Item = A>) -> String {
    let output = s.treewarden().args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs `treewarden`.
fn run<A: AsRef<OsStr>>(s: &Sandbox, arguments: impl IntoIterator<Item = A>) -> HookRun {
    HookRun::of(s.treewarden().args(arguments), b"")
}

/// `install --server` with the preset.
fn install(s: &Sandbox, repository: &Path) -> String {
    let arguments = ["install", "--no-doctor", "--policy", PRESET, "--server"].map(OsStr::new);
    done(s, arguments.into_iter().chain([repository.as_os_str()]))
}

/// The same where it must fail, with this status and text.
fn refuses(s: &Sandbox, repository: &Path, status: i32, text: &str) {
    let arguments = ["install", "--policy", PRESET, "--server"].map(OsStr::new);
    run(s, arguments.into_iter().chain([repository.as_os_str()])).ended(status, text);
}

/// `uninstall --server`.
fn uninstall(s: &Sandbox, repository: &Path) -> String {
    let arguments = ["uninstall", "--server"].map(OsStr::new);
    done(s, arguments.into_iter().chain([repository.as_os_str()]))
}

/// The same for a hook outside the repository.
fn uninstall_shared(s: &Sandbox, repository: &Path) -> String {
    let arguments = ["uninstall", "--shared", "--server"].map(OsStr::new);
    done(s, arguments.into_iter().chain([repository.as_os_str()]))
}

/// git in a worktree, or in a bare repository; it must succeed.
fn git(s: &Sandbox, folder: &Path, arguments: &[&str]) -> String {
    let output = s
        .command("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {errors}");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

/// What came of a push from the client to wherever: git's exit status was 0, and all it said.
fn push(s: &Sandbox, url: &Path, commit: &str, name: &str) -> (bool, String) {
    let mut command = s.git_in(&s.client());
    command.arg("push").arg(url);
    command.arg(format!("{commit}:refs/heads/{name}"));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}

/// The repository judges what is pushed to it: both rules' ways.
fn judges(s: &Sandbox, url: &Path) {
    let base = s.base();
    let (taken, said) = push(s, url, &s.touch(&base, "net/core/dev.c"), "master");
    assert!(!taken && said.contains("error[denied-path]"), "{said}");
    let (taken, said) = push(
        s,
        url,
        &s.commit("root").touch("kernel/a.c").make(),
        "master",
    );
    assert!(
        taken && said.contains("accepted: bpf-next/master"),
        "{said}"
    );
}

/// It takes whatever comes.
fn takes_anything(s: &Sandbox, url: &Path) {
    let commit = s.touch(&s.base(), "net/core/dev.c");
    let (taken, said) = push(s, url, &commit, "anything");
    assert!(taken && !said.contains("treewarden"), "{said}");
}

/// A script that may be executed.
pub fn script(path: &Path, text: &str) {
    program(path, &format!("#!/bin/sh\n{text}"), 0o755);
}

/// Writes what is executed later. Another process does: were the file open for writing here while
/// another test forks, it would count as busy.
fn program(path: &Path, text: &str, mode: u32) {
    let mut write = Command::new("sh");
    write.args([
        "-c",
        "rm -f -- \"$1\" && cat >\"$1\" && chmod \"$2\" -- \"$1\"",
        "sh",
    ]);
    write.arg(path).arg(format!("{mode:o}"));
    HookRun::of(&mut write, text.as_bytes()).ended(0, "");
}

/// The programs under test, copied into a folder; likewise.
fn copies(folder: &Path, names: &[&str]) {
    std::fs::create_dir_all(folder).unwrap();
    let built = Path::new(env!("CARGO_BIN_EXE_treewarden"))
        .parent()
        .unwrap();
    let mut copy = Command::new("cp");
    copy.args(names.iter().map(|name| built.join(name)));
    HookRun::of(copy.arg(folder), b"").ended(0, "");
}

/// Everything below a folder: mode and contents, or where a link leads. Not the objects, refs and
/// records that pushes bring.
#[derive(PartialEq, Eq)]
struct Snapshot(BTreeMap<PathBuf, (u32, Vec<u8>)>);

fn snapshot(folder: &Path) -> Snapshot {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let metadata = path.symlink_metadata().unwrap();
        let contents = if metadata.is_symlink() {
            let target = std::fs::read_link(&path).unwrap();
            target.as_os_str().as_bytes().to_vec()
        } else if metadata.is_dir() {
            for entry in std::fs::read_dir(&path).unwrap() {
                let entry = entry.unwrap();
                let pushed = ["objects", "refs", "reftable"].map(OsStr::new);
                let is_recorded = entry.path().join("audit.jsonl").exists();
                if !pushed.contains(&&*entry.file_name()) && !is_recorded {
                    open.push(entry.path());
                }
            }
            Vec::new()
        } else {
            std::fs::read(&path).unwrap()
        };
        found.insert(path, (metadata.permissions().mode(), contents));
    }
    Snapshot(found)
}

impl Snapshot {
    /// What there is of it now, in this folder, is the same, and there is nothing more.
    fn is_unchanged(&self, folder: &Path) {
        let now = snapshot(folder);
        let before = self.0.keys().filter(|path| path.starts_with(folder));
        let paths: BTreeSet<_> = before.chain(now.0.keys()).collect();
        for path in paths {
            let [before, after] = [self, &now].map(|all| {
                let (mode, contents) = all.0.get(path)?;
                Some(format!("{mode:o} {}", String::from_utf8_lossy(contents)))
            });
            assert_eq!(before, after, "{}", path.display());
        }
    }
}

/// Runs the command as somebody whom modes of files bind: root they don't.
fn as_nobody(command: &Command) -> Command {
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut other = match is_root {
        true => {
            let mut other = Command::new("setpriv");
            other.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
            other.arg(command.get_program());
            other
        }
        false => Command::new(command.get_program()),
    };
    other.args(command.get_args()).env_clear();
    for (key, value) in command.get_envs() {
        other.env(key, value.unwrap());
    }
    other.current_dir(command.get_current_dir().unwrap());
    other
}

/// Lets that somebody own all below the folder, and come in from above.
fn give_to_nobody(folder: &Path, below: &Path) {
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder, open).unwrap();
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if is_root {
        let mut chown = Command::new("chown");
        let done = chown.args(["-R", "65534:65534"]).arg(below).status();
        assert!(done.unwrap().success());
    }
}
