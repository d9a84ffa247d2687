//! Where a refused commit belongs, and the command that would put it there.

use std::collections::BTreeSet;

use crate::classify::{ClassIx, ClassMask};
use crate::error::Error;
use crate::finding::{Code, Severity, TouchedPath};
use crate::gate::add_prefixes;
use crate::git::{CommitIx, RefTable, Touched};
use crate::judge::{Case, Judge, Verdict};
use crate::policy::Tree;
use crate::report::escape::Shown;
use crate::rules::paths::{is_denied, is_only_denied};
use crate::rules::{Broken, Who};
use crate::update::{Oid, RefName, RefValue};

/// How many commits a suggested command names.
const COMMITS_NAMED: usize = 5;
/// How many paths a line of advice names.
const PATHS_NAMED: usize = 3;

/// Works out the advice on one refused case.
pub struct Router<'v, 'r> {
    /// The judge of the push.
    pub judge: &'v Judge<'r>,
    /// The case that was refused.
    pub case: &'v Case<'v>,
    /// What came of it.
    pub verdict: &'v Verdict,
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
        let takers = self.takers(self.mask(&commits));
        let mut help = Vec::new();
        if command {
            for tree in &takers {
                help.extend(self.command(tree, &commits)?);
            }
        } else if !takers.is_empty() {
            help.push(format!("it belongs on {}", names(&takers)));
        }
        if let [only] = commits.as_slice() {
            help.extend(self.split(*only)?);
        }
        if help.is_empty() {
            help.push("no tree of this policy takes these paths: ask its maintainers".into());
        }
        Ok(help)
    }

    fn reword(&self, at: CommitIx) -> Result<String, Error> {
        let row = self.verdict.range.row(at)?;
        let short = row.oid.short();
        Ok(format!(
            "reword it: git rebase -i {short}^, and `reword` for {short}"
        ))
    }

    fn mask(&self, commits: &[CommitIx]) -> ClassMask {
        let touched = commits
            .iter()
            .filter_map(|at| self.verdict.touched.get(*at));
        touched.fold(ClassMask::EMPTY, |mask, touched| mask | touched.all())
    }

    /// The other trees whose path rules accept a commit of these classes. Trees without such
    /// rules accept everything, so they say nothing about where a commit belongs.
    fn takers(&self, mask: ClassMask) -> Vec<&Tree> {
        let trees = self.judge.policy.trees.iter();
        trees
            .filter(|tree| tree.name != self.case.tree.name && !tree.refs.is_empty())
            .filter(|tree| tree.deny.is_some() || tree.deny_only.is_some())
            .filter(|tree| accepts(tree, mask))
            .collect()
    }

    /// A command that moves the commits to the tree.
    fn command(&self, tree: &Tree, commits: &[CommitIx]) -> Result<Option<String>, Error> {
        let Some(target) = tree.literal_ref() else {
            return Ok(Some(format!("it belongs on {}", tree.name)));
        };
        let oids = commits
            .iter()
            .map(|at| Ok(self.verdict.range.row(*at)?.oid))
            .collect::<Result<Vec<Oid>, Error>>()?;
        let (Some(newest), Some(name)) = (oids.last(), RefName::new(target.as_bytes())) else {
            return Ok(None);
        };
        let short = target.strip_prefix("refs/heads/").unwrap_or(target);
        let standing = self.refs_of(tree)?;
        let exists = standing.value(&name) != RefValue::Absent;
        if self.would_accept(tree, &name, *newest, &standing)? {
            let destination = if exists { short } else { target };
            return Ok(Some(format!(
                "{} takes it: git push origin {}:{destination}",
                tree.name,
                newest.short()
            )));
        }
        let picked: Vec<String> = oids.iter().take(COMMITS_NAMED).map(Oid::short).collect();
        let more = if oids.len() > COMMITS_NAMED {
            " …"
        } else {
            ""
        };
        Ok(Some(format!(
            "{} takes it, but not with all that it stands on here: git fetch origin {short} && \
             git switch --detach FETCH_HEAD && git cherry-pick {}{more} && git push origin HEAD:{short}",
            tree.name,
            picked.join(" ")
        )))
    }

    fn refs_of(&self, tree: &Tree) -> Result<RefTable, Error> {
        let mut wanted = BTreeSet::new();
        add_prefixes(&tree.refs, &mut wanted);
        for upstream in tree
            .upstreams
            .iter()
            .filter_map(|at| self.judge.policy.upstreams.get(*at))
        {
            add_prefixes(&upstream.refs, &mut wanted);
        }
        self.judge.repo.refs(&wanted, self.judge.budget)
    }

    fn would_accept(
        &self,
        tree: &Tree,
        name: &RefName,
        new: Oid,
        standing: &RefTable,
    ) -> Result<bool, Error> {
        let hidden = self.judge.hidden(tree, standing)?;
        let old = match standing.value(name).oid() {
            Some(oid) => self
                .judge
                .repo
                .peel(oid)?
                .map_or(RefValue::Absent, RefValue::At),
            None => RefValue::Absent,
        };
        let verdict = self.judge.judge(&Case {
            tree,
            ref_name: name,
            old,
            new,
            hidden,
        })?;
        let denies = |code| tree.severity(code) == Severity::Deny;
        Ok(verdict.update.is_none() && !verdict.broken.iter().any(|broken| denies(broken.code)))
    }

    /// For a commit whose paths belong to different trees: which belong where.
    fn split(&self, at: CommitIx) -> Result<Vec<String>, Error> {
        let sample = self.judge.all_paths(&self.verdict.range, at)?;
        let mut classes: Vec<(ClassIx, Vec<&TouchedPath>)> = Vec::new();
        for path in &sample.paths {
            let Some(class) = path.matched.map(|matched| matched.class) else {
                continue;
            };
            match classes.iter_mut().find(|(known, _)| *known == class) {
                Some((_, paths)) => paths.push(path),
                None => classes.push((class, vec![path])),
            }
        }
        let homes: Vec<_> = classes
            .into_iter()
            .filter(|(class, _)| !self.is_neutral(*class))
            .map(|(class, paths)| (self.homes(ClassMask::of(Some(class))), class, paths))
            .collect();
        if homes
            .windows(2)
            .all(|pair| matches!(pair, [(one, ..), (other, ..)] if one == other))
        {
            return Ok(Vec::new());
        }
        let mut lines = vec!["or split it: its paths belong to different trees".to_owned()];
        for (home, class, paths) in homes {
            let shown: Vec<String> = paths
                .iter()
                .take(PATHS_NAMED)
                .map(|path| Shown(&path.path).to_string())
                .collect();
            let more = if paths.len() > PATHS_NAMED {
                ", …"
            } else {
                ""
            };
            let class = self.judge.policy.class_name(Some(class));
            lines.push(format!("  {}{more} ({class}): {home}", shown.join(", ")));
        }
        Ok(lines)
    }

    fn is_neutral(&self, class: ClassIx) -> bool {
        self.judge
            .policy
            .classes
            .get(class)
            .is_some_and(|class| class.neutral)
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
        .is_some_and(|rule| is_only_denied(rule, mask));
    !denied && !only
}

fn names(trees: &[&Tree]) -> String {
    let names: Vec<&str> = trees.iter().map(|tree| tree.name.as_str()).collect();
    names.join(" or ")
}
