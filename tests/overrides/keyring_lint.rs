//! `treewarden keyring lint`: keys that can't count, before somebody needs them.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::signer;
use crate::support::{Format, Gpg, Key, Sandbox, Told, ssh};

/// A time when certificates were made that are over by now.
const THEN: [&str; 2] = ["--faked-system-time", "20240101T120000!"];

fn lint(sandbox: &Sandbox) -> Told {
    let server = sandbox.server().to_str().unwrap().to_owned();
    sandbox.tell(&["keyring", "lint", "--in", &server])
}

/// Lints a keyring of these keys, all of which are alice's.
fn lint_of(sandbox: &Sandbox, keys: &[&Key]) -> Told {
    sandbox.trust(keys);
    sandbox.over_preset(&signer("alice", keys, ""));
    lint(sandbox)
}

#[test]
fn nothing_is_said_of_keys_that_count() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let gpg = Gpg::new(&sandbox);
    let by_ssh = ssh(&sandbox, "alice", "ed25519");
    let mut later = ssh(&sandbox, "later", "ed25519");
    let options = "valid-after=\"20990101Z\",namespaces";
    later.public = later.public.replace("namespaces", options);
    let by_gpg = gpg.make(&[], "ed25519", "sign", "0");
    lint_of(&sandbox, &[&by_ssh, &later, &by_gpg])
        .ended(0)
        .says("treewarden: 3 keys, no remarks\n");
}

#[test]
fn ssh_keys_that_cant_count() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let short = ssh(&sandbox, "short", "rsa -b 1024");
    let mut file = ssh(&sandbox, "file", "ed25519");
    file.public = file.public.replace("\"git\"", "\"file\"");
    let mut over = ssh(&sandbox, "over", "ed25519");
    let options = "valid-before=\"20240101Z\",namespaces";
    over.public = over.public.replace("namespaces", options);
    let told = lint_of(&sandbox, &[&short, &file, &over]);
    told.ended(1).says("treewarden: 3 keys, 3 remarks\n");
    for (at, (key, why)) in [
        (short, "its key is RSA of 1024 bits: 2048 are needed"),
        (
            file,
            "the keyring's line for its key leaves out the namespace `git`",
        ),
        (
            over,
            "the keyring let its key count until 2024-01-01T00:00:00Z",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        told.says(&format!(
            "warning: {} doesn't count: {why}\n  --> ",
            key.name
        ))
        .says(&format!("treewarden/keyring/allowed_signers:{}\n", at + 1));
    }
}

/// What is said of the one certificate in this home.
fn certificate(make: impl Fn(&Gpg<'_>), why: &str) {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let gpg = Gpg::new(&sandbox);
    make(&gpg);
    let key = gpg.key("alice@example.com");
    lint_of(&sandbox, &[&key])
        .ended(1)
        .says(&format!("warning: {} doesn't count: {why}", key.name))
        .says("/treewarden/keyring/0.asc\n   = help: take it away, or ")
        .says("treewarden: 1 key, 1 remark\n");
}

#[test]
fn certificates_that_cant_count() {
    let make =
        |options: &'static [&str], kind: &'static str, usage: &'static str, end: &'static str| {
            move |gpg: &Gpg<'_>| {
                gpg.make(options, kind, usage, end);
            }
        };
    certificate(make(&THEN, "ed25519", "sign", "1y"), "its certificate: ");
    certificate(
        make(&[], "ed25519", "cert", "0"),
        "its key is not one for signing",
    );
    certificate(
        make(&[], "rsa1024", "sign", "0"),
        "its key is RSA of 1024 bits",
    );
    certificate(make(&[], "dsa2048", "sign", "0"), "its key is DSA");
    certificate(
        make(
            &["--cert-digest-algo", "MD5", "--allow-weak-digest-algos"],
            "ed25519",
            "sign",
            "0",
        ),
        "its key can't be relied on: ",
    );
    for reason in ["1", "3"] {
        let revoked = |gpg: &Gpg<'_>| {
            gpg.make(&[], "ed25519", "sign", "0");
            gpg.revoke(reason);
        };
        certificate(revoked, "its certificate, ");
    }
}

