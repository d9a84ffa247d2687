//! `treewarden explain`: what a code means, why a commit passes or fails, what class a path has.

use std::ffi::OsString;
use std::io::{BufWriter, Write};
use std::os::unix::ffi::OsStrExt;

use clap::{ArgGroup, Args};

use super::{
    DEFAULT_REMOTE, no_remote, no_repository, policy, policy_called, range_ends, repository,
    too_much_named, tree_named,
};
use crate::ambient::Ambient;
use crate::budget::Budget;
use crate::error::{Error, Exit};
use crate::explain::{Question, explain};
use crate::finding::Code;
use crate::git::Repo;
use crate::manual;
use crate::policy::{Policy, did_you_mean};
use crate::report;
use crate::report::escape::Shown;
use crate::standing::Target;
use crate::update::{Oid, RefValue};

/// Tell what a code means, why a tree takes or refuses a commit, or the class of paths
///
/// With a CODE, such as `denied-path`, prints what docs/rules.md says of it. A name that is a
/// code is taken for one, also where a branch has it: write `refs/heads/<name>` for the branch.
///
/// With a COMMIT and a tree, tells step by step why the tree takes or refuses the commit: the
/// tree's refs and rules, whether the commit enters it, its parents, the series that it is judged
/// with, its paths and their classes, and what each rule says. The push that is looked at makes
/// the commit the new value of the tree's ref as that is in this repository; `--in` names
/// another one. Nothing is pushed.
///
/// With `--path`, prints a line for each path: the class (`none` for none), the path, the pattern
/// and its line, separated by tabs.
#[derive(Debug, Args)]
#[command(
    override_usage = FORMS,
    after_help = EXIT_HELP,
    group = ArgGroup::new("what").args(["subject", "paths"]).required(true)
)]
pub struct Explain {
    /// A code, or a commit
    #[arg(value_name = "CODE|COMMIT")]
    subject: Option<String>,
    /// The tree, by its name in the policy
    #[arg(long, value_name = "NAME", conflicts_with = "paths")]
    tree: Option<String>,
    /// The push to look at: `<old>..<new>`, or `<new>` alone for a ref that is created. What the
    /// tree's refs hold in this repository counts for nothing then
    #[arg(long = "in", value_name = "RANGE", requires = "tree")]
    range: Option<String>,
    /// The remote whose refs those of the tree are, as they were last fetched [default: in a
    /// clone `origin`, else this repository itself]
    #[arg(long, value_name = "NAME", requires = "tree")]
    remote: Option<String>,
    /// Of a merge, tell the modes and contents on every side
    #[arg(long, requires = "tree")]
    verbose: bool,
    /// A path from the top of the tree; it need not exist
    #[arg(long = "path", value_name = "PATH", num_args = 1..)]
    paths: Vec<OsString>,
    /// `preset:<name>` or a file [default: what the repository's config names]
    #[arg(long, value_name = "POLICY")]
    policy: Option<String>,
}

const FORMS: &str = "treewarden explain <CODE>
       treewarden explain <COMMIT> --tree <NAME> [--in <RANGE>] [--remote <NAME>]
                                               [--verbose] [--policy <POLICY>]
       treewarden explain --path <PATH>... [--policy <POLICY>]";

const EXIT_HELP: &str = "Exit status: 0 if the tree takes the commit, 1 if it refuses it; \
for a code or a path 0; 2 usage, 3 policy, 4 repository or input, 70 internal";

impl Explain {
    pub(super) fn run(&self, ambient: &Ambient, stdout: &mut dyn Write) -> anyhow::Result<Exit> {
        let mut out = BufWriter::new(stdout);
        let exit = match &self.subject {
            None => self.paths(ambient, &mut out)?,
            Some(subject) => match (Code::named(subject), &self.tree) {
                (Some(code), _) => {
                    out.write_all(manual::section(code)?.as_bytes())?;
                    Exit::Accept
                }
                (None, Some(tree)) => self.commit(subject, tree, ambient, &mut out)?,
                (None, None) => return Err(no_code(subject).into()),
            },
        };
        out.flush()?;
        Ok(exit)
    }

    fn paths(&self, ambient: &Ambient, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let repo = repository(ambient)?;
        let policy = policy(self.policy.as_deref(), repo.as_ref())?;
        for path in &self.paths {
            write_path(out, path.as_bytes(), &policy)?;
        }
        Ok(Exit::Accept)
    }

    fn commit(
        &self,
        commit: &str,
        tree: &str,
        ambient: &Ambient,
        out: &mut dyn Write,
    ) -> anyhow::Result<Exit> {
        let repo = repository(ambient)?.ok_or_else(no_repository)?;
        let remote = remote_of(&repo, self.remote.as_deref())?;
        let called = match &remote {
            Some(name) => repo.trusted_config(&format!("remote.{name}.treewardenRepository"))?,
            None => None,
        };
        let policy = policy_called(self.policy.as_deref(), Some(&repo), called)?;
        let budget = Budget::new(policy.limits);
        let question = Question {
            commit: repo.resolve(commit, &budget)?,
            tree: tree_named(tree, &policy)?,
            push: self.push(&repo, &budget)?,
            target: &Target::seen_from(&repo, remote.as_deref(), &policy, &budget)?,
        };
        let explanation = explain(&question, &policy, &repo).map_err(too_much_named)?;
        report::explain::write(out, &explanation, &policy, self.verbose)?;
        Ok(match explanation.is_refused() {
            true => Exit::Reject,
            false => Exit::Accept,
        })
    }

    fn push(&self, repo: &Repo, budget: &Budget) -> Result<Option<(RefValue, Oid)>, Error> {
        let Some(range) = &self.range else {
            return Ok(None);
        };
        let (old, new) = match range_ends(range) {
            Some((old, new)) => (RefValue::At(repo.resolve(old, budget)?), new),
            None => (RefValue::Absent, range.as_str()),
        };
        Ok(Some((old, repo.resolve(new, budget)?)))
    }
}

/// The remote that a clone is one of, for what is asked about its trees; `None` in a repository
/// that others push to.
fn remote_of(repo: &Repo, asked: Option<&str>) -> Result<Option<String>, Error> {
    let known = repo.remotes()?;
    if let Some(name) = asked {
        return match known.iter().any(|known| known == name) {
            true => Ok(Some(name.to_owned())),
            false => Err(no_remote(name)),
        };
    }
    let judged = repo.judged_remotes()?;
    let origin = |names: &[String]| names.iter().find(|name| *name == DEFAULT_REMOTE).cloned();
    Ok(match judged.as_slice() {
        [] if repo.is_bare() => None,
        [] => origin(&known),
        [first, ..] => origin(&judged).or(Some(first.clone())),
    })
}

fn no_code(name: &str) -> Error {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    Error::Usage(format!(
        "there is no code `{}`{}\nthe codes are {}\nto explain a commit, say on which tree: --tree NAME",
        Shown(name.as_bytes()),
        did_you_mean(name, &codes),
        codes.join(", ")
    ))
}

fn write_path(out: &mut dyn Write, path: &[u8], policy: &Policy) -> std::io::Result<()> {
    let matched = policy.classifier.find(path);
    let class = policy.class_name(matched.map(|found| found.class));
    write!(out, "{class}\t{}", Shown(path))?;
    if let Some(pattern) = matched.and_then(|found| policy.pattern(found)) {
        write!(out, "\t{}\t{}", pattern.text, pattern.place)?;
    }
    writeln!(out)
}
