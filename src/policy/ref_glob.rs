//! A ref glob, compiled: most are the name of one ref, and few have more than a star.
//!
//! globset reads braces here as they stand, not spelt out as in paths, and folds case in
//! brackets. It matches such globs itself; it takes long to compile one, so no others.

use globset::{Candidate, GlobMatcher};

use super::pattern::{ref_glob, ref_parts};
use super::shape::Part;
use crate::classify::Wild;

/// What matches a whole name, byte for byte.
#[derive(Clone, Debug)]
pub(super) enum RefGlob {
    /// The name itself.
    Name(Box<[u8]>),
    /// Wildcards.
    Parts(Box<[Step]>),
    /// What globset matches.
    Other(Box<GlobMatcher>),
}

/// A part of a glob.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// This component.
    Literal(Box<[u8]>),
    /// What wildcards match.
    Wild(Box<Wild>),
    /// Any number of components; one or more at the end.
    Folders,
}

impl RefGlob {
    /// Compiles a glob.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        Self::compile(text, false)
    }

    /// Compiles a glob in lower case, for names in lower case: their upper case matches too.
    pub(super) fn folding(text: &str) -> Result<Self, String> {
        Self::compile(text, true)
    }

    fn compile(text: &str, ignore_case: bool) -> Result<Self, String> {
        let is_special = |byte| matches!(byte, b'*' | b'?' | b'\\' | b'[' | b'{' | b'}');
        let is_name = !text.bytes().any(is_special);
        if !is_name && (text.contains(['{', '}']) || ignore_case && text.contains('[')) {
            let glob = ref_glob(text, ignore_case)?;
            return Ok(Self::Other(Box::new(glob.compile_matcher())));
        }
        let parts = ref_parts(text)?;
        Ok(match is_name {
            true => Self::Name(text.as_bytes().into()),
            false => Self::Parts(parts.into_iter().map(Step::of).collect()),
        })
    }

    /// Returns true if and only if the whole name matches.
    pub(super) fn matches(&self, name: &[u8]) -> bool {
        match self {
            Self::Name(wanted) => **wanted == *name,
            Self::Parts(parts) => matches(parts, Some(name)),
            Self::Other(glob) => glob.is_match_candidate(&Candidate::from_bytes(name)),
        }
    }
}

impl Step {
    fn of(part: Part<'_>) -> Self {
        match part {
            Part::Literal(name) => Self::Literal(name.into_owned().into()),
            Part::Wild(_, wild) => Self::Wild(wild),
            Part::Folders => Self::Folders,
        }
    }

    fn takes(&self, name: &[u8]) -> bool {
        match self {
            Self::Literal(wanted) => **wanted == *name,
            Self::Wild(wild) => wild.matches(name),
            Self::Folders => false,
        }
    }
}

/// The components of a name that are left; `None` behind the last one.
type Rest<'n> = Option<&'n [u8]>;

/// Matches components as `classify` matches bytes: the last `**` alone takes another one where
/// the rest fails.
fn matches(mut steps: &[Step], mut names: Rest<'_>) -> bool {
    let mut retry: Option<(&[Step], Rest<'_>)> = None;
    loop {
        match (steps.split_first(), split_first(names)) {
            (Some((Step::Folders, [])), next) => return next.is_some(),
            (None, None) => return true,
            (Some((Step::Folders, after)), _) => {
                steps = after;
                retry = Some((after, names));
            }
            (Some((step, after)), Some((name, rest))) if step.takes(name) => {
                (steps, names) = (after, rest);
            }
            _ => match retry.and_then(|(after, names)| Some((after, split_first(names)?.1))) {
                Some((after, shorter)) => {
                    retry = Some((after, shorter));
                    (steps, names) = (after, shorter);
                }
                None => return false,
            },
        }
    }
}

fn split_first(names: Rest<'_>) -> Option<(&[u8], Rest<'_>)> {
    let names = names?;
    match names.iter().position(|byte| *byte == b'/') {
        Some(end) => Some((names.get(..end)?, names.get(end + 1..))),
        None => Some((names, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that a glob matches, and those in lower case that it matches blind to case.
    type Matched = Result<(Vec<&'static str>, Vec<&'static str>), String>;

    const NAMES: [&str; 15] = [
        "refs/heads/a",
        "refs/heads/A",
        "refs/heads/a/b",
        "refs/heads/b",
        "refs/heads/*",
        "refs/heads/{a}",
        "refs/heads/a/x/b",
        "refs/heads/\u{f6}",
        "refs/heads/-",
        "refs/heads",
        "refs/a/b",
        "refs/b",
        "heads/a",
        "a",
        "_",
    ];

    fn matched(matches: impl Fn(&str) -> bool) -> Vec<&'static str> {
        NAMES.into_iter().filter(|name| matches(name)).collect()
    }

    fn by_globset(text: &str) -> Matched {
        let glob = ref_glob(text, false)?.compile_matcher();
        let folding = ref_glob(&text.to_lowercase(), true)?.compile_matcher();
        let folded = |name: &str| folding.is_match(name.to_lowercase());
        Ok((matched(|name| glob.is_match(name)), matched(folded)))
    }

    fn by_us(text: &str) -> Matched {
        let glob = RefGlob::new(text)?;
        let folding = RefGlob::folding(&text.to_lowercase())?;
        let folded = |name: &str| folding.matches(name.to_lowercase().as_bytes());
        Ok((
            matched(|name| glob.matches(name.as_bytes())),
            matched(folded),
        ))
    }

    #[test]
    fn every_glob_means_what_it_means_to_globset() {
        let parts = [
            "a",
            "b",
            "*",
            "**",
            "?",
            "??",
            "[a-b]",
            "[!/a]",
            "[@-_]",
            "{a,b}",
            "{,a}",
            "\\*",
            "\\a",
            "\\{a\\}",
            "a*",
            "[z-a]",
            "[Z-a]",
            "[a",
            "a\\",
            "",
            "A",
            "x**",
            "[a/]",
            "{a,b/**}",
            "{a/**/b,a}",
        ];
        let mut matched = 0;
        for one in parts {
            for other in parts {
                let texts = [
                    format!("refs/heads/{one}{other}"),
                    format!("refs/{one}/{other}"),
                    format!("{one}{other}"),
                ];
                for text in texts {
                    let (ours, globsets) = (by_us(&text), by_globset(&text));
                    assert_eq!(ours, globsets, "{text}");
                    matched += ours.map_or(0, |(names, _)| names.len());
                }
            }
        }
        assert!(matched > 400, "{matched}");
    }
}
