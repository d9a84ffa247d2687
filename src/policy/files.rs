//! The files that a policy is read from.

use super::Source;
use super::compile::DEEPEST_EXTENDS;
use super::node::{self, Value};

/// The source and all that it extends, outermost first, as far as they can be read.
pub fn files(source: &Source) -> Vec<Source> {
    let mut found = vec![source.clone()];
    while found.len() <= DEEPEST_EXTENDS {
        match found.last().and_then(extended) {
            Some(below) => found.push(below),
            None => break,
        }
    }
    found
}

fn extended(source: &Source) -> Option<Source> {
    let text = source.read().ok()?;
    let table = node::parse(&source.to_string(), &text).ok()?;
    match &table.get("extends")?.value {
        Value::Text(below) => Some(Source::parse(below, source.folder())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_named_once_and_the_last_may_be_gone() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| Source::File(folder.path().join(name));
        std::fs::write(folder.path().join("a"), "extends = \"b\"\n").unwrap();
        std::fs::write(folder.path().join("b"), "extends = \"c\"\n").unwrap();
        assert_eq!(files(&at("a")), [at("a"), at("b"), at("c")]);
        std::fs::write(folder.path().join("c"), "extends = \"a\"\n").unwrap();
        assert_eq!(files(&at("a")).len(), DEEPEST_EXTENDS + 1);
        std::fs::write(folder.path().join("c"), "extends = \"preset:bpf-next\"\n").unwrap();
        let preset = Source::Preset("bpf-next".into());
        assert_eq!(files(&at("a")).last(), Some(&preset));
    }
}
