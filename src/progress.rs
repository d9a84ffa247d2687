//! Tells that work is still going on: nobody should wait at a silent terminal, and a connection
//! that says nothing is one that something on the way may cut.
//!
//! A thread does it, which costs even the quickest push some 0.03 ms. Counting along with the work
//! would be free, and silent wherever the work itself waits: for git, for a disk, for one file of
//! a gigabyte.

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::budget::Work;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// A line that is written over, on a terminal.
    InPlace,
    /// A line every few seconds, over git's side band or into a log.
    Lines,
    /// Not at all.
    Silent,
}

impl Pace {
    /// For hooks: whoever waits is told, terminal or not.
    pub fn of_hook(terminal: bool) -> Self {
        if terminal { Self::InPlace } else { Self::Lines }
    }

    /// For commands: scripts aren't told.
    pub fn of_command(terminal: bool) -> Self {
        if terminal {
            Self::InPlace
        } else {
            Self::Silent
        }
    }

    /// How long to wait before the next word, in a piece of work that began so long ago.
    fn wait(self) -> Option<Duration> {
        match self {
            Self::InPlace => Some(Duration::from_millis(500)),
            Self::Lines => Some(Duration::from_secs(4)),
            Self::Silent => None,
        }
    }
}

/// Does the work, and tells on `out` how far it is for as long as it takes. What is done quickly
/// is done without a word.
pub fn shown<T>(
    out: &mut (dyn Write + Send),
    pace: Pace,
    work: &Work,
    task: impl FnOnce() -> T,
) -> T {
    let Some(wait) = pace.wait() else {
        return task();
    };
    thread::scope(|scope| {
        let (done, ended) = channel::<()>();
        let teller = move || {
            let begun = Instant::now();
            let mut told = false;
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                told = true;
                tell(out, pace, work, begun.elapsed());
            }
            if told && pace == Pace::InPlace {
                // Where nobody reads, nobody misses it.
                let _ = write!(out, "\r\x1b[K").and_then(|()| out.flush());
            }
        };
        let thread = thread::Builder::new().spawn_scoped(scope, teller);
        // Without a thread to tell it, the work is still to be done.
        let done = thread.is_ok().then_some(done);
        finish(task, done)
    })
}

/// Does the work, then lets go of the sender, which ends the telling.
fn finish<T>(task: impl FnOnce() -> T, _done: Option<Sender<()>>) -> T {
    task()
}

fn tell(out: &mut dyn Write, pace: Pace, work: &Work, since: Duration) {
    let line = format!(
        "treewarden: still judging: {} commits, {} tree objects ({} s)",
        work.commits(),
        work.tree_objects(),
        since.as_secs()
    );
    let written = match pace {
        Pace::InPlace => write!(out, "\r{line}\x1b[K"),
        Pace::Lines | Pace::Silent => writeln!(out, "{line}"),
    };
    // Where nobody reads, nobody misses it.
    let _ = written.and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(pace: Pace, task: Duration) -> String {
        let mut out = Vec::new();
        let answer = shown(&mut out, pace, &Work::default(), || {
            thread::sleep(task);
            7
        });
        assert_eq!(answer, 7);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_quick_goes_without_a_word() {
        for pace in [Pace::InPlace, Pace::Lines, Pace::Silent] {
            assert_eq!(said(pace, Duration::ZERO), "");
        }
    }

    #[test]
    fn a_terminals_line_is_written_over_and_taken_away() {
        let said = said(Pace::InPlace, Duration::from_millis(1200));
        assert!(
            said.starts_with("\rtreewarden: still judging: 0 commits"),
            "{said:?}"
        );
        assert!(
            said.ends_with("\r\x1b[K") && !said.contains('\n'),
            "{said:?}"
        );
    }

    #[test]
    fn lines_come_often_enough_for_a_connection() {
        let wait = Pace::Lines.wait().unwrap();
        assert!(wait < Duration::from_secs(5));
        let said = said(Pace::Lines, wait + Duration::from_millis(500));
        assert_eq!(said.lines().count(), 1, "{said:?}");
        assert!(said.ends_with("s)\n") && !said.contains('\r'), "{said:?}");
    }
}
