//! Statements, and the tags that are signed over them.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::{Key, Sandbox};

/// So many hours from now, as a statement has it.
pub fn in_hours(hours: i64) -> String {
    let then = Timestamp::now() + SignedDuration::from_hours(hours);
    Timestamp::from_second(then.as_second())
        .unwrap()
        .to_string()
}

/// A statement, and the tag that will hold it.
#[derive(Clone)]
pub struct Statement<'s> {
    sandbox: &'s Sandbox,
    lines: Vec<(&'static str, String)>,
    target: String,
}

impl Sandbox {
    /// A statement that lifts `denied-path` of these commits on master.
    pub fn lifting(&self, commits: &[&str]) -> Statement<'_> {
        self.statement("denied-path", "commits", &commits.join(","), commits[0])
    }

    /// A statement that lifts a rule for one update of master.
    pub fn lifting_update(&self, rule: &str, old: &str, new: &str) -> Statement<'_> {
        let zero = old.is_empty() || new.is_empty();
        let zeros = if zero {
            self.format.zero()
        } else {
            String::new()
        };
        let or_zeros = |oid: &str| {
            if oid.is_empty() {
                zeros.clone()
            } else {
                oid.to_owned()
            }
        };
        let update = format!("{} {}", or_zeros(old), or_zeros(new));
        let target = if new.is_empty() { old } else { new };
        self.statement(rule, "update", &update, target)
    }

    fn statement(&self, rule: &str, key: &'static str, what: &str, target: &str) -> Statement<'_> {
        Statement {
            sandbox: self,
            lines: vec![
                ("override-version", "1".into()),
                ("repository", "bpf-next".into()),
                ("ref", "refs/heads/master".into()),
                ("rules", rule.into()),
                (key, what.into()),
                ("expires", in_hours(1)),
                ("reason", "the fix must go in tonight".into()),
            ],
            target: target.into(),
        }
    }
}

impl Statement<'_> {
    /// The same with another value in a line.
    pub fn but(mut self, key: &str, value: &str) -> Self {
        let mut lines = self.lines.iter_mut();
        lines.find(|line| line.0 == key).unwrap().1 = value.into();
        self
    }

    /// The same, pointing at something else.
    pub fn at(mut self, target: &str) -> Self {
        self.target = target.into();
        self
    }

    /// The whole text.
    pub fn text(&self) -> String {
        let lines = self.lines.iter();
        lines
            .map(|(key, value)| format!("{key}: {value}\n"))
            .collect()
    }

    /// The name of the override's ref.
    pub fn ref_name(&self, signer: &str) -> String {
        self.ref_name_of(signer, &self.text())
    }

    /// The same for another text.
    pub fn ref_name_of(&self, signer: &str, text: &str) -> String {
        let digest = Sha256::digest(text);
        let digits: String = digest
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("refs/overrides/{}/{signer}-{digits}", self.target)
    }

    /// Signs it: the tag, and the ref that it belongs at.
    pub fn sign(&self, signer: &str, key: &Key) -> (String, String) {
        self.sign_text(signer, key, &self.text())
    }

    /// The same with another text for a message.
    pub fn sign_text(&self, signer: &str, key: &Key, text: &str) -> (String, String) {
        let client = self.sandbox.client();
        key.use_in(self.sandbox, &client);
        let tag = [
            "tag",
            "-s",
            "-f",
            "--cleanup=verbatim",
            "-F",
            "-",
            "x",
            &self.target,
        ];
        self.sandbox.git_with(&tag, text.as_bytes());
        let oid = self.sandbox.git(&["rev-parse", "refs/tags/x"]);
        (oid, self.ref_name_of(signer, text))
    }
}
