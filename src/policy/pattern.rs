//! Path and ref patterns: globs whose wildcards stay between separators.
//!
//! A glob means what it means to globset, although the matcher in `classify` is our own: globset
//! takes long to compile one. What it would read otherwise than git's `:(glob)` magic is either
//! rewritten here or refused, so that no pattern means something else than it says:
//!
//! - braces are expanded first, so that each alternative is a pattern of its own;
//! - a trailing `/` is written out as `/**`, and `x/**` also matches `x` itself, which may be a
//!   file, a symbolic link or a gitlink;
//! - `**` that is not a whole component, and brackets that hold a separator or a byte outside
//!   ASCII, are faults: globset would read the first as `*` and let the second match `/`.

use globset::{Glob, GlobBuilder};

use super::braces::each_alternative;
use super::place::Place;
use super::shape::{Parts, Shape, parts};
use crate::classify::ranges;

/// A path pattern as it stands in the policy.
#[derive(Clone, Debug)]
pub struct PathPattern {
    /// The text, as written.
    pub text: String,
    /// The line.
    pub place: Place,
}

/// One of the patterns that a pattern with braces stands for; the pattern itself where it has
/// none.
#[derive(Clone, Debug)]
pub struct Alternative {
    /// The text, without braces.
    pub text: String,
    /// What it matches, put together.
    pub globs: Vec<Glob>,
}

/// The alternatives of a path pattern, as they follow one another.
pub fn alternatives(text: &str) -> Result<Vec<Alternative>, String> {
    if text.starts_with('/') {
        return Err("paths begin at the top of the tree: drop the leading `/`".into());
    }
    let mut texts = Vec::new();
    each_alternative(text, |text| texts.push(text.to_owned()))?;
    texts.into_iter().map(alternative).collect()
}

/// The globs that a path pattern stands for.
pub fn path_globs(text: &str) -> Result<Vec<Glob>, String> {
    let all = alternatives(text)?.into_iter();
    Ok(all.flat_map(|alternative| alternative.globs).collect())
}

/// Takes a path pattern apart: each of its alternatives, after the folders without wildcards that
/// stand before it, which are often the same.
pub(crate) fn spell<'t>(
    text: &'t str,
    mut each: impl FnMut(&'t str, Shape<'_>),
) -> Result<(), String> {
    if text.starts_with('/') {
        return alternatives(text).map(drop);
    }
    let (above, _) = text.split_at_checked(common(text)).unwrap_or_default();
    let mut result = Ok(());
    each_alternative(text, |alternative| {
        let (above, rest) = match alternative.get(above.len()..) {
            // The folders are the pattern.
            None | Some("" | "**") => ("", alternative),
            Some(rest) => (above, rest),
        };
        match Shape::parse(rest) {
            Some(shape) => each(above, shape),
            None => result = result.clone().and_then(|()| Err(why(alternative))),
        }
    })?;
    result
}

/// How much of the text is folders without wildcards that all its alternatives have in common.
fn common(text: &str) -> usize {
    let is_special = |byte| matches!(byte, b'{' | b'}' | b'*' | b'?' | b'[' | b'\\');
    let special = text.bytes().position(is_special);
    let brace = special.filter(|at| text.as_bytes().get(*at) == Some(&b'{'));
    let before = brace.and_then(|at| text.get(..at)).unwrap_or_default();
    match before.as_bytes().windows(2).any(|pair| pair == b"//") {
        // Which is a fault, and found later.
        true => 0,
        false => before.rfind('/').map_or(0, |slash| slash + 1),
    }
}

/// Takes a ref glob without braces apart.
pub(super) fn ref_parts(text: &str) -> Result<Parts<'_>, String> {
    parts(text).ok_or_else(|| fault(text, ref_glob(text, false).err()))
}

/// Why an alternative is no glob.
fn why(text: &str) -> String {
    fault(text, alternative(text.to_owned()).err())
}

fn fault(text: &str, known: Option<String>) -> String {
    known.unwrap_or_else(|| format!("`{text}` is no glob"))
}

fn alternative(text: String) -> Result<Alternative, String> {
    let whole = match text.strip_suffix('/') {
        Some(folder) => format!("{folder}/**"),
        None => text.clone(),
    };
    check(&whole)?;
    let mut globs = Vec::new();
    if let Some(itself) = whole.strip_suffix("/**") {
        globs.push(compile(itself, false)?);
    }
    globs.push(compile(&whole, false)?);
    Ok(Alternative { text, globs })
}

/// A compiled ref glob: as it is, or blind to case.
pub fn ref_glob(text: &str, ignore_case: bool) -> Result<Glob, String> {
    check(text)?;
    compile(text, ignore_case)
}

fn compile(text: &str, ignore_case: bool) -> Result<Glob, String> {
    GlobBuilder::new(text)
        .literal_separator(true)
        .backslash_escape(true)
        .case_insensitive(ignore_case)
        .build()
        .map_err(|error| format!("`{text}` is no glob: {}", error.kind()))
}

