//! What `policy lint` says of patterns that others shadow, held against every short path and every
//! short ref name, one by one.

use std::collections::BTreeSet;
use std::path::Path;

use globset::Candidate;
use proptest::prelude::*;
use regex::Regex;
use treewarden::lint::{Remark, Topic, lint};
use treewarden::policy::pattern::alternatives;
use treewarden::policy::{self, Policy, Source};
use treewarden::update::RefName;

use crate::differential::hold;

fn load(folder: &Path, text: &str) -> Policy {
    let file = folder.join("p.toml");
    std::fs::write(&file, text).unwrap();
    policy::load(&Source::File(file), None).unwrap_or_else(|faults| panic!("{faults}\n{text}"))
}

/// All texts of up to `most` of these bytes.
fn words(bytes: &[u8], most: usize) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new()];
    let mut from = 0;
    for _ in 0..most {
        let to = all.len();
        for at in from..to {
            for byte in bytes {
                all.push([all[at].as_slice(), &[*byte]].concat());
            }
        }
        from = to;
    }
    all
}

/// Paths of up to four components, the first two of up to three letters: longer and deeper than
/// the patterns are, and with one letter that those don't know.
fn short_paths() -> Vec<Vec<u8>> {
    let long = words(b"abc", 3).split_off(1);
    let third = ["a", "b", "c", "cc"].map(|part| part.as_bytes().to_vec());
    let fourth = ["c", "cc"].map(|part| part.as_bytes().to_vec());
    let mut paths = Vec::new();
    let mut last = vec![Vec::new()];
    for parts in [&long[..], &long, &third, &fourth] {
        let longer = |path: &Vec<u8>| {
            let start = if path.is_empty() {
                Vec::new()
            } else {
                [path, &b"/"[..]].concat()
            };
            let joined = parts.iter().map(move |part| [&start[..], part].concat());
            joined.collect::<Vec<_>>()
        };
        last = last.iter().flat_map(longer).collect();
        paths.extend(last.iter().cloned());
    }
    paths
}

fn component(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    let some = prop::collection::vec(prop::sample::select(of), 1..3);
    let part = some.prop_map(|pieces| pieces.concat().replace("**", "*"));
    let odd = prop::sample::select(&["**", "**", "."][..]).prop_map(str::to_owned);
    prop_oneof![6 => part, 1 => odd]
}

/// A pattern of a class, and where it stands.
struct Written<'p> {
    text: &'p str,
    class: usize,
    at: usize,
    line: usize,
}

fn path_policy(classes: &[Vec<String>]) -> (String, Vec<Written<'_>>) {
    let mut text = "version = 1\n".to_owned();
    let mut written = Vec::new();
    for (class, patterns) in classes.iter().enumerate() {
        text += &format!("[[path-class]]\nname = '{class}'\nneutral = true\npaths = [\n");
        for (at, pattern) in patterns.iter().enumerate() {
            text += &format!("'{pattern}',\n");
            let line = text.lines().count();
            written.push(Written {
                text: pattern,
                class,
                at,
                line,
            });
        }
        text += "]\n";
    }
    (text, written)
}

/// The alternatives of a pattern that the remarks call dead, and what they say of those.
fn dead(remarks: &[Remark], written: &Written<'_>) -> BTreeSet<String> {
    let topics = [Topic::ShadowedPattern, Topic::ImpossiblePattern];
    let all = || alternatives(written.text).unwrap().into_iter();
    let verb = Regex::new(" (is|are) never | match(es)? no ").unwrap();
    let mut dead = BTreeSet::new();
    for remark in remarks {
        if remark.name == Topic::ShadowedClass {
            if remark
                .message
                .contains(&format!("class `{}`", written.class))
            {
                dead.extend(all().map(|alternative| alternative.text));
            }
        } else if remark.place.line() == written.line && topics.contains(&remark.name) {
            let subject = verb.split(&remark.message).next().unwrap();
            match subject.split_once(", of ") {
                None => dead.extend(all().map(|alternative| alternative.text)),
                Some((some, _)) => {
                    let names = some.split('`').skip(1).step_by(2);
                    dead.extend(names.map(str::to_owned));
                }
            }
        }
    }
    dead
}

