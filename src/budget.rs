//! How much work one push may ask for, so that no history and no tree object can hang a server.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The bounds of one push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entering commits, over all trees of the push.
    pub commits: u64,
    /// Tree objects compared, each as often as it is compared with another one.
    pub tree_objects: u64,
    /// Wall-clock time, in whole seconds.
    pub seconds: u64,
}

impl Default for Limits {
    /// Room for a merge window's worth of upstream, and below the 50 s that hosts allow a hook.
    fn default() -> Self {
        Self {
            commits: 100_000,
            tree_objects: 2_000_000,
            seconds: 45,
        }
    }
}

/// The bound that was met, for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// More than so many entering commits.
    Commits(u64),
    /// More than so many tree objects.
    TreeObjects(u64),
    /// Longer than so many seconds.
    Seconds(u64),
    /// Folders nested deeper than so many levels.
    Depth(usize),
}

impl fmt::Display for Exceeded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commits(most) => write!(out, "more commits would enter than {most}"),
            Self::TreeObjects(most) => write!(out, "judging needs more than {most} tree objects"),
            Self::Seconds(most) => write!(out, "judging takes longer than {most} seconds"),
            Self::Depth(most) => write!(out, "a path is nested deeper than {most} folders"),
        }
    }
}

/// What takes longer than this isn't done at once. Nobody has begun to wait by then.
const AT_ONCE: Duration = Duration::from_millis(20);

/// What is to be done once work takes its time.
type Then = Box<dyn FnOnce() + Send>;

/// How much was done so far, for those who wait and look on from another thread.
#[derive(Default)]
pub struct Work {
    commits: AtomicU64,
    tree_objects: AtomicU64,
    /// Asked instead of the lock, which each object would have to take.
    has_then: AtomicBool,
    then: Mutex<Option<Then>>,
}

impl Work {
    /// Has something done as soon as it shows that the work isn't done at once: when it has gone
    /// on for a while, or before it waits for another process. Never, if it is done at once.
    pub fn once_it_takes_time(&self, then: impl FnOnce() + Send + 'static) {
        *self.then() = Some(Box::new(then));
        self.has_then.store(true, Ordering::Relaxed);
    }

    /// The work takes its time.
    pub fn takes_time(&self) {
        if !self.has_then.load(Ordering::Relaxed) {
            return;
        }
        self.has_then.store(false, Ordering::Relaxed);
        let then = self.then().take();
        if let Some(then) = then {
            then();
        }
    }

    fn then(&self) -> MutexGuard<'_, Option<Then>> {
        self.then.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Entering commits that were found.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Tree objects that were read.
    pub fn tree_objects(&self) -> u64 {
        self.tree_objects.load(Ordering::Relaxed)
    }
}

/// What is left of the bounds. Shared by all that works on one push, hence the atomic counters:
/// what several threads take of it together is never more than the bound.
pub struct Budget {
    limits: Limits,
    commits: AtomicU64,
    tree_objects: AtomicU64,
    begun: Instant,
    work: Arc<Work>,
}

impl Budget {
    /// A budget whose time runs from now.
    pub fn new(limits: Limits) -> Self {
        Self::told(limits, Arc::default())
    }

    /// The same, with the work counted where others see it.
    pub fn told(limits: Limits, work: Arc<Work>) -> Self {
        Self {
            work,
            limits,
            commits: AtomicU64::new(limits.commits),
            tree_objects: AtomicU64::new(limits.tree_objects),
            begun: Instant::now(),
        }
    }

    /// Counts one entering commit.
    pub fn commit(&self) -> Result<(), Exceeded> {
        take(&self.commits).ok_or(Exceeded::Commits(self.limits.commits))?;
        self.work.commits.fetch_add(1, Ordering::Relaxed);
        self.time()
    }

    /// Counts one tree object.
    pub fn tree_object(&self) -> Result<(), Exceeded> {
        take(&self.tree_objects).ok_or(Exceeded::TreeObjects(self.limits.tree_objects))?;
        self.work.tree_objects.fetch_add(1, Ordering::Relaxed);
        self.time()
    }

    /// Errs once the time is up.
    pub fn time(&self) -> Result<(), Exceeded> {
        let passed = self.begun.elapsed();
        if passed >= AT_ONCE {
            self.work.takes_time();
        }
        match passed < self.whole() {
            true => Ok(()),
            false => Err(Exceeded::Seconds(self.limits.seconds)),
        }
    }

    /// How long another process may be waited for.
    pub fn wait(&self) -> Duration {
        self.work.takes_time();
        self.whole().saturating_sub(self.begun.elapsed())
    }

    fn whole(&self) -> Duration {
        Duration::from_secs(self.limits.seconds)
    }
}

fn take(left: &AtomicU64) -> Option<()> {
    let less = |left: u64| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .ok()
        .map(drop)
}

impl From<Exceeded> for crate::error::Error {
    fn from(exceeded: Exceeded) -> Self {
        Self::TooMuch(exceeded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_ends_the_work() {
        let budget = Budget::new(Limits {
            commits: 1,
            tree_objects: 1,
            seconds: 60,
        });
        assert!(budget.commit().is_ok());
        assert_eq!(budget.commit(), Err(Exceeded::Commits(1)));
        assert!(budget.tree_object().is_ok());
        assert_eq!(budget.tree_object(), Err(Exceeded::TreeObjects(1)));
        let spent = Budget::new(Limits {
            seconds: 0,
            ..Limits::default()
        });
        assert_eq!(spent.time(), Err(Exceeded::Seconds(0)));
    }

    #[test]
    fn what_takes_time_is_noticed_once() {
        let noticed = |task: &dyn Fn(&Budget)| {
            let (work, count) = (Arc::<Work>::default(), Arc::<AtomicU64>::default());
            let counted = Arc::clone(&count);
            let then = move || {
                counted.fetch_add(1, Ordering::Relaxed);
            };
            work.once_it_takes_time(then);
            task(&Budget::told(Limits::default(), work));
            count.load(Ordering::Relaxed)
        };
        assert_eq!(noticed(&|_| ()), 0);
        let ends_late = |budget: &Budget| {
            std::thread::sleep(AT_ONCE);
            assert!(budget.commit().is_ok() && budget.tree_object().is_ok());
        };
        assert_eq!(noticed(&ends_late), 1);
        let waits = |budget: &Budget| assert!(budget.wait() >= budget.wait());
        assert_eq!(noticed(&waits), 1);
    }

    #[test]
    fn threads_take_no_more_than_the_bound_together() {
        let work = Arc::default();
        let limits = Limits {
            tree_objects: 10_001,
            ..Limits::default()
        };
        let budget = Budget::told(limits, Arc::clone(&work));
        let taken = || (0..10_000).filter(|_| budget.tree_object().is_ok()).count();
        let all: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(taken)).collect();
            threads.into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(all, 10_001);
        assert_eq!(work.tree_objects(), 10_001);
        assert_eq!(budget.tree_object(), Err(Exceeded::TreeObjects(10_001)));
    }
}
