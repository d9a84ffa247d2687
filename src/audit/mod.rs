//! The audit log: what was pushed, by whom, what came of it, and which policy said so.
//!
//! A file of JSON Lines, one record a line. Each record holds the SHA-256 of the line before it,
//! so none can be altered, taken out or moved without the next one telling; the hash of a push's
//! own record is printed to the pusher as a receipt, which holds the end of the log, too.
//!
//! | module | what it does |
//! |---|---|
//! | `place` | where the log is, and what lies beside it |
//! | `sharing` | who may read and write it, by `core.sharedRepository` |
//! | `record` | what a record holds |
//! | `push` | the parts of a record that tell of a push |
//! | `lock`, `append` | one record more, whole or not at all |
//! | `tail` | the last line of a file |
//! | `segments` | the files of a log, in the order of their records |
//! | `lines` | the lines of a file, one by one |
//! | `verify` | whether the chain holds |
//! | `landed` | which record judged what has landed |
//! | `used` | which overrides were of use already |
//! | `filter` | which records are asked for |
//! | `rotate` | a new file, chained to the old one |
//! | `stage`, `killed` | where a hook can be killed, and what is left then: for tests |

mod append;
mod filter;
#[cfg(test)]
mod killed;
mod landed;
mod lines;
mod lock;
mod place;
mod push;
mod record;
mod rotate;
mod segments;
mod sharing;
mod stage;
mod tail;
mod used;
mod verify;

pub use append::append;
pub use filter::Filter;
pub use landed::{Landed, landed};
pub use lines::{Entry, entries};
pub use place::{DEFAULT_FOLDER, KEY, OFF, Place};
pub use push::{Judged, judged};
pub use record::{Record, VERSION, hash};
pub use rotate::rotate;
pub use segments::{ordered, segments};
pub use sharing::Sharing;
pub use used::has_lifted;
pub use verify::{Fault, Question, Verified, verify, verify_end};

use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::io::Errno;

use crate::error::Error;
use crate::report::escape::Shown;

/// The hash of a record, as 64 hex digits.
pub type Receipt = String;

/// Why something about the log failed, and what an administrator does about it.
fn failed(path: &Path, error: &io::Error) -> Error {
    let path = Shown(path.as_os_str().as_bytes());
    let is_link = error.raw_os_error() == Some(Errno::LOOP.raw_os_error());
    let advice = match error.kind() {
        _ if is_link => ": it is a symbolic link, and must be a file",
        ErrorKind::NotFound => ": `treewarden install --server` makes its folder",
        ErrorKind::NotADirectory => ": what stands in its folder's place must be moved away",
        ErrorKind::IsADirectory => ": the folder that stands in its place must be moved away",
        ErrorKind::PermissionDenied => {
            ": whoever pushes must be allowed to write it, and its folder"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            ": there must be room for it"
        }
        _ => "",
    };
    Error::Repository(format!("audit log: {path}: {error}{advice}"))
}
