//! Stores that git is asked about: without git nothing is read of them, and with it what git lists.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use treewarden::update::RefName;

use super::store::Store;
use super::{Listed, asked_of_git, open, read};
use crate::differential::engine::plenty;
use crate::differential::witness::Witness;
use crate::support::{Format, Sandbox, everywhere};

const ASKED: [&str; 2] = ["refs/heads/", "refs/tags/v1"];

/// A store with a loose and a packed ref, both plain.
fn plain() -> Store {
    let store = Store::new(false);
    store.loose("refs/heads/a", store.oid(1) + "\n");
    store.packed(format!("{} refs/heads/b\n", store.oid(2)));
    store
}

/// Asserts that git is asked, and believed.
fn handed_over(dir: &Path, asked: &[&str]) -> Listed {
    let without = read(&open(dir, None, false), asked);
    let said = without.unwrap_err().to_string();
    assert!(said.contains("git can't be run"), "{said}");
    let found = read(&open(dir, None, true), asked).unwrap();
    assert_eq!(found, asked_of_git(dir, asked));
    found
}

/// Asserts that git isn't needed, and that it would say the same.
fn read_here(dir: &Path, asked: &[&str]) -> Listed {
    let found = read(&open(dir, None, false), asked).unwrap();
    assert_eq!(found, asked_of_git(dir, asked));
    found
}

#[test]
fn a_plain_store_needs_no_git() {
    assert_eq!(read_here(plain().dir(), &ASKED).len(), 2);
}

#[test]
fn what_no_loose_file_of_gits_holds() {
    let oid = plain().oid(3);
    for text in [
        String::new(),
        "\n".into(),
        oid.clone(),
        format!("{oid} \n"),
        format!("{oid}\n\n"),
        format!("{oid}\ttheirs\n"),
        format!("{}\n", &oid[1..]),
        format!("{oid}{}\n", "3".repeat(24)),
        format!("{}\n", "A".repeat(40)),
        format!("{}\n", "0".repeat(40)),
        format!("{}\n", "g".repeat(40)),
        "ref:refs/heads/a\n".into(),
        "ref: refs/heads/a".into(),
        "ref: refs/heads/a \n".into(),
        "ref:  refs/heads/a\n".into(),
        "ref: HEAD\n".into(),
        "ref: refs/heads/../a\n".into(),
        "ref: refs/heads/none\n".into(),
        "ref: refs/heads/odd\n".into(),
        "ref: refs/heads/\u{f6}\n".into(),
        "x".repeat(5000),
    ] {
        let store = plain();
        store.loose("refs/heads/odd", &text);
        handed_over(store.dir(), &ASKED);
        handed_over(store.dir(), &["refs/heads/odd"]);
        // Nobody asks for it.
        read_here(store.dir(), &["refs/heads/a", "refs/tags/"]);
    }
}

#[test]
fn what_no_packed_refs_of_gits_holds() {
    let store = plain();
    let path = store.dir().join("packed-refs");
    let (oid, header) = (store.oid(3), "# pack-refs with: peeled fully-peeled");
    let line = |name: &str| format!("{oid} {name}\n");
    for text in [
        line("refs/heads/b"),
        format!("{header}\n{}", line("refs/heads/b")),
        format!(
            "{header} unsorted \n{}{}",
            line("refs/heads/z"),
            line("refs/heads/b")
        ),
        format!("{header} \n{}", line("refs/heads/b")),
    ] {
        fs::write(&path, text).unwrap();
        assert!(handed_over(store.dir(), &ASKED).len() >= 2);
    }
    let header = format!("{header} sorted ");
    for text in [
        header.clone(),
        format!("{header}\n{oid} refs/heads/b"),
        format!("{header}\n{oid}\n"),
        format!("{header}\n{oid} \n"),
        format!("{header}\n{oid}  refs/heads/b\n"),
        format!("{header}\n{} refs/heads/b\n", &oid[1..]),
        format!("{header}\n{}^{}\n", line("refs/heads/b"), &oid[1..]),
        format!("{header}\n{}\n", line("refs/heads/b")),
    ] {
        fs::write(&path, &text).unwrap();
        let without = read(&open(store.dir(), None, false), &ASKED);
        let said = without.unwrap_err().to_string();
        assert!(said.contains("git can't be run"), "{said}");
    }
    // A name that git passes over.
    fs::write(&path, format!("{header}\n{}", line("refs/heads/b..c"))).unwrap();
    assert_eq!(handed_over(store.dir(), &ASKED).len(), 1);
    fs::remove_file(&path).unwrap();
    assert_eq!(read_here(store.dir(), &ASKED).len(), 1);
    fs::write(&path, "").unwrap();
    assert_eq!(read_here(store.dir(), &ASKED).len(), 1);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(read(&open(store.dir(), None, false), &ASKED).is_err());
}

#[test]
fn aliases_are_followed_as_far_as_git_follows_them() {
    let store = plain();
    for (at, packed) in [(0, "refs/heads/b"), (10, "refs/heads/a")] {
        let mut target = packed.to_owned();
        for step in 1..=4 {
            let name = format!("refs/heads/alias{}", at + step);
            store.loose(&name, format!("ref: {target}\n"));
            target = name;
        }
        let found = read_here(store.dir(), &[&target]);
        let alias = &found[target.as_bytes()];
        assert_eq!(alias.1.as_deref(), Some(packed.as_bytes()));
        let fifth = format!("refs/tags/fifth{at}");
        store.loose(&fifth, format!("ref: {target}\n"));
        assert!(handed_over(store.dir(), &[&fifth]).is_empty());
    }
}

