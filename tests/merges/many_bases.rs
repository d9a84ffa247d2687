//! Merges whose sides have merged the same branches before, each on its own.

use std::collections::BTreeMap;

use super::UPSTREAM;
use crate::support::{Sandbox, everywhere};

/// More merge bases than git is asked about: each two of them have another base in common.
const MANY: usize = 13;
const TEXT: &str = "net/core/dev.c";
const BINARY: &str = "net/core/table.bin";

/// What becomes of the lines of a file: of each two, the first is changed in one of the bases, the
/// second in one of the sides.
fn text(bases: &[usize], sides: &[usize]) -> String {
    let word = |changed: &[usize], at| if changed.contains(&at) { "new" } else { "old" };
    let lines = |at| {
        let words = (word(bases, at), word(sides, at));
        format!("base {at}: {}\nside {at}: {}\n", words.0, words.1)
    };
    (0..MANY).map(lines).collect()
}

/// A history in which two sides have merged the same bases.
struct Criss<'s> {
    s: &'s Sandbox,
    bases: Vec<String>,
}

impl<'s> Criss<'s> {
    /// So many bases. The first two of them have the binary file each in another version.
    fn new(s: &'s Sandbox, count: usize) -> Self {
        let root = s.commit("Linux 6.12").write(TEXT, &text(&[], &[]));
        let root = root.write(BINARY, "\0old").make();
        let mut shared = BTreeMap::new();
        for (one, other) in (0..count).flat_map(|one| (0..one).map(move |other| (one, other))) {
            let commit = s.touch(&root, format!("shared/{one}-{other}"));
            shared.insert((one, other), commit);
        }
        let base = |at: usize| {
            let has = |(pair, _): &(&(usize, usize), _)| pair.0 == at || pair.1 == at;
            let parents = shared.iter().filter(has).map(|(_, commit)| commit.clone());
            let binary = if at < 2 {
                format!("\0{at}")
            } else {
                "\0old".into()
            };
            commit(
                s,
                &parents.collect::<Vec<_>>(),
                (&text(&[at], &[]), &binary),
            )
        };
        let bases = (0..count).map(base).collect();
        Self { s, bases }
    }

    /// A commit that merges them all, and changes one line and the binary file.
    fn side(&self, at: usize, binary: &str) -> String {
        let merged: Vec<usize> = (0..self.bases.len()).collect();
        commit(self.s, &self.bases, (&text(&merged, &[at]), binary))
    }
}

/// A commit of these parents, with the first one's tree but for the two files.
fn commit(s: &Sandbox, parents: &[String], (text, binary): (&str, &str)) -> String {
    let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
    let draft = s.commit("edit").on(parents[0]);
    let draft = draft.write(TEXT, text).write(BINARY, binary);
    let tree = s.tree_of(&draft.make());
    s.commit_tree(&tree, &parents)
}

#[test]
fn every_base_of_every_two_bases_counts() {
    everywhere(|s| {
        let criss = Criss::new(s, MANY);
        // Beside what the oldest two bases changed: git merges these first.
        let (ours, theirs) = (criss.side(0, "\0new"), criss.side(1, "\0new"));
        s.seed(&ours, &["master"]);
        s.seed(&theirs, &[UPSTREAM]);
        let merge = || s.merge("Merge tag 'v6.13'", &[&ours, &theirs]);
        s.push(&merge().make(), "master")
            .clean()
            .judged("bpf-next/master", 1);
        s.seed(&ours, &["master"]);
        let otherwise = merge().write(TEXT, &text(&[], &[0])).make();
        s.push(&otherwise, "master")
            .rejected("denied-path")
            .says("resolved by the merge");
    });
}

/// Bases in conflict over a binary file are left to git, which goes on with what was there before;
/// where it would have to be shown too many commits, the file counts as resolved.
#[test]
fn what_cant_be_put_to_git_counts_as_resolved() {
    everywhere(|s| {
        for count in [3, MANY] {
            let criss = Criss::new(s, count);
            let (ours, theirs) = (criss.side(0, "\0old"), criss.side(0, "\0new"));
            s.seed(&ours, &["master"]);
            s.seed(&theirs, &[UPSTREAM]);
            let merge = s.merge("Merge tag 'v6.13'", &[&ours, &theirs]).make();
            let pushed = s.push(&merge, "master");
            match count {
                MANY => drop(pushed.rejected("denied-path").says(BINARY)),
                _ => drop(pushed.clean().judged("bpf-next/master", 1)),
            }
        }
    });
}
