//! The last line of a file, without reading what stands before it.

use std::fs::File;
use std::io::{Error, Result};
use std::os::unix::fs::FileExt;

/// What is read at once.
const STEP: u64 = 16 * 1024;
/// More than any record of ours.
const MOST: u64 = 8 * 1024 * 1024;

/// The end of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// How long the file is.
    pub length: u64,
    /// The last line, without its line feed; `None` in an empty file.
    pub line: Option<Vec<u8>>,
    /// Whether the line feed is missing: the line is not whole.
    pub is_torn: bool,
}

impl Tail {
    /// Reads it.
    pub fn of(file: &File) -> Result<Self> {
        let length = file.metadata()?.len();
        let mut text = Vec::new();
        let mut from = length;
        while from > 0 && !holds_a_line(&text) {
            if length - from >= MOST {
                return Err(Error::other("its last line is too long to be a record"));
            }
            let start = from.saturating_sub(STEP);
            let mut step = vec![0; usize::try_from(from - start).map_err(Error::other)?];
            file.read_exact_at(&mut step, start)?;
            step.extend(text);
            (text, from) = (step, start);
        }
        let is_torn = text.last().is_some_and(|byte| *byte != b'\n');
        let whole = text.strip_suffix(b"\n").unwrap_or(&text);
        let last = whole.rsplit(|byte| *byte == b'\n').next();
        Ok(Self {
            length,
            line: last.filter(|_| length > 0).map(<[u8]>::to_vec),
            is_torn,
        })
    }
}

/// Returns true if and only if a line feed stands before the last byte.
fn holds_a_line(text: &[u8]) -> bool {
    match text {
        [before @ .., _] => before.contains(&b'\n'),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_last_line_is_found_however_long() {
        let long = "x".repeat(40_000);
        for (text, line, is_torn) in [
            ("", None, false),
            ("a\n", Some("a"), false),
            ("a", Some("a"), true),
            ("a\nb\n", Some("b"), false),
            ("a\nb", Some("b"), true),
            ("\n", Some(""), false),
            ("a\n\n", Some(""), false),
            (&format!("a\n{long}\n"), Some(&long), false),
            (&format!("{long}\nb\n"), Some("b"), false),
        ] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let tail = Tail::of(&file).unwrap();
            let found = tail.line.map(|line| String::from_utf8(line).unwrap());
            assert_eq!((found.as_deref(), tail.is_torn), (line, is_torn));
            assert_eq!(tail.length, text.len() as u64);
        }
    }
}
