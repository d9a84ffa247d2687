//! What surrounds the process: the clock, the environment and the terminal. Read here, once, by
//! the binaries, and handed down; nothing below looks for itself.

use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::git::{CleanGit, Quarantine};

/// Where hostings say who pushes, the surest first: GitLab, gitolite, Gitea, and web servers.
const PUSHERS: [&str; 4] = ["GL_USERNAME", "GL_USER", "GITEA_PUSHER_NAME", "REMOTE_USER"];

/// The surroundings of one run.
#[derive(Clone, Debug)]
pub struct Ambient {
    /// When the process began.
    pub now: Timestamp,
    /// `GIT_DIR`, which receive-pack sets for its hooks.
    pub git_dir: Option<PathBuf>,
    /// The objects that a push brought and that aren't accepted yet.
    pub quarantine: Quarantine,
    /// `GIT_NAMESPACE`: the part of the repository that a push is for.
    pub namespace: Option<OsString>,
    /// Who pushes, by the name that the hosting has for them.
    pub pusher: Option<String>,
    /// Whether standard error is a terminal: somebody looks on.
    pub terminal: bool,
    /// Another way to standard error, for a thread that tells how far the work is.
    pub log: fn() -> Box<dyn Write + Send>,
    /// How git is started.
    pub git: CleanGit,
    /// Whether standard error is to be coloured. A server's hook writes to a pipe: never there.
    pub colour: bool,
}

impl Ambient {
    /// Reads the clock and the environment, and looks for a terminal.
    // The one place that may; see `clippy.toml`.
    #[allow(clippy::disallowed_methods)]
    pub fn read() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            now: Timestamp::now(),
            git_dir: set("GIT_DIR").map(PathBuf::from),
            quarantine: Quarantine {
                path: set("GIT_QUARANTINE_PATH").map(PathBuf::from),
            },
            namespace: set("GIT_NAMESPACE"),
            pusher: PUSHERS
                .iter()
                .find_map(|name| set(name))
                .map(|name| name.to_string_lossy().into_owned()),
            terminal: std::io::stderr().is_terminal(),
            log: || Box::new(std::io::stderr()),
            git: CleanGit { path: set("PATH") },
            colour: colour(
                std::io::stderr().is_terminal(),
                set("NO_COLOR").as_deref(),
                set("TERM").as_deref(),
            ),
        }
    }

    /// Today, in UTC.
    pub fn today(&self) -> Date {
        self.now.to_zoned(TimeZone::UTC).date()
    }
}

/// Returns true if and only if the stream is a terminal that is known to show colours, and
/// nobody asked for none.
fn colour(terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    terminal && no_color.is_none() && term.is_some_and(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_whose_users_want_them() {
        let xterm = Some(OsStr::new("xterm-256color"));
        let dumb = Some(OsStr::new("dumb"));
        let no = Some(OsStr::new("1"));
        for (terminal, no_color, term, want) in [
            (true, None, xterm, true),
            (false, None, xterm, false),
            (true, no, xterm, false),
            (true, None, dumb, false),
            (true, None, None, false),
        ] {
            assert_eq!(colour(terminal, no_color, term), want);
        }
    }
}
