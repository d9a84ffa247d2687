//! Where a thing stands in a policy file, and all that is wrong there.

use std::fmt;
use std::rc::Rc;

/// A line of a policy file.
///
/// A policy has hundreds of them and a push shows a few: which line it is, and what it says, is
/// found out when somebody asks.
#[derive(Clone)]
pub struct Place {
    page: Rc<Page>,
    /// In bytes, from the beginning of the file.
    offset: usize,
}

/// A file as it was read.
pub(super) struct Page {
    file: String,
    text: String,
}

impl Page {
    /// The file's path, or `preset:<name>`, and its text.
    pub(super) fn new(file: &str, text: &str) -> Rc<Self> {
        Rc::new(Self {
            file: file.to_owned(),
            text: text.to_owned(),
        })
    }

    /// The line of the byte at `offset`.
    pub(super) fn place(self: &Rc<Self>, offset: usize) -> Place {
        Place {
            page: Rc::clone(self),
            offset,
        }
    }
}

impl Place {
    /// The first line of a file, whose text doesn't matter.
    pub fn top(file: &str) -> Self {
        Page::new(file, "").place(0)
    }

    /// The file's path, or `preset:<name>`.
    pub fn file(&self) -> &str {
        &self.page.file
    }

    /// Counted from 1.
    pub fn line(&self) -> usize {
        memchr::memchr_iter(b'\n', self.before()).count() + 1
    }

    fn before(&self) -> &[u8] {
        let all = self.page.text.as_bytes();
        all.get(..self.offset).unwrap_or(all)
    }

    /// What the line says, runs of spaces made one; nothing, where the file's text isn't known.
    pub fn text(&self) -> String {
        let start = memchr::memrchr(b'\n', self.before());
        let rest = self.page.text.get(start.map_or(0, |end| end + 1)..);
        let line = rest.and_then(|rest| rest.lines().next());
        let words = line.unwrap_or_default().split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Two places are one if they are the same line, wherever on it.
impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        let line = |place: &Self| (place.line(), place.text());
        self.file() == other.file() && line(self) == line(other)
    }
}

impl Eq for Place {}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.file(), self.line())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
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
