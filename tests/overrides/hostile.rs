//! What somebody without a key could try, and what a signature must not do beside what it says.

use ssh_key::{LineEnding, SshSig};
use treewarden::budget::{Budget, Limits};
use treewarden::finding::Code;
use treewarden::git::{CleanGit, Repo};
use treewarden::overrides::cover::Matter;
use treewarden::overrides::docket::Docket;
use treewarden::overrides::examine::Authority;
use treewarden::overrides::request::Request;
use treewarden::overrides::statement::{Lifts, What};
use treewarden::overrides::token;
use treewarden::policy::{self, Source};
use treewarden::standing::Target;
use treewarden::update::{Change, Oid, RefName};

use super::{refused, signer, with_alice};
use crate::support::{Format, Sandbox, everywhere, ssh};

/// What a tree's pattern matches below `refs/overrides/` is no ref of the tree: else whatever an
/// approved commit contains would count as accepted.
#[test]
fn an_override_is_no_ref_of_a_tree() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let base = sandbox.started();
    let key = ssh(&sandbox, "alice", "ed25519");
    sandbox.trust(&[&key]);
    let names = "repository = \"bpf-next\"\n[[path-class]]\nname = \"networking\"\n\
                 paths = [\"net/**\"]\n";
    let wide = "[[tree]]\nname = \"all\"\nrefs = [\"refs/**\"]\ndeny = [\"networking\"]\n";
    let named = "[[tree]]\nname = \"all\"\nrefs = [\"refs/heads/*\"]\ndeny = [\"networking\"]\n\
                 upstream = [\"u\"]\n[[upstream]]\nname = \"u\"\nrefs = [\"refs/*/**\"]\n";
    let parent = sandbox.touch(&base, "net/core/parent.c");
    let commit = sandbox.touch(&parent, "net/core/dev.c");
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    for (at, trees) in [wide, named].iter().enumerate() {
        sandbox.policy(&format!("{names}{trees}{}", signer("alice", &[&key], "")));
        if at == 0 {
            sandbox.push(&tag, &name).accepted();
        }
        sandbox
            .push(&commit, "master")
            .rejected("denied-path")
            .says(&format!("error[denied-path]: commit {}", &parent[..12]))
            .says(&format!("lifted[denied-path]: commit {}", &commit[..12]));
    }
}

/// Whoever pushes chooses what a signature says it is for, with a key that everybody can read.
#[test]
fn what_a_signature_is_for_is_shown_escaped() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let (tag, name) = sandbox.lifting(&[&commit]).sign("alice", &key);
    let text = sandbox.git(&["cat-file", "tag", &tag]);
    let (payload, block) = text.split_at(text.find("-----BEGIN").unwrap());
    let good = SshSig::from_pem(format!("{}\n", block.trim_end())).unwrap();
    let odd = "\x1b]0;x\x07\ntreewarden: accepted";
    let (public, signature) = (good.public_key().clone(), good.signature().clone());
    let forged = SshSig::new(public, odd, good.hash_alg(), signature).unwrap();
    let block = forged.to_pem(LineEnding::LF).unwrap();
    let tag = sandbox.raw_object("tag", format!("{payload}{}\n", block.trim_end()).as_bytes());
    let pushed = sandbox.push(&tag, &name);
    pushed
        .rejected("bad-override")
        .says("signed for `\\x1b]0;x\\x07\\ntreewarden: accepted`, not for `git`");
    assert!(!pushed.raw().contains(&0x1b));
}

#[test]
fn a_long_line_is_not_told_whole() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let statement = sandbox.lifting(&[&commit]);
    for (key_of_line, text) in [
        ("reason", statement.text() + &"x".repeat(50_000) + "\n"),
        (
            "rules",
            statement.clone().but("rules", &"x".repeat(50_000)).text(),
        ),
        (
            "repository",
            statement
                .clone()
                .but("repository", &"x".repeat(50_000))
                .text(),
        ),
        (
            "commits",
            statement.clone().but("commits", &"x".repeat(50_000)).text(),
        ),
    ] {
        let (tag, name) = statement.sign_text("alice", &key, &text);
        let said = sandbox.push(&tag, &name).rejected("bad-override").said();
        assert!(said.len() < 2000, "{key_of_line}: {}", said.len());
    }
}

/// An override's repository is the one that its refs are in: a namespace is another.
#[test]
fn a_namespace_is_another_repository() {
    everywhere(|s| {
        let base = s.started();
        s.seed(&base, &["refs/namespaces/ns/refs/heads/master"]);
        let key = ssh(s, "alice", "ed25519");
        with_alice(s, &key);
        let commit = s.touch(&base, "net/core/dev.c");
        let push = |updates: &[(&str, &str)]| {
            let path = s.server().to_str().unwrap();
            let url = format!("ext::git --namespace=ns %s {path}");
            let pushed = s.push_to(url, updates, |_| {});
            pushed.said()
        };
        let (tag, name) = s.lifting(&[&commit]).sign("alice", &key);
        let said = push(&[(&commit, "master"), (&tag, &name)]);
        let why = "it is for the repository bpf-next, not for bpf-next/refs/namespaces/ns";
        assert!(said.contains(why), "{said}");
        // A refusal there says what to sign.
        let said = push(&[(&commit, "master")]);
        let line = "| repository: bpf-next/refs/namespaces/ns";
        assert!(said.contains(line), "{said}");
        let own = s.lifting(&[&commit]);
        let own = own.but("repository", "bpf-next/refs/namespaces/ns");
        let (tag, name) = own.sign("alice", &key);
        s.push_all(&[(&commit, "master"), (&tag, &name)])
            .rejected("bad-override")
            .says("not for bpf-next");
        let said = push(&[(&commit, "master"), (&tag, &name)]);
        assert!(said.contains("lifted: by alice"), "{said}");
        let inside = |name: &str| s.at_ref(&format!("refs/namespaces/ns/{name}"));
        assert_eq!(inside("refs/heads/master"), Some(commit));
        assert_eq!(inside(&name), Some(tag));
    });
}

