//! What git itself makes of contents that both sides of a merge changed.
//!
//! Only `git merge-tree` merges files exactly as git merges files, so it is asked. But it also
//! follows renames (it can't be told not to before git 2.50), attributes and configuration, which
//! have no part here. So it never sees the real trees: it gets a scratch repository of made-up
//! commits, whose trees hold nothing but the contents in question, each under a number for a name.
//! Nothing can be renamed there, no attribute matches, and the answers to all questions of a push
//! come from one process. The scratch borrows the objects and leaves none behind.
//!
//! Where a merge has several bases, git merges those first, and their bases before them. The
//! made-up history then has the shape of the real one, reduced to these commits and their dates,
//! and git does what it always does.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::rc::Rc;

use git2::{ObjectType, Repository};
use tempfile::TempDir;

use super::command::{CleanGit, run};
use super::history::History;
use super::objects::Leaf;
use super::open::{Repo, open_scratch};
use crate::budget::Budget;
use crate::error::Error;
use crate::update::{ObjectFormat, Oid};

/// How many commits a made-up history may have. Beyond it, older bases count as unrelated.
const MOST_COMMITS: usize = 64;

/// Something that only git can say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Question {
    /// The merge of two contents.
    Contents {
        /// Their common base; `None` where both were added.
        base: Option<Leaf>,
        /// What the one side has.
        one: Leaf,
        /// What the other has.
        other: Leaf,
    },
    /// What the merge of two commits with several bases has at a path.
    Path {
        /// The one commit.
        one: Oid,
        /// The other.
        other: Oid,
        /// The path.
        path: Vec<u8>,
    },
}

/// git's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merged {
    /// What the automatic merge has there.
    Clean(Option<Leaf>),
    /// There is no automatic merge.
    Conflict,
}

/// Questions that were noted, and answers that were given.
pub(super) struct Contents<'r> {
    repo: &'r Repo,
    history: &'r History<'r>,
    budget: &'r Budget,
    answers: HashMap<Question, Merged>,
    open: BTreeSet<Question>,
    /// Made for the first question and kept: what one round merged, the next may ask about.
    scratch: Option<Rc<Scratch<'r>>>,
}

impl<'r> Contents<'r> {
    /// Nothing asked yet.
    pub fn new(repo: &'r Repo, history: &'r History<'r>, budget: &'r Budget) -> Self {
        Self {
            repo,
            history,
            budget,
            answers: HashMap::new(),
            open: BTreeSet::new(),
            scratch: None,
        }
    }

    /// The answer; `None`, and the question noted for the next [`ask`](Self::ask), if there is
    /// none yet.
    pub fn answer(&mut self, question: Question) -> Option<Merged> {
        let known = self.answers.get(&question).copied();
        if known.is_none() {
            self.open.insert(question);
        }
        known
    }

    /// Puts all noted questions to git.
    pub fn ask(&mut self) -> Result<(), Error> {
        let open = std::mem::take(&mut self.open);
        if open.is_empty() {
            return Ok(());
        }
        let scratch = self.scratch()?;
        let mut plain = Vec::new();
        let mut recursive: BTreeMap<(Oid, Oid), Vec<Vec<u8>>> = BTreeMap::new();
        for question in open {
            match question {
                Question::Contents { base, one, other } => plain.push((base, one, other)),
                Question::Path { one, other, path } => {
                    recursive.entry((one, other)).or_default().push(path);
                }
            }
        }
        self.ask_plain(&scratch, &plain)?;
        for ((one, other), paths) in recursive {
            self.ask_recursive(&scratch, one, other, paths)?;
        }
        Ok(())
    }

