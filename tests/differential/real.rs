//! The same on a repository of your own, with thousands of merges:
//!
//! ```text
//! TREEWARDEN_TEST_REPOSITORY=/path/to/repo.git \
//!     cargo test --release --test treewarden real -- --ignored --nocapture
//! ```
//!
//! Ordinary commits must agree with `git diff-tree` path by path, and merges with the reference,
//! but for paths on which several bases disagree: there the reference asks git about the real
//! commits, and git follows renames. `--remerge-diff` does so everywhere: each difference from it
//! is told with its kind, and one of no known kind fails the test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

use treewarden::git::{History as Graph, Parent, Range, Repo};
use treewarden::update::Oid;

use super::changes::by_git;
use super::engine::{changes, classifier, plenty};
use super::reference::{Merged, Reference, merge_tree};
use super::witness::Witness;

/// How many of the newest commits are compared.
const COMMITS: &str = "--max-count=6000";
/// How many of the newest merges are.
const MERGES: &str = "--max-count=1500";
/// How many of these are compared with the reference, which takes a quarter of a second each.
const SLOWLY: usize = 300;

type Names = BTreeSet<Vec<u8>>;

/// The repository that the environment names.
struct Real {
    witness: Witness,
    repo: Repo,
}

impl Real {
    fn open() -> Self {
        let dir = PathBuf::from(std::env::var_os("TREEWARDEN_TEST_REPOSITORY").unwrap());
        let witness = Witness::new(&dir);
        let repo = Repo::open(&dir, witness.git.clone()).unwrap();
        Self { witness, repo }
    }

    /// A range of these commits alone: parents are named, wherever they are.
    fn range(&self, graph: &Graph<'_>, commits: &[Oid]) -> Range {
        let head = self.witness.commits(&["rev-parse", "HEAD"])[0];
        let all = Range::entering(graph, head, &[], &plenty()).unwrap();
        let mut range = all.clone();
        let wanted: BTreeSet<&Oid> = commits.iter().collect();
        range.rows.retain(|row| wanted.contains(&row.oid));
        for parent in range.rows.iter_mut().flat_map(|row| &mut row.parents) {
            *parent = Parent::Out(all.oid(*parent).unwrap());
        }
        range
    }

    /// What the engine says that these commits change.
    fn changes(&self, graph: &Graph<'_>, commits: &[Oid]) -> BTreeMap<Oid, super::engine::Paths> {
        let range = self.range(graph, commits);
        let start = Instant::now();
        let found = changes(
            &self.repo,
            graph,
            &range,
            &classifier(&[&["t/**", "src/**"]]),
        );
        eprintln!("{} commits in {:?}", found.len(), start.elapsed());
        found
    }
}

#[test]
#[ignore = "needs a repository: see above"]
fn commits_of_a_real_repository() {
    let real = Real::open();
    let budget = plenty();
    let graph = Graph::new(&real.repo, &budget);
    let newest = real
        .witness
        .commits(&["rev-list", "--no-merges", COMMITS, "HEAD"]);
    let found = real.changes(&graph, &newest);
    let git = by_git(&real.witness, &newest);
    for oid in &newest {
        let ours: Names = found[oid].iter().map(|(path, _)| path.clone()).collect();
        assert_eq!(
            ours,
            git.get(oid).cloned().unwrap_or_default(),
            "commit {oid}"
        );
    }
}

#[test]
#[ignore = "needs a repository: see above"]
fn merges_of_a_real_repository() {
    let real = Real::open();
    let budget = plenty();
    let graph = Graph::new(&real.repo, &budget);
    let merges = real
        .witness
        .commits(&["rev-list", "--merges", MERGES, "HEAD"]);
    let found = real.changes(&graph, &merges);
    let remerged = remerged(&real.witness, &merges);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for oid in &merges {
        let ours: Names = found[oid].iter().map(|(path, _)| path.clone()).collect();
        let theirs = remerged.get(oid).cloned().unwrap_or_default();
        *kinds.entry("the same").or_default() += ours.intersection(&theirs).count();
        if ours == theirs {
            continue;
        }
        let around = Around::look(&real.witness, &graph, *oid);
        for path in ours.symmetric_difference(&theirs) {
            let kind = around.kind(path);
            *kinds.entry(kind).or_default() += 1;
            let side = if ours.contains(path) { "ours" } else { "git's" };
            let path = path.escape_ascii();
            eprintln!("  {} {side} alone: {path} ({kind})", oid.short());
        }
    }
    eprintln!("{} merges: {kinds:?}", merges.len());
    assert!(!kinds.contains_key("unknown"));
}

