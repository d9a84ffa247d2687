//! Reads one table of a policy: every key known, every value of the right kind.

use jiff::civil::Date;

use super::node::{Node, Table, Value};
use super::place::{Faults, Place, did_you_mean};

pub(super) const POLICY_KEYS: &[&str] = &[
    "version",
    "extends",
    "repository",
    "review-by",
    "default",
    "path-class",
    "upstream",
    "tree",
    "budget",
    "signer",
    "override",
    "case",
];
pub(super) const CLASS_KEYS: &[&str] = &["name", "paths", "neutral"];
pub(super) const UPSTREAM_KEYS: &[&str] = &["name", "refs"];
pub(super) const TREE_KEYS: &[&str] = &[
    "name",
    "refs",
    "upstream",
    "since",
    "deny",
    "deny-only",
    "message",
    "create",
    "delete",
    "rewind",
    "enforce",
    "severity",
];
pub(super) const DENY_ONLY_KEYS: &[&str] = &["classes", "unless", "judge"];
pub(super) const MESSAGE_KEYS: &[&str] = &["in", "require", "forbid", "merges", "reason"];
pub(super) const BUDGET_KEYS: &[&str] = &["commits", "tree-objects", "seconds"];
pub(super) const SIGNER_KEYS: &[&str] = &[
    "name",
    "keys",
    "may-override",
    "trees",
    "emails",
    "accounts",
];
pub(super) const OVERRIDE_KEYS: &[&str] =
    &["required", "max-lifetime", "not-by-author", "not-by-pusher"];
pub(super) const CASE_KEYS: &[&str] = &["name", "tree", "paths", "message", "merge", "expect"];

/// The keys of every table that a policy can hold, by the table's name; the policy's own first.
pub const KEYS: &[(&str, &[&str])] = &[
    ("", POLICY_KEYS),
    ("path-class", CLASS_KEYS),
    ("upstream", UPSTREAM_KEYS),
    ("tree", TREE_KEYS),
    ("deny-only", DENY_ONLY_KEYS),
    ("message", MESSAGE_KEYS),
    ("budget", BUDGET_KEYS),
    ("signer", SIGNER_KEYS),
    ("override", OVERRIDE_KEYS),
    ("case", CASE_KEYS),
];

/// A table whose keys were checked; what is wrong in it is collected, not returned.
pub struct Fields<'n, 'f> {
    table: &'n Table,
    /// Where the table begins.
    pub place: Place,
    faults: &'f mut Faults,
}

impl<'n, 'f> Fields<'n, 'f> {
    /// Checks that the table has no key but those in `known`.
    pub fn new(table: &'n Table, place: Place, known: &[&str], faults: &'f mut Faults) -> Self {
        for (key, node) in table {
            if !known.contains(&key.as_str()) {
                let hint = did_you_mean(key, known);
                faults.push(&node.place, format!("unknown key `{key}`{hint}"));
            }
        }
        Self {
            table,
            place,
            faults,
        }
    }

    /// The same for a node that must be a table; `None`, and a fault, if it isn't one.
    pub fn of(node: &'n Node, known: &[&str], faults: &'f mut Faults) -> Option<Self> {
        match &node.value {
            Value::Table(table) => Some(Self::new(table, node.place.clone(), known, faults)),
            other => {
                faults.push(
                    &node.place,
                    format!("expected a table, found {}", other.kind()),
                );
                None
            }
        }
    }

    /// Notes a fault.
    pub fn fault(&mut self, place: &Place, message: impl std::fmt::Display) {
        self.faults.push(place, message);
    }

    /// The faults, for the tables inside this one.
    pub fn faults(&mut self) -> &mut Faults {
        self.faults
    }

    /// The node of a key.
    pub fn node(&self, key: &str) -> Option<&'n Node> {
        self.table.get(key)
    }

    /// The line of a key, or the table's where the key is absent.
    pub fn place_of(&self, key: &str) -> Place {
        self.node(key)
            .map_or(&self.place, |node| &node.place)
            .clone()
    }

    fn get<T>(
        &mut self,
        key: &str,
        kind: &str,
        read: impl Fn(&'n Value) -> Option<T>,
    ) -> Option<T> {
        let node = self.node(key)?;
        let value = read(&node.value);
        if value.is_none() {
            let found = node.value.kind();
            self.fault(&node.place, format!("`{key}` must be {kind}, not {found}"));
        }
        value
    }

    /// A string.
    pub fn text(&mut self, key: &str) -> Option<&'n str> {
        self.get(key, "a string", |value| match value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// A string that must be there and must not be empty; a fault where it isn't.
    pub fn needed_text(&mut self, key: &str) -> Option<&'n str> {
        let text = self.text(key);
        if self.node(key).is_none() || text == Some("") {
            let place = self.place_of(key);
            self.fault(&place, format!("`{key}` is needed here, as a string"));
            return None;
        }
        text
    }

    /// True or false, by default `otherwise`.
    pub fn boolean(&mut self, key: &str, otherwise: bool) -> bool {
        self.get(key, "true or false", |value| match value {
            Value::Boolean(value) => Some(*value),
            _ => None,
        })
        .unwrap_or(otherwise)
    }

    /// A whole number from 1 up.
    pub fn count(&mut self, key: &str) -> Option<u64> {
        self.get(key, "a whole number from 1 up", |value| match value {
            Value::Integer(number) => u64::try_from(*number).ok().filter(|count| *count > 0),
            _ => None,
        })
    }

    /// A date.
    pub fn date(&mut self, key: &str) -> Option<Date> {
        self.get(key, "a date such as 2027-01-31", |value| match value {
            Value::Day(date) => Some(*date),
            _ => None,
        })
    }

    /// One of a few words.
    pub fn word<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let place = self.place_of(key);
            let names: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            self.fault(
                &place,
                format!("`{key}` must be {}, not `{text}`", names.join(" or ")),
            );
        }
        found.map(|(_, value)| *value)
    }

    /// An array's elements; none where the key is absent.
    pub fn array(&mut self, key: &str) -> &'n [Node] {
        self.get(key, "an array", |value| match value {
            Value::Array(items) => Some(items.as_slice()),
            _ => None,
        })
        .unwrap_or_default()
    }

    /// An array of strings, each with its line.
    pub fn texts(&mut self, key: &str) -> Vec<(&'n str, &'n Place)> {
        let mut texts = Vec::new();
        for item in self.array(key) {
            match &item.value {
                Value::Text(text) => texts.push((text.as_str(), &item.place)),
                other => {
                    let found = other.kind();
                    self.fault(&item.place, format!("`{key}` holds strings, not {found}"));
                }
            }
        }
        texts
    }
}
