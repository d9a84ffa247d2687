//! `treewarden keyring add`: from a signer's key to a signature that counts.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::{Format, Gpg, Key, Sandbox, Told, ssh};

fn add(sandbox: &Sandbox, arguments: &[&str]) -> Told {
    let server = sandbox.server().to_str().unwrap().to_owned();
    sandbox.tell(&[&["keyring", "add", "--in", &server], arguments].concat())
}

/// The file beside the secret key of that name.
fn public(name: &str) -> String {
    format!("{name}.key.pub")
}

/// What the command prints for the policy is put into it, and the key lifts.
fn lifts(sandbox: &Sandbox, key: &Key, told: &Told) {
    told.ended(0).says(&format!("added {}\n", key.name));
    let out = told.out();
    let table = &out[out.find("[[signer]]").unwrap()..];
    sandbox.over_preset(table);
    sandbox
        .tell(&["keyring", "lint", "--in", "server.git"])
        .ended(0);
    let base = sandbox.started();
    let commit = sandbox.touch(&base, "net/core/dev.c");
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", key);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .accepted()
        .says("lifted[denied-path]");
}

#[test]
fn an_ssh_key_from_its_file() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let key = ssh(&sandbox, "alice", "ed25519");
    let told = add(&sandbox, &[&public("alice")]);
    lifts(&sandbox, &key, &told);
    let file = sandbox.keyring().join("allowed_signers");
    let before = std::fs::read_to_string(&file).unwrap();
    assert!(
        before.starts_with("\"alice\" namespaces=\"git\" ssh-ed25519 "),
        "{before}"
    );
    add(&sandbox, &[&public("alice")])
        .ended(0)
        .says(&format!("nothing changes: the keyring has {}", key.name));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
}

#[test]
fn a_certificate_from_its_file() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let gpg = Gpg::new(&sandbox);
    let key = gpg.make(&[], "ed25519", "sign", "0");
    std::fs::write(sandbox.folder().join("alice.txt"), &key.public).unwrap();
    let told = add(&sandbox, &["alice.txt"]);
    lifts(&sandbox, &key, &told);
    // One that its owner revokes is refused, together with what the keyring has.
    gpg.revoke("1");
    std::fs::write(sandbox.folder().join("alice.txt"), gpg.certificate()).unwrap();
    add(&sandbox, &["alice.txt"])
        .ended(4)
        .says("can't count: its certificate, ");
}

#[test]
fn an_extended_certificate_takes_the_place_of_the_old_one() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let gpg = Gpg::new(&sandbox);
    let then = ["--faked-system-time", "20240101T120000!"];
    let key = gpg.make(&then, "ed25519", "sign", "1y");
    sandbox.trust(&[&key]);
    gpg.run(&["--quick-set-expire", &gpg.fingerprints()[0], "0"]);
    std::fs::write(sandbox.folder().join("alice.txt"), gpg.certificate()).unwrap();
    let told = add(&sandbox, &["alice.txt"]);
    lifts(&sandbox, &gpg.key("alice@example.com"), &told);
}

/// In a repository of their own: the key that signs tags there.
fn from_config(sandbox: &Sandbox, key: &Key) -> Told {
    let local = sandbox.local();
    key.use_in(sandbox, &local.git_dir());
    let keyring = sandbox.keyring();
    local.tell(&["keyring", "add", "--keyring", keyring.to_str().unwrap()])
}

#[test]
fn the_key_of_the_users_git() {
    for by_gpg in [false, true] {
        let sandbox = Sandbox::new(Format::Sha1Files);
        let base = sandbox.started();
        let gpg = Gpg::new(&sandbox);
        let key = match by_gpg {
            true => gpg.make(&[], "ed25519", "sign", "0"),
            false => ssh(&sandbox, "alice", "ed25519"),
        };
        let told = from_config(&sandbox, &key);
        told.ended(0).says(&format!("added {}\n", key.name));
        assert!(sandbox.at_ref("master").as_deref() == Some(base.as_str()));
    }
}

