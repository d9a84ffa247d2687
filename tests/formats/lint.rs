//! `policy lint --format`: the same findings in every format, each held to its schema.

mod published;
mod samples;

use serde_json::{Value, json};
use treewarden::report::escape::Shown;

use super::cases::assert_printable;
use super::schema::Schema;
use super::{DOCUMENTS, github, sarif};
use crate::support::{Format as Store, HookRun, Sandbox};
use samples::{CASES, CLEAN, HOSTILE, REMARKABLE, samples};

const SCHEMA_FILE: &str = "docs/lint.schema.json";
/// What the results of failed cases are called, beside the names of remarks.
const FAILED: &str = "failed-case";

/// The policy's file, in the only location of a result.
const URI: &str = "/locations/0/physicalLocation/artifactLocation/uri";

/// Runs `policy lint` on a file or a preset.
fn lint(s: &Sandbox, policy: &str, format: &str) -> HookRun {
    let mut command = s.treewarden();
    HookRun::of(
        command.args(["policy", "lint", policy, "--format", format]),
        b"",
    )
}

/// What is printed of a policy that can be read, in a format.
fn printed(s: &Sandbox, policy: &str, format: &str, status: i32) -> String {
    let run = lint(s, policy, format);
    run.ended(status, "");
    assert!(run.raw().is_empty(), "{format} on standard error");
    String::from_utf8(run.printed().to_vec()).unwrap()
}

fn write(s: &Sandbox, file: &str, text: &str) {
    std::fs::write(s.folder().join(file), text).unwrap();
}

/// The JSON document, held to its schema.
fn document(s: &Sandbox, policy: &str, status: i32) -> Value {
    let text = printed(s, policy, "json", status);
    assert!(text.is_ascii() && text.ends_with("}\n"), "{policy}");
    assert_printable(&text, policy);
    Schema::read(SCHEMA_FILE).parsed(&text, policy)
}

/// The only run of the SARIF log, held to what the standard says.
fn run(s: &Sandbox, policy: &str, status: i32) -> Value {
    let text = printed(s, policy, "sarif", status);
    assert!(text.is_ascii(), "{policy}");
    assert_printable(&text, policy);
    sarif::parsed(&sarif::schemas(), &text, policy)["runs"][0].clone()
}

/// The workflow commands, and nothing else.
fn commands(s: &Sandbox, policy: &str, status: i32) -> Vec<github::Command> {
    let text = printed(s, policy, "github", status);
    assert_printable(&text, policy);
    github::commands(&text, policy)
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).unwrap().as_array().unwrap()
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).unwrap().as_str().unwrap()
}

fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).unwrap().as_u64().unwrap()
}

type Found = (String, u64);

fn in_text(printed: &str) -> Vec<Found> {
    let lines: Vec<&str> = printed.lines().collect();
    let found = lines.windows(2).filter_map(|pair| {
        let place = pair[1].strip_prefix("  --> ")?;
        let line = place.split(" (tree ").next()?.rsplit(':').next()?;
        let name = match pair[0].strip_prefix("warning[") {
            Some(rest) => rest.split(']').next()?,
            None => pair[0].strip_prefix("FAILED  ").and(Some(FAILED))?,
        };
        Some((name.to_owned(), line.parse().unwrap()))
    });
    found.collect()
}

fn in_document(document: &Value) -> Vec<Found> {
    let at = |name: &str, item: &Value| (name.to_owned(), number(item, "/place/line"));
    let remarks = list(document, "/remarks").iter();
    let remarks = remarks.map(|remark| at(text(remark, "/name"), remark));
    let cases = list(document, "/cases").iter();
    let failed = cases.filter(|case| case["holds"] == json!(false));
    remarks.chain(failed.map(|case| at(FAILED, case))).collect()
}

fn in_run(run: &Value) -> Vec<Found> {
    let results = list(run, "/results").iter().map(|result| {
        let name = text(result, "/ruleId");
        let level = if name == FAILED { "error" } else { "warning" };
        assert_eq!(result["level"], json!(level));
        let line = "/locations/0/physicalLocation/region/startLine";
        (name.to_owned(), number(result, line))
    });
    results.collect()
}

fn in_commands(commands: &[github::Command]) -> Vec<Found> {
    let (last, rest) = commands.split_last().unwrap();
    assert_eq!(last.name, "notice");
    let found = rest.iter().map(|command| {
        let title = command.property("title").unwrap();
        let name = if title == FAILED { "error" } else { "warning" };
        assert_eq!(command.name, name);
        let line = command.property("line").unwrap().parse().unwrap();
        (title.to_owned(), line)
    });
    found.collect()
}

