//! What is read of a graph, held against another reader's; and of graphs that are broken.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::git::CleanGit;

/// How many commits each file of the chain has.
const EACH: usize = 40;
/// A date that 32 bits don't hold.
const LATE: usize = 1 << 33;

/// The files in `objects/info`, by their names there.
type Files = BTreeMap<String, Vec<u8>>;

/// What git makes of one history.
struct Made {
    format: ObjectFormat,
    /// The commits, oldest first.
    names: Vec<Oid>,
    /// A graph in one file, then a chain of two, of three.
    graphs: Vec<Files>,
}

static SHA1: LazyLock<Made> = LazyLock::new(|| made(ObjectFormat::Sha1));
static SHA256: LazyLock<Made> = LazyLock::new(|| made(ObjectFormat::Sha256));

fn made(format: ObjectFormat) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let git = |args: &[&str], input: &str| {
        fs::write(folder.path().join("input"), input).unwrap();
        let input = fs::File::open(folder.path().join("input")).unwrap();
        let mut command = CleanGit::default().command(folder.path());
        // Else git writes no graph.
        command.args(["-c", "core.commitGraph=true"]).args(args);
        assert!(command.stdin(input).status().unwrap().success());
    };
    let object_format = format!("--object-format={}", format.name());
    git(&["init", "--quiet", "--bare", &object_format], "");
    let marks = folder.path().join("marks");
    let export = format!("--export-marks={}", marks.display());
    git(&["fast-import", "--quiet", &export], &history(3 * EACH));
    let marks = fs::read_to_string(marks).unwrap();
    let hex: Vec<_> = marks
        .lines()
        .map(|line| &line[line.len() - format.hex_len()..])
        .collect();
    let write = ["commit-graph", "write", "--stdin-commits"];
    let rounds = [&[][..], &["--split=no-merge"], &["--split=no-merge"]];
    let graph = |(round, how): (usize, &&[&str])| {
        git(
            &[&write, *how].concat(),
            &hex[..(round + 1) * EACH].join("\n"),
        );
        files_in(&folder.path().join("objects/info"))
    };
    Made {
        format,
        graphs: rounds.iter().enumerate().map(graph).collect(),
        names: hex
            .iter()
            .map(|hex| Oid::from_hex(hex.as_bytes()).unwrap())
            .collect(),
    }
}

/// Commits with none, one, two and many parents.
fn history(count: usize) -> String {
    let mut stream = String::new();
    for at in 1..=count {
        let date = if at == 7 { LATE } else { 1_700_000_000 + at };
        write!(stream, "commit refs/heads/{at}\nmark :{at}\n").unwrap();
        write!(stream, "committer x <x@y.example> {date} +0000\ndata 0\n").unwrap();
        let parents = [1, 1, 2, 3, 4, 5, 6, 7][at % 8].min(at - 1);
        for parent in 1..=parents {
            let word = if parent == 1 { "from" } else { "merge" };
            writeln!(stream, "{word} :{}", at - parent).unwrap();
        }
        write!(stream, "M 100644 inline file\ndata 3\n{at:03}\n").unwrap();
    }
    stream
}

fn files_in(info: &Path) -> Files {
    let mut files = Files::new();
    for folder in ["", "commit-graphs/"] {
        for file in info.join(folder).read_dir().into_iter().flatten() {
            let file = file.unwrap();
            if file.path().is_file() {
                let name = format!("{folder}{}", file.file_name().display());
                files.insert(name, fs::read(file.path()).unwrap());
            }
        }
    }
    files
}

/// A folder with these files.
fn laid_out(files: &Files) -> tempfile::TempDir {
    let info = tempfile::tempdir().unwrap();
    fs::create_dir(info.path().join("commit-graphs")).unwrap();
    for (name, bytes) in files {
        fs::write(info.path().join(name), bytes).unwrap();
    }
    info
}

fn opened(files: &Files, format: ObjectFormat) -> Option<CommitGraph> {
    // What is open stays so when the folder is gone.
    CommitGraph::open_in(laid_out(files).path().to_owned(), format)
}

/// The chunks in a file's table, each with where the table has its start.
fn table(raw: &[u8]) -> Vec<(Vec<u8>, usize)> {
    let chunks = (0..=usize::from(raw[6])).map(|at| 8 + 12 * at);
    chunks
        .map(|at| (raw[at..at + 4].to_vec(), at + 4))
        .collect()
}

fn number(raw: &[u8], at: usize) -> usize {
    u64::from_be_bytes(raw[at..at + 8].try_into().unwrap())
        .try_into()
        .unwrap()
}

/// The same file with the chunks so many bytes further on.
fn padded(raw: &[u8], by: usize) -> Vec<u8> {
    let mut padded = raw.to_vec();
    let table = table(raw);
    for (_, at) in &table {
        let moved = number(raw, *at) + by;
        padded[*at..at + 8].copy_from_slice(&(moved as u64).to_be_bytes());
    }
    let end = 8 + 12 * table.len();
    padded.splice(end..end, vec![0; by]);
    padded
}