#[test]
fn a_git_without_a_key() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let key = ssh(&sandbox, "alice", "ed25519");
    add(&sandbox, &[])
        .ended(2)
        .says("user.signingkey isn't set");
    let set = |key: &str, value: &str| sandbox.on_server(&["config", key, value]);
    let literal = std::fs::read_to_string(sandbox.folder().join(public("alice"))).unwrap();
    set("user.signingkey", &format!("key::{}", literal.trim()));
    set("gpg.format", "x509");
    add(&sandbox, &[])
        .ended(2)
        .says("`x509`, whose signatures don't count");
    set("gpg.format", "ssh");
    add(&sandbox, &[])
        .ended(0)
        .says(&format!("added {}\n", key.name));
    sandbox.on_server(&["config", "--unset", "gpg.format"]);
    set("gpg.program", "/bin/false");
    add(&sandbox, &[]).ended(4).says("gives no key");
}

/// Nothing is written unless all of it can be.
#[test]
fn keys_that_are_refused() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    ssh(&sandbox, "alice", "ed25519");
    ssh(&sandbox, "short", "rsa -b 1024");
    let gpg = Gpg::new(&sandbox);
    gpg.make(&[], "ed25519", "sign", "0");
    let secret = gpg.run(&["--armor", "--export-secret-keys"]);
    std::fs::write(sandbox.folder().join("secret.asc"), secret).unwrap();
    std::fs::write(sandbox.folder().join("empty"), "").unwrap();
    for (file, why) in [
        (
            "alice.key",
            "alice.key: this is a secret key: name the file beside it",
        ),
        (
            "secret.asc",
            "is a secret key: only the public one belongs here",
        ),
        (
            public("short").as_str(),
            "can't count: its key is RSA of 1024 bits",
        ),
        ("empty", "empty: this is no public key"),
        ("nothing", "nothing: No such file"),
    ] {
        add(&sandbox, &[&public("alice"), file]).ended(4).says(why);
        assert!(!sandbox.keyring().exists());
    }
    add(&sandbox, &["--principal", "", &public("alice")])
        .ended(4)
        .says("`--principal` does");
}

#[test]
fn a_keyring_that_cant_be_read_is_left_alone() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let key = ssh(&sandbox, "alice", "ed25519");
    sandbox.trust(&[&key]);
    let file = sandbox.keyring().join("allowed_signers");
    std::fs::write(&file, "alice\n").unwrap();
    add(&sandbox, &[&public("alice")])
        .ended(4)
        .says("allowed_signers: line 1: ");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "alice\n");
}

/// Nobody's key is lost where several are added at once.
#[test]
fn keys_that_are_added_at_once() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    sandbox.trust(&[]);
    let names = ["one", "two", "three", "four", "five", "six"];
    for name in names {
        ssh(&sandbox, name, "ed25519");
    }
    let keyring = sandbox.keyring();
    let runs = names.map(|name| {
        let mut command = sandbox.treewarden();
        command.args(["keyring", "add", "--keyring"]).arg(&keyring);
        command.arg(public(name)).stdout(Stdio::null());
        command.spawn().unwrap()
    });
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    sandbox
        .tell(&["keyring", "lint", "--keyring", keyring.to_str().unwrap()])
        .ended(0)
        .says("6 keys, no remarks");
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o7777
}

/// Files are for those whom the folder is for; one that is there stays as it is.
#[test]
fn modes() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    ssh(&sandbox, "alice", "ed25519");
    ssh(&sandbox, "bob", "ed25519");
    let chmod = |path: PathBuf, mode| {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    let above = sandbox.folder().join("shared");
    std::fs::create_dir(&above).unwrap();
    for (of_folder, of_file) in [(0o2770, 0o660), (0o755, 0o644), (0o1777, 0o664)] {
        chmod(above.clone(), of_folder);
        let keyring = above.join("keys/keyring");
        let add = |name: &str| {
            let keyring = keyring.to_str().unwrap();
            sandbox
                .tell(&["keyring", "add", &public(name), "--keyring", keyring])
                .ended(0);
        };
        add("alice");
        let file = keyring.join("allowed_signers");
        for folder in [&above.join("keys"), &keyring] {
            assert_eq!(mode(folder), of_folder & 0o2775);
        }
        assert_eq!(mode(&file), of_file);
        chmod(file.clone(), 0o640);
        add("bob");
        assert_eq!(mode(&file), 0o640);
        std::fs::remove_dir_all(above.join("keys")).unwrap();
    }
}
