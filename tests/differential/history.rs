//! Random histories: small, but with everything in them that has ever misled a tool.
//!
//! A history is first a model (whole commits in memory, each with all its files) and then, through
//! one `git fast-import`, a repository. The contents are four places of a line each, so that two
//! sides can change one file with or without getting into each other's way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use proptest::prelude::*;
use tempfile::TempDir;
use treewarden::git::Repo;
use treewarden::update::Oid;

use super::witness::{Witness, fresh_repository};

/// All files of a commit.
pub type Files = BTreeMap<Vec<u8>, Entry>;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file: what its four places say, and whether it is executable.
    File([u8; 4], bool),
    /// A file that git takes for binary.
    Binary(u8),
    /// A symbolic link.
    Link(u8),
    /// A commit of another repository.
    Gitlink(u8),
}

/// Which paths a history has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// No name is both a file and a folder, and no two files have a line in common: git sees no
    /// renames, so that its own merges can be compared with.
    Plain,
    /// Files stand where other commits have folders, and contents wander between paths.
    Wild,
}

impl Flavour {
    pub fn paths(self) -> [&'static [u8]; 8] {
        match self {
            Self::Plain => [
                b"a/x",
                b"a/y",
                b"b/c/d",
                b"b/c.d",
                b"top",
                b"odd\n\tname",
                b"\xff\xfe/\xc3\xb6",
                b"-n \"q\"",
            ],
            Self::Wild => [
                b"n",
                b"n/a",
                b"n/a/x",
                b"n.c",
                b"n-x/y",
                b"m/p/q",
                b"m",
                b"n/\xffodd\n",
            ],
        }
    }
}

/// A commit of the model.
#[derive(Clone, PartialEq, Eq)]
pub struct Node {
    /// Places of its parents in the history: all before its own.
    pub parents: Vec<usize>,
    pub files: Files,
    pub time: i64,
    /// The thread it was posted in, if any; its place is the patch number.
    pub thread: Option<u8>,
}

impl fmt::Debug for Node {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "parents {:?} time {}", self.parents, self.time)?;
        if let Some(thread) = self.thread {
            write!(out, " thread {thread}")?;
        }
        self.files
            .iter()
            .try_for_each(|(path, entry)| write!(out, "\n  {} {entry:?}", path.escape_ascii()))
    }
}

/// A whole history, parents before children.
#[derive(Clone, Debug)]
pub struct History {
    pub flavour: Flavour,
    pub sha256: bool,
    pub nodes: Vec<Node>,
}

