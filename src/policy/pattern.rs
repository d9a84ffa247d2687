//! Path and ref patterns: globs whose wildcards stay between separators.
//!
//! globset does the matching. What it would read otherwise than git's `:(glob)` magic is either
//! rewritten here or refused, so that no pattern means something else than it says:
//!
//! - braces are expanded first, so that each alternative is a pattern of its own;
//! - a trailing `/` is written out as `/**`, and `x/**` also matches `x` itself, which may be a
//!   file, a symbolic link or a gitlink;
//! - `**` that is not a whole component, and brackets that hold a separator or a byte outside
//!   ASCII, are faults: globset would read the first as `*` and let the second match `/`.

use std::borrow::Cow;

use globset::{Glob, GlobBuilder};
use smallvec::SmallVec;

use super::place::Place;
use crate::classify::{Component, Wild, list_end, ranges};

/// How many patterns one pair of braces may grow into.
const MOST_ALTERNATIVES: usize = 1_000;

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
    expand_braces(text)?.into_iter().map(alternative).collect()
}

/// The globs that a path pattern stands for.
pub fn path_globs(text: &str) -> Result<Vec<Glob>, String> {
    let all = alternatives(text)?.into_iter();
    Ok(all.flat_map(|alternative| alternative.globs).collect())
}

/// Where braces, and the commas in them, stand.
type Bounds = SmallVec<[usize; 16]>;

/// The parts of a glob, in order.
type Parts<'t> = SmallVec<[Part<'t>; 8]>;

/// A glob taken apart: what the matcher is made from.
pub(crate) struct Shape<'t> {
    /// What one component or more has to be, in order.
    pub parts: Parts<'t>,
    /// Matches the path that ends where the parts do.
    pub itself: bool,
    /// Matches every path below.
    pub below: bool,
}

/// A part of a glob.
pub(crate) enum Part<'t> {
    /// This component.
    Literal(Cow<'t, [u8]>),
    /// A component that its wildcards match, with its text.
    Wild(&'t str, Box<Wild>),
    /// `**`: any number of components.
    Folders,
}

/// Takes a path pattern apart, one alternative after the other.
pub(crate) fn spell(text: &str, mut each: impl FnMut(Shape<'_>)) -> Result<(), String> {
    if text.starts_with('/') {
        return alternatives(text).map(drop);
    }
    if !text.bytes().any(|byte| matches!(byte, b'{' | b'}')) {
        return shape(text).map(each).ok_or_else(|| why(text));
    }
    let mut result = Ok(());
    for alternative in expand_braces(text)? {
        match shape(&alternative) {
            Some(shape) => each(shape),
            None => result = result.and_then(|()| Err(why(&alternative))),
        }
    }
    result
}

/// Takes a ref glob without braces apart.
pub(super) fn ref_shape(text: &str) -> Result<Shape<'_>, String> {
    let shape = parts(text).map(|parts| Shape::new(parts, false));
    shape.ok_or_else(|| fault(text, ref_glob(text, false).err()))
}

/// Why an alternative is no glob.
fn why(text: &str) -> String {
    fault(text, alternative(text.to_owned()).err())
}

fn fault(text: &str, known: Option<String>) -> String {
    known.unwrap_or_else(|| format!("`{text}` is no glob"))
}

fn shape(text: &str) -> Option<Shape<'_>> {
    let folder = text.strip_suffix('/').or_else(|| text.strip_suffix("/**"));
    let parts = parts(folder.unwrap_or(text))?;
    Some(Shape::new(parts, folder.is_some()))
}

impl<'t> Shape<'t> {
    /// What the parts match, and, with `below`, what is below that.
    fn new(mut parts: Parts<'t>, below: bool) -> Self {
        // Last of all, `**` stands for one component or more.
        let is_open = matches!(parts.last(), Some(Part::Folders));
        if is_open {
            parts.pop();
        }
        Self {
            parts,
            itself: !is_open,
            below: is_open || below,
        }
    }
}

fn parts(glob: &str) -> Option<Parts<'_>> {
    let is_plain = !glob
        .bytes()
        .any(|byte| matches!(byte, b'*' | b'?' | b'[' | b'\\'));
    if is_plain {
        return glob.split('/').map(literal).collect();
    }
    check(glob).ok()?;
    let mut parts = SmallVec::new();
    for text in components(glob)? {
        match part(text)? {
            // One after another they say no more than one.
            Part::Folders if matches!(parts.last(), Some(Part::Folders)) => {}
            part => parts.push(part),
        }
    }
    Some(parts)
}

