//! `--format sarif`: SARIF 2.1.0, held to what the standard says of each property that is used.
//!
//! `TREEWARDEN_SARIF_SCHEMA=<file>` names the standard's own schema, of whatever draft; then the
//! same documents are held to that, too.

use serde_json::{Value, json};
use treewarden::finding::Code;
use treewarden::report::Format;

use super::cases::{self, HOSTILE, assert_printable};
use super::check_one;
use super::schema::Schema;
use crate::support::everywhere;

/// The schemas that every log is held to.
pub fn schemas() -> Vec<Schema> {
    let own = "tests/data/sarif-as-used.schema.json".to_owned();
    let official = std::env::var("TREEWARDEN_SARIF_SCHEMA").ok();
    let files = [own].into_iter().chain(official);
    files.map(|file| Schema::read(&file)).collect()
}

/// The log, which all of them must accept.
pub fn parsed(schemas: &[Schema], text: &str, what: &str) -> Value {
    let logs: Vec<Value> = schemas
        .iter()
        .map(|schema| schema.parsed(text, what))
        .collect();
    logs[0].clone()
}

/// The log of one of the cases.
fn of(case: &str) -> Value {
    let policy = cases::policy();
    let all = cases::all(&policy);
    let (_, decision) = all.iter().find(|(name, _)| *name == case).unwrap();
    let text = cases::document(decision, &policy, Format::Sarif);
    parsed(&schemas(), &text, case)
}

fn result(case: &str) -> Value {
    of(case)["runs"][0]["results"][0].clone()
}

/// The parts of the locations' URIs.
fn uris(result: &Value) -> Vec<&str> {
    let locations = result["locations"].as_array().unwrap().iter();
    let found = locations.filter_map(|it| it.pointer("/physicalLocation/artifactLocation/uri"));
    found.map(|uri| uri.as_str().unwrap()).collect()
}

#[test]
fn every_log_is_what_the_standard_asks_for() {
    let (schemas, policy) = (schemas(), cases::policy());
    for (name, decision) in cases::all(&policy) {
        let text = cases::document(&decision, &policy, Format::Sarif);
        assert!(text.is_ascii(), "{name}");
        assert_printable(&text, name);
        let log = parsed(&schemas, &text, name);
        let run = &log["runs"][0];
        assert_eq!(run["invocations"][0]["executionSuccessful"], json!(true));
        let word = match run["properties"]["decision"].as_str() {
            Some("accept") => "warning",
            Some("reject") => "error",
            other => panic!("{name}: {other:?}"),
        };
        let results = run["results"].as_array().unwrap();
        let mut open = results.iter().filter(|it| it["suppressions"].is_null());
        let first = open.next().map_or(&Value::Null, |it| &it["level"]);
        assert!(first.is_null() || *first == json!(word), "{name}");
    }
}

#[test]
fn the_rules_are_the_table_of_codes() {
    let log = of("nothing found");
    let rules = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap()
        .clone();
    let told: Vec<(&str, &str)> = rules
        .iter()
        .map(|rule| {
            let text = rule["shortDescription"]["text"].as_str().unwrap();
            (rule["id"].as_str().unwrap(), text)
        })
        .collect();
    let known: Vec<(&str, &str)> = Code::ALL
        .iter()
        .map(|code| (code.name(), code.summary()))
        .collect();
    assert_eq!(told, known);
}

#[test]
fn locations_are_paths_else_the_commit_else_the_ref() {
    assert_eq!(uris(&result("a commit")), ["net/a.c", "Makefile"]);
    assert_eq!(uris(&result("a merge")), ["net/b.c", "net/c.c"]);
    let series = result("a series");
    assert_eq!(uris(&series), ["net/a.c", "Makefile", "net/b.c", "net/c.c"]);
    let logical = |result: &Value| result["locations"][0]["logicalLocations"][0].clone();
    let commit = json!({ "name": "02".repeat(20), "kind": "commit" });
    assert_eq!(logical(&series), commit);
    let pathless = result("no paths");
    let commit = json!({ "name": "04".repeat(20), "kind": "commit" });
    assert_eq!((uris(&pathless).len(), logical(&pathless)), (0, commit));
    let name = json!({ "name": "refs/heads/master", "kind": "ref" });
    for case in ["an update", "no words"] {
        assert_eq!(logical(&result(case)), name, "{case}");
    }
}

