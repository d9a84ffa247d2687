//! A server with the hook installed, and a client that pushes to it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// When the first commit is made: 2024-09-01, after the plan was announced and before its review.
const FIRST_DATE: u64 = 1_725_148_800;

/// How a repository names its objects, and where it keeps its refs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Sha1Files,
    Sha256Files,
    Sha1Reftable,
    Sha256Reftable,
}

impl Format {
    const ALL: [Self; 4] = [
        Self::Sha1Files,
        Self::Sha256Files,
        Self::Sha1Reftable,
        Self::Sha256Reftable,
    ];

    pub fn objects(self) -> &'static str {
        match self {
            Self::Sha1Files | Self::Sha1Reftable => "sha1",
            Self::Sha256Files | Self::Sha256Reftable => "sha256",
        }
    }

    pub fn has_files(self) -> bool {
        matches!(self, Self::Sha1Files | Self::Sha256Files)
    }

    /// The zero oid of the format.
    pub fn zero(self) -> String {
        "0".repeat(if self.objects() == "sha1" { 40 } else { 64 })
    }
}

/// Runs the test in a fresh sandbox of every format, with the policy `preset:bpf-next`.
pub fn everywhere(test: impl Fn(&Sandbox)) {
    for format in Format::ALL {
        if !format.has_files() && !git_knows_reftable() {
            continue;
        }
        // Shown only where the test fails: it tells in which format.
        eprintln!("--- {format:?}");
        test(&Sandbox::new(format));
    }
}

fn git_knows_reftable() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new("git")
            .args(["init", "-q", "--bare", "--ref-format=reftable"])
            .arg(folder.path().join("probe"))
            .stderr(Stdio::null())
            .status();
        let known = made.unwrap().success();
        if !known {
            // Past the capture of the test's output: what isn't tested must be seen.
            let line = "LEFT OUT: reftable, which this git doesn't know (2.45 is the first)\n";
            std::io::stderr().write_all(line.as_bytes()).unwrap();
        }
        known
    })
}

