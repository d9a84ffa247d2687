//! How git moves changes that could as well stand elsewhere: where the line before a group of
//! changed lines is the same as its last one, the group may as well be one line higher.
//!
//! Each group is moved up as far as it goes, then down, and takes in the groups that it meets. Of
//! these places it gets the lowest at which the other text is changed too; if there is none, the
//! lowest of all.
//!
//! Lines that aren't changed come in pairs. So there are as many groups in the one text as in the
//! other, counting empty ones: one before each such line, and one at the end. To move a group by a
//! line is to make it the group beside.

use std::ops::Range;

use super::work::Work;

/// A text, of which some lines are changed.
pub(super) struct File<'f> {
    pub ids: &'f [u32],
    pub changed: Vec<bool>,
}

/// Moves the changes of a text. `None` where git's versions differ in what they do, or where it is
/// too much work.
pub(super) fn compact<'f>(file: &mut File<'f>, other: &File<'f>, work: &mut Work) -> Option<()> {
    let mut compact = Compact {
        group: group_from(&file.changed, 0),
        twin: group_from(&other.changed, 0),
        file,
        other,
        work,
    };
    loop {
        if !compact.group.is_empty() {
            compact.place()?;
        }
        if !compact.step()? {
            return Some(());
        }
    }
}

/// A group of a text, and the one of the other that stands in the same place.
struct Compact<'c, 'f> {
    file: &'c mut File<'f>,
    other: &'c File<'f>,
    group: Range<usize>,
    twin: Range<usize>,
    work: &'c mut Work,
}

impl Compact<'_, '_> {
    /// Puts the group where git puts it.
    fn place(&mut self) -> Option<()> {
        let found = self.group.clone();
        if self.stretch()? {
            while self.twin.is_empty() {
                self.up()?.then_some(())?;
            }
        }
        let is_settled = self.group == found || self.twin.is_empty() || self.is_foreign()?;
        is_settled.then_some(())
    }

    /// Moves the group up and down as far as it goes, until it takes in no other any more. It is
    /// then at its lowest. Returns true if and only if the other text is changed at one of the
    /// places in between.
    fn stretch(&mut self) -> Option<bool> {
        loop {
            let size = self.group.len();
            while self.up()? {}
            let mut meets = !self.twin.is_empty();
            while self.down()? {
                meets |= !self.twin.is_empty();
            }
            if self.group.len() == size {
                return Some(meets);
            }
        }
    }

    /// Returns true if and only if no line of the group is in its twin. If there is one, newer
    /// versions of git, from 2.54 on, compare the two once more after the group was moved.
    fn is_foreign(&mut self) -> Option<bool> {
        self.work.spend(self.group.len() + self.twin.len())?;
        let mut lines = self.file.ids.get(self.group.clone())?.to_vec();
        lines.sort_unstable();
        let twin = self.other.ids.get(self.twin.clone())?;
        Some(twin.iter().all(|id| lines.binary_search(id).is_err()))
    }

    /// Moves the group up by a line; false if it can't be.
    fn up(&mut self) -> Option<bool> {
        let Some(before) = self.group.start.checked_sub(1) else {
            return Some(false);
        };
        let last = self.group.end - 1;
        if self.file.ids.get(before)? != self.file.ids.get(last)? {
            return Some(false);
        }
        *self.file.changed.get_mut(before)? = true;
        *self.file.changed.get_mut(last)? = false;
        self.group = group_to(&self.file.changed, before).start..last;
        self.twin = group_to(&self.other.changed, self.twin.start.checked_sub(1)?);
        self.work.spend(1 + self.twin.len())?;
        Some(true)
    }

    /// Moves the group down by a line; false if it can't be.
    fn down(&mut self) -> Option<bool> {
        let Range { start, end } = self.group;
        if end == self.file.ids.len() || self.file.ids.get(start)? != self.file.ids.get(end)? {
            return Some(false);
        }
        *self.file.changed.get_mut(start)? = false;
        *self.file.changed.get_mut(end)? = true;
        self.group = start + 1..group_from(&self.file.changed, end + 1).end;
        self.twin = group_from(&self.other.changed, self.twin.end + 1);
        self.work.spend(1 + self.twin.len())?;
        Some(true)
    }

    /// Goes on to the next place where either text is changed, or to the end; false if it is there
    /// already.
    fn step(&mut self) -> Option<bool> {
        let (from, there) = (self.group.end + 1, self.twin.end + 1);
        if from > self.file.changed.len() {
            return Some(false);
        }
        let same = unchanged(&self.file.changed, from, &self.other.changed, there)?;
        self.group = group_from(&self.file.changed, from + same);
        self.twin = group_from(&self.other.changed, there + same);
        Some(true)
    }
}

