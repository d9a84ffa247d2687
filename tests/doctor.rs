//! `treewarden doctor`: each way in which a gate opens without a word is made to happen, and is
//! named. What it tells to do is done, and mends it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod audit;
mod canary;
mod client;
mod hook;
mod keyring;
mod page;
mod policy;
mod users;

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::{Format, Sandbox, everywhere};

/// The programs, as they are installed side by side.
const PROGRAMS: [(&str, &str); 4] = [
    ("treewarden", env!("CARGO_BIN_EXE_treewarden")),
    (
        "treewarden-pre-receive",
        env!("CARGO_BIN_EXE_treewarden-pre-receive"),
    ),
    (
        "treewarden-post-receive",
        env!("CARGO_BIN_EXE_treewarden-post-receive"),
    ),
    (
        "treewarden-pre-push",
        env!("CARGO_BIN_EXE_treewarden-pre-push"),
    ),
];

/// A sandbox in which all is well: anybody may enter it, the programs are in its `bin`, and the
/// server has trees, and upstreams that moved today.
fn healthy(s: &Sandbox) {
    set_mode(s.folder(), 0o755);
    let bin = bin(s);
    std::fs::create_dir_all(&bin).unwrap();
    for (name, built) in PROGRAMS {
        let path = bin.join(name);
        // A copy where the sandbox is on another file system.
        if std::fs::hard_link(built, &path).is_err() {
            std::fs::copy(built, &path).unwrap();
        }
    }
    install_text(s, NOT_DUE);
    s.started();
    let today = made_at(s, now());
    let upstreams = ["linus", "bpf", "net-next"].map(|name| format!("refs/upstream/{name}/main"));
    s.seed(&today, &upstreams.each_ref().map(String::as_str));
}

/// One such, where the repository's format has no part in what is tested.
fn one() -> Sandbox {
    let sandbox = Sandbox::new(Format::Sha1Files);
    healthy(&sandbox);
    sandbox
}

fn bin(s: &Sandbox) -> PathBuf {
    s.folder().join("bin")
}

/// The hook.
fn hook(s: &Sandbox) -> PathBuf {
    s.server().join("hooks/pre-receive")
}

/// Replaces the hook.
fn write_hook(s: &Sandbox, text: &str) {
    std::fs::write(hook(s), text).unwrap();
}

/// The program that the hook starts, which a test may spoil: nothing else has the same file.
fn write_program(s: &Sandbox, text: &str) -> PathBuf {
    let folder = s.folder().join("other");
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join("treewarden-pre-receive");
    std::fs::write(&program, text).unwrap();
    set_mode(&program, 0o755);
    let real = bin(s).join("treewarden-pre-receive");
    let shim = std::fs::read_to_string(hook(s)).unwrap();
    let other = shim.replace(real.to_str().unwrap(), program.to_str().unwrap());
    assert_ne!(other, shim);
    write_hook(s, &other);
    program
}

/// Installs with the programs of the sandbox.
fn install(s: &Sandbox, policy: &str) {
    let server = s.server().to_str().unwrap();
    sh(
        s,
        &format!("treewarden install --no-doctor --server {server} --policy {policy}"),
    );
}

/// Writes the text into a policy file, and installs it.
fn install_text(s: &Sandbox, text: &str) -> PathBuf {
    let path = s.folder().join("policy.toml");
    std::fs::write(&path, format!("version = 1\n{text}")).unwrap();
    set_mode(&path, 0o644);
    install(s, path.to_str().unwrap());
    path
}

/// The policy of a healthy sandbox: the preset, whose day of review is nearer.
const NOT_DUE: &str = "extends = \"preset:bpf-next\"\nreview-by = 2099-12-31\n";

/// A policy as small as can be.
const SMALL: &str = "[[path-class]]\nname = \"networking\"\npaths = [\"net/**\"]\n\
    [[tree]]\nname = \"master\"\nrefs = [\"refs/heads/master\"]\ndeny = [\"networking\"]\n";

