//! The README's quick start, command by command, from an empty home: what a new user types.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use regex::Regex;

use crate::support::{Format, Sandbox};

/// What the README calls the places, and where they are in the test.
struct World {
    sandbox: Sandbox,
    home: PathBuf,
    prefix: PathBuf,
    served: PathBuf,
    here: PathBuf,
}

impl World {
    /// A machine with git and cargo and an empty home, a server folder with one repository that
    /// has a history, and Linus's tree at a URL.
    fn new() -> Self {
        let sandbox = Sandbox::new(Format::Sha1Files);
        let folder = sandbox.folder().to_owned();
        let (home, prefix, served) = (folder.join("home"), folder.join("usr"), folder.join("srv"));
        for folder in [&home, &prefix, &served] {
            std::fs::create_dir(folder).unwrap();
        }
        let world = Self {
            here: home.clone(),
            sandbox,
            home,
            prefix,
            served,
        };
        world.make_repositories();
        world.make_cargo();
        world
    }

    fn make_repositories(&self) {
        let s = &self.sandbox;
        let base = s.base();
        let bpf_next = self.served.join("bpf-next.git");
        let linux = self.served.join("linux.git");
        for repository in [&linux, &bpf_next] {
            s.git_in(repository)
                .args(["init", "-q", "--bare"])
                .arg(repository)
                .output()
                .unwrap();
            let refspecs = ["master", "net"].map(|name| format!("{base}:refs/heads/{name}"));
            s.git(
                &[
                    &["push", "-q", repository.to_str().unwrap()],
                    &refspecs.each_ref().map(String::as_str)[..],
                ]
                .concat(),
            );
            s.git_in(repository)
                .args(["symbolic-ref", "HEAD", "refs/heads/master"])
                .output()
                .unwrap();
        }
        let config = format!(
            "[url \"{}/\"]\n\tinsteadOf = https://git.example.org/\n[user]\n\tname = A U Thor\n\temail = author@example.com\n",
            self.served.display()
        );
        std::fs::write(self.home.join(".gitconfig"), config).unwrap();
    }

    /// A cargo that builds by taking the binaries under test.
    fn make_cargo(&self) {
        let built = Path::new(env!("CARGO_BIN_EXE_treewarden"))
            .parent()
            .unwrap();
        let cargo = self.sandbox.folder().join("tools/cargo");
        std::fs::create_dir(cargo.parent().unwrap()).unwrap();
        let text = format!(
            "#!/bin/sh\nmkdir -p \"$CARGO_TARGET_DIR/release\"\ncp '{}'/treewarden* \"$CARGO_TARGET_DIR/release/\"\n",
            built.display()
        );
        std::fs::write(&cargo, text).unwrap();
        std::fs::set_permissions(&cargo, PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// Runs a line of the README; it must end as the README says.
    fn run(&mut self, line: &str) {
        let line = line
            .replace(
                "./install.sh",
                &format!("./install.sh --prefix {}", self.prefix.display()),
            )
            .replace("/srv/git", self.served.to_str().unwrap());
        if let Some(folder) = line.strip_prefix("cd ") {
            self.here = self.here.join(folder);
            return;
        }
        let here = if line.starts_with("./") {
            Path::new(env!("CARGO_MANIFEST_DIR"))
        } else {
            &self.here
        };
        let path = std::env::var_os("PATH").unwrap();
        let tools = [self.sandbox.folder().join("tools"), self.prefix.join("bin")];
        let path =
            std::env::join_paths(tools.into_iter().chain(std::env::split_paths(&path))).unwrap();
        let output = self
            .sandbox
            .command("sh")
            .args(["-c", &line])
            .env("PATH", path)
            .env("HOME", &self.home)
            .env("CARGO_TARGET_DIR", self.sandbox.folder().join("target"))
            .current_dir(here)
            .output()
            .unwrap();
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        eprintln!("$ {line}\n{said}");
        assert!(output.status.success(), "$ {line}\n{said}");
    }
}

#[test]
fn every_command_of_the_quick_start_works_in_its_order() {
    let readme =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, rest) = readme.split_once("\n## Quick start\n").unwrap();
    let (quick_start, _) = rest.split_once("\n## ").unwrap();
    let command = Regex::new(r"(?m)^\$ (.*?)(?:\s+#.*)?$").unwrap();
    let mut world = World::new();
    let mut count = 0;
    for reader in ["administrator", "maintainer", "contributor"] {
        assert!(
            quick_start.contains(&format!("### The {reader}")),
            "{reader}"
        );
    }
    for line in command.captures_iter(quick_start) {
        world.run(&line[1]);
        count += 1;
    }
    assert!(count >= 10, "{count} commands");
}
