//! What somebody without a key could try, and what a signature must not do beside what it says.

use super::{signer, with_alice};
use crate::support::{Format, Sandbox, ssh};

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
