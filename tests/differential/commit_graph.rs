//! git's commit-graph changes how long a walk takes, and nothing else.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use treewarden::error::Error;
use treewarden::git::{History as Graph, Range, Repo};

use super::engine::plenty;
use super::entering::{entering_commits, graph, independent_commits};
use super::history::{Files, Flavour, History, Imported, Node, histories_of};
use super::hold;

/// What of a history git's commit-graph holds.
#[derive(Clone, Copy, Debug)]
struct Written {
    /// How many of the oldest commits; their ancestors are among them.
    commits: usize,
    /// How many of these in a file of their own, beneath the others'.
    beneath: usize,
    /// The kind of generation numbers.
    version: u8,
}

impl Written {
    fn write(self, made: &Imported) {
        if self.beneath > 0 {
            self.write_first(self.beneath, &["--split=no-merge"], made);
            self.write_first(self.commits, &["--split=no-merge"], made);
            assert!(
                folder(made)
                    .join("commit-graphs/commit-graph-chain")
                    .exists()
            );
        } else {
            self.write_first(self.commits, &[], made);
        }
    }

    fn write_first(self, commits: usize, how: &[&str], made: &Imported) {
        let version = format!("commitGraph.generationVersion={}", self.version);
        // The tests' git does without the graph, and then writes none either.
        let settings = ["-c", "core.commitGraph=true", "-c", &version];
        let write = ["commit-graph", "write", "--stdin-commits"];
        let args = [&settings[..], &write, how];
        let names: Vec<String> = made.oids.iter().map(ToString::to_string).collect();
        let stdin = names[..commits.min(names.len())].join("\n") + "\n";
        made.witness.change(&args.concat(), stdin.as_bytes());
    }
}

fn written() -> impl Strategy<Value = Written> {
    (1..70_usize, 0..60_usize, 1..3_u8).prop_map(|(commits, beneath, version)| Written {
        commits: commits.max(beneath),
        beneath,
        version,
    })
}

#[test]
fn walks_are_gits_with_a_commit_graph() {
    let numbers = prop::collection::vec(0..1_000_usize, 6);
    let chosen = (histories_of(Flavour::Wild, 24..60), numbers, written());
    hold(60, chosen, |(history, numbers, written)| {
        let made = history.import();
        written.write(&made);
        entering_commits(history, &made, numbers);
        graph(history, &made, numbers);
        independent_commits(history, &made, numbers);
    });
}

const LINE: usize = 40;

/// A line of commits, all of them in the graph.
fn line() -> Imported {
    let nodes = (0..LINE).map(|at| Node {
        parents: at.checked_sub(1).into_iter().collect(),
        files: Files::new(),
        time: 1_700_000_000 + i64::try_from(at).unwrap(),
        thread: None,
    });
    let history = History {
        flavour: Flavour::Plain,
        sha256: false,
        nodes: nodes.collect(),
    };
    let made = history.import();
    let whole = Written {
        commits: LINE,
        beneath: 0,
        version: 2,
    };
    whole.write(&made);
    made
}

fn folder(made: &Imported) -> PathBuf {
    made.witness.dir.join("objects/info")
}

fn file(made: &Imported) -> PathBuf {
    folder(made).join("commit-graph")
}

/// git's files are read-only.
fn replace(made: &Imported, bytes: &[u8]) {
    fs::remove_file(file(made)).unwrap();
    fs::write(file(made), bytes).unwrap();
}

/// How many commits enter above the oldest one.
fn entering(made: &Imported) -> Result<usize, Error> {
    let repo = Repo::open(&made.witness.dir, made.witness.git.clone()).unwrap();
    let budget = plenty();
    let history = Graph::new(&repo, &budget);
    let (old, new) = (made.oids[0], *made.oids.last().unwrap());
    let range = Range::entering(&history, new, &[old], &budget)?;
    Ok(range.rows.len())
}

/// Lets every commit's first parent be the first commit of the file.
fn lie(made: &Imported) {
    let mut bytes = fs::read(file(made)).unwrap();
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let chunks = (0..usize::from(bytes[6])).map(|at| 8 + 12 * at);
    let rows = chunks.clone().find(|at| &bytes[*at..at + 4] == b"CDAT");
    let rows = number(rows.unwrap() + 8) as usize;
    for row in 0..LINE {
        let parent = rows + 36 * row + 20;
        bytes[parent..parent + 4].fill(0);
    }
    replace(made, &bytes);
}

#[test]
fn a_graph_that_contradicts_itself_ends_the_walk() {
    let made = line();
    assert_eq!(entering(&made).unwrap(), LINE - 1);
    lie(&made);
    let error = entering(&made).unwrap_err().to_string();
    assert!(error.contains("git commit-graph verify"), "{error}");
}

#[test]
fn a_graph_that_git_leaves_aside_is_not_read() {
    let other = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d\n";
    for (name, text) in [
        ("config", "[core]\nbare = true\ncommitGraph = off\n"),
        ("shallow", other),
        ("info/grafts", other),
    ] {
        let made = line();
        lie(&made);
        let path = made.witness.dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        assert_eq!(entering(&made).unwrap(), LINE - 1, "{name}");
    }
}

#[test]
fn a_graph_that_does_not_hold_together_is_not_read() {
    let made = line();
    lie(&made);
    let lying = fs::read(file(&made)).unwrap();
    for length in (0..lying.len()).step_by(97) {
        replace(&made, &lying[..length]);
        assert_eq!(entering(&made).unwrap(), LINE - 1, "cut off at {length}");
    }
    for at in [0, 4, 5, 7, 8, 20] {
        let mut bytes = lying.clone();
        bytes[at] ^= 0x40;
        replace(&made, &bytes);
        assert_eq!(entering(&made).unwrap(), LINE - 1, "changed at {at}");
    }
}

#[test]
fn a_setting_that_is_no_boolean_is_said_to_be_none() {
    let made = line();
    let config = made.witness.dir.join("config");
    fs::write(config, "[core]\nbare = true\ncommitGraph = perhaps\n").unwrap();
    let error = entering(&made).unwrap_err().to_string();
    assert!(error.contains("core.commitGraph"), "{error}");
}
