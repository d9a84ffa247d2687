//! Writes `since` into the text of a policy, and leaves every other byte as it is.
//!
//! The text is spliced at the positions that the parser gives: nothing is printed anew, so that
//! comments, order, alignment and line ends stay what their author made them.

use std::fmt::Write as _;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::compile::{Draft, Written};
use super::node::{self, Node, Value};
use super::place::{Faults, Place};
use crate::update::Oid;

/// What `since` of one tree is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// The tree, by its name in the policy.
    pub tree: String,
    /// The commits, in the order in which they are written; never none.
    pub oids: Vec<Oid>,
}

impl Since {
    /// The value as TOML: a string, or an array with a line an element.
    fn value(&self, line_end: &str) -> String {
        match self.oids.as_slice() {
            [only] => format!("\"{only}\""),
            all => {
                let lines = all.iter().map(|oid| format!("    \"{oid}\",{line_end}"));
                format!("[{line_end}{}]", lines.collect::<String>())
            }
        }
    }

    /// The entry that gives it to a tree whose other keys stand elsewhere; `line_end` ends its
    /// lines.
    pub fn entry(&self, line_end: &str) -> String {
        format!(
            "[[tree]]{line_end}name = {}{line_end}since = {}{line_end}",
            quoted(&self.tree),
            self.value(line_end)
        )
    }

    fn node(&self, place: &Place) -> Node {
        let text = |oid: &Oid| Value::Text(oid.to_string());
        let at_place = |value| Node {
            value,
            place: place.clone(),
        };
        at_place(match self.oids.as_slice() {
            [only] => text(only),
            all => Value::Array(all.iter().map(|oid| at_place(text(oid))).collect()),
        })
    }
}

/// The text of a policy that says what `extends` says, and `since` for these trees of it.
pub fn overlay(extends: &str, all: &[Since]) -> String {
    let mut text = format!("version = 1\nextends = {}\n", quoted(extends));
    for since in all {
        // Writing to a string can't fail.
        let _ = write!(text, "\n{}", since.entry("\n"));
    }
    text
}

/// The text with these values of `since`. A tree that the text itself has gets the key below its
/// name, or another value for the key; one that it inherits gets an entry of its own. A last line
/// without an end gets one.
///
/// `text` is that of a valid policy, one file of it: what it extends stays as it is.
pub fn with_since(text: &str, all: &[Since]) -> Result<String, Faults> {
    let mut edited = text.to_owned();
    if !edited.is_empty() && !edited.ends_with('\n') {
        edited.push_str(line_end(text));
    }
    let whole = edited.clone();
    let document = DeTable::parse(&whole).map_err(|error| Faults::of(error.message()))?;
    let editor = Editor {
        text: &whole,
        trees: document.get_ref().get("tree"),
    };
    let mut edits: Vec<Edit> = all.iter().map(|since| editor.edit(since)).collect();
    // From the end, so that the positions before an edit stay true. The sort is stable: what is
    // put at one place comes in order.
    edits.sort_by_key(|edit| edit.at.start);
    for edit in edits.into_iter().rev() {
        edited.replace_range(edit.at, &edit.put);
    }
    Ok(edited)
}

/// Returns true if and only if the one policy says what the other says and nothing else but
/// these values of `since`, in every place where a policy can say anything.
pub fn is_same_but_for(
    before: &Draft<'_>,
    after: &Draft<'_>,
    all: &[Since],
) -> Result<bool, Faults> {
    let mut wanted = Written::of(before)?.table;
    if let Some(Value::Array(trees)) = wanted.get_mut("tree").map(|node| &mut node.value) {
        for node in trees {
            let place = &node.place;
            let Value::Table(tree) = &mut node.value else {
                continue;
            };
            let named = |since: &&Since| {
                let name = tree.get("name").map(|name| &name.value);
                name == Some(&Value::Text(since.tree.clone()))
            };
            if let Some(since) = all.iter().find(named) {
                tree.insert("since".into(), since.node(place));
            }
        }
    }
    Ok(node::canonical(&wanted) == node::canonical(&Written::of(after)?.table))
}

/// Bytes of the text, and what is put in their place.
struct Edit {
    at: Range<usize>,
    put: String,
}

struct Editor<'t> {
    text: &'t str,
    /// The key `tree`, where the text has it.
    trees: Option<&'t Spanned<DeValue<'t>>>,
}

