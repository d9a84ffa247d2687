//! From a pattern to something that it matches.

use crate::classify::{ClassIx, ClassMask};
use crate::policy::pattern::path_globs;
use crate::policy::{Policy, RefPattern, Tree};
use crate::update::RefName;

/// What stands for a wildcard.
const WILD: &str = "canary";

/// A path that the policy puts into one of `classes`; `None` where no pattern leads to one.
pub fn path_in(policy: &Policy, classes: ClassMask) -> Option<Vec<u8>> {
    let indices = 0..policy.classes.len();
    indices
        .filter(|class| classes.contains(Some(*class)))
        .find_map(|class| path_of(policy, class))
}

fn path_of(policy: &Policy, class: ClassIx) -> Option<Vec<u8>> {
    let patterns = &policy.classes.get(class)?.patterns;
    let globs = patterns.iter().flat_map(|pattern| {
        path_globs(&pattern.text)
            .unwrap_or_default()
            .into_iter()
            .rev()
    });
    let paths = globs.map(|glob| matched_by(glob.glob()).into_bytes());
    paths.filter(|path| can_be_written(path)).find(|path| {
        policy
            .classifier
            .find(path)
            .is_some_and(|found| found.class == class)
    })
}

/// Returns true if and only if a tree object can hold the path.
fn can_be_written(path: &[u8]) -> bool {
    let forbidden = |part: &[u8]| {
        part.is_empty() || part == b"." || part == b".." || part.eq_ignore_ascii_case(b".git")
    };
    !path.split(|byte| *byte == b'/').any(forbidden)
}

/// A ref that the tree governs; `None` where no pattern leads to one.
pub fn ref_of(policy: &Policy, tree: &Tree) -> Option<RefName> {
    let governs = |name: &RefName| {
        let found = policy.tree_of(name);
        found.is_some_and(|found| found.name == tree.name)
    };
    names(&tree.refs).find(governs)
}

/// A ref for each of the patterns that leads to one.
pub fn names(patterns: &[RefPattern]) -> impl Iterator<Item = RefName> {
    patterns.iter().filter_map(|pattern| {
        let name = RefName::new(matched_by(&pattern.text).as_bytes())?;
        pattern.matches(&name).then_some(name)
    })
}

/// Something that the glob matches, unless it is an odd one: who asks makes sure. Of braces the
/// first alternative is taken, of brackets the first character or one that isn't listed.
fn matched_by(glob: &str) -> String {
    let (mut out, mut rest, mut braces) = (String::new(), glob.chars().peekable(), 0_usize);
    while let Some(next) = rest.next() {
        match next {
            '\\' => out.extend(rest.next()),
            '*' => {
                while rest.next_if_eq(&'*').is_some() {}
                out.push_str(WILD);
            }
            '?' => out.push('x'),
            '[' => out.extend(bracketed(&mut rest)),
            '{' => braces += 1,
            ',' if braces > 0 => {
                skip_to_brace(&mut rest);
                braces -= 1;
            }
            '}' if braces > 0 => braces -= 1,
            other => out.push(other),
        }
    }
    out
}

fn bracketed(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    let negated = rest.next_if(|next| matches!(next, '!' | '^')).is_some();
    let mut listed: Vec<char> = rest.next().into_iter().collect();
    listed.extend(rest.by_ref().take_while(|next| *next != ']'));
    match negated {
        false => listed.first().copied(),
        true => ('a'..='z').chain('0'..='9').find(|free| {
            let mut ranges = listed.windows(3);
            let in_range =
                |three: &[char]| matches!(three, [low, '-', high] if low <= free && free <= high);
            !listed.contains(free) && !ranges.any(in_range)
        }),
    }
}

fn skip_to_brace(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let mut depth = 1;
    while let Some(next) = rest.next() {
        match next {
            '\\' => drop(rest.next()),
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Source, load};

    #[test]
    fn globs_match_what_they_lead_to() {
        for (glob, want) in [
            ("net/**", "net/canary"),
            ("**/Kconfig", "canary/Kconfig"),
            ("include/linux/*.h", "include/linux/canary.h"),
            ("a?b", "axb"),
            ("[ab]/x", "a/x"),
            ("x[!/a-c]", "xd"),
            ("x[]a]", "x]"),
            ("a\\{b\\*", "a{b*"),
            ("a,b", "a,b"),
        ] {
            let made = matched_by(glob);
            assert_eq!(made, want, "{glob}");
            let matches = path_globs(glob)
                .unwrap()
                .iter()
                .any(|glob| glob.compile_matcher().is_match(&made));
            assert!(matches, "{glob} {made}");
        }
    }

    #[test]
    fn every_class_and_tree_of_the_preset_has_an_example() {
        let policy = load(&Source::Preset("bpf-next".into()), Some("bpf-next")).unwrap();
        for (at, class) in policy.classes.iter().enumerate() {
            let path = path_in(&policy, ClassMask::of(Some(at)));
            let path = path.unwrap_or_else(|| panic!("{}", class.name));
            assert_eq!(policy.classifier.mask(&path), ClassMask::of(Some(at)));
        }
        for tree in policy.trees.iter().filter(|tree| !tree.refs.is_empty()) {
            assert!(ref_of(&policy, tree).is_some(), "{}", tree.name);
        }
    }

    #[test]
    fn a_class_that_others_shadow_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("p.toml");
        let text = "version = 1\n\
            [[path-class]]\nname = \"first\"\npaths = [\"net/**\"]\n\
            [[path-class]]\nname = \"second\"\npaths = [\"net/core/\", \".git/x\"]\n\
            [[path-class]]\nname = \"third\"\npaths = [\"net/a\", \"{net,b}/*\"]\n\
            [[tree]]\nname = \"t\"\nrefs = [\"refs/{a/{b,c}d,e},f\"]\n";
        std::fs::write(&file, text).unwrap();
        let policy = load(&Source::File(file), None).unwrap();
        let path = |class| path_in(&policy, ClassMask::of(Some(class)));
        assert_eq!(path(1), None);
        assert_eq!(path(2).as_deref(), Some(&b"b/canary"[..]));
        assert_eq!(path_in(&policy, ClassMask::EMPTY), None);
        let name = ref_of(&policy, &policy.trees[0]).unwrap();
        assert_eq!(name.as_bytes(), b"refs/a/bd,f");
    }
}
