//! What no command can move, and what to do about it.

use super::moves::Mover;
use super::{Answer, Survey, judged};
use crate::error::Error;
use crate::finding::{Code, Severity};
use crate::git::{CommitIx, CommitRow};
use crate::judge::{Case, Old, Verdict};
use crate::policy::Tree;
use crate::route::{Router, SPLIT, any_ref, reworded};
use crate::update::Oid;

/// A commit that no command can move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Which.
    pub patch: CommitIx,
    /// Why, and what to do, a line each.
    pub why: Vec<String>,
}

impl Mover<'_> {
    /// What a merge changes itself is lost where only the commits that it brought are moved.
    pub fn stuck_merge(&self, at: CommitIx) -> Option<Stuck> {
        let edits = self.base.edits.get(at).copied().unwrap_or_default();
        edits.then(|| Stuck {
            patch: at,
            why: vec![
                "a merge can't be moved, and this one changes paths itself: \
                 change them there, in a commit of their own"
                    .into(),
            ],
        })
    }

    /// Why no tree takes the commit, and what to do.
    pub fn homeless(&self, survey: &Survey<'_>, at: CommitIx) -> Result<Vec<String>, Error> {
        let row = self.base.range.row(at)?;
        let for_words: Vec<&str> = survey
            .trees
            .iter()
            .filter(|answers| answers.alone.get(at).is_some_and(lacks_words_only))
            .map(|answers| answers.tree.name.as_str())
            .collect();
        if !for_words.is_empty() {
            let reword = reworded(row.oid);
            return Ok(vec![format!("for {}, {reword}", for_words.join(" or "))]);
        }
        let mut trees = survey.trees.iter().map(|answers| answers.tree);
        let split = match trees.find(|tree| tree.judges_paths()) {
            Some(tree) => self.split(tree, row)?,
            None => Vec::new(),
        };
        Ok(match split.is_empty() {
            true => vec!["no tree of this policy takes it: ask its maintainers".into()],
            false => std::iter::once(SPLIT.to_owned()).chain(split).collect(),
        })
    }

    fn split(&self, tree: &Tree, row: &CommitRow) -> Result<Vec<String>, Error> {
        judged(self.policy, self.repo, |judge| {
            let parents = row.parents.iter();
            let hidden = parents
                .map(|parent| self.base.range.oid(*parent))
                .collect::<Result<Vec<Oid>, Error>>()?;
            let case = Case {
                tree,
                ref_name: &any_ref(tree)?,
                old: hidden.first().map_or(Old::Absent, |oid| Old::Commit(*oid)),
                new: row.oid,
                hidden,
                doubtful: false,
            };
            let Verdict { commits, .. } = judge.judge(&case)?;
            let router = Router {
                judge,
                case: &case,
                commits: &commits,
            };
            router.split(0)
        })
    }
}

/// Returns true if and only if nothing but the message keeps the commit out.
fn lacks_words_only(answer: &Answer) -> bool {
    match answer {
        Answer::Judged(reasons) => reasons
            .iter()
            .filter(|reason| reason.severity == Severity::Deny)
            .all(|reason| reason.code == Code::MessagePattern),
        Answer::NotEnforced | Answer::There | Answer::TooMuch(..) => false,
    }
}
