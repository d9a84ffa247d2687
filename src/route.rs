//! Where a refused commit belongs, and the command that would put it there.

use std::collections::BTreeSet;

use crate::budget::{Budget, Limits};
use crate::classify::{ClassIx, ClassMask};
use crate::error::Error;
use crate::finding::{Code, Severity};
use crate::gate::{add_prefixes, upstream_prefixes};
use crate::git::{CommitIx, CommitRow, Range, RefTable, Touched};
use crate::judge::{Case, Commits, Judge, Verdict};
use crate::policy::Tree;
use crate::report::escape::Shown;
use crate::report::shell::word;
use crate::rules::paths::{is_denied, is_only_denied};
use crate::rules::{Broken, Who};
use crate::update::{Oid, RefName, RefValue};

/// How many commits a suggested command names.
const COMMITS_NAMED: usize = 5;
/// How many commits another push may bring for it to be judged too.
const MOST_ADVISED: u64 = 1_000;
/// How many paths a line of advice names.
const PATHS_NAMED: usize = 3;

/// Before the lines that say which paths of a commit belong where.
pub(crate) const SPLIT: &str = "split it: its paths belong to different trees";

/// Works out the advice on one refused case.
pub struct Router<'v, 'r> {
    /// The judge of the push.
    pub judge: &'v Judge<'r>,
    /// The case that was refused.
    pub case: &'v Case<'v>,
    /// Its commits.
    pub commits: &'v Commits,
}

impl Router<'_, '_> {
    /// What would be right, a line each. With `command`, other pushes are tried until one is
    /// found that would be accepted.
    pub fn help(&self, broken: &Broken, command: bool) -> Result<Vec<String>, Error> {
        let commits = match (broken.code, &broken.who) {
            (Code::MessagePattern, Who::Commit(at)) => return Ok(vec![self.reword(*at)?]),
            (_, Who::Commit(at)) => vec![*at],
            (_, Who::Unit { offending, .. }) => offending.clone(),
        };
        let takers = self.takers(self.mask(&commits)?);
        let mut help = Vec::new();
        if command {
            for tree in &takers {
                help.extend(self.command(tree, &commits)?);
            }
        } else if !takers.is_empty() {
            help.push(format!("it belongs on {}", names(&takers)));
        }
        if let [only] = commits.as_slice() {
            let apart = self.split(*only)?;
            if !apart.is_empty() {
                help.push(format!("or {SPLIT}"));
                help.extend(apart);
            }
        }
        if help.is_empty() {
            help.push("no tree of this policy takes these paths: ask its maintainers".into());
        }
        Ok(help)
    }

    fn reword(&self, at: CommitIx) -> Result<String, Error> {
        Ok(reworded(self.commits.range.row(at)?.oid))
    }

    fn mask(&self, commits: &[CommitIx]) -> Result<ClassMask, Error> {
        let mut mask = ClassMask::EMPTY;
        for at in commits {
            mask |= self.judge.all_classes(self.commits, *at)?;
        }
        Ok(mask)
    }

    /// The other trees whose path rules accept a commit of these classes. Trees without such
    /// rules accept everything, so they say nothing about where a commit belongs.
    fn takers(&self, mask: ClassMask) -> Vec<&Tree> {
        let trees = self.judge.policy.trees.iter();
        trees
            .filter(|tree| tree.name != self.case.tree.name && !tree.refs.is_empty())
            .filter(|tree| tree.judges_paths())
            .filter(|tree| accepts(tree, mask))
            .collect()
    }

