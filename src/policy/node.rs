//! TOML as values that remember the line they stand on, whichever file they came from.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;

use jiff::civil::Date;
use toml::de::{DeTable, DeValue};

use super::place::{Faults, Place};

/// A value and its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// For a table's entry the key's line, for an array's element its own.
    pub place: Place,
}

/// The entries of a table.
pub type Table = BTreeMap<String, Node>;

/// The kinds of value that a policy has a use for.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `"text"`
    Text(String),
    /// `7`
    Integer(i64),
    /// `true`
    Boolean(bool),
    /// `2024-09-15`
    Day(Date),
    /// `[…]`, and the list of `[[…]]` tables
    Array(Vec<Node>),
    /// `[…]`, `{…}`
    Table(Table),
}

impl Value {
    /// The kind, as a message names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Boolean(_) => "true or false",
            Self::Day(_) => "a date",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

/// Parses one file; every fault is reported, not only the first.
pub fn parse(file: &str, text: &str) -> Result<Table, Faults> {
    let reader = Reader {
        file: file.into(),
        text,
    };
    let mut faults = Faults::default();
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let place = reader.place(error.span().map_or(0, |span| span.start));
        faults.push(&place, error.message());
    }
    let table = reader.table(document.get_ref(), &mut faults);
    faults.or(table)
}

struct Reader<'t> {
    file: Rc<str>,
    text: &'t str,
}

impl Reader<'_> {
    fn place(&self, offset: usize) -> Place {
        let before = self.text.as_bytes().iter().take(offset);
        let line = before.filter(|byte| **byte == b'\n').count();
        Place {
            file: self.file.clone(),
            line: line + 1,
            text: spaced(self.text.lines().nth(line).unwrap_or_default()).into(),
        }
    }

    fn table(&self, table: &DeTable<'_>, faults: &mut Faults) -> Table {
        table
            .iter()
            .filter_map(|(key, value)| {
                let place = self.place(key.span().start);
                let node = self.node(value.get_ref(), place, faults)?;
                Some((key.get_ref().to_string(), node))
            })
            .collect()
    }

    fn node(&self, value: &DeValue<'_>, place: Place, faults: &mut Faults) -> Option<Node> {
        let converted = match value {
            DeValue::String(text) => Some(Value::Text(text.to_string())),
            DeValue::Boolean(value) => Some(Value::Boolean(*value)),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .map(Value::Integer),
            DeValue::Datetime(date) => date.to_string().parse().ok().map(Value::Day),
            DeValue::Array(items) => Some(Value::Array(
                items
                    .iter()
                    .filter_map(|item| {
                        self.node(item.get_ref(), self.place(item.span().start), faults)
                    })
                    .collect(),
            )),
            DeValue::Table(table) => Some(Value::Table(self.table(table, faults))),
            DeValue::Float(_) => None,
        };
        if converted.is_none() {
            faults.push(&place, unusable(value));
        }
        Some(Node {
            value: converted?,
            place,
        })
    }
}

/// Why no key of a policy takes the value.
fn unusable(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::Datetime(_) => "a date stands alone here, as in 2027-01-31",
        DeValue::Integer(_) => "this number is too large",
        _ => "no policy key takes such a value",
    }
}

/// The line with one space where it has several.
fn spaced(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes the table so that equal policies give equal text, whatever their layout, comments and
/// order of keys: a line a leaf, its path before it. What the digest is taken over, and so
/// without the cases, which judge nothing.
pub fn canonical(table: &Table) -> String {
    let mut out = String::new();
    write_table("", table.iter().filter(|(key, _)| *key != "case"), &mut out);
    out
}

fn write_table<'t>(
    path: &str,
    entries: impl Iterator<Item = (&'t String, &'t Node)>,
    out: &mut String,
) {
    for (key, node) in entries {
        write_node(&format!("{path}.{key:?}"), node, out);
    }
}

fn write_node(path: &str, node: &Node, out: &mut String) {
    // Writing to a string can't fail.
    let _ = match &node.value {
        Value::Text(text) => writeln!(out, "{path}={text:?}"),
        Value::Integer(number) => writeln!(out, "{path}={number}"),
        Value::Boolean(value) => writeln!(out, "{path}={value}"),
        Value::Day(date) => writeln!(out, "{path}={date}"),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                write_node(&format!("{path}.{at}"), item, out);
            }
            writeln!(out, "{path}.length={}", items.len())
        }
        Value::Table(table) => {
            write_table(path, table.iter(), out);
            Ok(())
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_remembered() {
        let text = "version = 1\n[[tree]]\nname = \"a\"\nrefs = [\n  \"x\",\n  \"y\",\n]\n";
        let table = parse("p.toml", text).unwrap();
        let Value::Array(trees) = &table["tree"].value else {
            panic!()
        };
        assert_eq!(trees[0].place.line, 2);
        let Value::Table(tree) = &trees[0].value else {
            panic!()
        };
        let Value::Array(refs) = &tree["refs"].value else {
            panic!()
        };
        assert_eq!(refs[1].place.to_string(), "p.toml:6");
    }

    #[test]
    fn every_fault_is_told() {
        let faults = parse("p.toml", "a = 1.5\nb = \nc = 1.5\n")
            .unwrap_err()
            .to_string();
        for line in 1..=3 {
            assert!(faults.contains(&format!("p.toml:{line}:")), "{faults}");
        }
    }

    #[test]
    fn layout_does_not_change_the_canonical_text() {
        let one = parse("a", "x = [1, 2]\n[t]\nk = \"v\"\n").unwrap();
        let two = parse("b", "# why\nt = { k = 'v' }\nx = [\n1,\n2 ]\n").unwrap();
        assert_eq!(canonical(&one), canonical(&two));
        let three = parse("c", "x = [1]\nt = { k = 'v' }\n").unwrap();
        assert_ne!(canonical(&one), canonical(&three));
    }
}
