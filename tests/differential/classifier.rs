//! The compiled patterns match what a matcher of a few lines says they match, and what globset
//! does; and a walk that asks folder by folder is told the same.

use std::cell::{Cell, RefCell};

use globset::{Candidate, GlobSet, GlobSetBuilder};
use proptest::prelude::*;
use treewarden::classify::{ClassMask, Classifier, State, States};
use treewarden::policy::pattern::path_globs;
use treewarden::policy::{Source, load};
use treewarden::update::is_path;

use super::engine::{classifier, compile};
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

/// All patterns in one `GlobSet`, and the class and pattern of each of its globs.
struct Oracle {
    set: GlobSet,
    owners: Vec<(usize, usize)>,
}

impl Oracle {
    fn new(classes: &[Vec<String>]) -> Self {
        let (mut set, mut owners) = (GlobSetBuilder::new(), Vec::new());
        for (class, patterns) in classes.iter().enumerate() {
            for (at, pattern) in patterns.iter().enumerate() {
                for glob in path_globs(pattern).unwrap() {
                    set.add(glob);
                    owners.push((class, at));
                }
            }
        }
        let set = set.build().unwrap();
        Self { set, owners }
    }

    fn find(&self, path: &[u8]) -> Option<(usize, usize)> {
        let hits = self.set.matches_candidate(&Candidate::from_bytes(path));
        hits.first().map(|first| self.owners[*first])
    }
}

/// Patterns of all that the syntax has, with few names, so that they meet.
fn any_pattern() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec!["a", "b", "ab", ".", "\u{f6}", ",", "!", "]", "-"]).prop_map(str::to_owned),
        2 => Just("?".to_owned()),
        3 => Just("*".to_owned()),
        1 => prop::sample::select(vec!["[ab]", "[!/a]", "[^a/]", "[!--9]", "[]-]", "[a-]", "[a-b-c]", "[!/-b]", "[\\]", "[{]", "[!+-9-.]", "[+-9-.]"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec!["\\*", "\\a", "\\[", "\\{", "\\\\", "\\\u{f6}", "\\/"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec!["{a,b}", "{a,}", "{a/b,b}", "{a,b/{a,b}}", "{a/,b}", "{?,a*b}", "{a,a/**}"])
            .prop_map(str::to_owned),
    ];
    let pieces = prop::collection::vec(piece, 1..4).prop_map(|pieces| pieces.concat());
    let part = prop_oneof![4 => pieces, 2 => Just("**".to_owned()), 1 => Just("*".to_owned())];
    let parts = prop::collection::vec(part, 1..5).prop_map(|parts| parts.join("/"));
    (parts, prop::bool::weighted(0.2)).prop_map(|(text, folder)| match folder {
        true => text + "/",
        false => text,
    })
}

/// Classes of those patterns that are none but faults.
fn any_classes() -> impl Strategy<Value = Vec<Vec<String>>> {
    let class = prop::collection::vec(any_pattern(), 1..5);
    let sound = |patterns: Vec<String>| {
        let sound = |pattern: &String| path_globs(pattern).is_ok();
        patterns.into_iter().filter(sound).collect::<Vec<_>>()
    };
    prop::collection::vec(class.prop_map(sound), 1..6)
}

/// A path that comes close to a pattern: `noise` tells which, and what stands for its wildcards.
fn near(classes: &[Vec<String>], noise: &[u8]) -> Vec<u8> {
    let mut noise = noise.iter().copied().cycle();
    let mut pick = |of: usize| usize::from(noise.next().unwrap()) % of.max(1);
    let all: Vec<&String> = classes.iter().flatten().collect();
    let Some(pattern) = all.get(pick(all.len())) else {
        return b"a".to_vec();
    };
    let texts = path_globs(pattern).unwrap();
    let text = texts[pick(texts.len())].glob();
    let names: [&[u8]; 9] = [
        b"a",
        b"b",
        b"ab",
        b"\xff",
        b"\xc3\xb6",
        b"a/b",
        b".",
        b"c",
        b"",
    ];
    let mut path = Vec::new();
    for byte in text.bytes() {
        match byte {
            b'*' | b'?' | b'[' => path.extend(names[pick(names.len())]),
            b'\\' | b']' => {}
            other if pick(24) == 0 => path.extend([other, b'a']),
            other => path.push(other),
        }
    }
    match pick(8) {
        0 => path.extend(b"/a"),
        1 => path.extend(b"/b/ab"),
        2 => path.truncate(path.len() / 2),
        3 => drop(path.splice(0..0, *b"a/")),
        _ => {}
    }
    path
}

