//! What `docs/rules.md` says of each code, for a terminal. The page is compiled in, and a test
//! holds its headings against the table of codes.

use crate::error::Error;
use crate::finding::Code;

const RULES: &str = include_str!("../docs/rules.md");
/// What begins and ends a block that is shown as it stands.
const FENCE: &str = "```";
/// How far such a block is moved to the right.
const INDENT: &str = "    ";

/// The section of a code: its name, an empty line, and the text, without what only a browser can
/// follow. Ends in one line feed.
pub fn section(code: Code) -> Result<String, Error> {
    let heading = format!("\n## `{code}`\n");
    let (_, after) = RULES
        .split_once(&heading)
        .ok_or(Error::Internal("a code that docs/rules.md doesn't have"))?;
    let body = after.split("\n## `").next().unwrap_or_default();
    Ok(format!("{code}\n\n{}\n", plain(body.trim())))
}

/// Markdown without fences and links: blocks are indented, and of a link its text is kept.
fn plain(markdown: &str) -> String {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in markdown.lines() {
        if line.starts_with(FENCE) {
            fenced = !fenced;
        } else if fenced {
            lines.push(format!("{INDENT}{line}").trim_end().to_owned());
        } else {
            lines.push(without_links(line));
        }
    }
    lines.join("\n")
}

/// `[text](target)` becomes `text`.
fn without_links(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, text, after)) = first_link(rest) {
        out.push_str(before);
        out.push_str(text);
        rest = after;
    }
    out + rest
}

fn first_link(line: &str) -> Option<(&str, &str, &str)> {
    let (head, tail) = line.split_once("](")?;
    let (_, after) = tail.split_once(')')?;
    // The text of a link may hold brackets itself, as in [`[budget]`](…).
    let open = matching_bracket(head)?;
    Some((head.get(..open)?, head.get(open + 1..)?, after))
}

/// Where the bracket is that the end of the text would close.
fn matching_bracket(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices().rev() {
        match character {
            ']' => depth += 1,
            '[' if depth == 0 => return Some(at),
            '[' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_section_and_no_more() {
        for code in Code::ALL {
            let text = section(*code).unwrap();
            assert!(text.starts_with(&format!("{code}\n\nFinds: {}.\n", code.summary())));
            assert_eq!(text.matches("\nFinds: ").count(), 1, "{text}");
            for left in ["](", FENCE, "## "] {
                assert!(!text.contains(left), "{left:?} in:\n{text}");
            }
            assert!(text.contains("\n    $ git push "), "{text}");
        }
    }

    #[test]
    fn links_lose_their_targets_and_blocks_their_fences() {
        let text = "see [its [own] changes](p.md#a) and [`[budget]`](p.md), [not] (this)\n\
                    ```console\n$ [a](b)\n\n```\nend";
        assert_eq!(
            plain(text),
            "see its [own] changes and `[budget]`, [not] (this)\n    $ [a](b)\n\nend"
        );
    }
}
