//! Which commits go where, and the commands that put them there.
//!
//! A series that some tree takes goes there whole. Of any other, each commit goes to a tree that
//! takes it by itself. Where several would take it, it follows its neighbours.

use std::collections::BTreeSet;

use super::picks::Pick;
use super::stuck::Stuck;
use super::way::Way;
use super::{Answer, Answers, Base, Commits, Remote, Survey};
use crate::error::Error;
use crate::git::{CommitIx, CommitRow, Repo};
use crate::policy::{Policy, Unit};

/// Commits that go to one tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The tree.
    pub tree: String,
    /// The commits, in the order of [`Survey::patches`], but for merges.
    pub patches: Vec<CommitIx>,
    /// How they get there.
    pub way: Way,
}

/// Works out the moves.
pub(super) struct Mover<'m> {
    pub commits: &'m Commits,
    pub base: &'m Base,
    pub policy: &'m Policy,
    pub repo: &'m Repo,
    pub remote: &'m Remote,
}

/// Commits that go together.
struct Item {
    members: Vec<CommitIx>,
    /// The trees that take them, as indices of `Survey::trees`; never none.
    takers: Vec<usize>,
}

impl Mover<'_> {
    /// All commits, to each tree that takes all of them; else each to where it belongs.
    pub fn moves(&self, survey: &mut Survey<'_>) -> Result<(), Error> {
        let takes_all = |answers: &&Answers<'_>| answers.whole.is_yes();
        let takers = survey.trees.iter().filter(takes_all);
        for answers in takers.filter(|answers| answers.whole != Answer::There) {
            let moved = self.moved(answers, &self.base.series, &mut survey.stuck)?;
            survey.moves.push(moved);
        }
        if !survey.is_taken() {
            self.sort(survey)?;
            survey.as_one = self.as_one(survey)?;
        }
        survey.stuck.sort_by_key(|stuck| stuck.patch);
        survey.stuck.dedup();
        Ok(())
    }

    /// All commits as one series, to each tree that takes them so.
    fn as_one(&self, survey: &Survey<'_>) -> Result<Vec<Move>, Error> {
        let takers = survey.trees.iter().filter(|answers| answers.as_one_series);
        takers
            .map(|answers| {
                let all = 0..self.base.range.rows.len();
                let patches: Vec<CommitIx> = all.filter(|at| self.travels(answers, *at)).collect();
                let pick = Pick {
                    patches: patches.clone(),
                    as_series: true,
                };
                Ok(Move {
                    tree: answers.tree.name.clone(),
                    patches,
                    way: self.picked(answers.tree, &[pick])?,
                })
            })
            .collect()
    }

    fn sort(&self, survey: &mut Survey<'_>) -> Result<(), Error> {
        let items = self.items(survey)?;
        let homes = homes(&items);
        for (at, answers) in survey.trees.iter().enumerate() {
            let here = items.iter().zip(&homes).filter(|(_, home)| **home == at);
            let groups: Vec<Vec<CommitIx>> = here.map(|(item, _)| item.members.clone()).collect();
            let moved = self.moved(answers, &groups, &mut survey.stuck)?;
            if !moved.patches.is_empty() {
                survey.moves.push(moved);
            }
        }
        Ok(())
    }

    /// What goes together, oldest first; what goes nowhere is stuck.
    fn items(&self, survey: &mut Survey<'_>) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        for series in &self.base.series {
            let takers = trees_that(survey, |answers| takes_series(answers, series));
            if !takers.is_empty() {
                let members = series.clone();
                items.push(Item { members, takers });
                continue;
            }
            for at in series {
                let takers = trees_that(survey, |answers| takes_alone(answers, *at));
                if self.is_merge(*at) {
                    // The series isn't moved as one: of its merge nothing is left but its edits.
                    survey.stuck.extend(self.stuck_merge(*at));
                } else if takers.is_empty() {
                    let why = self.homeless(survey, *at)?;
                    survey.stuck.push(Stuck { patch: *at, why });
                } else {
                    let members = vec![*at];
                    items.push(Item { members, takers });
                }
            }
        }
        items.sort_by_key(|item| item.members.last().copied());
        Ok(items)
    }

    /// How the groups get to the tree, each in one piece. Merges in them that would be lost on
    /// the way are stuck.
    fn moved(
        &self,
        answers: &Answers<'_>,
        groups: &[Vec<CommitIx>],
        stuck: &mut Vec<Stuck>,
    ) -> Result<Move, Error> {
        let travels = |at: &CommitIx| self.travels(answers, *at);
        let mut picks = Vec::new();
        for group in groups {
            let is_merged = group.last().is_some_and(|last| self.is_merge(*last));
            let by_themselves = group.iter().all(|at| takes_alone(answers, *at));
            picks.push(Pick {
                patches: group.iter().copied().filter(travels).collect(),
                as_series: is_merged && !by_themselves,
            });
        }
        let patches: BTreeSet<CommitIx> = picks
            .iter()
            .flat_map(|pick| pick.patches.iter().copied())
            .collect();
        let all: Vec<CommitIx> = groups.iter().flatten().copied().collect();
        let way = self.way(answers.tree, &all, &picks)?;
        if matches!(&way, Way::Command(lines) if lines.len() > 1) {
            stuck.extend(all.iter().filter_map(|at| self.stuck_merge(*at)));
        }
        Ok(Move {
            tree: answers.tree.name.clone(),
            patches: patches.into_iter().collect(),
            way,
        })
    }

    /// Returns true if and only if the commit has to be moved to get to the tree.
    fn travels(&self, answers: &Answers<'_>, at: CommitIx) -> bool {
        !self.is_merge(at) && answers.alone.get(at) != Some(&Answer::There)
    }

    fn is_merge(&self, at: CommitIx) -> bool {
        self.base
            .range
            .rows
            .get(at)
            .is_some_and(CommitRow::is_merge)
    }
}

