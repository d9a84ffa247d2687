//! `treewarden pause`: a tree's rules warn for a while.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::formats::schema::Schema;
use crate::support::{Format, Sandbox, Told};

/// A server with one tree, which denies `net/**`; the commits are what it holds, and one that it
/// refuses.
fn server() -> (Sandbox, String, String) {
    let s = Sandbox::new(Format::Sha1Files);
    s.small_policy("");
    let base = s.base();
    s.seed(&base, &["master"]);
    let bad = s.touch(&base, "net/a.c");
    (s, base, bad)
}

fn pause(s: &Sandbox, arguments: &[&str]) -> Told {
    let server = s.server().to_str().unwrap().to_owned();
    s.tell(&[&["pause", &server], arguments].concat())
}

fn begin(s: &Sandbox) {
    let arguments = [
        "--tree",
        "master",
        "--for",
        "1h",
        "--reason",
        "the gate is broken",
    ];
    pause(s, &arguments)
        .ended(0)
        .says("receipt:")
        .says("paused:");
}

fn state(s: &Sandbox) -> PathBuf {
    s.server().join("treewarden/paused.json")
}

fn records(s: &Sandbox) -> Vec<Value> {
    let schema = Schema::read("docs/audit.schema.json");
    let log = s.server().join("treewarden/audit.jsonl");
    let text = std::fs::read_to_string(log).unwrap();
    text.lines()
        .map(|line| schema.parsed(line, "a record"))
        .collect()
}

#[test]
fn rules_warn_until_it_ends() {
    let (s, base, bad) = server();
    s.push(&bad, "master").rejected("denied-path");
    begin(&s);
    pause(&s, &[])
        .ended(0)
        .says("master until")
        .says("the gate is broken");
    s.push(&bad, "master")
        .warned("denied-path")
        .says("note: the rules of master are paused until")
        .says("the gate is broken");
    s.push(&base, "master").warned("ref-rewound");
    pause(&s, &["--end"]).ended(0).says("ended:");
    pause(&s, &[]).ended(0).says("no tree is paused");
    s.push(&bad, "master")
        .rejected("denied-path")
        .says_no("paused");
    assert!(!state(&s).exists());
}

#[test]
fn it_is_recorded_with_every_push_while_it_lasts() {
    let (s, _, bad) = server();
    begin(&s);
    s.push(&bad, "master").warned("denied-path");
    pause(&s, &["--end", "--tree", "master"]).ended(0);
    let server = s.server().to_str().unwrap();
    s.tell(&["audit", "show", "--tree", "master", server])
        .says("paused master by")
        .says("    paused: master until")
        .says("pause ended master by");
    let records = records(&s);
    let kinds: Vec<&Value> = records.iter().map(|record| &record["kind"]).collect();
    assert_eq!(kinds, ["paused", "judged", "landed", "paused"]);
    assert_eq!(records[0]["reason"], "the gate is broken");
    assert_eq!(records[1]["pauses"][0]["until"], records[0]["until"]);
    assert_eq!(records[1]["findings"][0]["severity"], "warning");
    assert_eq!(
        (&records[0]["ended"], &records[3]["ended"]),
        (&json!(false), &json!(true))
    );
}

#[test]
fn what_protects_the_push_refuses_all_the_same() {
    let (s, base, _) = server();
    begin(&s);
    let name = format!("refs/replace/{base}");
    s.push(&base, &name).rejected("replace-ref");
    s.push(&s.touch(&base, "kernel/a.c"), "Master")
        .rejected("bad-update");
}

#[test]
fn the_doctor_tells_of_it() {
    let (s, ..) = server();
    begin(&s);
    let server = s.server().to_str().unwrap();
    let told = s.tell(&["doctor", "--no-canary", server]);
    told.says("warn  enforcement: master is paused until")
        .says("--end --tree master");
}

#[test]
fn it_ends_by_itself() {
    let (s, _, bad) = server();
    begin(&s);
    let text = std::fs::read_to_string(state(&s)).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    document["pauses"][0]["until"] = json!("2026-01-01T00:00:00Z");
    std::fs::write(state(&s), document.to_string()).unwrap();
    s.push(&bad, "master")
        .rejected("denied-path")
        .says_no("paused");
    pause(&s, &[]).ended(0).says("no tree is paused");
}

#[test]
fn no_other_hands_pause() {
    let (s, base, bad) = server();
    begin(&s);
    let text = std::fs::read(state(&s)).unwrap();
    let mode = |mode| std::fs::set_permissions(state(&s), PermissionsExt::from_mode(mode)).unwrap();
    let refuses = |why: &str| {
        let fine = s.touch(&base, "kernel/a.c");
        for commit in [&bad, &fine] {
            s.push(commit, "master").refused().says("pauses:").says(why);
        }
    };
    mode(0o646);
    refuses("can write it");
    mode(0o664);
    refuses("can write it");
    let other = s.folder().join("other.json");
    std::fs::write(&other, text).unwrap();
    std::fs::remove_file(state(&s)).unwrap();
    symlink(&other, state(&s)).unwrap();
    refuses("symbolic link");
    std::fs::remove_file(state(&s)).unwrap();
    std::fs::write(state(&s), "{}").unwrap();
    refuses("is not what `treewarden pause` writes");
}

#[test]
fn what_is_asked_for_must_make_sense() {
    let (s, ..) = server();
    for (arguments, text) in [
        (
            &["--tree", "net", "--for", "1h", "--reason", "x"][..],
            "there is no tree `net`",
        ),
        (
            &["--tree", "master", "--for", "25h", "--reason", "x"],
            "24h at most",
        ),
        (&["--tree", "master", "--for", "-1h", "--reason", "x"], ""),
        (
            &["--tree", "master", "--for", "soon", "--reason", "x"],
            "24h at most",
        ),
        (
            &["--tree", "master", "--for", "1h", "--reason", " "],
            "one line",
        ),
        (
            &["--tree", "master", "--for", "1h", "--reason", "a\nb"],
            "one line",
        ),
        (&["--tree", "master", "--for", "1h"], "--reason"),
        (&["--tree", "master"], "--for and --reason"),
        (&["--end", "--for", "1h"], ""),
    ] {
        pause(&s, arguments).ended(2).says(text);
    }
    assert!(!state(&s).exists());
}

/// What can't be written down isn't paused.
#[test]
fn it_needs_the_audit_log() {
    let (s, _, bad) = server();
    let log = s.server().join("treewarden/audit.jsonl");
    std::fs::create_dir(&log).unwrap();
    let arguments = ["--tree", "master", "--for", "1h", "--reason", "x"];
    pause(&s, &arguments).ended(4).says("audit log");
    assert!(!state(&s).exists());
    std::fs::remove_dir(&log).unwrap();
    s.push(&bad, "master").rejected("denied-path");
}