impl History {
    /// For each commit, itself and all that it descends from.
    pub fn ancestors(&self) -> Vec<BTreeSet<usize>> {
        let mut all: Vec<BTreeSet<usize>> = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            let mut own = BTreeSet::from([at]);
            own.extend(node.parents.iter().flat_map(|parent| all[*parent].clone()));
            all.push(own);
        }
        all
    }

    /// The commits that no other one stands on.
    pub fn heads(&self) -> Vec<usize> {
        let below: BTreeSet<usize> = self.nodes.iter().flat_map(|n| n.parents.clone()).collect();
        (0..self.nodes.len())
            .filter(|at| !below.contains(at))
            .collect()
    }

    /// The history as a repository.
    pub fn import(&self) -> Imported {
        let folder = fresh_repository(self.sha256);
        let witness = Witness::new(folder.path());
        let mut stream = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            self.write_commit(at, node, &mut stream);
        }
        for at in 0..self.nodes.len() {
            stream.extend(format!("get-mark :{}\n", at + 1).bytes());
        }
        let marks = witness.import(&stream);
        let oids: Vec<Oid> = marks
            .split(|byte| *byte == b'\n')
            .filter_map(Oid::from_hex)
            .collect();
        assert_eq!(oids.len(), self.nodes.len());
        let repo = Repo::open(folder.path(), witness.git.clone()).unwrap();
        Imported {
            _folder: folder,
            repo,
            witness,
            oids,
        }
    }

    fn write_commit(&self, at: usize, node: &Node, out: &mut Vec<u8>) {
        let mut message = format!("commit {at}\n");
        if let Some(thread) = node.thread {
            let link = format!("\nLink: https://lists.example/r/2024-{thread}-{at}-a@b.example\n");
            message += &link;
        }
        let mut text = format!("commit refs/heads/c{at}\nmark :{}\n", at + 1);
        text += &format!("committer x <x@y.example> {} +0000\n", node.time);
        text += &format!("data {}\n{message}\n", message.len());
        for (side, parent) in node.parents.iter().enumerate() {
            let word = if side == 0 { "from" } else { "merge" };
            text += &format!("{word} :{}\n", parent + 1);
        }
        text += "deleteall\n";
        out.extend(text.bytes());
        for (path, entry) in &node.files {
            self.write_entry(path, *entry, out);
        }
        out.push(b'\n');
    }

    fn write_entry(&self, path: &[u8], entry: Entry, out: &mut Vec<u8>) {
        let quoted: String = path.iter().map(|byte| format!("\\{byte:03o}")).collect();
        if let Entry::Gitlink(value) = entry {
            let hex = if self.sha256 { 64 } else { 40 };
            let place = self.flavour.paths().iter().position(|known| *known == path);
            // git also sees a gitlink move: in a plain history each path has its own.
            let tag = match self.flavour {
                Flavour::Plain => 16 * place.unwrap(),
                Flavour::Wild => 0,
            };
            let oid = format!("{:0hex$x}", tag + usize::from(value) + 1);
            out.extend(format!("M 160000 {oid} \"{quoted}\"\n").bytes());
            return;
        }
        let tag = match self.flavour {
            Flavour::Plain => path.escape_ascii().to_string(),
            Flavour::Wild => String::new(),
        };
        let (mode, data) = match entry {
            Entry::File(places, false) => ("100644", text(&tag, places)),
            Entry::File(places, true) => ("100755", text(&tag, places)),
            Entry::Binary(value) => ("100644", format!("{tag}\0{value}\n")),
            Entry::Link(value) => ("120000", format!("{tag}-{value}")),
            Entry::Gitlink(_) => unreachable!(),
        };
        let head = format!("M {mode} inline \"{quoted}\"\ndata {}\n", data.len());
        out.extend(head.bytes().chain(data.bytes()));
        out.push(b'\n');
    }
}

/// Places 0 and 3 have neighbours that never change; 1 and 2 are each other's.
fn text(tag: &str, places: [u8; 4]) -> String {
    let [first, second, third, fourth] = places;
    let fixed = |at| format!("{tag} fixed {at} and long enough to count\n");
    let place = |at, says| format!("{tag} place {at} says {says}\n");
    [
        place(0, first),
        fixed(0),
        place(1, second),
        place(2, third),
        fixed(1),
        place(3, fourth),
    ]
    .concat()
}

/// A history as a repository.
pub struct Imported {
    /// Goes away with this value.
    _folder: TempDir,
    pub repo: Repo,
    pub witness: Witness,
    /// The names of the commits, by place.
    pub oids: Vec<Oid>,
}

impl Imported {
    pub fn place(&self, oid: Oid) -> usize {
        self.oids.iter().position(|known| *known == oid).unwrap()
    }
}

#[derive(Clone, Copy, Debug)]
enum Dates {
    Rising,
    Equal,
    /// Wrong by up to half a day either way.
    Skewed,
}

/// What a commit does, before it is known what it stands on.
#[derive(Clone, Debug)]
struct Step {
    /// How many parents, and how far back each.
    parents: Vec<usize>,
    twice: bool,
    start: Start,
    edits: Vec<Edit>,
    skew: i64,
    thread: Option<u8>,
}

/// What a merge has before its edits.
#[derive(Clone, Copy, Debug)]
enum Start {
    Merged,
    First,
    Last,
    Root,
}

#[derive(Clone, Debug)]
enum Edit {
    Place(usize, usize, u8),
    Replace(usize, Entry),
    Delete(usize),
    Move(usize, usize),
}

