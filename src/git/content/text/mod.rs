//! What git makes of two versions of a text that have a base: the merged text, or a conflict.
//!
//! git finds what each side changes against the base (`histogram`), moves these changes where they
//! could as well stand elsewhere (`compact`), and puts the changes of both sides together
//! (`merge`). All three are done here in the same way, on numbers that stand for lines (`lines`).
//! So an answer is git's answer, and nothing of it hangs on what the merge really has. A conflict
//! among merge bases is merged further as the text that git writes for it (`conflict`).
//!
//! There is none where git's answer would take more than this:
//!
//! - parts of a file in which every line that both versions have is a common one: git then compares
//!   them in quite another way;
//! - changes that were moved beside others of the other version, and have lines in common with
//!   them: versions of git differ there;
//! - files that are made so that comparing them takes very long (`work`).

mod compact;
mod conflict;
mod histogram;
mod lines;
mod merge;
mod work;

use self::compact::{Change, File, changes, compact};
use self::histogram::Histogram;
use self::lines::{Numbers, Text};
use self::merge::{Place, Side};
use self::work::Work;

/// As far as git looks for a byte that makes a file binary. It then doesn't merge at all.
const BINARY_WITHIN: usize = 8000;

/// What git makes of two sides.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Merged {
    /// This.
    Clean(Vec<u8>),
    /// They can't be merged.
    Conflict,
}

/// git's merge of the two sides; `None` where that can't be said here.
pub(super) fn merge(base: &[u8], one: &[u8], other: &[u8]) -> Option<Merged> {
    if [base, one, other].into_iter().any(is_binary) {
        return Some(Merged::Conflict);
    }
    let mut numbers = Numbers::new(base.len());
    let (base, texts) = read([base, one, other], &mut numbers)?;
    let mut work = Work::new();
    let found = changed_places(&base, &texts, numbers.count(), &mut work)?;
    merge::put_together((&texts.0, &texts.1), &found)
}

/// The text that git writes for a conflict, with markers of this length around the lines of
/// merged merge bases; `None` where that can't be said here.
pub(super) fn conflict(base: &[u8], one: &[u8], other: &[u8], marker: usize) -> Option<Vec<u8>> {
    let has_other_ends = |text: &[u8]| text.contains(&b'\r');
    if [base, one, other]
        .into_iter()
        .any(|text| is_binary(text) || has_other_ends(text))
    {
        return None;
    }
    let mut numbers = Numbers::new(base.len());
    let (base, texts) = read([base, one, other], &mut numbers)?;
    let mut work = Work::new();
    let found = changed_places(&base, &texts, numbers.count(), &mut work)?;
    let texts = (&texts.0, &texts.1);
    let found = conflict::refined(texts, found, numbers.count(), &mut work)?;
    conflict::written(texts, &found, marker)
}

type Sides<'t> = (Text<'t>, Text<'t>);

/// A base and the two sides.
fn read<'t>(
    [base, one, other]: [&'t [u8]; 3],
    numbers: &mut Numbers<'t>,
) -> Option<(Text<'t>, Sides<'t>)> {
    let base = Text::read(base, numbers)?;
    let one = base.read_like(one, numbers)?;
    let other = base.read_like(other, numbers)?;
    Some((base, (one, other)))
}

fn is_binary(text: &[u8]) -> bool {
    text.iter().take(BINARY_WITHIN).any(|byte| *byte == 0)
}

/// The places at which the sides differ, in order.
fn changed_places(
    base: &Text<'_>,
    (one, other): &Sides<'_>,
    distinct: usize,
    work: &mut Work,
) -> Option<Vec<Place>> {
    let mut histogram = Histogram::new(&base.ids, distinct);
    let in_one = changes_of(&base.ids, &one.ids, &mut histogram, work)?;
    let in_other = changes_of(&base.ids, &other.ids, &mut histogram, work)?;
    let side = |text, changes| Side {
        text,
        changes,
        base: base.ids.len(),
    };
    merge::places(side(one, &in_one), side(other, &in_other))
}

