//! `extends`: a policy laid over another one.
//!
//! What stands in the upper file overrides. Classes, upstreams, trees, signers and cases of the same name
//! are one entry, merged key by key; new ones stand *before* the inherited ones, since classes and
//! trees are read in order and the first match wins. `[budget]` and `[override]` are merged key by key too; every
//! other value replaces the inherited one whole.

use super::node::{Node, Table, Value};

/// The keys whose arrays hold named entries.
const NAMED: [&str; 5] = ["path-class", "upstream", "tree", "signer", "case"];

/// `upper` laid over `lower`.
pub fn merge(mut lower: Table, upper: Table) -> Table {
    for (key, node) in upper {
        let merged = match lower.remove(&key) {
            Some(below) => merge_entry(&key, below, node),
            None => node,
        };
        lower.insert(key, merged);
    }
    lower
}

fn merge_entry(key: &str, lower: Node, upper: Node) -> Node {
    let place = upper.place;
    let value = match (lower.value, upper.value) {
        (Value::Array(below), Value::Array(above)) if NAMED.contains(&key) => {
            Value::Array(merge_named(below, &above))
        }
        (Value::Table(below), Value::Table(above)) => Value::Table(overlay(below, above)),
        (_, above) => above,
    };
    Node { value, place }
}

fn merge_named(mut lower: Vec<Node>, upper: &[Node]) -> Vec<Node> {
    let mut fresh: Vec<Node> = Vec::new();
    for (at, node) in upper.iter().cloned().enumerate() {
        // A name that comes twice in one file stays twice: it is a fault, and told as one.
        let again = upper.iter().take(at).any(|before| same_name(before, &node));
        match lower
            .iter_mut()
            .find(|below| !again && same_name(below, &node))
        {
            Some(below) => lay_over(below, node),
            None => fresh.push(node),
        }
    }
    fresh.append(&mut lower);
    fresh
}

fn same_name(one: &Node, other: &Node) -> bool {
    name(one).is_some_and(|found| name(other) == Some(found))
}

fn name(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Table(table) => match &table.get("name")?.value {
            Value::Text(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

fn lay_over(below: &mut Node, above: Node) {
    if let (Value::Table(lower), Value::Table(upper)) = (&mut below.value, above.value) {
        *lower = overlay(std::mem::take(lower), upper);
        below.place = above.place;
    }
}

fn overlay(mut lower: Table, upper: Table) -> Table {
    lower.extend(upper);
    lower
}

#[cfg(test)]
mod tests {
    use super::super::node::{canonical, parse};
    use super::*;

    fn merged(lower: &str, upper: &str) -> String {
        canonical(&merge(
            parse("l", lower).unwrap(),
            parse("u", upper).unwrap(),
        ))
    }

    #[test]
    fn a_name_that_comes_twice_in_one_file_stays_twice() {
        let got = merged(
            "[[tree]]\nname='a'\n",
            "[[tree]]\nname='a'\n[[tree]]\nname='a'\nrefs=['x']\n",
        );
        let want = "[[tree]]\nname='a'\nrefs=['x']\n[[tree]]\nname='a'\n";
        assert_eq!(got, canonical(&parse("w", want).unwrap()));
    }

    #[test]
    fn named_entries_merge_and_new_ones_come_first() {
        let got = merged(
            "[[tree]]\nname='a'\nrefs=['x']\ncreate=false\n[budget]\ncommits=1\nseconds=2\n",
            "[[tree]]\nname='b'\n[[tree]]\nname='a'\nrefs=['y']\n[budget]\nseconds=3\n",
        );
        let want = "[[tree]]\nname='b'\n[[tree]]\nname='a'\nrefs=['y']\ncreate=false\n[budget]\ncommits=1\nseconds=3\n";
        assert_eq!(got, canonical(&parse("w", want).unwrap()));
    }
}
