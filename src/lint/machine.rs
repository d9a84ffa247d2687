//! Globs as one nondeterministic automaton: all of them side by side, a byte at a time.

use std::collections::{BTreeSet, HashSet};

use globset::Glob;
use regex_automata::nfa::thompson::{NFA, State, WhichCaptures};
use regex_automata::util::look::{Look, LookSet};
use regex_automata::util::primitives::StateID;
use regex_automata::util::syntax;

use super::survey::Undecided;

/// How much memory the automaton may take, in bytes.
const MOST_MEMORY: usize = 64 << 20;

/// Where the globs are, sorted: the states that wait for a byte, and those that match if none
/// comes.
pub(super) type Threads = Vec<StateID>;

/// The automaton. Globs are told by their index.
pub(super) struct Machine {
    nfa: NFA,
    /// What is known of each state, by its number.
    facts: Vec<Fact>,
}

/// What is known of a state.
#[derive(Clone, Debug, Default)]
struct Fact {
    /// The glob: no two have a state in common, since each leads to one match.
    owner: usize,
    /// Matches if the name ends.
    is_final: bool,
    /// Waits for a byte, any byte, and matches after it and all that may follow.
    is_endless: bool,
    /// Where it leads without a byte.
    settled: Threads,
}

impl Machine {
    /// Compiles the globs as globset itself does.
    pub(super) fn new<'g>(globs: impl Iterator<Item = &'g Glob>) -> Result<Self, Undecided> {
        let expressions: Vec<&str> = globs.map(Glob::regex).collect();
        let syntax = syntax::Config::new().utf8(false).dot_matches_new_line(true);
        let config = NFA::config()
            .utf8(false)
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(MOST_MEMORY));
        let mut compiler = NFA::compiler();
        let nfa = compiler
            .syntax(syntax)
            .configure(config)
            .build_many(&expressions)
            .map_err(|_| Undecided)?;
        // Globs assert their beginning and their end, and nothing else.
        let known = LookSet::singleton(Look::Start).insert(Look::End);
        if !nfa.look_set_any().subtract(known).is_empty() {
            return Err(Undecided);
        }
        let facts = vec![Fact::default(); nfa.states().len()];
        let mut machine = Self { nfa, facts };
        machine.note_owners();
        machine.note(|machine, id, fact| fact.is_final = machine.is_final(id));
        machine.note(|machine, id, fact| fact.settled = machine.settled(id, false));
        machine.note(|machine, id, fact| fact.is_endless = machine.is_endless(id));
        Ok(machine)
    }

    /// Where the globs are before the first byte.
    pub(super) fn start(&self) -> Threads {
        sorted(self.starts().flat_map(|id| self.settled(id, true)))
    }

    /// Where they are after one more byte.
    pub(super) fn step(&self, threads: &[StateID], byte: u8) -> Threads {
        let moved = threads
            .iter()
            .filter_map(|id| after_byte(self.nfa.state(*id), byte));
        let facts = moved.filter_map(|id| self.fact(id));
        sorted(facts.flat_map(|fact| fact.settled.iter().copied()))
    }

    /// The globs that match if the name ends here.
    pub(super) fn matching(&self, threads: &[StateID]) -> BTreeSet<usize> {
        self.owners(threads, |fact| fact.is_final)
    }

    /// The globs that match here, and whatever follows.
    pub(super) fn endless(&self, threads: &[StateID]) -> BTreeSet<usize> {
        let endless = self.owners(threads, |fact| fact.is_endless);
        match endless.is_empty() {
            true => endless,
            false => &endless & &self.matching(threads),
        }
    }

    /// The glob that a thread belongs to.
    pub(super) fn owner(&self, id: StateID) -> Option<usize> {
        self.fact(id).map(|fact| fact.owner)
    }

    /// Returns true if and only if no glob tells the one byte from the other.
    pub(super) fn same(&self, one: u8, other: u8) -> bool {
        let classes = self.nfa.byte_classes();
        classes.get(one) == classes.get(other)
    }

    fn owners(&self, threads: &[StateID], wanted: impl Fn(&Fact) -> bool) -> BTreeSet<usize> {
        let facts = threads.iter().filter_map(|id| self.fact(*id));
        facts
            .filter(|fact| wanted(fact))
            .map(|fact| fact.owner)
            .collect()
    }

    fn fact(&self, id: StateID) -> Option<&Fact> {
        self.facts.get(id.as_usize())
    }

    fn starts(&self) -> impl Iterator<Item = StateID> {
        let patterns = self.nfa.patterns();
        patterns.filter_map(|pattern| self.nfa.start_pattern(pattern))
    }

    fn note_owners(&mut self) {
        let starts: Vec<StateID> = self.starts().collect();
        let mut seen = HashSet::new();
        for (owner, start) in starts.into_iter().enumerate() {
            let mut open = vec![start];
            while let Some(id) = open.pop() {
                if !seen.insert(id) {
                    continue;
                }
                open.extend(successors(self.nfa.state(id)));
                if let Some(fact) = self.facts.get_mut(id.as_usize()) {
                    fact.owner = owner;
                }
            }
        }
    }

    /// Adds to what is known of each state.
    fn note(&mut self, learn: impl Fn(&Self, StateID, &mut Fact)) {
        let mut facts = self.facts.clone();
        for (at, fact) in facts.iter_mut().enumerate() {
            if let Ok(id) = StateID::new(at) {
                learn(self, id, fact);
            }
        }
        self.facts = facts;
    }

    fn is_final(&self, id: StateID) -> bool {
        let State::Look {
            look: Look::End,
            next,
        } = self.nfa.state(id)
        else {
            return false;
        };
        let ends = self.closure(*next, |look| look == Look::End);
        let matches = |id: &StateID| matches!(self.nfa.state(*id), State::Match { .. });
        ends.iter().any(matches)
    }

    fn is_endless(&self, id: StateID) -> bool {
        let State::ByteRange { trans } = self.nfa.state(id) else {
            return false;
        };
        let after = self.step(&[id], 0);
        (trans.start, trans.end) == (0, u8::MAX)
            && after.contains(&id)
            && !self.matching(&after).is_empty()
    }

    /// Where the state leads without a byte.
    fn settled(&self, from: StateID, at_start: bool) -> Threads {
        let mut threads = self.closure(from, |look| at_start && look == Look::Start);
        threads.retain(|id| match self.nfa.state(*id) {
            State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) => true,
            _ => self.fact(*id).is_some_and(|fact| fact.is_final),
        });
        threads
    }

    /// All states that can be reached without a byte, where `holds` says which assertions do.
    fn closure(&self, from: StateID, holds: impl Fn(Look) -> bool) -> Vec<StateID> {
        let mut open = vec![from];
        let mut reached = Vec::new();
        while let Some(id) = open.pop() {
            if reached.contains(&id) {
                continue;
            }
            reached.push(id);
            match self.nfa.state(id) {
                State::Look { look, next } if holds(*look) => open.push(*next),
                State::Union { alternates } => open.extend(alternates.iter()),
                State::BinaryUnion { alt1, alt2 } => open.extend([alt1, alt2]),
                State::Capture { next, .. } => open.push(*next),
                _ => {}
            }
        }
        reached
    }
}

fn sorted(threads: impl Iterator<Item = StateID>) -> Threads {
    let mut threads: Threads = threads.collect();
    threads.sort_unstable();
    threads.dedup();
    threads
}

fn after_byte(state: &State, byte: u8) -> Option<StateID> {
    match state {
        State::ByteRange { trans } => trans.matches_byte(byte).then_some(trans.next),
        State::Sparse(ranges) => ranges.matches_byte(byte),
        State::Dense(table) => table.matches_byte(byte),
        _ => None,
    }
}

/// All states that follow, by a byte or without one.
fn successors(state: &State) -> Vec<StateID> {
    match state {
        State::ByteRange { trans } => vec![trans.next],
        State::Sparse(ranges) => ranges.transitions.iter().map(|range| range.next).collect(),
        State::Dense(table) => table.transitions.to_vec(),
        State::Look { next, .. } | State::Capture { next, .. } => vec![*next],
        State::Union { alternates } => alternates.to_vec(),
        State::BinaryUnion { alt1, alt2 } => vec![*alt1, *alt2],
        State::Fail | State::Match { .. } => Vec::new(),
    }
}
