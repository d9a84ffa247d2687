//! What no command of treewarden does alone: the engine asked for masks or for paths. The runner
//! starts itself for it, so that whole processes are measured.

use std::ffi::OsString;
use std::io::{BufWriter, Write};
use std::path::Path;

use treewarden::budget::{Budget, Limits};
use treewarden::error::Error;
use treewarden::git::{Changes, CleanGit, CommitRow, History, Jobs, Parent, Range, Repo, Touched};
use treewarden::policy::{self, Policy, Source};
use treewarden::rules;

/// The engine that is measured: what [`treewarden::judge`] judges with.
use treewarden::git::BatchChanges as Engine;

/// What is asked of the engine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// The classes that each commit touches.
    Masks,
    /// Every path that each commit changes.
    List,
    /// The same of the merges alone.
    MergesMasks,
    MergesList,
}

impl Question {
    const ALL: [Self; 4] = [Self::Masks, Self::List, Self::MergesMasks, Self::MergesList];

    /// The runner's argument for it.
    pub fn argument(self) -> &'static str {
        match self {
            Self::Masks => "--masks",
            Self::List => "--list",
            Self::MergesMasks => "--merges-masks",
            Self::MergesList => "--merges-list",
        }
    }

    pub fn parse(argument: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|question| question.argument() == argument)
    }

    fn is_of_merges(self) -> bool {
        matches!(self, Self::MergesMasks | Self::MergesList)
    }

    fn is_of_paths(self) -> bool {
        matches!(self, Self::List | Self::MergesList)
    }
}

/// Answers a question about the range `arguments[1]..arguments[2]` of the repository in the current
/// folder, by the classes of the policy `arguments[0]`, and writes the answer: a line for each
/// commit, or a field ended by a zero byte for each path. If there is one more, it says how many
/// workers there may be.
pub fn answer(question: Question, arguments: &[OsString]) -> Result<(), Error> {
    let [policy, old, new, workers @ ..] = arguments else {
        return Err(Error::Usage("a policy and a range are needed".into()));
    };
    let budget = Budget::new(Limits {
        commits: u64::MAX,
        tree_objects: u64::MAX,
        seconds: 1_000_000,
    });
    let git = CleanGit {
        path: std::env::var_os("PATH"),
    };
    let repo = Repo::open(Path::new("."), git)?;
    let policy = read_policy(policy.to_str().unwrap());
    let old = repo.resolve(old.to_str().unwrap(), &budget)?;
    let new = repo.resolve(new.to_str().unwrap(), &budget)?;
    let history = History::new(&repo, &budget);
    let mut range = Range::entering(&history, new, &[old], &budget)?;
    if question.is_of_merges() {
        range = merges(&range)?;
    }
    let jobs = workers.first().map_or(Jobs::ONE, |workers| {
        Jobs::up_to(workers.to_str().unwrap().parse().unwrap())
    });
    let engine = Engine::new(&repo, &history, &policy.classifier, &budget);
    let mut engine = engine.with_jobs(jobs);
    let mut out = BufWriter::new(std::io::stdout().lock());
    match question.is_of_paths() {
        true => list(&mut engine, &range, &mut out)?,
        false => masks(&mut engine, &range, &policy, &mut out)?,
    }
    out.flush().unwrap();
    Ok(())
}

/// A preset by name, or a file.
pub fn read_policy(name: &str) -> Policy {
    policy::load(&Source::parse(name, Path::new(".")), Some("bpf-next")).unwrap()
}

/// The merges of a range, as a range of their own.
fn merges(range: &Range) -> Result<Range, Error> {
    let mut rows = Vec::new();
    for row in range.rows.iter().filter(|row| row.is_merge()) {
        let parents = row.parents.iter();
        let parents = parents.map(|parent| range.oid(*parent).map(Parent::Out));
        rows.push(CommitRow {
            oid: row.oid,
            tree: row.tree,
            parents: parents.collect::<Result<_, _>>()?,
        });
    }
    Ok(Range { rows })
}

/// All that any rule of the policy asks for.
fn masks(
    engine: &mut Engine<'_>,
    range: &Range,
    policy: &Policy,
    out: &mut impl Write,
) -> Result<(), Error> {
    let rules = policy.trees.iter().map(rules::paths::asked);
    let asked = rules.fold(Touched::default(), |all, asked| Touched {
        own: all.own | asked.own,
        resolved: all.resolved | asked.resolved,
    });
    for (row, touched) in range.rows.iter().zip(engine.classes(range, asked)?) {
        writeln!(out, "{} {touched:?}", row.oid).unwrap();
    }
    Ok(())
}

fn list(engine: &mut Engine<'_>, range: &Range, out: &mut impl Write) -> Result<(), Error> {
    engine.all_paths(range, &mut |at, path, _| {
        let row = range.rows.get(at).unwrap();
        write!(out, "{} ", row.oid.short()).unwrap();
        out.write_all(path).unwrap();
        out.write_all(b"\0").unwrap();
    })
}
