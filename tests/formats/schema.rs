//! Documents against schemas, formats such as `uri` included. Nothing is looked up elsewhere.

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

/// A schema, ready to judge.
pub struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    /// The schema in a file of this repository, or any other.
    pub fn read(file: &str) -> Self {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        let name = "memory:///schema.json";
        let schema = serde_json::from_str(&text).unwrap();
        compiler.add_resource(name, schema).unwrap();
        let index = compiler
            .compile(name, &mut schemas)
            .unwrap_or_else(|error| panic!("{file}: {error:#}"));
        Self { schemas, index }
    }

    /// Why the document isn't what the schema asks for.
    pub fn faults(&self, document: &Value) -> Option<String> {
        let judged = self.schemas.validate(document, self.index);
        judged.err().map(|error| format!("{error:#}"))
    }

    /// The document, which must be what the schema asks for.
    pub fn parsed(&self, text: &str, what: &str) -> Value {
        let document = serde_json::from_str(text).unwrap_or_else(|error| {
            panic!("{what}: {error}\n{text}");
        });
        if let Some(faults) = self.faults(&document) {
            panic!("{what}: {faults}\n{text}");
        }
        document
    }
}

/// How many objects a schema describes. Each of them names all its members: else a misspelt one
/// would pass for a new one.
pub fn closed_objects(file: &str) -> usize {
    fn objects(schema: &Value) -> usize {
        match schema {
            Value::Object(members) => {
                let described = members.contains_key("properties");
                if described {
                    assert_eq!(members["additionalProperties"], false, "{schema}");
                }
                usize::from(described) + members.values().map(objects).sum::<usize>()
            }
            Value::Array(items) => items.iter().map(objects).sum(),
            _ => 0,
        }
    }
    let text = std::fs::read_to_string(file).unwrap();
    objects(&serde_json::from_str(&text).unwrap())
}

#[test]
fn a_schema_can_say_no() {
    let schema = Schema::read("docs/report.schema.json");
    assert!(schema.faults(&serde_json::json!({})).is_some());
}
