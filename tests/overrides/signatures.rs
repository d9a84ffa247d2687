//! Signatures that don't count, each with its reason; no ref moves.

use super::{refused, signer, with_alice};
use crate::support::{Format, Gpg, Key, Sandbox, ssh};

/// Pushes a commit that master refuses with this tag as its override.
fn refuses_tag(sandbox: &Sandbox, commit: &str, (tag, name): &(String, String), why: &str) {
    sandbox
        .push_all(&[(commit, "master"), (tag, name)])
        .rejected("denied-path")
        .rejected("bad-override")
        .says(why);
}

/// The raw tag of a good override.
fn raw(sandbox: &Sandbox, tag: &str) -> String {
    let mut text = sandbox.git(&["cat-file", "tag", tag]);
    text.push('\n');
    text
}

fn rewritten(sandbox: &Sandbox, tag: &str, change: impl Fn(String) -> String) -> String {
    sandbox.raw_object("tag", change(raw(sandbox, tag)).as_bytes())
}

#[test]
fn an_altered_reason() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let statement = sandbox.lifting(&[&commit]);
    let (tag, _) = statement.sign("alice", &key);
    let other = statement.clone().but("reason", "the fix may go in tonight");
    let tag = rewritten(&sandbox, &tag, |text| text.replace("must go", "may go"));
    refuses_tag(
        &sandbox,
        &commit,
        &(tag, other.ref_name("alice")),
        "the signature is not over these bytes",
    );
}

#[test]
fn an_altered_tagger() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    let tag = rewritten(&sandbox, &tag, |text| text.replace("A U Thor", "Mallory"));
    refuses_tag(&sandbox, &commit, &(tag, name), "not over these bytes");
}

#[test]
fn no_signature() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    let cut = |text: String| text.split_once("-----BEGIN").unwrap().0.to_owned();
    let tag = rewritten(&sandbox, &tag, cut);
    refuses_tag(&sandbox, &commit, &(tag, name), "isn't signed");
}

#[test]
fn two_signatures() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    let twice = |text: String| {
        let at = text.find("-----BEGIN").unwrap();
        format!("{text}{}", &text[at..])
    };
    let tag = rewritten(&sandbox, &tag, twice);
    refuses_tag(&sandbox, &commit, &(tag, name), "more than one signature");
}

#[test]
fn a_header_too_many() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    let more = |text: String| text.replacen("\n\n", "\nencoding x\n\n", 1);
    let tag = rewritten(&sandbox, &tag, more);
    refuses_tag(&sandbox, &commit, &(tag, name), "a header too many");
}

#[test]
fn a_key_that_the_keyring_lacks() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, _) = refused(&sandbox);
    let mallory = ssh(&sandbox, "mallory", "ed25519");
    let tag = sandbox.lifting(&[&commit]).sign("alice", &mallory);
    let why = format!("it is signed by {}, which is not in", mallory.name);
    refuses_tag(&sandbox, &commit, &tag, &why);
}

#[test]
fn a_key_of_no_signer() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, alice) = refused(&sandbox);
    let mallory = ssh(&sandbox, "mallory", "ed25519");
    sandbox.trust(&[&alice, &mallory]);
    let tag = sandbox.lifting(&[&commit]).sign("alice", &mallory);
    let why = format!("the key {} is no [[signer]]'s", mallory.name);
    refuses_tag(&sandbox, &commit, &tag, &why);
}

#[test]
fn a_key_of_another_signer() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, alice) = refused(&sandbox);
    let bob = ssh(&sandbox, "bob", "ed25519");
    sandbox.trust(&[&alice, &bob]);
    let signers = signer("alice", &[&alice], "") + &signer("bob", &[&bob], "");
    sandbox.over_preset(&signers);
    let tag = sandbox.lifting(&[&commit]).sign("alice", &bob);
    refuses_tag(&sandbox, &commit, &tag, "signed by a key of `bob`");
}

#[test]
fn ssh_for_another_namespace() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    let text = raw(&sandbox, &tag);
    let payload = text.split_once("-----BEGIN").unwrap().0;
    let file = sandbox.folder().join("payload");
    std::fs::write(&file, payload).unwrap();
    let mut command = sandbox.command("ssh-keygen");
    command.args(["-q", "-Y", "sign", "-n", "file", "-f"]);
    command.arg(sandbox.folder().join("alice.key")).arg(&file);
    assert!(command.output().unwrap().status.success());
    let signature = std::fs::read_to_string(file.with_extension("sig")).unwrap();
    let tag = sandbox.raw_object("tag", format!("{payload}{signature}").as_bytes());
    refuses_tag(
        &sandbox,
        &commit,
        &(tag, name),
        "signed for `file`, not for `git`",
    );
}

#[test]
fn short_rsa_of_ssh() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let key = ssh(&sandbox, "alice", "rsa -b 1024");
    with_alice(&sandbox, &key);
    let commit = sandbox.touch(&base, "net/core/dev.c");
    let tag = sandbox.lifting(&[&commit]).sign("alice", &key);
    refuses_tag(&sandbox, &commit, &tag, "RSA of 1024 bits");
}

