//! Where a thing stands in a policy file, and all that is wrong there.

use std::fmt;
use std::rc::Rc;

/// A line of a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's path, or `preset:<name>`.
    pub file: Rc<str>,
    /// Counted from 1.
    pub line: usize,
    /// What the line says, runs of spaces made one.
    pub text: Rc<str>,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.file, self.line)
    }
}

/// Everything that is wrong with a policy; never empty once it is returned as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<String>);

impl Faults {
    /// One fault that no line of a file is to blame for.
    pub fn of(message: impl Into<String>) -> Self {
        Self(vec![message.into()])
    }

    /// Adds a fault at a line.
    pub fn push(&mut self, place: &Place, message: impl fmt::Display) {
        self.0.push(format!("{place}: {message}"));
    }

    /// Returns true if and only if nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `value` if nothing is wrong, else all the faults.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.join("\n"))
    }
}

/// `; did you mean …?`, where one of `known` is close to `given`, else nothing.
pub fn did_you_mean(given: &str, known: &[&str]) -> String {
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .filter(|(distance, name)| *distance <= name.len() / 3 + 1)
        .min()
        .map_or(String::new(), |(_, name)| {
            format!("; did you mean `{name}`?")
        })
}
