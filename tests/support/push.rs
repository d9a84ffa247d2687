//! A push, and what came of it.

use std::collections::BTreeMap;
use std::process::Command;

use super::Sandbox;
use super::sandbox::{Output, full, run};

/// The day of review of `preset:bpf-next`.
const PRESET_REVIEW: &str = "2027-06-01";
/// What stands before a receipt.
pub(super) const RECEIPT: &str = "treewarden: receipt ";

/// A push that was made.
pub struct Pushed<'s> {
    sandbox: &'s Sandbox,
    output: Output,
    before: BTreeMap<String, String>,
    /// The refs as they stand where the push is accepted.
    wanted: BTreeMap<String, String>,
}

impl Sandbox {
    /// Pushes a commit to a ref.
    pub fn push(&self, commit: &str, name: &str) -> Pushed<'_> {
        self.push_all(&[(commit, name)])
    }

    /// Pushes several at once.
    pub fn push_all(&self, updates: &[(&str, &str)]) -> Pushed<'_> {
        self.push_to(self.server().as_os_str(), updates, |_| {})
    }

    /// Deletes a ref.
    pub fn delete(&self, name: &str) -> Pushed<'_> {
        self.push("", name)
    }

    /// Pushes to a URL, with the command changed before it runs. Always with `--force`: whether
    /// a ref may be rewound is the server's to say.
    pub fn push_to(
        &self,
        url: impl AsRef<std::ffi::OsStr>,
        updates: &[(&str, &str)],
        change: impl FnOnce(&mut Command),
    ) -> Pushed<'_> {
        let before = self.refs();
        let mut wanted = before.clone();
        let mut command = self.git_in(&self.client());
        command.args(["-c", "protocol.ext.allow=always"]);
        change(&mut command);
        command.args(["push", "--force"]).arg(url);
        for (commit, name) in updates {
            let name = full(name);
            command.arg(format!("{commit}:{name}"));
            match *commit {
                "" => wanted.remove(&name),
                commit => wanted.insert(name, commit.into()),
            };
        }
        let output = run(&mut command, b"");
        Pushed {
            sandbox: self,
            output,
            before,
            wanted,
        }
    }
}

impl Pushed<'_> {
    /// What the server's hook printed, without git's own prefix; and without the note that the
    /// preset's day of review is past, and the receipt, so that no page changes by the clock alone.
    pub fn said(&self) -> String {
        let text = self.output.errors();
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("remote: "))
            .filter(|line| {
                !line
                    .trim_end()
                    .ends_with(&format!("to be reviewed by {PRESET_REVIEW}"))
            })
            .filter(|line| !line.starts_with(RECEIPT));
        lines.flat_map(|line| [line.trim_end(), "\n"]).collect()
    }

    /// The receipt that the hook printed, if it did.
    pub fn receipt(&self) -> Option<String> {
        let text = self.output.errors();
        let mut lines = text
            .lines()
            .filter_map(|line| line.strip_prefix("remote: "));
        let found = lines.find_map(|line| line.strip_prefix(RECEIPT));
        found.map(|receipt| receipt.trim_end().to_owned())
    }

    /// Everything that the client's terminal got, raw.
    pub fn raw(&self) -> &[u8] {
        &self.output.stderr
    }

    /// The push was accepted: git says so, and each ref holds what was pushed.
    pub fn accepted(&self) -> &Self {
        assert_eq!(self.output.status, Some(0), "{}", self.output.errors());
        assert_eq!(self.sandbox.refs(), self.wanted);
        self
    }

    /// The push was accepted, and nothing was held against it.
    pub fn clean(&self) -> &Self {
        let said = self.said();
        assert!(
            !said.contains("error") && !said.contains("warning"),
            "{said}"
        );
        self.accepted()
    }

    /// The push was accepted with a warning.
    pub fn warned(&self, code: &str) -> &Self {
        self.says(&format!("warning[{code}]")).accepted()
    }

    /// The push was refused, no ref moved, and the report names this rule.
    pub fn rejected(&self, code: &str) -> &Self {
        self.says(&format!("error[{code}]")).refused()
    }

    /// The hook refused the push, and no ref moved.
    pub fn refused(&self) -> &Self {
        self.says("treewarden: refused").declined()
    }

    /// The push failed, whoever refused it, and no ref moved.
    pub fn declined(&self) -> &Self {
        assert_ne!(self.output.status, Some(0), "{}", self.output.errors());
        assert_eq!(self.sandbox.refs(), self.before, "{}", self.output.errors());
        self
    }

    /// The hook's report holds the text.
    pub fn says(&self, text: &str) -> &Self {
        let said = self.said();
        assert!(
            said.contains(text),
            "no {text:?} in:\n{}",
            self.output.errors()
        );
        self
    }

    /// The hook's report doesn't hold the text.
    pub fn says_no(&self, text: &str) -> &Self {
        let said = self.said();
        assert!(!said.contains(text), "{text:?} in:\n{said}");
        self
    }

    /// The lines of help hold the text.
    pub fn helps(&self, text: &str) -> &Self {
        let said = self.said();
        let help = said.split("= help:").skip(1);
        assert!(
            help.into_iter().any(|lines| lines.contains(text)),
            "no help with {text:?} in:\n{said}"
        );
        self
    }

    /// How often a rule is broken.
    pub fn finds(&self, code: &str, times: usize) -> &Self {
        let said = self.said();
        assert_eq!(said.matches(&format!("[{code}]")).count(), times, "{said}");
        self
    }

    /// How many commits the hook says that it judged for the tree.
    pub fn judged(&self, tree: &str, commits: usize) -> &Self {
        let plural = if commits == 1 { "commit" } else { "commits" };
        self.says(&format!("{tree} ({commits} {plural})"))
    }
}
