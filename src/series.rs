//! Which entering commits belong together.
//!
//! The *mainline* runs from the new tip: at a merge to the first parent that descends from the
//! ref's old value (a foxtrot merge has it second), else to the first parent. It stops at the
//! first commit that doesn't enter. Along it, from the oldest commit on:
//!
//! - a merge and all that it brings to the mainline are one series;
//! - inside of that, a merge that itself brings entering commits starts a series of its own;
//! - neighbours that were posted as one thread, by their `Link:` trailers, are one series;
//! - any other commit is a series of its own.
//!
//! Every commit is visited once, on a stack of our own.

use crate::error::Error;
use crate::git::{CommitIx, CommitRow, Lineage, Parent, Range};

/// Splits the range: each commit is in exactly one series, parents before children. `link` gives
/// the message-id that a commit was posted under, if it says so.
pub fn split(
    range: &Range,
    lineage: &Lineage<'_>,
    mut link: impl FnMut(&CommitRow) -> Result<Option<MessageId>, Error>,
) -> Result<Vec<Vec<CommitIx>>, Error> {
    let mut sorter = Sorter {
        range,
        owners: vec![None; range.rows.len()],
        count: 0,
    };
    let mut thread: Option<(MessageId, SeriesIx)> = None;
    for (at, kept) in mainline(range, lineage)?.into_iter().rev() {
        let row = range.row(at)?;
        if row.is_merge() {
            let series = sorter.start(at);
            let sides = row.parents.iter().copied().enumerate();
            sorter.claim(
                sides
                    .filter(|(side, _)| *side != kept)
                    .map(|(_, parent)| parent),
                series,
            )?;
            thread = None;
            continue;
        }
        let posted = link(row)?;
        let same =
            thread.filter(|(last, _)| posted.as_ref().is_some_and(|id| id.same_thread(last)));
        let series = match same {
            Some((_, series)) => sorter.put(at, series),
            None => sorter.start(at),
        };
        thread = posted.map(|id| (id, series));
    }
    Ok(sorter.collected())
}

/// The mainline, newest first, each with the index of the parent that it goes on to.
fn mainline(range: &Range, lineage: &Lineage<'_>) -> Result<Vec<(CommitIx, usize)>, Error> {
    let mut line = Vec::new();
    let mut next = range.rows.len().checked_sub(1);
    while let Some(at) = next {
        let row = range.row(at)?;
        let mut kept = 0;
        // Where there is one way only, nobody need know where it leads.
        let sides = row.parents.iter().enumerate();
        for (side, parent) in sides.filter(|_| row.is_merge()) {
            if lineage.has(range.oid(*parent)?)? {
                kept = side;
                break;
            }
        }
        line.push((at, kept));
        next = match row.parents.get(kept) {
            Some(Parent::In(parent)) => Some(*parent),
            Some(Parent::Out(_)) | None => None,
        };
    }
    Ok(line)
}

type SeriesIx = usize;

struct Sorter<'r> {
    range: &'r Range,
    owners: Vec<Option<SeriesIx>>,
    count: usize,
}

enum Task {
    /// A line of first parents, whose plain commits belong to the series.
    Line(CommitIx, SeriesIx),
    /// One commit of such a line.
    One(CommitIx, SeriesIx),
}