fn literal(name: &str) -> Option<Part<'_>> {
    (!name.is_empty()).then_some(Part::Literal(name.as_bytes().into()))
}

fn part(text: &str) -> Option<Part<'_>> {
    if text == "**" {
        return Some(Part::Folders);
    }
    Some(match Component::parse(text)? {
        Component::Literal(name) => Part::Literal(name.into_vec().into()),
        Component::Wild(wild) => Part::Wild(text, Box::new(wild)),
    })
}

/// Cuts a glob at its separators; those between brackets are none.
fn components(glob: &str) -> Option<Vec<&str>> {
    let bytes = glob.as_bytes();
    let (mut found, mut start, mut at) = (Vec::new(), 0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            // A separator stays one.
            b'\\' if bytes.get(at + 1) == Some(&b'/') => {
                found.push(glob.get(start..at)?);
                at += 1;
                start = at + 1;
            }
            b'\\' => at += 1,
            b'[' => at += 1 + list_end(bytes.get(at + 1..)?)?,
            b'/' => {
                found.push(glob.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    found.push(glob.get(start..)?);
    Some(found)
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

fn check(glob: &str) -> Result<(), String> {
    if glob.is_empty() {
        return Err("an empty pattern matches nothing".into());
    }
    if glob.split('/').any(str::is_empty) {
        return Err(format!(
            "`{glob}` has an empty component, which no path has"
        ));
    }
    let stray = |part: &str| part != "**" && part.replace("\\*", "").contains("**");
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
    let list = body.strip_prefix(['!', '^']);
    let ranges = ranges(list.unwrap_or(body).as_bytes()).unwrap_or_default();
    let is_listed = ranges
        .iter()
        .any(|(low, high)| (low..=high).contains(&&b'/'));
    is_listed != list.is_some()
}

fn expand_braces(text: &str) -> Result<Vec<String>, String> {
    let mut done = Vec::new();
    // What is left to expand, the next one last, and up to where it has no braces any more.
    let mut open = vec![(text.to_owned(), 0)];
    while let Some((next, from)) = open.pop() {
        match first_braces(&next, from)? {
            None => done.push(next),
            Some(bounds) => open.extend(replaced(&next, &bounds).rev()),
        }
        if done.len() + open.len() > MOST_ALTERNATIVES {
            return Err(format!(
                "`{text}` stands for more than {MOST_ALTERNATIVES} patterns"
            ));
        }
    }
    Ok(done)
}

/// The text with each of the alternatives between `bounds` in the place of the braces, and where
/// that stands.
fn replaced(text: &str, bounds: &[usize]) -> impl DoubleEndedIterator<Item = (String, usize)> {
    let start = bounds.first().copied().unwrap_or_default();
    let end = bounds.last().copied().unwrap_or_default();
    bounds.windows(2).filter_map(move |pair| {
        let &[from, to] = pair else { return None };
        let parts = [
            text.get(..start)?,
            text.get(from + 1..to)?,
            text.get(end + 1..)?,
        ];
        Some((parts.concat(), start))
    })
}

/// Where the first outermost braces at `from` or later begin and end, and the commas between
/// their alternatives, in order.
fn first_braces(text: &str, from: usize) -> Result<Option<Bounds>, String> {
    let bytes = text.as_bytes();
    let (mut bounds, mut depth, mut at) = (Bounds::new(), 0_usize, from);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'[' => at += after_list(bytes, at),
            b'{' => {
                if depth == 0 {
                    bounds.push(at);
                }
                depth += 1;
            }
            b',' if depth == 1 => bounds.push(at),
            b'}' if depth == 1 => {
                bounds.push(at);
                return Ok(Some(bounds));
            }
            b'}' if depth > 1 => depth -= 1,
            b'}' => return Err(format!("`{text}` closes braces that it did not open")),
            _ => {}
        }
        at += 1;
    }
    match depth {
        0 => Ok(None),
        _ => Err(format!("`{text}` opens braces that it does not close")),
    }
}

/// How much of the text belongs to the list that an opening bracket begins: all, if none ends it.
fn after_list(bytes: &[u8], bracket: usize) -> usize {
    let list = bytes.get(bracket + 1..).unwrap_or_default();
    list_end(list).map_or(list.len(), |end| end + 1)
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
