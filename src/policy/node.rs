//! TOML as values that remember the line they stand on, whichever file they came from.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;

use jiff::civil::Date;
use toml::de::{DeTable, DeValue};

use super::place::{Faults, Page, Place};

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
    let page = Page::new(file, text);
    let reader = Reader { page };
    let mut faults = Faults::default();
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let place = reader.page.place(error.span().map_or(0, |span| span.start));
        faults.push(&place, error.message());
    }
    let table = reader.table(document.get_ref(), &mut faults);
    faults.or(table)
}

struct Reader {
    page: Rc<Page>,
}

impl Reader {
    fn table(&self, table: &DeTable<'_>, faults: &mut Faults) -> Table {
        table
            .iter()
            .filter_map(|(key, value)| {
                let place = self.page.place(key.span().start);
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
                        self.node(item.get_ref(), self.page.place(item.span().start), faults)
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

/// Writes the table so that equal policies give equal text, whatever their layout, comments and
/// order of keys: a line a leaf, its path before it. What the digest is taken over, and so
/// without the cases, which judge nothing.
pub fn canonical(table: &Table) -> String {
    let entries = table.iter().filter(|(key, _)| *key != "case");
    let mut writer = Writer {
        path: String::new(),
        // The preset's takes most of it.
        out: String::with_capacity(32 << 10),
    };
    writer.table(entries);
    writer.out
}

struct Writer {
    /// The way to the node that is being written.
    path: String,
    out: String,
}

impl Writer {
    fn table<'t>(&mut self, entries: impl Iterator<Item = (&'t String, &'t Node)>) {
        for (key, node) in entries {
            self.inner(node, |path| push_quoted(path, key));
        }
    }

    /// Writes a node one step further down, which `step` names.
    fn inner(&mut self, node: &Node, step: impl FnOnce(&mut String)) {
        let outer = self.path.len();
        self.path.push('.');
        step(&mut self.path);
        self.node(node);
        self.path.truncate(outer);
    }

    fn node(&mut self, node: &Node) {
        match &node.value {
            Value::Text(text) => self.leaf("=", |out| push_quoted(out, text)),
            Value::Integer(number) => self.leaf("=", |out| push_shown(out, number)),
            Value::Boolean(value) => self.leaf("=", |out| push_shown(out, value)),
            Value::Day(date) => self.leaf("=", |out| push_shown(out, date)),
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.inner(item, |path| push_shown(path, at));
                }
                self.leaf(".length=", |out| push_shown(out, items.len()));
            }
            Value::Table(table) => self.table(table.iter()),
        }
    }

    fn leaf(&mut self, sign: &str, value: impl FnOnce(&mut String)) {
        self.out.push_str(&self.path);
        self.out.push_str(sign);
        value(&mut self.out);
        self.out.push('\n');
    }
}

fn push_shown(out: &mut String, value: impl std::fmt::Display) {
    // Writing to a string can't fail.
    let _ = write!(out, "{value}");
}

/// The text as `{:?}` writes it, which takes its time: nearly all texts have nothing to escape.
fn push_quoted(out: &mut String, text: &str) {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.bytes().all(is_plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        let _ = write!(out, "{text:?}");
    }
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
        assert_eq!(trees[0].place.line(), 2);
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
