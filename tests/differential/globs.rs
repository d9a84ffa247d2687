//! The compiled patterns are what globset says: which texts are patterns, what they match, and
//! what a walk is told that asks folder by folder.

use std::cell::{Cell, RefCell};

use globset::{Candidate, GlobSet, GlobSetBuilder};
use proptest::prelude::*;
use treewarden::classify::{ClassMask, Classifier, State, States};
use treewarden::policy::pattern::path_globs;
use treewarden::policy::{Source, load};
use treewarden::update::is_path;

use super::engine::{classifier, compile};
use super::hold;

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
