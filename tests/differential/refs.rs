//! Refs are what `git for-each-ref` lists: of random stores in files, read without git; and of
//! stores that aren't plain, which git is asked about.

mod odd;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;

use proptest::prelude::*;
use treewarden::error::Error;
use treewarden::git::{CleanGit, Quarantine, RefTable, Repo};
use treewarden::update::Oid;

use self::store::{State, Store};
use super::engine::plenty;
use super::hold;
use super::witness::Witness;
use crate::support::everywhere;

/// Names that have others as a beginning, sort around their folders, or are in a namespace.
const NAMES: [&str; 20] = [
    "refs/heads/a",
    "refs/heads/a-b",
    "refs/heads/a.b",
    "refs/heads/a/b",
    "refs/heads/a/b-c",
    "refs/heads/a/b/c",
    "refs/heads/a0",
    "refs/heads/b",
    "refs/heads/\u{f6}",
    "refs/heads-2/a",
    "refs/namespaces/ns/refs/heads/a",
    "refs/namespaces/ns/refs/heads/b",
    "refs/namespaces/ns/refs/namespaces/m/refs/heads/a",
    "refs/namespaces/ns2/refs/heads/a",
    "refs/stash",
    "refs/tags/v1",
    "refs/upstream/linus/master",
    "refs/upstream/linus/v1",
    "refs/upstream/linus-2/x",
    "refs/zeta",
];

/// What may be asked for beside names.
const FOLDERS: [&str; 9] = [
    "refs/",
    "refs/absent/",
    "refs/heads/",
    "refs/heads/a/",
    "refs/heads/a/b/",
    "refs/heads/filler/",
    "refs/namespaces/",
    "refs/tags/",
    "refs/upstream/linus/",
];

/// Each ref's object and, if it is an alias, the ref that this leads to.
type Listed = BTreeMap<Vec<u8>, (String, Option<Vec<u8>>)>;

/// A repository as the hook opens it. Where `git` is false, no git is to be found.
fn open(dir: &Path, namespace: Option<&str>, git: bool) -> Repo {
    let clean = match git {
        true => Witness::new(dir).git,
        false => CleanGit {
            path: Some("/nowhere".into()),
        },
    };
    let quarantine = Quarantine::default();
    Repo::open_for_hook(dir, &quarantine, namespace.map(OsStr::new), clean).unwrap()
}

fn listed(table: &RefTable) -> Listed {
    let refs = table.iter();
    refs.map(|(name, found)| {
        let value = (found.value.to_string(), found.target.clone());
        (name.as_bytes().to_vec(), value)
    })
    .collect()
}

fn read(repo: &Repo, asked: &[&str]) -> Result<Listed, Error> {
    let asked: BTreeSet<Vec<u8>> = asked.iter().map(|name| name.as_bytes().to_vec()).collect();
    repo.refs(&asked, &plenty()).map(|table| listed(&table))
}

/// The same from git, by full names.
fn asked_of_git(dir: &Path, asked: &[&str]) -> Listed {
    let format = "--format=%(refname)%00%(objectname)%00%(symref)";
    let args = [&["for-each-ref", format], asked].concat();
    let text = Witness::new(dir).ask(&args, b"");
    let lines = text.split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let fields: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
            let target = (!fields[2].is_empty()).then(|| fields[2].to_vec());
            let value = String::from_utf8(fields[1].to_vec()).unwrap();
            (fields[0].to_vec(), (value, target))
        })
        .collect()
}

/// Stores of refs: what is loose, what is packed, how many others are packed beside them.
fn stores() -> impl Strategy<Value = Vec<State>> {
    let state = prop_oneof![
        3 => Just(State::Absent),
        2 => (1..9_u8).prop_map(State::Packed),
        1 => (1..9_u8).prop_map(State::PackedTag),
        2 => (1..9_u8).prop_map(State::Loose),
        2 => (1..9_u8, 1..9_u8).prop_map(|(loose, packed)| State::Both { loose, packed }),
        1 => (0..NAMES.len()).prop_map(State::Alias),
    ];
    prop::collection::vec(state, NAMES.len())
}

/// What is asked for, as places in all names and folders.
fn questions() -> impl Strategy<Value = Vec<BTreeSet<usize>>> {
    let places = 0..NAMES.len() + FOLDERS.len();
    let question = prop::collection::btree_set(places, 1..5);
    prop::collection::vec(question, 3)
}