/// The findings and the exit status do not depend on the format.
#[test]
fn all_formats_hold_the_same() {
    let s = &Sandbox::new(Store::Sha1Files);
    for sample in samples() {
        let (name, text) = (sample.name, &sample.text);
        write(s, "p.toml", text);
        let status = i32::from(!sample.found.is_empty());
        let of = |found: &(&str, u64)| (found.0.to_owned(), found.1);
        let wanted: Vec<Found> = sample.found.iter().map(of).collect();
        let told = printed(s, "p.toml", "text", status);
        assert_printable(&told, name);
        assert_eq!(in_text(&told), wanted, "{name}");
        let document = document(s, "p.toml", status);
        assert_eq!(in_document(&document), wanted, "{name}");
        assert_eq!(in_run(&run(s, "p.toml", status)), wanted, "{name}");
        let commands = commands(s, "p.toml", status);
        assert_eq!(in_commands(&commands), wanted, "{name}");
        let verdict = told.lines().last();
        assert_eq!(Some(&*commands.last().unwrap().message), verdict, "{name}");
    }
}

#[test]
fn a_preset_is_clean_in_every_format() {
    let s = &Sandbox::new(Store::Sha1Files);
    let preset = "preset:bpf-next";
    let document = document(s, preset, 0);
    assert_eq!(text(&document, "/policy/origin"), preset);
    assert_eq!(document["policy"]["repository"], json!("bpf-next"));
    assert!(!list(&document, "/cases").is_empty());
    let run = run(s, preset, 0);
    assert_eq!(run["results"], json!([]));
    assert_eq!(run["properties"]["policy"], document["policy"]);
    assert_eq!(in_commands(&commands(s, preset, 0)), []);
}

/// Where a line stands in no file, an annotation has none; SARIF says which preset it is.
#[test]
fn a_line_of_a_preset_stands_in_no_file() {
    let s = &Sandbox::new(Store::Sha1Files);
    let class = "[[path-class]]\nname = 'networking'\npaths = ['x/', 'x/y', 'net/**']\n";
    let extends = "version = 1\nextends = 'preset:bpf-next'\n";
    write(s, "p.toml", &format!("{extends}{class}"));
    let document = document(s, "p.toml", 1);
    let own = s.folder().join("p.toml");
    let files: Vec<&str> = in_both(&document, "/place/file");
    let preset = "preset:bpf-next";
    for file in [preset, own.to_str().unwrap()] {
        assert!(files.contains(&file), "{files:?}");
    }
    let commands = commands(s, "p.toml", 1);
    let run = run(s, "p.toml", 1);
    let results = list(&run, "/results");
    assert_eq!(
        (results.len(), commands.len()),
        (files.len(), files.len() + 1)
    );
    for ((file, command), result) in files.into_iter().zip(&commands).zip(results) {
        let uri = text(result, URI);
        if file == preset {
            assert_eq!((command.property("file"), uri), (None, preset));
            assert_eq!(command.property("line"), None);
        } else {
            assert_eq!(command.property("file"), Some(file));
            assert_eq!(uri, format!("file://{file}"));
        }
    }
}

/// A member of all remarks, then of all cases that fail.
fn in_both<'d>(document: &'d Value, pointer: &str) -> Vec<&'d str> {
    let failed = list(document, "/cases").iter();
    let failed = failed.filter(|case| case["holds"] == json!(false));
    let found = list(document, "/remarks").iter().chain(failed);
    found.map(|item| text(item, pointer)).collect()
}

#[test]
fn a_case_is_told_whole() {
    let s = &Sandbox::new(Store::Sha1Files);
    write(s, "p.toml", &format!("version = 1\n{CLEAN}{CASES}"));
    let document = document(s, "p.toml", 1);
    let file = s.folder().join("p.toml");
    let place = |line, text| json!({ "file": file.to_str(), "line": line, "text": text });
    let cases = list(&document, "/cases");
    let holds = |case: &Value| case["holds"] == json!(true);
    assert_eq!(
        cases.iter().map(holds).collect::<Vec<_>>(),
        [true, false, false]
    );
    assert_eq!(
        cases[1],
        json!({
            "name": "finds too much",
            "tree": "t",
            "expect": "accept",
            "paths": [
                {
                    "path": "net/a",
                    "origin": "added",
                    "class": "a",
                    "pattern": "net/",
                    "place": place(4, "paths = ['net/']"),
                },
                {
                    "path": "Makefile",
                    "origin": "added",
                    "class": null,
                    "pattern": null,
                    "place": null,
                },
            ],
            "found": [{
                "code": "denied-path",
                "severity": "warning",
                "place": place(11, "deny = ['a', 'b']"),
            }],
            "holds": false,
            "place": place(18, "[[case]]"),
        })
    );
    let told = "finds too much (tree t): expected accept, found denied-path";
    assert_eq!(commands(s, "p.toml", 1)[0].message, told);
    let run = run(s, "p.toml", 1);
    let results = list(&run, "/results");
    assert_eq!(text(&results[0], "/message/text"), told);
    let told = "finds nothing (tree t): expected message-pattern, found nothing";
    assert_eq!(text(&results[1], "/message/text"), told);
}

