//! `--format github`: workflow commands, and nothing but.

use insta::assert_snapshot;
use treewarden::finding::{Offender, Origin, Severity};
use treewarden::report::Format;

use super::cases::{self, assert_printable};
use super::check_one;
use super::pages::settled;
use crate::support::{Format as Store, Sandbox};

/// A command of the runner: its name, its properties and its message, decoded.
pub struct Command {
    pub name: String,
    properties: Vec<(String, String)>,
    pub message: String,
}

/// Reads a line as the runner does.
fn command(line: &str) -> Option<Command> {
    let (head, message) = line.strip_prefix("::")?.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let decoded = |text: &str| {
        let text = text.replace("%0D", "\r").replace("%0A", "\n");
        let text = text.replace("%3A", ":").replace("%2C", ",");
        text.replace("%25", "%")
    };
    let properties = properties.split(',').map(|property| {
        let (name, value) = property.split_once('=').unwrap();
        (name.to_owned(), decoded(value))
    });
    Some(Command {
        name: name.into(),
        properties: properties.collect(),
        message: decoded(message),
    })
}

/// All commands of a text that holds nothing else.
pub fn commands(text: &str, what: &str) -> Vec<Command> {
    let read = |line| command(line).unwrap_or_else(|| panic!("{what}: {line}"));
    text.lines().map(read).collect()
}

impl Command {
    pub fn property(&self, name: &str) -> Option<&str> {
        let mut all = self.properties.iter();
        all.find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }
}

#[test]
fn every_line_is_a_command_and_every_finding_one() {
    let policy = cases::policy();
    for (name, decision) in cases::all(&policy) {
        let text = cases::document(&decision, &policy, Format::Github);
        assert_printable(&text, name);
        let commands = commands(&text, name);
        let count = |wanted: &str| {
            let found = commands.iter().filter(|command| command.name == wanted);
            found.count()
        };
        let (errors, warnings) = match name {
            "nothing found" | "nothing judged" | "lifted" => (0, 0),
            "a warning" => (0, 1),
            "many" => (20, 20),
            _ => (1, 0),
        };
        assert_eq!(
            (count("error"), count("warning")),
            (errors, warnings),
            "{name}"
        );
        let last = commands.last().unwrap();
        assert_eq!(last.name, "notice", "{name}");
        assert!(last.message.starts_with("treewarden: "), "{name}");
    }
}

#[test]
fn the_annotation_is_at_the_changed_path() {
    let policy = cases::policy();
    for (name, decision) in cases::all(&policy) {
        let text = cases::document(&decision, &policy, Format::Github);
        let first = &commands(&text, name)[0];
        let file = match name {
            "a warning" | "a commit" | "a series" | "a push" | "many" | "lifted" | "asked for" => {
                Some("net/a.c")
            }
            "a merge" => Some("net/b.c"),
            // What can't be told as it is would name another file.
            _ => None,
        };
        assert_eq!(first.property("file"), file, "{name}");
        assert_eq!(first.property("line"), None, "{name}");
    }
}

#[test]
fn what_is_left_out_is_counted() {
    let policy = cases::policy();
    let all = cases::all(&policy);
    let (name, many) = all.last().unwrap();
    let text = cases::document(many, &policy, Format::Github);
    let told = commands(&text, name);
    assert!(told.iter().any(|it| it.message == "… and 10 more findings"));
}

#[test]
fn odd_paths_are_named_as_they_are() {
    let policy = cases::policy();
    let path = cases::path(&policy, "net/a,b:c%0A.c", Origin::Changed);
    let offence = cases::offence(1, "odd", vec![path]);
    let finding = cases::finding(&policy, Severity::Deny, Offender::Commit(offence));
    let text = cases::document(&cases::decide(vec![finding]), &policy, Format::Github);
    let first = &commands(&text, "odd")[0];
    assert_eq!(first.property("file"), Some("net/a,b:c%0A.c"));
    assert!(first.message.contains("\n   |     net/a,b:c%0A.c"));
}

#[test]
fn a_refusal_whole() {
    let s = &Sandbox::new(Store::Sha1Files);
    let base = s.base();
    for name in ["linus", "bpf", "net-next"] {
        s.git(&["update-ref", &format!("refs/upstream/{name}/main"), &base]);
    }
    let bad = s.commit("xdp: count drops").on(&base);
    let bad = bad.touch("net/core/dev.c").touch("net/core/xdp.c").make();
    let run = check_one(s, &bad, "github");
    run.ended(1, "");
    let said = String::from_utf8(run.printed().to_vec()).unwrap();
    assert_snapshot!(settled(&said));
}