#[test]
fn plain_stores_are_read_as_git_lists_them() {
    let fillers = prop_oneof![3 => 0..40_usize, 1 => Just(4000)];
    let cases = (stores(), questions(), fillers, any::<bool>());
    hold(120, cases, |(states, questions, filler, sha256)| {
        let store = Store::new(*sha256);
        store.fill(&NAMES, states, *filler);
        for question in questions {
            let all: Vec<&str> = NAMES.iter().chain(&FOLDERS).copied().collect();
            let asked: Vec<&str> = question.iter().map(|at| all[*at]).collect();
            let expected = asked_of_git(store.dir(), &asked);
            // What is beyond ASCII, or would be below a file, git is asked about.
            let below_file = |name: &&str| {
                let below = store.dir().join(format!("{name}_"));
                below.ancestors().skip(1).any(Path::is_file)
            };
            let git = asked
                .iter()
                .any(|name| !name.is_ascii() || below_file(name));
            let found = read(&open(store.dir(), None, git), &asked).unwrap();
            assert_eq!(found, expected, "{asked:?}");
        }
    });
}

#[test]
fn a_namespace_is_read_as_git_lists_it() {
    hold(60, (stores(), any::<bool>()), |(states, nested)| {
        let store = Store::new(false);
        store.fill(&NAMES, states, 40);
        let (namespace, folder) = match nested {
            true => ("ns/m", "refs/namespaces/ns/refs/namespaces/m/"),
            false => ("ns", "refs/namespaces/ns/"),
        };
        for asked in ["refs/heads/a", "refs/heads/", "refs/"] {
            let full = asked_of_git(store.dir(), &[&format!("{folder}{asked}")]);
            let inner = |name: &[u8]| name.strip_prefix(folder.as_bytes()).map(<[u8]>::to_vec);
            let expected: Listed = full
                .into_iter()
                .map(|(name, (value, target))| {
                    let target = target.map(|target| inner(&target).unwrap_or(target));
                    (inner(&name).unwrap(), (value, target))
                })
                .collect();
            let found = read(&open(store.dir(), Some(namespace), false), &[asked]).unwrap();
            assert_eq!(found, expected, "{asked}");
        }
    });
}

/// Each of many names is one that is there, or lies between two that are.
#[test]
fn every_packed_ref_is_found_and_none_beside_them() {
    let store = Store::new(false);
    store.fill(&NAMES, &[], 4000);
    let all = asked_of_git(store.dir(), &["refs/"]);
    assert_eq!(all.len(), 4000);
    let repo = open(store.dir(), None, false);
    for (at, name) in all.keys().enumerate().step_by(5) {
        let name = std::str::from_utf8(name).unwrap();
        let expected = Listed::from([(name.into(), all[name.as_bytes()].clone())]);
        assert_eq!(read(&repo, &[name]).unwrap(), expected);
        if at % 50 == 0 {
            for beside in [format!("{name}-"), format!("{name}/x")] {
                assert_eq!(read(&repo, &[&beside]).unwrap(), Listed::new(), "{beside}");
            }
        }
    }
    let names: Vec<&str> = all
        .keys()
        .map(|name| std::str::from_utf8(name).unwrap())
        .collect();
    assert_eq!(read(&repo, &names).unwrap(), all);
}

/// Revisions name what they name to git, whether it is asked or not.
#[test]
fn revisions_are_gits() {
    everywhere(|s| {
        let base = s.base();
        let other = s.touch(&base, "kernel/other.c");
        for (name, oid) in [
            ("refs/heads/both", &base),
            ("refs/tags/both", &other),
            ("refs/heads/only", &other),
            ("refs/heads/deadbeef", &other),
            ("refs/heads/folder/one", &base),
            ("refs/bench/7", &base),
            ("refs/remotes/away/main", &other),
            ("refs/only-g1", &base),
        ] {
            s.git(&["update-ref", name, oid]);
        }
        s.git(&[
            "symbolic-ref",
            "refs/remotes/away/HEAD",
            "refs/remotes/away/main",
        ]);
        s.git(&["tag", "-a", "-m", "x", "noted", &other]);
        s.git(&["tag", "blob", &s.blob("x")]);
        let git = CleanGit {
            path: std::env::var_os("PATH"),
        };
        let repo = Repo::open(&s.client(), git).unwrap();
        let short = &other[..9];
        for revision in [
            base.as_str(),
            &other,
            short,
            "both",
            "only",
            "heads/only",
            "refs/heads/only",
            "deadbeef",
            "folder",
            "folder/one",
            "refs/bench/7",
            "bench/7",
            "away",
            "away/main",
            "only-g1",
            "refs/only-g1",
            "noted",
            "tags/noted",
            "noted^{}",
            "only~1",
            "HEAD",
            "config",
            "blob",
            "absent",
            "-x",
            "",
            "refs/heads/",
            "0000000000000000000000000000000000000001",
        ] {
            let spelt = format!("{revision}^{{commit}}");
            let mut command = s.git_in(&s.client());
            command.args(["rev-parse", "-q", "--verify", "--end-of-options", &spelt]);
            let said = command.output().unwrap().stdout;
            let expected = Oid::from_hex(said.trim_ascii_end());
            assert_eq!(
                repo.resolve(revision, &plenty()).ok(),
                expected,
                "{revision}"
            );
        }
    });
}
