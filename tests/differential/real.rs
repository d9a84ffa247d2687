//! The same on a repository of your own, with thousands of merges:
//!
//! ```text
//! TREEWARDEN_TEST_REPOSITORY=/path/to/repo.git \
//!     cargo test --release --test treewarden real -- --ignored --nocapture
//! ```
//!
//! Ordinary commits must agree with `git diff-tree` path by path. Merges are counted against
//! `--remerge-diff`, which is a witness and not the definition: it follows renames. Each
//! difference is told with its kind, and one of no known kind fails the test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use treewarden::git::{History as Graph, Range, Repo};
use treewarden::update::Oid;

use super::changes::by_git;
use super::engine::{changes, classifier, plenty};
use super::witness::Witness;

/// How many of the newest commits are compared.
const COMMITS: &str = "--max-count=6000";
/// How many of the newest merges are.
const MERGES: usize = 1500;

#[test]
#[ignore = "needs a repository: see above"]
fn a_real_repository_agrees() {
    let dir = PathBuf::from(std::env::var_os("TREEWARDEN_TEST_REPOSITORY").unwrap());
    let witness = Witness::new(&dir);
    let repo = Repo::open(&dir, witness.git.clone()).unwrap();
    let budget = plenty();
    let graph = Graph::new(&repo, &budget);
    let newest = witness.commits(&["rev-list", "--no-merges", COMMITS, "HEAD"]);
    let count = format!("--max-count={MERGES}");
    let merges = witness.commits(&["rev-list", "--merges", &count, "HEAD"]);
    let head = witness.commits(&["rev-parse", "HEAD"])[0];
    let wanted: BTreeSet<Oid> = newest.iter().chain(&merges).copied().collect();
    let mut range = Range::entering(&graph, head, &[], &budget).unwrap();
    // A range of the wanted commits alone: parents are named, wherever they are.
    let all = range.clone();
    range.rows.retain(|row| wanted.contains(&row.oid));
    for row in &mut range.rows {
        for parent in &mut row.parents {
            *parent = treewarden::git::Parent::Out(all.oid(*parent).unwrap());
        }
    }
    let found = changes(&repo, &graph, &range, &classifier(&[&["t/**", "src/**"]]));
    let git = by_git(&witness, &newest);
    let mut paths = 0;
    for oid in &newest {
        let ours: BTreeSet<Vec<u8>> = found[oid].iter().map(|(path, _)| path.clone()).collect();
        assert_eq!(
            ours,
            git.get(oid).cloned().unwrap_or_default(),
            "commit {oid}"
        );
        paths += ours.len();
    }
    eprintln!(
        "{} commits, {paths} changed paths: all as git has them",
        newest.len()
    );
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut own, mut same) = (0, 0);
    for oid in &merges {
        let ours: BTreeSet<Vec<u8>> = found[oid].iter().map(|(path, _)| path.clone()).collect();
        let theirs = remerged(&witness, *oid);
        own += ours.len();
        same += ours.intersection(&theirs).count();
        for path in ours.symmetric_difference(&theirs) {
            let kind = kind(&witness, &graph, *oid, path, &theirs);
            *kinds.entry(kind).or_default() += 1;
            let side = if ours.contains(path) { "ours" } else { "git's" };
            eprintln!(
                "  {} {side} alone: {} ({kind})",
                oid.short(),
                path.escape_ascii()
            );
        }
    }
    eprintln!(
        "{} merges, {own} own paths, {same} of them also git's; differences: {kinds:?}",
        merges.len()
    );
    assert!(!kinds.contains_key("unknown"));
}

/// What `--remerge-diff` names for one merge.
fn remerged(witness: &Witness, merge: Oid) -> BTreeSet<Vec<u8>> {
    let args = "diff-tree --stdin --remerge-diff -r -z --name-only --no-renames --no-commit-id";
    let args: Vec<&str> = args.split(' ').collect();
    let answer = witness.ask(&args, format!("{merge}\n").as_bytes());
    let mut fields: Vec<&[u8]> = answer.split(|byte| *byte == 0).collect();
    // What follows the last separator is nothing.
    fields.pop();
    fields.into_iter().map(<[u8]>::to_vec).collect()
}

/// Why the two may differ at a path.
fn kind(
    witness: &Witness,
    graph: &Graph<'_>,
    merge: Oid,
    path: &[u8],
    theirs: &BTreeSet<Vec<u8>>,
) -> &'static str {
    let parents = graph.commit(merge).unwrap().parents.clone();
    if parents.len() > 2 {
        return "octopus: git is silent";
    }
    if path.is_empty() {
        return "git gives an empty name";
    }
    if path.contains(&b'~') {
        return "git makes a name up";
    }
    if conflicts(witness, parents[0], parents[1]).contains(path) {
        return "a conflict, settled as git's half-done tree has it";
    }
    let bases = graph.merge_bases(parents[0], &[parents[1]]).unwrap();
    for base in &bases {
        for parent in &parents {
            if renamed(witness, *base, *parent)
                .iter()
                .any(|name| touches(name, path))
            {
                return "a rename, which git follows";
            }
        }
    }
    if theirs.contains(&b""[..]) {
        return "git gives an empty name";
    }
    if bases.len() > 1 && renames_between(witness, &bases) {
        return "a rename between the merge bases";
    }
    "unknown"
}

/// The paths that git can't merge by itself: a merge may keep what stands there meanwhile, and
/// `--remerge-diff` then shows no difference.
fn conflicts(witness: &Witness, one: Oid, other: Oid) -> BTreeSet<Vec<u8>> {
    let (one, other) = (one.to_string(), other.to_string());
    let args = [
        "merge-tree",
        "--write-tree",
        "-z",
        "--name-only",
        "--no-messages",
        &one,
        &other,
    ];
    let answer = witness.try_ask(&args, b"").stdout;
    answer
        .split(|byte| *byte == 0)
        .skip(1)
        .map(<[u8]>::to_vec)
        .collect()
}

fn renames_between(witness: &Witness, bases: &[Oid]) -> bool {
    bases
        .iter()
        .any(|base| !renamed(witness, bases[0], *base).is_empty())
}

/// Both names of every rename between two commits.
fn renamed(witness: &Witness, from: Oid, to: Oid) -> Vec<Vec<u8>> {
    let (from, to) = (from.to_string(), to.to_string());
    let args = [
        "diff-tree",
        "-r",
        "-z",
        "-M",
        "--name-status",
        "--diff-filter=R",
        &from,
        &to,
    ];
    let answer = witness.ask(&args, b"");
    let fields: Vec<&[u8]> = answer.split(|byte| *byte == 0).collect();
    fields
        .chunks(3)
        .flat_map(|row| row.iter().skip(1))
        .map(|name| name.to_vec())
        .collect()
}

/// The path itself, or a neighbour: git also takes whole folders for renamed.
fn touches(name: &[u8], path: &[u8]) -> bool {
    let folder = |path: &[u8]| {
        path.iter()
            .rposition(|byte| *byte == b'/')
            .map(|end| path[..end].to_vec())
    };
    name == path || (folder(name).is_some() && folder(name) == folder(path))
}
