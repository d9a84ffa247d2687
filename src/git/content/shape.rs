//! The history that a merge with several bases hangs on, reduced to the commits that git merges
//! on the way: the two, their bases, the bases of these, and so on down to one.

use std::collections::BTreeSet;

use super::super::history::History;
use crate::error::Error;
use crate::update::Oid;

/// How many commits a shape may have, a bit each.
const MOST_COMMITS: usize = 64;

/// The commits, the oldest first: each is called by its place in this order.
pub(super) struct Shape {
    /// All of them.
    pub commits: Vec<Member>,
}

/// A commit of a shape.
#[derive(Clone, Copy)]
pub(super) struct Member {
    /// The commit.
    pub oid: Oid,
    /// Its tree object.
    pub tree: Oid,
    /// Its date; never before 1970, since git can't be told of such a commit.
    pub time: i64,
    /// Which of them reach it: a bit each, its own included.
    pub reached_by: u64,
}

impl Shape {
    /// Collects the commits; `None` if there are too many.
    pub fn find(history: &History<'_>, one: Oid, other: Oid) -> Result<Option<Self>, Error> {
        let mut commits = vec![one, other];
        let mut level = vec![(one, other)];
        let mut seen = BTreeSet::new();
        while !level.is_empty() {
            level.retain(|(one, other)| seen.insert((*one.min(other), *one.max(other))));
            history.prepare_bases(&level)?;
            let mut below = Vec::new();
            for (one, other) in level {
                let found = history.merge_bases(one, &[other])?;
                for (at, base) in found.iter().enumerate() {
                    if !commits.contains(base) {
                        commits.push(*base);
                    }
                    if commits.len() > MOST_COMMITS {
                        return Ok(None);
                    }
                    below.extend(found.iter().take(at).map(|before| (*before, *base)));
                }
            }
            level = below;
        }
        Self::ordered(history, &commits).map(Some)
    }

    /// What reaches less is older: a base is reached by all that stands on it, and by what
    /// reaches them.
    fn ordered(history: &History<'_>, commits: &[Oid]) -> Result<Self, Error> {
        let reached_by = history.reached_by(commits)?;
        let mask = |at: usize| reached_by.get(at).copied().unwrap_or_default();
        let mut order: Vec<usize> = (0..commits.len()).collect();
        order.sort_by_key(|at| std::cmp::Reverse(mask(*at).count_ones()));
        let places = |mask: u64| {
            let places = order.iter().enumerate();
            let set = places.filter(|(_, at)| mask & (1 << **at) != 0);
            set.fold(0, |all, (place, _)| all | 1 << place)
        };
        let mut members = Vec::new();
        for at in &order {
            let oid = *commits
                .get(*at)
                .ok_or_else(|| Error::internal("a lost commit"))?;
            let commit = history.commit(oid)?;
            members.push(Member {
                oid,
                tree: commit.tree,
                time: commit.time.max(0),
                reached_by: places(mask(*at)),
            });
        }
        Ok(Self { commits: members })
    }

    /// The place of a commit.
    pub fn place(&self, oid: Oid) -> Option<usize> {
        self.commits.iter().position(|member| member.oid == oid)
    }

    /// The commits nearest below: a commit's parents, if there were no others than these.
    pub fn nearest_below(&self, at: usize) -> Vec<usize> {
        let below = self.places(|place, member| place != at && member.reached_by & (1 << at) != 0);
        self.newest_of(&below)
    }

    /// Those that no other one of them reaches.
    fn newest_of(&self, places: &[usize]) -> Vec<usize> {
        let all = places.iter().fold(0, |all, place| all | 1 << place);
        let alone = |place: usize, member: &Member| {
            all & (1 << place) != 0 && member.reached_by & all == 1 << place
        };
        self.places(alone)
    }

    fn places(&self, wanted: impl Fn(usize, &Member) -> bool) -> Vec<usize> {
        let members = self.commits.iter().enumerate();
        let found = members.filter(|(place, member)| wanted(*place, member));
        found.map(|(place, _)| place).collect()
    }

    /// Returns true if and only if some commit lacks what one of its bases has. The values are in
    /// the order of the commits.
    pub fn deletes<T>(&self, values: &[Option<T>]) -> bool {
        let there = |at: usize| values.get(at).is_some_and(Option::is_some);
        (0..self.commits.len())
            .any(|at| !there(at) && self.nearest_below(at).into_iter().any(there))
    }
}