    /// The commands that move the commits to the tree, a line each.
    fn command(&self, tree: &Tree, commits: &[CommitIx]) -> Result<Vec<String>, Error> {
        let oids = commits
            .iter()
            .map(|at| Ok(self.commits.range.row(*at)?.oid))
            .collect::<Result<Vec<Oid>, Error>>()?;
        let standing = self.refs_of(tree)?;
        let (Some(newest), Some(name)) = (oids.last(), self.target(tree, &standing)) else {
            return Ok(vec![format!("{} takes it", tree.name)]);
        };
        let remote = self.judge.target.name();
        let is_there = standing.value(&name) != RefValue::Absent;
        let branch = &spelled(&name, is_there);
        Ok(match self.pushed(tree, &name, *newest, &standing)? {
            Outcome::Unknown => vec![format!("{} takes it", tree.name)],
            Outcome::AlreadyThere => vec![format!("{} has it already: drop it here", tree.name)],
            Outcome::Accepted => {
                let command = format!("git push {remote} {}:{branch}", newest.short());
                vec![format!("{} takes it: {command}", tree.name)]
            }
            Outcome::Refused if self.any_merge(commits) => vec![format!(
                "{} takes such paths, but a merge can't be moved: change them there, in a commit of their own",
                tree.name
            )],
            Outcome::Refused if !is_there => {
                vec![format!(
                    "{} takes it, but not what it stands on here",
                    tree.name
                )]
            }
            Outcome::Refused => picked(tree, &remote, branch, &oids),
        })
    }

    fn any_merge(&self, commits: &[CommitIx]) -> bool {
        let rows = commits
            .iter()
            .filter_map(|at| self.commits.range.rows.get(*at));
        rows.into_iter().any(CommitRow::is_merge)
    }

    /// The tree's ref to name: one that is there, else the one that stands in the policy where
    /// the pushed ref does, since layouts are listed side by side.
    fn target(&self, tree: &Tree, standing: &RefTable) -> Option<RefName> {
        let names = literal_names(tree);
        let there = names
            .iter()
            .find(|name| standing.value(name) != RefValue::Absent);
        let layout = self
            .case
            .tree
            .refs
            .iter()
            .position(|refs| refs.matches(self.case.ref_name));
        let beside = layout.and_then(|at| names.get(at));
        there.or(beside).or(names.first()).cloned()
    }

    fn refs_of(&self, tree: &Tree) -> Result<RefTable, Error> {
        let mut wanted = BTreeSet::new();
        add_prefixes(&tree.refs, &mut wanted);
        upstream_prefixes(tree, self.judge.policy, &mut wanted);
        let judge = self.judge;
        judge.target.refs(judge.repo, &wanted, judge.budget)
    }

    /// What would come of pushing the commit, with all that it stands on, to the tree.
    fn pushed(
        &self,
        tree: &Tree,
        name: &RefName,
        new: Oid,
        standing: &RefTable,
    ) -> Result<Outcome, Error> {
        let hidden = self.judge.hidden(tree, standing)?;
        if self.is_far(new, &hidden)? {
            return Ok(Outcome::Unknown);
        }
        let old = self.judge.old(name, standing.value(name))?;
        let verdict = self.judge.judge(&Case {
            tree,
            ref_name: name,
            old,
            new,
            hidden,
            doubtful: false,
        })?;
        Ok(
            match (
                refuses(tree, &verdict),
                verdict.commits.range.rows.is_empty(),
            ) {
                (true, _) => Outcome::Refused,
                (false, true) => Outcome::AlreadyThere,
                (false, false) => Outcome::Accepted,
            },
        )
    }

    /// Returns true if and only if more would be pushed than is judged for the sake of advice.
    fn is_far(&self, new: Oid, hidden: &[Oid]) -> Result<bool, Error> {
        let few = Budget::new(Limits {
            commits: MOST_ADVISED,
            ..self.judge.policy.limits
        });
        match Range::entering(self.judge.history, new, hidden, &few) {
            Err(Error::TooMuch(_)) => Ok(true),
            other => other.map(|_| false),
        }
    }

    /// For a commit whose paths belong to different trees: which belong where, a line each.
    pub(crate) fn split(&self, at: CommitIx) -> Result<Vec<String>, Error> {
        let touched = self.mask(&[at])?;
        let classes = self.judge.policy.classes.iter().enumerate();
        let homes: Vec<(String, ClassIx)> = classes
            .filter(|(class, entry)| !entry.neutral && touched.contains(Some(*class)))
            .map(|(class, _)| (self.homes(ClassMask::of(Some(class))), class))
            .collect();
        if homes
            .windows(2)
            .all(|pair| matches!(pair, [(one, _), (other, _)] if one == other))
        {
            return Ok(Vec::new());
        }
        let mut lines = Vec::new();
        for (home, class) in homes {
            let of = Touched::either(ClassMask::of(Some(class)));
            let sample = self.judge.paths(&self.commits.range, at, of, PATHS_NAMED)?;
            let shown: Vec<String> = sample
                .paths
                .iter()
                .map(|path| Shown(&path.path).to_string())
                .collect();
            let more = if sample.total > PATHS_NAMED {
                ", …"
            } else {
                ""
            };
            let class = self.judge.policy.class_name(Some(class));
            lines.push(format!("  {}{more} ({class}): {home}", shown.join(", ")));
        }
        Ok(lines)
    }

