//! A policy written out whole: every value with where it comes from, defaults included.

use std::fmt::Write as _;

use super::fields::{
    BUDGET_KEYS, CASE_KEYS, CLASS_KEYS, DENY_ONLY_KEYS, MESSAGE_KEYS, OVERRIDE_KEYS, POLICY_KEYS,
    SIGNER_KEYS, TREE_KEYS, UPSTREAM_KEYS,
};
use super::node::{Node, Table, Value};
use super::ref_pattern::asks_for_another;
use super::{DenyOnly, Policy, Terms, Tree, Ungoverned, Written};
use crate::report::escape::{Shown, misleads};

/// The key of a table's value and what it is where the table doesn't say.
type Default = (&'static str, Value);

impl Written {
    /// The policy as one TOML file that needs no other: `extends` resolved, defaults filled in,
    /// and behind each value, as a comment, its line. `policy` is what was made of it, and
    /// `named_by` what says how the repository is called, where it isn't the policy itself.
    pub fn show(&self, policy: &Policy, named_by: Option<&str>) -> String {
        let mut page = Page {
            text: String::new(),
            repository: policy.repository.as_deref(),
        };
        page.comment(&format!("policy: {}", policy.origin));
        page.comment(&format!("digest: {}", policy.digest));
        for (name, place) in &self.extended {
            page.comment(&format!("extends: {name} ({place})"));
        }
        page.top(&self.table, policy, named_by);
        page.tables(&self.table, "path-class", |page, table, at| {
            let class = policy.classes.get(at);
            let neutral = class.map(|class| ("neutral", Value::Boolean(class.neutral)));
            page.entries(table, CLASS_KEYS, neutral.as_slice());
        });
        page.tables(&self.table, "upstream", |page, table, _| {
            page.entries(table, UPSTREAM_KEYS, &[]);
        });
        page.tables(&self.table, "tree", |page, table, at| {
            if let Some(tree) = policy.trees.get(at) {
                page.tree(table, tree);
            }
        });
        page.budget(&self.table, policy);
        page.tables(&self.table, "signer", |page, table, _| {
            page.entries(table, SIGNER_KEYS, &[]);
        });
        page.terms(&self.table, &policy.terms);
        page.tables(&self.table, "case", |page, table, at| {
            let case = policy.cases.get(at);
            let merge = case.map(|case| ("merge", Value::Boolean(case.merge)));
            page.entries(table, CASE_KEYS, merge.as_slice());
        });
        page.text
    }
}

struct Page<'p> {
    text: String,
    repository: Option<&'p str>,
}