/// What a process answered.
#[derive(Debug)]
pub struct Output {
    pub status: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Output {
    /// Standard output without its last line feed, of a process that must have done its work.
    pub fn text(&self) -> String {
        assert_eq!(self.status, Some(0), "{}", self.errors());
        String::from_utf8_lossy(&self.stdout).trim_end().to_owned()
    }

    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// A folder with a server's repository and a client's.
pub struct Sandbox {
    pub format: Format,
    folder: TempDir,
    server: PathBuf,
    minutes: Cell<u64>,
}

impl Sandbox {
    /// With `preset:bpf-next`, in the layout of kernel.org: `refs/heads/master` is a tree's.
    pub fn new(format: Format) -> Self {
        Self::at(format, "server.git")
    }

    /// The same with the server's repository at this path below the sandbox.
    pub fn at(format: Format, server: impl AsRef<OsStr>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Self {
            format,
            server: folder.path().join(server.as_ref()),
            folder,
            minutes: Cell::new(0),
        };
        sandbox.init(&sandbox.server, !format.has_files());
        sandbox.init(&sandbox.client(), false);
        sandbox.install("preset:bpf-next");
        sandbox
    }

    fn init(&self, path: &Path, reftable: bool) {
        let mut command = self.command("git");
        command.args(["init", "-q", "--bare", "--initial-branch=unborn"]);
        command.arg(format!("--object-format={}", self.format.objects()));
        if reftable {
            command.arg("--ref-format=reftable");
        }
        run(command.arg(path), b"").text();
        // Nothing may still be at work when the folder is removed.
        for key in ["gc.auto", "receive.autogc", "maintenance.auto"] {
            let value = if key == "gc.auto" { "0" } else { "false" };
            run(self.git_in(path).args(["config", key, value]), b"").text();
        }
    }

    /// The folder that holds everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's repository.
    pub fn server(&self) -> &Path {
        &self.server
    }

    /// The client's repository: bare, since no test needs its files.
    pub fn client(&self) -> PathBuf {
        self.folder().join("client.git")
    }

    /// Installs the hook with a policy: `preset:<name>` or the path of a file.
    pub fn install(&self, policy: &str) -> Output {
        let mut command = self.treewarden();
        command
            .args(["install", "--no-doctor", "--server"])
            .arg(&self.server);
        let output = run(command.args(["--policy", policy]), b"");
        assert_eq!(output.status, Some(0), "{}", output.errors());
        output
    }

    /// Writes the text into the policy file, and installs it.
    pub fn policy(&self, text: &str) -> &Self {
        let path = self.folder().join("policy.toml");
        std::fs::write(&path, format!("version = 1\n{text}")).unwrap();
        self.install(path.to_str().unwrap());
        self
    }

    /// The same, laid over `preset:bpf-next`.
    pub fn over_preset(&self, text: &str) -> &Self {
        self.policy(&format!("extends = \"preset:bpf-next\"\n{text}"))
    }

    /// A policy as small as can be: one tree, one class, which is denied there.
    pub fn small_policy(&self, more: &str) -> &Self {
        self.policy(&format!(
            "{more}\n[[path-class]]\nname = \"networking\"\npaths = [\"net/**\"]\n\
             [[tree]]\nname = \"master\"\nrefs = [\"refs/heads/master\"]\ndeny = [\"networking\"]\n"
        ))
    }

    /// A command with a cleared environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.folder())
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .current_dir(self.folder());
        for role in ["AUTHOR", "COMMITTER"] {
            let date = format!("{} +0000", FIRST_DATE + 60 * self.minutes.get());
            command
                .env(format!("GIT_{role}_NAME"), "A U Thor")
                .env(format!("GIT_{role}_EMAIL"), "author@example.com")
                .env(format!("GIT_{role}_DATE"), date);
        }
        command
    }

    /// git on one git directory.
    pub fn git_in(&self, git_dir: &Path) -> Command {
        let mut command = self.command("git");
        command.env("GIT_DIR", git_dir);
        command
    }

    /// The command line under test.
    pub fn treewarden(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_treewarden"))
    }

    /// Runs git in the client's repository; it must succeed.
    pub fn git(&self, arguments: &[&str]) -> String {
        self.git_with(arguments, b"")
    }

    /// The same with something on standard input.
    pub fn git_with(&self, arguments: &[&str], stdin: &[u8]) -> String {
        run(self.git_in(&self.client()).args(arguments), stdin).text()
    }

    /// Runs git in the server's repository; it must succeed.
    pub fn on_server(&self, arguments: &[&str]) -> String {
        run(self.git_in(&self.server).args(arguments), b"").text()
    }

    /// Puts a commit on refs of the server, past its hook: what stood there before the test.
    pub fn seed(&self, commit: &str, refs: &[&str]) {
        let refspecs: Vec<_> = refs
            .iter()
            .map(|name| format!("+{commit}:{}", full(name)))
            .collect();
        let mut command = self.git_in(&self.client());
        command.args(["push", "-q"]);
        command.arg("--receive-pack=git -c core.hooksPath=/dev/null receive-pack");
        run(command.arg(&self.server).args(refspecs), b"").text();
    }

    /// What the server's ref holds.
    pub fn at_ref(&self, name: &str) -> Option<String> {
        self.refs().get(&full(name)).cloned()
    }

    /// All refs of the server.
    pub fn refs(&self) -> BTreeMap<String, String> {
        let format = "--format=%(refname) %(objectname)";
        let text = self.on_server(&["for-each-ref", format]);
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        pairs.map(|(name, oid)| (name.into(), oid.into())).collect()
    }

    /// Makes a symbolic ref on the server.
    pub fn symref(&self, name: &str, target: &str) {
        self.on_server(&["symbolic-ref", name, target]);
    }

    /// Leaves the server's refs in a state that only git makes out.
    pub fn needs_git(&self) -> &Self {
        if self.format.has_files() {
            let packed = self.server.join("packed-refs");
            assert!(!packed.exists(), "this would lose packed refs");
            std::fs::write(packed, "# pack-refs with: peeled \n").unwrap();
        }
        self
    }

    /// The date of the next commit, in seconds since 1970.
    pub(super) fn next_date(&self) -> u64 {
        self.minutes.set(self.minutes.get() + 1);
        FIRST_DATE + 60 * self.minutes.get()
    }
}

/// The full name of a branch, or the name itself.
pub(super) fn full(name: &str) -> String {
    if name.starts_with("refs/") {
        name.into()
    } else {
        format!("refs/heads/{name}")
    }
}

/// Runs the command to its end.
pub(super) fn run(command: &mut Command, stdin: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut pipe = child.stdin.take().unwrap();
    let input = stdin.to_vec();
    // A process that ends without reading breaks the pipe: what it answered is what counts.
    let writer = std::thread::spawn(move || drop(pipe.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Output {
        status: output.status.code(),
        stdout: output.stdout,
        stderr: output.stderr,
    }
}

/// The bytes as an argument.
pub(super) fn os(bytes: &[u8]) -> OsString {
    OsStr::from_bytes(bytes).to_owned()
}
