//! What becomes of the commit in the push: whether it enters, and what holds it if it doesn't.

use super::{Course, Question, Ruling, story};
use crate::error::Error;
use crate::finding::Code;
use crate::git::RefTable;
use crate::judge::{Case, Judge, Old, Verdict};
use crate::policy::any_matches;
use crate::update::{Oid, RefName};

/// What a commit that was there before is reachable from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The old value of the push.
    Old(Oid),
    /// Another ref of the tree.
    Ref(RefName),
    /// An upstream, by one of its refs.
    Upstream {
        /// Its name.
        name: String,
        /// The ref.
        ref_name: RefName,
    },
    /// A commit of `since`.
    Since(Oid),
}

/// Judges the push, and tells what that means for the commit.
pub(super) fn run(
    case: &Case<'_>,
    question: &Question<'_>,
    judge: &Judge<'_>,
    standing: &RefTable,
) -> Result<(Option<Ruling>, Course), Error> {
    let verdict = judge.judge(case)?;
    let update = update(case, judge, &verdict)?;
    let course = match verdict.exceeded {
        Some(exceeded) => Course::TooMuch(exceeded, case.tree.severity(Code::TooMuch)),
        None if !case.tree.judges_commits() => Course::NoRules,
        None => {
            let rows = &verdict.commits.range.rows;
            match rows.iter().position(|row| row.oid == question.commit) {
                None => Course::There(holders(case, question, judge, standing)?),
                Some(at) => Course::Enters(Box::new(story::tell(
                    at,
                    case,
                    &verdict.commits,
                    judge.policy,
                    judge.repo,
                )?)),
            }
        }
    };
    Ok((update, course))
}

/// What the tree says to the update of its ref.
fn update(case: &Case<'_>, judge: &Judge<'_>, verdict: &Verdict) -> Result<Option<Ruling>, Error> {
    let tree = case.tree;
    let broken = verdict.update.as_ref();
    let (rule, permission, words) = match case.old {
        Old::Absent => ("create", &tree.create, "the push creates the ref"),
        Old::Commit(old) if broken.is_none() && reaches(judge, case.new, old)? => {
            ("rewind", &tree.rewind, "the new value contains the old one")
        }
        Old::Commit(_) | Old::Unknown if verdict.exceeded.is_some() => (
            "rewind",
            &tree.rewind,
            "whether the new value contains the old one isn't known",
        ),
        Old::Commit(_) | Old::Unknown => (
            "rewind",
            &tree.rewind,
            "the new value doesn't contain the old one",
        ),
    };
    Ok(Some(Ruling {
        rule,
        place: permission.place.clone(),
        broken: broken.map(|finding| (finding.code, finding.severity)),
        words: words.into(),
    }))
}

/// All that the commit is reachable from: one ref for the tree, and one for each upstream.
fn holders(
    case: &Case<'_>,
    question: &Question<'_>,
    judge: &Judge<'_>,
    standing: &RefTable,
) -> Result<Vec<Holder>, Error> {
    let tree = case.tree;
    let holds = |from: Oid| reaches_commit(judge, from, question.commit);
    let mut holders = Vec::new();
    if let Old::Commit(old) = case.old
        && holds(old)?
    {
        holders.push(Holder::Old(old));
    }
    for (name, found) in standing.iter() {
        let other = question.push.is_none() && name != case.ref_name && tree.governs(name);
        if other && holds(found.value)? {
            holders.push(Holder::Ref(name.clone()));
            break;
        }
    }
    for upstream in judge.policy.upstreams_of(tree) {
        for (name, found) in standing.iter() {
            if any_matches(&upstream.refs, name) && holds(found.value)? {
                holders.push(Holder::Upstream {
                    name: upstream.name.clone(),
                    ref_name: name.clone(),
                });
                break;
            }
        }
    }
    for since in super::since(tree, judge.repo)? {
        if holds(since)? {
            holders.push(Holder::Since(since));
        }
    }
    Ok(holders)
}

/// The same for what a ref holds, which may be no commit.
fn reaches_commit(judge: &Judge<'_>, from: Oid, to: Oid) -> Result<bool, Error> {
    match judge.repo.peel(from)? {
        Some(from) => reaches(judge, from, to),
        None => Ok(false),
    }
}

/// Returns true if and only if `to` is `from` or one of its ancestors. An ancestor is the only
/// merge base that it has with its descendant, whatever the dates say.
pub(super) fn reaches(judge: &Judge<'_>, from: Oid, to: Oid) -> Result<bool, Error> {
    Ok(judge.history.merge_bases(to, &[from])?.contains(&to))
}