/// A word from a stranger: what it would push is shown, and a commit's override deletes nothing.
#[test]
fn what_a_word_pushes_is_shown() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, key) = refused(&sandbox);
    let base = sandbox.at_ref("master").unwrap();
    let more = sandbox.touch(&commit, "kernel/bpf/btf.c");
    let local = sandbox.local();
    local.take(&more);
    key.use_in(&sandbox, &local.git_dir());
    let oid = |hex: &str| Oid::from_hex(hex.as_bytes()).unwrap();
    let word = |change| {
        token::encode(&[Request {
            lifts: Lifts {
                repository: "bpf-next".into(),
                ref_name: RefName::new(b"refs/heads/master").unwrap(),
                rules: vec![Code::DeniedPath],
                what: What::Commits(vec![oid(&commit)]),
            },
            change,
            signers: vec!["alice".into()],
        }])
    };
    let sign = |word: &str| local.tell(&["override", "sign", word, "--reason", "x"]);
    sign(&word(Change::Delete { old: oid(&base) }))
        .ended(2)
        .says("this is no word of a refusal");
    assert_eq!(sandbox.at_ref("master"), Some(base.clone()));
    let (old, new) = (oid(&base), oid(&more));
    sign(&word(Change::Move { old, new }))
        .ended(0)
        .says(&format!(
            "to be pushed to refs/heads/master: {} touch kernel/bpf/btf.c\n",
            &more[..12]
        ));
}

/// The time of a push may be over before its overrides are heard: nothing is lifted then, and the
/// report is the same but for that. What is lifted by the update's override needs no time.
#[test]
fn a_push_out_of_time_is_refused_and_not_failed() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (commit, _) = refused(&sandbox);
    let git = CleanGit {
        path: std::env::var_os("PATH"),
    };
    let repo = Repo::open(sandbox.server(), git).unwrap();
    let policy = sandbox.folder().join("policy.toml");
    let source = Source::parse(policy.to_str().unwrap(), sandbox.folder());
    let policy = policy::load(&source, None).unwrap();
    let over = Budget::new(Limits {
        seconds: 0,
        ..Limits::default()
    });
    let authority = Authority {
        verify: None,
        now: jiff::Timestamp::now(),
        pusher: None,
    };
    let scene = (&policy, &repo, &Target::Here);
    let (docket, _) = Docket::open(&[], &[], scene, authority, &over).unwrap();
    let commit = Oid::from_hex(commit.as_bytes()).unwrap();
    let at_fault = [commit];
    let rule = |code, commits| {
        docket.rule(&Matter {
            code,
            ref_name: &RefName::new(b"refs/heads/master").unwrap(),
            change: Change::Create { new: commit },
            commits,
        })
    };
    let ruling = rule(Code::DeniedPath, &at_fault).unwrap();
    assert!(ruling.lifted_by.is_empty());
    assert!(ruling.reasons[0].contains("judging takes longer than"));
    let ruling = rule(Code::TooMuch, &[]).unwrap();
    assert!(ruling.lifted_by.is_empty() && ruling.reasons.is_empty());
}

/// It came with an update that needed none: that was its one push.
#[test]
fn an_updates_override_that_lifts_nothing_is_spent() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let (_, key) = refused(&sandbox);
    let old = sandbox.at_ref("master").unwrap();
    let new = sandbox.touch(&old, "kernel/bpf/btf.c");
    let statement = sandbox.lifting_update("ref-rewound", &old, &new);
    let (tag, name) = statement.sign("alice", &key);
    sandbox
        .push_all(&[(&new, "master"), (&tag, &name)])
        .accepted()
        .says("the override of alice lifts nothing in this push, and is spent")
        .says_no("until");
}

/// git moves each ref that it can: an override whose objects are missing would lift, and then not be
/// kept, so that nobody could see afterwards who lifted what.
#[test]
fn an_override_that_git_will_not_keep_lifts_nothing() {
    everywhere(|s| {
        let base = s.started();
        let key = ssh(s, "alice", "ed25519");
        with_alice(s, &key);
        let first = s.touch(&base, "net/core/dev.c");
        let second = s.touch(&first, "net/core/more.c");
        let (tag, name) = s.lifting(&[&second, &first]).sign("alice", &key);
        let lines = [
            format!("{base} {first} refs/heads/master").into_bytes(),
            format!("{} {tag} {name}", s.format.zero()).into_bytes(),
        ];
        let listed = |range: &str| s.git(&["rev-list", "--objects", "--no-object-names", range]);
        let of_first = listed(&format!("{base}..{first}"));
        let mut objects: Vec<&str> = of_first.lines().collect();
        objects.push(&tag);
        // Without the newer commit; and without what is in it.
        for more in [None, Some(second.as_str())] {
            objects.extend(more);
            let said = s.raw_push_objects(&lines, &objects);
            assert!(said.contains("error[bad-override]: "), "{said}");
            assert_eq!(s.at_ref("master").as_deref(), Some(base.as_str()), "{said}");
        }
        let said = s.raw_push(&lines, &[&second, &tag]);
        assert!(said.contains("lifted[denied-path]"), "{said}");
        assert_eq!(s.at_ref("master"), Some(first));
    });
}