/// The group that begins with this line; an empty one before it if it isn't changed.
fn group_from(changed: &[bool], start: usize) -> Range<usize> {
    let lines = changed.get(start..).unwrap_or_default().iter();
    start..start + lines.take_while(|changed| **changed).count()
}

/// The group that ends with the line before this one.
fn group_to(changed: &[bool], end: usize) -> Range<usize> {
    let lines = changed.get(..end).unwrap_or_default().iter().rev();
    end - lines.take_while(|changed| **changed).count()..end
}

/// A place where a side differs from the base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The lines of the base that are gone.
    pub base: Range<usize>,
    /// The lines of the side that are there instead.
    pub side: Range<usize>,
}

/// The changes, in order.
pub(super) fn changes(base: &[bool], side: &[bool]) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    let (mut at, mut there) = (0, 0);
    loop {
        let same = unchanged(base, at, side, there)?;
        let change = Change {
            base: group_from(base, at + same),
            side: group_from(side, there + same),
        };
        if change.base.is_empty() && change.side.is_empty() {
            return Some(changes);
        }
        (at, there) = (change.base.end, change.side.end);
        changes.push(change);
    }
}

/// How many lines aren't changed, from these on.
fn unchanged(one: &[bool], at: usize, other: &[bool], there: usize) -> Option<usize> {
    let pairs = one.get(at..)?.iter().zip(other.get(there..)?);
    Some(pairs.take_while(|pair| *pair == (&false, &false)).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moves the changes of a text, written `a[bc]d`, given those of the other.
    fn moved(file: &str, other: &str) -> Option<String> {
        let (file, other) = (read(file), read(other));
        let [mut file, other] = [&file, &other].map(|(ids, changed)| File {
            ids,
            changed: changed.clone(),
        });
        compact(&mut file, &other, &mut Work::new())?;
        Some(written(&file))
    }

    fn read(text: &str) -> (Vec<u32>, Vec<bool>) {
        let mut inside = false;
        let mut read = (Vec::new(), Vec::new());
        for byte in text.bytes() {
            match byte {
                b'[' => inside = true,
                b']' => inside = false,
                line => {
                    read.0.push(u32::from(line));
                    read.1.push(inside);
                }
            }
        }
        read
    }

    fn written(file: &File<'_>) -> String {
        let mut text = String::new();
        let mut inside = false;
        for (id, changed) in file.ids.iter().zip(&file.changed) {
            if *changed != inside {
                text.push(if inside { ']' } else { '[' });
            }
            inside = *changed;
            text.push(char::from_u32(*id).unwrap());
        }
        if inside {
            text.push(']');
        }
        text
    }

    #[test]
    fn changes_go_down_as_far_as_they_can() {
        for (file, other, expected) in [
            ("a[b]c", "ac", "a[b]c"),
            ("a[bx]bc", "abc", "ab[xb]c"),
            ("a[ab]abc", "aabc", "aab[ab]c"),
            ("[x]xx", "xx", "xx[x]"),
            ("a[]b", "ab", "ab"),
        ] {
            assert_eq!(moved(file, other).as_deref(), Some(expected), "{file}");
        }
    }

    #[test]
    fn groups_that_meet_become_one() {
        assert_eq!(moved("[x]x[y]z", "xz").as_deref(), Some("x[xy]z"));
        assert_eq!(moved("a[x]x[x]xb", "axxb").as_deref(), Some("axx[xx]b"));
        // Up first, where another one is met.
        assert_eq!(moved("[a]b[cb]d", "bd").as_deref(), Some("[abc]bd"));
    }

    #[test]
    fn a_change_of_the_other_text_holds_them() {
        assert_eq!(moved("[x]xxa", "[y]xxa").as_deref(), Some("[x]xxa"));
        assert_eq!(moved("[x]xxa", "x[y]xa").as_deref(), Some("x[x]xa"));
        // The lowest of several.
        assert_eq!(moved("[x]xxa", "[y]x[z]xa").as_deref(), Some("x[x]xa"));
        assert_eq!(moved("xx[x]a", "x[y]xa").as_deref(), Some("x[x]xa"));
    }

    #[test]
    fn what_newer_versions_compare_once_more_is_left_to_git() {
        assert_eq!(moved("[xb]xa", "[b]xa"), Some("[xb]xa".into()));
        assert_eq!(moved("[xb]xa", "x[b]a"), None);
        assert_eq!(moved("[xb]xa", "x[y]a"), Some("x[bx]a".into()));
    }

    #[test]
    fn changes_are_told_in_order() {
        let told = |base: &str, side: &str| changes(&read(base).1, &read(side).1);
        let change = |base, side| Change { base, side };
        assert_eq!(told("abc", "abc"), Some(vec![]));
        let expected = vec![change(0..1, 0..0), change(2..3, 1..3), change(4..4, 4..5)];
        assert_eq!(told("[a]b[c]d", "b[xy]d[z]"), Some(expected));
    }
}
