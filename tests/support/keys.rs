//! Real keys, made by ssh-keygen and gpg, and the keyring that holds them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Sandbox;
use super::sandbox::run;

/// The option that gpg takes for keys without a passphrase.
const NO_PASSPHRASE: [&str; 5] = ["--batch", "--pinentry-mode", "loopback", "--passphrase", ""];

/// A key, and how git signs with it.
#[derive(Clone, Debug)]
pub struct Key {
    /// What policies call it.
    pub name: String,
    /// The program that signs, and `user.signingkey`.
    format: &'static str,
    program: Option<PathBuf>,
    id: String,
    /// What stands for it in a keyring: a line of `allowed_signers`, or a certificate.
    pub public: String,
}

impl Key {
    /// Makes git sign with it in this repository.
    pub fn use_in(&self, sandbox: &Sandbox, git_dir: &Path) {
        let set = |key: &str, value: &str| {
            run(sandbox.git_in(git_dir).args(["config", key, value]), b"").text();
        };
        set("gpg.format", self.format);
        set("user.signingkey", &self.id);
        if let Some(program) = &self.program {
            set("gpg.program", program.to_str().unwrap());
        }
    }

    /// The same key, used at another time.
    pub fn at(&self, time: &str) -> Self {
        let program = self.program.as_ref().unwrap();
        let before = std::fs::read_to_string(program).unwrap();
        let faked = before.replace("exec gpg", &format!("exec gpg --faked-system-time {time}"));
        let program = program.with_file_name(format!("gpg-{time}"));
        write_program(&program, &faked);
        Self {
            program: Some(program),
            ..self.clone()
        }
    }

    /// The same key with more options for gpg.
    pub fn with(&self, options: &str) -> Self {
        let program = self.program.as_ref().unwrap();
        let before = std::fs::read_to_string(program).unwrap();
        let program = program.with_file_name(format!("gpg{}", options.replace(' ', "")));
        write_program(
            &program,
            &before.replace("\"$@\"", &format!("{options} \"$@\"")),
        );
        Self {
            program: Some(program),
            ..self.clone()
        }
    }
}

fn write_program(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
}

/// Makes keys of SSH's, in the sandbox.
pub fn ssh(sandbox: &Sandbox, name: &str, kind: &str) -> Key {
    let path = sandbox.folder().join(format!("{name}.key"));
    let mut command = sandbox.command("ssh-keygen");
    command.args(["-q", "-N", "", "-C", name, "-f"]).arg(&path);
    run(command.args(["-t"]).args(kind.split(' ')), b"").text();
    let public = std::fs::read_to_string(path.with_extension("key.pub")).unwrap();
    let mut command = sandbox.command("ssh-keygen");
    let shown = run(command.arg("-lf").arg(&path), b"").text();
    Key {
        name: format!("ssh:{}", shown.split(' ').nth(1).unwrap()),
        format: "ssh",
        program: None,
        id: path.to_str().unwrap().to_owned(),
        public: format!("{name}@example.com namespaces=\"git\" {public}"),
    }
}

/// A home of gpg's. Its path is short, since the agent's socket is below it.
pub struct Gpg<'s> {
    sandbox: &'s Sandbox,
    home: TempDir,
}

impl<'s> Gpg<'s> {
    pub fn new(sandbox: &'s Sandbox) -> Self {
        let home = tempfile::Builder::new()
            .prefix("tw")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in("/tmp");
        Self {
            sandbox,
            home: home.unwrap(),
        }
    }

    /// Runs gpg; it must succeed.
    pub fn run(&self, arguments: &[&str]) -> String {
        let mut command = self.sandbox.command("gpg");
        command.arg("--homedir").arg(self.home.path());
        run(command.args(NO_PASSPHRASE).args(arguments), b"").text()
    }

    /// Makes a key such as `ed25519`, for `signing` or for certificates alone; `options` come
    /// first.
    pub fn make(&self, options: &[&str], kind: &str, usage: &str, expires: &str) -> Key {
        let id = "Alice <alice@example.com>";
        let made = ["--yes", "--quick-gen-key", id, kind, usage, expires];
        self.run(&[options, &made].concat());
        self.key(&self.fingerprints()[0])
    }

    /// The fingerprints: the primary key's, and those of its subkeys.
    pub fn fingerprints(&self) -> Vec<String> {
        let listed = self.run(&[
            "--with-colons",
            "--fingerprint",
            "--fingerprint",
            "--list-keys",
        ]);
        let lines = listed.lines().filter(|line| line.starts_with("fpr:"));
        lines
            .map(|line| line.split(':').nth(9).unwrap().to_owned())
            .collect()
    }

    /// The certificate as it is now.
    pub fn certificate(&self) -> String {
        self.run(&["--armor", "--export"])
    }

    /// Revokes the key: `1` because it fell into wrong hands, `3` because it is no longer used.
    pub fn revoke(&self, reason: &str) {
        let fingerprint = self.fingerprints()[0].clone();
        let answers = format!("y\n{reason}\n\ny\n");
        let revocation = self.converse(&["--gen-revoke", &fingerprint], &answers);
        let file = self.home.path().join("revocation");
        std::fs::write(&file, revocation).unwrap();
        self.run(&["--import", file.to_str().unwrap()]);
    }

    /// Revokes the first subkey.
    pub fn revoke_subkey(&self) {
        let fingerprint = self.fingerprints()[0].clone();
        let answers = "key 1\nrevkey\ny\n0\n\ny\nsave\n";
        self.converse(&["--edit-key", &fingerprint], answers);
    }

    fn converse(&self, arguments: &[&str], answers: &str) -> String {
        let mut command = self.sandbox.command("gpg");
        command.arg("--homedir").arg(self.home.path());
        command.args(["--no-tty", "--command-fd", "0", "--status-fd", "2"]);
        command.args(["--pinentry-mode", "loopback"]);
        run(command.args(arguments), answers.as_bytes()).text()
    }

    /// A key of this home that signs as `id`.
    pub fn key(&self, id: &str) -> Key {
        let program = self.home.path().join("gpg");
        let home = self.home.path().display();
        write_program(
            &program,
            &format!("#!/bin/sh\nexec gpg --homedir '{home}' --batch \"$@\"\n"),
        );
        Key {
            name: format!("openpgp:{}", self.fingerprints()[0]),
            format: "openpgp",
            program: Some(program),
            id: id.to_owned(),
            public: self.certificate(),
        }
    }
}

impl Drop for Gpg<'_> {
    fn drop(&mut self) {
        let mut command = self.sandbox.command("gpgconf");
        command.arg("--homedir").arg(self.home.path());
        run(command.args(["--kill", "all"]), b"");
    }
}

impl Sandbox {
    /// The server's keyring.
    pub fn keyring(&self) -> PathBuf {
        self.server().join("treewarden/keyring")
    }

    /// Fills the server's keyring with these keys.
    pub fn trust(&self, keys: &[&Key]) {
        std::fs::create_dir_all(self.keyring()).unwrap();
        let ssh = keys.iter().filter(|key| key.format == "ssh");
        let lines: String = ssh.map(|key| key.public.as_str()).collect();
        std::fs::write(self.keyring().join("allowed_signers"), lines).unwrap();
        let openpgp = keys.iter().filter(|key| key.format == "openpgp");
        for (at, key) in openpgp.enumerate() {
            std::fs::write(self.keyring().join(format!("{at}.asc")), &key.public).unwrap();
        }
    }
}
