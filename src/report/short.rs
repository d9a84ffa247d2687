//! A finding in one line, for lists of many.

use super::escape::{Shown, shortened};
use super::word;
use crate::finding::{Finding, Offence, Offender};

/// How much of a subject and of a path is shown, in characters.
const WIDTH: usize = 60;

/// `error[<code>] <oid> <subject>: <first path> and 2 more paths`
pub fn line(finding: &Finding) -> String {
    let weight = word(finding);
    let what = match &finding.offender {
        Offender::Update => format!("{}: {}", Shown(&finding.ref_name), finding.fault),
        Offender::Commit(offence) => offence_line(offence),
        Offender::Unit {
            what,
            size,
            commits,
            offending,
        } => {
            let first = commits
                .first()
                .map(|first| format!(", {}", offence_line(first)));
            let more = more(offending.len().saturating_sub(1), "commit");
            format!(
                "a {what} of {size} commits{}{more}",
                first.unwrap_or_default()
            )
        }
    };
    format!("{weight}[{}] {what}", finding.code)
}

fn offence_line(offence: &Offence) -> String {
    let mut line = offence.commit.oid.short();
    let subject = shortened(&offence.commit.subject, WIDTH);
    if !subject.is_empty() {
        line = format!("{line} {subject}");
    }
    if let Some(first) = offence.paths.paths.first() {
        let path = shortened(&first.path, WIDTH);
        let more = more(offence.paths.total.saturating_sub(1), "path");
        line = format!("{line}: {path}{more}");
    }
    line
}

fn more(count: usize, what: &str) -> String {
    match count {
        0 => String::new(),
        1 => format!(" and 1 more {what}"),
        _ => format!(" and {count} more {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Code, CommitLine, Origin, PathSample, Severity, TouchedPath};
    use crate::update::Oid;

    fn oid() -> Oid {
        Oid::from_hex(&[b'a'; 40]).unwrap()
    }

    fn offence(subject: &str, path: &str, total: usize) -> Offence {
        Offence {
            commit: CommitLine {
                oid: oid(),
                subject: subject.into(),
            },
            paths: PathSample {
                paths: vec![TouchedPath {
                    path: path.into(),
                    matched: None,
                    origin: Origin::Changed,
                }],
                total,
            },
        }
    }

    fn finding(offender: Offender) -> Finding {
        Finding {
            code: Code::DeniedPath,
            severity: Severity::Deny,
            tree: None,
            ref_name: b"refs/heads/\xff".to_vec(),
            offender,
            fault: "the ref is created".into(),
            place: None,
            help: Vec::new(),
            lifted_by: Vec::new(),
        }
    }

    #[test]
    fn each_offender_is_named_and_escaped() {
        let commit = finding(Offender::Commit(offence("a\x1b[2Jb", "net/\u{202e}c", 3)));
        assert_eq!(
            line(&commit),
            "error[denied-path] aaaaaaaaaaaa a\\x1b[2Jb: net/\\u{202e}c and 2 more paths"
        );
        let unit = finding(Offender::Unit {
            what: "series",
            size: 4,
            commits: vec![offence("one", "net/a", 1)],
            offending: vec![oid(); 2],
        });
        assert_eq!(
            line(&unit),
            "error[denied-path] a series of 4 commits, aaaaaaaaaaaa one: net/a and 1 more commit"
        );
        assert_eq!(
            line(&finding(Offender::Update)),
            "error[denied-path] refs/heads/\\xff: the ref is created"
        );
    }
}