/// The trees that do, as indices of `Survey::trees`.
fn trees_that(survey: &Survey<'_>, takes: impl Fn(&Answers<'_>) -> bool) -> Vec<usize> {
    let trees = survey.trees.iter().enumerate();
    trees
        .filter(|(_, answers)| takes(answers))
        .map(|(at, _)| at)
        .collect()
}

fn takes_alone(answers: &Answers<'_>, at: CommitIx) -> bool {
    answers.alone.get(at).is_some_and(Answer::is_yes)
}

/// Returns true if and only if the tree takes the series as it is.
fn takes_series(answers: &Answers<'_>, series: &[CommitIx]) -> bool {
    let judges_series = answers
        .tree
        .deny_only
        .as_ref()
        .is_some_and(|rule| rule.judge == Unit::Series);
    let excused =
        |at: CommitIx| judges_series && answers.in_series.get(at).copied().unwrap_or_default();
    series
        .iter()
        .all(|at| takes_alone(answers, *at) || excused(*at))
}

/// The tree for each item: the one that takes it, else that of the item before, else that of the
/// next one for which there is no choice.
fn homes(items: &[Item]) -> Vec<usize> {
    let mut homes: Vec<usize> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let mut later = items.iter().skip(at).filter_map(|item| match *item.takers {
            [only] => Some(only),
            _ => None,
        });
        let near = [homes.last().copied(), later.next()];
        let fitting = near
            .into_iter()
            .flatten()
            .find(|home| item.takers.contains(home));
        homes.extend(fitting.or(item.takers.first().copied()));
    }
    homes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_a_choice_follows_the_neighbours() {
        let item = |takers: &[usize]| Item {
            members: Vec::new(),
            takers: takers.to_vec(),
        };
        let items = [&[0, 1][..], &[1], &[0, 1], &[0], &[0, 1, 2], &[1, 2]].map(item);
        assert_eq!(homes(&items), [1, 1, 1, 0, 0, 1]);
        assert_eq!(homes(&[item(&[2, 1]), item(&[1, 2])]), [2, 2]);
    }
}
