//! Work on many commits, shared out to threads.
//!
//! A walk is quick because it goes along history: what it has just put together of a folder is
//! what the next commit's version is made from. So commits are parted by history, not by folder:
//! each worker gets one run of them, as long as any other's, and has its own reader, stores and
//! automaton. Nothing is shared but the packs, which are files in memory, the compiled patterns,
//! and the budget. What the workers found is put together in the order of history, and is what
//! one alone would have found.
//!
//! Contents of merges are shared out likewise (`merges`). That takes history too, of which each
//! worker then has its own.
//!
//! The budget may be spent a little sooner: of two commits that change a folder in the same way,
//! one worker reads the folder once; if they are in two runs, each of two workers does.
//!
//! An error in one run is the error of all. Each worker goes on to the end of its run, or to its
//! first error, and of several errors the one of the earliest run counts: which thread came first
//! plays no part in what is said. None goes on for long once the budget is spent, because each
//! meets the same bound with its next object.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::thread::{Builder, ScopedJoinHandle, scope};

use super::listing::Listing;
use super::sample::Sampler;
use super::verdict::Verdicts;
use crate::budget::Budget;
use crate::classify::{ClassMask, Classifier, States};
use crate::error::Error;
use crate::git::merge::{MergeSides, Survey, survey};
use crate::git::trees::Trees;

/// The fewest commits for which a thread is worth what it costs: some 0.1 ms, and a store that is
/// empty at first. A commit takes about 0.02 ms.
const WORTH: usize = 128;

/// How many other commits take as long as a merge: its sides are far apart.
const MERGE: usize = 8;

/// How work on many commits is shared out.
#[derive(Clone, Copy, Debug)]
pub struct Jobs {
    /// No more threads than these.
    pub most: NonZeroUsize,
    /// No thread for fewer commits than these.
    pub least: usize,
}

impl Jobs {
    /// Nothing is shared out.
    pub const ONE: Self = Self::up_to(NonZeroUsize::MIN);

    /// As many threads as are worth it, but no more than `most`.
    pub const fn up_to(most: NonZeroUsize) -> Self {
        Self { most, least: WORTH }
    }

    /// The same for merges alone.
    #[must_use]
    pub(super) fn of_merges(self) -> Self {
        Self {
            least: self.least / MERGE,
            ..self
        }
    }

    /// How long each run is to be, of so many commits.
    pub(super) fn run(self, commits: usize) -> usize {
        let worth = commits / self.least.max(1);
        let runs = worth.clamp(1, self.most.get());
        commits.div_ceil(runs).max(1)
    }
}

/// What one thread works with.
pub(super) struct Worker<'r> {
    pub trees: Trees<'r>,
    classifier: &'r Classifier,
    states: States<'r>,
    budget: &'r Budget,
}

impl<'r> Worker<'r> {
    /// One that has seen nothing yet.
    pub fn new(trees: Trees<'r>, classifier: &'r Classifier, budget: &'r Budget) -> Self {
        Self {
            trees,
            classifier,
            states: classifier.states(),
            budget,
        }
    }

    /// Questions for the classes of differences.
    pub fn verdicts(&mut self) -> Verdicts<'_, 'r> {
        self.trees.expect_pairs();
        Verdicts::new(&mut self.trees, &mut self.states, self.budget)
    }

    /// A question for all paths.
    pub fn listing(&mut self) -> Listing<'_, 'r> {
        self.trees.expect_pairs();
        Listing {
            trees: &mut self.trees,
            budget: self.budget,
        }
    }

    /// A question for a few paths of these classes.
    pub fn sampler(&mut self, wanted: ClassMask) -> Sampler<'_, 'r> {
        Sampler {
            trees: &mut self.trees,
            states: &mut self.states,
            budget: self.budget,
            wanted,
        }
    }

    /// What the tree objects show of merges, at paths of these classes.
    pub fn survey(
        &mut self,
        merges: &[MergeSides],
        wanted: ClassMask,
    ) -> Result<Vec<Survey>, Error> {
        self.trees.expect_sides();
        survey(
            &mut self.trees,
            &mut self.states,
            self.budget,
            merges,
            wanted,
        )
    }