impl Page<'_> {
    fn top(&mut self, table: &Table, policy: &Policy, named_by: Option<&str>) {
        let ungoverned = match policy.ungoverned {
            Ungoverned::Allowed => "allow",
            Ungoverned::Denied(_) => "deny",
        };
        let defaults = [("default", text(ungoverned))];
        for key in POLICY_KEYS {
            match (*key, &policy.repository, named_by) {
                ("repository", Some(name), Some(origin)) => {
                    self.line(&format!("repository = {}", quoted(name)), origin);
                }
                _ => self.entries(table, &[key], &defaults),
            }
        }
    }

    fn tree(&mut self, table: &Table, tree: &Tree) {
        let permissions = [
            ("create", &tree.create),
            ("delete", &tree.delete),
            ("rewind", &tree.rewind),
        ];
        let mut defaults: Vec<Default> = permissions
            .map(|(key, permission)| (key, Value::Boolean(permission.allowed)))
            .into();
        defaults.push(("enforce", text(tree.enforce.name())));
        self.entries(table, TREE_KEYS, &defaults);
        if let (Some(node), Some(rule)) = (table.get("deny-only"), &tree.deny_only) {
            self.table("[tree.deny-only]", node, |page, table| {
                page.entries(table, DENY_ONLY_KEYS, &deny_only_defaults(rule));
            });
        }
        if let Some(node) = table.get("severity") {
            self.table("[tree.severity]", node, |page, table| {
                let codes: Vec<&str> = table.keys().map(String::as_str).collect();
                page.entries(table, &codes, &[]);
            });
        }
        for (at, node) in elements(table, "message").iter().enumerate() {
            let rule = tree.messages.get(at);
            let merges = rule.map(|rule| ("merges", Value::Boolean(rule.merges)));
            self.table("[[tree.message]]", node, |page, table| {
                page.entries(table, MESSAGE_KEYS, merges.as_slice());
            });
        }
    }

    fn budget(&mut self, table: &Table, policy: &Policy) {
        let limits = policy.limits;
        let defaults = [
            ("commits", limits.commits),
            ("tree-objects", limits.tree_objects),
            ("seconds", limits.seconds),
        ];
        let defaults = defaults.map(|(key, count)| {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            (key, Value::Integer(count))
        });
        self.single(table, "budget", BUDGET_KEYS, &defaults);
    }

    /// `[override]`; nothing where nobody can sign one.
    fn terms(&mut self, table: &Table, terms: &Terms) {
        if elements(table, "signer").is_empty() && table.get("override").is_none() {
            return;
        }
        let required = i64::try_from(terms.required).unwrap_or(i64::MAX);
        let lifetime = format!("{}h", terms.max_lifetime.as_hours());
        let defaults = [
            ("required", Value::Integer(required)),
            ("max-lifetime", text(&lifetime)),
            ("not-by-author", Value::Boolean(terms.not_by_author)),
            ("not-by-pusher", Value::Boolean(terms.not_by_pusher)),
        ];
        self.single(table, "override", OVERRIDE_KEYS, &defaults);
    }

    /// A table that is there once, be it by its defaults alone.
    fn single(&mut self, table: &Table, key: &str, keys: &[&str], defaults: &[Default]) {
        let header = format!("[{key}]");
        if let Some(node) = table.get(key) {
            self.table(&header, node, |page, table| {
                page.entries(table, keys, defaults);
            });
        } else {
            self.text.push('\n');
            self.line(&header, "default");
            self.entries(&Table::new(), keys, defaults);
        }
    }

    /// A table of an array for each of its elements.
    fn tables(
        &mut self,
        table: &Table,
        key: &str,
        mut write: impl FnMut(&mut Self, &Table, usize),
    ) {
        for (at, node) in elements(table, key).iter().enumerate() {
            self.table(&format!("[[{key}]]"), node, |page, table| {
                write(page, table, at);
            });
        }
    }

    fn table(&mut self, header: &str, node: &Node, write: impl FnOnce(&mut Self, &Table)) {
        if let Value::Table(table) = &node.value {
            self.text.push('\n');
            self.line(header, &node.place.to_string());
            write(self, table);
        }
    }

    /// What isn't a table of its own, in the order of `keys`.
    fn entries(&mut self, table: &Table, keys: &[&str], defaults: &[Default]) {
        for key in keys {
            let default = defaults.iter().find(|(other, _)| other == key);
            match (table.get(*key), default) {
                (Some(node), _) => self.entry(key, node),
                (None, Some((_, value))) => {
                    self.line(&format!("{key} = {}", inline(value)), "default");
                }
                (None, None) => {}
            }
        }
    }

    fn entry(&mut self, key: &str, node: &Node) {
        match &node.value {
            Value::Table(_) => {}
            Value::Array(items) if holds_tables(items) => {}
            Value::Array(items) if self.needs_lines(key, node, items) => {
                self.line(&format!("{key} = ["), &node.place.to_string());
                for item in items {
                    let elsewhere = match self.is_elsewhere(key, item) {
                        true => ", a ref of another repository",
                        false => "",
                    };
                    let origin = format!("{}{elsewhere}", item.place);
                    self.line(&format!("    {},", inline(&item.value)), &origin);
                }
                self.text.push_str("]\n");
            }
            value => {
                let line = format!("{key} = {}", inline(value));
                self.line(&line, &node.place.to_string());
            }
        }
    }

    /// Returns true if and only if the array has elements of which different things are told.
    fn needs_lines(&self, key: &str, array: &Node, items: &[Node]) -> bool {
        let differs = |item: &Node| item.place != array.place || self.is_elsewhere(key, item);
        items.iter().any(differs)
    }

    fn is_elsewhere(&self, key: &str, item: &Node) -> bool {
        match &item.value {
            Value::Text(pattern) => key == "refs" && asks_for_another(pattern, self.repository),
            _ => false,
        }
    }

    fn line(&mut self, line: &str, origin: &str) {
        // Writing to a string can't fail.
        let _ = writeln!(self.text, "{line}  # {}", Shown(origin.as_bytes()));
    }

    fn comment(&mut self, comment: &str) {
        let _ = writeln!(self.text, "# {}", Shown(comment.as_bytes()));
    }
}

fn deny_only_defaults(rule: &DenyOnly) -> [Default; 1] {
    [("judge", text(rule.judge.name()))]
}

fn elements<'t>(table: &'t Table, key: &str) -> &'t [Node] {
    match table.get(key).map(|node| &node.value) {
        Some(Value::Array(items)) => items,
        _ => &[],
    }
}

fn holds_tables(items: &[Node]) -> bool {
    let is_table = |item: &Node| matches!(item.value, Value::Table(_));
    items.iter().any(is_table)
}

fn text(word: &str) -> Value {
    Value::Text(word.to_owned())
}

fn inline(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Day(date) => date.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| inline(&item.value)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) => {
            let entries = table.iter();
            let entries: Vec<String> = entries
                .map(|(key, node)| format!("{} = {}", quoted(key), inline(&node.value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// A TOML string: in single quotes where that spares escapes, and never with a character that
/// acts on a terminal or isn't seen.
fn quoted(text: &str) -> String {
    let hidden = |character: char| character.is_control() || misleads(character);
    if text.contains(['\\', '"']) && !text.contains('\'') && !text.contains(hidden) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for character in text.chars() {
        let _ = match character {
            '\\' | '"' => write!(out, "\\{character}"),
            '\n' => out.write_str("\\n"),
            '\t' => out.write_str("\\t"),
            c if hidden(c) => write!(out, "\\U{:08x}", u32::from(c)),
            c => out.write_char(c),
        };
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_back_as_they_were() {
        for text in [
            "",
            "plain",
            "a\\b \"c\"",
            "it's \\ both",
            "\0\u{1}\u{7f}\u{85}\n\r\t\u{202e}\u{200b}\u{10ffff}",
            "'''",
        ] {
            let line = quoted(text);
            assert!(
                !line.contains(|c: char| c.is_control() || misleads(c)),
                "{line:?}"
            );
            let table: toml::Table = format!("x = {line}").parse().unwrap();
            assert_eq!(table["x"].as_str(), Some(text), "{line}");
        }
        assert_eq!(quoted(r"\bx"), r"'\bx'");
    }
}
