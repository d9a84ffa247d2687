//! git, asked.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tempfile::TempDir;
use treewarden::ambient::Ambient;
use treewarden::git::CleanGit;
use treewarden::update::Oid;

/// git on one repository, with nothing of the machine's configuration.
pub struct Witness {
    pub git: CleanGit,
    pub dir: PathBuf,
    /// Where objects that git makes up on the way go: a repository of the tester's own stays as
    /// it is.
    made_up: TempDir,
}

/// What git answered.
pub struct Answer {
    pub status: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Witness {
    pub fn new(dir: &Path) -> Self {
        Self {
            git: Ambient::read().git,
            dir: dir.canonicalize().unwrap(),
            made_up: tempfile::tempdir().unwrap(),
        }
    }

    /// git's answer, whatever its exit status.
    pub fn try_ask(&self, args: &[&str], stdin: &[u8]) -> Answer {
        let mut command = self.git.command(&self.dir);
        command
            .args(args)
            .env("GIT_OBJECT_DIRECTORY", self.made_up.path())
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.dir.join("objects"));
        finish(command, args, stdin)
    }

    /// git's answer.
    pub fn ask(&self, args: &[&str], stdin: &[u8]) -> Vec<u8> {
        let answer = self.try_ask(args, stdin);
        let said = answer.stderr.escape_ascii().to_string();
        assert_eq!(answer.status, 0, "git {args:?}: {said}");
        answer.stdout
    }

    /// git's answer, as a list of commits.
    pub fn commits(&self, args: &[&str]) -> Vec<Oid> {
        let answer = self.try_ask(args, b"");
        assert!(matches!(answer.status, 0 | 1), "git {args:?}");
        let lines = answer.stdout.split(|byte| *byte == b'\n');
        lines
            .filter(|line| !line.is_empty())
            .map(|line| Oid::from_hex(line).unwrap())
            .collect()
    }

    /// Runs `git fast-import`.
    pub fn import(&self, stream: &[u8]) -> Vec<u8> {
        // As a pack: hundreds of small files a history would be most of a test's time.
        let pack = ["-c", "fastimport.unpackLimit=0"];
        self.change(&[&pack[..], &["fast-import", "--quiet"]].concat(), stream)
    }

    /// Runs what writes to the repository itself.
    pub fn change(&self, args: &[&str], stdin: &[u8]) -> Vec<u8> {
        let mut command = self.git.command(&self.dir);
        command.args(args);
        let answer = finish(command, args, stdin);
        assert_eq!(answer.status, 0, "{}", answer.stderr.escape_ascii());
        answer.stdout
    }
}

fn finish(mut command: std::process::Command, args: &[&str], stdin: &[u8]) -> Answer {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let answer = std::thread::scope(|scope| {
        // git may have its answer, and close its input, before it has read all.
        scope.spawn(move || drop(input.write_all(stdin)));
        child.wait_with_output().unwrap()
    });
    Answer {
        status: answer
            .status
            .code()
            .unwrap_or_else(|| panic!("git {args:?} was killed")),
        stdout: answer.stdout,
        stderr: answer.stderr,
    }
}

/// An empty bare repository, written by hand: `git init` would be a process more for each case.
pub fn fresh_repository(sha256: bool) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let format = match sha256 {
        true => "repositoryformatversion = 1\n[extensions]\nobjectFormat = sha256\n",
        false => "repositoryformatversion = 0\n",
    };
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("objects")).unwrap();
    std::fs::create_dir(at("refs")).unwrap();
    std::fs::write(at("HEAD"), "ref: refs/heads/none\n").unwrap();
    std::fs::write(at("config"), format!("[core]\nbare = true\n{format}")).unwrap();
    folder
}
