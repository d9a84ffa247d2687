//! What surrounds the process: the clock and the environment. Read here, once, by the binaries,
//! and handed down; nothing below looks for itself.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

use jiff::civil::Date;

use crate::git::{CleanGit, Quarantine};

/// The surroundings of one run.
#[derive(Clone, Debug)]
pub struct Ambient {
    /// Today, in UTC.
    pub today: Date,
    /// `GIT_DIR`, which receive-pack sets for its hooks.
    pub git_dir: Option<PathBuf>,
    /// The objects that a push brought and that aren't accepted yet.
    pub quarantine: Quarantine,
    /// `GIT_NAMESPACE`: the part of the repository that a push is for.
    pub namespace: Option<OsString>,
    /// Whether standard error is a terminal: somebody looks on.
    pub terminal: bool,
    /// How git is started.
    pub git: CleanGit,
}

impl Ambient {
    /// Reads the clock and the environment.
    // The one place that may; see `clippy.toml`.
    #[allow(clippy::disallowed_methods)]
    pub fn read() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            today: jiff::Timestamp::now()
                .to_zoned(jiff::tz::TimeZone::UTC)
                .date(),
            git_dir: set("GIT_DIR").map(PathBuf::from),
            quarantine: Quarantine {
                path: set("GIT_QUARANTINE_PATH").map(PathBuf::from),
            },
            namespace: set("GIT_NAMESPACE"),
            terminal: std::io::stderr().is_terminal(),
            git: CleanGit { path: set("PATH") },
        }
    }
}
