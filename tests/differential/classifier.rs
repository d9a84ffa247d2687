//! The compiled patterns match what a matcher of a few lines says they match.

use proptest::prelude::*;

use super::engine::classifier;
use super::hold;

/// A pattern's component, and what it is made of.
fn component() -> impl Strategy<Value = String> {
    let plain = prop::sample::select(vec!["a", "b", "net", "\u{f6}", ".c", "-"]);
    let piece = prop_oneof![
        6 => plain.prop_map(str::to_owned),
        2 => Just("?".to_owned()),
        2 => Just("*".to_owned()),
        1 => Just("[ab]".to_owned()),
        1 => Just("[a-c]".to_owned()),
        1 => Just("[]b]".to_owned()),
        1 => Just("\\*".to_owned()),
        1 => Just("\\[".to_owned()),
        1 => Just("{a,net}".to_owned()),
    ];
    let pieces = prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat());
    // Two stars side by side are refused, where they aren't a component of their own.
    let pieces = pieces.prop_map(|text| text.replace("**", "*").replace("**", "*"));
    prop_oneof![4 => pieces, 1 => Just("**".to_owned())]
}

fn pattern() -> impl Strategy<Value = String> {
    let parts = prop::collection::vec(component(), 1..4);
    (parts, prop::bool::weighted(0.2)).prop_map(|(parts, folder)| {
        let text = parts.join("/");
        if folder { text + "/" } else { text }
    })
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"a",
        b"b",
        b"c",
        b"net",
        b"\xc3\xb6",
        b".c",
        b"-",
        b"*",
        b"[",
        b"]",
        b"\\",
        b"\xff",
        b"\n",
    ];
    let piece = prop::sample::select(pieces);
    let part = prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat());
    prop::collection::vec(part, 1..4).prop_map(|parts| parts.join(&b'/'))
}

/// Whether the pattern, its braces spelt out, matches the whole path.
fn matches(pattern: &str, path: &[u8]) -> bool {
    if let Some((before, after)) = pattern.split_once("{a,net}") {
        let one_of = |text: &str| matches(&format!("{before}{text}{after}"), path);
        return one_of("a") || one_of("net");
    }
    let pattern = pattern
        .strip_suffix('/')
        .map_or(pattern.to_owned(), |folder| format!("{folder}/**"));
    let parts: Vec<&[u8]> = pattern.split('/').map(str::as_bytes).collect();
    let path: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    // All below a folder, and what stands in the folder's own place.
    let itself = parts
        .split_last()
        .filter(|(last, rest)| **last == b"**" && !rest.is_empty());
    components(&parts, &path) || itself.is_some_and(|(_, rest)| components(rest, &path))
}

fn components(pattern: &[&[u8]], path: &[&[u8]]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        ([], _) => false,
        // Last, it stands for what is below; elsewhere for any number of folders.
        ([b"**"], path) => !path.is_empty(),
        ([b"**", rest @ ..], path) => (0..=path.len()).any(|skip| components(rest, &path[skip..])),
        (_, []) => false,
        ([part, rest @ ..], [name, names @ ..]) => bytes(part, name) && components(rest, names),
    }
}

fn bytes(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], name) => name.is_empty(),
        ([b'*', rest @ ..], name) => (0..=name.len()).any(|skip| bytes(rest, &name[skip..])),
        (_, []) => false,
        ([b'?', rest @ ..], [_, name @ ..]) => bytes(rest, name),
        ([b'\\', wanted, rest @ ..], [byte, name @ ..]) => wanted == byte && bytes(rest, name),
        ([b'[', set @ ..], [byte, name @ ..]) => {
            let end = set.iter().skip(1).position(|byte| *byte == b']').unwrap() + 1;
            let listed = match &set[..end] {
                [low, b'-', high] => (low..=high).contains(&byte),
                list => list.contains(byte),
            };
            listed && bytes(&set[end + 1..], name)
        }
        ([wanted, rest @ ..], [byte, name @ ..]) => wanted == byte && bytes(rest, name),
    }
}

#[test]
fn the_first_class_that_matches() {
    let classes = prop::collection::vec(prop::collection::vec(pattern(), 1..4), 1..5);
    let paths = prop::collection::vec(path(), 20);
    hold(400, (classes, paths), |(classes, paths)| {
        let texts: Vec<Vec<&str>> = classes
            .iter()
            .map(|class| class.iter().map(String::as_str).collect())
            .collect();
        let slices: Vec<&[&str]> = texts.iter().map(Vec::as_slice).collect();
        let compiled = classifier(&slices);
        for path in paths {
            let mut expected = None;
            'search: for (class, patterns) in classes.iter().enumerate() {
                for (at, pattern) in patterns.iter().enumerate() {
                    if matches(pattern, path) {
                        expected = Some((class, at));
                        break 'search;
                    }
                }
            }
            let found = compiled
                .find(path)
                .map(|found| (found.class, found.pattern));
            assert_eq!(found, expected, "{}", path.escape_ascii());
        }
    });
}
