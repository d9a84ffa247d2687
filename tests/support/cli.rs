//! The command line, asked for what it prints.

use super::sandbox::{Output, run};
use super::{Local, Sandbox};

/// What a command answered.
pub struct Told(Output);

impl Sandbox {
    /// Runs `treewarden` in the sandbox's folder.
    pub fn tell(&self, arguments: &[&str]) -> Told {
        Told(run(self.treewarden().args(arguments), b""))
    }
}

impl Local<'_> {
    /// Runs `treewarden` where its user stands.
    pub fn tell(&self, arguments: &[&str]) -> Told {
        let mut command = self.command(env!("CARGO_BIN_EXE_treewarden"));
        Told(run(command.args(arguments), b""))
    }
}

impl Told {
    /// It ended with this status.
    pub fn ended(&self, status: i32) -> &Self {
        let said = format!("{}{}", self.out(), self.0.errors());
        assert_eq!(self.0.status, Some(status), "{said}");
        self
    }

    /// Standard output, or standard error, holds the text.
    pub fn says(&self, text: &str) -> &Self {
        let said = format!("{}{}", self.out(), self.0.errors());
        assert!(said.contains(text), "no {text:?} in:\n{said}");
        self
    }

    /// Neither holds it.
    pub fn says_no(&self, text: &str) -> &Self {
        let said = format!("{}{}", self.out(), self.0.errors());
        assert!(!said.contains(text), "{text:?} in:\n{said}");
        self
    }

    /// What follows the label on its line, on standard output.
    pub fn value(&self, label: &str) -> String {
        let out = self.out();
        let mut lines = out.lines().filter_map(|line| line.strip_prefix(label));
        let found = lines.next();
        found
            .unwrap_or_else(|| panic!("no line {label:?} in:\n{out}"))
            .trim()
            .to_owned()
    }

    /// Standard output.
    pub fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }
}
