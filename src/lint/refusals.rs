//! What the rules of one tree refuse and those of another let in.
//!
//! - Only what is refused counts: a rule that warns keeps nothing out, on either side.
//! - `deny` has to be matched by `deny`, class by class, since `deny-only` lets a merge's resolved
//!   paths through.
//! - `deny-only` is matched by a `deny` of its classes, or by a `deny-only` of them that nothing
//!   else excuses and that judges units which are no larger.
//! - A message rule is matched by one on the same part of the message, whatever it asks for: of
//!   two regular expressions nothing here says which is stricter.

use super::quoted;
use crate::classify::ClassMask;
use crate::finding::{Code, Severity};
use crate::policy::{MessageRule, Policy, Tree, Unit};

/// The rules of a tree on commits, as far as they refuse. Classes without patterns are left out:
/// no path has them.
pub(super) struct Refusals<'t> {
    denied: ClassMask,
    deny_only: Option<Only>,
    messages: &'t [MessageRule],
}

struct Only {
    classes: ClassMask,
    unless: ClassMask,
    judge: Unit,
}

impl<'t> Refusals<'t> {
    /// Those of a tree.
    pub(super) fn of(tree: &'t Tree, policy: &Policy) -> Self {
        let refuses = |code| tree.severity(code) == Severity::Deny;
        let bare = policy.classes.iter().enumerate();
        let bare = bare.filter(|(_, class)| class.patterns.is_empty());
        let bare = bare.map(|(at, _)| ClassMask::of(Some(at)));
        let bare = bare.fold(ClassMask::EMPTY, |all, class| all | class);
        let deny = tree.deny.as_ref().filter(|_| refuses(Code::DeniedPath));
        let only = tree.deny_only.as_ref();
        let only = only.filter(|_| refuses(Code::OnlyDeniedPaths));
        Self {
            denied: deny.map_or(ClassMask::EMPTY, |rule| rule.classes.without(bare)),
            deny_only: only.map(|rule| Only {
                classes: rule.classes.without(bare),
                unless: rule.unless.without(bare),
                judge: rule.judge,
            }),
            messages: match refuses(Code::MessagePattern) {
                true => &tree.messages,
                false => &[],
            },
        }
    }

    /// Returns true if and only if there are any.
    pub(super) fn any(&self) -> bool {
        let only = self.deny_only.as_ref().map(|rule| rule.classes);
        let classes = self.denied | only.unwrap_or_default();
        classes != ClassMask::EMPTY || !self.messages.is_empty()
    }

    /// What these refuse and the others let in, each as what the others fail to do.
    pub(super) fn holes(&self, others: &Self, policy: &Policy) -> Vec<String> {
        let mut holes = Vec::new();
        let open = self.denied.without(others.denied);
        if open != ClassMask::EMPTY {
            holes.push(format!("does not deny {}", names(open, policy)));
        }
        if let Some(rule) = &self.deny_only {
            holes.extend(others.lets_in_alone(rule, policy));
        }
        if self.messages.iter().any(|rule| !others.asks_for(rule)) {
            holes.push("does not ask the same of messages".into());
        }
        holes
    }

    /// How something gets in that a `deny-only` refuses.
    fn lets_in_alone(&self, rule: &Only, policy: &Policy) -> Option<String> {
        let left = rule.classes.without(self.denied);
        let own = self.deny_only.as_ref();
        let open = own.map_or(left, |own| left.without(own.classes));
        if open != ClassMask::EMPTY {
            let open = names(open, policy);
            return Some(format!("does not refuse {open} that comes alone"));
        }
        let own = own.filter(|_| left != ClassMask::EMPTY)?;
        // What is denied anyway excuses nothing.
        let excuses = own.unless.without(self.denied);
        let more = excuses.without(rule.unless);
        // Where a plain commit would excuse itself, only a merge is refused, and that takes
        // another commit to excuse it.
        let excusable = left.without(rule.unless) != ClassMask::EMPTY || own.judge != Unit::Commit;
        if more != ClassMask::EMPTY && excusable {
            return Some(format!("takes {} for an excuse", names(more, policy)));
        }
        let larger = excuses != ClassMask::EMPTY && size(own.judge) > size(rule.judge);
        larger.then(|| format!("judges by the {}", own.judge.name()))
    }

    fn asks_for(&self, rule: &MessageRule) -> bool {
        let same = |other: &MessageRule| other.part == rule.part && other.merges >= rule.merges;
        self.messages.iter().any(same)
    }
}

/// Units by size: each larger one is made of smaller ones.
fn size(unit: Unit) -> u8 {
    match unit {
        Unit::Commit => 0,
        Unit::Series => 1,
        Unit::Push => 2,
    }
}

