//! Text from a push, made safe for a terminal.

use std::fmt;

/// Shows raw bytes so that none of them acts on a terminal or misleads a reader: controls,
/// escapes, invisible and direction-changing characters and bytes that are no UTF-8 are written
/// out as `\x1b` or `\u{202e}`. Always, since a hook's output never goes to a terminal directly.
pub struct Shown<'b>(pub &'b [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '\\' => out.write_str("\\\\")?,
                    '\t' => out.write_str("\\t")?,
                    '\n' => out.write_str("\\n")?,
                    c if c.is_ascii_control() => write!(out, "\\x{:02x}", u32::from(c))?,
                    c if misleads(c) => write!(out, "\\u{{{:x}}}", u32::from(c))?,
                    c => write!(out, "{c}")?,
                }
            }
            chunk
                .invalid()
                .iter()
                .try_for_each(|byte| write!(out, "\\x{byte:02x}"))?;
        }
        Ok(())
    }
}

/// Our own words, which may quote a policy or a repository: what acts on a terminal is written
/// out as in [`Shown`], and all else, lines and what is escaped already, stays.
pub struct Told<'t>(pub &'t str);

impl fmt::Display for Told<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\n' => out.write_str("\n")?,
                c if c.is_ascii_control() => write!(out, "\\x{:02x}", u32::from(c))?,
                c if misleads(c) => write!(out, "\\u{{{:x}}}", u32::from(c))?,
                c => write!(out, "{c}")?,
            }
        }
        Ok(())
    }
}

/// Returns true if and only if the character isn't seen, or changes how others are.
pub(crate) fn misleads(character: char) -> bool {
    matches!(character,
        '\u{80}'..='\u{9f}' // C1 controls
        | '\u{ad}' | '\u{61c}' | '\u{180e}' // soft hyphen, Arabic letter mark, vowel separator
        | '\u{200b}'..='\u{200f}' // zero width, marks of direction
        | '\u{2028}'..='\u{202e}' // separators, embeddings, overrides
        | '\u{2060}'..='\u{206f}' // joiners, isolates
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}') // tags
}

/// The same, cut to `most` characters.
pub fn shortened(text: &[u8], most: usize) -> String {
    let shown = Shown(text).to_string();
    if shown.chars().count() <= most {
        return shown;
    }
    let kept: String = shown.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_a_terminal() {
        let hostile = b"a\x1b]0;x\x07\r\n\t\xff\xc3\xb6 \xe2\x80\xae \xc2\x9b \\";
        let shown = Shown(hostile).to_string();
        assert_eq!(
            shown,
            "a\\x1b]0;x\\x07\\x0d\\n\\t\\xff\u{f6} \\u{202e} \\u{9b} \\\\"
        );
        assert_eq!(shortened(b"abcdef", 4), "abc…");
    }
}
