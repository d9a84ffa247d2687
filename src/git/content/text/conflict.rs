//! A conflict as git writes it into a file: the lines of both sides between markers.
//!
//! Lines that both sides have in a conflict are taken out of it, so that it falls into several; and
//! where only a few lines are between two conflicts, they become one again.

use super::changes_of;
use super::histogram::Histogram;
use super::lines::Text;
use super::merge::{Place, Who};
use super::work::Work;

/// What git calls merge bases that it merges.
const SIDES: [&[u8]; 2] = [b" Temporary merge branch 1", b" Temporary merge branch 2"];
/// The most lines between two conflicts that become one.
const BETWEEN: usize = 3;

type Texts<'s, 't> = (&'s Text<'t>, &'s Text<'t>);

/// The places, with their conflicts as small as git makes them.
pub(super) fn refined(
    texts: Texts<'_, '_>,
    places: Vec<Place>,
    distinct: usize,
    work: &mut Work,
) -> Option<Vec<Place>> {
    let mut all = Vec::new();
    for place in places {
        let one_has_nothing = place.one.is_empty() || place.other.is_empty();
        if place.who != Who::Both || one_has_nothing {
            all.push(place);
            continue;
        }
        let parts = parted(texts, &place, distinct, work)?;
        if parts.is_empty() {
            // No conflict after all; but those beside it don't become one.
            let who = Who::One;
            all.push(Place { who, ..place });
        }
        all.extend(parts);
    }
    Some(all.into_iter().fold(Vec::new(), join))
}

/// A conflict without the lines that both sides have there.
fn parted(
    (one, other): Texts<'_, '_>,
    place: &Place,
    distinct: usize,
    work: &mut Work,
) -> Option<Vec<Place>> {
    let mine = one.ids.get(place.one.clone())?;
    let theirs = other.ids.get(place.other.clone())?;
    let mut histogram = Histogram::new(mine, distinct);
    let changes = changes_of(mine, theirs, &mut histogram, work)?;
    let part = |range: std::ops::Range<usize>, start| range.start + start..range.end + start;
    let parts = changes.into_iter().map(|change| Place {
        who: Who::Both,
        one: part(change.base, place.one.start),
        other: part(change.side, place.other.start),
    });
    Some(parts.collect())
}

/// Adds a place, or what it adds to the last one.
fn join(mut places: Vec<Place>, next: Place) -> Vec<Place> {
    match places.last_mut() {
        Some(last)
            if last.who == Who::Both
                && next.who == Who::Both
                && next.one.start - last.one.end <= BETWEEN =>
        {
            last.one.end = next.one.end;
            last.other.end = next.other.end;
        }
        _ => places.push(next),
    }
    places
}

/// The one side's text, with what the other alone has changed, and what both have between markers.
pub(super) fn written(
    (one, other): Texts<'_, '_>,
    places: &[Place],
    marker: usize,
) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(one.size() + other.size());
    let mut done = 0;
    for place in places {
        if place.who == Who::One {
            continue;
        }
        text.extend_from_slice(one.bytes(done..place.one.start)?);
        let (mine, theirs) = (
            one.bytes(place.one.clone())?,
            other.bytes(place.other.clone())?,
        );
        match place.who {
            Who::Both => {
                mark(&mut text, b'<', marker, SIDES[0]);
                lines(&mut text, mine);
                mark(&mut text, b'=', marker, b"");
                lines(&mut text, theirs);
                mark(&mut text, b'>', marker, SIDES[1]);
            }
            Who::One | Who::Other => text.extend_from_slice(theirs),
        }
        done = place.one.end;
    }
    text.extend_from_slice(one.bytes(done..one.ids.len())?);
    Some(text)
}

fn mark(text: &mut Vec<u8>, sign: u8, length: usize, label: &[u8]) {
    text.extend(std::iter::repeat_n(sign, length));
    text.extend_from_slice(label);
    text.push(b'\n');
}