fn names(classes: ClassMask, policy: &Policy) -> String {
    let known = policy.classes.iter().enumerate();
    let wanted = known.filter(|(at, _)| classes.contains(Some(*at)));
    let names: Vec<String> = wanted.map(|(_, class)| quoted(&class.name)).collect();
    super::listed(&names, usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::{CommitRow, Parent, Range, Touched};
    use crate::policy::{Source, load};
    use crate::rules::paths::{denied, only_denied};
    use crate::update::Oid;

    const SETS: [&str; 4] = ["", "'a'", "'b'", "'a', 'b'"];

    /// A policy with a tree for each way to deny the classes `a` and `b`.
    fn all_trees() -> Policy {
        let mut rules = Vec::new();
        for deny in SETS {
            let deny = format!("deny = [{deny}]");
            rules.push(deny.clone());
            for (classes, unless, judge) in SETS.iter().flat_map(|classes| {
                let pairs = SETS.iter().map(move |unless| (classes, unless));
                let units = ["commit", "series", "push"];
                pairs.flat_map(move |(classes, unless)| units.map(|judge| (classes, unless, judge)))
            }) {
                rules.push(format!(
                    "{deny}\ndeny-only = {{ classes = [{classes}], unless = [{unless}], judge = '{judge}' }}"
                ));
            }
        }
        let mut parts = vec!["version = 1\n".to_owned()];
        let class = |name| format!("[[path-class]]\nname = '{name}'\npaths = ['{name}']\n");
        parts.extend(["a", "b"].map(class));
        parts.extend(rules.iter().enumerate().map(|(at, rules)| {
            format!("[[tree]]\nname = '{at}'\nrefs = ['refs/heads/{at}']\n{rules}\n")
        }));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p.toml");
        std::fs::write(&file, parts.concat()).unwrap();
        load(&Source::File(file), None).unwrap()
    }

    /// What one commit can touch: a plain one, or a merge.
    fn commits() -> Vec<(bool, Touched)> {
        let class = |at| ClassMask::of(Some(at));
        let sets = [ClassMask::EMPTY, class(0), class(1), class(0) | class(1)];
        let mut commits = Vec::new();
        for own in sets {
            let resolved = ClassMask::EMPTY;
            commits.push((false, Touched { own, resolved }));
            commits.extend(sets.map(|resolved| (true, Touched { own, resolved })));
        }
        commits
    }

    /// Whether the tree refuses a push of these series.
    fn refuses(tree: &Tree, series: &[Vec<(bool, Touched)>]) -> bool {
        let commits: Vec<_> = series.iter().flatten().copied().collect();
        let oid = Oid::from_bytes(&[1; 20]).unwrap();
        let rows = commits.iter().map(|(merge, _)| CommitRow {
            oid,
            tree: oid,
            parents: vec![Parent::Out(oid); if *merge { 2 } else { 1 }].into(),
        });
        let range = Range {
            rows: rows.collect(),
        };
        let touched: Vec<Touched> = commits.iter().map(|(_, touched)| *touched).collect();
        let deny = tree.deny.as_ref();
        let denied = deny.is_some_and(|rule| !denied(rule, &touched).is_empty());
        let mut next = 0;
        let in_series = series.iter().map(|series| {
            next += series.len();
            (next - series.len()..next).collect::<Vec<_>>()
        });
        let in_series: Vec<_> = in_series.collect();
        let only = tree.deny_only.as_ref().is_some_and(|rule| {
            let units = match rule.judge {
                Unit::Commit => (0..next).map(|at| vec![at]).collect(),
                Unit::Series => in_series,
                Unit::Push => vec![(0..next).collect()],
            };
            !only_denied(rule, &units, &range, &touched).is_empty()
        });
        denied || only
    }

    /// The comparison of rules against every push of up to two commits, in one series or two.
    #[test]
    fn a_hole_is_one_if_and_only_if_a_push_goes_through() {
        let policy = all_trees();
        let commits = commits();
        let mut pushes: Vec<Vec<Vec<_>>> = Vec::new();
        for one in &commits {
            pushes.push(vec![vec![*one]]);
            for other in &commits {
                pushes.push(vec![vec![*one, *other]]);
                pushes.push(vec![vec![*one], vec![*other]]);
            }
        }
        let refused: Vec<Vec<bool>> = policy
            .trees
            .iter()
            .map(|tree| pushes.iter().map(|push| refuses(tree, push)).collect())
            .collect();
        let rules = |tree| Refusals::of(tree, &policy);
        let (mut tight, mut open) = (0, 0);
        for (tree, kept_out) in policy.trees.iter().zip(&refused) {
            for (gate, stopped) in policy.trees.iter().zip(&refused) {
                let mut both = kept_out.iter().zip(stopped);
                let leaks = both.any(|(kept_out, stopped)| *kept_out && !stopped);
                let holes = rules(tree).holes(&rules(gate), &policy);
                assert_eq!(!holes.is_empty(), leaks, "{tree:#?}\n{gate:#?}\n{holes:?}");
                *(if leaks { &mut open } else { &mut tight }) += 1;
            }
        }
        assert!(tight > 1000 && open > 1000, "{tight} {open}");
    }
}
