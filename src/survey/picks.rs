//! The command that puts commits onto what a tree holds.

use crate::error::Error;
use crate::git::{CommitIx, Parent, Range};
use crate::route::switched;

/// How long a line becomes before it is broken.
const WIDTH: usize = 88;
/// From so many neighbours on, they are named by their ends.
const RUN: usize = 3;

/// Commits that are picked in one go.
pub(super) struct Pick {
    /// Which; no merges.
    pub patches: Vec<CommitIx>,
    /// Whether a merge has to bring them, since the tree takes them only as a series.
    pub as_series: bool,
}

/// One command over several lines: nothing is pushed unless all that comes before it worked.
pub(super) fn picking(
    range: &Range,
    picks: &[Pick],
    remote: &str,
    branch: &str,
) -> Result<Vec<String>, Error> {
    let mut lines = vec![format!("{} &&", switched(remote, branch))];
    let mut loose: Vec<CommitIx> = Vec::new();
    for pick in picks.iter().filter(|pick| !pick.patches.is_empty()) {
        if !pick.as_series {
            loose.extend(&pick.patches);
            continue;
        }
        lines.extend(cherry_pick(range, &std::mem::take(&mut loose))?);
        lines.extend(cherry_pick(range, &pick.patches)?);
        let count = pick.patches.len();
        lines.push(format!(
            "git switch --detach HEAD~{count} && git merge --no-ff - &&"
        ));
    }
    lines.extend(cherry_pick(range, &loose)?);
    lines.push(format!("git push {remote} HEAD:{branch}"));
    Ok(lines)
}

fn cherry_pick(range: &Range, patches: &[CommitIx]) -> Result<Vec<String>, Error> {
    if patches.is_empty() {
        return Ok(Vec::new());
    }
    let mut lines = vec!["git cherry-pick".to_owned()];
    for word in revisions(range, patches)? {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < WIDTH => *line = format!("{line} {word}"),
            Some(line) => {
                line.push_str(" \\");
                lines.push(format!("    {word}"));
            }
            None => {}
        }
    }
    if let Some(line) = lines.last_mut() {
        line.push_str(" &&");
    }
    Ok(lines)
}

/// The commits as git takes them, neighbours as a range.
fn revisions(range: &Range, patches: &[CommitIx]) -> Result<Vec<String>, Error> {
    let mut words = Vec::new();
    for run in runs(range, patches)? {
        let short = |at: &CommitIx| Ok::<_, Error>(range.row(*at)?.oid.short());
        match run.as_slice() {
            [first, .., last] if run.len() >= RUN => {
                words.push(format!("{}^..{}", short(first)?, short(last)?));
            }
            few => {
                for at in few {
                    words.push(short(at)?);
                }
            }
        }
    }
    Ok(words)
}

/// The commits, cut wherever one doesn't stand on the one before. A root begins no run of
/// several, since it has nothing before it.
fn runs(range: &Range, patches: &[CommitIx]) -> Result<Vec<Vec<CommitIx>>, Error> {
    let mut runs: Vec<Vec<CommitIx>> = Vec::new();
    for at in patches {
        let parents = range.row(*at)?.parents.as_slice();
        let open = runs.last_mut().filter(|run| match (run.last(), parents) {
            (Some(last), [Parent::In(parent)]) => parent == last,
            _ => false,
        });
        match open {
            Some(run) if !range.row(first(run)?)?.parents.is_empty() => run.push(*at),
            _ => runs.push(vec![*at]),
        }
    }
    Ok(runs)
}

fn first(run: &[CommitIx]) -> Result<CommitIx, Error> {
    run.first()
        .copied()
        .ok_or(Error::Internal("a run without commits"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::CommitRow;
    use crate::update::Oid;

    fn oid(at: usize) -> Oid {
        let mut raw = [0; 20];
        raw[5] = u8::try_from(at + 1).unwrap();
        Oid::from_bytes(&raw).unwrap()
    }

    fn range(parents: &[&[Parent]]) -> Range {
        let rows = parents.iter().enumerate().map(|(at, parents)| CommitRow {
            oid: oid(at),
            tree: oid(at),
            parents: parents.iter().copied().collect(),
        });
        Range {
            rows: rows.collect(),
        }
    }

    fn line(count: usize) -> Range {
        let out = [Parent::Out(oid(200))];
        let inside: Vec<[Parent; 1]> = (0..count).map(|at| [Parent::In(at)]).collect();
        let parents = std::iter::once(&out[..]).chain(inside.iter().map(|one| &one[..]));
        range(&parents.take(count).collect::<Vec<_>>())
    }

    fn pick(patches: &[CommitIx], as_series: bool) -> Pick {
        Pick {
            patches: patches.to_vec(),
            as_series,
        }
    }

    #[test]
    fn nothing_is_pushed_unless_all_worked() {
        let lines = picking(&line(4), &[pick(&[0, 1, 2], false)], "origin", "net").unwrap();
        assert_eq!(
            lines,
            [
                "git fetch origin net && git switch --detach FETCH_HEAD &&",
                "git cherry-pick 000000000001^..000000000003 &&",
                "git push origin HEAD:net",
            ]
        );
    }

    #[test]
    fn a_series_is_merged_anew_where_it_has_to_stay_one() {
        let picks = [
            pick(&[0], false),
            pick(&[], true),
            pick(&[1, 3], true),
            pick(&[4], false),
        ];
        let lines = picking(&line(5), &picks, "o", "net").unwrap();
        assert_eq!(
            lines[1..],
            [
                "git cherry-pick 000000000001 &&",
                "git cherry-pick 000000000002 000000000004 &&",
                "git switch --detach HEAD~2 && git merge --no-ff - &&",
                "git cherry-pick 000000000005 &&",
                "git push o HEAD:net",
            ]
        );
    }

    #[test]
    fn a_root_has_nothing_before_it() {
        let rooted = range(&[&[], &[Parent::In(0)], &[Parent::In(1)], &[Parent::In(2)]]);
        assert_eq!(
            revisions(&rooted, &[0, 1, 2, 3]).unwrap(),
            ["000000000001", "000000000002^..000000000004"]
        );
    }

    #[test]
    fn long_lines_are_broken() {
        let patches: Vec<CommitIx> = (0..20).step_by(2).collect();
        let lines = cherry_pick(&line(20), &patches).unwrap();
        assert!(lines.len() > 1 && lines.iter().all(|line| line.len() < WIDTH + 16));
        assert!(lines[0].ends_with(" \\") && lines[lines.len() - 1].ends_with(" &&"));
    }
}