/// Adds lines. What comes next begins a line of its own.
fn lines(text: &mut Vec<u8>, lines: &[u8]) {
    text.extend_from_slice(lines);
    if lines.last().is_some_and(|last| *last != b'\n') {
        text.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fmt::Write as _;
    use std::process::Stdio;

    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    use super::super::{Merged, conflict, merge};
    use crate::git::CleanGit;

    /// How many merges are compared with git's.
    const MERGES: usize = 400;

    type Texts = [String; 3];

    /// A base and two sides: few different lines, some in the same places, some last ones unended.
    fn texts() -> impl Strategy<Value = Texts> {
        let line = prop::sample::select(&["a", "b", "", "}", "x y", "{", "c"][..]);
        let lines = prop::collection::vec(line, 0..4);
        let edit = (any::<prop::sample::Index>(), 0..4_usize, lines.clone());
        let edits = prop::collection::vec(edit, 1..6);
        let base = prop::collection::vec(lines, 0..12).prop_map(|parts| parts.concat());
        let side = (edits, prop::bool::weighted(0.1));
        (base, side.clone(), side).prop_map(|(base, one, other)| {
            let side = |(edits, is_unended): &(Vec<_>, bool)| {
                let mut side = base.clone();
                for (at, gone, new) in edits {
                    let gone: &usize = gone;
                    let start = prop::sample::Index::index(at, side.len() + 1);
                    let end = (start + gone).min(side.len());
                    let new: &Vec<&str> = new;
                    side.splice(start..end, new.iter().copied());
                }
                let mut text: String = side.iter().flat_map(|line| [*line, "\n"]).collect();
                text.truncate(text.len() - usize::from(*is_unended && !text.is_empty()));
                text
            };
            [(Vec::new(), false), one, other].map(|edits| side(&edits))
        })
    }

    /// What git makes of them, by their places: what it writes into the files.
    fn merged_by_git(all: &[Texts]) -> BTreeMap<usize, String> {
        let folder = tempfile::tempdir().unwrap();
        let git = |how: &str, input: &[u8]| {
            std::fs::write(folder.path().join("input"), input).unwrap();
            let input = std::fs::File::open(folder.path().join("input")).unwrap();
            let mut command = CleanGit::default().command(folder.path());
            command.args(how.split(' '));
            let output = command.stdin(input).stderr(Stdio::inherit()).output();
            String::from_utf8(output.unwrap().stdout).unwrap()
        };
        git2::Repository::init_bare(folder.path()).unwrap();
        let mut stream = String::new();
        for (at, name) in ["base", "one", "other"].into_iter().enumerate() {
            let from = if at > 0 { "from :1\n" } else { "" };
            write!(stream, "commit refs/heads/{name}\nmark :{}\n", at + 1).unwrap();
            let person = "x <x@y.example>";
            write!(stream, "committer {person} {at} +0000\ndata 0\n{from}").unwrap();
            for (number, texts) in all.iter().enumerate() {
                let (text, length) = (&texts[at], texts[at].len());
                write!(stream, "M 100644 inline {number}\ndata {length}\n{text}\n").unwrap();
            }
        }
        git("fast-import --quiet", stream.as_bytes());
        let tree = git("merge-tree --write-tree --no-messages one other", b"");
        let tree = tree.lines().next().unwrap().to_owned();
        let texts = (0..all.len()).map(|at| {
            let text = git(&format!("cat-file -p {tree}:{at}"), b"");
            (at, text)
        });
        texts.collect()
    }

    #[test]
    fn a_conflict_is_written_as_git_writes_it() {
        let mut runner = TestRunner::deterministic();
        let mut sample = || texts().new_tree(&mut runner).unwrap().current();
        let all: Vec<Texts> = (0..MERGES).map(|_| sample()).collect();
        let mut conflicts = 0;
        for (at, theirs) in merged_by_git(&all) {
            let [base, one, other] = all[at].each_ref().map(String::as_bytes);
            if merge(base, one, other) != Some(Merged::Conflict) {
                continue;
            }
            let Some(mine) = conflict(base, one, other, 7) else {
                continue;
            };
            let mine = String::from_utf8(mine).unwrap();
            let sides = [
                ("one", "Temporary merge branch 1"),
                ("other", "Temporary merge branch 2"),
            ];
            let theirs = sides.iter().fold(theirs, |text, (given, named)| {
                let text =
                    text.replace(&format!("<<<<<<< {given}\n"), &format!("<<<<<<< {named}\n"));
                text.replace(&format!(">>>>>>> {given}\n"), &format!(">>>>>>> {named}\n"))
            });
            assert_eq!(mine, theirs, "of {:?}", all[at]);
            conflicts += 1;
        }
        assert!(conflicts >= MERGES / 4, "only {conflicts} conflicts");
    }

    #[test]
    fn deeper_conflicts_have_longer_markers() {
        let text = conflict(b"a\n", b"b", b"c\n", 9).unwrap();
        let expected = "<<<<<<<<< Temporary merge branch 1\nb\n=========\nc\n>>>>>>>>> Temporary merge branch 2\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn what_git_writes_otherwise_is_left_to_it() {
        assert_eq!(conflict(b"a\r\n", b"b\r\n", b"c\r\n", 7), None);
        assert_eq!(conflict(b"\0", b"b\n", b"c\n", 7), None);
    }
}