impl<'t> Editor<'t> {
    fn edit(&self, since: &Since) -> Edit {
        let line_end = line_end(self.text);
        let value = since.value(line_end);
        let Some(tree) = self.find(&since.tree) else {
            return self.new_entry(since);
        };
        if let Some(old) = tree.table.get("since") {
            return Edit {
                at: old.span(),
                put: value,
            };
        }
        if tree.is_inline {
            let end = tree.name.end;
            return Edit {
                at: end..end,
                put: format!(", since = {value}"),
            };
        }
        let end = self.end_of_line(tree.name.end);
        Edit {
            at: end..end,
            put: format!("{line_end}{}{value}", self.key_like(&tree)),
        }
    }

    fn find(&self, wanted: &str) -> Option<Entry<'t>> {
        self.entries().find_map(|(node, table)| {
            let (key, name) = table.get_key_value("name")?;
            let DeValue::String(text) = name.get_ref() else {
                return None;
            };
            (text.as_ref() == wanted).then(|| Entry {
                table,
                is_inline: self.is_inline(node),
                key: key.span(),
                name: name.span(),
            })
        })
    }

    fn entries(&self) -> impl Iterator<Item = (&'t Spanned<DeValue<'t>>, &'t DeTable<'t>)> {
        let array = self.trees.and_then(|trees| match trees.get_ref() {
            DeValue::Array(array) => Some(array),
            _ => None,
        });
        let nodes = array.into_iter().flat_map(|array| array.iter());
        nodes.filter_map(|node| match node.get_ref() {
            DeValue::Table(table) => Some((node, table)),
            _ => None,
        })
    }

    /// An entry for an inherited tree: below all else, or in the array in brackets.
    fn new_entry(&self, since: &Since) -> Edit {
        let line_end = line_end(self.text);
        let inline = format!(
            "{{ name = {}, since = {} }}",
            quoted(&since.tree),
            since.value(line_end)
        );
        let last = self.entries().last().map(|(node, _)| node);
        let (at, put) = match (self.trees, last) {
            (Some(_), Some(last)) if self.is_inline(last) => {
                (last.span().end, format!(", {inline}"))
            }
            (Some(empty), None) => (empty.span().start + 1, format!("{inline}, ")),
            _ => (
                self.text.len(),
                format!("{line_end}{}", since.entry(line_end)),
            ),
        };
        Edit { at: at..at, put }
    }

    /// `since = `, set like the key and the equals sign of the tree's name.
    fn key_like(&self, tree: &Entry<'_>) -> String {
        let before = self.text.get(..tree.key.start).unwrap_or_default();
        let indent = before.rsplit('\n').next().unwrap_or_default();
        let between = self.text.get(tree.key.start..tree.name.start);
        let width = between.and_then(|text| text.find('=')).unwrap_or_default();
        format!("{indent}{:<width$}= ", "since ")
    }

    /// Where the line ends that holds this byte.
    fn end_of_line(&self, from: usize) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        from + line.len()
    }

    fn is_inline(&self, entry: &Spanned<DeValue<'_>>) -> bool {
        self.text.as_bytes().get(entry.span().start) == Some(&b'{')
    }
}

/// A tree's table in the text.
struct Entry<'t> {
    table: &'t DeTable<'t>,
    /// Whether it is written in braces.
    is_inline: bool,
    /// Where the key `name` stands.
    key: Range<usize>,
    /// Where its value stands.
    name: Range<usize>,
}