/// The states from the top folder to the path's own, and its class.
fn walk(states: &mut States<'_>, path: &[u8]) -> (Vec<State>, ClassMask) {
    let mut names: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let last = names.pop().unwrap();
    let mut way = vec![states.top()];
    for name in names {
        let next = states.folder(way[way.len() - 1], name);
        way.push(next);
    }
    let class = states.class(way[way.len() - 1], last);
    (way, class)
}

fn agree(compiled: &Classifier, states: &mut States<'_>, oracle: &Oracle, path: &[u8]) {
    let shown = path.escape_ascii();
    let found = compiled.find(path);
    let expected = oracle.find(path);
    let found = found.map(|found| (found.class, found.pattern));
    assert_eq!(found, expected, "{shown}");
    let class = ClassMask::of(expected.map(|(class, _)| class));
    let (way, walked) = walk(states, path);
    assert_eq!(walked, class, "{shown}, by a walk");
    for at in way {
        let below = states.below(at);
        assert!(below.covers(class), "{shown}: {below:?}");
    }
}

#[test]
fn globset_and_walks_say_the_same() {
    let noise = prop::collection::vec(any::<u8>(), 12);
    let paths = prop::collection::vec(noise, 40);
    hold(1500, (any_classes(), paths), |(classes, paths)| {
        let texts: Vec<Vec<&str>> = classes
            .iter()
            .map(|class| class.iter().map(String::as_str).collect())
            .collect();
        let slices: Vec<&[&str]> = texts.iter().map(Vec::as_slice).collect();
        let compiled = classifier(&slices);
        let oracle = Oracle::new(classes);
        let mut states = compiled.states();
        for path in paths.iter().map(|noise| near(classes, noise)) {
            if is_path(&path) {
                agree(&compiled, &mut states, &oracle, &path);
            }
        }
    });
}

/// Text that is a pattern by chance only.
fn any_text() -> impl Strategy<Value = String> {
    let pieces = [
        "a", "b", "/", "*", "**", "?", "[", "]", "{", "}", ",", "!", "^", "-", "\\", "\u{f6}",
        "z-a",
    ];
    let piece = prop::sample::select(pieces.to_vec());
    prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
}

#[test]
fn what_is_no_pattern_is_none_to_globset_for_the_same_reason() {
    let both = |text: &String| {
        let ours = compile(&[&[text]]).map(drop);
        assert_eq!(ours, path_globs(text).map(drop), "{text}");
        ours.is_ok()
    };
    let (all, sound) = (Cell::new(0), Cell::new(0));
    hold(4000, any_text(), |text| {
        all.set(all.get() + 1);
        sound.set(sound.get() + usize::from(both(text)));
    });
    let (all, sound) = (all.get(), sound.get());
    assert!(all / 8 < sound && sound < all, "{sound} of {all}");
}

#[test]
fn the_preset_is_matched_as_globset_matches_it() {
    let policy = load(&Source::Preset("bpf-next".into()), Some("bpf-next")).unwrap();
    let classes = policy.classes.iter();
    let texts = classes.map(|class| {
        let patterns = class.patterns.iter();
        patterns.map(|pattern| pattern.text.clone()).collect()
    });
    let classes: Vec<Vec<String>> = texts.collect();
    let oracle = Oracle::new(&classes);
    let states = RefCell::new(policy.classifier.states());
    let noise = prop::collection::vec(any::<u8>(), 12);
    hold(3000, noise, |noise| {
        let path = near(&classes, noise);
        if is_path(&path) {
            agree(&policy.classifier, &mut states.borrow_mut(), &oracle, &path);
        }
    });
    let landed = include_str!("../data/bpf-landings.tsv").lines().skip(1);
    let files = landed.filter_map(|row| row.split('\t').nth(2));
    for path in files.flat_map(|files| files.split(',')) {
        let mut states = states.borrow_mut();
        agree(&policy.classifier, &mut states, &oracle, path.as_bytes());
    }
}