pub(super) fn check(glob: &str) -> Result<(), String> {
    if glob.is_empty() {
        return Err("an empty pattern matches nothing".into());
    }
    if glob.split('/').any(str::is_empty) {
        return Err(format!(
            "`{glob}` has an empty component, which no path has"
        ));
    }
    let has_stars = |part: &str| part.contains("**") && part.replace("\\*", "").contains("**");
    let stray = |part: &str| part != "**" && has_stars(part);
    if glob.split('/').any(stray) {
        return Err(format!(
            "`**` must be a whole component: write `folder/**` or `folder/**/name`, not `{glob}`"
        ));
    }
    match bracket_fault(glob) {
        Some(fault) => Err(format!("`{glob}`: {fault}")),
        None => Ok(()),
    }
}

fn bracket_fault(glob: &str) -> Option<&'static str> {
    let mut rest = glob.chars();
    while let Some(next) = rest.next() {
        match next {
            '\\' => drop(rest.next()),
            '[' => {
                let body = bracket_body(&mut rest);
                if !body.is_ascii() {
                    return Some("brackets hold ASCII characters only, since paths are bytes");
                }
                if matches_separator(&body) {
                    return Some(
                        "brackets never match `/`: name the characters that they stand for",
                    );
                }
            }
            _ => {}
        }
    }
    None
}

/// What stands up to the closing bracket; a `]` in first place is one of the characters.
fn bracket_body(rest: &mut std::str::Chars<'_>) -> String {
    let mut body = String::new();
    for next in rest.by_ref() {
        if next == ']' && !matches!(body.as_str(), "" | "!" | "^") {
            break;
        }
        body.push(next);
    }
    body
}

fn matches_separator(body: &str) -> bool {
    let negated = body.strip_prefix(['!', '^']);
    let list = negated.unwrap_or(body);
    let is_listed = match ranges(list.as_bytes()) {
        Some(ranges) => ranges
            .iter()
            .any(|(low, high)| (low..=high).contains(&&b'/')),
        None => list.contains('/'),
    };
    is_listed != negated.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &[u8]) -> bool {
        path_globs(pattern).unwrap().iter().any(|glob| {
            let candidate = globset::Candidate::from_bytes(path);
            glob.compile_matcher().is_match_candidate(&candidate)
        })
    }

    #[test]
    fn wildcards_stay_between_separators() {
        for (pattern, path, want) in [
            ("net/*", &b"net/a"[..], true),
            ("net/*", b"net/a/b", false),
            ("net/**", b"net/a/b", true),
            ("net/**", b"net", true),
            ("net/**", b"network", false),
            ("net/", b"net/a/b", true),
            ("net/", b"net", true),
            ("**/Kconfig", b"Kconfig", true),
            ("**/Kconfig", b"a/b/Kconfig", true),
            ("a/**/b", b"a/b", true),
            ("a/**/b", b"a/x/y/b", true),
            ("a?b", b"a/b", false),
            ("{net,drivers/net}/**", b"drivers/net", true),
            ("{a/**,b}", b"a", true),
            ("x{1,2{3,4}}y", b"x24y", true),
            ("x{1,2{3,4}}y", b"x2y", false),
            ("include/linux/*.h", b"include/linux/\xff\n.h", true),
            ("Net/**", b"net/a", false),
            ("[ab]/x", b"b/x", true),
            ("a\\{b", b"a{b", true),
        ] {
            assert_eq!(matches(pattern, path), want, "{pattern} {path:?}");
        }
    }

    #[test]
    fn alternatives_follow_one_another() {
        let all = alternatives("{a,b{1,2}}/{c,d/}").unwrap().into_iter();
        let texts: Vec<String> = all.map(|alternative| alternative.text).collect();
        assert_eq!(texts, ["a/c", "a/d/", "b1/c", "b1/d/", "b2/c", "b2/d/"]);
    }

    #[test]
    fn brackets_end_where_matching_says() {
        let texts = |text| {
            let all = alternatives(text).unwrap().into_iter();
            all.map(|alternative| alternative.text).collect::<Vec<_>>()
        };
        assert_eq!(texts("[\\]{a,b/}"), ["[\\]a", "[\\]b/"]);
        assert_eq!(texts("[]{a,b}]"), ["[]{a,b}]"]);
        assert!(matches("[+-9-.]", b"."));
        assert!(path_globs("a[!+-9-.]b").is_err());
    }

    #[test]
    fn what_would_mislead_is_refused() {
        for pattern in [
            "",
            "/net",
            "a//b",
            "net/**.c",
            "a**",
            "net[!x]core",
            "net[+-9]core",
            "[\u{f6}]",
            "[^a]",
            "{a",
            "a}",
            "[a",
            "/",
        ] {
            assert!(path_globs(pattern).is_err(), "{pattern}");
        }
        assert!(path_globs("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}").is_err());
    }
}
