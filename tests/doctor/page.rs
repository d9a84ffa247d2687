//! `docs/doctor.md` against the code: its table is the code's, and its examples are real.

use std::collections::BTreeSet;

use regex::Regex;
use treewarden::doctor::Check;

use super::*;
use crate::docs::{blocks, first_column, read, section};

const PAGE: &str = "docs/doctor.md";

/// What another day or another machine would say otherwise.
fn settled(text: &str) -> String {
    let digest = Regex::new(r"digest [0-9a-f]{12}").unwrap();
    let user = Regex::new(r"user [0-9]+").unwrap();
    let text = digest.replace_all(text, "digest DIGEST").into_owned();
    user.replace_all(&text, "user USER").into_owned()
}

/// The server of the examples: nobody executes its hook, and an upstream is not fetched.
fn spoilt() -> Sandbox {
    let s = one();
    s.on_server(&["update-ref", "-d", "refs/upstream/net-next/main"]);
    set_mode(&hook(&s), 0o644);
    s
}

/// What is printed for it, at places that a reader would expect.
fn printed(s: &Sandbox, arguments: &[&str]) -> String {
    let mut command = s.command(bin(s).join("treewarden"));
    let output = command
        .arg("doctor")
        .arg(s.server())
        .args(arguments)
        .output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    let bin = bin(s).canonicalize().unwrap();
    let server = s.server().canonicalize().unwrap();
    let policy = s.folder().canonicalize().unwrap().join("policy.toml");
    text.replace(policy.to_str().unwrap(), "/etc/treewarden/policy.toml")
        .replace(bin.to_str().unwrap(), "/usr/local/bin")
        .replace(server.to_str().unwrap(), "/srv/git/bpf-next.git")
}

/// Writes what is real in the place of what is shown, if it may, where they differ.
fn hold(shown: &str, real: &str) {
    if settled(shown) == settled(real) {
        return;
    }
    assert!(
        std::env::var_os("TREEWARDEN_BLESS").is_some(),
        "{PAGE} shows\n{shown}\nwhere it prints\n{real}\n(TREEWARDEN_BLESS=1 writes it there)"
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    std::fs::write(path, read(PAGE).replace(shown, real)).unwrap();
}

#[test]
fn the_table_is_the_codes() {
    let page = read(PAGE);
    let table = section(&page, "## Checks");
    let names: Vec<&str> = Check::ALL.iter().map(|check| check.name()).collect();
    assert_eq!(first_column(table), names);
    for check in Check::ALL {
        let row = format!("| `{check}` | {} |", check.summary());
        assert!(table.contains(&row), "{row}");
    }
}

/// Nothing is said of a check in a sentence that the table doesn't have.
#[test]
fn every_check_is_made_somewhere() {
    let s = one();
    let base = s.at_ref("master").unwrap();
    let (core, networking) = (s.touch(&base, "kernel/a.c"), s.touch(&base, "net/a.c"));
    s.push_all(&[(&core, "master"), (&networking, "net")])
        .clean();
    let made = examined_by(&s, |command| {
        command.arg("--refs");
    });
    let names: BTreeSet<&str> = made.named("ok").into_iter().collect();
    let known: BTreeSet<&str> = Check::ALL.iter().map(|check| check.name()).collect();
    assert_eq!(names, known);
}

#[test]
fn the_text_is_what_is_printed() {
    let page = read(PAGE);
    let all = blocks(&page, "console");
    let command = "$ treewarden doctor /srv/git/bpf-next.git\n";
    let shown = all.iter().find(|block| block.starts_with(command));
    let shown = shown.expect("an example of `treewarden doctor`");
    let real = printed(&spoilt(), &[]);
    hold(shown, &format!("{command}{real}"));
}

#[test]
fn the_document_has_the_keys_that_are_listed() {
    let page = read(PAGE);
    let real: Value = serde_json::from_str(&printed(&spoilt(), &["--format", "json"])).unwrap();
    let keys = |value: &Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let [shown] = blocks(&page, "json")[..] else {
        panic!("one JSON block is needed");
    };
    let shown: Value = serde_json::from_str(shown).unwrap();
    assert_eq!(keys(&shown), keys(&real));
    let entry = &shown["entries"][0];
    let found = real["entries"].as_array().unwrap();
    assert!(found.contains(entry), "{entry:#}\nis none of\n{found:#?}");
    let listed = BTreeSet::from_iter(first_column(section(&page, "## JSON")));
    let entries = keys(entry)
        .into_iter()
        .map(|key| format!("entries[].{key}"));
    let mut want: BTreeSet<String> = keys(&shown).into_iter().chain(entries).collect();
    want.remove("entries");
    assert_eq!(listed, want);
}
