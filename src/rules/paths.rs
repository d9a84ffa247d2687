//! `deny` and `deny-only`: masks against masks, no path in sight.

use super::{Broken, Who};
use crate::classify::ClassMask;
use crate::finding::Code;
use crate::git::{CommitIx, CommitRow, Range, Touched};
use crate::policy::{Deny, DenyOnly, Tree, Unit};

/// The classes on which the rules of a tree hang, where a merge touches them.
pub fn asked(tree: &Tree) -> Touched {
    let deny = tree.deny.as_ref().map(|rule| rule.classes);
    let only = tree.deny_only.as_ref();
    let only = only.map(|rule| rule.classes | rule.unless);
    Touched {
        own: deny.unwrap_or_default() | only.unwrap_or_default(),
        resolved: deny.unwrap_or_default(),
    }
}

/// `deny`: no commit may touch the classes, a merge by all that it changes itself.
pub fn denied(rule: &Deny, touched: &[Touched]) -> Vec<Broken> {
    let breaks = |touched: &Touched| is_denied(rule, *touched);
    let commits = touched
        .iter()
        .enumerate()
        .filter(|(_, touched)| breaks(touched));
    commits
        .map(|(at, _)| Broken {
            code: Code::DeniedPath,
            who: Who::Commit(at),
            show: Touched::either(rule.classes),
            fault: "touches paths that this tree denies".into(),
            place: rule.place.clone(),
        })
        .collect()
}

/// Returns true if and only if the rule denies a commit that touches this.
pub fn is_denied(rule: &Deny, touched: Touched) -> bool {
    touched.all().meets(rule.classes)
}

/// `deny-only`: no unit may touch the classes without touching one that excuses it. A merge
/// counts by what it adds, and never excuses.
pub fn only_denied(
    rule: &DenyOnly,
    units: &[Vec<CommitIx>],
    range: &Range,
    touched: &[Touched],
) -> Vec<Broken> {
    units
        .iter()
        .filter_map(|unit| judge_unit(rule, unit, range, touched))
        .collect()
}

fn judge_unit(
    rule: &DenyOnly,
    unit: &[CommitIx],
    range: &Range,
    touched: &[Touched],
) -> Option<Broken> {
    let own = |at: &CommitIx| {
        touched
            .get(*at)
            .map_or(ClassMask::EMPTY, |touched| touched.own)
    };
    let is_merge = |at: &CommitIx| range.rows.get(*at).is_none_or(CommitRow::is_merge);
    if unit.iter().any(|at| excuses(rule, is_merge(at), own(at))) {
        return None;
    }
    let offending: Vec<CommitIx> = unit
        .iter()
        .copied()
        .filter(|at| own(at).meets(rule.classes))
        .collect();
    let first = *offending.first()?;
    let who = match (rule.judge, unit.len()) {
        (Unit::Commit, _) | (_, 1) => Who::Commit(first),
        (Unit::Series | Unit::Push, size) => Who::Unit {
            what: rule.judge.name(),
            size,
            offending,
        },
    };
    Some(Broken {
        code: Code::OnlyDeniedPaths,
        who,
        show: Touched {
            own: rule.classes,
            resolved: ClassMask::EMPTY,
        },
        fault: "touches nothing that belongs in this tree".into(),
        place: rule.place.clone(),
    })
}

/// Returns true if and only if the rule refuses a commit that stands alone; `own` is what it
/// changes, a merge's what it adds.
pub fn is_only_denied(rule: &DenyOnly, is_merge: bool, own: ClassMask) -> bool {
    own.meets(rule.classes) && !excuses(rule, is_merge, own)
}

/// Returns true if and only if the commit excuses itself, and those that are judged with it.
fn excuses(rule: &DenyOnly, is_merge: bool, own: ClassMask) -> bool {
    !is_merge && own.meets(rule.unless)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Parent;
    use crate::policy::Place;
    use crate::update::Oid;

    const CORE: usize = 0;
    const NET: usize = 1;

    fn mask(class: usize) -> ClassMask {
        ClassMask::of(Some(class))
    }

    fn place() -> Place {
        Place::top("p")
    }

    fn rule(judge: Unit) -> DenyOnly {
        DenyOnly {
            classes: mask(CORE),
            unless: mask(NET),
            judge,
            place: place(),
        }
    }

    fn range(merges: &[bool]) -> Range {
        let oid = Oid::from_bytes(&[1; 20]).unwrap();
        let rows = merges.iter().map(|merge| CommitRow {
            oid,
            tree: oid,
            parents: vec![Parent::Out(oid); if *merge { 2 } else { 1 }].into(),
        });
        Range {
            rows: rows.collect(),
        }
    }

    fn own(mask: ClassMask) -> Touched {
        Touched {
            own: mask,
            resolved: ClassMask::EMPTY,
        }
    }

    #[test]
    fn deny_takes_a_merge_by_all_its_own_changes() {
        let rule = Deny {
            classes: mask(NET),
            place: place(),
        };
        let resolved = Touched {
            own: ClassMask::EMPTY,
            resolved: mask(NET),
        };
        let broken = denied(
            &rule,
            &[own(mask(CORE)), resolved, own(mask(NET) | mask(CORE))],
        );
        let who: Vec<_> = broken.into_iter().map(|broken| broken.who).collect();
        assert_eq!(who, [Who::Commit(1), Who::Commit(2)]);
    }

    #[test]
    fn a_unit_is_excused_by_one_plain_commit() {
        let touched = [own(mask(CORE)), own(mask(NET))];
        let alone = [vec![0], vec![1]];
        let together = [vec![0, 1]];
        let plain = range(&[false, false]);
        assert_eq!(
            only_denied(&rule(Unit::Commit), &alone, &plain, &touched).len(),
            1
        );
        assert!(only_denied(&rule(Unit::Series), &together, &plain, &touched).is_empty());
        // What a merge changes itself excuses nothing.
        let merged = range(&[false, true]);
        let broken = only_denied(&rule(Unit::Series), &together, &merged, &touched);
        assert_eq!(
            broken[0].who,
            Who::Unit {
                what: "series",
                size: 2,
                offending: vec![0]
            }
        );
    }

    #[test]
    fn resolved_paths_count_for_nothing_in_deny_only() {
        let resolved = Touched {
            own: ClassMask::EMPTY,
            resolved: mask(CORE),
        };
        let rule = rule(Unit::Series);
        assert!(only_denied(&rule, &[vec![0]], &range(&[true]), &[resolved]).is_empty());
        assert_eq!(
            only_denied(&rule, &[vec![0]], &range(&[true]), &[own(mask(CORE))]).len(),
            1
        );
        let none = own(ClassMask::of(None));
        assert!(only_denied(&rule, &[vec![0]], &range(&[false]), &[none]).is_empty());
    }
}
