//! What changes between the two policies themselves, and which of them can be used.

use std::fs;

use super::{LAXER, STRICTER, check, logged, new, with_pushes};
use crate::support::{Format, Sandbox, everywhere};

#[test]
fn both_are_named_by_their_digests() {
    everywhere(|s| {
        with_pushes(s);
        new(s, LAXER);
        let told = check(s, &[]);
        assert!(told.value("in force:").ends_with(" (preset:bpf-next)"));
        assert!(told.value("new:").ends_with("/new.toml)"));
        let digest = told.value("new:");
        let digest = digest.split(' ').next().unwrap();
        let server = s.server().to_str().unwrap();
        s.tell(&["policy", "install", "new.toml", "--in", server])
            .says(digest);
        check(s, &[])
            .ended(0)
            .says("nothing changes: the digests are equal");
    });
}

#[test]
fn all_faults_of_the_new_one_are_told() {
    everywhere(|s| {
        with_pushes(s);
        new(s, "foo = 1\nbar = 1\n");
        check(s, &[])
            .ended(3)
            .says("new.toml:2: unknown key `foo`")
            .says("new.toml:3:");
        fs::remove_file(s.folder().join("new.toml")).unwrap();
        check(s, &[]).ended(3).says("new.toml");
        s.tell(&["policy", "check", "preset:bpf-next"])
            .ended(4)
            .says("no git repository");
    });
}

#[test]
fn without_a_usable_policy_in_force_the_new_one_answers_alone() {
    everywhere(|s| {
        with_pushes(s);
        new(s, STRICTER);
        for (broken, why) in [
            (
                &["config", "treewarden.policy", "gone.toml"][..],
                "gone.toml",
            ),
            (
                &["config", "--unset", "treewarden.policy"],
                "this repository has no policy",
            ),
        ] {
            s.on_server(broken);
            let told = check(s, &[]);
            // Nothing is accepted as things stand, so nothing can get worse.
            told.ended(0)
                .says("in force: no policy that can be used: ")
                .says(why)
                .says("  refused: refs/heads/master ")
                .says("error[denied-path]");
            assert_eq!(told.value("accepted:"), "2");
            assert_eq!(told.value("refused:"), "1");
        }
    });
}

#[test]
fn it_is_loaded_under_the_repositorys_name() {
    let s = &Sandbox::new(Format::Sha1Files);
    with_pushes(s);
    let text = "version = 1\n[[path-class]]\nname = \"core\"\npaths = [\"kernel/\"]\n\
                [[tree]]\nname = \"mine\"\nrefs = [\"bpf:refs/heads/master\"]\ndeny = [\"core\"]\n";
    fs::write(s.folder().join("new.toml"), text).unwrap();
    check(s, &[]).ended(3).says("set `repository`");
    s.on_server(&["config", "treewarden.repository", "bpf"]);
    check(s, &[]).ended(1).says("tree bpf: renamed to mine\n");
}

#[test]
fn trees_that_come_and_go_are_told() {
    everywhere(|s| {
        with_pushes(s);
        let tree = |name: &str, branch: &str| {
            format!("[[tree]]\nname = \"{name}\"\nrefs = [\"refs/heads/{branch}\"]\n")
        };
        s.policy(
            &[
                tree("one", "master"),
                tree("two", "two"),
                tree("three", "three"),
            ]
            .concat(),
        );
        let text = [
            tree("uno", "master"),
            tree("dos", "two"),
            tree("four", "four"),
        ]
        .concat();
        fs::write(s.folder().join("new.toml"), format!("version = 1\n{text}")).unwrap();
        check(s, &[])
            .ended(0)
            .says("tree one: renamed to uno\n")
            // Its ref isn't there, but the pattern is the same.
            .says("tree two: renamed to dos\n")
            .says("tree three: removed\n")
            .says("tree four: added\n")
            // To be called otherwise is no change of the ref.
            .says_no("refs/heads/master: was");
    });
}