/// Decoded strings are those of the policy; what is said in words has none of them as it stands.
#[test]
fn hostile_names_come_back_whole_and_are_safe_in_words() {
    let s = &Sandbox::new(Store::Sha1Files);
    let policy = format!("version = 1\n{HOSTILE}");
    write(s, "p.toml", &policy);
    let read: toml::Table = policy.parse().unwrap();
    let case = &read["case"][0];
    let document = document(s, "p.toml", 1);
    let told = &document["cases"][0];
    for member in ["name", "tree"] {
        assert_eq!(
            text(told, &format!("/{member}")),
            case[member].as_str().unwrap()
        );
    }
    let path = case["paths"][0].as_str().unwrap();
    assert_eq!(text(told, "/paths/0/path"), path);
    let pattern = read["path-class"][0]["paths"][0].as_str().unwrap();
    assert_eq!(text(told, "/paths/0/pattern"), pattern);
    let name = Shown(case["name"].as_str().unwrap().as_bytes()).to_string();
    let commands = commands(s, "p.toml", 1);
    assert!(
        commands[1].message.starts_with(&name),
        "{}",
        commands[1].message
    );
    // Braces and links mean something in SARIF's messages.
    let run = run(s, "p.toml", 1);
    let said = text(&run, "/results/1/message/text");
    let name = name.replace('{', "{{").replace('}', "}}");
    let name = name.replace("](", "\\](");
    assert!(said.starts_with(&name), "{said}");
    for said in [
        said,
        &commands[0].message,
        text(&document, "/remarks/0/message"),
    ] {
        assert!(
            !said.contains(['\x1b', '\x7f', '\u{9b}', '\u{202e}', '\u{2066}']),
            "{said:?}"
        );
    }
}

/// A policy's file can be called anything, too.
#[test]
fn hostile_files_are_named_as_they_are_or_not_at_all() {
    let s = &Sandbox::new(Store::Sha1Files);
    for (file, plain) in [
        ("a,b:c%0A{0}.toml", true),
        ("x\x1b[2J\n::error::y\u{202e}](z).toml", false),
    ] {
        write(s, file, &format!("version = 1\n{REMARKABLE}"));
        let path = s.folder().join(file);
        let path = path.to_str().unwrap();
        assert_printable(&printed(s, file, "text", 1), file);
        let document = document(s, file, 1);
        assert_eq!(text(&document, "/remarks/0/place/file"), path);
        assert_eq!(text(&document, "/policy/origin"), path);
        let commands = commands(s, file, 1);
        let found = commands[0].property("file");
        assert_eq!(found, plain.then_some(path));
        let run = run(s, file, 1);
        let uri = text(&run, &format!("/results/0{URI}"));
        let raw = uri.strip_prefix("file://").map(sarif::decoded);
        assert_eq!(raw, Some(path.as_bytes().to_vec()));
    }
}

/// A reader of standard output alone must not take a fault for a policy without remarks.
#[test]
fn what_cannot_be_read_prints_no_document() {
    let s = &Sandbox::new(Store::Sha1Files);
    write(s, "bad.toml", "version = 2\n");
    write(s, "good.toml", &format!("version = 1\n{CLEAN}"));
    for format in DOCUMENTS {
        for policy in ["bad.toml", "gone.toml", "preset:none"] {
            let run = lint(s, policy, format);
            run.ended(3, "error: ");
            assert!(run.printed().is_empty(), "{format} {policy}");
        }
        let mut command = s.treewarden();
        command.args([
            "policy",
            "lint",
            "good.toml",
            "--tip=HEAD",
            "--format",
            format,
        ]);
        let run = HookRun::of(&mut command, b"");
        run.ended(4, "no git repository");
        assert!(run.printed().is_empty(), "{format}");
    }
    lint(s, "good.toml", "xml").ended(2, "possible values: text, json, github, sarif");
}

#[test]
fn a_document_that_cannot_be_written_is_an_error() {
    let s = &Sandbox::new(Store::Sha1Files);
    for (name, part) in [("clean.toml", CLEAN), ("remarks.toml", REMARKABLE)] {
        write(s, name, &format!("version = 1\n{part}"));
        for format in DOCUMENTS {
            let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
            let mut command = s.treewarden();
            command.args(["policy", "lint", name, "--format", format]);
            let output = command.stdout(full.unwrap()).output().unwrap();
            assert_eq!(output.status.code(), Some(4), "{format} {name}");
        }
    }
}