    fn scratch(&mut self) -> Result<Rc<Scratch<'r>>, Error> {
        if let Some(scratch) = &self.scratch {
            return Ok(scratch.clone());
        }
        let scratch = Rc::new(Scratch::new(self.repo, self.budget)?);
        self.scratch = Some(scratch.clone());
        Ok(scratch)
    }

    fn ask_plain(
        &mut self,
        scratch: &Scratch<'_>,
        questions: &[(Option<Leaf>, Leaf, Leaf)],
    ) -> Result<(), Error> {
        if questions.is_empty() {
            return Ok(());
        }
        let bases: Vec<_> = questions.iter().map(|(base, _, _)| *base).collect();
        let ones: Vec<_> = questions.iter().map(|(_, one, _)| Some(*one)).collect();
        let others: Vec<_> = questions.iter().map(|(_, _, other)| Some(*other)).collect();
        let base = scratch.commit(&bases, &[], 0)?;
        let one = scratch.commit(&ones, &[base], 0)?;
        let other = scratch.commit(&others, &[base], 0)?;
        let answers = scratch.merge(one, other, questions.len())?;
        for ((base, one, other), answer) in questions.iter().zip(answers) {
            let question = Question::Contents {
                base: *base,
                one: *one,
                other: *other,
            };
            self.answers.insert(question, answer);
        }
        Ok(())
    }

    /// Paths that every commit of the history has are asked for together. One that some commit
    /// lacks is asked for alone: beside another of its kind it could pass for a rename.
    fn ask_recursive(
        &mut self,
        scratch: &Scratch<'_>,
        one: Oid,
        other: Oid,
        paths: Vec<Vec<u8>>,
    ) -> Result<(), Error> {
        let shape = Shape::find(self.history, one, other)?;
        let mut together = Vec::new();
        let mut groups = Vec::new();
        for path in paths {
            let mut everywhere = true;
            for commit in &shape.commits {
                let tree = self.history.commit(*commit)?.tree;
                everywhere &= self.repo.leaf_at(tree, &path)?.is_some();
            }
            if everywhere {
                together.push(path);
            } else {
                groups.push(vec![path]);
            }
        }
        groups.push(together);
        for group in groups.into_iter().filter(|group| !group.is_empty()) {
            let answers = self.ask_group(scratch, &shape, one, other, &group)?;
            for (path, answer) in group.into_iter().zip(answers) {
                self.answers
                    .insert(Question::Path { one, other, path }, answer);
            }
        }
        Ok(())
    }

    fn ask_group(
        &self,
        scratch: &Scratch<'_>,
        shape: &Shape,
        one: Oid,
        other: Oid,
        group: &[Vec<u8>],
    ) -> Result<Vec<Merged>, Error> {
        let mut made: HashMap<Oid, Oid> = HashMap::new();
        for real in &shape.commits {
            let commit = self.history.commit(*real)?;
            let leaves = group
                .iter()
                .map(|path| self.repo.leaf_at(commit.tree, path))
                .collect::<Result<Vec<_>, _>>()?;
            let bases = shape.bases.get(real).into_iter().flatten();
            let parents: Vec<Oid> = bases.filter_map(|base| made.get(base).copied()).collect();
            made.insert(*real, scratch.commit(&leaves, &parents, commit.time)?);
        }
        match (made.get(&one), made.get(&other)) {
            (Some(one), Some(other)) => scratch.merge(*one, *other, group.len()),
            _ => Err(Error::Internal("a made-up history without its ends")),
        }
    }
}

/// The commits that a merge with several bases hangs on.
struct Shape {
    /// All of them, the oldest first.
    commits: Vec<Oid>,
    /// Which of them stand below each.
    bases: HashMap<Oid, BTreeSet<Oid>>,
}

impl Shape {
    fn find(history: &History<'_>, one: Oid, other: Oid) -> Result<Self, Error> {
        let mut bases: HashMap<Oid, BTreeSet<Oid>> = HashMap::new();
        let mut open = vec![(one, other)];
        let mut seen = BTreeSet::new();
        while let Some((one, other)) = open.pop() {
            if bases.len() >= MOST_COMMITS || !seen.insert((one.min(other), one.max(other))) {
                continue;
            }
            let found = history.merge_bases(one, &[other])?;
            for (at, base) in found.iter().enumerate() {
                bases.entry(one).or_default().insert(*base);
                bases.entry(other).or_default().insert(*base);
                bases.entry(*base).or_default();
                open.extend(found.iter().take(at).map(|before| (*before, *base)));
            }
        }
        let commits = oldest_first(&bases);
        Ok(Self { commits, bases })
    }
}

/// Bases before what stands on them. A base is an ancestor, so there is no circle.
fn oldest_first(bases: &HashMap<Oid, BTreeSet<Oid>>) -> Vec<Oid> {
    let mut sorted: Vec<Oid> = Vec::new();
    let mut open: BTreeSet<Oid> = bases.keys().copied().collect();
    while !open.is_empty() {
        let ready: Vec<Oid> = open
            .iter()
            .filter(|oid| bases.get(oid).is_none_or(|below| below.is_disjoint(&open)))
            .copied()
            .collect();
        if ready.is_empty() {
            break;
        }
        open.retain(|oid| !ready.contains(oid));
        sorted.extend(ready);
    }
    sorted
}

/// A repository of made-up commits that goes away with this value.
struct Scratch<'b> {
    folder: TempDir,
    repo: Repository,
    git: CleanGit,
    alternates: OsString,
    budget: &'b Budget,
}