impl Sorter<'_> {
    fn start(&mut self, at: CommitIx) -> SeriesIx {
        self.count += 1;
        self.put(at, self.count - 1)
    }

    fn put(&mut self, at: CommitIx, series: SeriesIx) -> SeriesIx {
        if let Some(owner) = self.owners.get_mut(at) {
            *owner = Some(series);
        }
        series
    }

    fn is_free(&self, at: CommitIx) -> bool {
        self.owners.get(at).is_some_and(Option::is_none)
    }

    /// The parents that enter and that no series has yet.
    fn free(&self, parents: impl Iterator<Item = Parent>) -> Vec<CommitIx> {
        let inside = parents.filter_map(|parent| match parent {
            Parent::In(at) => Some(at),
            Parent::Out(_) => None,
        });
        inside.filter(|at| self.is_free(*at)).collect()
    }

    /// Gives the series all that `sides` reach and no series has yet, but for what merges in
    /// there bring. Older commits come first, so that what a merge brings is what was not there.
    fn claim(
        &mut self,
        sides: impl Iterator<Item = Parent>,
        series: SeriesIx,
    ) -> Result<(), Error> {
        let mut open = lines(self.free(sides), series);
        while let Some(task) = open.pop() {
            match task {
                Task::Line(from, series) => {
                    let mut next = Some(from);
                    while let Some(at) = next.filter(|at| self.is_free(*at)) {
                        open.push(Task::One(at, series));
                        next = self.first_parent(at)?;
                    }
                }
                Task::One(at, series) if self.is_free(at) => {
                    let others = self.range.row(at)?.parents.iter().skip(1).copied();
                    let brought = self.free(others);
                    if brought.is_empty() {
                        self.put(at, series);
                    } else {
                        let own = self.start(at);
                        open.extend(lines(brought, own));
                    }
                }
                Task::One(..) => {}
            }
        }
        Ok(())
    }

    fn first_parent(&self, at: CommitIx) -> Result<Option<CommitIx>, Error> {
        Ok(match self.range.row(at)?.parents.first() {
            Some(Parent::In(parent)) => Some(*parent),
            Some(Parent::Out(_)) | None => None,
        })
    }

    fn collected(self) -> Vec<Vec<CommitIx>> {
        let mut all = vec![Vec::new(); self.count];
        for (at, owner) in self.owners.into_iter().enumerate() {
            if let Some(series) = owner.and_then(|owner| all.get_mut(owner)) {
                series.push(at);
            }
        }
        all
    }
}

fn lines(starts: Vec<CommitIx>, series: SeriesIx) -> Vec<Task> {
    // The last task is the first one done.
    starts
        .into_iter()
        .rev()
        .map(|at| Task::Line(at, series))
        .collect()
}

/// The name under which a patch was mailed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageId(Vec<u8>);

impl MessageId {
    /// Reads the last `Link:` trailer that ends in a message-id, as those to lore do.
    pub fn of(message: &[u8]) -> Option<Self> {
        let lines = message.split(|byte| *byte == b'\n').rev();
        lines
            .filter_map(|line| line.strip_prefix(b"Link:"))
            .find_map(|value| {
                let url = value.trim_ascii().split(u8::is_ascii_whitespace).next()?;
                let url = url.strip_suffix(b"/").unwrap_or(url);
                let last = url.rsplit(|byte| *byte == b'/').next()?;
                last.contains(&b'@').then(|| Self(last.to_vec()))
            })
    }

    /// Returns true if and only if the two are of one thread: equal but for the patch number,
    /// one to four digits between hyphens.
    pub fn same_thread(&self, other: &Self) -> bool {
        let (one, two): (Vec<&[u8]>, Vec<&[u8]>) = (self.fields(), other.fields());
        let mut differing = one.iter().zip(&two).filter(|(left, right)| left != right);
        let (Some((left, right)), None) = (differing.next(), differing.next()) else {
            return false;
        };
        one.len() == two.len() && is_patch_number(left) && is_patch_number(right)
    }

    fn fields(&self) -> Vec<&[u8]> {
        self.0.split(|byte| *byte == b'-').collect()
    }
}