/// Runs a line of shell, with treewarden on the `PATH`; it must succeed.
fn sh(s: &Sandbox, line: &str) {
    let mut path = bin(s).into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let mut command = s.command("sh");
    let output = command.env("PATH", path).args(["-c", line]).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {said}");
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn now() -> u64 {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    since.as_secs()
}

/// A commit without files that was made then, in seconds since 1970.
fn made_at(s: &Sandbox, seconds: u64) -> String {
    let tree = s.raw_object("tree", b"");
    let person = format!("A U Thor <author@example.com> {seconds} +0000");
    let text = format!("tree {tree}\nauthor {person}\ncommitter {person}\n\nupstream\n");
    s.raw_object("commit", text.as_bytes())
}

/// Returns true if and only if the tests run as root, who alone can be somebody else.
fn is_root() -> bool {
    static ROOT: OnceLock<bool> = OnceLock::new();
    *ROOT.get_or_init(|| {
        let file = tempfile::tempfile().unwrap();
        let root = file.metadata().unwrap().uid() == 0;
        if !root {
            // Past the capture of the test's output: what isn't tested must be seen.
            let line = "LEFT OUT: what needs other users, since these tests don't run as root\n";
            std::io::stderr().write_all(line.as_bytes()).unwrap();
        }
        root
    })
}

/// What the doctor said.
struct Examined {
    status: Option<i32>,
    document: Value,
}

/// Examines the server.
fn examined(s: &Sandbox) -> Examined {
    examined_by(s, |_| {})
}

/// The same with the command changed before it runs.
fn examined_by(s: &Sandbox, change: impl FnOnce(&mut Command)) -> Examined {
    let mut command = s.command(bin(s).join("treewarden"));
    command.arg("doctor").arg(s.server());
    change(&mut command);
    run(&mut command)
}

fn run(command: &mut Command) -> Examined {
    let output = command
        .args(["--format", "json"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said, "", "{command:?}");
    Examined {
        status: output.status.code(),
        document: serde_json::from_slice(&output.stdout).unwrap(),
    }
}

impl Examined {
    fn entries(&self) -> &Vec<Value> {
        self.document["entries"].as_array().unwrap()
    }

    /// A line each, for the message of a test that fails.
    fn shown(&self) -> String {
        let entries = self.entries().iter();
        let lines = entries.map(|entry| {
            let text = |key: &str| entry[key].as_str().unwrap();
            format!(
                "{} {}: {}\n",
                text("outcome"),
                text("check"),
                text("detail")
            )
        });
        lines.collect()
    }

    /// The names of the checks that came out so, each once, in order.
    fn named(&self, outcome: &str) -> Vec<&str> {
        let entries = self.entries().iter();
        let mut names: Vec<&str> = entries
            .filter(|entry| entry["outcome"] == outcome)
            .map(|entry| entry["check"].as_str().unwrap())
            .collect();
        names.dedup();
        names
    }

    /// These checks failed and warned, and no other.
    fn is(&self, status: i32, failed: &[&str], warned: &[&str]) -> &Self {
        assert_eq!(self.named("fail"), failed, "{}", self.shown());
        assert_eq!(self.named("warn"), warned, "{}", self.shown());
        assert_eq!(self.status, Some(status));
        let outcome = match (failed, warned) {
            ([], []) => "ok",
            ([], _) => "warn",
            _ => "fail",
        };
        assert_eq!(self.document["outcome"], outcome);
        self
    }

    /// Nothing is to be mended.
    fn is_well(&self) -> &Self {
        self.is(0, &[], &[])
    }

    /// These checks failed, and nothing else was found.
    fn fails(&self, failed: &[&str]) -> &Self {
        self.is(1, failed, &[])
    }

    /// These checks warned, and nothing failed.
    fn warns(&self, warned: &[&str]) -> &Self {
        self.is(0, &[], warned)
    }

    /// The check found something with this text in its details.
    fn says(&self, check: &str, text: &str) -> &Self {
        let mut entries = self.entries().iter();
        let says = |entry: &Value| {
            entry["check"] == check && entry["detail"].as_str().unwrap().contains(text)
        };
        assert!(
            entries.any(says),
            "{check} doesn't say {text:?}:\n{}",
            self.shown()
        );
        self
    }

    /// The help of the check, where it is not ok.
    fn help(&self, check: &str) -> String {
        let mut entries = self.entries().iter();
        let found = entries.find(|entry| entry["check"] == check && entry["outcome"] != "ok");
        found.unwrap()["help"].as_str().unwrap().to_owned()
    }

    /// Does what the check's help tells: after that all is well.
    fn is_mended_by(&self, s: &Sandbox, check: &str) {
        sh(s, &self.help(check));
        examined(s).is_well();
    }
}

/// Everything below a folder: names, kinds, permissions, times and contents.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (u32, i64, i64, Vec<u8>)> {
    let mut seen = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let found = path.symlink_metadata().unwrap();
        let contents = if found.is_dir() {
            let entries = std::fs::read_dir(&path).unwrap();
            open.extend(entries.map(|entry| entry.unwrap().path()));
            Vec::new()
        } else if found.is_symlink() {
            path.read_link()
                .unwrap()
                .into_os_string()
                .into_encoded_bytes()
        } else {
            std::fs::read(&path).unwrap()
        };
        let facts = (found.mode(), found.mtime(), found.mtime_nsec(), contents);
        seen.insert(path, facts);
    }
    seen
}

