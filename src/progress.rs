//! Tells that work is still going on: nobody should wait at a silent terminal, and a connection
//! that says nothing is one that something on the way may cut.
//!
//! A thread does it. Counting along with the work would be free, and silent wherever the work
//! itself waits: for git, for a disk, for one file of a gigabyte. It begins once the work shows that
//! it takes its time: what is done at once isn't to pay for a thread. Nobody waits for it: to wake it
//! up only to see it end takes longer than to start it.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
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

/// Does the work, and tells on `log` how far it is for as long as it takes. What is done quickly is
/// done without a word. `out` leads to the same place: nothing is told there any more once this
/// has returned.
pub fn shown<T>(
    (out, log): (&mut dyn Write, Box<dyn Write + Send>),
    pace: Pace,
    work: &Arc<Work>,
    task: impl FnOnce() -> T,
) -> T {
    let Some(wait) = pace.wait() else {
        return task();
    };
    let telling = Telling::begin(log, (pace, wait), work);
    let done = task();
    if telling.end() && pace == Pace::InPlace {
        // Where nobody reads, nobody misses it.
        let _ = write!(out, "\r\x1b[K").and_then(|()| out.flush());
    }
    done
}

/// Work that is told about: until this is dropped.
struct Telling(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Nobody gives a sign: the thread only waits until its time has come.
    never: Condvar,
}

#[derive(Clone, Copy, Default)]
struct State {
    is_over: bool,
    is_told: bool,
}

impl Telling {
    fn begin(mut log: Box<dyn Write + Send>, pace: (Pace, Duration), work: &Arc<Work>) -> Self {
        let shared = Arc::<Shared>::default();
        let (theirs, done) = (Arc::clone(&shared), Arc::downgrade(work));
        let begun = Instant::now();
        work.once_it_takes_time(move || {
            let Some(work) = done.upgrade() else { return };
            let teller = move || theirs.tell(&mut log, pace, &work, begun);
            // Without a thread to tell it, the work is still to be done.
            let _ = thread::Builder::new().spawn(teller);
        });
        Self(shared)
    }

    /// Returns true if and only if there was anything to tell.
    fn end(self) -> bool {
        let mut state = self.0.state();
        state.is_over = true;
        state.is_told
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.0.state().is_over = true;
    }
}

impl Shared {
    /// Held while a line is written, so that none comes after the end.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(
        &self,
        log: &mut dyn Write,
        (pace, wait): (Pace, Duration),
        work: &Work,
        begun: Instant,
    ) {
        let mut state = self.state();
        loop {
            let waited = self
                .never
                .wait_timeout_while(state, wait, |state| !state.is_over);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if state.is_over {
                return;
            }
            state.is_told = true;
            tell(log, pace, work, begun.elapsed());
        }
    }
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

    /// What two writers have written.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(text)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn said(pace: Pace, task: Duration) -> String {
        let written = Page::default();
        let both: (&mut dyn Write, Box<dyn Write + Send>) =
            (&mut written.clone(), Box::new(written.clone()));
        let work = Arc::default();
        let answer = shown(both, pace, &work, || {
            work.takes_time();
            thread::sleep(task);
            7
        });
        assert_eq!(answer, 7);
        let text = written.0.lock().unwrap().clone();
        String::from_utf8(text).unwrap()
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
