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

use super::command::run;
use super::history::History;
use super::objects::{Leaf, Mode, exists};
use super::open::{Repo, open_scratch};
use crate::budget::Budget;
use crate::error::Error;
use crate::update::{ObjectFormat, Oid};

/// How many commits a made-up history may have, a bit each. Bases beyond count as unrelated.
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

    /// Paths are asked for together, but for one that some commit lacks and its base has: beside
    /// another that is new there it could pass for a rename.
    fn ask_recursive(
        &mut self,
        scratch: &Scratch<'_>,
        one: Oid,
        other: Oid,
        paths: Vec<Vec<u8>>,
    ) -> Result<(), Error> {
        let shape = Shape::find(self.history, one, other)?;
        let (mut together, mut groups) = (Vec::new(), Vec::new());
        for path in paths {
            let leaves = self.leaves_at(&shape, &path)?;
            if shape.deletes(&leaves) {
                groups.push(vec![(path, leaves)]);
            } else {
                together.push((path, leaves));
            }
        }
        groups.push(together);
        for group in groups.into_iter().filter(|group| !group.is_empty()) {
            let answers = self.ask_group(scratch, &shape, (one, other), &group)?;
            for ((path, _), answer) in group.into_iter().zip(answers) {
                self.answers
                    .insert(Question::Path { one, other, path }, answer);
            }
        }
        Ok(())
    }

    /// What stands at the path, in each commit of the history.
    fn leaves_at(&self, shape: &Shape, path: &[u8]) -> Result<Vec<Option<Leaf>>, Error> {
        let commits = shape.commits.iter();
        commits
            .map(|commit| {
                self.budget.time()?;
                self.repo.leaf_at(self.history.commit(*commit)?.tree, path)
            })
            .collect()
    }

    fn ask_group(
        &self,
        scratch: &Scratch<'_>,
        shape: &Shape,
        (one, other): (Oid, Oid),
        group: &[(Vec<u8>, Vec<Option<Leaf>>)],
    ) -> Result<Vec<Merged>, Error> {
        let mut made: HashMap<Oid, Oid> = HashMap::new();
        for (at, real) in shape.commits.iter().enumerate() {
            let leaves: Vec<Option<Leaf>> = group
                .iter()
                .map(|(_, leaves)| leaves.get(at).copied().flatten())
                .collect();
            let bases = shape.bases.get(real).into_iter().flatten();
            let parents: Vec<Oid> = bases.filter_map(|base| made.get(base).copied()).collect();
            let time = self.history.commit(*real)?.time;
            made.insert(*real, scratch.commit(&leaves, &parents, time)?);
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
    /// For each, those nearest below it: what its parents are in the made-up history.
    bases: HashMap<Oid, BTreeSet<Oid>>,
}

impl Shape {
    /// Returns true if and only if some commit lacks what one of its bases has. The leaves are in
    /// the order of `commits`.
    fn deletes(&self, leaves: &[Option<Leaf>]) -> bool {
        let there: BTreeSet<&Oid> = self
            .commits
            .iter()
            .zip(leaves)
            .filter_map(|(commit, leaf)| leaf.is_some().then_some(commit))
            .collect();
        self.bases.iter().any(|(commit, below)| {
            !there.contains(commit) && below.iter().any(|base| there.contains(base))
        })
    }

    fn find(history: &History<'_>, one: Oid, other: Oid) -> Result<Self, Error> {
        let mut commits = vec![one, other];
        let mut open = vec![(one, other)];
        let mut seen = BTreeSet::new();
        while let Some((one, other)) = open.pop() {
            if !seen.insert((one.min(other), one.max(other))) {
                continue;
            }
            let found = history.merge_bases(one, &[other])?;
            for (at, base) in found.iter().enumerate() {
                if !commits.contains(base) && commits.len() < MOST_COMMITS {
                    commits.push(*base);
                }
                open.extend(found.iter().take(at).map(|before| (*before, *base)));
            }
            if commits.len() >= MOST_COMMITS {
                break;
            }
        }
        let reached_by = history.reached_by(&commits)?;
        Ok(Self::ordered(&commits, &reached_by))
    }

    /// What reaches less is older: a base is reached by all that stands on it, and by what
    /// reaches them.
    fn ordered(commits: &[Oid], reached_by: &[u64]) -> Self {
        let mut order: Vec<usize> = (0..commits.len()).collect();
        let mask = |at: usize| reached_by.get(at).copied().unwrap_or_default();
        let reaches = |from: usize, to: usize| from != to && mask(to) & (1 << from) != 0;
        order.sort_by_key(|at| std::cmp::Reverse(mask(*at).count_ones()));
        let bases = order.iter().map(|at| {
            let below = |to: &usize| reaches(*at, *to);
            let nearest = |to: &usize| {
                !(0..commits.len()).any(|between| reaches(*at, between) && reaches(between, *to))
            };
            let found = (0..commits.len()).filter(below).filter(nearest);
            let oids = found.filter_map(|to| commits.get(to).copied());
            (commits.get(*at).copied(), oids.collect())
        });
        let bases = bases
            .filter_map(|(oid, below)| Some((oid?, below)))
            .collect();
        let commits = order
            .iter()
            .filter_map(|at| commits.get(*at).copied())
            .collect();
        Self { commits, bases }
    }
}

/// A repository of made-up commits that goes away with this value.
struct Scratch<'b> {
    folder: TempDir,
    repo: Repository,
    real: &'b Repo,
    alternates: OsString,
    budget: &'b Budget,
}

impl<'b> Scratch<'b> {
    fn new(real: &'b Repo, budget: &'b Budget) -> Result<Self, Error> {
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
            real,
            alternates,
            budget,
        })
    }

    /// Writes a commit whose tree holds the leaves, numbered; absent ones are left out.
    fn commit(&self, leaves: &[Option<Leaf>], parents: &[Oid], time: i64) -> Result<Oid, Error> {
        let mut tree = Vec::new();
        for (at, leaf) in leaves.iter().enumerate() {
            if let Some(leaf) = leaf {
                self.require(*leaf)?;
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

    /// Errors if git would not find what stands there, with a reason that says more than git's.
    fn require(&self, leaf: Leaf) -> Result<(), Error> {
        if leaf.mode == Mode::Gitlink || exists(&self.repo, leaf.oid)? {
            return Ok(());
        }
        self.real.require(leaf.oid)
    }

    fn write(&self, kind: ObjectType, raw: &[u8]) -> Result<Oid, Error> {
        let written = self.repo.odb().and_then(|odb| odb.write(kind, raw));
        let oid = written.map_err(|error| Error::Repository(error.message().to_owned()))?;
        Oid::from_bytes(oid.as_bytes()).ok_or(Error::Internal("libgit2 wrote the zero object"))
    }

    /// Merges two made-up commits; the answers for the first `count` numbers.
    fn merge(&self, one: Oid, other: Oid, count: usize) -> Result<Vec<Merged>, Error> {
        let mut command = self.real.git.command(self.folder.path());
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