#[test]
fn a_healthy_server_is_well_in_every_format() {
    everywhere(|s| {
        healthy(s);
        let (reftable, files) = ("refs in a reftable", "refs in files");
        let refs = if s.format.has_files() {
            files
        } else {
            reftable
        };
        examined(s)
            .is_well()
            .says("repository", s.format.objects())
            .says("repository", refs)
            .says("trees", "with a ref: bpf-next/master, bpf-next/net")
            .says("trees", "without one yet: bpf-next/for-next")
            .says("upstreams", "linus: the newest of its refs moved today")
            .says("canary", "refs/replace/ was refused: replace-ref")
            .says("canary", "refs/heads/master was refused: denied-path")
            .says("canary", "refs/heads/net was refused: only-denied-paths");
    });
}

#[test]
fn nothing_in_the_repository_changes() {
    everywhere(|s| {
        healthy(s);
        let before = snapshot(s.server());
        examined(s).is_well();
        assert!(snapshot(s.server()) == before);
        // Nor where every push of the canary is accepted.
        std::fs::remove_file(hook(s)).unwrap();
        let before = snapshot(s.server());
        examined(s).fails(&["hook", "canary"]);
        assert!(snapshot(s.server()) == before);
    });
}

#[test]
fn nothing_is_left_in_the_folder_for_temporary_files() {
    let s = one();
    let folder = s.folder().join("tmp");
    std::fs::create_dir(&folder).unwrap();
    examined_by(&s, |command| {
        command.env("TMPDIR", &folder);
    })
    .is_well();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn without_canary_no_push_is_made() {
    let s = one();
    write_program(&s, "#!/bin/sh\nexit 0\n");
    examined(&s).is(1, &["canary"], &["binary"]);
    let examined = examined_by(&s, |command| {
        command.arg("--no-canary");
    });
    examined.warns(&["binary"]);
    assert!(!examined.named("ok").contains(&"canary"));
}

#[test]
fn text_says_what_the_document_says() {
    let s = one();
    set_mode(&hook(&s), 0o644);
    let examined = examined(&s);
    let mut command = s.command(bin(&s).join("treewarden"));
    let output = command.arg("doctor").arg(s.server()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut want = String::new();
    let mut counts = [0; 3];
    for entry in examined.entries() {
        let text = |key: &str| entry[key].as_str().unwrap();
        let (word, at) = match text("outcome") {
            "ok" => ("ok   ", 0),
            "warn" => ("warn ", 1),
            _ => ("FAIL ", 2),
        };
        counts[at] += 1;
        if text("check") == "hooks-path" {
            want.push_str("server:\n");
        }
        want.push_str(&format!("{word} {}: {}\n", text("check"), text("detail")));
        if at > 0 {
            want.push_str(&format!("      help: {}\n", text("help")));
        }
    }
    let [ok, warn, fail] = counts;
    want.push_str(&format!("treewarden: {ok} ok, {warn} warn, {fail} FAIL\n"));
    assert_eq!(text, want);
    assert_eq!(
        examined.document["repository"].as_str(),
        s.server().canonicalize().unwrap().to_str()
    );
}

#[test]
fn the_repository_around_the_current_folder_is_meant_by_default() {
    let s = one();
    let here = |change: fn(&mut Command)| {
        let mut command = s.command(bin(&s).join("treewarden"));
        command.arg("doctor").current_dir(s.server().join("refs"));
        change(&mut command);
        run(&mut command)
    };
    here(|_| {}).is_well();
    here(|command| {
        command.current_dir("/").env("GIT_DIR", "/nonexistent");
    })
    .is(4, &["repository"], &[]);
    here(|command| {
        command.current_dir("/");
    })
    .is(4, &["repository"], &[]);
}

#[test]
fn what_is_no_repository_fails_and_ends_in_4() {
    let s = one();
    let of = |path: &Path| {
        let mut command = s.command(bin(&s).join("treewarden"));
        run(command.arg("doctor").arg(path))
    };
    of(s.folder()).is(4, &["repository"], &[]);
    of(Path::new("/nonexistent")).is(4, &["repository"], &[]);
    s.on_server(&["config", "core.repositoryFormatVersion", "99"]);
    of(s.server())
        .is(4, &["repository"], &[])
        .says("repository", "99");
}

#[test]
fn where_nothing_is_installed_it_says_how_to() {
    let s = one();
    let client = s.client();
    let mut command = s.command(bin(&s).join("treewarden"));
    let bare = run(command.arg("doctor").arg(&client));
    bare.fails(&["installed"]);
    assert_eq!(
        bare.help("installed"),
        format!(
            "treewarden install --server {} --policy POLICY",
            client.canonicalize().unwrap().display()
        )
    );
    let clone = s.folder().join("clone");
    sh(&s, "git init -q clone");
    let mut command = s.command(bin(&s).join("treewarden"));
    let clone = run(command.arg("doctor").arg(clone));
    clone.fails(&["installed"]);
    assert!(
        clone
            .help("installed")
            .contains("treewarden install --local")
    );
}

/// What git is told of another repository isn't for the one in question.
#[test]
fn the_environment_speaks_of_no_other_repository() {
    let s = one();
    let examined = examined_by(&s, |command| {
        for name in [
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_COMMON_DIR",
            "GIT_INDEX_FILE",
            "GIT_OBJECT_DIRECTORY",
            "GIT_QUARANTINE_PATH",
            "GIT_CONFIG",
            "GIT_NAMESPACE",
        ] {
            command.env(name, "/nonexistent");
        }
        command.env("GIT_ALLOW_PROTOCOL", "https");
    });
    examined.is_well();
}

#[test]
fn what_a_user_configured_does_not_spoil_the_canary() {
    let s = one();
    let config = "[push]\n\tgpgSign = true\n\tpushOption = x\n\tfollowTags = true\n\
        [protocol]\n\tallow = never\n[protocol \"file\"]\n\tallow = never\n\
        [transfer]\n\thideRefs = refs\n[receive]\n\thideRefs = refs/replace\n\
        [init]\n\tdefaultObjectFormat = sha256\n\ttemplateDir = /nonexistent\n\
        [url \"https://example.org/\"]\n\tinsteadOf = /\n\tpushInsteadOf = /\n";
    std::fs::write(s.folder().join(".gitconfig"), config).unwrap();
    s.on_server(&["config", "receive.hideRefs", "refs/heads"]);
    examined(&s).is_well();
}

/// A user can have the same server twice, in a shell's way of looking at names.
#[test]
fn odd_paths_are_told_so_that_a_shell_reads_them() {
    let s = Sandbox::at(Format::Sha1Files, "it's $(odd):\x1b.git");
    healthy_at_odd_path(&s);
    set_mode(&hook(&s), 0o644);
    let examined = examined(&s);
    examined.fails(&["hook", "canary"]).says("hook", "\\x1b");
    let text = examined.help("hook");
    assert!(text.contains("/it'\"'\"'s $(odd):"), "{text}");
}

fn healthy_at_odd_path(s: &Sandbox) {
    std::fs::create_dir_all(bin(s)).unwrap();
    set_mode(s.folder(), 0o755);
    for (name, built) in PROGRAMS {
        symlink(built, bin(s).join(name)).unwrap();
    }
    let policy = s.folder().join("small.toml");
    std::fs::write(&policy, format!("version = 1\n{SMALL}")).unwrap();
    s.install(policy.to_str().unwrap());
    examined(s).is_well();
}
