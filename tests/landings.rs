//! The preset against commits that really landed: each row of `data/bpf-landings.tsv` becomes a
//! commit that touches its files, judged for the tree that took it.
//!
//! The data says where a commit landed, not where it should have. What the two rules by their
//! words must refuse stays refused here, and is listed with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use treewarden::budget::Budget;
use treewarden::decision::Decision;
use treewarden::gate::{self, Supposed};
use treewarden::git::{CleanGit, Jobs, Repo};
use treewarden::policy::{self, Policy, Source};
use treewarden::update::{Oid, RefName};

const DATA: &str = include_str!("data/bpf-landings.tsv");

/// Rows that the rules must refuse, and why that is right.
const REFUSED: [(&str, &str, &str); 3] = [
    (
        "bpf-next/master",
        "ktls, sockmap: Fix missing uncharge operation",
        "networking alone: it changes TLS and nothing else",
    ),
    (
        "bpf-next/net",
        "bpf: Prepare to reuse get_ctx_arg_idx",
        "core alone; it came first in a networking series, and judged with that it passes",
    ),
    (
        "bpf-next/net",
        "bpf: Clear packet pointers after changing packet data in kfuncs",
        "core alone; it entered both trees by a stable branch, in a networking series",
    ),
];

struct Row<'d> {
    subject: &'d str,
    tree: &'static str,
    files: Vec<&'d str>,
}

fn rows() -> Vec<Row<'static>> {
    let mut rows = Vec::new();
    for line in DATA.lines().skip(1) {
        let mut fields = line.split('\t');
        let (subject, branch) = (fields.next().unwrap(), fields.next().unwrap());
        let files: Vec<&str> = fields
            .next()
            .unwrap()
            .split(',')
            .filter(|file| !file.is_empty())
            .collect();
        let trees: &[&str] = match branch {
            "master" => &["bpf-next/master"],
            "net" => &["bpf-next/net"],
            "both(net+master)" => &["bpf-next/master", "bpf-next/net"],
            "bpf" => &["bpf"],
            other => panic!("{other} is no tree of the data's"),
        };
        rows.extend(trees.iter().map(|tree| Row {
            subject,
            tree,
            files: files.clone(),
        }));
    }
    rows
}

/// Makes a root commit for each row; their names, in order.
fn import(folder: &Path, rows: &[Row<'_>]) -> Vec<Oid> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", folder);
        command.args(arguments).current_dir(folder);
        command
    };
    assert!(
        git(&["init", "-q", "--bare", "."])
            .status()
            .unwrap()
            .success()
    );
    let mut stream = String::new();
    for (at, row) in rows.iter().enumerate() {
        stream += &format!("reset refs/heads/row{at:04}\ncommit refs/heads/row{at:04}\n");
        stream += &format!(
            "committer A <a@b> {} +0000\ndata {}\n",
            1_700_000_000 + at,
            row.subject.len()
        );
        stream += &format!("{}\n", row.subject);
        for file in &row.files {
            stream += &format!("M 100644 inline {file}\ndata 1\nx\n");
        }
    }
    let mut child = git(&["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(stream.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    let listed = git(&["for-each-ref", "--format=%(objectname)"])
        .output()
        .unwrap()
        .stdout;
    listed
        .trim_ascii()
        .split(|byte| *byte == b'\n')
        .map(|hex| Oid::from_hex(hex).unwrap())
        .collect()
}

fn judge(policy: &Policy, repo: &Repo, tree: &str, commit: Oid) -> bool {
    let tree = policy
        .trees
        .iter()
        .find(|known| known.name == tree)
        .unwrap();
    let ref_name = RefName::new(tree.literal_refs().next().unwrap().as_bytes()).unwrap();
    let supposed = Supposed {
        tree,
        ref_name: &ref_name,
        old: None,
        new: commit,
    };
    let budget = Budget::new(policy.limits);
    match gate::check(supposed, policy, repo, &budget, Jobs::ONE).unwrap() {
        Decision::Accept(_) => true,
        Decision::Reject(_) => false,
    }
}

#[test]
fn landed_commits_are_accepted_but_for_those_that_the_rules_name() {
    let rows: Vec<Row<'_>> = rows()
        .into_iter()
        .filter(|row| !row.files.is_empty())
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let commits = import(folder.path(), &rows);
    assert_eq!(commits.len(), rows.len());
    let policy = policy::load(&Source::Preset("bpf-next".into()), None).unwrap();
    let git = CleanGit {
        path: std::env::var_os("PATH"),
    };
    let repo = Repo::open(folder.path(), git).unwrap();
    let mut agreed: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut refused = BTreeSet::new();
    for (row, commit) in rows.iter().zip(commits) {
        let count = agreed.entry(row.tree).or_default();
        if judge(&policy, &repo, row.tree, commit) {
            count.0 += 1;
        } else {
            count.1 += 1;
            refused.insert((row.tree, row.subject));
        }
    }
    print_table(&agreed);
    let expected: BTreeSet<(&str, &str)> = REFUSED
        .iter()
        .map(|(tree, subject, _)| (*tree, *subject))
        .collect();
    assert_eq!(refused, expected);
}

/// Written past the test runner's capture: the table is a result of its own.
fn print_table(agreed: &BTreeMap<&str, (usize, usize)>) {
    let mut out = std::io::stderr().lock();
    writeln!(out, "landed commits, by tree:      agreed  refused").unwrap();
    for (tree, (yes, no)) in agreed {
        writeln!(out, "  {tree:<26} {yes:>7} {no:>8}").unwrap();
    }
    for (tree, subject, reason) in REFUSED {
        writeln!(out, "  refused on {tree}: {subject}\n    {reason}").unwrap();
    }
}
