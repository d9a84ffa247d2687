//! `treewarden override`: one command from the refusal to the push, and what was lifted by whom.

use super::{refused, signer, with_alice};
use crate::support::{Format, Gpg, Key, Local, Sandbox, Told, in_hours, ssh};

/// The word that a refusal ends in.
fn token(said: &str) -> String {
    let lines = said.lines().map(str::trim);
    let mut command = lines.filter_map(|line| line.strip_prefix("treewarden override sign "));
    command.next_back().expect("a command").to_owned()
}

/// A developer's clone with a commit that master refused, and what to sign.
fn after_refusal<'s>(sandbox: &'s Sandbox, key: &Key) -> (Local<'s>, String, String) {
    let base = sandbox.at_ref("master").unwrap();
    let commit = sandbox.touch(&base, "net/core/dev.c");
    let said = sandbox
        .push(&commit, "master")
        .rejected("denied-path")
        .said();
    let local = sandbox.local();
    local.take(&commit);
    key.use_in(sandbox, &local.git_dir());
    (local, commit, token(&said))
}

fn sign(local: &Local<'_>, arguments: &[&str]) -> Told {
    let all = [&["override", "sign"], arguments].concat();
    local.tell(&all)
}

const WHY: [&str; 2] = ["--reason", "it fixes the build"];

#[test]
fn the_word_of_a_refusal_is_all_it_takes() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (_, key) = refused(&sandbox);
    let (local, commit, token) = after_refusal(&sandbox, &key);
    sign(&local, &[&token, WHY[0], WHY[1]])
        .ended(0)
        .says("rules: denied-path")
        .says(&format!("commits: {commit}"))
        .says("touch net/core/dev.c")
        .says("to be signed by alice, and to count until ")
        .says("lifted[denied-path]");
    assert_eq!(sandbox.at_ref("master"), Some(commit.clone()));
    let names = sandbox.refs().into_keys();
    let prefix = format!("refs/overrides/{commit}/alice-");
    assert_eq!(names.filter(|name| name.starts_with(&prefix)).count(), 1);
    // Nothing is left of it in the clone.
    assert_eq!(
        local.git(&["for-each-ref", "refs/tags", "refs/overrides"]),
        ""
    );
}

#[test]
fn a_range_is_worked_out_without_a_word() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (_, key) = refused(&sandbox);
    let (local, commit, _) = after_refusal(&sandbox, &key);
    let policy = sandbox.folder().join("policy.toml");
    let range = format!("{commit}^..{commit}");
    let range = ["--range", &range, "--ref", "master", "--policy"];
    let all = [&range[..], &[policy.to_str().unwrap()], &WHY].concat();
    sign(&local, &all).ended(0);
    assert_eq!(sandbox.at_ref("master"), Some(commit));
}

#[test]
fn a_signature_alone_is_for_somebody_elses_push() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (_, key) = refused(&sandbox);
    let (local, commit, token) = after_refusal(&sandbox, &key);
    let before = sandbox.at_ref("master");
    sign(&local, &[&token, WHY[0], WHY[1], "--approve"])
        .ended(0)
        .says("lifts nothing in this push");
    assert_eq!(sandbox.at_ref("master"), before);
    sandbox.push(&commit, "master").accepted().says("by alice");
}

/// The first of two signs and hands it over; the second signs, and pushes both.
#[test]
fn two_sign_for_one_update() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let [alice, bob] = ["alice", "bob"].map(|name| ssh(&sandbox, name, "ed25519"));
    sandbox.trust(&[&alice, &bob]);
    let signers = signer("alice", &[&alice], "") + &signer("bob", &[&bob], "");
    sandbox.over_preset(&format!("[override]\nrequired = 2\n{signers}"));
    let tip = sandbox.touch(&base, "kernel/bpf/btf.c");
    sandbox.push(&tip, "master").accepted();
    let said = sandbox.push(&base, "master").rejected("ref-rewound").said();
    let token = token(&said);
    assert!(said.contains("2 of alice, bob can lift this"), "{said}");
    let local = sandbox.local();
    local.take(&tip);
    alice.use_in(&sandbox, &local.git_dir());
    let by = |name: &'static str| ["--as", name, WHY[0], WHY[1]];
    sign(
        &local,
        &[&[token.as_str(), "--no-push"][..], &by("alice")].concat(),
    )
    .ended(0)
    .says("kept: refs/overrides/");
    assert_eq!(sandbox.at_ref("master"), Some(tip));
    bob.use_in(&sandbox, &local.git_dir());
    sign(&local, &[&[token.as_str()][..], &by("bob")].concat())
        .ended(0)
        .says("by alice")
        .says("by bob");
    assert_eq!(sandbox.at_ref("master"), Some(base));
}

#[test]
fn what_comes_to_nothing_is_not_signed() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (_, key) = refused(&sandbox);
    let (local, commit, token) = after_refusal(&sandbox, &key);
    let before = sandbox.refs();
    let cut = &token[..token.len() - 3];
    for (arguments, why) in [
        (vec![cut, WHY[0], WHY[1]], "cut off or changed"),
        (vec![&token, "--reason", " "], "no reason"),
        (vec![&token], "say why, with --reason"),
        (
            vec![&token, WHY[0], WHY[1], "--expires", "soon"],
            "say how long",
        ),
        (
            vec![&token, WHY[0], WHY[1], "--as", "bob"],
            "`bob` may not lift this: alice may",
        ),
    ] {
        sign(&local, &arguments).ended(2).says(why);
    }
    let range = format!("{commit}..{commit}");
    let policy = sandbox.folder().join("policy.toml");
    let policy = ["--policy", policy.to_str().unwrap()];
    let range = ["--range", &range, "--ref", "master", WHY[0], WHY[1]];
    sign(&local, &[&range[..], &policy].concat())
        .ended(2)
        .says("nothing to lift");
    assert_eq!(sandbox.refs(), before);
}