impl<'b> Scratch<'b> {
    fn new(real: &Repo, budget: &'b Budget) -> Result<Self, Error> {
        let failed = |error: std::io::Error| {
            Error::Repository(format!("a scratch repository can't be made: {error}"))
        };
        let folder = tempfile::Builder::new()
            .prefix("treewarden-")
            .tempdir()
            .map_err(failed)?;
        let path = folder.path();
        let format = match real.format {
            ObjectFormat::Sha1 => "repositoryformatversion = 0\n",
            ObjectFormat::Sha256 => {
                "repositoryformatversion = 1\n[extensions]\nobjectFormat = sha256\n"
            }
        };
        std::fs::create_dir(path.join("objects")).map_err(failed)?;
        std::fs::create_dir(path.join("refs")).map_err(failed)?;
        std::fs::write(path.join("HEAD"), "ref: refs/heads/none\n").map_err(failed)?;
        std::fs::write(
            path.join("config"),
            format!("[core]\nbare = true\n{format}"),
        )
        .map_err(failed)?;
        let repo = open_scratch(path)?;
        let alternates = real.object_folders()?;
        Ok(Self {
            folder,
            repo,
            git: real.git.clone(),
            alternates,
            budget,
        })
    }

    /// Writes a commit whose tree holds the leaves, numbered; absent ones are left out.
    fn commit(&self, leaves: &[Option<Leaf>], parents: &[Oid], time: i64) -> Result<Oid, Error> {
        let mut tree = Vec::new();
        for (at, leaf) in leaves.iter().enumerate() {
            if let Some(leaf) = leaf {
                tree.extend(format!("{} {}\0", leaf.mode.octal(), number(at)).bytes());
                tree.extend(leaf.oid.as_bytes());
            }
        }
        let tree = self.write(ObjectType::Tree, &tree)?;
        let person = format!("treewarden <treewarden> {} +0000", time.max(0));
        let mut lines = vec![format!("tree {tree}")];
        lines.extend(parents.iter().map(|parent| format!("parent {parent}")));
        lines.push(format!("author {person}\ncommitter {person}\n\n"));
        self.write(ObjectType::Commit, lines.join("\n").as_bytes())
    }

    fn write(&self, kind: ObjectType, raw: &[u8]) -> Result<Oid, Error> {
        let written = self.repo.odb().and_then(|odb| odb.write(kind, raw));
        let oid = written.map_err(|error| Error::Repository(error.message().to_owned()))?;
        Oid::from_bytes(oid.as_bytes()).ok_or(Error::Internal("libgit2 wrote the zero object"))
    }

    /// Merges two made-up commits; the answers for the first `count` numbers.
    fn merge(&self, one: Oid, other: Oid, count: usize) -> Result<Vec<Merged>, Error> {
        let mut command = self.git.command(self.folder.path());
        command
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &self.alternates)
            .args(["merge-tree", "--write-tree", "-z", "--no-messages"])
            .args([one.to_string(), other.to_string()]);
        let answer = run(command, self.budget)?;
        if !matches!(answer.status, Some(0 | 1)) {
            return Err(answer.error("merge-tree"));
        }
        let mut fields = answer.stdout.split(|byte| *byte == 0);
        let tree = fields
            .next()
            .and_then(Oid::from_hex)
            .ok_or_else(|| answer.error("merge-tree"))?;
        let conflicts: BTreeSet<&[u8]> = fields.filter_map(conflicted).collect();
        let leaves = self.leaves(tree)?;
        Ok((0..count)
            .map(|at| match number(at) {
                name if conflicts.contains(name.as_bytes()) => Merged::Conflict,
                name => Merged::Clean(leaves.get(name.as_bytes()).copied()),
            })
            .collect())
    }

    fn leaves(&self, tree: Oid) -> Result<BTreeMap<Vec<u8>, Leaf>, Error> {
        let object = super::objects::tree_from(&self.repo, tree)?;
        let entries = object.entries()?;
        Ok(entries
            .iter()
            .map(|entry| (entry.name.to_vec(), entry.leaf))
            .collect())
    }
}

fn number(at: usize) -> String {
    format!("{at:08}")
}

/// The name in `<mode> <oid> <stage> TAB <name>`. Where kinds clash git writes `<name>~<side>`.
fn conflicted(field: &[u8]) -> Option<&[u8]> {
    let tab = field.iter().position(|byte| *byte == b'\t')?;
    field.get(tab + 1..)?.split(|byte| *byte == b'~').next()
}
