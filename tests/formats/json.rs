//! `--format json`, and the schema that is published for it.

use serde_json::{Value, json};
use treewarden::decision::MOST_SHOWN;
use treewarden::finding::{Code, Severity};
use treewarden::report::palette::Palette;
use treewarden::report::{Format, Report, Voice, json, weight};

use super::cases::{self, HOSTILE, TODAY, assert_printable};
use super::check_one;
use super::schema::{Schema, closed_objects};
use crate::support::everywhere;

fn schema() -> Schema {
    Schema::read("docs/report.schema.json")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The document of one of the cases.
fn of(case: &str) -> Value {
    let policy = cases::policy();
    let all = cases::all(&policy);
    let (_, decision) = all.iter().find(|(name, _)| *name == case).unwrap();
    let text = cases::document(decision, &policy, Format::Json);
    schema().parsed(&text, case)
}

#[test]
fn every_document_is_what_the_schema_says() {
    let (schema, policy) = (schema(), cases::policy());
    for (name, decision) in cases::all(&policy) {
        let text = cases::document(&decision, &policy, Format::Json);
        assert!(text.is_ascii() && text.ends_with("}\n"), "{name}");
        assert_printable(&text, name);
        schema.parsed(&text, name);
    }
}

#[test]
fn the_schema_leaves_no_object_open() {
    assert_eq!(closed_objects("docs/report.schema.json"), 12);
}

#[test]
fn the_schema_lists_what_the_code_has() {
    let text = std::fs::read_to_string("docs/report.schema.json").unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let finding = &schema["$defs"]["finding"]["properties"];
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(finding["code"]["enum"], json!(codes));
    let words = [Severity::Deny, Severity::Warn].map(weight);
    assert_eq!(
        finding["severity"]["enum"],
        json!([words[0], words[1], "lifted"])
    );
    assert_eq!(schema["properties"]["schema"]["const"], json!(json::SCHEMA));
    let most = &schema["properties"]["findings"]["maxItems"];
    assert_eq!(*most, json!(3 * MOST_SHOWN));
}

#[test]
fn a_finding_is_told_whole() {
    let document = of("a commit");
    assert_eq!(document["decision"], json!("reject"));
    assert_eq!(document["advice"], json!(false));
    let policy = cases::policy();
    assert_eq!(document["policy"]["digest"], json!(policy.digest));
    assert_eq!(document["policy"]["review_overdue"], json!(false));
    assert_eq!(document["updates"][1]["entering"], Value::Null);
    let place = |place: &treewarden::policy::Place| json!({ "file": place.file(), "line": place.line(), "text": place.text() });
    let matched = policy.classifier.find(b"net/a.c").unwrap();
    let pattern = policy.pattern(matched).unwrap();
    let deny = policy.trees.iter().find_map(|tree| tree.deny.as_ref());
    assert_eq!(
        document["findings"],
        json!([{
            "code": "denied-path",
            "severity": "error",
            "tree": "bpf-next/master",
            "ref": "refs/heads/master",
            "fault": "touches paths that this tree denies",
            "place": place(&deny.unwrap().place),
            "help": ["bpf-next/net takes it:", "  git push"],
            "lifted_by": [],
            "offender": { "kind": "commit", "commit": {
                "oid": "02".repeat(20),
                "subject": "many",
                "paths_total": 12,
                "paths": [
                    {
                        "path": "net/a.c",
                        "origin": "changed",
                        "class": "networking",
                        "pattern": pattern.text,
                        "place": place(&pattern.place),
                    },
                    {
                        "path": "Makefile",
                        "origin": "changed",
                        "class": null,
                        "pattern": null,
                        "place": null,
                    },
                ],
            } },
        }])
    );
}

#[test]
fn accepted_and_warned_are_told_apart() {
    let accepted = of("nothing found");
    assert_eq!(accepted["decision"], json!("accept"));
    assert_eq!(accepted["findings"], json!([]));
    let warned = of("a warning");
    assert_eq!(warned["decision"], json!("accept"));
    assert_eq!(warned["findings"][0]["severity"], json!("warning"));
    assert_eq!(
        (&warned["errors_total"], &warned["warnings_total"]),
        (&json!(0), &json!(1))
    );
}

#[test]
fn who_lifted_a_finding_is_told() {
    let lifted = of("lifted");
    assert_eq!(lifted["decision"], json!("accept"));
    assert_eq!(lifted["findings"][0]["severity"], json!("lifted"));
    assert_eq!(lifted["errors_total"], json!(0));
    assert_eq!(lifted["lifted_total"], json!(1));
    let by = &lifted["findings"][0]["lifted_by"];
    assert_eq!(by[0]["signer"], json!("alice"));
    assert!(by[0]["key"].as_str().unwrap().starts_with("ssh:SHA256:"));
    assert_eq!(by[0]["expires"], json!("2026-12-01T12:00:00Z"));
    assert_eq!(by[1]["key"], Value::Null);
}

#[test]
fn what_could_be_signed_is_told() {
    let asked = of("asked for");
    let request = &asked["requests"][0];
    assert_eq!(request["signers"], json!(["alice", "bob"]));
    assert_eq!(request["required"], json!(1));
    let statement = request["statement"].as_str().unwrap();
    assert!(statement.contains("\nrules: denied-path\ncommits: 0202"));
    let token = request["token"].as_str().unwrap();
    let decoded = treewarden::overrides::token::decode(token).unwrap();
    assert_eq!(decoded.len(), 1);
    assert_eq!(asked["requests"].as_array().unwrap().len(), 2);
}

#[test]
fn lists_are_cut_and_say_so() {
    let document = of("many");
    let findings = document["findings"].as_array().unwrap();
    let errors = findings
        .iter()
        .filter(|it| it["severity"] == json!("error"));
    assert_eq!((findings.len(), errors.count()), (40, 20));
    assert_eq!(findings[0]["severity"], json!("error"));
    assert_eq!(
        (&document["errors_total"], &document["warnings_total"]),
        (&json!(25), &json!(25))
    );
    let unit = &of("a series")["findings"][0]["offender"];
    assert_eq!(
        (&unit["size"], &unit["commits_total"]),
        (&json!(9), &json!(7))
    );
    assert_eq!(unit["commits"].as_array().unwrap().len(), 3);
    let origin = |path: usize| unit["commits"][1]["paths"][path]["origin"].clone();
    assert_eq!([origin(0), origin(1)], [json!("added"), json!("resolved")]);
}

/// Whatever the bytes, they can be had again.
#[test]
fn hostile_names_come_back_whole() {
    let finding = &of("hostile names")["findings"][0];
    let commit = &finding["offender"]["commit"];
    let lossy = String::from_utf8_lossy(HOSTILE);
    assert_eq!(commit["subject"], json!(lossy));
    assert_eq!(commit["subject_hex"], json!(hex(HOSTILE)));
    assert_eq!(commit["paths"][1]["path_hex"], json!(hex(HOSTILE)));
    let name = [b"refs/heads/", HOSTILE].concat();
    assert_eq!(finding["ref_hex"], json!(hex(&name)));
}

#[test]
fn advice_and_a_past_review_are_told() {
    let policy = cases::policy();
    let decision = cases::decide(vec![]);
    let document = |voice, today| {
        let report = Report {
            decision: &decision,
            policy: &policy,
            voice,
            today,
        };
        let [stdout, _] = cases::printed(&report, Format::Json, &Palette::PLAIN);
        schema().parsed(&stdout, "advice")
    };
    let advice = document(Voice::Advice, TODAY);
    assert_eq!(advice["advice"], json!(true));
    let review = policy.review_by.unwrap();
    let on_the_day = document(Voice::Verdict, review);
    assert_eq!(on_the_day["policy"]["review_by"], json!(review.to_string()));
    assert_eq!(on_the_day["policy"]["review_overdue"], json!(false));
    let later = document(Voice::Verdict, review.tomorrow().unwrap());
    assert_eq!(later["policy"]["review_overdue"], json!(true));
    let notes = later["notes"].as_array().unwrap();
    let note = format!("this policy was to be reviewed by {review}");
    assert_eq!(notes.last(), Some(&json!(note)));
}

#[test]
fn a_real_refusal_is_a_document() {
    let schema = schema();
    everywhere(|s| {
        let base = s.base();
        let draft = s.commit(b"bpf: b\xff\x1b[1mad").on(&base);
        let names = (0..10).map(|at| format!("net/{at}.c"));
        let draft = names.fold(draft, |draft, name| draft.touch(name));
        let bad = draft.touch(b"net/\xff\x1b.c").make();
        let run = check_one(s, &bad, "json");
        run.ended(1, "");
        let text = std::str::from_utf8(run.printed()).unwrap();
        let document = schema.parsed(text, "a refusal");
        let commit = &document["findings"][0]["offender"]["commit"];
        assert_eq!(commit["oid"], json!(bad));
        assert_eq!(commit["subject_hex"], json!(hex(b"bpf: b\xff\x1b[1mad")));
        assert_eq!(commit["paths"].as_array().unwrap().len(), 8);
        assert_eq!(commit["paths_total"], json!(11));
        assert_eq!(document["updates"][0]["entering"], json!(1));
    });
}