/// The server says no: so does the command, and nothing has moved.
#[test]
fn a_key_that_does_not_count_is_refused_by_the_server() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    refused(&sandbox);
    let mallory = ssh(&sandbox, "mallory", "ed25519");
    let (local, _, token) = after_refusal(&sandbox, &mallory);
    let before = sandbox.refs();
    sign(&local, &[&token, WHY[0], WHY[1]])
        .ended(1)
        .says("error[bad-override]");
    assert_eq!(sandbox.refs(), before);
}

#[test]
fn a_clone_without_a_key_signs_nothing() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (_, key) = refused(&sandbox);
    let (local, _, token) = after_refusal(&sandbox, &key);
    local.git(&["config", "user.signingkey", "/nonexistent"]);
    sign(&local, &[&token, WHY[0], WHY[1]])
        .ended(4)
        .says("git signed nothing");
}

#[test]
fn what_was_lifted_is_listed() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (_, key) = refused(&sandbox);
    let (local, commit, token) = after_refusal(&sandbox, &key);
    sign(&local, &[&token, WHY[0], WHY[1], "--approve"]).ended(0);
    let list = |more: &[&str]| {
        let all = [&["override", "list", "--remote", "origin"], more].concat();
        local.tell(&all)
    };
    list(&[])
        .ended(0)
        .says("open: alice\n  lifts denied-path on refs/heads/master of bpf-next, until ")
        .says(&format!("  | {} touch net/core/dev.c\n", &commit[..12]))
        .says("  reason: it fixes the build\n")
        .says(&format!("  refs/overrides/{commit}/alice-"));
    sandbox.push(&commit, "master").accepted();
    local.git(&["fetch", "-q", "origin"]);
    list(&[]).ended(0).says("spent: alice\n");
    list(&["--open"]).ended(0).says("none");
}

#[test]
fn the_server_tells_which_count() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    sandbox.push(&tag, &name).accepted();
    let verify = |more: &[&str]| {
        let server = ["override", "verify", "--repository", "server.git"];
        sandbox.tell(&[&server[..], more].concat())
    };
    verify(&[])
        .ended(0)
        .says(&format!("counts: alice ({})\n", key.name))
        .says(&format!("  {name}\n"));
    verify(&[&commit[..8]]).ended(0).says("counts: alice");
    verify(&["0123"])
        .ended(2)
        .says("no override here begins with");
    let bob = ssh(&sandbox, "bob", "ed25519");
    with_alice(&sandbox, &bob);
    verify(&[&name])
        .ended(1)
        .says("doesn't count: it is signed by ssh:SHA256:");
}

/// git knows which subkey signs; the policy names the certificate.
#[test]
fn openpgp_signs_in_the_same_command() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    sandbox.started();
    let gpg = Gpg::new(&sandbox);
    gpg.make(&[], "ed25519", "cert", "0");
    let primary = gpg.fingerprints()[0].clone();
    gpg.run(&["--quick-add-key", &primary, "ed25519", "sign", "0"]);
    let key = gpg.key("alice@example.com");
    with_alice(&sandbox, &key);
    let (local, commit, token) = after_refusal(&sandbox, &key);
    sign(&local, &[&token, WHY[0], WHY[1]])
        .ended(0)
        .says(&format!("lifted: by alice ({})", key.name));
    assert_eq!(sandbox.at_ref("master"), Some(commit));
}

/// Without a remote, what stands in the repository itself: past overrides, and what is none.
#[test]
fn what_lifts_nothing_any_more_is_listed() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let statement = sandbox.lifting(&[&commit]).but("expires", &in_hours(-1));
    let (tag, name) = statement.sign("alice", &key);
    sandbox.seed(&tag, &[&name]);
    let other = format!("refs/overrides/{commit}/mallory-01234567");
    sandbox.seed(&commit, &[&other]);
    let local = sandbox.local();
    local.git(&["fetch", "-q", "origin", "refs/overrides/*:refs/overrides/*"]);
    local
        .tell(&["override", "list"])
        .ended(0)
        .says("expired: alice\n")
        .says(&format!("none: it is no annotated tag\n  {other}\n"));
    local
        .tell(&["override", "list", "--open"])
        .ended(0)
        .says("none\n")
        .says_no("expired")
        .says_no("mallory");
    sandbox
        .tell(&["override", "verify", "--repository", "server.git"])
        .ended(1)
        .says("doesn't count: it expired at ")
        .says(&format!(
            "doesn't count: it is no annotated tag\n  {other}\n"
        ));
}

#[test]
fn what_names_no_commit_is_listed_all_the_same() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let blob = sandbox.blob("x");
    let (tag, name) = sandbox.lifting(&[&commit, &blob]).sign("alice", &key);
    sandbox.push(&tag, &name).accepted();
    let local = sandbox.local();
    local
        .tell(&["override", "list", "--remote", "origin"])
        .ended(0)
        .says("open: alice\n")
        .says("(isn't here)");
    sandbox.push(&commit, "master").accepted();
    local.git(&["fetch", "-q", "origin"]);
    local
        .tell(&["override", "list", "--remote", "origin"])
        .ended(0)
        .says("open: alice\n");
}
