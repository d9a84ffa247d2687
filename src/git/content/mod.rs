//! What git itself makes of contents that both sides of a merge changed.
//!
//! Files are merged here, just as git merges them (`text`): what comes out is the answer, a file or
//! a conflict. What that leaves open, and all that isn't files, is put to git.
//!
//! `git merge-tree` knows the answer, but it also follows renames (it can't be told not to before
//! git 2.50), attributes and configuration, which have no part here. So it never sees the real
//! trees: it gets a scratch repository of made-up commits, whose trees hold nothing but the
//! contents in question, each under a number for a name. Nothing can be renamed there, no attribute
//! matches, and the answers to all questions of a push come from one process. The scratch borrows
//! the objects and leaves none behind.
//!
//! Where a merge has several bases, git merges those first, and their bases before them (`ladder`).
//! At most paths that is settled by looking, or comes down to the contents of three files (`fold`).
//! What such contents are merged to is kept: it may be the base of the next merge (`blobs`). For
//! what is left, the made-up history has the shape of the real one, reduced to these commits and
//! their dates (`shape`), and git does what it always does.

mod blobs;
mod fold;
mod ladder;
mod scratch;
mod shape;
mod text;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use self::blobs::Blobs;
use self::fold::{Fold, Outcome};
use self::ladder::Ladder;
use self::scratch::{MadeUp, Scratch};
use self::shape::Shape;
use super::history::History;
use super::merge::settle;
use super::open::Repo;
use super::tree_object::{Leaf, Mode};
use super::trees::{Bytes, Trees};
use crate::budget::Budget;
use crate::error::Error;
use crate::update::Oid;

/// How long the markers around a conflict are.
const MARKER: usize = 7;

/// What a base and the two sides have.
type Sides = (Option<Leaf>, Leaf, Leaf);

