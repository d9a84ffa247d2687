//! Where an override stands: `refs/overrides/<target oid>/<signer>-<digest>`.

use super::statement::Statement;
use crate::update::{Oid, RefName};

/// The folder of all overrides.
pub const FOLDER: &str = "refs/overrides/";
/// Where the refs of all namespaces stand.
const NAMESPACES: &str = "refs/namespaces/";

/// The parts of an override's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideName {
    /// What its tag points at.
    pub target: Oid,
    /// Who signed it.
    pub signer: String,
    /// The beginning of the statement's digest.
    pub digest: String,
}

impl OverrideName {
    /// Takes a name apart; `None` where it isn't made so.
    pub fn parse(name: &RefName) -> Option<Self> {
        let rest = name.as_bytes().strip_prefix(FOLDER.as_bytes())?;
        let rest = std::str::from_utf8(rest).ok()?;
        let (target, last) = rest.split_once('/')?;
        let (signer, digest) = last.rsplit_once('-')?;
        is_signer(signer).then_some(())?;
        Some(Self {
            target: Oid::from_hex(target.as_bytes())?,
            signer: signer.into(),
            digest: digest.into(),
        })
    }

    /// The name of a signer's override.
    pub fn of(statement: &Statement, signer: &str) -> Option<Self> {
        Some(Self {
            target: statement.lifts.target()?,
            signer: signer.into(),
            digest: statement.digest(),
        })
    }

    /// The whole name.
    pub fn full(&self) -> Option<RefName> {
        let Self {
            target,
            signer,
            digest,
        } = self;
        RefName::new(format!("{FOLDER}{target}/{signer}-{digest}").as_bytes())
    }
}

/// Returns true if and only if the ref is in that folder, or in its place.
pub fn is_override(name: &RefName) -> bool {
    is_inside(name.as_bytes())
}

/// The same where upper and lower case don't count.
pub fn is_folded_override(name: &RefName) -> bool {
    is_inside(name.folded().as_bytes())
}

/// The same for a ref of a namespace, seen from outside of it, as well.
pub fn is_override_somewhere(name: &RefName) -> bool {
    let mut inner = name.as_bytes();
    while let Some(rest) = inner.strip_prefix(NAMESPACES.as_bytes()) {
        let end = rest.iter().position(|byte| *byte == b'/');
        inner = end.and_then(|end| rest.get(end + 1..)).unwrap_or_default();
    }
    is_inside(inner)
}

fn is_inside(name: &[u8]) -> bool {
    let folder = FOLDER.as_bytes();
    name.starts_with(folder) || folder.strip_suffix(b"/") == Some(name)
}

/// Returns true if and only if a signer can be called that: the name stands in the name of a ref.
pub fn is_signer(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    name.bytes().all(fits)
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";

    fn parsed(rest: &str) -> Option<OverrideName> {
        OverrideName::parse(&RefName::new(format!("refs/{rest}").as_bytes())?)
    }

    #[test]
    fn names_are_taken_apart_and_put_together() {
        let name = parsed(&format!("overrides/{A}/a.b-c-0123abcd")).unwrap();
        assert_eq!(
            (name.signer.as_str(), name.digest.as_str()),
            ("a.b-c", "0123abcd")
        );
        let full = name.full().unwrap();
        assert_eq!(OverrideName::parse(&full), Some(name));
        for odd in [
            format!("override/{A}/a-0123abcd"),
            format!("overrides/{A}"),
            format!("overrides/{A}/a"),
            format!("overrides/{A}/-0123abcd"),
            format!("overrides/{}/a-0123abcd", &A[1..]),
            format!("overrides/{A}/a/b-0123abcd"),
        ] {
            assert_eq!(parsed(&odd), None, "{odd}");
        }
    }

    #[test]
    fn overrides_of_namespaces_are_seen_from_outside() {
        let is = |name: &str| is_override_somewhere(&RefName::new(name.as_bytes()).unwrap());
        for name in [
            "refs/overrides",
            "refs/overrides/x",
            "refs/namespaces/a/refs/overrides/x",
            "refs/namespaces/a/refs/namespaces/b/refs/overrides/x",
        ] {
            assert!(is(name), "{name}");
        }
        for name in [
            "refs/heads/refs/overrides/x",
            "refs/namespaces/refs/overrides/x",
            "refs/namespaces/a",
        ] {
            assert!(!is(name), "{name}");
        }
    }

    #[test]
    fn signers_are_called_what_a_ref_can_hold() {
        for good in ["alice", "a.b", "A-1", "x+y_z"] {
            assert!(is_signer(good), "{good}");
            let name = OverrideName {
                target: Oid::from_hex(A.as_bytes()).unwrap(),
                signer: good.into(),
                digest: "0123abcd".into(),
            };
            assert!(name.full().is_some(), "{good}");
        }
        for bad in ["", "-a", ".a", "a b", "a/b", "a..b", "\u{f6}"] {
            assert!(!is_signer(bad), "{bad}");
        }
    }
}