#[test]
fn a_subkey_that_cant_count() {
    let with_subkey = |gpg: &Gpg<'_>, options: &[&str], end: &str| {
        gpg.make(&THEN, "ed25519", "cert", "0");
        let primary = gpg.fingerprints()[0].clone();
        let add = ["--quick-add-key", &primary, "ed25519", "sign", end];
        gpg.run(&[options, &add].concat());
    };
    certificate(|gpg| with_subkey(gpg, &THEN, "1y"), "its key: ");
    let revoked = |gpg: &Gpg<'_>| {
        with_subkey(gpg, &[], "0");
        gpg.revoke_subkey();
    };
    certificate(revoked, "its key, ");
}

#[test]
fn keys_and_signers_that_dont_fit() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let gpg = Gpg::new(&sandbox);
    gpg.make(&[], "ed25519", "cert", "0");
    let [primary] = &gpg.fingerprints()[..] else {
        panic!()
    };
    gpg.run(&["--quick-add-key", primary, "ed25519", "sign", "0"]);
    let certificate = gpg.key("alice@example.com");
    let mut subkey = certificate.clone();
    subkey.name = format!("openpgp:{}", gpg.fingerprints()[1]);
    let [alice, bob] = ["alice", "bob"].map(|name| ssh(&sandbox, name, "ed25519"));
    sandbox.trust(&[&certificate, &alice]);
    sandbox.over_preset(&signer("alice", &[&subkey, &bob], ""));
    lint(&sandbox)
        .ended(1)
        .says(&format!(
            "no [[signer]] of the policy has {}",
            certificate.name
        ))
        .says(&format!("no [[signer]] of the policy has {}", alice.name))
        .says(&format!("{} of `alice` is not in the keyring", bob.name))
        .says(&format!(
            "{} of `alice` is a subkey of {}",
            subkey.name, certificate.name
        ))
        .says("policy.toml:")
        .says("treewarden: 2 keys, 4 remarks\n");
}

#[test]
fn every_fault_of_a_folder_is_told() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let key = ssh(&sandbox, "alice", "ed25519");
    lint_of(&sandbox, &[&key]).ended(0);
    let file = |name: &str| sandbox.keyring().join(name);
    symlink(file("allowed_signers"), file("bob.asc")).unwrap();
    std::fs::write(file("carol.asc"), "carol").unwrap();
    std::fs::write(file("dave.pub"), "dave").unwrap();
    std::fs::write(file("eve.pgp"), "eve").unwrap();
    std::fs::set_permissions(file("eve.pgp"), Permissions::from_mode(0o666)).unwrap();
    lint(&sandbox)
        .ended(1)
        .says("bob.asc: this is a symbolic link\n")
        .says("carol.asc: this is no certificate that can be read: ")
        .says("dave.pub: a keyring holds `allowed_signers`, and ")
        .says("eve.pgp: everybody can write this: ")
        .says("until this is mended, no override counts")
        .says("treewarden: 1 key, 4 remarks\n");
    std::fs::write(file("allowed_signers"), "alice\n").unwrap();
    lint(&sandbox)
        .says("allowed_signers: line 1: there is no key that can be read")
        .says("is not in the keyring");
    std::fs::set_permissions(sandbox.keyring(), Permissions::from_mode(0o777)).unwrap();
    lint(&sandbox)
        .ended(1)
        .says("keyring: everybody can write this: ");
}

#[test]
fn a_folder_by_itself() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    lint(&sandbox)
        .ended(4)
        .says("this repository has no keyring");
    sandbox.trust(&[&ssh(&sandbox, "alice", "ed25519")]);
    let folder = sandbox.keyring();
    let lint = |folder: &str| sandbox.tell(&["keyring", "lint", "--keyring", folder]);
    lint(folder.to_str().unwrap())
        .ended(0)
        .says("1 key, no remarks");
    lint("nowhere").ended(4).says("nowhere: No such file");
}