/// What ends the lines of the text.
fn line_end(text: &str) -> &'static str {
    match text.split_once('\n') {
        Some((first, _)) if first.ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// A TOML string that means `text`.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const A: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
    const B: &str = "9d95a2b0a3c2d2f4a1c6b5b7a86e3f0d1c2b3a49";

    fn since(tree: &str, oids: &[&str]) -> Since {
        let oids = oids
            .iter()
            .map(|hex| Oid::from_hex(hex.as_bytes()).unwrap());
        Since {
            tree: tree.into(),
            oids: oids.collect(),
        }
    }

    /// Edits the text, and sees that nothing else was changed by it.
    fn edited(text: &str, all: &[Since]) -> String {
        let after = with_since(text, all).unwrap();
        let draft = |text| Draft {
            text,
            called: "p".into(),
            folder: PathBuf::new(),
        };
        assert!(
            is_same_but_for(&draft(text), &draft(&after), all).unwrap(),
            "{after}"
        );
        after
    }

    #[test]
    fn the_key_goes_below_the_name_and_all_else_stays() {
        let text = "# why\nversion=1\n\n[[tree]] # one\n  name      = 'a' # called so\n  \
                    refs      = [\n 'x', # y\n]\n# two\n[[tree]]\nrefs=['z']\nname='b'\n\
                    [[tree.message]]\nin='x'\n# end\n";
        let after = edited(text, &[since("b", &[B]), since("a", &[A, B])]);
        let one = format!("  since     = [\n    \"{A}\",\n    \"{B}\",\n]\n");
        let two = format!("since = \"{B}\"\n");
        assert_eq!(
            after,
            text.replace("called so\n", &format!("called so\n{one}"))
                .replace("name='b'\n", &format!("name='b'\n{two}"))
        );
    }

    #[test]
    fn a_value_that_is_there_is_replaced_where_it_stands() {
        let text = format!(
            "[[tree]]\nsince = [\n'{A}', # then\n] # kept\nname = 'a'\n[[tree]]\nname='b'\nsince='{A}'"
        );
        let after = edited(&text, &[since("a", &[B])]);
        assert_eq!(
            after,
            format!(
                "[[tree]]\nsince = \"{B}\" # kept\nname = 'a'\n[[tree]]\nname='b'\nsince='{A}'\n"
            )
        );
    }

    #[test]
    fn trees_in_brackets_are_edited_there() {
        let text = "tree = [ { name = 'a', refs = ['x'] }, # c\n]\n";
        let after = edited(text, &[since("a", &[A])]);
        assert_eq!(after, text.replace("'a'", &format!("'a', since = \"{A}\"")));
    }

    /// Lays the text over trees `a` and `b`, and edits it.
    fn inherited(upper: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let lower = "[[tree]]\nname='a'\nrefs=['x']\n[[tree]]\nname='b'\n";
        std::fs::write(folder.path().join("lower"), lower).unwrap();
        let all = [since("a", &[A]), since("b", &[B])];
        let before = format!("extends = 'lower'\n{upper}");
        let after = with_since(&before, &all).unwrap();
        let draft = |text| Draft {
            text,
            called: "p".into(),
            folder: folder.path().into(),
        };
        assert!(is_same_but_for(&draft(&before), &draft(&after), &all).unwrap());
        let one_less = [since("a", &[A])];
        assert!(!is_same_but_for(&draft(&before), &draft(&after), &one_less).unwrap());
        after
            .strip_prefix("extends = 'lower'\n")
            .unwrap()
            .to_owned()
    }

    #[test]
    fn an_inherited_tree_gets_an_entry_of_its_own() {
        let entry = |name, oid| format!("\n[[tree]]\nname = \"{name}\"\nsince = \"{oid}\"\n");
        let both = entry("a", A) + &entry("b", B);
        assert_eq!(inherited(""), both);
        assert_eq!(
            inherited("default = 'deny'"),
            format!("default = 'deny'\n{both}")
        );
        let own = "[[tree]]\nname='b'\n";
        let want = format!("{own}since = \"{B}\"\n{}", entry("a", A));
        assert_eq!(inherited(own), want);
    }

    #[test]
    fn an_array_in_brackets_stays_the_only_one() {
        let entry = |name, oid| format!("{{ name = \"{name}\", since = \"{oid}\" }}");
        assert_eq!(
            inherited("tree = [ { name = 'b' } ]\n"),
            format!(
                "tree = [ {{ name = 'b', since = \"{B}\" }}, {} ]\n",
                entry("a", A)
            )
        );
        inherited("tree = []\n");
    }

    #[test]
    fn line_ends_stay_what_they_are() {
        let text = "[[tree]]\r\nname='a' # c\r\nrefs=[]\r\n";
        let after = edited(text, &[since("a", &[A])]);
        assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
        assert_eq!(
            after,
            text.replace("# c\r\n", &format!("# c\r\nsince = \"{A}\"\r\n"))
        );
    }

    #[test]
    fn an_overlay_says_no_more_than_it_must() {
        let text = overlay("a \"b\\c", &[since("x'y", &[A])]);
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table["extends"].as_str(), Some("a \"b\\c"));
        assert_eq!(table["tree"][0]["name"].as_str(), Some("x'y"));
        assert_eq!(table["tree"][0]["since"].as_str(), Some(A));
        assert_eq!(table.len(), 3);
    }
}
