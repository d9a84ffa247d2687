//! What counts as touching a path: all kinds of entries, both names of a rename, any bytes.

use crate::support::{Sandbox, everywhere};

/// Refused on master because of this path, shown so.
fn denied(s: &Sandbox, commit: &str, path: &str) {
    s.push(commit, "master").rejected("denied-path").says(path);
}

#[test]
fn both_names_of_a_rename_count() {
    everywhere(|s| {
        let base = s.started();
        let out = s.commit("move out").on(&base);
        denied(
            s,
            &out.rename("net/core/dev.c", "kernel/dev.c").make(),
            "net/core/dev.c",
        );
        let into = s.commit("move in").on(&base);
        let into = into
            .rename("kernel/bpf/verifier.c", "net/verifier.c")
            .make();
        denied(s, &into, "net/verifier.c");
        let folder = s.commit("move the folder").on(&base);
        denied(s, &folder.rename("net", "fs/net").make(), "net/core/dev.c");
    });
}

#[test]
fn deletions_count() {
    everywhere(|s| {
        let base = s.started();
        denied(
            s,
            &s.commit("drop").on(&base).delete("net").make(),
            "net/core/dev.c",
        );
    });
}

#[test]
fn a_change_that_a_later_commit_takes_back_counts() {
    everywhere(|s| {
        let base = s.started();
        let added = s.touch(&base, "net/leaked.c");
        let removed = s.commit("sorry").on(&added).delete("net/leaked.c").make();
        assert_eq!(s.tree_of(&base), s.tree_of(&removed));
        s.push(&removed, "master")
            .rejected("denied-path")
            .finds("denied-path", 2);
    });
}

#[test]
fn a_revert_counts_like_any_other_commit() {
    everywhere(|s| {
        let base = s.base();
        let upstream = s.touch(&base, "net/core/dev.c");
        s.seed(&upstream, &["master", "refs/upstream/linus/master"]);
        let message = format!("Revert \"touch\"\n\nThis reverts commit {upstream}.\n");
        let revert = s.commit(message).on(&upstream);
        denied(
            s,
            &revert.write("net/core/dev.c", "int dev;\n").make(),
            "net/core/dev.c",
        );
    });
}

#[test]
fn mode_changes_links_and_gitlinks_count() {
    everywhere(|s| {
        let base = s.started();
        let draft = || s.commit("odd entry").on(&base);
        let executable = draft().executable("net/core/dev.c", "int dev;\n").make();
        denied(s, &executable, "net/core/dev.c");
        denied(s, &draft().link("net/link", "../kernel").make(), "net/link");
        denied(
            s,
            &draft().gitlink("net/module", &base).make(),
            "net/module",
        );
        // A link of the same contents in a file's place.
        let blob = "int dev;\n";
        denied(
            s,
            &draft().link("net/core/dev.c", blob).make(),
            "net/core/dev.c",
        );
    });
}

#[test]
fn net_itself_counts_where_it_is_no_folder() {
    everywhere(|s| {
        let base = s.started();
        let draft = || s.commit("net is no folder").on(&base).delete("net");
        for commit in [
            draft().write("net", "a file").make(),
            draft().link("net", "kernel").make(),
            draft().gitlink("net", &base).make(),
        ] {
            s.push(&commit, "master")
                .rejected("denied-path")
                .says("    net ");
        }
        let root = s.commit("a root").write("net", "a file").make();
        s.push(&root, "topic").accepted();
        s.over_preset("[[tree]]\nname = \"bpf-next/master\"\nrewind = true\n");
        s.push(&root, "master").rejected("denied-path");
    });
}

/// Both sides of a link are outside of what git tracks: only the link's own path counts.
#[test]
fn a_link_to_net_is_not_below_net() {
    everywhere(|s| {
        let base = s.started();
        let link = s
            .commit("a link")
            .on(&base)
            .link("kernel/net", "../net")
            .make();
        s.push(&link, "master").clean();
    });
}