/// What somebody wants to know of git's merges.
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
    ladders: HashMap<(Oid, Oid), Rc<Ladder>>,
    /// Conflicts among bases, by their level and sides.
    conflicts: HashMap<(usize, Sides), Option<Leaf>>,
    trees: Trees<'r>,
    blobs: Blobs<'r>,
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
            ladders: HashMap::new(),
            conflicts: HashMap::new(),
            trees: Trees::new(repo),
            blobs: Blobs::new(repo),
        }
    }

    /// The answer; `None`, and what git must be asked noted for the next [`ask`](Self::ask), if
    /// there is none yet. Where the asker hopes for a certain answer, that is `expected`.
    pub fn answer(
        &mut self,
        question: Question,
        expected: Option<Leaf>,
    ) -> Result<Option<Merged>, Error> {
        if let Some(known) = self.answers.get(&question) {
            return Ok(Some(*known));
        }
        match &question {
            // What was left to git once is left to it again.
            Question::Contents { .. } if self.open.contains(&question) => return Ok(None),
            Question::Contents { base, one, other } => {
                if let Some(merged) = self.merge((*base, *one, *other), expected)? {
                    self.answers.insert(question, merged);
                    return Ok(Some(merged));
                }
            }
            Question::Path { one, other, path } => {
                match self.fold((*one, *other), path, expected)? {
                    Outcome::Answer(answer) => return Ok(Some(answer)),
                    Outcome::Waits => return Ok(None),
                    Outcome::Unclear => {}
                }
            }
        }
        self.open.insert(question);
        Ok(None)
    }

    /// What git makes of a base and the sides; `None` where git must be asked.
    fn merge(
        &mut self,
        (base, one, other): Sides,
        expected: Option<Leaf>,
    ) -> Result<Option<Merged>, Error> {
        let is_link = |leaf: Leaf| leaf.mode == Mode::Link;
        if is_link(one) && is_link(other) && settle(base, Some(one), Some(other)).is_none() {
            return Ok(Some(Merged::Conflict));
        }
        let Some((mode, oids)) = files((base, one, other)) else {
            return Ok(None);
        };
        let expected = expected.filter(is_file).map(|leaf| leaf.oid);
        self.merge_files(mode, oids, expected)
    }

    /// What git goes on with where two merge bases are in conflict, so many levels below the merge
    /// that was asked about: the text with its markers. `None` where only git knows.
    fn conflict(&mut self, level: usize, sides: Sides) -> Result<Option<Leaf>, Error> {
        if let Some(known) = self.conflicts.get(&(level, sides)) {
            return Ok(*known);
        }
        let made = match files(sides) {
            Some((mode, oids)) => self
                .conflict_of_files(level, oids)?
                .map(|oid| Leaf { mode, oid }),
            None => None,
        };
        self.conflicts.insert((level, sides), made);
        Ok(made)
    }

    fn conflict_of_files(
        &mut self,
        level: usize,
        [base, one, other]: [Option<Oid>; 3],
    ) -> Result<Option<Oid>, Error> {
        self.budget.time()?;
        let texts = (self.text(base)?, self.text(one)?, self.text(other)?);
        let (Some(base), Some(one), Some(other)) = texts else {
            return Ok(None);
        };
        // git writes longer ones at each level, so that they can be told apart.
        let marker = MARKER + 2 * level;
        match text::conflict(&base, &one, &other, marker) {
            Some(text) => self.blobs.keep(text),
            None => Ok(None),
        }
    }

    /// The same of files. What is expected has any mode.
    fn merge_files(
        &mut self,
        mode: Mode,
        [base, one, other]: [Option<Oid>; 3],
        expected: Option<Oid>,
    ) -> Result<Option<Merged>, Error> {
        let clean = |oid| Merged::Clean(Some(Leaf { mode, oid }));
        if let Some(settled) = settle(base, one, other).flatten() {
            return Ok(Some(clean(settled)));
        }
        self.budget.time()?;
        let texts = (self.text(base)?, self.text(one)?, self.text(other)?);
        let (Some(base), Some(one), Some(other)) = texts else {
            return Ok(None);
        };
        Ok(match text::merge(&base, &one, &other) {
            Some(text::Merged::Clean(merged)) => self.name(merged, expected)?.map(clean),
            Some(text::Merged::Conflict) => Some(Merged::Conflict),
            None => None,
        })
    }

    /// What a file has; nothing if it isn't there. `None` where it can't be looked at.
    fn text(&mut self, oid: Option<Oid>) -> Result<Option<Bytes>, Error> {
        match oid {
            Some(oid) => self.blobs.get(oid),
            None => Ok(Some(Bytes::new(Vec::new()))),
        }
    }

    /// The name of a merged file. If it isn't the expected one, it may come up again.
    fn name(&mut self, merged: Vec<u8>, expected: Option<Oid>) -> Result<Option<Oid>, Error> {
        if let Some(expected) = expected
            && self
                .blobs
                .get(expected)?
                .is_some_and(|text| *text == merged)
        {
            return Ok(Some(expected));
        }
        self.blobs.keep(merged)
    }

    fn fold(
        &mut self,
        (one, other): (Oid, Oid),
        path: &[u8],
        expected: Option<Leaf>,
    ) -> Result<Outcome, Error> {
        let ladder = self.ladder(one, other)?;
        Fold::new(self, path, expected).merge(0, &ladder)
    }

    fn ladder(&mut self, one: Oid, other: Oid) -> Result<Rc<Ladder>, Error> {
        if let Some(known) = self.ladders.get(&(one, other)) {
            return Ok(known.clone());
        }
        let ladder = Rc::new(Ladder::of(self.history, one, other)?);
        self.ladders.insert((one, other), ladder.clone());
        Ok(ladder)
    }

    fn leaf_at(&mut self, tree: Oid, path: &[u8]) -> Result<Option<Leaf>, Error> {
        self.budget.time()?;
        self.trees.leaf_at(tree, path)
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
        let mut merges = self.plain(&scratch, plain)?;
        for ((one, other), paths) in recursive {
            merges.extend(self.recursive(&scratch, one, other, paths)?);
        }
        if merges.is_empty() {
            return Ok(());
        }
        for (merge, answers) in merges.iter().zip(scratch.merge(&merges)?) {
            let answered = merge.questions.iter().cloned().zip(answers);
            self.answers.extend(answered);
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

    /// The merge that answers questions of three contents.
    fn plain(&self, scratch: &Scratch<'_>, questions: Vec<Sides>) -> Result<Vec<MadeUp>, Error> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let bases: Vec<_> = questions.iter().map(|(base, _, _)| *base).collect();
        let ones: Vec<_> = questions.iter().map(|(_, one, _)| Some(*one)).collect();
        let others: Vec<_> = questions.iter().map(|(_, _, other)| Some(*other)).collect();
        for leaf in [&bases, &ones, &others].into_iter().flatten().flatten() {
            if let Some(made) = self.blobs.made(leaf.oid) {
                scratch.lend(&made)?;
            }
        }
        let base = scratch.commit(&bases, &[], 0)?;
        let one = scratch.commit(&ones, &[base], 0)?;
        let other = scratch.commit(&others, &[base], 0)?;
        let questions = questions.into_iter();
        Ok(vec![MadeUp {
            one,
            other,
            questions: questions
                .map(|(base, one, other)| Question::Contents { base, one, other })
                .collect(),
        }])
    }

    /// The merges that answer for the paths of one merge with several bases. Paths are asked for
    /// together, but for one that some commit lacks and its base has: beside another that is new
    /// there it could pass for a rename.
    fn recursive(
        &mut self,
        scratch: &Scratch<'_>,
        one: Oid,
        other: Oid,
        paths: Vec<Vec<u8>>,
    ) -> Result<Vec<MadeUp>, Error> {
        let Some(shape) = Shape::find(self.history, one, other)? else {
            // Who can't say that they have git's merge there settled it by hand.
            let questions = paths
                .into_iter()
                .map(|path| Question::Path { one, other, path });
            self.answers
                .extend(questions.map(|question| (question, Merged::Conflict)));
            return Ok(Vec::new());
        };
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
        let groups = groups.into_iter().filter(|group| !group.is_empty());
        groups
            .map(|group| make_up(scratch, &shape, (one, other), group))
            .collect()
    }

    /// What stands at the path, in each commit of the shape.
    fn leaves_at(&mut self, shape: &Shape, path: &[u8]) -> Result<Vec<Option<Leaf>>, Error> {
        let members = shape.commits.iter();
        members
            .map(|member| self.leaf_at(member.tree, path))
            .collect()
    }
}

/// The mode of a merge of files, and their objects; `None` where not all are files, or where the
/// sides disagree on the mode too.
fn files((base, one, other): Sides) -> Option<(Mode, [Option<Oid>; 3])> {
    let sides = [base, Some(one), Some(other)];
    let [base, one, other] = sides.map(|leaf| leaf.map(|leaf| leaf.mode));
    let mode = settle(base, one, other).flatten()?;
    let all = sides.iter().flatten().all(is_file);
    all.then(|| (mode, sides.map(|leaf| leaf.map(|leaf| leaf.oid))))
}

fn is_file(leaf: &Leaf) -> bool {
    matches!(leaf.mode, Mode::File | Mode::Executable)
}

/// Makes up a history for the paths of one merge, each with what stands there in the commits of
/// its shape.
fn make_up(
    scratch: &Scratch<'_>,
    shape: &Shape,
    (one, other): (Oid, Oid),
    group: Vec<(Vec<u8>, Vec<Option<Leaf>>)>,
) -> Result<MadeUp, Error> {
    let mut made: Vec<Oid> = Vec::new();
    for (at, member) in shape.commits.iter().enumerate() {
        let leaves: Vec<Option<Leaf>> = group
            .iter()
            .map(|(_, leaves)| leaves.get(at).copied().flatten())
            .collect();
        let below = shape.nearest_below(at).into_iter();
        let parents: Vec<Oid> = below.filter_map(|at| made.get(at).copied()).collect();
        made.push(scratch.commit(&leaves, &parents, member.time)?);
    }
    let end = |oid| made.get(shape.place(oid)?).copied();
    let (Some(made_one), Some(made_other)) = (end(one), end(other)) else {
        return Err(Error::Internal("a made-up history without its ends"));
    };
    let paths = group.into_iter().map(|(path, _)| path);
    Ok(MadeUp {
        one: made_one,
        other: made_other,
        questions: paths
            .map(|path| Question::Path { one, other, path })
            .collect(),
    })
}
