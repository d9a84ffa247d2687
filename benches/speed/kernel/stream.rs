//! Commits in the language of `git fast-import`.

use std::fmt::Write as _;
use std::io::{Result, Write};

use super::content::{self, Version};

/// Writes a stream that `git fast-import` reads.
pub struct Stream<W> {
    out: W,
    last: usize,
}

/// A commit that the stream knows by number.
#[derive(Clone, Copy)]
pub struct Mark(usize);

/// A commit to write.
pub struct Commit<'c> {
    /// The ref that it goes to.
    pub branch: &'c str,
    /// Its first parent where that isn't what the ref holds.
    pub from: Option<&'c str>,
    /// The other side of a merge.
    pub merged: Option<Mark>,
    pub author: &'c str,
    /// When it was written and when committed, in seconds.
    pub dates: (u64, u64),
    pub message: &'c str,
    /// The files that it changes: number, path, what then stands there.
    pub files: &'c [(usize, &'c str, Version)],
}

impl Mark {
    /// As `from` has it.
    pub fn name(self) -> String {
        format!(":{}", self.0)
    }
}

impl<W: Write> Stream<W> {
    pub fn new(out: W) -> Self {
        Self { out, last: 0 }
    }

    pub fn commit(&mut self, commit: &Commit<'_>) -> Result<Mark> {
        self.last += 1;
        let (written, committed) = commit.dates;
        let mut head = format!(
            "commit {}\nmark :{}\nauthor {} {written} +0000\ncommitter {} {committed} +0000\n",
            commit.branch, self.last, commit.author, commit.author
        );
        data(&mut head, commit.message);
        if let Some(from) = commit.from {
            writeln!(head, "from {from}").unwrap();
        }
        if let Some(mark) = commit.merged {
            writeln!(head, "merge :{}", mark.0).unwrap();
        }
        for (file, path, version) in commit.files {
            change(&mut head, *file, path, *version);
        }
        self.out.write_all(head.as_bytes())?;
        Ok(Mark(self.last))
    }

    /// Has a ref hold a commit.
    pub fn set(&mut self, branch: &str, mark: Mark) -> Result<()> {
        writeln!(self.out, "reset {branch}\nfrom :{}\n", mark.0)
    }

    /// Ends the stream; what was to be written is.
    pub fn finish(mut self) -> Result<()> {
        writeln!(self.out, "done")?;
        self.out.flush()
    }
}

fn change(head: &mut String, file: usize, path: &str, version: Version) {
    match version {
        Some(lines) => {
            writeln!(head, "M 100644 inline {path}").unwrap();
            data(head, &content::text(file, lines));
        }
        None => writeln!(head, "D {path}").unwrap(),
    }
}

fn data(head: &mut String, text: &str) {
    writeln!(head, "data {}\n{text}", text.len()).unwrap();
}
