//! The lines of a statement: `key: value`, in an order that whoever reads them knows.

use std::iter::Peekable;
use std::slice::Split;

use crate::report::escape::shortened;

/// How much of what somebody wrote is quoted, in characters.
const QUOTED: usize = 100;

/// What stands in a tag, fit for a message: who pushes it may have written any amount of anything.
pub(super) fn quoted(raw: &[u8]) -> String {
    shortened(raw, QUOTED)
}

/// Tells where a line ends.
type IsEnd = fn(&u8) -> bool;

/// The lines of a statement, taken in order.
pub(super) struct Lines<'l> {
    left: Peekable<Split<'l, u8, IsEnd>>,
    at: usize,
}

impl<'l> Lines<'l> {
    /// The lines, each of which must have its end.
    pub fn of(raw: &'l [u8]) -> Result<Self, String> {
        let whole = raw.strip_suffix(b"\n");
        let whole = whole.ok_or("the statement's last line has no end")?;
        let is_end: IsEnd = |byte| *byte == b'\n';
        Ok(Self {
            left: whole.split(is_end).peekable(),
            at: 0,
        })
    }

    /// The value of the next line, which must be that of `key`.
    pub fn value(&mut self, key: &str) -> Result<&'l [u8], String> {
        self.at += 1;
        let line = self.left.next().unwrap_or_default();
        value(line, key).ok_or_else(|| {
            format!(
                "line {} of the statement must be `{key}: …`, not `{}`",
                self.at,
                quoted(line)
            )
        })
    }

    /// The same as text.
    pub fn text(&mut self, key: &str) -> Result<&'l str, String> {
        let value = self.value(key)?;
        std::str::from_utf8(value).map_err(|_| format!("`{key}:` is no UTF-8"))
    }

    /// Returns true if and only if the next line is that of `key`.
    pub fn begins(&mut self, key: &str) -> bool {
        let next = self.left.peek().copied().unwrap_or_default();
        value(next, key).is_some()
    }

    /// Errors if there are more.
    pub fn end(&mut self) -> Result<(), String> {
        match self.left.next() {
            None => Ok(()),
            Some(line) => Err(format!(
                "line {} of the statement, `{}`, is one too many",
                self.at + 1,
                quoted(line)
            )),
        }
    }
}

/// What follows `key: ` on a line.
fn value<'l>(line: &'l [u8], key: &str) -> Option<&'l [u8]> {
    line.strip_prefix(key.as_bytes())?.strip_prefix(b": ")
}
