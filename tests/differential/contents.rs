//! What merges have of files that both sides changed: few different lines, copied and moved, so
//! that there are many ways to align them. Merges are made as git makes them, and by hand, place by
//! place: the engine must tell exactly those files in which that is not what git makes. It works
//! that out by itself, where it can, and must come to git's text to the last byte.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use treewarden::git::{History as Graph, Range, Repo};
use treewarden::update::Oid;

use super::engine::{changes, classifier, plenty};
use super::hold;
use super::merges::git_merges_files;
use super::witness::{Witness, fresh_repository};

/// How many files are merged at once.
const FILES: usize = 60;

/// Lines that are equal if and only if their numbers are.
type Lines = Vec<u16>;

/// A change: where it is, how many lines go, how many come from elsewhere in the file, and new ones.
type Edit = (usize, usize, Option<(usize, usize)>, Lines);

/// Edits, and whether the last line feed goes, or comes back.
type Edits = (Vec<Edit>, bool);

/// A file and what is done to it: by one side, by the other, by each of them later, and by both.
#[derive(Clone, Debug)]
struct File {
    base: Lines,
    edits: [Edits; 5],
    is_unended: bool,
}

impl File {
    /// Whether the base has it.
    fn is_added(&self) -> bool {
        self.base.is_empty() && self.is_unended
    }

    /// The file after the edits of these lists. All are made to the base, from its end on, so
    /// that those which don't overlap don't get into each other's way.
    fn after(&self, lists: &[usize]) -> Vec<u8> {
        let mut lines = self.base.clone();
        let mut edits: Vec<&Edit> = lists.iter().flat_map(|at| &self.edits[*at].0).collect();
        edits.sort_by_key(|(place, ..)| std::cmp::Reverse(place % (self.base.len() + 1)));
        for (place, gone, copied, new) in edits {
            let start = (place % (self.base.len() + 1)).min(lines.len());
            let copy = copied.map_or(Vec::new(), |(from, count)| {
                let from = from % (self.base.len() + 1);
                self.base.iter().skip(from).take(count).copied().collect()
            });
            let end = (start + gone).min(lines.len());
            lines.splice(start..end, copy.into_iter().chain(new.iter().copied()));
        }
        let text: String = lines.iter().map(|line| as_text(*line)).collect();
        let turns = lists.iter().filter(|at| self.edits[**at].1).count();
        match self.is_unended != (turns % 2 == 1) {
            true => text.strip_suffix('\n').unwrap_or(&text).into(),
            false => text.into(),
        }
    }
}

/// Some lines are blank, some end as on Windows.
fn as_text(line: u16) -> String {
    match line {
        0 => "\n".into(),
        line if line % 4 == 3 => format!("{line}\r\n"),
        line => format!("{line}\n"),
    }
}

fn lines(length: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Lines> {
    let line = prop_oneof![4 => 0..3_u16, 4 => 3..12_u16, 3 => 1000..u16::MAX];
    prop::collection::vec(line, length)
}

fn edits(most: usize) -> impl Strategy<Value = Edits> {
    let copied = prop::option::weighted(0.4, (0..80_usize, 1..10_usize));
    let gone = prop_oneof![20 => Just(0), 30 => 1..6_usize, 1 => Just(80)];
    let edit = (0..80_usize, gone, copied, lines(0..3));
    let edits = prop::collection::vec(edit, 0..most);
    (edits, prop::bool::weighted(0.05))
}

fn files() -> impl Strategy<Value = Vec<File>> {
    // One line over and over: from 65 on git takes it for a common one.
    let same = prop::collection::vec(prop_oneof![90 => Just(0), 1 => 1..9_u16], 55..80);
    let base = prop_oneof![3 => lines(0..4), 8 => lines(2..12), 8 => lines(10..30), 8 => lines(30..80), 1 => same];
    let edits = [edits(4), edits(4), edits(2), edits(2), edits(2)];
    let file = (base, edits, prop::bool::weighted(0.2));
    let file = file.prop_map(|(base, edits, is_unended)| File {
        base,
        edits,
        is_unended,
    });
    prop::collection::vec(file, FILES)
}

/// The commits that are merged. Each has every file, under its number.
struct Sides {
    witness: Witness,
    /// A base, two that change it, and one on each of these that has merged the other; then what
    /// a hand may make of the first two, and of the second.
    oids: Vec<Oid>,
}

impl Sides {
    fn import(dir: &std::path::Path, files: &[File]) -> Self {
        let witness = Witness::new(dir);
        let mut stream = Vec::new();
        for (at, (lists, parents)) in [
            (&[][..], &[][..]),
            (&[0, 4], &[1]),
            (&[1, 4], &[1]),
            (&[0, 1, 2, 4], &[2, 3]),
            (&[0, 1, 3, 4], &[3, 2]),
            (&[0, 1, 4], &[1]),
            (&[0, 1, 2, 3, 4], &[1]),
        ]
        .into_iter()
        .enumerate()
        {
            write_head(&format!("side{at}"), at + 1, parents, &mut stream);
            for (number, file) in files.iter().enumerate() {
                if lists.is_empty() && file.is_added() {
                    continue;
                }
                let text = file.after(lists);
                stream.extend(format!("M 100644 inline {number}\n").bytes());
                stream.extend(format!("data {}\n", text.len()).bytes());
                stream.extend(text);
                stream.push(b'\n');
            }
            stream.extend(format!("get-mark :{}\n", at + 1).bytes());
        }
        let oids = oids(&witness.import(&stream));
        Self { witness, oids }
    }

    /// git's merge of two of them: the tree, and the files that conflict in it.
    fn merged(&self, pair: (usize, usize)) -> (Oid, BTreeSet<Vec<u8>>) {
        let how = "merge-tree --write-tree -z --no-messages";
        let sides = [pair.0, pair.1].map(|at| self.oids[at].to_string());
        // Into the repository itself, where commits can have the trees.
        let mut command = self.witness.git.command(&self.witness.dir);
        command.args(how.split(' ')).args(sides);
        let answer = command.output().unwrap();
        assert!(matches!(answer.status.code(), Some(0 | 1)));
        let mut fields = answer.stdout.split(|byte| *byte == 0);
        let tree = Oid::from_hex(fields.next().unwrap()).unwrap();
        let names = fields.filter_map(|field| field.split(|byte| *byte == b'\t').nth(1));
        (tree, names.map(<[u8]>::to_vec).collect())
    }

    fn files(&self, tree: Oid) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let listed = self.witness.ask(&["ls-tree", "-z", &tree.to_string()], b"");
        let entries = listed.split(|byte| *byte == 0);
        let entries = entries.filter_map(|entry| {
            let tab = entry.iter().position(|byte| *byte == b'\t')?;
            Some((entry[tab + 1..].to_vec(), entry[..tab].to_vec()))
        });
        entries.collect()
    }

    /// A merge of two of them that has this tree.
    fn commit(&self, (one, other): (usize, usize), tree: Oid) -> Oid {
        let mut stream = Vec::new();
        write_head(&format!("merge{one}{other}-{tree}"), 1, &[], &mut stream);
        let (one, other) = (self.oids[one], self.oids[other]);
        stream.extend(format!("from {one}\nmerge {other}\nM 040000 {tree} \"\"\n").bytes());
        stream.extend(b"get-mark :1\n");
        oids(&self.witness.import(&stream))[0]
    }
}

