//! `docs/policy.md`: its keys and defaults are those of the code, and its examples load.

use super::*;

#[test]
fn every_key_is_documented_and_no_other() {
    let text = read("docs/policy.md");
    assert_eq!(policy::KEYS.len(), KEY_TABLES.len());
    for ((name, keys), (list, heading)) in policy::KEYS.iter().zip(KEY_TABLES) {
        let documented = first_column(section(&text, heading));
        assert_eq!(
            (*name, keys.to_vec()),
            (list, documented.iter().map(String::as_str).collect())
        );
    }
}

#[test]
fn the_budgets_defaults_are_those_of_the_code() {
    let text = read("docs/policy.md");
    let Limits {
        commits,
        tree_objects,
        seconds,
    } = Limits::default();
    for (key, default) in [
        ("commits", commits),
        ("tree-objects", tree_objects),
        ("seconds", seconds),
    ] {
        let row = format!("| `{key}` | integer from 1 | {default} |");
        assert!(section(&text, "## `[budget]`").contains(&row), "{row}");
    }
}

#[test]
fn the_complete_example_loads_and_uses_every_key() {
    let text = read("docs/policy.md");
    let example = complete_example(&text);
    let folder = tempfile::tempdir().unwrap();
    let policy = loaded(folder.path(), "example.toml", example).unwrap();
    assert_eq!(policy.repository.as_deref(), Some("example"));
    let table: toml::Table = example.parse().unwrap();
    for (list, heading) in KEY_TABLES {
        let used: BTreeSet<String> = tables(&table, list)
            .iter()
            .flat_map(|table| table.keys().cloned())
            .collect();
        let mut documented = BTreeSet::from_iter(first_column(section(&text, heading)));
        // A policy that extends another one is not complete.
        documented.remove("extends");
        assert_eq!(used, documented, "{heading}");
    }
}

#[test]
fn every_fragment_loads_over_the_complete_example() {
    let text = read("docs/policy.md");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("example.toml"), complete_example(&text)).unwrap();
    for fragment in blocks(&text, "toml") {
        let whole = if fragment.contains("version ") || fragment.contains("extends ") {
            fragment.to_owned()
        } else {
            format!("extends = \"example.toml\"\n{fragment}")
        };
        if let Err(faults) = loaded(folder.path(), "fragment.toml", &whole) {
            panic!("{whole}\n{faults}");
        }
    }
}

/// The first policy that is whole.
fn complete_example(text: &str) -> &str {
    let all = blocks(text, "toml");
    all.into_iter()
        .find(|block| block.starts_with("version "))
        .expect("a toml block that begins with `version`")
}

fn loaded(folder: &Path, name: &str, text: &str) -> Result<Policy, String> {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    policy::load(&Source::File(file), None).map_err(|faults| faults.to_string())
}

/// The tables of a policy whose keys a list names.
fn tables(policy: &toml::Table, list: &str) -> Vec<toml::Table> {
    let below = |tables: &[toml::Table], key: &str| {
        let values = tables.iter().filter_map(|table| table.get(key));
        values
            .flat_map(|value| match value {
                toml::Value::Array(items) => items.clone(),
                other => vec![other.clone()],
            })
            .filter_map(|value| value.as_table().cloned())
            .collect::<Vec<_>>()
    };
    let top = [policy.clone()];
    match list {
        "" => top.to_vec(),
        "path-class" => below(&top, "path-class"),
        "upstream" => below(&top, "upstream"),
        "tree" => below(&top, "tree"),
        "deny-only" => below(&below(&top, "tree"), "deny-only"),
        "message" => below(&below(&top, "tree"), "message"),
        "budget" => below(&top, "budget"),
        "signer" => below(&top, "signer"),
        "override" => below(&top, "override"),
        "case" => below(&top, "case"),
        other => panic!("{other}"),
    }
}