fn entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        8 => (prop::array::uniform4(0..3_u8), prop::bool::weighted(0.2))
            .prop_map(|(places, executable)| Entry::File(places, executable)),
        1 => (0..3_u8).prop_map(Entry::Binary),
        1 => (0..3_u8).prop_map(Entry::Link),
        1 => (0..3_u8).prop_map(Entry::Gitlink),
    ]
}

/// The paths that every history begins with and most edits go to: contents are merged only where
/// both sides changed one file.
const BUSY: std::ops::Range<usize> = 3..5;

fn edit() -> impl Strategy<Value = Edit> {
    let path = 0..8_usize;
    let busy = prop_oneof![1 => path.clone(), 2 => BUSY];
    prop_oneof![
        6 => (busy, 0..4_usize, 0..4_u8).prop_map(|(at, place, says)| Edit::Place(at, place, says)),
        2 => (path.clone(), entry()).prop_map(|(at, entry)| Edit::Replace(at, entry)),
        1 => path.clone().prop_map(Edit::Delete),
        1 => (path.clone(), path).prop_map(|(from, to)| Edit::Move(from, to)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let back = || 0..4_usize;
    let parents = prop_oneof![
        9 => prop::collection::vec(back(), 1),
        9 => prop::collection::vec(back(), 2),
        2 => prop::collection::vec(back(), 3..5),
        1 => Just(Vec::new()),
    ];
    let start = prop_oneof![
        8 => Just(Start::Merged),
        1 => Just(Start::First),
        1 => Just(Start::Last),
        1 => Just(Start::Root),
    ];
    let edits = prop::collection::vec(edit(), 0..4);
    let thread = prop::option::weighted(0.4, 0..2_u8);
    let twice = prop::bool::weighted(0.05);
    (parents, twice, start, edits, -43_000..43_000_i64, thread).prop_map(
        |(parents, twice, start, edits, skew, thread)| Step {
            parents,
            twice,
            start,
            edits,
            skew,
            thread,
        },
    )
}

/// Histories of up to a dozen commits.
pub fn histories(flavour: Flavour) -> impl Strategy<Value = History> {
    histories_of(flavour, 2..12)
}

/// Histories of about so many commits.
pub fn histories_of(
    flavour: Flavour,
    commits: std::ops::Range<usize>,
) -> impl Strategy<Value = History> {
    let dates = prop_oneof![Just(Dates::Rising), Just(Dates::Equal), Just(Dates::Skewed)];
    let first = prop::collection::vec((0..8_usize, entry()), 3..8);
    let steps = prop::collection::vec(step(), commits);
    (any::<bool>(), dates, first, steps)
        .prop_map(move |(sha256, dates, first, steps)| build(flavour, sha256, dates, first, steps))
}

/// Two lines that merge each other and part again: the last merge has two bases. How far back
/// the parents of each commit are is fixed, what the commits do is not.
pub fn woven(flavour: Flavour) -> impl Strategy<Value = History> {
    const BACK: [&[usize]; 8] = [&[0], &[1], &[1, 0], &[1, 2], &[1], &[1], &[1, 0], &[2, 1]];
    let first = prop::collection::vec((0..8_usize, entry()), 6..12);
    let edits = prop::collection::vec(edit(), 2..5);
    let steps = prop::collection::vec((edits, prop::bool::weighted(0.3)), BACK.len());
    (any::<bool>(), first, steps).prop_map(move |(sha256, first, steps)| {
        let steps = steps
            .into_iter()
            .zip(BACK)
            .map(|((mut edits, evil), back)| {
                if back.len() > 1 && !evil {
                    edits.clear();
                }
                Step {
                    parents: back.to_vec(),
                    twice: false,
                    start: Start::Merged,
                    edits,
                    skew: 0,
                    thread: None,
                }
            });
        build(flavour, sha256, Dates::Rising, first, steps.collect())
    })
}

fn build(
    flavour: Flavour,
    sha256: bool,
    dates: Dates,
    first: Vec<(usize, Entry)>,
    steps: Vec<Step>,
) -> History {
    let mut files = Files::new();
    for (at, entry) in first {
        put(&mut files, flavour.paths()[at], entry);
    }
    for at in BUSY {
        put(&mut files, flavour.paths()[at], Entry::File([0; 4], false));
    }
    let root = Node {
        parents: Vec::new(),
        files,
        time: 1_700_000_000,
        thread: None,
    };
    let mut history = History {
        flavour,
        sha256,
        nodes: vec![root],
    };
    for (at, step) in (1_i64..).zip(steps) {
        let time = match dates {
            Dates::Rising => at * 1_000,
            Dates::Equal => 0,
            Dates::Skewed => at * 3_000 + step.skew,
        };
        let node = follow(&history, &step, 1_700_000_000 + time);
        history.nodes.push(node);
    }
    history
}

fn follow(history: &History, step: &Step, time: i64) -> Node {
    let count = history.nodes.len();
    let mut parents = Vec::new();
    for back in &step.parents {
        let parent = count - 1 - back % count;
        if step.twice || !parents.contains(&parent) {
            parents.push(parent);
        }
    }
    let side = |at: Option<&usize>| at.map(|at| history.nodes[*at].files.clone());
    let files = match step.start {
        Start::Merged => merged(history, &parents),
        Start::First => side(parents.first()),
        Start::Last => side(parents.last()),
        Start::Root => side(Some(&0)),
    };
    let mut files = files.unwrap_or_default();
    for edit in &step.edits {
        apply(&mut files, history.flavour, edit);
    }
    Node {
        parents,
        files,
        time,
        thread: step.thread,
    }
}

/// Roughly what an automatic merge would make of the parents: enough for merges that change
/// little of their own.
fn merged(history: &History, parents: &[usize]) -> Option<Files> {
    let (first, rest) = parents.split_first()?;
    let ancestors = history.ancestors();
    let mut files = history.nodes[*first].files.clone();
    for parent in rest {
        let base = ancestors[*first].intersection(&ancestors[*parent]).last();
        let base = base.map_or_else(Files::new, |at| history.nodes[*at].files.clone());
        let other = &history.nodes[*parent].files;
        for path in history.flavour.paths() {
            let now = files.get(path).copied();
            match fold(base.get(path).copied(), now, other.get(path).copied()) {
                None => drop(files.remove(path)),
                Some(entry) if now != Some(entry) => put(&mut files, path, entry),
                Some(_) => {}
            }
        }
    }
    Some(files)
}

fn fold(base: Option<Entry>, one: Option<Entry>, other: Option<Entry>) -> Option<Entry> {
    match (base, one, other) {
        _ if base == one => other,
        (Some(Entry::File(base, _)), Some(Entry::File(one, mode)), Some(Entry::File(other, _))) => {
            let mut places = one;
            for at in 0..4 {
                if base[at] == one[at] {
                    places[at] = other[at];
                }
            }
            Some(Entry::File(places, mode))
        }
        _ => one,
    }
}

fn apply(files: &mut Files, flavour: Flavour, edit: &Edit) {
    let paths = flavour.paths();
    match edit {
        Edit::Place(at, place, says) => {
            if let Some(Entry::File(places, _)) = files.get_mut(paths[*at]) {
                places[*place] = *says;
            }
        }
        Edit::Replace(at, entry) => put(files, paths[*at], *entry),
        Edit::Delete(at) => drop(files.remove(paths[*at])),
        Edit::Move(from, to) => {
            if let Some(entry) = files.remove(paths[*from]) {
                put(files, paths[*to], entry);
            }
        }
    }
}

/// Puts a file there, in the place of whatever is in its way.
fn put(files: &mut Files, path: &[u8], entry: Entry) {
    let below = |one: &[u8], other: &[u8]| one.strip_prefix(other).is_some_and(|r| r[0] == b'/');
    files.retain(|known, _| known == path || !below(known, path) && !below(path, known));
    files.insert(path.to_vec(), entry);
}