#[test]
fn shadowed_path_patterns_are_those_that_no_path_meets_first() {
    let paths = short_paths();
    let part = || component(&["a", "b", "a", "b", "?", "*", "[ab]", "{a,b}"]);
    let ending = || prop::sample::select(&["", "", "/", "/**"][..]);
    let pattern = (prop::collection::vec(part(), 1..3), ending());
    let pattern = pattern.prop_map(|(parts, ending)| parts.join("/") + ending);
    let classes = prop::collection::vec(prop::collection::vec(pattern, 1..4), 1..4);
    hold(60, classes, |classes| {
        let (text, all) = path_policy(classes);
        let folder = tempfile::tempdir().unwrap();
        let policy = load(folder.path(), &text);
        let remarks = lint(&policy, None);
        let first: Vec<_> = paths
            .iter()
            .map(|path| policy.classifier.find(path))
            .collect();
        for written in &all {
            let is_first = |at: usize| {
                first[at].is_some_and(|found| {
                    (found.class, found.pattern) == (written.class, written.at)
                })
            };
            let expected: BTreeSet<String> = alternatives(written.text)
                .unwrap()
                .into_iter()
                .filter(|alternative| !met(&alternative.globs, &paths).any(is_first))
                .map(|alternative| alternative.text)
                .collect();
            assert_eq!(dead(&remarks, written), expected, "{text}\n{remarks:#?}");
            blames(&remarks, written, &all, &paths);
        }
    });
}

/// The paths that one of the globs matches, by their indices.
fn met(globs: &[globset::Glob], paths: &[Vec<u8>]) -> impl Iterator<Item = usize> {
    let matchers: Vec<_> = globs.iter().map(|glob| glob.compile_matcher()).collect();
    paths.iter().enumerate().filter_map(move |(at, path)| {
        let candidate = Candidate::from_bytes(path);
        let mut all = matchers.iter();
        all.any(|matcher| matcher.is_match_candidate(&candidate))
            .then_some(at)
    })
}

/// Wherever a shadowed pattern matches, one of those that the remark names does.
fn blames(remarks: &[Remark], written: &Written<'_>, all: &[Written<'_>], paths: &[Vec<u8>]) {
    let shadowed = |remark: &&Remark| {
        remark.name == Topic::ShadowedPattern && remark.place.line() == written.line
    };
    let Some(remark) = remarks.iter().find(shadowed) else {
        return;
    };
    let (_, blamed) = remark.message.split_once(" first to match: ").unwrap();
    if blamed.contains(" more ") {
        return;
    }
    let named = |other: &&Written<'_>| {
        let place = format!("p.toml:{})", other.line);
        other.line < written.line && blamed.contains(&place)
    };
    let globs = |written: &Written<'_>| alternatives(written.text).unwrap().into_iter();
    let named = all.iter().filter(named).flat_map(globs);
    let named: Vec<_> = named.flat_map(|alternative| alternative.globs).collect();
    let taken: BTreeSet<usize> = met(&named, paths).collect();
    let dead = dead(std::slice::from_ref(remark), written);
    for alternative in globs(written).filter(|alternative| dead.contains(&alternative.text)) {
        let rest = met(&alternative.globs, paths).find(|path| !taken.contains(path));
        assert_eq!(rest, None, "{remark:?}");
    }
}

#[test]
fn shadowed_trees_are_those_that_no_ref_gets_to() {
    let names = words(b"abc./", 6).into_iter();
    let names = names.filter_map(|name| RefName::new(&[b"refs/", &name[..]].concat()));
    let names: Vec<RefName> = names.collect();
    let part = || component(&["a", "b", "a", "b", "?", "*", "[ab]", "{a,b}", "."]);
    let pattern = prop::collection::vec(part(), 1..3).prop_map(|parts| parts.join("/"));
    let trees = prop::collection::vec(prop::collection::vec(pattern, 1..3), 1..5);
    hold(200, trees, |trees| {
        let mut text = "version = 1\n".to_owned();
        let mut lines = Vec::new();
        for (tree, patterns) in trees.iter().enumerate() {
            text += &format!("[[tree]]\nname = '{tree}'\nrefs = [\n");
            for pattern in patterns {
                text += &format!("'refs/{pattern}',\n");
                lines.push(text.lines().count());
            }
            text += "]\n";
        }
        let folder = tempfile::tempdir().unwrap();
        let policy = load(folder.path(), &text);
        let remarks = lint(&policy, None);
        let all = policy.trees.iter();
        let patterns = all.flat_map(|tree| tree.refs.iter().map(move |pattern| (tree, pattern)));
        for ((tree, pattern), line) in patterns.zip(lines) {
            let matching = || names.iter().filter(|name| pattern.matches(name));
            let governs = |name: &&RefName| policy.tree_of(name).unwrap().name == tree.name;
            let said = |topic: Topic, line: usize| {
                let mut all = remarks.iter();
                all.any(|remark| remark.name == topic && remark.place.line() == line)
            };
            let impossible = said(Topic::ImpossibleRef, line);
            assert_eq!(
                impossible,
                matching().next().is_none(),
                "{text}\n{remarks:#?}"
            );
            let tree_is_dead = said(Topic::ShadowedTree, tree.place.line());
            let shadowed = said(Topic::ShadowedRef, line) || tree_is_dead && !impossible;
            let lives = matching().any(|name| governs(&name));
            assert_eq!(shadowed, !impossible && !lives, "{text}\n{remarks:#?}");
        }
    });
}