#[test]
#[ignore = "needs a repository: see above"]
fn the_reference_on_a_real_repository() {
    let real = Real::open();
    let budget = plenty();
    let graph = Graph::new(&real.repo, &budget);
    let mut merges = real
        .witness
        .commits(&["rev-list", "--merges", MERGES, "HEAD"]);
    merges.truncate(SLOWLY);
    let found = real.changes(&graph, &merges);
    let several = |one, other, path: &[u8]| {
        let (tree, conflicts) = merge_tree(&real.witness, one, other);
        match conflicts.contains(path) {
            true => Merged::Conflict,
            false => Merged::Clean(tree.get(path).copied()),
        }
    };
    for some in merges.chunks(50) {
        // A new one now and then, since it keeps the files of every commit that it has seen.
        let reference = Reference::new(&real.witness, &several);
        for oid in some {
            let parents = graph.commit(*oid).unwrap().parents.clone();
            let expected = reference.own_changes(*oid, &parents);
            for (path, _) in expected.symmetric_difference(&found[oid]) {
                let around = Around::look(&real.witness, &graph, *oid);
                let renamed = around.bases > 1 && around.renames.contains(path);
                assert!(renamed, "merge {oid}: {}", path.escape_ascii());
            }
        }
    }
}

/// What `--remerge-diff` names for each merge.
fn remerged(witness: &Witness, merges: &[Oid]) -> BTreeMap<Oid, Names> {
    let args = "diff-tree --stdin --remerge-diff -r -z --name-only --no-renames";
    let args: Vec<&str> = args.split(' ').collect();
    let asked: String = merges.iter().map(|oid| format!("{oid}\n")).collect();
    let answer = witness.ask(&args, asked.as_bytes());
    let mut fields: Vec<&[u8]> = answer.split(|byte| *byte == 0).collect();
    // What follows the last separator is nothing, unlike the empty names before it.
    fields.pop();
    let known: BTreeSet<Oid> = merges.iter().copied().collect();
    let mut all: BTreeMap<Oid, Names> = BTreeMap::new();
    let mut current = None;
    for field in fields {
        match Oid::from_hex(field).filter(|oid| known.contains(oid)) {
            Some(oid) => current = Some(oid),
            None => drop(
                all.entry(current.unwrap())
                    .or_default()
                    .insert(field.to_vec()),
            ),
        }
    }
    all
}

/// What git makes of a merge's first two parents.
struct Around {
    parents: usize,
    bases: usize,
    /// What git can't merge by itself. A merge may keep what git leaves there meanwhile, and
    /// `--remerge-diff` then shows no difference.
    conflicts: Names,
    /// Both names of every rename between a base and a parent.
    renames: Names,
    /// The folders of those that moved to another one: git takes whole folders for renamed, too.
    folders: Names,
}

impl Around {
    fn look(witness: &Witness, graph: &Graph<'_>, merge: Oid) -> Self {
        let parents = graph.commit(merge).unwrap().parents.clone();
        let bases = graph.merge_bases(parents[0], &[parents[1]]).unwrap();
        let (mut renames, mut folders) = (Names::new(), Names::new());
        for base in &bases {
            for parent in &parents {
                for (from, to) in renamed(witness, *base, *parent) {
                    if folder(&from) != folder(&to) {
                        folders.extend([folder(&from), folder(&to)]);
                    }
                    renames.extend([from, to]);
                }
            }
        }
        Self {
            parents: parents.len(),
            bases: bases.len(),
            conflicts: merge_tree(witness, parents[0], parents[1]).1,
            renames,
            folders,
        }
    }

    /// Why the engine and `--remerge-diff` may differ at a path.
    fn kind(&self, path: &[u8]) -> &'static str {
        match path {
            _ if self.parents > 2 => "an octopus: git is silent",
            b"" => "git gives an empty name",
            path if path.contains(&b'~') => "git makes a name up",
            path if self.renames.contains(path) => "a rename, which git follows",
            path if self.conflicts.contains(path) => "a conflict, settled as git's half-done tree",
            path if self.folders.contains(&folder(path)) => "a folder's rename, which git follows",
            _ => "unknown",
        }
    }
}

fn folder(path: &[u8]) -> Vec<u8> {
    let end = path.iter().rposition(|byte| *byte == b'/');
    end.map_or(Vec::new(), |end| path[..end].to_vec())
}

/// Every rename between two commits.
fn renamed(witness: &Witness, from: Oid, to: Oid) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (from, to) = (from.to_string(), to.to_string());
    let how = "diff-tree -r -z -M -l0 --name-status --diff-filter=R";
    let args: Vec<&str> = how.split(' ').chain([from.as_str(), &to]).collect();
    let answer = witness.ask(&args, b"");
    let fields: Vec<&[u8]> = answer.split(|byte| *byte == 0).collect();
    let rows = fields.chunks_exact(3);
    rows.map(|row| (row[1].to_vec(), row[2].to_vec())).collect()
}