#[test]
fn what_is_no_file_and_what_git_looks_past() {
    let store = plain();
    let heads = store.dir().join("refs/heads");
    for passed_over in [".hidden", "a.lock", "c.lock"] {
        fs::write(heads.join(passed_over), "x").unwrap();
    }
    fs::create_dir(heads.join(".folder")).unwrap();
    fs::create_dir_all(heads.join("empty/folder")).unwrap();
    fs::create_dir(heads.join("folder.lock")).unwrap();
    fs::write(heads.join("folder.lock/x"), "x").unwrap();
    // A folder in the place of a packed ref.
    fs::create_dir(heads.join("b")).unwrap();
    assert_eq!(read_here(store.dir(), &ASKED).len(), 2);
    assert_eq!(read_here(store.dir(), &["refs/heads/b"]).len(), 1);
    symlink("a", heads.join("link")).unwrap();
    assert_eq!(handed_over(store.dir(), &ASKED).len(), 3);
    assert_eq!(handed_over(store.dir(), &["refs/heads/link"]).len(), 1);
    fs::remove_file(heads.join("link")).unwrap();
    mknodat(CWD, heads.join("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    handed_over(store.dir(), &ASKED);
    fs::remove_file(heads.join("pipe")).unwrap();
    fs::write(heads.join("x..y"), store.oid(1) + "\n").unwrap();
    assert_eq!(handed_over(store.dir(), &ASKED).len(), 2);
}

/// Where case doesn't count, the file of `a` is found by the name `A`, and `a` alone is listed.
#[test]
fn a_file_system_that_finds_other_names() {
    let store = plain();
    assert!(read_here(store.dir(), &["refs/heads/A"]).is_empty());
    symlink("refs", store.dir().join("REFS")).unwrap();
    handed_over(store.dir(), &["refs/heads/A"]);
    fs::remove_file(store.dir().join("REFS")).unwrap();
    // Listed it is known how the file is spelt.
    store.loose("refs/heads/\u{f6}", store.oid(1) + "\n");
    assert_eq!(read_here(store.dir(), &ASKED).len(), 3);
    handed_over(store.dir(), &["refs/heads/\u{f6}"]);
}

#[test]
fn an_alias_of_nothing_is_known_for_one() {
    let store = plain();
    let dangles = |name: &str, git: bool| {
        let name = RefName::new(name.as_bytes()).unwrap();
        open(store.dir(), None, git).is_dangling(&name, &plenty())
    };
    store.loose("refs/heads/alias", "ref: refs/heads/none\n");
    store.loose("refs/heads/odd", "ref:refs/heads/none\n");
    assert!(dangles("refs/heads/alias", false).unwrap());
    assert!(dangles("refs/heads/odd", true).unwrap());
    assert!(dangles("refs/heads/odd", false).is_err());
    for other in ["refs/heads/none", "refs/heads/none/below", "refs/heads"] {
        assert!(!dangles(other, false).unwrap(), "{other}");
    }
}

#[test]
fn a_linked_worktree_has_refs_of_its_own() {
    let s = Sandbox::new(Format::Sha1Files);
    let base = s.base();
    let (work, bad) = (s.folder().join("work"), b"refs/bisect/bad".as_slice());
    let work = work.to_str().unwrap();
    s.git(&["update-ref", "refs/heads/a", &base]);
    s.git(&["pack-refs", "--all"]);
    s.git(&["update-ref", "refs/heads/b", &base]);
    s.git(&["worktree", "add", "-q", "--detach", work, &base]);
    let dir = s.client().join("worktrees/work");
    fs::create_dir_all(dir.join("refs/bisect")).unwrap();
    fs::write(dir.join("refs/bisect/bad"), format!("{base}\n")).unwrap();
    assert!(read_here(&dir, &["refs/heads/"]).len() >= 2);
    assert!(!read_here(&s.client(), &["refs/"]).contains_key(bad));
    for asked in ["refs/", "refs/bisect", "refs/bisect/", "refs/bisect/bad"] {
        handed_over(&dir, &[asked]);
    }
    assert_eq!(handed_over(&dir, &["refs/"])[bad].0, base);
}

#[test]
fn what_git_itself_writes_is_plain_but_in_a_reftable() {
    everywhere(|s| {
        let base = s.started();
        let tag = format!("object {base}\ntype commit\ntag v1\ntagger x <x> 1 +0000\n\nv1\n");
        let tag = s.git_with(&["mktag"], tag.as_bytes());
        s.seed(&tag, &["refs/tags/v1"]);
        s.symref("refs/heads/alias", "refs/heads/master");
        s.on_server(&["pack-refs", "--all"]);
        s.seed(&s.touch(&base, "kernel/a.c"), &["master", "topic/a"]);
        s.on_server(&["update-ref", "-d", "refs/heads/net"]);
        let found = match s.format.has_files() {
            true => read_here(s.server(), &["refs/"]),
            false => handed_over(s.server(), &["refs/"]),
        };
        assert_eq!(found.len(), 4);
    });
}

/// git packs a ref, and removes its file, while the store is read.
#[test]
fn a_ref_that_is_being_packed_is_never_absent() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.started();
    let next = s.touch(&base, "kernel/a.c");
    s.seed(&next, &["topic"]);
    let (repo, writer) = (open(s.server(), None, false), Witness::new(s.server()));
    std::thread::scope(|scope| {
        let writing = scope.spawn(move || {
            for value in [&base, &next].into_iter().cycle().take(60) {
                writer.ask(&["update-ref", "refs/heads/master", value], b"");
                writer.ask(&["pack-refs", "--all"], b"");
            }
        });
        while !writing.is_finished() {
            for asked in ["refs/heads/master", "refs/heads/"] {
                let found = read(&repo, &[asked]).unwrap();
                assert!(
                    found.contains_key(b"refs/heads/master".as_slice()),
                    "{asked}"
                );
            }
        }
    });
}