#[test]
fn refs_that_are_governed_otherwise_are_told() {
    everywhere(|s| {
        let [_, two, top] = with_pushes(s);
        s.seed(&two, &["topic", "net"]);
        s.seed(&top, &["refs/upstream/late/x"]);
        new(
            s,
            "[[tree]]\nname = \"topics\"\nrefs = [\"refs/heads/topic\"]\n\
             [[tree]]\nname = \"bpf-next/net\"\nrefs = [\"refs/heads/other\"]\n\
             [[tree]]\nname = \"first\"\nrefs = [\"refs/heads/master\"]\n\
             [[upstream]]\nname = \"late\"\nrefs = [\"refs/upstream/late/*\"]\n",
        );
        check(s, &[])
            .ended(1)
            .says("refs/heads/topic: was not governed, would be governed by topics\n")
            .says("refs/heads/net: was governed by bpf-next/net, would be not governed\n")
            .says(
                "refs/heads/master: was governed by bpf-next/master, would be governed by first\n",
            )
            .says(
                "refs/upstream/late/x: was not governed, would be the upstream late's, and refused",
            )
            .says("refs that no push would reach any more: 1");
    });
}

#[test]
fn refs_that_nobody_governs_may_be_closed() {
    everywhere(|s| {
        with_pushes(s);
        let tip = s.at_ref("master").unwrap();
        let names: Vec<String> = (0..12).map(|at| format!("topic-{at:02}")).collect();
        let refs: Vec<&str> = names.iter().map(String::as_str).collect();
        s.seed(&tip, &refs);
        new(s, "default = \"deny\"\n");
        check(s, &[])
            .ended(1)
            .says("refs/heads/topic-00: was not governed, would be not governed, and refused (ungoverned-ref)")
            .says("refs/heads/topic-09")
            .says_no("refs/heads/topic-10")
            .says("… and 2 more refs")
            .says("refs that no push would reach any more: 12");
        let server = s.server().to_str().unwrap();
        s.tell(&["policy", "install", "new.toml", "--in", server])
            .ended(0);
        s.push(&s.touch(&tip, "Makefile"), "topic-00")
            .rejected("ungoverned-ref");
        // To open them again is no failure.
        new(s, "");
        check(s, &[])
            .ended(0)
            .says("refused (ungoverned-ref), would be not governed");
    });
}

/// Whole trees may be closed by it too: to create, to delete, to rewind.
#[test]
fn what_a_tree_allows_counts() {
    everywhere(|s| {
        let [base, ..] = with_pushes(s);
        new(s, "[[tree]]\nname = \"bpf-next/master\"\ncreate = false\n");
        check(s, &[])
            .ended(1)
            .says("now refused: refs/heads/master (created)..")
            .says("error[ref-created] refs/heads/master: the ref is created");
        s.over_preset("[[tree]]\nname = \"bpf-next/master\"\nrewind = true\n");
        s.push(&base, "master").clean();
        new(s, "");
        check(s, &[]).ended(1).says("error[ref-rewound]");
        // By its history alone, a ref was never created or rewound.
        s.on_server(&["reflog", "expire", "--expire=all", "--all"]);
        new(s, "[[tree]]\nname = \"bpf-next/master\"\ncreate = false\n");
        check(s, &[])
            .ended(0)
            .says("first-parent steps taken for pushes: 1");
    });
}

#[test]
fn an_adopted_history_that_the_new_one_forgets_is_told() {
    everywhere(|s| {
        logged(s);
        let bad = s.commit("old").write("net/a.c", "1\n").make();
        s.seed(&bad, &["master"]);
        s.tell(&["adopt", s.server().to_str().unwrap()]).ended(0);
        new(s, "");
        check(s, &[])
            .ended(1)
            .says("tree bpf-next/master: its `since` is dropped")
            .says("now refused: refs/heads/master (created)..");
    });
}

/// What an upstream has by now is not judged again, by either.
#[test]
fn upstreams_count_as_they_stand_now() {
    everywhere(|s| {
        let [_, two, _] = with_pushes(s);
        new(s, STRICTER);
        check(s, &[])
            .ended(1)
            .says("note: no ref holds the upstream linus");
        s.seed(
            &two,
            &["refs/upstream/linus/master", "refs/upstream/bpf/master"],
        );
        check(s, &[]).ended(0).says_no("note:");
    });
}

/// A symbolic ref is another name, and can't be pushed to.
#[test]
fn symbolic_and_replace_refs_are_passed_over() {
    everywhere(|s| {
        let [base, two, _] = with_pushes(s);
        s.symref("refs/heads/bpf-next/master", "refs/heads/master");
        s.on_server(&["update-ref", &format!("refs/replace/{base}"), &two]);
        new(s, &format!("default = \"deny\"\n{STRICTER}"));
        check(s, &[])
            .ended(1)
            .says_no("refs/heads/bpf-next/master")
            .says_no("refs/replace")
            .says("now refused:      1");
    });
}
