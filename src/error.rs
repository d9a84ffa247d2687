//! What can go wrong while judging, and how it ends the process. An error is never an acceptance.

use crate::budget::Exceeded;
use crate::policy::Faults;
use crate::update::Oid;

/// The exit statuses of every binary, in one place. For a hook all but [`Exit::Accept`] refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The push is accepted, or the command did its work.
    Accept = 0,
    /// The push breaks a rule.
    Reject = 1,
    /// The command line is wrong.
    Usage = 2,
    /// There is no usable policy.
    Policy = 3,
    /// The repository or the input can't be read.
    Repository = 4,
    /// A fault of treewarden's own.
    Internal = 70,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why nothing could be judged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The hook's standard input is not what git sends.
    #[error("{0}")]
    Input(String),
    /// The command line asks for something that can't be done.
    #[error("{0}")]
    Usage(String),
    /// No policy, or a faulty one.
    #[error("{0}")]
    Policy(Faults),
    /// The repository can't be opened or read.
    #[error("{0}")]
    Repository(String),
    /// An object that the push needs is not there.
    #[error("object {0} is missing")]
    Missing(Oid),
    /// An object whose bytes can't be understood, or are made to mislead.
    #[error("object {oid} is malformed: {fault}")]
    Malformed {
        /// The object.
        oid: Oid,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The push asks for more work than the policy's budget allows.
    #[error("{0}")]
    TooMuch(Exceeded),
    /// A promise of the code to itself was broken.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

impl Error {
    /// What can't be. It is made where it happens, since to make an error and to drop it costs more
    /// than most of what could go wrong.
    #[cold]
    pub(crate) fn internal(what: &'static str) -> Self {
        Self::Internal(what)
    }

    /// The exit status that this error ends in.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Policy(_) => Exit::Policy,
            Self::Input(_) | Self::Repository(_) | Self::Missing(_) | Self::Malformed { .. } => {
                Exit::Repository
            }
            Self::TooMuch(_) => Exit::Reject,
            Self::Internal(_) => Exit::Internal,
        }
    }
}