#[test]
fn a_folder_of_the_same_contents_elsewhere_counts() {
    everywhere(|s| {
        let base = s.started();
        // The new folder is an object that the tree had before, at another path.
        let tree = s.git(&["rev-parse", &format!("{base}:kernel")]);
        let top = s.git(&["ls-tree", &base]);
        let listing = format!("{top}\n040000 tree {tree}\tnetwork\n");
        let near = s.git_with(&["mktree"], listing.as_bytes());
        s.push(&s.commit_tree(&near, &[&base]), "master").clean();
        let listing = listing.replace("\tnetwork", "\tnet.d");
        let listing: String = listing
            .lines()
            .map(|line| match line.ends_with("\tnet") {
                true => format!("040000 tree {tree}\tnet\n"),
                false => format!("{line}\n"),
            })
            .collect();
        let into = s.git_with(&["mktree"], listing.as_bytes());
        denied(s, &s.commit_tree(&into, &[&base]), "net/bpf/verifier.c");
    });
}

#[test]
fn any_bytes_can_be_a_name_and_none_reaches_the_terminal_raw() {
    everywhere(|s| {
        let base = s.started();
        let names: [(&[u8], &str); 9] = [
            (b"net/a\tb", "net/a\\tb"),
            ("net/\u{f6}".as_bytes(), "net/\u{f6}"),
            (b"net/a\nremote: all is well", "net/a\\nremote: all is well"),
            (b"net/\xff\xfe", "net/\\xff\\xfe"),
            (b"net/\x1b[2J\x1b]0;t\x07", "net/\\x1b[2J\\x1b]0;t\\x07"),
            ("net/\u{202e}c.txe".as_bytes(), "net/\\u{202e}c.txe"),
            ("net/\u{9b}2J".as_bytes(), "net/\\u{9b}2J"),
            (b"net/a\rb", "net/a\\x0db"),
            (b"net/\"q\\", "net/\"q\\\\"),
        ];
        for (name, shown) in names {
            let commit = s
                .commit([b"bpf: ", name].concat())
                .on(&base)
                .touch(name)
                .make();
            let pushed = s.push(&commit, "master");
            pushed.rejected("denied-path").says(shown);
            assert_harmless(pushed.raw());
        }
    });
}

/// Nothing but printable text and line feeds.
fn assert_harmless(raw: &[u8]) {
    let text = std::str::from_utf8(raw).unwrap();
    let acts = |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
    assert!(!text.contains(acts), "{text:?}");
}

#[test]
fn case_and_lookalikes_are_other_paths() {
    everywhere(|s| {
        let base = s.started();
        let draft = s.commit("lookalikes").on(&base);
        let commit = draft
            .touch("Net/a.c")
            .touch("n\u{435}t/b.c")
            .touch("net.c")
            .make();
        s.push(&commit, "master").clean();
    });
}

#[test]
fn deep_and_many_paths_are_shown_by_a_few() {
    everywhere(|s| {
        let base = s.started();
        let mut draft = s.commit("many").on(&base);
        for at in 0..40 {
            draft = draft.touch(format!("net/{}f{at:02}.c", "d/".repeat(30)));
        }
        s.push(&draft.make(), "master")
            .rejected("denied-path")
            .says("f00.c")
            .says("more paths")
            .says_no("f39.c");
    });
}

/// git shows no difference there, but the folder is another object, and nobody looks into folders
/// whose class is certain: it counts by itself.
#[test]
fn a_folder_that_changes_without_a_path_in_it_is_a_path() {
    everywhere(|s| {
        let base = s.started();
        let empty = s.git_with(&["mktree"], b"");
        let folder = |oid: &str, name: &str| {
            s.git_with(
                &["mktree"],
                format!("040000 tree {oid}\t{name}\n").as_bytes(),
            )
        };
        let net = s.commit_tree(&folder(&folder(&empty, "nothing"), "net"), &[&base]);
        s.push(&net, "master")
            .rejected("denied-path")
            .says("net/nothing/  [networking: `net/**`");
    });
}
