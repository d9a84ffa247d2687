//! An alignment of a side with the base, by lines that are unique in both.

use std::collections::HashMap;
use std::ops::Range;

use super::text::{Base, FOREIGN, Text};

/// The places where base and side differ, each as the lines of both.
pub(super) fn align(base: &Base<'_>, side: &Text<'_>) -> Vec<(Range<usize>, Range<usize>)> {
    let mut from = (side.before, side.before);
    let ends = (
        base.text.ids.len() - side.after,
        side.ids.len() - side.after,
    );
    let mut places = Vec::new();
    for (in_base, in_side) in anchors(base, side, from.0..ends.0, from.1..ends.1) {
        if in_base < from.0 || in_side < from.1 {
            continue;
        }
        let back = common_before(&base.text.ids, in_base, &side.ids, in_side);
        let back = back.min(in_base - from.0).min(in_side - from.1);
        let ahead = common_after(&base.text.ids, in_base, &side.ids, in_side);
        let ahead = ahead.min(ends.0 - in_base).min(ends.1 - in_side);
        places.push((from.0..in_base - back, from.1..in_side - back));
        from = (in_base + ahead, in_side + ahead);
    }
    places.push((from.0..ends.0, from.1..ends.1));
    places.retain(|(base, side)| !base.is_empty() || !side.is_empty());
    places
}

/// Lines of these that are unique in the base and among those of the side: the longest list of
/// them that is in order on both sides.
fn anchors(
    base: &Base<'_>,
    side: &Text<'_>,
    of: Range<usize>,
    among: Range<usize>,
) -> Vec<(usize, usize)> {
    let mut counts: HashMap<u32, u32> = HashMap::new();
    let ids = side.ids.get(among.clone()).unwrap_or_default();
    for id in ids {
        *counts.entry(*id).or_default() += 1;
    }
    let once = |id: &u32| *id != FOREIGN && counts.get(id) == Some(&1);
    let lines = ids.iter().zip(among).filter(|(id, _)| once(id));
    let pairs: Vec<(usize, usize)> = lines
        .filter_map(|(id, at)| Some((base.only(*id)?, at)))
        .filter(|(in_base, _)| of.contains(in_base))
        .collect();
    longest_rising(&pairs)
}

/// The longest list of pairs, in their order, whose first numbers rise.
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length, the pair that such a list can end with, the lowest; and for each pair,
    // the one before it in its list.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::new();
    let value = |at: &usize| pairs.get(*at).map(|pair| pair.0);
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| value(end) < Some(pair.0));
        before.push(
            length
                .checked_sub(1)
                .and_then(|last| ends.get(last).copied()),
        );
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let last = ends.last().copied();
    let places = std::iter::successors(last, |at| before.get(*at).copied().flatten());
    let mut rising: Vec<_> = places.filter_map(|at| pairs.get(at).copied()).collect();
    rising.reverse();
    rising
}

/// How many lines are the same, before these two.
pub(super) fn common_before(one: &[u32], at: usize, other: &[u32], there: usize) -> usize {
    let (one, other) = (one.get(..at), other.get(..there));
    let pairs = one.into_iter().flatten().rev();
    pairs
        .zip(other.into_iter().flatten().rev())
        .take_while(|(one, other)| one == other)
        .count()
}

/// How many lines are the same, from these two on.
pub(super) fn common_after(one: &[u32], at: usize, other: &[u32], there: usize) -> usize {
    let (one, other) = (one.get(at..), other.get(there..));
    let pairs = one.into_iter().flatten();
    pairs
        .zip(other.into_iter().flatten())
        .take_while(|(one, other)| one == other)
        .count()
}