/// What a side changes; both by their lines' numbers.
fn changes_of(
    base: &[u32],
    side: &[u32],
    histogram: &mut Histogram<'_>,
    work: &mut Work,
) -> Option<Vec<Change>> {
    let changed = histogram.compare(side, work)?;
    let mut base = File {
        ids: base,
        changed: changed.base,
    };
    let mut side = File {
        ids: side,
        changed: changed.side,
    };
    compact(&mut base, &side, work)?;
    compact(&mut side, &base, work)?;
    changes(&base.changed, &side.changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line for each letter.
    fn text(lines: &str) -> Vec<u8> {
        lines.bytes().flat_map(|line| [line, b'\n']).collect()
    }

    fn merged(base: &str, one: &str, other: &str) -> Option<Merged> {
        merge(&text(base), &text(one), &text(other))
    }

    fn assert_clean(base: &str, one: &str, other: &str, expected: &str) {
        let expected = Some(Merged::Clean(text(expected)));
        assert_eq!(merged(base, one, other), expected, "{base} {one} {other}");
        assert_eq!(merged(base, other, one), expected, "{base} {other} {one}");
    }

    fn assert_conflict(base: &str, one: &str, other: &str) {
        let expected = Some(Merged::Conflict);
        assert_eq!(merged(base, one, other), expected, "{base} {one} {other}");
        assert_eq!(merged(base, other, one), expected, "{base} {other} {one}");
    }

    #[test]
    fn changes_in_different_places() {
        assert_clean("abcdefgh", "aXcdefgh", "abcdefYh", "aXcdefYh");
        assert_clean("abcdefgh", "acdefgh", "abcdefghY", "acdefghY");
        assert_clean("abcdefgh", "aXcdeZgh", "abcYefgh", "aXcYeZgh");
        assert_clean("abcdefgh", "abcdefgh", "gh", "gh");
    }

    #[test]
    fn changes_that_meet() {
        assert_conflict("abcdef", "aXcdef", "aYcdef");
        assert_conflict("abcdef", "aXcdef", "abYdef");
        assert_conflict("abcdef", "abXcdef", "abYcdef");
        assert_conflict("abcdef", "abef", "abcXef");
    }

    #[test]
    fn a_change_that_goes_on_where_another_ends() {
        assert_conflict("abcdef", "adef", "XYef");
        assert_conflict("abcdefghi", "aXcdefgYi", "Zi");
    }

    #[test]
    fn the_same_change_on_both_sides() {
        assert_clean("abcdef", "aXcdef", "aXcdef", "aXcdef");
        assert_clean("abcdefgh", "aXcdefgh", "aXcdefYh", "aXcdefYh");
        assert_clean("abcdefgh", "abcXYdefgh", "abcXYdeZgh", "abcXYdeZgh");
        // Not the same changes, but the same lines in the end.
        assert_clean("abcdefgh", "aXYefgh", "aXYefgZ", "aXYefgZ");
    }

    #[test]
    fn copies_and_moved_lines() {
        assert_clean("abcdef", "abcxabcdef", "abcdeF", "abcxabcdeF");
        assert_conflict("abcdef", "acbdef", "aBcdef");
    }

    #[test]
    fn a_last_line_without_a_line_feed_is_another_line() {
        let merged = merge(b"a\nb\nc\nd", b"a\nb\nc\nd\n", b"A\nb\nc\nd");
        assert_eq!(merged, Some(Merged::Clean(b"A\nb\nc\nd\n".to_vec())));
        let merged = merge(b"a\nb", b"a\nb\n", b"a\nb\nc");
        assert_eq!(merged, Some(Merged::Conflict));
    }

    #[test]
    fn files_that_only_the_sides_have() {
        assert_conflict("", "abc", "abd");
        assert_clean("", "", "abd", "abd");
    }

    #[test]
    fn binary_files_have_no_lines() {
        assert_conflict("\0bcdefgh", "\0Xcdefgh", "\0bcdefYh");
        let (before, behind) = ("a".repeat(4000), "a".repeat(3999));
        let file = |text: &str, at: &str| format!("{text}{at}");
        assert_conflict(&file(&behind, "\0xy"), &file(&behind, "\0xz"), &behind);
        let [base, one] = ["\0xy", "\0xz"].map(|end| file(&before, end));
        assert_clean(&base, &one, &format!("b{base}"), &format!("b{one}"));
    }

    #[test]
    fn files_that_take_too_long_are_left_to_git() {
        let lines = |step: usize| {
            let lines = (0..150_000).map(|at| format!("{}\n", at * step % 150_000 / 50));
            lines.collect::<String>().into_bytes()
        };
        assert_eq!(merge(&lines(1), &lines(7), &lines(11)), None);
    }
}
