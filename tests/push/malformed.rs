//! Objects that git takes as they come: judged, or refused, but never passed over.

use crate::support::{Sandbox, everywhere};

/// A commit on `base` whose folder `kernel` is this tree object.
fn with_kernel(s: &Sandbox, base: &str, tree: &str) -> String {
    let net = s.git(&["rev-parse", &format!("{base}:net")]);
    let top = s.raw_tree(&[("40000", b"kernel", tree), ("40000", b"net", &net)]);
    s.commit_tree(&top, &[base])
}

#[test]
fn malformed_trees_are_refused() {
    everywhere(|s| {
        let base = s.started();
        let blob = s.blob("x");
        let tree = s.raw_tree(&[("100644", b"f", &blob)]);
        let file = |name: &'static [u8]| ("100644", name, blob.as_str());
        let folder = |name: &'static [u8]| ("40000", name, tree.as_str());
        for entries in [
            vec![file(b"b"), file(b"a")],
            vec![file(b"a"), file(b"a")],
            vec![folder(b"..")],
            vec![folder(b".")],
            vec![folder(b".git")],
            vec![file(b"a/b")],
            vec![file(b"/")],
            vec![("777", b"a", blob.as_str())],
            vec![("060000", b"a", blob.as_str())],
        ] {
            let kernel = s.raw_tree(&entries);
            let commit = with_kernel(s, &base, &kernel);
            s.push(&commit, "master").refused().says(&kernel);
        }
    });
}

/// A file and a folder of one name can't both be checked out; other names may stand between them.
#[test]
fn a_file_and_a_folder_of_one_name_are_refused() {
    everywhere(|s| {
        let base = s.started();
        let blob = s.blob("x");
        let tree = s.raw_tree(&[("100644", b"f", &blob)]);
        let (file, folder) = (
            ("100644", b"a".as_slice(), &*blob),
            ("40000", b"a".as_slice(), &*tree),
        );
        for entries in [
            vec![file, folder],
            vec![file, ("100644", b"a.b", &blob), folder],
        ] {
            let commit = with_kernel(s, &base, &s.raw_tree(&entries));
            s.push(&commit, "master").refused();
        }
    });
}

/// The twin of a folder hides what stands in it from whoever looks at the first one alone.
#[test]
fn a_second_folder_of_one_name_is_refused() {
    everywhere(|s| {
        let base = s.started();
        let net = s.git(&["rev-parse", &format!("{base}:net")]);
        let other = s.raw_tree(&[("100644", b"evil.c", &s.blob("x"))]);
        for pair in [[&net, &other], [&other, &net]] {
            let entries = pair.map(|oid| ("40000", b"net".as_slice(), oid.as_str()));
            let commit = s.commit_tree(&s.raw_tree(&entries), &[&base]);
            s.push(&commit, "master").refused();
        }
    });
}

#[test]
fn a_folder_mode_with_a_leading_zero_is_a_folder() {
    everywhere(|s| {
        let base = s.started();
        let evil = s.raw_tree(&[("100644", b"evil.c", &s.blob("x"))]);
        let top = s.raw_tree(&[("040000", b"net", &evil)]);
        s.push(&s.commit_tree(&top, &[&base]), "master")
            .rejected("denied-path")
            .says("net/evil.c");
    });
}

/// Modes that only old gits wrote are still files.
#[test]
fn group_writable_files_are_files() {
    everywhere(|s| {
        let base = s.started();
        let evil = s.raw_tree(&[("100664", b"evil.c", &s.blob("x"))]);
        let top = s.raw_tree(&[("40000", b"net", &evil)]);
        s.push(&s.commit_tree(&top, &[&base]), "master")
            .rejected("denied-path");
    });
}

#[test]
fn odd_headers_and_messages_are_judged_like_any_other() {
    everywhere(|s| {
        let base = s.started();
        let good = s.tree_of(&s.touch(&base, "kernel/a.c"));
        let bad = s.tree_of(&s.touch(&base, "net/a.c"));
        let person = "x <x@y> 1725148800 +0000";
        let huge = "m".repeat(5_000_000);
        for after in [
            format!("author {person}\nauthor {person}\ncommitter {person}\n\ntwo authors\n"),
            "\nneither author nor committer\n".into(),
            "author\ncommitter\n\nempty\n".into(),
            format!("author {person}\ncommitter {person}\nencoding no-such\n\nbytes\n"),
            format!("author {person}\ncommitter {person}\n\n{huge}"),
            format!("author {person}\ncommitter {person}\n"),
            format!("author {person}\ncommitter {person}\nparent {base}\n\nlate parent\n"),
            format!("author {person}\ncommitter {person}\n\na\0b\n"),
        ] {
            let commit = |tree: &str| {
                let text = format!("tree {tree}\nparent {base}\n{after}");
                s.raw_object("commit", text.as_bytes())
            };
            s.push(&commit(&bad), "master").rejected("denied-path");
            s.push(&commit(&good), "bpf-next/master")
                .clean()
                .judged("bpf-next/master", 1);
            s.seed(&base, &["bpf-next/master"]);
        }
    });
}

#[test]
fn a_commit_that_names_one_parent_twice_hides_nothing() {
    everywhere(|s| {
        let base = s.started();
        let bad = s.tree_of(&s.touch(&base, "net/a.c"));
        s.push(&s.commit_tree(&bad, &[&base, &base]), "master")
            .rejected("denied-path");
        let many = vec![base.as_str(); 1000];
        s.push(&s.commit_tree(&bad, &many), "master")
            .rejected("denied-path");
    });
}

/// Neither side can be blamed: the parents have nothing in common.
#[test]
fn a_merge_of_unrelated_histories_is_judged() {
    everywhere(|s| {
        let base = s.started();
        let root = s.commit("a root").write("kernel/other.c", "x").make();
        let tree = s.merged_unrelated(&base, &root);
        s.push(&s.commit_tree(&tree, &[&base, &root]), "master")
            .clean();
        let evil = s.commit("a root").write("net/other.c", "x").make();
        let tree = s.merged_unrelated(&base, &evil);
        s.push(&s.commit_tree(&tree, &[&base, &evil]), "master")
            .rejected("denied-path");
    });
}

impl Sandbox {
    fn merged_unrelated(&self, one: &str, other: &str) -> String {
        let merged = ["merge-tree", "--write-tree", "--allow-unrelated-histories"];
        self.git(&[&merged, [one, other].as_slice()].concat())
    }
}

#[test]
fn a_nest_of_tags_ends_somewhere() {
    everywhere(|s| {
        let base = s.started();
        s.over_preset("[[tree]]\nname = \"releases\"\nrefs = [\"refs/tags/*\"]\n");
        let mut tag = base.clone();
        for depth in 0..110 {
            let kind = if depth == 0 { "commit" } else { "tag" };
            let text = format!("object {tag}\ntype {kind}\ntag t\n\nnested\n");
            tag = s.raw_object("tag", text.as_bytes());
        }
        s.push(&tag, "refs/tags/deep").refused().says(&tag);
    });
}
