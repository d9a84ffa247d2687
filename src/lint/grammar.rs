//! The names that can be at all, told byte by byte: what no path and no ref is called takes no
//! part in the question which pattern comes first.

/// A set of names, as an automaton over the kinds of their bytes.
pub(super) trait Grammar {
    /// How far into a name.
    type At: Copy + Eq + std::hash::Hash;

    /// Before the first byte.
    fn start() -> Self::At;

    /// A byte that stands for all those that the grammar can't tell from this one.
    fn kind(byte: u8) -> u8;

    /// After one more byte, given by its kind; `None` if no name goes on like that.
    fn step(at: Self::At, kind: u8) -> Option<Self::At>;

    /// Returns true if and only if a name may end here.
    fn may_end(at: Self::At) -> bool;
}

/// Stands for every byte that a grammar says nothing about.
const ANY: u8 = b'x';

/// The paths that a commit can have: components as [`crate::update::is_path`] allows them.
pub(super) struct Paths;

/// How much of a path's current component was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum PathAt {
    /// Nothing.
    Start,
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// `.g`
    DotG,
    /// `.gi`
    DotGi,
    /// `.git`
    DotGit,
    /// Something that no more bytes can make wrong.
    Inside,
}

impl Grammar for Paths {
    type At = PathAt;

    fn start() -> PathAt {
        PathAt::Start
    }

    fn kind(byte: u8) -> u8 {
        match byte {
            0 | b'/' | b'.' | b'g' | b'i' | b't' => byte,
            _ => ANY,
        }
    }

    fn step(at: PathAt, kind: u8) -> Option<PathAt> {
        Some(match (at, kind) {
            (_, 0) => return None,
            (_, b'/') => return Self::may_end(at).then_some(PathAt::Start),
            (PathAt::Start, b'.') => PathAt::Dot,
            (PathAt::Dot, b'.') => PathAt::DotDot,
            (PathAt::Dot, b'g') => PathAt::DotG,
            (PathAt::DotG, b'i') => PathAt::DotGi,
            (PathAt::DotGi, b't') => PathAt::DotGit,
            _ => PathAt::Inside,
        })
    }

    fn may_end(at: PathAt) -> bool {
        matches!(at, PathAt::DotG | PathAt::DotGi | PathAt::Inside)
    }
}

/// The names of refs, by the rules of [`crate::update::RefName::new`], but for `refs/` at their
/// beginning: every ref pattern has that.
pub(super) struct RefNames;

/// What the bytes before say about the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct RefAt {
    /// Nothing of the current component was read.
    starts: bool,
    /// The last byte was a dot.
    dot: bool,
    /// The last byte was an `@`.
    at: bool,
    /// How much of [`LOCK`] the component ends in.
    lock: usize,
}

/// How no component of a ref's name may end.
const LOCK: &[u8] = b".lock";

impl Grammar for RefNames {
    type At = RefAt;

    fn start() -> RefAt {
        RefAt {
            starts: true,
            dot: false,
            at: false,
            lock: 0,
        }
    }

    fn kind(byte: u8) -> u8 {
        match byte {
            _ if crate::update::forbidden_in_ref(byte) => 0,
            b'/' | b'.' | b'@' | b'{' | b'l' | b'o' | b'c' | b'k' => byte,
            _ => ANY,
        }
    }

    fn step(at: RefAt, kind: u8) -> Option<RefAt> {
        match kind {
            0 => return None,
            b'/' => return (!at.starts && at.lock < LOCK.len()).then(Self::start),
            b'.' if at.starts || at.dot => return None,
            b'{' if at.at => return None,
            _ => {}
        }
        let lock = match LOCK.get(at.lock) {
            Some(next) if *next == kind => at.lock + 1,
            _ => usize::from(kind == b'.'),
        };
        Some(RefAt {
            starts: false,
            dot: kind == b'.',
            at: kind == b'@',
            lock,
        })
    }

    fn may_end(at: RefAt) -> bool {
        !at.starts && !at.dot && at.lock < LOCK.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::{RefName, is_path};

    fn takes<G: Grammar>(name: &[u8]) -> bool {
        let mut at = G::start();
        for byte in name {
            match G::step(at, G::kind(*byte)) {
                Some(next) => at = next,
                None => return false,
            }
        }
        G::may_end(at)
    }

    /// Everything that can be put together of up to `most` pieces.
    fn names(pieces: &[&str], most: usize) -> Vec<Vec<u8>> {
        let mut all = vec![Vec::new()];
        let mut last = all.clone();
        for _ in 0..most {
            let longer = |name: &Vec<u8>| {
                let name = name.clone();
                pieces
                    .iter()
                    .map(move |piece| [&name, piece.as_bytes()].concat())
            };
            last = last.iter().flat_map(longer).collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    #[test]
    fn paths_are_those_of_commits() {
        let mut taken = 0;
        for name in names(&[".", "g", "i", "t", "/", "x", "\0"], 6) {
            assert_eq!(
                takes::<Paths>(&name),
                is_path(&name),
                "{}",
                name.escape_ascii()
            );
            taken += usize::from(is_path(&name));
        }
        assert!(taken > 1000);
    }

    #[test]
    fn ref_names_are_those_of_git() {
        let mut taken = 0;
        for name in names(
            &[".", "lock", "loc", "k", "/", "x", "@", "{", "~", "\x7f"],
            5,
        ) {
            let name = [b"refs/", name.as_slice()].concat();
            let git = RefName::new(&name).is_some();
            assert_eq!(takes::<RefNames>(&name), git, "{}", name.escape_ascii());
            taken += usize::from(git);
        }
        assert!(taken > 1000);
    }
}
