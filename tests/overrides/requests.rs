//! What a refusal says could be signed, and when it says nothing.

use super::{refused, signer};
use crate::support::{Format, Key, Sandbox, ssh};

/// What the refusal says below its findings, without the word and the policy's digest.
fn rest(said: &str, from: &str) -> String {
    let start = said
        .find(from)
        .unwrap_or_else(|| panic!("no {from:?} in {said}"));
    let mut text = String::new();
    for line in said[start..]
        .lines()
        .take_while(|line| !line.starts_with("To "))
    {
        let line = line.trim_end();
        let line = line.split(" [policy").next().unwrap();
        let line = line.split(" tw1.").next().unwrap();
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[test]
fn a_refusal_and_what_was_lifted_in_it() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (first, key) = refused(&sandbox);
    let second = sandbox.touch(&first, "net/core/more.c");
    let statement = sandbox.lifting(&[&second]);
    let (tag, name) = statement.sign("alice", &key);
    let said = sandbox
        .push_all(&[(&second, "master"), (&tag, &name)])
        .rejected("denied-path")
        .said();
    let (one, other) = (&first[..12], &second[..12]);
    let text = statement.text();
    let expires = text.lines().find_map(|line| line.strip_prefix("expires: "));
    let (expires, key) = (expires.unwrap(), &key.name);
    assert_eq!(
        rest(&said, "lifted[")
            .lines()
            .filter(|line| !line.starts_with("note: no ref holds"))
            .fold(String::new(), |text, line| text + line + "\n"),
        format!(
            "lifted[denied-path]: commit {other} touches paths that this tree denies\n  \
             --> refs/heads/master (tree bpf-next/master)\n   \
             | {other} touch net/core/more.c\n   \
             |     net/core/more.c  [networking: `net/**` at preset:bpf-next:83]\n   \
             = policy: deny = [\"networking\"] (preset:bpf-next:299)\n   \
             = lifted: by alice ({key}), until {expires}: the fix must go in tonight\n\
             help: alice can lift this: the command below signs what follows, and pushes again\n   \
             | override-version: 1\n   \
             | repository: bpf-next\n   \
             | ref: refs/heads/master\n   \
             | rules: denied-path\n   \
             | commits: {first}\n   \
             | expires: …\n   \
             | reason: …\n   \
             treewarden override sign\n\
             treewarden: refused: bpf-next/master (2 commits)\n"
        )
    );
    assert!(said.contains(&format!("error[denied-path]: commit {one}")));
}

#[test]
fn check_says_what_could_be_signed() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, _) = refused(&sandbox);
    let policy = sandbox.folder().join("policy.toml");
    let policy = format!("--policy={}", policy.display());
    let mut command = sandbox.treewarden();
    command
        .current_dir(sandbox.client())
        .args(["check", &policy]);
    command.args(["--tree=bpf-next/master", &format!("{commit}^..{commit}")]);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("help: alice can lift this: "), "{said}");
    assert!(said.contains(&format!("| commits: {commit}\n")), "{said}");
    assert!(said.contains("treewarden override sign tw1."), "{said}");
}

#[test]
fn one_finding_that_stays_leaves_nothing_to_sign() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, _) = refused(&sandbox);
    sandbox.push(&commit, "master").says("override sign");
    sandbox
        .push_all(&[(&commit, "master"), (&commit, "refs/replace/x")])
        .rejected("denied-path")
        .rejected("replace-ref")
        .says_no("override sign");
}

#[test]
fn what_nobody_may_lift_is_not_asked_for() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let key = ssh(&sandbox, "alice", "ed25519");
    sandbox.over_preset(&signer(
        "alice",
        &[&key],
        "may-override = [\"ref-rewound\"]\n",
    ));
    let commit = sandbox.touch(&base, "net/core/dev.c");
    sandbox
        .push(&commit, "master")
        .rejected("denied-path")
        .says_no("override sign");
}

#[test]
fn so_many_commits_are_nobodys_decision() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    refused(&sandbox);
    let base = sandbox.at_ref("master").unwrap();
    let most = sandbox.line(&base, 200, |at| format!("net/f{at}.c"));
    sandbox
        .push(&most, "master")
        .says("treewarden override sign");
    let more = sandbox.touch(&most, "net/one/more.c");
    sandbox
        .push(&more, "master")
        .rejected("denied-path")
        .says_no("override sign");
}

#[test]
fn so_many_refs_are_nobodys_decision() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let key = ssh(&sandbox, "alice", "ed25519");
    let tree = "[[tree]]\nname = \"topics\"\nrefs = [\"refs/heads/topic/*\"]\ncreate = false\n";
    let alice = signer("alice", &[&key], "may-override = [\"ref-created\"]\n");
    sandbox.over_preset(&format!("{tree}{alice}"));
    let names: Vec<String> = (0..21).map(|at| format!("topic/{at}")).collect();
    let updates: Vec<(&str, &str)> = names.iter().map(|name| (&*base, &**name)).collect();
    sandbox
        .push_all(&updates[1..])
        .rejected("ref-created")
        .says("treewarden override sign");
    sandbox
        .push_all(&updates)
        .rejected("ref-created")
        .says_no("override sign");
}

/// Overrides are bound to a repository by its name.
#[test]
fn a_repository_without_a_name() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let key: Key = ssh(&sandbox, "alice", "ed25519");
    sandbox.trust(&[&key]);
    sandbox.small_policy(&signer("alice", &[&key], ""));
    let commit = sandbox.touch(&base, "net/core/dev.c");
    sandbox
        .push(&commit, "master")
        .rejected("denied-path")
        .says_no("override sign");
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .rejected("bad-override")
        .says("this repository has no name that it could be bound to");
}

/// One word for all that a push was refused for; it signs and pushes both refs.
#[test]
fn two_refs_have_one_word() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let key = ssh(&sandbox, "alice", "ed25519");
    sandbox.trust(&[&key]);
    let may = "may-override = [\"denied-path\", \"ref-rewound\"]\n";
    sandbox.over_preset(&signer("alice", &[&key], may));
    let ahead = sandbox.touch(&base, "net/core/ahead.c");
    sandbox.push(&ahead, "net").accepted();
    let commit = sandbox.touch(&base, "net/core/dev.c");
    let said = sandbox
        .push_all(&[(&commit, "master"), (&base, "net")])
        .rejected("denied-path")
        .rejected("ref-rewound")
        .said();
    let words: Vec<&str> = said
        .split_whitespace()
        .filter(|it| it.starts_with("tw1."))
        .collect();
    assert_eq!(words.len(), 1, "{said}");
    let local = sandbox.local();
    local.take(&commit);
    key.use_in(&sandbox, &local.git_dir());
    local
        .tell(&["override", "sign", words[0], "--reason", "both"])
        .ended(0)
        .says("lifted[denied-path]")
        .says("lifted[ref-rewound]");
    assert_eq!(sandbox.at_ref("master"), Some(commit));
    assert_eq!(sandbox.at_ref("net"), Some(base));
    let overrides = sandbox.refs().into_keys();
    assert_eq!(
        overrides
            .filter(|it| it.starts_with("refs/overrides/"))
            .count(),
        2
    );
}