    /// Does the task for all of `commits`, which are in the order of history: by itself, or run by
    /// run in threads that work for it. Returns what came of each run, in the same order.
    pub fn share<C: Sync, T: Send>(
        &mut self,
        jobs: Jobs,
        commits: &[C],
        task: &(impl Fn(&mut Worker<'_>, &[C]) -> Result<T, Error> + Sync),
    ) -> Result<Vec<T>, Error> {
        let run = jobs.run(commits.len());
        if run >= commits.len() {
            return Ok(vec![task(self, commits)?]);
        }
        let (classifier, budget) = (self.classifier, self.budget);
        let shared = self.trees.shared()?;
        let work = |part| {
            let trees = shared.trees();
            task(&mut Worker::new(trees, classifier, budget), part)
        };
        in_threads(commits.chunks(run), work, || ()).1
    }
}

/// Does the work on each part in a thread of its own, and something else meanwhile in this one.
/// Returns what came of that, and of each part, in their order; of several errors, the first one.
pub(super) fn in_threads<P: Send, T: Send, O>(
    parts: impl Iterator<Item = P>,
    work: impl Fn(P) -> Result<T, Error> + Sync,
    meanwhile: impl FnOnce() -> O,
) -> (O, Result<Vec<T>, Error>) {
    let work = &work;
    scope(|scope| {
        let start = |part| Builder::new().spawn_scoped(scope, move || work(part));
        let started: Result<Vec<_>, _> = parts.map(start).collect();
        let own = meanwhile();
        let started = started.map_err(|error| {
            Error::Repository(format!("no thread to work in: {error}; try `--jobs 1`"))
        });
        let parts = started.and_then(|started| {
            // All of them are waited for: a panic in any must not pass unseen.
            let done: Vec<_> = started.into_iter().map(finished).collect();
            done.into_iter().collect()
        });
        (own, parts)
    })
}

/// Waits for a thread. Its panic goes on in this one.
fn finished<T>(thread: ScopedJoinHandle<'_, Result<T, Error>>) -> Result<T, Error> {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Limits;
    use crate::git::{CleanGit, Repo};
    use crate::update::Oid;

    type Task<'t> = &'t (dyn Fn(&[u8]) -> Result<Vec<u8>, Error> + Sync);

    /// Has the numbers from 0 to 9 worked on by so many threads.
    fn shared(most: usize, task: Task<'_>) -> Result<Vec<Vec<u8>>, Error> {
        let folder = tempfile::tempdir().unwrap();
        git2::Repository::init_bare(folder.path()).unwrap();
        let repo = Repo::open(folder.path(), CleanGit::default()).unwrap();
        let classifier = Classifier::new(&[]).unwrap();
        let budget = Budget::new(Limits::default());
        let mut worker = Worker::new(Trees::new(&repo), &classifier, &budget);
        let jobs = Jobs {
            most: NonZeroUsize::new(most).unwrap(),
            least: 0,
        };
        let numbers: Vec<u8> = (0..10).collect();
        worker.share(jobs, &numbers, &|_, part| task(part))
    }

    fn fault(name: u8) -> Error {
        Error::Missing(Oid::from_hex(&[name; 40]).unwrap())
    }

    #[test]
    fn runs_are_whole_and_in_order() {
        for (most, runs) in [(1, 1), (2, 2), (3, 3), (4, 4), (100, 10)] {
            let parts = shared(most, &|part| Ok(part.to_vec())).unwrap();
            assert_eq!(parts.len(), runs);
            assert_eq!(parts.concat(), (0..10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_thread_has_work_that_is_worth_it() {
        let jobs = Jobs::up_to(NonZeroUsize::new(4).unwrap());
        let runs = |jobs: Jobs, commits: usize| commits.div_ceil(jobs.run(commits));
        for (commits, expected) in [(1, 1), (2 * WORTH - 1, 1), (2 * WORTH, 2), (9 * WORTH, 4)] {
            assert_eq!(runs(jobs, commits), expected, "{commits} commits");
        }
        assert_eq!(runs(jobs.of_merges(), 2 * WORTH / MERGE), 2);
        assert_eq!(runs(Jobs::ONE, 1_000_000), 1);
    }

    #[test]
    fn the_first_error_in_history_counts() {
        let error = shared(5, &|part| match part {
            [2, 3] => {
                std::thread::sleep(std::time::Duration::from_millis(50));
                Err(fault(b'a'))
            }
            [6, 7] => Err(fault(b'b')),
            _ => Ok(Vec::new()),
        });
        assert_eq!(error.unwrap_err().to_string(), fault(b'a').to_string());
    }

    #[test]
    #[should_panic(expected = "the third of them")]
    fn a_panic_is_no_result() {
        let done = shared(5, &|part| {
            assert_ne!(part, [4, 5], "the third of them");
            Ok(part.to_vec())
        });
        drop(done);
    }
}
