//! Words of commands that somebody will paste into a shell.

use super::escape::Shown;

/// The text as one word for a shell, and safe for a terminal. What could not be printed as it is
/// is spelt out, so that the command names something else rather than doing something else.
pub fn word(text: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+:@=,^%".contains(byte);
    let shown = Shown(text).to_string();
    match !text.is_empty() && text.iter().all(plain) {
        true => shown,
        false => format!("'{}'", shown.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_one_word_and_nothing_else() {
        for (text, want) in [
            ("origin", "origin"),
            ("refs/heads/net-next", "refs/heads/net-next"),
            ("o;id", "'o;id'"),
            ("net$(touch x)", "'net$(touch x)'"),
            ("o'pt", "'o'\\''pt'"),
            ("a\x1b[2J", "'a\\x1b[2J'"),
            ("", "''"),
        ] {
            assert_eq!(word(text.as_bytes()), want);
        }
    }
}
