//! What can't be judged isn't accepted.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods
)]

mod by_hand;

use std::fs;

use crate::support::{Sandbox, everywhere};

/// A way to break a server.
struct Broken {
    what: &'static str,
    /// Breaks it; the commits are the one that master holds and the one that is pushed.
    how: fn(&Sandbox, &str, &str),
    /// The hook's exit status.
    status: i32,
    /// What it says.
    says: &'static str,
}

const POLICY: i32 = 3;
const REPOSITORY: i32 = 4;

const BROKEN: &[Broken] = &[
    Broken {
        what: "a policy that is no TOML",
        how: |s, _, _| rewrite(s, "version = 1\n[[tree]\n"),
        status: POLICY,
        says: "policy.toml:2",
    },
    Broken {
        what: "a policy with an unknown key",
        how: |s, _, _| rewrite(s, "version = 1\ndefualt = \"deny\"\n"),
        status: POLICY,
        says: "policy.toml:2",
    },
    Broken {
        what: "a policy of another version",
        how: |s, _, _| rewrite(s, "version = 2\n"),
        status: POLICY,
        says: "version = 1",
    },
    Broken {
        what: "an empty policy",
        how: |s, _, _| rewrite(s, ""),
        status: POLICY,
        says: "version = 1",
    },
    Broken {
        what: "a policy that is no text",
        how: |s, _, _| fs::write(s.folder().join("policy.toml"), b"version = 1 # \xff\n").unwrap(),
        status: POLICY,
        says: "policy.toml",
    },
    Broken {
        what: "a tree that denies a class which isn't there",
        how: |s, _, _| {
            rewrite(
                s,
                "version = 1\n[[tree]]\nname = \"m\"\nrefs = [\"refs/heads/m\"]\ndeny = [\"net\"]\n",
            );
        },
        status: POLICY,
        says: "net",
    },
    Broken {
        what: "ref patterns for a repository without a name",
        how: |s, _, _| {
            rewrite(
                s,
                "version = 1\n[[tree]]\nname = \"m\"\nrefs = [\"x:refs/heads/m\"]\n",
            );
        },
        status: POLICY,
        says: "repository",
    },
    Broken {
        what: "an `extends` that leads nowhere",
        how: |s, _, _| rewrite(s, "version = 1\nextends = \"gone.toml\"\n"),
        status: POLICY,
        says: "gone.toml",
    },
    Broken {
        what: "an `extends` that leads to itself",
        how: |s, _, _| rewrite(s, "version = 1\nextends = \"policy.toml\"\n"),
        status: POLICY,
        says: "extend",
    },
    Broken {
        what: "a policy file that is gone",
        how: |s, _, _| fs::remove_file(s.folder().join("policy.toml")).unwrap(),
        status: POLICY,
        says: "policy.toml",
    },
    Broken {
        // As for a file without permission to read it; but root may read anything.
        what: "a folder in the policy file's place",
        how: |s, _, _| {
            fs::remove_file(s.folder().join("policy.toml")).unwrap();
            fs::create_dir(s.folder().join("policy.toml")).unwrap();
        },
        status: POLICY,
        says: "policy.toml",
    },
    Broken {
        what: "a policy file that is a dangling link",
        how: |s, _, _| {
            fs::remove_file(s.folder().join("policy.toml")).unwrap();
            std::os::unix::fs::symlink("gone", s.folder().join("policy.toml")).unwrap();
        },
        status: POLICY,
        says: "policy.toml",
    },
    Broken {
        what: "no policy at all",
        how: |s, _, _| drop(s.on_server(&["config", "--unset", "treewarden.policy"])),
        status: POLICY,
        says: "treewarden.policy",
    },
    Broken {
        what: "a preset that isn't there",
        how: |s, _, _| drop(s.on_server(&["config", "treewarden.policy", "preset:bfp-next"])),
        status: POLICY,
        says: "preset",
    },
    Broken {
        what: "an empty name for a policy",
        how: |s, _, _| drop(s.on_server(&["config", "treewarden.policy", ""])),
        status: POLICY,
        says: "administrator",
    },
    Broken {
        what: "an upstream whose ref holds a corrupt object",
        how: |s, base, _| {
            let text = s.touch(base, "kernel/upstream.c");
            s.seed(&text, &["refs/upstream/linus/master"]);
            spoil(s, &text, b"corrupt");
        },
        status: REPOSITORY,
        says: "",
    },
    Broken {
        what: "a corrupt commit",
        how: |s, base, _| spoil(s, base, b"not zlib at all"),
        status: REPOSITORY,
        says: "",
    },
    Broken {
        what: "a corrupt tree object",
        how: |s, base, _| spoil(s, &s.tree_of(base), b""),
        status: REPOSITORY,
        says: "",
    },
    Broken {
        what: "a tree object that is gone",
        how: |s, base, _| {
            let tree = s.git(&["rev-parse", &format!("{base}:kernel")]);
            fs::remove_file(object(s, &tree)).unwrap();
        },
        status: REPOSITORY,
        says: "missing",
    },
];

fn rewrite(s: &Sandbox, text: &str) {
    fs::write(s.folder().join("policy.toml"), text).unwrap();
}

/// The file of a loose object on the server.
fn object(s: &Sandbox, oid: &str) -> std::path::PathBuf {
    s.server().join("objects").join(&oid[..2]).join(&oid[2..])
}

fn spoil(s: &Sandbox, oid: &str, contents: &[u8]) {
    let path = object(s, oid);
    fs::remove_file(&path).unwrap();
    fs::write(&path, contents).unwrap();
}

#[test]
fn whatever_is_broken_refuses_every_push() {
    for broken in BROKEN {
        everywhere(|s| {
            eprintln!("{}", broken.what);
            s.over_preset("");
            let base = s.started();
            let good = s.touch(&base, "kernel/bpf/core.c");
            // Then the hook finds the objects without a push too, and shows its exit status.
            s.seed(&good, &["topic"]);
            let line = format!("{base} {good} refs/heads/master\n");
            s.hook(&line).ended(0, "treewarden: accepted");
            (broken.how)(s, &base, &good);
            s.hook(&line)
                .ended(broken.status, broken.says)
                .ended(broken.status, "treewarden: refused");
            let next = s.touch(&good, "kernel/bpf/next.c");
            s.push_to(s.server(), &[(&next, "master")], |_| {})
                .declined();
        });
    }
}

/// git accepts every push where the hook isn't there, but not where its program isn't.
#[test]
fn a_shim_whose_program_is_gone_refuses() {
    everywhere(|s| {
        let base = s.started();
        let hook = s.server().join("hooks/pre-receive");
        let text = fs::read_to_string(&hook).unwrap();
        let program = env!("CARGO_BIN_EXE_treewarden-pre-receive");
        assert!(text.contains(program), "{text}");
        fs::write(
            &hook,
            text.replace(program, "/nonexistent/treewarden-pre-receive"),
        )
        .unwrap();
        s.push(&s.touch(&base, "kernel/a.c"), "master").declined();
    });
}

/// Broken for one ref is broken for the push, but what no tree governs needs no objects.
#[test]
fn a_push_that_touches_no_tree_needs_no_more_than_a_policy() {
    everywhere(|s| {
        let base = s.started();
        let topic = s.touch(&base, "kernel/a.c");
        s.push(&topic, "topic").accepted();
        s.on_server(&["config", "--unset", "treewarden.policy"]);
        let next = s.touch(&topic, "kernel/b.c");
        s.push(&next, "topic").refused().says("treewarden.policy");
    });
}
