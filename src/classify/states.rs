//! From folder to folder: a lazy automaton over the components of paths.
//!
//! A walk over tree objects goes down folder by folder, and each path in it has its beginning in
//! common with others. So the walk keeps what is known of a folder, its *state*, and asks for the
//! next component alone: `folder` for a folder in it, `class` for a path that ends in it.
//!
//! A state is a set of nodes of the trie, where the patterns that may still match go on, and the
//! first pattern that is certain to match all that is below, if there is one. The first class
//! that matches wins: so no class after the certain one can come of it any more, and the nodes
//! that lead to such classes only, or to the certain one itself, are left out. In `drivers/net/`
//! of a policy that lists `drivers/net/` first, nothing is left but the certain class: the folder
//! is *settled*, every path below has that class, and a walk need not look. Elsewhere `below`
//! tells which classes there may be.
//!
//! States are made when they are first met, and equal sets are one state: walks remember what
//! they did by the state, and all settled folders of a class share one. Most steps take two
//! look-ups, one for the name in the trie and one for the set. Where no pattern takes the name,
//! which is the common case outside the listed folders, all names lead to the same state, and it
//! is noted.
//!
//! Names are not kept, so a push can't make the automaton grow by inventing names, only by leading
//! it to new sets. How many there are depends on the policy. Without wildcards among the folders
//! of its patterns there is at most one for each node and one for each class. A pattern such as `**/a/*/*/*/b` has to
//! remember which of the last folders were called `a`, so that each further star doubles the
//! number; it is still met one call of `folder` at a time, each for a tree object that the
//! budget of the push paid for.

use std::collections::HashMap;

use super::ClassMask;
use super::edges::number;
use super::trie::{Nodes, Rank, Step, Trie, first};

/// What is known of a folder, by its number in the [`States`] that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State(u32);

/// The states that were met so far, one set for each walk.
#[derive(Debug)]
pub struct States<'c> {
    trie: &'c Trie,
    facts: Vec<Facts>,
    /// States by their certain class and their nodes.
    known: HashMap<(ClassMask, Nodes), State>,
    top: State,
}

/// What a state stands for.
#[derive(Clone, Debug, Default)]
struct Facts {
    nodes: Nodes,
    certain: Option<Rank>,
    below: ClassMask,
    /// The folders whose name no pattern takes.
    others: Option<State>,
}

impl<'c> States<'c> {
    pub(super) fn new(trie: &'c Trie) -> Self {
        let mut states = Self {
            trie,
            facts: Vec::new(),
            known: HashMap::new(),
            top: State(0),
        };
        states.top = states.state(trie.top(), None);
        states
    }

    /// The state of the top folder.
    pub fn top(&self) -> State {
        self.top
    }

    /// The state of the folder called `name` in a folder.
    pub fn folder(&mut self, at: State, name: &[u8]) -> State {
        let Some(facts) = self.facts(at).filter(|facts| !facts.nodes.is_empty()) else {
            return at;
        };
        let (certain, others) = (facts.certain, facts.others);
        let step = self.trie.step(&facts.nodes, name);
        match others {
            Some(others) if !step.moved => others,
            _ if step.moved => self.state(step, certain),
            _ => {
                let others = self.state(step, certain);
                if let Some(facts) = self.facts.get_mut(at.0 as usize) {
                    facts.others = Some(others);
                }
                others
            }
        }
    }

    /// The class of the path that ends in `name` in a folder: a set of one.
    pub fn class(&self, at: State, name: &[u8]) -> ClassMask {
        let Some(facts) = self.facts(at) else {
            return ClassMask::ALL;
        };
        self.class_of(self.trie.end(&facts.nodes, name, facts.certain))
    }

    /// The classes that paths below a folder may have; a class that is missing, none has. One
    /// class alone: every path below has it.
    pub fn below(&self, at: State) -> ClassMask {
        self.facts(at).map_or(ClassMask::ALL, |facts| facts.below)
    }

    fn facts(&self, at: State) -> Option<&Facts> {
        self.facts.get(at.0 as usize)
    }