    /// Every tree with path rules, this one included, that takes a commit of these classes.
    fn homes(&self, mask: ClassMask) -> String {
        let own = Some(self.case.tree).filter(|tree| accepts(tree, mask));
        let all: Vec<&Tree> = own.into_iter().chain(self.takers(mask)).collect();
        if all.is_empty() {
            "no tree of this policy".into()
        } else {
            names(&all)
        }
    }
}

/// What would come of another push.
enum Outcome {
    Unknown,
    AlreadyThere,
    Accepted,
    Refused,
}

/// How a commit gets another message.
pub(crate) fn reworded(commit: Oid) -> String {
    let short = commit.short();
    format!("reword it: git rebase -i {short}^, and `reword` for {short}")
}

/// Returns true if and only if the push that was judged would be refused. A warning about the
/// update itself counts as well: nobody is told to do what is warned of.
pub(crate) fn refuses(tree: &Tree, verdict: &Verdict) -> bool {
    let denies = |broken: &Broken| tree.severity(broken.code) == Severity::Deny;
    verdict.update.is_some()
        || verdict.exceeded.is_some()
        || verdict.commits.broken.iter().any(denies)
}

/// The refs of the tree that a command can name.
pub(crate) fn literal_names(tree: &Tree) -> Vec<RefName> {
    tree.literal_refs()
        .filter_map(|name| RefName::new(name.as_bytes()))
        .collect()
}

/// A ref to try commits on. Which one is all the same: only the findings on the commits count
/// there, and a tree may have no ref in this repository.
pub(crate) fn any_ref(tree: &Tree) -> Result<RefName, Error> {
    let literal = literal_names(tree).into_iter().next();
    literal
        .or_else(|| RefName::new(b"refs/heads/tree"))
        .ok_or(Error::Internal("a name for a ref that is none"))
}

/// A ref as `git push` takes it in a shell: a branch that is there by its short name, any other by its whole
/// one.
pub(crate) fn spelled(name: &RefName, is_there: bool) -> String {
    let whole = name.as_bytes();
    match whole.strip_prefix(b"refs/heads/") {
        Some(branch) if is_there => word(branch),
        _ => word(whole),
    }
}

/// Puts the reader onto what a branch of a remote holds.
pub(crate) fn switched(remote: &str, branch: &str) -> String {
    format!("git fetch {remote} {branch} && git switch --detach FETCH_HEAD")
}

fn picked(tree: &Tree, remote: &str, branch: &str, oids: &[Oid]) -> Vec<String> {
    let named: Vec<String> = oids.iter().take(COMMITS_NAMED).map(Oid::short).collect();
    let more = if oids.len() > COMMITS_NAMED {
        " …"
    } else {
        ""
    };
    vec![
        format!("{} takes it, but not what it stands on here:", tree.name),
        format!("  {} &&", switched(remote, branch)),
        format!(
            "  git cherry-pick {}{more} && git push {remote} HEAD:{branch}",
            named.join(" ")
        ),
    ]
}

fn accepts(tree: &Tree, mask: ClassMask) -> bool {
    let touched = Touched {
        own: mask,
        resolved: ClassMask::EMPTY,
    };
    let denied = tree
        .deny
        .as_ref()
        .is_some_and(|rule| is_denied(rule, touched));
    let only = tree
        .deny_only
        .as_ref()
        .is_some_and(|rule| is_only_denied(rule, false, mask));
    !denied && !only
}

fn names(trees: &[&Tree]) -> String {
    let names: Vec<&str> = trees.iter().map(|tree| tree.name.as_str()).collect();
    names.join(" or ")
}
