//! What a push brings enters, whatever of it the server had before.

use std::collections::BTreeSet;

use proptest::prelude::*;
use treewarden::git::{History as Graph, Quarantine, Range, Repo};
use treewarden::update::Oid;

use super::engine::plenty;
use super::history::{Flavour, History, Imported, histories_of};
use super::hold;

/// What a server has before a push.
#[derive(Clone, Copy, Debug)]
struct Server {
    /// How many of the oldest commits; their ancestors are among them.
    commits: usize,
    has_graph: bool,
    is_loose: bool,
}

impl Server {
    fn made(self, history: &History) -> Imported {
        let nodes = &history.nodes[..self.commits.min(history.nodes.len())];
        let before = History {
            nodes: nodes.to_vec(),
            ..*history
        };
        let made = before.import();
        if self.has_graph {
            let write = ["-c", "core.commitGraph=true", "commit-graph", "write"];
            made.witness
                .change(&[&write[..], &["--reachable"]].concat(), b"");
        }
        if self.is_loose {
            explode(&made);
        }
        made
    }
}

fn server() -> impl Strategy<Value = Server> {
    (1..60_usize, any::<bool>(), any::<bool>()).prop_map(|(commits, has_graph, is_loose)| Server {
        commits,
        has_graph,
        is_loose,
    })
}

/// Makes files of what is in packs.
fn explode(made: &Imported) {
    let packs = made.witness.dir.join("objects/pack");
    let aside = tempfile::tempdir_in(&made.witness.dir).unwrap();
    for entry in packs.read_dir().unwrap() {
        let path = entry.unwrap().path();
        std::fs::rename(&path, aside.path().join(path.file_name().unwrap())).unwrap();
    }
    for entry in aside.path().read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "pack") {
            let pack = std::fs::read(path).unwrap();
            made.witness.change(&["unpack-objects", "-q"], &pack);
        }
    }
}

/// An annotated tag of a commit.
fn tag(made: &Imported, commit: Oid) -> Oid {
    let text =
        format!("object {commit}\ntype commit\ntag t\ntagger x <x@y.example> 1 +0000\n\nt\n");
    let name = made.witness.change(&["mktag"], text.as_bytes());
    Oid::from_hex(name.trim_ascii_end()).unwrap()
}

#[test]
fn what_a_push_brings_enters_where_no_old_value_reaches_it() {
    let numbers = prop::collection::vec(0..1_000_usize, 30);
    let chosen = (histories_of(Flavour::Wild, 24..60), server(), numbers);
    hold(100, chosen, |(history, server, numbers)| {
        let (before, whole) = (server.made(history), history.import());
        // The push brings all of it once more.
        let quarantine = Quarantine {
            path: Some(whole.witness.dir.join("objects")),
        };
        let git = before.witness.git.clone();
        let dir = &before.witness.dir;
        let repo = Repo::open_for_hook(dir, &quarantine, None, git).unwrap();
        for count in [1, 8, 30] {
            let places = numbers[..count]
                .iter()
                .map(|number| number % before.oids.len());
            let hidden: BTreeSet<usize> = places.clone().collect();
            // As many refs may hold the same, one of them by an annotated tag.
            let mut tips: Vec<_> = places.map(|place| before.oids[place]).collect();
            tips[0] = tag(&before, tips[0]);
            for new in [history.nodes.len() - 1, numbers[0] % history.nodes.len()] {
                let budget = plenty();
                let graph = Graph::new(&repo, &budget);
                let range = Range::entering(&graph, whole.oids[new], &tips, &budget).unwrap();
                let found: Vec<usize> = range.rows.iter().map(|row| whole.place(row.oid)).collect();
                assert!(found.last().is_none_or(|last| *last == new));
                let ancestors = history.ancestors();
                let reached: BTreeSet<usize> = hidden
                    .iter()
                    .flat_map(|at| ancestors[*at].clone())
                    .collect();
                let expected: BTreeSet<usize> =
                    ancestors[new].difference(&reached).copied().collect();
                assert_eq!(found.len(), expected.len(), "each once");
                assert_eq!(
                    BTreeSet::from_iter(found),
                    expected,
                    "{new} without {hidden:?}"
                );
            }
        }
    });
}
