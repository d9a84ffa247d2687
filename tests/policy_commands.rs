//! `treewarden policy`: a policy by itself.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod cases;
mod lint;
mod oracle;
mod show;

use crate::support::{Format, Sandbox};

/// What a run of `treewarden policy` came to.
struct Answer {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs `treewarden policy` in the sandbox's folder, which is no repository.
fn policy(s: &Sandbox, arguments: &[&str]) -> Answer {
    let output = s
        .treewarden()
        .arg("policy")
        .args(arguments)
        .output()
        .unwrap();
    let folder = format!("{}/", s.folder().display());
    let text = |bytes| String::from_utf8(bytes).unwrap().replace(&folder, "");
    Answer {
        status: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Writes the policy into a file of the sandbox, and runs a subcommand on it.
fn on(s: &Sandbox, subcommand: &str, text: &str) -> Answer {
    std::fs::write(s.folder().join("p.toml"), format!("version = 1\n{text}")).unwrap();
    policy(s, &[subcommand, "p.toml"])
}

impl Answer {
    /// It ended with this status and printed these lines, one after another.
    fn ended(&self, status: i32, lines: &[&str]) -> &Self {
        assert_eq!(self.status, Some(status), "{}{}", self.stdout, self.stderr);
        let text = lines.join("\n");
        assert!(
            self.stdout.contains(&text),
            "no\n{text}\nin:\n{}",
            self.stdout
        );
        self
    }

    /// It failed with this status, and said this on standard error.
    fn failed(&self, status: i32, text: &str) {
        assert_eq!(self.status, Some(status), "{}{}", self.stdout, self.stderr);
        assert!(
            self.stderr.contains(text),
            "no {text:?} in:\n{}",
            self.stderr
        );
        assert_eq!(self.stdout, "");
    }
}

const SUBCOMMANDS: [&str; 3] = ["lint", "show", "test"];

#[test]
fn the_policy_is_the_one_that_the_repository_names() {
    for subcommand in SUBCOMMANDS {
        let s = &Sandbox::new(Format::Sha1Files);
        let in_server = |arguments: &[&str]| {
            let mut command = s.treewarden();
            command.args(["policy", subcommand]).args(arguments);
            command.current_dir(s.server()).output().unwrap()
        };
        let text = |arguments: &[&str]| String::from_utf8(in_server(arguments).stdout).unwrap();
        assert!(text(&[]).contains("preset:bpf-next"), "{}", text(&[]));
        s.on_server(&["config", "--unset", "treewarden.policy"]);
        assert_eq!(in_server(&[]).status.code(), Some(3));
        policy(s, &[subcommand]).failed(4, "no git repository");
        policy(s, &[subcommand, "gone.toml"]).failed(3, "gone.toml");
    }
}

#[test]
fn all_faults_are_told_and_end_in_3() {
    let s = &Sandbox::new(Format::Sha1Files);
    for subcommand in SUBCOMMANDS {
        let answer = on(s, subcommand, "x = 1\n[[case]]\nname = 'c'\n");
        for line in ["p.toml:2: ", "p.toml:3: "] {
            answer.failed(3, line);
        }
        on(s, subcommand, "repositry = 'x'\n").failed(3, "did you mean `repository`?");
    }
}

#[test]
fn a_name_can_be_given_for_the_repository() {
    let s = &Sandbox::new(Format::Sha1Files);
    let text = "version = 1\n[[tree]]\nname = 't'\nrefs = ['one:refs/heads/t']\n";
    std::fs::write(s.folder().join("p.toml"), text).unwrap();
    for subcommand in SUBCOMMANDS {
        policy(s, &[subcommand, "p.toml"]).failed(3, "set `repository`");
        let named = policy(s, &[subcommand, "p.toml", "--repository", "one"]);
        assert_eq!(named.status, Some(0), "{}", named.stderr);
    }
}

#[test]
fn usage_is_told_and_ends_in_2() {
    let s = &Sandbox::new(Format::Sha1Files);
    for arguments in [&[][..], &["nothing"], &["test", "--x"], &["test", "a", "b"]] {
        policy(s, arguments).failed(2, "Usage: treewarden policy");
    }
}

/// A check that nobody could read hasn't succeeded.
#[test]
fn a_full_disk_is_an_error() {
    let s = &Sandbox::new(Format::Sha1Files);
    for subcommand in SUBCOMMANDS {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let mut command = s.treewarden();
        command.args(["policy", subcommand, "preset:bpf-next"]);
        assert_eq!(
            command.stdout(full).output().unwrap().status.code(),
            Some(4)
        );
    }
}