fn write_head(name: &str, mark: usize, parents: &[usize], out: &mut Vec<u8>) {
    let time = 1000 + mark;
    out.extend(format!("commit refs/heads/{name}\nmark :{mark}\n").bytes());
    out.extend(format!("committer x <x@y.example> {time} +0000\ndata 0\n").bytes());
    for (at, parent) in parents.iter().enumerate() {
        let word = if at == 0 { "from" } else { "merge" };
        out.extend(format!("{word} :{parent}\n").bytes());
    }
}

fn oids(marks: &[u8]) -> Vec<Oid> {
    let lines = marks.split(|byte| *byte == b'\n');
    lines.filter_map(Oid::from_hex).collect()
}

/// What was compared so far.
#[derive(Default)]
struct Counts {
    clean: Cell<usize>,
    otherwise: Cell<usize>,
}

fn compare(files: &[File], counts: &Counts) {
    let folder = fresh_repository(false);
    let sides = Sides::import(folder.path(), files);
    for (pair, by_hand) in [((1, 2), 5), ((3, 4), 6)] {
        let (tree, conflicts) = sides.merged(pair);
        let automatic = sides.files(tree);
        let clean = counts.clean.get() + automatic.len() - conflicts.len();
        counts.clean.set(clean);
        let by_hand = format!("{}^{{tree}}", sides.oids[by_hand]);
        let by_hand = sides.witness.commits(&["rev-parse", &by_hand])[0];
        for tree in [tree, by_hand] {
            let made = sides.files(tree);
            let differs = |name: &&Vec<u8>| made.get(*name) != automatic.get(*name);
            let differ: BTreeSet<Vec<u8>> = automatic.keys().filter(differs).cloned().collect();
            let expected: BTreeSet<Vec<u8>> = conflicts.union(&differ).cloned().collect();
            let otherwise = counts.otherwise.get() + expected.len() - conflicts.len();
            counts.otherwise.set(otherwise);
            let merge = sides.commit(pair, tree);
            assert_eq!(
                own_changes(&sides.witness, merge),
                expected,
                "the merge of {pair:?}"
            );
        }
    }
}

fn own_changes(witness: &Witness, merge: Oid) -> BTreeSet<Vec<u8>> {
    let repo = Repo::open(&witness.dir, witness.git.clone()).unwrap();
    let budget = plenty();
    let graph = Graph::new(&repo, &budget);
    let range = Range::entering(&graph, merge, &[], &budget).unwrap();
    let mut found = changes(&repo, &graph, &range, &classifier(&[&["**"]]));
    let own = found.remove(&merge).unwrap().into_iter();
    own.map(|(path, _)| path).collect()
}

#[test]
fn files_that_can_be_aligned_in_many_ways() {
    if !git_merges_files() {
        return;
    }
    let counts = Counts::default();
    hold(20, files(), |files| compare(files, &counts));
    for (what, count, least) in [
        ("clean merges", &counts.clean, 1000),
        ("merged otherwise", &counts.otherwise, 20),
    ] {
        eprintln!("{what}: {}", count.get());
        assert!(count.get() >= least, "only {} {what}", count.get());
    }
}