    fn class_of(&self, rank: Option<Rank>) -> ClassMask {
        rank.map_or(ClassMask::of(None), |rank| self.trie.class_of(rank))
    }

    /// The state where a step leads, in a folder that had a certain pattern already or hadn't.
    fn state(&mut self, step: Step, certain: Option<Rank>) -> State {
        let certain = first(certain, step.certain);
        let class = self.class_of(certain);
        let mut nodes = step.nodes;
        nodes.retain(|at| self.trie.classes(*at).meets(class.before()));
        let key = (class, nodes);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let nodes = key.1.clone();
        let classes = nodes.iter().map(|at| self.trie.classes(*at));
        let open = classes.fold(ClassMask::EMPTY, |all, classes| all | classes);
        let state = State(number(self.facts.len()));
        self.facts.push(Facts {
            nodes,
            certain,
            below: open.both(class.before()) | class,
            others: None,
        });
        self.known.insert(key, state);
        state
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Builder, Match};
    use super::*;

    fn told(classes: &[&[&str]], check: impl Fn(&mut States<'_>)) {
        let mut builder = Builder::new();
        for (class, patterns) in classes.iter().enumerate() {
            for (pattern, text) in patterns.iter().enumerate() {
                builder.add(Match { class, pattern }, text).unwrap();
            }
        }
        check(&mut builder.finish().states());
    }

    fn set(classes: &[Option<usize>]) -> ClassMask {
        let classes = classes.iter().copied().map(ClassMask::of);
        classes.fold(ClassMask::EMPTY, |all, class| all | class)
    }

    fn at(states: &mut States<'_>, folders: &[&str]) -> State {
        let top = states.top();
        let go = |at, name: &&str| states.folder(at, name.as_bytes());
        folders.iter().fold(top, go)
    }

    #[test]
    fn a_folder_is_settled_as_soon_as_one_class_is_left() {
        let classes: [&[&str]; 4] = [
            &["net/core/filter.c", "lib/*/x/*.c"],
            &["net/**", "net/core/late.c"],
            &["net/late/**", "lib/"],
            &["**/README"],
        ];
        told(&classes, |states| {
            for (folders, below) in [
                (&[][..], &[Some(0), Some(1), Some(2), Some(3), None][..]),
                (&["net"], &[Some(0), Some(1)]),
                (&["net", "core"], &[Some(0), Some(1)]),
                (&["net", "core", "filter.c"], &[Some(1)]),
                (&["net", "late"], &[Some(1)]),
                (&["lib"], &[Some(0), Some(2)]),
                (&["lib", "a"], &[Some(0), Some(2)]),
                (&["lib", "a", "b"], &[Some(2)]),
                (&["lib", "a", "x"], &[Some(0), Some(2)]),
                (&["fs"], &[Some(3), None]),
            ] {
                let state = at(states, folders);
                assert_eq!(states.below(state), set(below), "{folders:?}");
            }
        });
    }

    #[test]
    fn what_is_known_alike_is_one_state() {
        told(&[&["a/x", "**/b/c", "d/**", "e/f/**"], &["g/"]], |states| {
            let settled = at(states, &["d"]);
            assert_eq!(at(states, &["d", "any", "folder"]), settled);
            assert_eq!(at(states, &["e", "f"]), settled);
            let other = at(states, &["h"]);
            assert_eq!(at(states, &["i", "j"]), other);
            assert_eq!(at(states, &["e", "i"]), other);
            assert_ne!(at(states, &["b"]), other);
            assert_eq!(at(states, &["k", "b"]), at(states, &["b"]));
        });
    }

    #[test]
    fn each_thread_can_have_its_own() {
        fn is_send<T: Send>(_: &T) {}
        told(&[&["a"]], |states| is_send(states));
    }

    #[test]
    fn names_that_no_pattern_takes_make_no_states() {
        told(&[&["**/a/*/b", "net/**"]], |states| {
            let top = states.top();
            let mut open = vec![top];
            for number in 0..1000_u32 {
                let name = format!("{number}");
                open = open
                    .iter()
                    .map(|at| states.folder(*at, name.as_bytes()))
                    .collect();
            }
            assert!(states.facts.len() < 4);
        });
    }
}