/// The same files, large: of these more is read before they are mapped.
fn enlarged(files: &Files) -> Files {
    let mut large = files.clone();
    let is_graph = |raw: &&mut Vec<u8>| raw.starts_with(b"CGPH");
    for raw in large.values_mut().filter(is_graph) {
        *raw = padded(raw, 2 << 20);
    }
    large
}

/// Holds what a graph says of the commit at each position against what gix-commitgraph does:
/// one that was just opened, and one that comes to be mapped.
fn compare(files: &Files, format: ObjectFormat) {
    let info = laid_out(files);
    let kind = match format {
        ObjectFormat::Sha1 => gix_hash::Kind::Sha1,
        ObjectFormat::Sha256 => gix_hash::Kind::Sha256,
    };
    let theirs = gix_commitgraph::at(info.path(), kind, None).unwrap();
    let large = laid_out(&enlarged(files));
    let open = |info: &Path| CommitGraph::open_in(info.to_owned(), format).unwrap();
    let kept = open(info.path());
    for commit in theirs.iter_commits() {
        let at = Position(theirs.lookup(commit.id()).unwrap().0);
        let fresh = open(large.path());
        agrees(&fresh, at, commit);
        agrees(&kept, at, commit);
        assert!(!fresh.layers.iter().any(|layer| layer.file.is_mapped()));
    }
    assert!(kept.layers.iter().all(|layer| layer.file.is_mapped()));
}

fn agrees(ours: &CommitGraph, at: Position, commit: gix_commitgraph::file::Commit<'_>) {
    let name = Oid::from_bytes(commit.id().as_bytes()).unwrap();
    assert_eq!(ours.find(name), Some(at));
    assert_eq!(ours.name(at).unwrap(), name);
    let tree = ours.tree(at).unwrap();
    assert_eq!(tree.as_bytes(), commit.root_tree_id().as_bytes());
    let parents = commit.iter_parents();
    let row = GraphRow {
        time: commit.committer_timestamp().try_into().unwrap(),
        generation: commit.generation(),
        parents: parents.map(|parent| Position(parent.unwrap().0)).collect(),
    };
    assert_eq!(ours.row(at).unwrap(), row);
}

#[test]
fn a_graph_says_what_another_reader_finds_in_it() {
    for made in [&*SHA1, &*SHA256] {
        for (round, files) in made.graphs.iter().enumerate() {
            let graph = opened(files, made.format).unwrap();
            assert_eq!(graph.layers.len(), round + 1);
            assert_eq!(graph.count(), EACH * (round + 1));
            compare(files, made.format);
        }
    }
}

#[test]
fn all_kinds_of_rows_are_there() {
    let graph = opened(&SHA1.graphs[2], SHA1.format).unwrap();
    let rows = SHA1
        .names
        .iter()
        .map(|name| graph.row(graph.find(*name).unwrap()).unwrap());
    let rows: Vec<_> = rows.collect();
    for parents in 0..=7 {
        assert!(
            rows.iter().any(|row| row.parents.len() == parents),
            "{parents}"
        );
    }
    assert!(rows.iter().any(|row| row.time == 1 << 33));
}

/// The graph that is one file, opened with other bytes.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Option<CommitGraph> {
    let mut files = SHA1.graphs[0].clone();
    change(files.get_mut("commit-graph").unwrap());
    opened(&files, SHA1.format)
}

#[test]
fn a_file_that_is_cut_off_or_longer_is_no_graph() {
    let whole = &SHA1.graphs[0]["commit-graph"];
    for length in 0..whole.len() {
        assert!(changed(|raw| raw.truncate(length)).is_none(), "{length}");
    }
    assert!(changed(|raw| raw.push(0)).is_none());
    assert!(changed(|_| ()).is_some());
}

#[test]
fn a_head_or_table_that_says_otherwise_is_no_graph() {
    for at in [0, 4, 5, 6, 7] {
        assert!(changed(|raw| raw[at] ^= 3).is_none(), "{at}");
    }
    for (name, at) in table(&SHA1.graphs[0]["commit-graph"]) {
        // Far beyond the end; then by one byte, which matters but between chunks not read here.
        assert!(changed(|raw| raw[at] = 1).is_none(), "{name:?}");
        let is_moved = changed(|raw| raw[at + 7] ^= 1).is_some();
        assert_eq!(is_moved, name == b"GDO2", "{name:?}");
    }
    let twice = |raw: &mut Vec<u8>| raw.copy_within(8..12, 20);
    assert!(changed(twice).is_none());
    assert!(opened(&SHA1.graphs[0], ObjectFormat::Sha256).is_none());
}

/// Where a chunk lies in the graph that is one file.
fn chunk(name: &[u8]) -> Range<usize> {
    let raw = &SHA1.graphs[0]["commit-graph"];
    let table = table(raw);
    let at = table.iter().position(|chunk| chunk.0 == name).unwrap();
    number(raw, table[at].1)..number(raw, table[at + 1].1)
}

