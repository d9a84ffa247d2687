//! What an override lifts, and nothing else.

use super::{refused, signer, with_alice};
use crate::support::{Format, Key, Sandbox, in_hours, ssh};

macro_rules! refuses {
    ($($name:ident $code:literal $why:literal $change:expr;)*) => { $(
        #[test]
        fn $name() {
            let sandbox = Sandbox::new(Format::Sha1Files);
            let (commit, key) = refused(&sandbox);
            let change: fn(&Sandbox, Scene<'_>) -> (String, String) = $change;
            let scene = Scene { commit: &commit, key: &key };
            let (tag, name) = change(&sandbox, scene);
            sandbox
                .push_all(&[(&commit, "master"), (&tag, &name)])
                .rejected("denied-path")
                .rejected($code)
                .says($why);
        }
    )* };
}

struct Scene<'s> {
    commit: &'s str,
    key: &'s Key,
}

impl Scene<'_> {
    fn signed(&self, sandbox: &Sandbox, key: &str, value: &str) -> (String, String) {
        let statement = sandbox.lifting(&[self.commit]).but(key, value);
        statement.sign("alice", self.key)
    }
}

refuses! {
    another_repository "bad-override" "for the repository net-next, not for bpf-next"
        |s, it| it.signed(s, "repository", "net-next");
    another_ref "denied-path" "it is for refs/heads/bpf-next/master"
        |s, it| it.signed(s, "ref", "refs/heads/bpf-next/master");
    another_commit "denied-path" "it doesn't name "
        |s, it| {
            let other = s.touch(it.commit, "net/core/other.c");
            s.lifting(&[&other]).sign("alice", it.key)
        };
    another_rule "bad-override" "`alice` may not lift message-pattern"
        |s, it| it.signed(s, "rules", "message-pattern");
    an_update_and_not_the_commit "denied-path" "it doesn't name this rule"
        |s, it| {
            let old = s.at_ref("master").unwrap();
            s.lifting_update("ref-rewound", &old, it.commit).sign("alice", it.key)
        };
    what_is_expired "bad-override" "it expired at "
        |s, it| it.signed(s, "expires", &in_hours(-1));
    what_lasts_too_long "bad-override" "nothing that lasts longer than"
        |s, it| it.signed(s, "expires", &in_hours(24 * 7 + 1));
    a_tag_of_something_else "bad-override" "not what its statement names first"
        |s, it| {
            let parent = s.git(&["rev-parse", &format!("{}^", it.commit)]);
            s.lifting(&[it.commit]).at(&parent).sign("alice", it.key)
        };
    another_signers_name "bad-override" "no [[signer]] called `bob`"
        |s, it| s.lifting(&[it.commit]).sign("bob", it.key);
    another_digest_in_the_name "bad-override" "its name must be refs/overrides/"
        |s, it| {
            let (tag, name) = s.lifting(&[it.commit]).sign("alice", it.key);
            let last = if name.ends_with('0') { "1" } else { "0" };
            (tag, format!("{}{last}", &name[..name.len() - 1]))
        };
    a_name_without_a_target "bad-override" "its name is not refs/overrides/"
        |s, it| {
            let (tag, _) = s.lifting(&[it.commit]).sign("alice", it.key);
            (tag, "refs/overrides/alice".into())
        };
    a_line_too_many "bad-override" "one too many"
        |s, it| {
            let statement = s.lifting(&[it.commit]);
            statement.sign_text("alice", it.key, &format!("{}note: x\n", statement.text()))
        };
    a_line_too_few "bad-override" "line 6 of the statement must be `expires: "
        |s, it| {
            let statement = s.lifting(&[it.commit]);
            let text = statement.text();
            let kept: String = text
                .lines()
                .filter(|line| !line.starts_with("expires"))
                .flat_map(|line| [line, "\n"])
                .collect();
            statement.sign_text("alice", it.key, &kept)
        };
    lines_in_another_order "bad-override" "line 6 of the statement must be `expires: "
        |s, it| {
            let statement = s.lifting(&[it.commit]);
            let text = statement.text();
            let mut lines: Vec<&str> = text.lines().collect();
            lines.swap(5, 6);
            statement.sign_text("alice", it.key, &(lines.join("\n") + "\n"))
        };
    a_commit_in_its_place "bad-override" "no annotated tag"
        |s, it| (it.commit.to_owned(), s.lifting(&[it.commit]).ref_name("alice"));
}

#[test]
fn what_is_too_large_is_not_read() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let statement = sandbox
        .lifting(&[&commit])
        .but("reason", &"x".repeat(64 * 1024));
    let (tag, name) = statement.sign("alice", &key);
    sandbox
        .push(&tag, &name)
        .rejected("bad-override")
        .says("the tag is larger than 64 KiB");
}

#[test]
fn tags_that_are_no_overrides() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let statement = sandbox.lifting(&[&commit]);
    let (tag, name) = statement.sign("alice", &key);
    sandbox.git(&["tag", "-f", "-a", "-m", "outer", "outer", &tag]);
    let outer = sandbox.git(&["rev-parse", "refs/tags/outer"]);
    sandbox
        .push(&outer, &name)
        .rejected("bad-override")
        .says("the tag isn't signed");
    let text = statement.text();
    let (outer, _) = statement.clone().at(&tag).sign_text("alice", &key, &text);
    sandbox
        .push(&outer, &name)
        .rejected("bad-override")
        .says("not what its statement names first");
    let inner = statement.clone().but("commits", &tag).at(&tag);
    let (outer, other) = inner.sign("alice", &key);
    sandbox
        .push(&outer, &other)
        .rejected("bad-override")
        .says("points at something that is no commit");
    let (release, _) = statement.sign_text("alice", &key, "Linux 6.13\n");
    sandbox
        .push(&release, &name)
        .rejected("bad-override")
        .says("line 1 of the statement must be `override-version: …`, not `Linux 6.13`");
    // Elsewhere it is nobody's business.
    sandbox.push(&release, "refs/tags/v6.13").accepted();
}

