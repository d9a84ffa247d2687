//! OpenPGP certificates: which of their keys may sign, and what spoils one of them.

use jiff::{SignedDuration, Timestamp};

use super::with_alice;
use crate::support::{Format, Gpg, Key, Sandbox};

/// The time stands still: making a key may take a second.
const THEN: &str = "20240101T120000!";
const THEN_SIGNED: &str = "20240201T120000";
const AT_THEN: [&str; 2] = ["--faked-system-time", THEN];

/// What a keyring says of an override by the key that `make` makes. Its certificate is what the
/// home holds in the end.
fn push(sandbox: &Sandbox, make: impl Fn(&Gpg<'_>) -> Key, end: impl Fn(&Gpg<'_>)) -> String {
    let base = sandbox.started();
    let gpg = Gpg::new(sandbox);
    let key = make(&gpg);
    let commit = sandbox.touch(&base, "net/core/dev.c");
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    end(&gpg);
    with_alice(sandbox, &gpg.key("alice@example.com"));
    let pushed = sandbox.push_all(&[(&commit, "master"), (&tag, &name)]);
    if pushed.said().contains("lifted[denied-path]") {
        pushed.accepted();
    } else {
        pushed.rejected("bad-override").rejected("denied-path");
    }
    pushed.said()
}

fn refuses(make: impl Fn(&Gpg<'_>) -> Key, why: &str) {
    let said = push(&Sandbox::new(Format::Sha1Files), make, |_| {});
    assert!(said.contains(why), "no {why:?} in:\n{said}");
}

/// Adds a subkey that signs, and returns it.
fn subkey(gpg: &Gpg<'_>, options: &[&str], kind: &str, expires: &str) -> Key {
    let primary = gpg.fingerprints()[0].clone();
    let add = ["--quick-add-key", &primary, kind, "sign", expires];
    gpg.run(&[options, &add].concat());
    gpg.key(&format!("{}!", gpg.fingerprints().last().unwrap()))
}

#[test]
fn a_subkey_that_is_expired() {
    refuses(
        |gpg| {
            gpg.make(&AT_THEN, "ed25519", "cert", "0");
            subkey(gpg, &AT_THEN, "ed25519", "1y").at(THEN_SIGNED)
        },
        "its key: ",
    );
}

#[test]
fn a_subkey_of_a_certificate_that_is_expired() {
    refuses(
        |gpg| {
            gpg.make(&AT_THEN, "ed25519", "cert", "1y");
            subkey(gpg, &AT_THEN, "ed25519", "0").at(THEN_SIGNED)
        },
        "its certificate: ",
    );
}

/// The certificate's end is moved, as people do every year: the key counts again.
#[test]
fn a_certificate_that_lives_on() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let make = |gpg: &Gpg<'_>| gpg.make(&AT_THEN, "ed25519", "sign", "1y").at(THEN_SIGNED);
    let said = push(&sandbox, make, |gpg| {
        let fingerprint = gpg.fingerprints()[0].clone();
        gpg.run(&["--quick-set-expire", &fingerprint, "0"]);
    });
    assert!(said.contains("lifted[denied-path]"), "{said}");
}

#[test]
fn a_short_subkey() {
    refuses(
        |gpg| {
            gpg.make(&[], "ed25519", "cert", "0");
            subkey(gpg, &[], "rsa1024", "0")
        },
        "RSA of 1024 bits",
    );
}

/// Whoever breaks the primary key makes subkeys of their own.
#[test]
fn a_good_subkey_of_a_weak_primary_key() {
    for (kind, why) in [
        ("rsa1024", "RSA1024 is not considered secure"),
        ("dsa2048", "its key is DSA"),
    ] {
        refuses(
            |gpg| {
                gpg.make(&[], kind, "cert", "0");
                subkey(gpg, &[], "ed25519", "0")
            },
            why,
        );
    }
}

/// gpg lets itself be told the time: this is what a stolen key would do.
#[test]
fn a_stolen_subkey_that_signs_as_of_a_time_before_its_revocation() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let make = |gpg: &Gpg<'_>| {
        gpg.make(&AT_THEN, "ed25519", "cert", "0");
        subkey(gpg, &AT_THEN, "ed25519", "0").at(THEN_SIGNED)
    };
    let said = push(&sandbox, make, |gpg| gpg.revoke_subkey());
    assert!(said.contains("is revoked"), "{said}");
}

/// One file has the certificate as it was, another what came later.
#[test]
fn a_revocation_in_another_file() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let gpg = Gpg::new(&sandbox);
    let key = gpg.make(&[], "ed25519", "sign", "0");
    with_alice(&sandbox, &key);
    let commit = sandbox.touch(&base, "net/core/dev.c");
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    gpg.revoke("1");
    for (revoked, other) in [("a.asc", "b.asc"), ("b.asc", "a.asc")] {
        let write = |name: &str, text: &str| {
            std::fs::write(sandbox.keyring().join(name), text).unwrap();
        };
        let _ = std::fs::remove_file(sandbox.keyring().join("0.asc"));
        write(revoked, &gpg.certificate());
        write(other, &key.public);
        sandbox
            .push_all(&[(&commit, "master"), (&tag, &name)])
            .rejected("bad-override")
            .says("is revoked");
    }
}

/// A signer's clock may be five minutes ahead; so their newest key may be.
#[test]
fn clocks_that_differ() {
    for (minutes, is_lifted) in [(4, true), (10, false)] {
        let then = Timestamp::now() + SignedDuration::from_mins(minutes);
        let then = then.strftime("%Y%m%dT%H%M%S!").to_string();
        let sandbox = Sandbox::new(Format::Sha1Files);
        let made_now = |gpg: &Gpg<'_>| gpg.make(&[], "ed25519", "sign", "0").at(&then);
        let said = push(&sandbox, made_now, |_| {});
        assert_eq!(said.contains("lifted[denied-path]"), is_lifted, "{said}");
        let sandbox = Sandbox::new(Format::Sha1Files);
        let at_then = ["--faked-system-time", &then];
        let made_then = |gpg: &Gpg<'_>| gpg.make(&at_then, "ed25519", "sign", "0").at(&then);
        let said = push(&sandbox, made_then, |_| {});
        assert_eq!(said.contains("lifted[denied-path]"), is_lifted, "{said}");
    }
}

#[test]
fn a_signature_for_texts() {
    refuses(
        |gpg| gpg.make(&[], "ed25519", "sign", "0").with("--textmode"),
        "it is a Text",
    );
}

#[test]
fn two_signatures_in_one_block() {
    refuses(
        |gpg| {
            gpg.make(&[], "ed25519", "sign", "0");
            let second = subkey(gpg, &[], "ed25519", "0");
            let primary = gpg.fingerprints()[0].clone();
            second.with(&format!("-u {primary}!"))
        },
        "more than one signature",
    );
}

#[test]
fn a_certificate_that_the_keyring_lacks() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let [alice, mallory] = [(), ()].map(|()| Gpg::new(&sandbox));
    with_alice(&sandbox, &alice.make(&[], "ed25519", "sign", "0"));
    let key = mallory.make(&[], "ed25519", "sign", "0");
    let commit = sandbox.touch(&base, "net/core/dev.c");
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .rejected("bad-override")
        .says("which is not in the server's keyring");
}
