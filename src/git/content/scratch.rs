//! A repository of made-up commits, and git's merges of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::File;
use std::process::Command;

use git2::{ObjectType, Repository};
use tempfile::TempDir;

use super::super::command::run;
use super::super::objects::{exists, tree_from};
use super::super::open::{Repo, open_scratch};
use super::super::tree_object::{Leaf, Mode};
use super::{Merged, Question};
use crate::budget::Budget;
use crate::error::Error;
use crate::update::{ObjectFormat, Oid};

/// What git's commands end with where they don't know an option: `--stdin`, before 2.39.
const MISUSED: i32 = 129;

/// Two made-up commits, whose merge has an answer to each question, under its number.
pub(super) struct MadeUp {
    pub one: Oid,
    pub other: Oid,
    pub questions: Vec<Question>,
}

/// A repository of made-up commits that goes away with this value.
pub(super) struct Scratch<'b> {
    folder: TempDir,
    repo: Repository,
    real: &'b Repo,
    alternates: OsString,
    budget: &'b Budget,
}

impl<'b> Scratch<'b> {
    /// An empty one, which borrows the objects of a repository.
    pub fn new(real: &'b Repo, budget: &'b Budget) -> Result<Self, Error> {
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
    pub fn commit(
        &self,
        leaves: &[Option<Leaf>],
        parents: &[Oid],
        time: i64,
    ) -> Result<Oid, Error> {
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

    /// Writes contents that no repository has.
    pub fn lend(&self, raw: &[u8]) -> Result<(), Error> {
        self.write(ObjectType::Blob, raw).map(drop)
    }

    fn write(&self, kind: ObjectType, raw: &[u8]) -> Result<Oid, Error> {
        let written = self.repo.odb().and_then(|odb| odb.write(kind, raw));
        let oid = written.map_err(|error| Error::Repository(error.message().to_owned()))?;
        Oid::from_bytes(oid.as_bytes())
            .ok_or_else(|| Error::internal("libgit2 wrote the zero object"))
    }

    /// Has git merge them, all in one process where it can; the answers to their questions.
    pub fn merge(&self, merges: &[MadeUp]) -> Result<Vec<Vec<Merged>>, Error> {
        let list = self.folder.path().join("merges");
        let lines = merges
            .iter()
            .map(|merge| format!("{} {}\n", merge.one, merge.other));
        let lines: String = lines.collect();
        let opened = std::fs::write(&list, lines).and_then(|()| File::open(&list));
        let list =
            opened.map_err(|error| Error::Repository(format!("{}: {error}", list.display())))?;
        let mut command = self.merge_tree();
        command.arg("--stdin").stdin(list);
        let answer = run(command, self.budget)?;
        match answer.status {
            Some(0) => {}
            Some(MISUSED) => return merges.iter().map(|merge| self.merge_alone(merge)).collect(),
            _ => return Err(answer.error("merge-tree")),
        }
        let mut fields = answer.stdout.split(|byte| *byte == 0);
        let mut all = Vec::new();
        for merge in merges {
            // A status, then what a single merge is answered with, and an empty field.
            fields.next();
            let mine = fields.by_ref().take_while(|field| !field.is_empty());
            all.push(self.answers(merge, mine)?);
        }
        Ok(all)
    }

    /// The same with a process of its own, for a git that knows no other way.
    fn merge_alone(&self, merge: &MadeUp) -> Result<Vec<Merged>, Error> {
        let mut command = self.merge_tree();
        command.args([merge.one.to_string(), merge.other.to_string()]);
        let answer = run(command, self.budget)?;
        if !matches!(answer.status, Some(0 | 1)) {
            return Err(answer.error("merge-tree"));
        }
        self.answers(merge, answer.stdout.split(|byte| *byte == 0))
    }

    fn merge_tree(&self) -> Command {
        let mut command = self.real.git.command(self.folder.path());
        command
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", &self.alternates)
            // What is written here is soon gone.
            .args(["-c", "core.looseCompression=0"])
            .args(["merge-tree", "--write-tree", "-z", "--no-messages"]);
        command
    }

    /// Reads a tree's name, and the conflicts in it.
    fn answers<'f>(
        &self,
        merge: &MadeUp,
        mut fields: impl Iterator<Item = &'f [u8]>,
    ) -> Result<Vec<Merged>, Error> {
        let tree = fields.next().and_then(Oid::from_hex);
        let tree = tree.ok_or_else(|| Error::Repository("git merge-tree broke off".into()))?;
        let conflicts: BTreeSet<&[u8]> = fields.filter_map(conflicted).collect();
        let leaves = self.leaves(tree)?;
        let numbers = (0..merge.questions.len()).map(number);
        Ok(numbers
            .map(|name| match conflicts.contains(name.as_bytes()) {
                true => Merged::Conflict,
                false => Merged::Clean(leaves.get(name.as_bytes()).copied()),
            })
            .collect())
    }

    fn leaves(&self, tree: Oid) -> Result<BTreeMap<Vec<u8>, Leaf>, Error> {
        let object = tree_from(&self.repo, tree)?;
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
