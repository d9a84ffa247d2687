//! A remote's fetch refspecs, read backwards: from remote-tracking refs to what the remote had.

use super::refs::RefTable;
use crate::policy::RefPattern;
use crate::update::{RefName, RefValue};

/// The refspecs that a fetch from a remote follows, as far as they leave remote-tracking refs.
#[derive(Clone, Debug, Default)]
pub struct Refspecs {
    tracked: Vec<(Side, Side)>,
    excluded: Vec<Side>,
}

/// One side of a refspec: a whole name, or what stands before and after its `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Side {
    Whole(Vec<u8>),
    Around(Vec<u8>, Vec<u8>),
}

impl Side {
    fn parse(text: &str) -> Option<Self> {
        // git completes short names by what it finds on the other side: they tell nothing here.
        text.starts_with("refs/")
            .then(|| match text.split_once('*') {
                None => Self::Whole(text.into()),
                Some((before, after)) => Self::Around(before.into(), after.into()),
            })
    }

    /// What the `*` stands for; empty where there is none.
    fn matched<'n>(&self, name: &'n [u8]) -> Option<&'n [u8]> {
        match self {
            Self::Whole(whole) => (whole == name).then_some(b"".as_slice()),
            Self::Around(before, after) => name
                .strip_prefix(before.as_slice())?
                .strip_suffix(after.as_slice()),
        }
    }

    fn filled(&self, with: &[u8]) -> Vec<u8> {
        match self {
            Self::Whole(whole) => whole.clone(),
            Self::Around(before, after) => [before, with, after].concat(),
        }
    }

    /// Returns true if and only if it matches all that begins as a name does that it matches.
    fn is_open(&self) -> bool {
        matches!(self, Self::Around(_, after) if after.is_empty())
    }
}

impl Refspecs {
    /// Reads the values of `remote.<name>.fetch`.
    pub fn parse<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut all = Self::default();
        for text in texts {
            if let Some(excluded) = text.strip_prefix('^') {
                all.excluded.extend(Side::parse(excluded));
                continue;
            }
            let sides = text.strip_prefix('+').unwrap_or(text).split_once(':');
            let Some((there, here)) = sides else { continue };
            if let (Some(there), Some(here)) = (Side::parse(there), Side::parse(here)) {
                all.tracked.push((there, here));
            }
        }
        all
    }

    /// The remote's refs, by the names they have there, out of the refs that are here.
    pub fn there(&self, here: &RefTable) -> RefTable {
        let mut refs = RefTable::default();
        let plain = here.iter().filter(|(_, found)| found.target.is_none());
        for (name, standing) in plain.filter(|(name, _)| !is_branch(name.as_bytes())) {
            for (there, tracked) in &self.tracked {
                let found = tracked.matched(name.as_bytes());
                let name = found.and_then(|found| RefName::new(&there.filled(found)));
                if let Some(name) = name.filter(|name| !self.excludes(name)) {
                    refs.set(&name, RefValue::At(standing.value));
                }
            }
        }
        refs
    }

    fn excludes(&self, name: &RefName) -> bool {
        let mut excluded = self.excluded.iter();
        excluded.any(|side| side.matched(name.as_bytes()).is_some())
    }

    /// Returns true if and only if a fetch shows all refs of the pattern that the remote has.
    pub fn cover(&self, pattern: &RefPattern) -> bool {
        let literal = pattern.literal();
        let named = literal.and_then(|name| RefName::new(name.as_bytes()));
        let covers = |(there, here): &(Side, Side)| {
            let found = there.matched(pattern.prefix().as_bytes());
            (literal.is_some() || there.is_open())
                && found.is_some_and(|found| !is_branch(&here.filled(found)))
        };
        self.tracked.iter().any(covers) && !named.is_some_and(|name| self.excludes(&name))
    }
}

/// Returns true if and only if somebody works there: what was fetched is mixed with what wasn't.
fn is_branch(name: &[u8]) -> bool {
    name.starts_with(b"refs/heads/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::Oid;

    const A: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";

    fn there(specs: &[&str], here: &str) -> Vec<String> {
        let mut table = RefTable::default();
        let name = RefName::new(here.as_bytes()).unwrap();
        table.set(&name, RefValue::At(Oid::from_hex(A.as_bytes()).unwrap()));
        let found = Refspecs::parse(specs.iter().copied()).there(&table);
        let names = found.iter().map(|(name, _)| name.as_bytes());
        names
            .map(|name| String::from_utf8(name.to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn remote_tracking_refs_tell_what_was_there() {
        for (specs, here, want) in [
            (
                &["+refs/heads/*:refs/remotes/o/*"][..],
                "refs/remotes/o/a/b",
                &["refs/heads/a/b"][..],
            ),
            (&["refs/heads/*:refs/remotes/o/*"], "refs/remotes/p/a", &[]),
            (&["+refs/heads/*:refs/remotes/o/*"], "refs/remotes/o", &[]),
            (
                &["+refs/heads/m:refs/remotes/o/n"],
                "refs/remotes/o/n",
                &["refs/heads/m"],
            ),
            (&["+refs/heads/m:refs/remotes/o/n"], "refs/remotes/o/m", &[]),
            (
                &["+refs/heads/x-*:refs/remotes/o/y-*"],
                "refs/remotes/o/y-1",
                &["refs/heads/x-1"],
            ),
            (
                &["+refs/pull/*/head:refs/o/*/pr"],
                "refs/o/7/pr",
                &["refs/pull/7/head"],
            ),
            (
                &["+refs/a/*:refs/o/*", "+refs/b/*:refs/o/*"],
                "refs/o/x",
                &["refs/a/x", "refs/b/x"],
            ),
            (&["+refs/*:refs/*"], "refs/tags/x", &["refs/tags/x"]),
            (&["+refs/*:refs/*"], "refs/heads/x", &[]),
            (&["refs/heads/m"], "refs/heads/m", &[]),
            (&["m:refs/remotes/o/m"], "refs/remotes/o/m", &[]),
            (&["+refs/heads/*:refs/heads/*"], "refs/heads/m", &[]),
            (
                &["+refs/heads/*:refs/remotes/o/*", "^refs/heads/w*"],
                "refs/remotes/o/wip",
                &[],
            ),
            (
                &["+refs/heads/*:refs/remotes/o/*", "^refs/heads/w"],
                "refs/remotes/o/wip",
                &["refs/heads/wip"],
            ),
        ] {
            assert_eq!(there(specs, here), want, "{specs:?} {here}");
        }
    }
}
