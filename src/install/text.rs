//! What the text of another program's hook gives away. It can only be guessed at: what isn't
//! known is taken to be fine.

use std::fs;
use std::path::Path;

/// How scripts ask by which name they were started.
const OWN_NAME: [&str; 3] = ["$0", "${0", "BASH_SOURCE"];

/// Returns true if and only if the hook is our program, or names it outside of comments.
pub fn starts(hook: &Path, program: &str) -> bool {
    let is_it = |path: &Path| path.file_name().is_some_and(|name| name == program);
    hook.canonicalize().is_ok_and(|path| is_it(&path)) || mentions(&read(hook), &[program])
}

/// Returns true if and only if the hook is a script that seems to ask for its own name.
pub fn asks_name(hook: &Path) -> bool {
    let text = read(hook);
    !text.contains(&0) && mentions(&text, &OWN_NAME)
}

/// Nothing for what is no file, or may not be read.
fn read(hook: &Path) -> Vec<u8> {
    match hook.metadata() {
        Ok(found) if found.is_file() => fs::read(hook).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn mentions(text: &[u8], words: &[&str]) -> bool {
    let has = |line: &[u8], word: &str| {
        line.windows(word.len())
            .any(|window| window == word.as_bytes())
    };
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii_start().starts_with(b"#"))
        .any(|line| words.iter().any(|word| has(line, word)))
}