fn is_patch_number(field: &[u8]) -> bool {
    (1..=4).contains(&field.len()) && field.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::Oid;

    fn oid(at: usize) -> Oid {
        let mut raw = [0; 20];
        raw[..8].copy_from_slice(&(at as u64 + 1).to_be_bytes());
        Oid::from_bytes(&raw).unwrap()
    }

    /// A range from the parents of each commit; a parent at or past 1000 is outside.
    fn range(parents: &[&[usize]]) -> Range {
        let rows = parents.iter().enumerate().map(|(at, parents)| CommitRow {
            oid: oid(at),
            tree: oid(at),
            parents: parents
                .iter()
                .map(|parent| {
                    if *parent < 1000 {
                        Parent::In(*parent)
                    } else {
                        Parent::Out(oid(*parent))
                    }
                })
                .collect(),
        });
        Range {
            rows: rows.collect(),
        }
    }

    fn series(parents: &[&[usize]]) -> Vec<Vec<usize>> {
        let mut all = split(&range(parents), &Lineage::default(), |_| Ok(None)).unwrap();
        all.sort();
        all
    }

    #[test]
    fn plain_commits_stand_alone() {
        assert_eq!(series(&[&[1000], &[0], &[1]]), [[0], [1], [2]]);
    }

    #[test]
    fn a_merge_and_what_it_brings() {
        // 0 and 1 on a branch, 2 on the mainline, 3 merges.
        assert_eq!(
            series(&[&[1000], &[0], &[1000], &[2, 1]]),
            [vec![0, 1, 3], vec![2]]
        );
    }

    #[test]
    fn nested_merges_start_their_own() {
        // 0 on the inner branch, 1 on the outer, 2 merges 0 into 1, 3 merges 2.
        assert_eq!(
            series(&[&[1000], &[1000], &[1, 0], &[1001, 2]]),
            [vec![0, 2], vec![1, 3]]
        );
    }

    #[test]
    fn a_merge_that_brings_nothing_stays() {
        // 1 merges upstream into the branch.
        assert_eq!(series(&[&[1000], &[0, 1001], &[1002, 1]]), [[0, 1, 2]]);
    }

    #[test]
    fn what_an_older_merge_brought_stays_with_it() {
        // Both 2 and 3 merge the branch that begins at 0; 3 brings only 1.
        assert_eq!(
            series(&[&[1000], &[0], &[1001, 0], &[2, 1]]),
            [vec![0, 2], vec![1, 3]]
        );
    }

    #[test]
    fn an_octopus_brings_all_its_sides() {
        assert_eq!(series(&[&[1000], &[1000], &[1001, 0, 1]]), [[0, 1, 2]]);
    }

    fn id(text: &str) -> Option<MessageId> {
        MessageId::of(format!("subject\n\nLink: https://lore.kernel.org/bpf/{text}\n").as_bytes())
    }

    #[test]
    fn threads_differ_in_the_patch_number_alone() {
        let one = id("20250101120000.4711-2-a@b.c").unwrap();
        for (other, same) in [
            ("20250101120000.4711-10-a@b.c/", true),
            ("20250101120000.4711-2-a@b.c", false),
            ("20250101120000.4712-3-a@b.c", false),
            ("20250101120000.4711-3-x@b.c", false),
            ("20250101120000.4711-3-1-a@b.c", false),
        ] {
            assert_eq!(one.same_thread(&id(other).unwrap()), same, "{other}");
        }
        let b4 = id("20250101-slug-v2-3-0123456789ab@b.c").unwrap();
        assert!(b4.same_thread(&id("20250101-slug-v2-4-0123456789ab@b.c").unwrap()));
        assert!(!b4.same_thread(&id("20250102-slug-v2-3-0123456789ab@b.c").unwrap()));
        assert!(id("no-message-id").is_none());
    }

    #[test]
    fn neighbours_of_one_thread_are_one_series() {
        let ids = ["1.1-1-a@b", "1.1-2-a@b", "2.2-1-a@b"].map(id);
        let range = range(&[&[1000], &[0], &[1]]);
        let find = |row: &CommitRow| {
            Ok(ids[range.rows.iter().position(|other| other == row).unwrap()].clone())
        };
        assert_eq!(
            split(&range, &Lineage::default(), find).unwrap(),
            [vec![0, 1], vec![2]]
        );
    }
}
