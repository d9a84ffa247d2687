//! Sentences in lines that a terminal shows whole.

/// How long a line becomes before it is broken, in characters.
const WIDTH: usize = 96;

/// The text, broken at spaces: the first line after `first`, the others after `indent` spaces. A
/// word that is longer than a line has one to itself. Ends without a line feed.
pub fn wrapped(first: &str, indent: usize, text: &str) -> String {
    let mut out = first.to_owned();
    let mut column = first.chars().count();
    for (at, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if at > 0 && column + 1 + length > WIDTH {
            out = format!("{out}\n{:indent$}", "");
            column = indent;
        } else if at > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

/// What the reader should know beside the rest.
pub fn note(text: &str) -> String {
    wrapped("note: ", "note: ".len(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces_and_nowhere_else() {
        let long = "x".repeat(120);
        let text = format!("{} {long} end", "word ".repeat(40).trim_end());
        let shown = note(&text);
        assert_eq!(
            shown.split_whitespace().collect::<Vec<_>>().join(" "),
            format!("note: {text}")
        );
        for line in shown.lines().filter(|line| !line.contains(&long)) {
            assert!(line.len() <= WIDTH, "{line}");
        }
        let mut rest = shown.lines().skip(1);
        assert!(rest.all(|line| line.starts_with("      ") && !line.starts_with("       ")));
        assert_eq!(wrapped("- ", 2, "short"), "- short");
    }
}
