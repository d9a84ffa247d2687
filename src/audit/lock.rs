//! The lock around an append, on a file beside the log.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{Place, failed};
use crate::error::Error;

/// How long others may hold the lock: each holds it for one append.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(5);

/// Held until it is dropped, or the process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock, not forever.
    pub fn take(place: &Place) -> Result<Self, Error> {
        let path = place.lock();
        Self::within(place, &path, PATIENCE).map_err(|error| failed(&path, &error))
    }

    fn within(place: &Place, path: &Path, patience: Duration) -> io::Result<Self> {
        let file = place.open_or_create(path)?;
        let begun = Instant::now();
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { _file: file }),
                Err(Errno::WOULDBLOCK | Errno::INTR) if begun.elapsed() < patience => {
                    std::thread::sleep(PAUSE);
                }
                Err(Errno::WOULDBLOCK | Errno::INTR) => {
                    let seconds = patience.as_secs();
                    let fault = format!("another process has held this lock for {seconds} seconds");
                    return Err(io::Error::other(fault));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Sharing;
    use super::*;

    #[test]
    fn one_holds_it_and_others_give_up() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(&folder.path().join("log"), Sharing::Umask).unwrap();
        let held = Lock::take(&place).unwrap();
        let soon = Duration::from_millis(20);
        let fault = Lock::within(&place, &place.lock(), soon).unwrap_err();
        assert!(fault.to_string().contains("held this lock"), "{fault}");
        drop(held);
        Lock::within(&place, &place.lock(), soon).unwrap();
    }
}
