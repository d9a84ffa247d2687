//! A hook that is killed while it writes, by a real push: the library's test program is the hook,
//! and ends itself at the stage that it is told of.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::stage::{ALL, VARIABLE};
use super::{Place, Question, Sharing, Verified, segments, verify};
use crate::ambient::Ambient;
use crate::hook::pre_receive;

const POLICY: &str = "version = 1\n[[path-class]]\nname = \"net\"\npaths = [\"net/**\"]\n\
                      [[tree]]\nname = \"main\"\nrefs = [\"refs/heads/main\"]\ndeny = [\"net\"]\n";

/// Not a test: what the shim below starts.
#[test]
#[ignore = "started by the shim of the tests below, as a hook"]
#[allow(clippy::exit, clippy::disallowed_methods)]
fn as_hook() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    let (mut stdin, mut stderr) = (std::io::stdin(), std::io::stderr());
    let ended = pre_receive(&[], &mut stdin, &mut stderr, &Ambient::read());
    let accepted = std::process::ExitCode::from(ended) == std::process::ExitCode::SUCCESS;
    std::process::exit(i32::from(!accepted));
}

/// A server whose hook is this program, and a commit to push there.
struct Server {
    folder: tempfile::TempDir,
}

impl Server {
    fn new() -> Self {
        let server = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let path = server.path();
        server.git(&["init", "-q", "--bare", &path]).unwrap();
        server
            .git(&[
                "-C",
                &path,
                "config",
                "treewarden.policy",
                "treewarden.toml",
            ])
            .unwrap();
        std::fs::write(server.repo().join("treewarden.toml"), POLICY).unwrap();
        std::fs::create_dir(server.repo().join("treewarden")).unwrap();
        let hook = format!(
            "#!/bin/sh\nexec '{}' audit::killed::as_hook --exact --ignored --nocapture\n",
            std::env::current_exe().unwrap().display()
        );
        let file = server.repo().join("hooks/pre-receive");
        std::fs::write(&file, hook).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        server.git(&["init", "-q", &server.client()]).unwrap();
        server
    }

    fn repo(&self) -> PathBuf {
        self.folder.path().join("server.git")
    }

    fn path(&self) -> String {
        self.repo().to_str().unwrap().to_owned()
    }

    fn client(&self) -> String {
        self.folder
            .path()
            .join("client")
            .to_str()
            .unwrap()
            .to_owned()
    }

    #[allow(clippy::disallowed_methods)]
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.folder.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.com"])
            .args(arguments);
        command
    }

    fn git(&self, arguments: &[&str]) -> Option<String> {
        let output = self.command(arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        output.status.success().then(|| text.trim().to_owned())
    }

    fn commit(&self) -> String {
        let client = self.client();
        self.git(&["-C", &client, "commit", "-q", "--allow-empty", "-m", "x"])
            .unwrap();
        self.git(&["-C", &client, "rev-parse", "HEAD"]).unwrap()
    }

    /// Pushes while the hook is to end at that stage.
    fn push(&self, stage: impl AsRef<OsStr>) -> Output {
        let (client, server) = (self.client(), self.path());
        let mut command = self.command(&["-C", &client, "push", &server, "HEAD:refs/heads/main"]);
        command.env(VARIABLE, stage).output().unwrap()
    }

    fn at_ref(&self) -> Option<String> {
        self.git(&[
            "-C",
            &self.path(),
            "rev-parse",
            "-q",
            "--verify",
            "refs/heads/main",
        ])
    }

    fn log(&self) -> PathBuf {
        self.repo().join("treewarden/audit.jsonl")
    }

    fn verified(&self) -> Verified {
        let place = Place::at(&self.log(), Sharing::Umask).unwrap();
        let question = Question {
            files: segments(&place).unwrap(),
            place: Some(place),
            ..Question::default()
        };
        verify(&question).unwrap()
    }

    /// A push that nothing happens to: it lands.
    fn lands(&self) {
        let commit = self.commit();
        let output = self.push("never");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && said.contains("receipt"),
            "{said}"
        );
        assert_eq!(self.at_ref(), Some(commit));
    }
}

#[test]
fn no_ref_moves_and_the_log_verifies() {
    for stage in ALL {
        let server = Server::new();
        // In an empty log, and behind a record.
        for before in [0, 1] {
            if before == 1 {
                server.lands();
            }
            let held = server.at_ref();
            server.commit();
            let output = server.push(stage);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                !output.status.success() && !said.contains("receipt"),
                "{stage}: {said}"
            );
            assert_eq!(server.at_ref(), held, "{stage}");
            let verified = server.verified();
            assert_eq!(verified.faults, [], "{stage}");
            assert_eq!(
                verified.unfinished.is_some(),
                stage == "Appended-half",
                "{stage}"
            );
        }
        server.lands();
        let verified = server.verified();
        assert_eq!(
            (verified.faults, verified.unfinished),
            (Vec::new(), None),
            "{stage}"
        );
    }
}

#[test]
fn a_line_that_nothing_can_end_is_told_of() {
    let server = Server::new();
    server.lands();
    server.commit();
    server.push("Appended-half");
    std::fs::remove_file(server.repo().join("treewarden/audit.jsonl.pending")).unwrap();
    is_truncated(&server.verified(), &server.log());
    server.lands();
    is_truncated(&server.verified(), &server.log());
    assert_eq!(server.verified().records, 3);
}

fn is_truncated(verified: &Verified, log: &Path) {
    let [fault] = verified.faults.as_slice() else {
        panic!("{:?}", verified.faults);
    };
    assert_eq!((fault.file.as_path(), fault.line), (log, 2));
    assert!(fault.what.starts_with("is truncated"), "{}", fault.what);
}
