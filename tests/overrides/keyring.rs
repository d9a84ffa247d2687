//! The keyring's files: whoever could change one could lift anything.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::refused;
use crate::support::{Format, Sandbox};

/// Pushes a good override after something was done to the server's files.
fn refuses(why: &str, spoil: impl Fn(&Sandbox)) {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    spoil(&sandbox);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .declined()
        .says(why);
}

fn chmod(path: &std::path::Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn no_keyring() {
    refuses("has no keyring, so no override counts", |s| {
        std::fs::remove_dir_all(s.keyring()).unwrap();
    });
}

#[test]
fn a_folder_that_is_a_link() {
    refuses("no symbolic link to one", |s| {
        let elsewhere = s.folder().join("elsewhere");
        std::fs::rename(s.keyring(), &elsewhere).unwrap();
        symlink(elsewhere, s.keyring()).unwrap();
    });
}

#[test]
fn a_file_that_is_a_link() {
    refuses("allowed_signers: this is a symbolic link", |s| {
        let elsewhere = s.folder().join("elsewhere");
        let file = s.keyring().join("allowed_signers");
        std::fs::rename(&file, &elsewhere).unwrap();
        symlink(elsewhere, file).unwrap();
    });
}

#[test]
fn a_folder_that_others_can_write() {
    refuses("keyring: everybody can write this", |s| {
        chmod(&s.keyring(), 0o777)
    });
}

#[test]
fn a_file_that_others_can_write() {
    refuses("allowed_signers: everybody can write this", |s| {
        chmod(&s.keyring().join("allowed_signers"), 0o666);
    });
}

#[test]
fn a_line_that_is_none() {
    refuses(
        "allowed_signers: line 1: `cert-authority` isn't taken",
        |s| {
            let file = s.keyring().join("allowed_signers");
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(
                &file,
                text.replace("namespaces", "cert-authority,namespaces"),
            )
            .unwrap();
        },
    );
}

#[test]
fn a_file_that_nobody_reads() {
    refuses("take this away, or name it so", |s| {
        std::fs::write(s.keyring().join("alice.pub"), "").unwrap();
    });
}

#[test]
fn a_secret_key() {
    refuses("is a secret key: only the public one belongs here", |s| {
        let gpg = crate::support::Gpg::new(s);
        gpg.make(&[], "ed25519", "sign", "0");
        let secret = gpg.run(&["--armor", "--export-secret-keys"]);
        std::fs::write(s.keyring().join("alice.asc"), secret).unwrap();
    });
}

#[test]
fn a_policy_that_is_a_link() {
    refuses("a policy that is in force is no symbolic link", |s| {
        let file = s.folder().join("policy.toml");
        let elsewhere = s.folder().join("elsewhere");
        std::fs::rename(&file, &elsewhere).unwrap();
        symlink(elsewhere, file).unwrap();
    });
}

#[test]
fn a_policy_that_others_can_write() {
    refuses("everybody can write this policy", |s| {
        chmod(&s.folder().join("policy.toml"), 0o646);
    });
}

/// Its keys are needed for what somebody signed, and for nothing else.
#[test]
fn a_push_without_overrides_needs_no_keyring() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    refused(&sandbox);
    std::fs::remove_dir_all(sandbox.keyring()).unwrap();
    let base = sandbox.at_ref("master").unwrap();
    sandbox
        .push(&sandbox.touch(&base, "kernel/bpf/btf.c"), "master")
        .clean();
}

/// The configuration names another folder.
#[test]
fn a_keyring_elsewhere() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let elsewhere = sandbox.folder().join("keys");
    std::fs::rename(sandbox.keyring(), &elsewhere).unwrap();
    sandbox.on_server(&["config", "treewarden.keyring", elsewhere.to_str().unwrap()]);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .accepted();
}