#[test]
fn a_graph_without_generation_numbers_is_none() {
    let clear = |raw: &mut Vec<u8>, row: usize| {
        let at = chunk(b"CDAT").start + 36 * row + 28;
        raw[at..at + 3].fill(0);
        raw[at + 3] &= 3;
    };
    assert!(changed(|raw| (0..EACH).for_each(|row| clear(raw, row))).is_none());
    let graph = changed(|raw| clear(raw, 5)).unwrap();
    let name = graph.name(Position(5)).unwrap();
    assert_eq!(graph.find(name), Some(Position(5)));
    assert!(graph.row(Position(5)).is_err());
}

#[test]
fn a_row_that_points_nowhere_is_a_fault() {
    let graph = changed(|_| ()).unwrap();
    let Position(octopus) = graph.find(SHA1.names[14]).unwrap();
    assert!(graph.row(Position(octopus)).unwrap().parents.len() > 2);
    let is_fault = |at: usize, value: u32| {
        let change = |raw: &mut Vec<u8>| raw[at..at + 4].copy_from_slice(&value.to_be_bytes());
        let graph = changed(change).unwrap();
        assert!(graph.row(Position(octopus)).is_err(), "{at}: {value:x}");
    };
    let row = chunk(b"CDAT").start + 36 * octopus as usize + 20;
    let count = EACH.try_into().unwrap();
    for first in [NO_PARENT, count, u32::MAX, 1 << 31] {
        is_fault(row, first);
    }
    for second in [count, u32::MAX, 1 << 31 | 0xffff] {
        is_fault(row + 4, second);
    }
    is_fault(row + 8, u32::MAX);
    let unended = |raw: &mut Vec<u8>| {
        for at in chunk(b"EDGE").step_by(4) {
            raw[at] &= 0x7f;
        }
    };
    assert!(changed(unended).unwrap().row(Position(octopus)).is_err());
    for beyond in [count, u32::MAX] {
        assert!(graph.row(Position(beyond)).is_err());
        assert!(graph.name(Position(beyond)).is_err());
        assert!(graph.tree(Position(beyond)).is_err());
    }
}

#[test]
fn files_that_are_no_chain_are_no_graph() {
    const CHAIN: &str = "commit-graphs/commit-graph-chain";
    let whole = &SHA1.graphs[2];
    let lines = String::from_utf8(whole[CHAIN].clone()).unwrap();
    let with = |lines: &str| {
        let mut files = whole.clone();
        files.insert(CHAIN.into(), lines.into());
        opened(&files, SHA1.format).map(|graph| graph.count())
    };
    assert_eq!(with(&lines), Some(3 * EACH));
    let [one, two, three] = lines.lines().collect::<Vec<_>>()[..] else {
        panic!("{lines}");
    };
    assert_eq!(with(&format!("{one}\n{two}\n")), Some(2 * EACH));
    for lines in [
        String::new(),
        "\n".into(),
        lines.trim_end().into(),
        format!("{lines}\n"),
        format!("{two}\n{one}\n{three}\n"),
        format!("{one}\n{three}\n"),
        format!("{two}\n"),
        format!("{one}\r\n{two}\r\n"),
        lines.to_uppercase(),
        lines.repeat(100),
    ] {
        assert_eq!(with(&lines), None, "{lines}");
    }
    for name in whole.keys() {
        let mut files = whole.clone();
        files.remove(name);
        assert!(opened(&files, SHA1.format).is_none(), "{name} is gone");
    }
    let mut files = whole.clone();
    let other = files
        .get_mut(&format!("commit-graphs/graph-{one}.graph"))
        .unwrap();
    *other.last_mut().unwrap() ^= 1;
    assert!(opened(&files, SHA1.format).is_none(), "it is another one");
}

#[test]
fn the_chain_counts_where_the_one_file_is_broken() {
    let count = |single: &[u8]| {
        let mut files = SHA1.graphs[2].clone();
        files.insert("commit-graph".into(), single.to_vec());
        opened(&files, SHA1.format).map(|graph| graph.count())
    };
    let single = &SHA1.graphs[0]["commit-graph"];
    assert_eq!(count(single), Some(EACH));
    assert_eq!(count(&single[1..]), Some(3 * EACH));
}

proptest! {
    #[test]
    fn what_is_broken_finds_nothing_wrong(
        round in 0..3_usize,
        flips in prop::collection::vec((any::<Index>(), any::<Index>(), any::<bool>(), 1..=255_u8), 1..4),
    ) {
        let mut files = SHA1.graphs[round].clone();
        for (file, at, in_front, flip) in flips {
            let file = file.index(files.len());
            let raw = files.values_mut().nth(file).unwrap();
            let end = if in_front { raw.len().min(120) } else { raw.len() };
            raw[at.index(end)] ^= flip;
        }
        let Some(graph) = opened(&files, SHA1.format) else {
            return Ok(());
        };
        for name in &SHA1.names {
            if let Some(at) = graph.find(*name) {
                prop_assert_eq!(graph.name(at).unwrap(), *name);
                if let Ok(row) = graph.row(at) {
                    prop_assert!(row.parents.iter().all(|parent| graph.name(*parent).is_ok()));
                }
            }
        }
    }
}
