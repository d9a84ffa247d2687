//! What is published of lint's formats: the schema, the page and the rules of the log.

use serde_json::{Value, json};
use treewarden::finding::Severity;
use treewarden::lint::Topic;
use treewarden::policy::Expect;
use treewarden::report::linted::SCHEMA;
use treewarden::report::weight;

use super::{FAILED, SCHEMA_FILE, list, printed, run, text, write};
use crate::docs;
use crate::formats::schema::closed_objects;
use crate::support::{Format as Store, Sandbox};

/// The example is what is printed of the policy that `docs/policy.md` looks at.
#[test]
fn the_page_shows_what_is_printed() {
    let s = &Sandbox::new(Store::Sha1Files);
    let page = docs::read("docs/policy.md");
    let section = docs::section(&page, "### `treewarden policy lint`");
    write(s, "policy.toml", docs::blocks(section, "toml")[0]);
    let folder = s.folder().to_str().unwrap();
    let printed = printed(s, "policy.toml", "github", 1).replace(folder, "/etc/treewarden");
    let command = "treewarden policy lint /etc/treewarden/policy.toml --format github";
    docs::shows("docs/formats.md", command, &printed);
}

#[test]
fn the_schema_leaves_no_object_open() {
    assert_eq!(closed_objects(SCHEMA_FILE), 7);
}

#[test]
fn the_schema_lists_what_the_code_has() {
    let schema = std::fs::read_to_string(SCHEMA_FILE).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let of = |pointer: &str| schema.pointer(pointer).unwrap().clone();
    assert_eq!(of("/properties/schema/const"), json!(SCHEMA));
    let topics: Vec<&str> = Topic::ALL.iter().map(|topic| topic.name()).collect();
    assert_eq!(of("/$defs/remark/properties/name/enum"), json!(topics));
    let expected: Vec<&str> = Expect::ALL.iter().map(|expect| expect.name()).collect();
    assert_eq!(of("/$defs/case/properties/expect/enum"), json!(expected));
    // What can be expected is what can be found, or nothing.
    let found = expected
        .iter()
        .filter(|name| **name != Expect::Nothing.name());
    let found: Vec<_> = found.collect();
    assert_eq!(of("/$defs/found/properties/code/enum"), json!(found));
    let words = [Severity::Deny, Severity::Warn].map(weight);
    assert_eq!(of("/$defs/found/properties/severity/enum"), json!(words));
}

#[test]
fn the_rules_of_the_log_are_the_remarks_and_failed_cases() {
    let s = &Sandbox::new(Store::Sha1Files);
    let run = run(s, "preset:bpf-next", 0);
    let rules = list(&run, "/tool/driver/rules").iter();
    let told: Vec<[&str; 2]> = rules
        .map(|rule| ["/id", "/shortDescription/text"].map(|part| text(rule, part)))
        .collect();
    let (last, remarks) = told.split_last().unwrap();
    let known = Topic::ALL
        .iter()
        .map(|topic| [topic.name(), topic.summary()]);
    assert_eq!(remarks, known.collect::<Vec<_>>());
    assert_eq!(last[0], FAILED);
}
