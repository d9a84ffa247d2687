//! Words of commands that are printed for a shell to read.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// git, in the repository of that git directory.
pub fn git(git_dir: &Path) -> String {
    format!("git --git-dir={}", quoted_path(git_dir))
}

/// A word as a shell reads it.
pub fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@=,".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.into_owned(),
        // No backslash: what is printed would show two.
        false => format!("'{}'", text.replace('\'', "'\"'\"'")),
    }
}

/// The same for a path.
pub fn quoted_path(path: &Path) -> String {
    quoted(trimmed(path).as_os_str())
}

/// The same for several paths.
pub fn quoted_paths(paths: &[&Path]) -> String {
    let quoted: Vec<String> = paths.iter().map(|path| quoted_path(path)).collect();
    quoted.join(" ")
}

/// A path without a `/` at its end.
pub fn trimmed(path: &Path) -> PathBuf {
    path.components().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_mind() {
        for (word, want) in [
            ("/srv/git/a.git", "/srv/git/a.git"),
            ("preset:bpf-next", "preset:bpf-next"),
            ("/a b", "'/a b'"),
            ("o'pt", "'o'\"'\"'pt'"),
            ("", "''"),
            ("$HOME", "'$HOME'"),
        ] {
            assert_eq!(quoted(OsStr::new(word)), want);
        }
        let paths = [Path::new("/srv/git/a.git/"), Path::new("/a b")];
        assert_eq!(quoted_paths(&paths), "/srv/git/a.git '/a b'");
    }
}