#[test]
fn a_path_of_any_bytes_is_a_uri_that_gives_them_back() {
    let result = result("hostile names");
    let decoded: Vec<Vec<u8>> = uris(&result).into_iter().map(decoded).collect();
    assert_eq!(decoded, [[b"net/", HOSTILE].concat(), HOSTILE.to_vec()]);
}

/// The bytes that a URI stands for.
pub fn decoded(uri: &str) -> Vec<u8> {
    let mut bytes = uri.bytes();
    let mut raw = Vec::new();
    while let Some(byte) = bytes.next() {
        raw.push(if byte == b'%' {
            let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
            u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
        } else {
            byte
        });
    }
    raw
}

#[test]
fn the_policys_line_is_related() {
    let policy = cases::policy();
    let deny = policy.trees.iter().find_map(|tree| tree.deny.as_ref());
    let place = &deny.unwrap().place;
    let related = json!([{
        "physicalLocation": {
            "artifactLocation": { "uri": "preset:bpf-next" },
            "region": { "startLine": place.line() },
        },
        "message": { "text": place.text() },
    }]);
    assert_eq!(result("a commit")["relatedLocations"], related);
    assert_eq!(result("an update")["relatedLocations"], json!([]));
}

/// The commit is what stays the same where the same thing is found again.
#[test]
fn commits_are_the_fingerprints() {
    let hex = |digit: &str| digit.repeat(20);
    let of = |case| result(case)["partialFingerprints"].clone();
    assert_eq!(of("a commit"), json!({ "commit/v1": hex("02") }));
    let three = [hex("02"), hex("03"), hex("04")].join(" ");
    assert_eq!(of("a series"), json!({ "commits/v1": three }));
    for case in ["an update", "no words"] {
        assert_eq!(of(case), json!({}), "{case}");
    }
}

/// Neither a placeholder nor a link: a reader of the standard shows what was meant.
#[test]
fn hostile_names_are_text_in_messages() {
    let result = result("hostile names");
    let told = result["message"]["text"].as_str().unwrap();
    assert!(told.ends_with("{{0}}[a\\](b)"), "{told}");
}

/// What the standard has no place for is told as in the JSON document.
#[test]
fn the_property_bags_are_the_json_document() {
    let policy = cases::policy();
    for (name, decision) in cases::all(&policy) {
        let [json, sarif] = [Format::Json, Format::Sarif].map(|format| {
            let text = cases::document(&decision, &policy, format);
            serde_json::from_str::<Value>(&text).unwrap()
        });
        let run = &sarif["runs"][0];
        holds(&json, &run["properties"], name);
        let findings = json["findings"].as_array().unwrap();
        let results = run["results"].as_array().unwrap();
        assert_eq!(findings.len(), results.len(), "{name}");
        for (finding, result) in findings.iter().zip(results) {
            holds(finding, &result["properties"], name);
            assert_eq!(finding["code"], result["ruleId"], "{name}");
            match finding["lifted_by"].as_array().unwrap().len() {
                0 => assert_eq!(finding["severity"], result["level"], "{name}"),
                lifters => {
                    assert_eq!(result["level"], "error", "{name}");
                    assert_eq!(result["suppressions"].as_array().unwrap().len(), lifters);
                }
            }
        }
    }
}

/// All members of the bag are the object's.
fn holds(object: &Value, bag: &Value, what: &str) {
    let bag = bag.as_object().unwrap();
    assert!(!bag.is_empty(), "{what}");
    for (name, value) in bag {
        assert_eq!(object[name], *value, "{what}: {name}");
    }
}

#[test]
fn a_real_refusal_is_a_log() {
    let schemas = schemas();
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/core/dev.c");
        let run = check_one(s, &bad, "sarif");
        run.ended(1, "");
        let text = std::str::from_utf8(run.printed()).unwrap();
        let log = parsed(&schemas, text, "a refusal");
        let result = &log["runs"][0]["results"][0];
        assert_eq!(result["ruleId"], json!("denied-path"));
        assert_eq!(uris(result), ["net/core/dev.c"]);
        let told = result["message"]["text"].as_str().unwrap();
        let first = format!("commit {} touches paths", &bad[..12]);
        assert!(told.starts_with(&first), "{told}");
        assert!(told.contains("\nbpf-next/net takes it"), "{told}");
        let notes = &log["runs"][0]["invocations"][0]["toolExecutionNotifications"];
        let note = notes[0]["message"]["text"].as_str().unwrap();
        assert!(note.contains("no ref holds the upstream"), "{note}");
    });
}
