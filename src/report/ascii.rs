//! JSON in printable ASCII: whatever else a string holds is written as `\u….`, so that a document
//! is the same to every decoder and can be shown on a terminal.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::Value;

/// Writes the document, indented, with a line feed after it.
pub fn write(out: &mut dyn Write, document: &Value) -> io::Result<()> {
    let text = serde_json::to_string_pretty(document)?;
    writeln!(out, "{}", escaped(&text))
}

/// The document in one line, without a line feed.
pub fn line(document: &Value) -> String {
    escaped(&document.to_string())
}

/// Outside of strings JSON is ASCII, so any other character stands in a string. serde escapes
/// controls, but for DEL.
fn escaped(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() && character != '\x7f' {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing into a `String` can't fail.
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_printable_ascii_and_comes_back_whole() {
        let text = "a\x1b[2J\x7f\u{9b}\u{202e}\u{f6}\u{1f427}\\\"\n\t\0\u{2028}";
        let document = Value::from(vec![text]);
        let mut out = Vec::new();
        write(&mut out, &document).unwrap();
        assert!(
            out.iter().all(|byte| matches!(byte, b'\n' | b' '..=b'~')),
            "{}",
            String::from_utf8_lossy(&out)
        );
        assert_eq!(serde_json::from_slice::<Value>(&out).unwrap(), document);
    }
}