/// One override names the rules and commits of the whole refusal, newest first.
#[test]
fn one_override_lifts_several_findings() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (first, key) = refused(&sandbox);
    let second = sandbox.touch(&first, "net/core/more.c");
    let (half, half_name) = sandbox.lifting(&[&second]).sign("alice", &key);
    sandbox
        .push_all(&[(&second, "master"), (&half, &half_name)])
        .rejected("denied-path")
        .says(&format!("error[denied-path]: commit {}", &first[..12]))
        .says(&format!("lifted[denied-path]: commit {}", &second[..12]));
    let (tag, name) = sandbox.lifting(&[&second, &first]).sign("alice", &key);
    sandbox
        .push_all(&[(&second, "master"), (&tag, &name)])
        .accepted();
}

/// A series is one finding: the override must name all its commits that are at fault.
#[test]
fn a_series_is_lifted_whole() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let key = ssh(&sandbox, "alice", "ed25519");
    sandbox.trust(&[&key]);
    let may = "may-override = [\"only-denied-paths\"]\n";
    sandbox.over_preset(&signer("alice", &[&key], may));
    let first = sandbox.touch(&base, "kernel/bpf/btf.c");
    let second = sandbox.touch(&first, "kernel/bpf/verifier.c");
    let merge = sandbox.merge("Merge branch 'x'", &[&base, &second]).make();
    let lifting = |commits: &[&str]| {
        let statement = sandbox.lifting(commits).but("ref", "refs/heads/net");
        statement
            .but("rules", "only-denied-paths")
            .sign("alice", &key)
    };
    let (tag, name) = lifting(&[&second]);
    sandbox
        .push_all(&[(&merge, "net"), (&tag, &name)])
        .rejected("only-denied-paths")
        .says(&format!("it doesn't name {}", &first[..12]));
    let (tag, name) = lifting(&[&second, &first]);
    sandbox
        .push_all(&[(&merge, "net"), (&tag, &name)])
        .accepted()
        .says("lifted[only-denied-paths]");
}

#[test]
fn a_grant_names_trees() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let key = ssh(&sandbox, "alice", "ed25519");
    sandbox.trust(&[&key]);
    sandbox.over_preset(&signer("alice", &[&key], "trees = [\"bpf-next/net\"]\n"));
    let commit = sandbox.touch(&base, "net/core/dev.c");
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .rejected("bad-override")
        .says("`alice` may not lift anything on bpf-next/master");
}

/// An approver pushes the signature, and whoever it is for pushes the change, with what others
/// have pushed in between below it.
#[test]
fn an_override_that_was_there_before_counts() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    sandbox
        .push(&tag, &name)
        .accepted()
        .says("lifts nothing in this push; until ")
        .says("it lifts denied-path of 1 commit on refs/heads/master");
    let merge = sandbox
        .merge(
            "Merge branch 'x'",
            &[&sandbox.at_ref("master").unwrap(), &commit],
        )
        .make();
    sandbox.push(&merge, "master").accepted().says("by alice");
}

/// Its signer's word is asked for when it is needed: what has ended by then lifts nothing.
#[test]
fn an_override_that_was_there_before_is_examined_again() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    sandbox.push(&tag, &name).accepted();
    let bob = ssh(&sandbox, "bob", "ed25519");
    sandbox.trust(&[&bob]);
    sandbox.over_preset(&signer("alice", &[&bob], ""));
    sandbox
        .push(&commit, "master")
        .rejected("denied-path")
        .says("the override of alice doesn't lift this: it is signed by ssh:SHA256:")
        .says("not in the server's keyring");
    with_alice(&sandbox, &key);
    sandbox.push(&commit, "master").accepted();
}

#[test]
fn an_override_of_another_commit_is_no_news() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let other = sandbox.touch(&commit, "net/core/other.c");
    let (tag, name) = sandbox.lifting(&[&other]).sign("alice", &key);
    sandbox.push(&tag, &name).accepted();
    sandbox
        .push(&commit, "master")
        .rejected("denied-path")
        .says_no("the override of");
}

#[test]
fn what_protects_the_gate_is_never_lifted() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, name) = sandbox
        .lifting_update("bad-update", "", &commit)
        .sign("alice", &key);
    sandbox
        .push_all(&[(&commit, "Master"), (&tag, &name)])
        .rejected("bad-update")
        .rejected("bad-override")
        .says("bad-update can never be lifted");
}

/// Its signer may lift the rule; this override just doesn't say so.
#[test]
fn a_rule_that_it_leaves_out() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let key = ssh(&sandbox, "alice", "ed25519");
    sandbox.trust(&[&key]);
    let may = "may-override = [\"denied-path\", \"message-pattern\"]\n";
    sandbox.over_preset(&signer("alice", &[&key], may));
    let commit = sandbox.touch(&base, "net/core/dev.c");
    let statement = sandbox.lifting(&[&commit]);
    let (tag, name) = statement
        .clone()
        .but("rules", "message-pattern")
        .sign("alice", &key);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .rejected("denied-path")
        .says("the override of alice doesn't lift this: it doesn't name this rule");
    let (tag, name) = statement
        .but("rules", "denied-path,message-pattern")
        .sign("alice", &key);
    sandbox
        .push_all(&[(&commit, "master"), (&tag, &name)])
        .accepted();
}
