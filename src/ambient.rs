//! What surrounds the process: the clock, the environment and the terminal. Read here, once, by
//! the binaries, and handed down; nothing below looks for itself.

use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::git::{CleanGit, Quarantine};

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
    /// Whether standard error is a terminal: somebody looks on.
    pub terminal: bool,
    /// Another way to standard error, for a thread that tells how far the work is.
    pub log: fn() -> Box<dyn Write + Send>,
    /// How git is started.
    pub git: CleanGit,
    /// Whether standard error is to be coloured. A server's hook writes to a pipe: never there.
    pub colour: bool,
    /// Who pushes, as far as a server's hook can tell.
    pub pusher: Pusher,
}

/// Who pushes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pusher {
    /// What the hosting calls them, raw; `None` where nothing names them but the user below.
    pub name: Option<Vec<u8>>,
    /// Where the name comes from: the variable, or [`Pusher::UNIX`].
    pub source: &'static str,
    /// The user whom this runs as, by the kernel's word.
    pub uid: u32,
}

impl Pusher {
    /// The source where no hosting names the pusher. `LOGNAME` and `USER` are no name: whoever
    /// runs git under their own account writes there what they like.
    pub const UNIX: &'static str = "unix";
    /// The variables in which hostings name the pusher: GitLab, gitolite, Gitea and Forgejo, git's
    /// own HTTP server, and again GitLab, which has this one for keys without a user.
    pub const VARIABLES: [&'static str; 5] = [
        "GL_USERNAME",
        "GL_USER",
        "GITEA_PUSHER_NAME",
        "REMOTE_USER",
        "GL_ID",
    ];

    /// The first variable that is set counts.
    fn of(uid: u32, set: impl Fn(&str) -> Option<OsString>) -> Self {
        let named = |name: &'static str| Some((name, set(name)?.into_vec()));
        match Self::VARIABLES.into_iter().find_map(named) {
            Some((source, name)) => Self {
                name: Some(name),
                source,
                uid,
            },
            None => Self {
                name: None,
                source: Self::UNIX,
                uid,
            },
        }
    }
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
            terminal: std::io::stderr().is_terminal(),
            log: || Box::new(std::io::stderr()),
            git: CleanGit { path: set("PATH") },
            colour: colour(
                std::io::stderr().is_terminal(),
                set("NO_COLOR").as_deref(),
                set("TERM").as_deref(),
            ),
            pusher: Pusher::of(rustix::process::getuid().as_raw(), set),
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
    fn the_first_hosting_that_names_the_pusher_counts() {
        let pusher = |set: &[(&str, &str)]| {
            let value = |name: &str| {
                let found = set.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| OsString::from(value))
            };
            Pusher::of(7, value)
        };
        let gitlab = pusher(&[("GL_ID", "key-1"), ("GL_USERNAME", "alice")]);
        assert_eq!(gitlab.name.as_deref(), Some(b"alice".as_slice()));
        assert_eq!((gitlab.source, gitlab.uid), ("GL_USERNAME", 7));
        assert_eq!(pusher(&[("GL_ID", "key-1")]).source, "GL_ID");
        let unix = pusher(&[("LOGNAME", "alice"), ("USER", "alice")]);
        assert_eq!((unix.name, unix.source), (None, Pusher::UNIX));
    }

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
