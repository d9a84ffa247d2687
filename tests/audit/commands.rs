//! `treewarden audit`: what it prints, and of what.

use serde_json::json;

use super::*;

/// An acceptance by alice, and a refusal by bob.
fn two() -> (Sandbox, String) {
    let (s, base) = one();
    let by = |name: &'static str| {
        move |command: &mut std::process::Command| {
            command.env("GL_USER", name);
        }
    };
    let commit = s.touch(&base, "kernel/a.c");
    s.push_to(s.server(), &[(&commit, "master")], by("alice"))
        .clean();
    let bad = s.touch(&commit, "net/a.c");
    s.push_to(s.server(), &[(&bad, "master")], by("bob"))
        .rejected("denied-path");
    (s, commit)
}

#[test]
fn show_tells_people() {
    let (s, commit) = two();
    let shown = audit(&s, &["show"]);
    shown
        .ended(0)
        .says("accepted by alice (GL_USER, user ")
        .says("landed by alice")
        .says("refused by bob")
        .says("refs/heads/master (tree master)")
        .says(&commit[..12])
        .says("error[denied-path]");
    let out = shown.out();
    assert!(out.find("alice").unwrap() < out.find("bob").unwrap());
}

#[test]
fn show_takes_what_is_asked_for() {
    let (s, _) = two();
    for (arguments, alice, bob) in [
        (&["--pusher", "alice"][..], 2, 0),
        (&["--pusher", "nobody"], 0, 0),
        (&["--decision", "reject"], 0, 1),
        (&["--decision", "accept"], 1, 0),
        (&["--tree", "master"], 2, 1),
        (&["--tree", "other"], 0, 0),
        (&["--since", "1h"], 2, 1),
        (&["--until", "1h"], 0, 0),
        (&["--since", "2020-01-01", "--until", "2020-12-31"], 0, 0),
    ] {
        let out = audit(&s, &[&["show"], arguments].concat()).ended(0).out();
        let count = |name: &str| out.matches(&format!("by {name}")).count();
        assert_eq!(
            (count("alice"), count("bob")),
            (alice, bob),
            "{arguments:?}\n{out}"
        );
    }
    audit(&s, &["show", "--since", "soon"])
        .ended(2)
        .says("is no time");
}

#[test]
fn nothing_of_a_record_acts_on_a_terminal() {
    let (s, base) = one();
    let zero = s.format.zero();
    let line = [
        zero.as_bytes(),
        b" ",
        base.as_bytes(),
        b" refs/\x1b]0;x\x07\xe2\x80\xae\n",
    ];
    s.hook(line.concat()).rejected("bad-update");
    let out = audit(&s, &["show"]).ended(0).says("\\x1b]0;x").out();
    assert!(!out.contains(['\x1b', '\u{202e}']), "{out}");
}

#[test]
fn export_is_for_programs() {
    let (s, _) = two();
    let all: Vec<Value> = serde_json::from_str(&audit(&s, &["export"]).ended(0).out()).unwrap();
    let texts = text(&s);
    let hashes: Vec<String> = texts
        .lines()
        .map(|line| treewarden::audit::hash(line.as_bytes()))
        .collect();
    assert_eq!(all.len(), hashes.len());
    for (at, (exported, hash)) in all.iter().zip(&hashes).enumerate() {
        assert_eq!(exported["hash"], json!(hash));
        assert_eq!(exported["line"], json!(at + 1));
        assert_eq!(exported["record"], records(&s)[at]);
    }
    let lines = audit(&s, &["export", "--lines", "--decision", "reject"]).out();
    let [line] = lines.lines().collect::<Vec<_>>()[..] else {
        panic!("{lines}");
    };
    assert_eq!(serde_json::from_str::<Value>(line).unwrap(), all[2]);
    let none = audit(&s, &["export", "--pusher", "nobody"]).out();
    assert_eq!(none, "[]\n");
}
