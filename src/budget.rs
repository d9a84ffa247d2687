//! How much work one push may ask for, so that no history and no tree object can hang a server.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// How much was done so far, for those who wait and look on from another thread.
#[derive(Debug, Default)]
pub struct Work {
    commits: AtomicU64,
    tree_objects: AtomicU64,
}

impl Work {
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
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    commits: AtomicU64,
    tree_objects: AtomicU64,
    deadline: Option<Instant>,
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
            deadline: Instant::now().checked_add(Duration::from_secs(limits.seconds)),
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
        match self.remaining() {
            Some(Duration::ZERO) => Err(Exceeded::Seconds(self.limits.seconds)),
            _ => Ok(()),
        }
    }

    /// How long there is still; `None` where the bound is beyond what a clock can tell.
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline
            .map(|end| end.saturating_duration_since(Instant::now()))
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