#[test]
fn ssh_keys_outside_of_their_time() {
    for (options, why) in [
        ("valid-after=\"20990101Z\"", "count from 2099-01-01"),
        ("valid-before=\"20200101Z\"", "until 2020-01-01"),
        ("namespaces=\"file\"", "leaves out the namespace `git`"),
    ] {
        let sandbox = Sandbox::new(Format::Sha1Files);
        let (commit, mut key) = refused(&sandbox);
        key.public = key.public.replace("namespaces=\"git\"", options);
        sandbox.trust(&[&key]);
        let tag = sandbox.lifting(&[&commit]).sign("alice", &key);
        refuses_tag(&sandbox, &commit, &tag, why);
    }
}

/// The override of an OpenPGP key, after something has happened to it.
fn refuses_openpgp(make: impl Fn(&Gpg<'_>) -> Key, sign: impl Fn(&Key) -> Key, why: &str) {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let gpg = Gpg::new(&sandbox);
    let key = make(&gpg);
    with_alice(&sandbox, &key);
    let commit = sandbox.touch(&base, "net/core/dev.c");
    let tag = sandbox.lifting(&[&commit]).sign("alice", &sign(&key));
    refuses_tag(&sandbox, &commit, &tag, why);
}

/// The time stands still: making a key may take a second.
const THEN: &str = "20240101T120000!";
const AT_THEN: [&str; 2] = ["--faked-system-time", THEN];

/// It signs while it is alive, by its own clock.
#[test]
fn an_expired_key() {
    refuses_openpgp(
        |gpg| gpg.make(&AT_THEN, "ed25519", "sign", "1y"),
        |key| key.at("20240201T120000"),
        "its certificate: ",
    );
}

/// The tagger's date, and the signature's, are the signer's to choose.
#[test]
fn a_revoked_key_whose_signature_says_that_it_is_older() {
    for (reason, word) in [("1", "revoked"), ("3", "revoked")] {
        let sandbox = Sandbox::new(Format::Sha1Files);
        let base = sandbox.started();
        let gpg = Gpg::new(&sandbox);
        let key = gpg.make(&AT_THEN, "ed25519", "sign", "0");
        let commit = sandbox.touch(&base, "net/core/dev.c");
        let tag = sandbox
            .lifting(&[&commit])
            .sign("alice", &key.at("20240201T120000"));
        gpg.revoke(reason);
        let revoked = gpg.key("alice@example.com");
        with_alice(&sandbox, &revoked);
        refuses_tag(&sandbox, &commit, &tag, word);
    }
}

#[test]
fn a_revoked_subkey() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let gpg = Gpg::new(&sandbox);
    gpg.make(&AT_THEN, "ed25519", "cert", "0");
    let primary = gpg.fingerprints()[0].clone();
    gpg.run(
        &[
            &AT_THEN,
            &["--quick-add-key", &primary, "ed25519", "sign", "0"][..],
        ]
        .concat(),
    );
    let key = gpg.key(&format!("{}!", gpg.fingerprints()[1]));
    let commit = sandbox.touch(&base, "net/core/dev.c");
    let tag = sandbox.lifting(&[&commit]).sign("alice", &key);
    gpg.revoke_subkey();
    with_alice(&sandbox, &gpg.key(&primary));
    refuses_tag(&sandbox, &commit, &tag, "revoked");
}

#[test]
fn a_key_from_the_future() {
    let tomorrow = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let then = tomorrow.strftime("%Y%m%dT%H%M%S").to_string();
    refuses_openpgp(
        |gpg| gpg.make(&["--faked-system-time", &then], "ed25519", "sign", "0"),
        |key| key.at(&then),
        "signature: ",
    );
}

#[test]
fn a_signature_from_the_future() {
    let tomorrow = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let then = tomorrow.strftime("%Y%m%dT%H%M%S").to_string();
    refuses_openpgp(
        |gpg| gpg.make(&[], "ed25519", "sign", "0"),
        |key| key.at(&then),
        "signature: ",
    );
}

#[test]
fn openpgp_by_sha1() {
    refuses_openpgp(
        |gpg| gpg.make(&[], "rsa2048", "sign", "0"),
        |key| key.with("--digest-algo SHA1"),
        "it is signed with SHA1",
    );
}

#[test]
fn openpgp_by_md5() {
    refuses_openpgp(
        |gpg| gpg.make(&[], "rsa2048", "sign", "0"),
        |key| key.with("--allow-weak-digest-algos --digest-algo MD5"),
        "it is signed with MD5",
    );
}

#[test]
fn openpgp_by_dsa() {
    refuses_openpgp(
        |gpg| gpg.make(&[], "dsa2048", "sign", "0"),
        Key::clone,
        "its key is DSA",
    );
}

#[test]
fn short_rsa_of_openpgp() {
    refuses_openpgp(
        |gpg| gpg.make(&[], "rsa1024", "sign", "0"),
        Key::clone,
        "RSA of 1024 bits",
    );
}
