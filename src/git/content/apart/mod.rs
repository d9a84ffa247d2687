//! Makes most clean merges as git would make them, without asking git.
//!
//! How git merges three files hangs on how it aligns the base with each side, and where lines
//! repeat there are many ways to do that. But where the two sides changed places that are well
//! apart, every way comes to the same: the base, with what each side put into its places. This
//! module makes such merges, and must never be wrong when it does. Of others it says nothing.
//!
//! git aligns by the algorithm called histogram. Of all runs of lines that base and side have in
//! common it takes one with the rarest line of the base, the longest of these if there are
//! several, and goes on in the same way before it and behind it. Whatever is never taken, counts
//! as changed.
//!
//! Here, base and side are divided into *windows*, which hold all differences, and *gaps* between
//! them, which are the same on both. Take the run that is a gap, with the lines of the windows
//! beside it to which it can be extended. git takes such a run first, as long as a gap is left, if
//!
//! 1. these extensions end inside the windows, so that no gap can lose lines to another;
//! 2. every gap has a line that is unique in the base, and in none of the side's windows: then
//!    only runs with a line that is unique in the base, among what is left of it, are in question;
//! 3. every gap is longer than any *stray*, which is another such run.
//!
//! Only a run with a line of a side's window can be a stray. Any other line of the side stands in
//! a gap, so the base has it in its place there, and where the run has it: it isn't unique. Nor is
//! a run one that lies in a window, base and side: taking it changes nothing outside.
//!
//! So git takes all gaps before anything else, and what it finds changed is in the windows. Then
//! it moves changes up and down, over lines that repeat. How far that can lead out of a window is
//! counted, and makes its *reach*. What isn't such a gap is given up, and made a part of the
//! windows around it.
//!
//! Where a line of the base is left between any reach of the one side and any of the other, git
//! merges cleanly, and the result has each window as its side has it.

mod align;
mod gaps;
mod text;

use self::gaps::{Window, windows};
use self::text::Base;

/// As far as git looks for a byte that makes a file binary. It then doesn't merge at all.
const BINARY_WITHIN: usize = 8000;

/// What git's merge of the two sides is; `None` where it may not be clean, or that can't be seen
/// here.
pub(super) fn merge(base: &[u8], one: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let binary = |text: &&[u8]| text.iter().take(BINARY_WITHIN).any(|byte| *byte == 0);
    if [base, one, other].iter().any(binary) {
        return None;
    }
    let base = Base::new(base);
    let mut all: Vec<(Window, &[u8])> = Vec::new();
    for side in [one, other] {
        let windows = windows(&base, side)?;
        all.extend(windows.into_iter().map(|window| (window, side)));
    }
    all.sort_by_key(|(window, _)| window.reach.start);
    let apart = |pair: &[(Window, &[u8])]| matches!(pair, [(before, _), (after, _)] if before.reach.end < after.reach.start);
    all.windows(2).all(apart).then(|| base_with(&base, &all))?
}

/// The base, with what the sides have in their windows.
fn base_with(base: &Base<'_>, windows: &[(Window, &[u8])]) -> Option<Vec<u8>> {
    let mut merged = Vec::new();
    let mut done = 0;
    for (window, side) in windows {
        merged.extend_from_slice(base.text.bytes_of(done..window.base.start)?);
        merged.extend_from_slice(side.get(window.bytes.clone())?);
        done = window.base.end;
    }
    merged.extend_from_slice(base.text.bytes_of(done..base.text.ids.len())?);
    Some(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line for each letter.
    fn text(lines: &str) -> Vec<u8> {
        lines.bytes().flat_map(|line| [line, b'\n']).collect()
    }

    fn merges([base, one, other, merged]: [&str; 4]) -> bool {
        merge(&text(base), &text(one), &text(other)) == Some(text(merged))
    }

    #[test]
    fn changes_in_different_places() {
        for files in [
            ["abcdefgh", "aXcdefgh", "abcdefYh", "aXcdefYh"],
            ["abcdefgh", "acdefgh", "abcdefghY", "acdefghY"],
            ["abcdefgh", "aXcdeZgh", "abcYefgh", "aXcYeZgh"],
        ] {
            assert!(merges(files), "{files:?}");
            let [base, one, other, merged] = files;
            assert!(merges([base, other, one, merged]), "{files:?}");
            for wrong in [base, one, other, &merged[1..], &format!("{merged}!")] {
                assert!(!merges([base, one, other, wrong]), "{files:?}, {wrong}");
            }
        }
    }

    #[test]
    fn what_hangs_on_gits_choice_is_left_to_git() {
        for files in [
            // Side by side: a conflict.
            ["abcdef", "aXcdef", "abYdef", "aXYdef"],
            // What was inserted stands before the change, or behind it.
            ["abcdef", "abcxabcdef", "Abcdef", "Abcxabcdef"],
            ["abcdef", "abcxabcdef", "Abcdef", "abcxAbcdef"],
            // Two lines that changed places: either one may be the one that stayed.
            ["abcdef", "acbdef", "aBcdef", "acBdef"],
        ] {
            assert!(!merges(files), "{files:?}");
        }
    }

    #[test]
    fn binary_files_have_no_lines() {
        let [base, one, other, merged] = ["\0bcdefgh", "\0Xcdefgh", "\0bcdefYh", "\0XcdefYh"];
        assert!(!merges([base, one, other, merged]));
    }
}
