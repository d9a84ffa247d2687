//! The pushes that must be refused: what they prove, and what they don't reach.

use super::*;

/// A hook that is treewarden's by its looks, and accepts.
#[test]
fn a_program_that_accepts_everything_is_found_out() {
    everywhere(|s| {
        healthy(s);
        write_program(s, "#!/bin/sh\ncat > /dev/null\nexit 0\n");
        examined(s)
            .is(1, &["canary"], &["binary"])
            .says("canary", "a push to refs/replace/ must be refused");
    });
}

/// It refuses what any would, but not what the policy is for.
#[test]
fn a_program_that_judges_by_another_policy_is_found_out() {
    let s = one();
    let other = s.folder().join("other.toml");
    let text = SMALL.replace("deny = [\"networking\"]\n", "");
    std::fs::write(&other, format!("version = 1\n{text}")).unwrap();
    let real = bin(&s).join("treewarden-pre-receive");
    let program = format!(
        "#!/bin/sh\ngit config --replace-all treewarden.policy '{}'\nexec '{}' \"$@\"\n",
        other.display(),
        real.display()
    );
    write_program(&s, &program);
    let before = s.on_server(&["config", "treewarden.policy"]);
    examined(&s)
        .is(1, &["canary"], &["binary"])
        .says("canary", "replace-ref")
        .says(
            "canary",
            "net/canary to refs/heads/master must be refused with denied-path, and was accepted",
        );
    assert_eq!(s.on_server(&["config", "treewarden.policy"]), before);
}

/// It refuses, but for a reason that isn't the policy's.
#[test]
fn a_refusal_for_another_reason_is_no_proof() {
    let s = one();
    write_program(&s, "#!/bin/sh\nprintf '\\033[31mno room\\n' >&2\nexit 1\n");
    examined(&s)
        .is(1, &["canary"], &["binary"])
        .says("canary", "was refused otherwise: \\x1b[31mno room");
}

/// Where a push of the canary gets through, it still meets nothing of the real repository's: no
/// other hook, no remote.
#[test]
fn what_is_accepted_goes_no_further() {
    let s = one();
    let marker = s.folder().join("marker");
    let touch = format!("#!/bin/sh\ntouch '{}'\n", marker.display());
    for name in [
        "update",
        "post-receive",
        "post-update",
        "reference-transaction",
        "proc-receive",
        "pre-receive.chained",
    ] {
        let other = s.server().join("hooks").join(name);
        std::fs::write(&other, &touch).unwrap();
        set_mode(&other, 0o755);
    }
    // Whoever starts a hook by its own means finds no remote.
    let mirror = s.folder().join("mirror.git");
    sh(&s, "git clone -q --mirror server.git mirror.git");
    s.on_server(&["config", "remote.mirror.url", mirror.to_str().unwrap()]);
    let before = snapshot(&mirror);
    write_program(
        &s,
        "#!/bin/sh\nenv -u GIT_QUARANTINE_PATH git push -q --mirror mirror\nexit 0\n",
    );
    examined(&s).is(1, &["canary"], &["binary", "post-receive"]);
    assert!(!marker.exists());
    assert!(snapshot(&mirror) == before);
    // The proof that such a hook does what it is feared for.
    let base = s.at_ref("master").unwrap();
    s.seed(&base, &["more"]);
    s.push(&s.touch(&base, "net/a.c"), "master").accepted();
    assert!(marker.exists());
    assert!(snapshot(&mirror) != before);
}

/// The repository's own settings take part, includes among them.
#[test]
fn the_repositorys_configuration_takes_part() {
    let s = one();
    let included = s.folder().join("included");
    let policy = install_text(&s, SMALL);
    s.on_server(&["config", "--unset", "treewarden.policy"]);
    let name = policy.file_name().unwrap().to_str().unwrap();
    let text = format!("[treewarden]\n\tpolicy = ../{name}\n\trepository = \"a \\\"b\\\"\"\n");
    std::fs::write(&included, text).unwrap();
    s.on_server(&["config", "include.path", included.to_str().unwrap()]);
    examined(&s)
        .is_well()
        .says("policy", "for the repository a \"b\"")
        .says("canary", "denied-path");
}

#[test]
fn refs_and_paths_come_from_patterns() {
    let s = one();
    let text = "[[path-class]]\nname = \"first\"\npaths = [\"lib/**\"]\n\
        [[path-class]]\nname = \"odd\"\npaths = [\"lib/x\", \"a/[b-d]?/e*.c\"]\n\
        [[tree]]\nname = \"release\"\nrefs = [\"refs/heads/v?/{stable,lts}/*\"]\n\
        deny = [\"odd\"]\ndeny-only = { classes = [\"first\", \"odd\"], unless = [\"odd\"], judge = \"push\" }\n";
    install_text(&s, text);
    examined(&s)
        .is_well()
        .says(
            "canary",
            "a push of a/bx/ecanary.c to refs/heads/vx/stable/canary was refused: denied-path",
        )
        .says(
            "canary",
            "a push of lib/canary to refs/heads/vx/stable/canary was refused: only-denied-paths",
        );
}

/// What other rules find beside it doesn't hide what was to be proved.
#[test]
fn other_rules_may_refuse_too() {
    let s = one();
    let more = "create = false\n[[tree.message]]\nin = \"body\"\nrequire = \"^Signed-off-by: \"\nreason = \"sign off\"\n";
    install_text(&s, &format!("default = \"deny\"\n{SMALL}{more}"));
    examined(&s).is_well();
}
