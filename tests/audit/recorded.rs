//! What is recorded, and what isn't.

use serde_json::json;

use super::*;
use crate::formats::schema::closed_objects;
use crate::support::{HookRun, everywhere};

#[test]
fn in_every_format_of_repository() {
    everywhere(|s| {
        let base = s.started();
        let commit = s.touch(&base, "kernel/a.c");
        s.push(&commit, "master").clean();
        is_refused(s, &commit);
        let kinds: Vec<Value> = records(s).iter().map(|it| it["kind"].clone()).collect();
        assert_eq!(kinds, ["judged", "landed", "judged"]);
        holds(s);
    });
}

#[test]
fn the_schema_names_every_member() {
    assert_eq!(closed_objects("docs/audit.schema.json"), 12);
}

#[test]
fn an_acceptance() {
    let (s, base) = one();
    let commit = s.touch(&base, "kernel/a.c");
    let pushed = s.push(&commit, "master");
    pushed.clean();
    let [record] = &of_kind(&s, "judged")[..] else {
        panic!("{}", text(&s));
    };
    let update = json!({ "ref": "refs/heads/master", "old": base, "new": commit,
        "tree": "master", "entering": 1 });
    assert_eq!(record["updates"], json!([update]));
    assert_eq!(record["decision"], "accept");
    assert_eq!(record["findings"], json!([]));
    assert_eq!(record["prev"], Value::Null);
    assert_eq!(record["pusher"]["source"], "unix");
    let line = text(&s).lines().next().unwrap().to_owned();
    let hash = treewarden::audit::hash(line.as_bytes());
    assert_eq!(pushed.receipt(), Some(hash.clone()));
    audit(&s, &["verify", "--receipt", &hash[..12]])
        .ended(0)
        .says("audit.jsonl:1");
}

#[test]
fn a_refusal() {
    let (s, base) = one();
    let receipt = is_refused(&s, &base).receipt();
    let [record] = &records(&s)[..] else {
        panic!("{}", text(&s));
    };
    assert!(receipt.is_some());
    assert_eq!(record["decision"], "reject");
    assert_eq!(record["findings"][0]["code"], "denied-path");
    assert_eq!(record["findings"][0]["commits_total"], 1);
    assert_eq!(record["policy"]["digest"].as_str().unwrap().len(), 64);
}

#[test]
fn a_push_that_cannot_be_judged() {
    let (s, base) = one();
    std::fs::write(s.folder().join("policy.toml"), "version = 2\n").unwrap();
    let pushed = s.push(&s.touch(&base, "kernel/a.c"), "master");
    assert!(pushed.refused().receipt().is_some());
    let record = &records(&s)[0];
    assert_eq!(
        (&record["decision"], &record["policy"]),
        (&json!("error"), &Value::Null)
    );
    assert!(record["reason"].as_str().unwrap().contains("version = 1"));
    assert_eq!(record["updates"][0]["ref"], "refs/heads/master");
}

#[test]
fn input_that_is_none() {
    let (s, _) = one();
    s.hook("x\n").ended(4, "treewarden: receipt ");
    assert_eq!(records(&s)[0]["updates"], json!([]));
}

#[test]
fn hostile_names_are_escaped_and_whole() {
    let (s, base) = one();
    let zero = s.format.zero();
    let line = [zero.as_bytes(), b" ", base.as_bytes(), b" refs/x\x1b\xff\n"].concat();
    s.hook(line).rejected("bad-update");
    let update = &records(&s)[0]["updates"][0];
    assert_eq!(update["ref_hex"], "726566732f781bff");
    assert!(update["fault"].is_string());
    assert!(
        text(&s)
            .bytes()
            .all(|byte| matches!(byte, b'\n' | b' '..=b'~'))
    );
}

#[test]
fn what_is_listed_is_bounded() {
    let (s, base) = one();
    let zero = s.format.zero();
    let lines = (0..150).map(|at| format!("{zero} {base} refs/replace/{at}\n"));
    let long = format!("{zero} {base} refs/heads/{}\n", "\u{1}".repeat(60_000));
    s.hook(format!("{long}{}", lines.collect::<String>()))
        .ended(1, "");
    let record = &records(&s)[0];
    assert_eq!(record["updates"].as_array().unwrap().len(), 100);
    assert_eq!(record["updates_total"], 151);
    assert_eq!(record["findings"].as_array().unwrap().len(), 100);
    assert_eq!(record["findings_total"], 151);
    assert!(text(&s).len() < 100_000);
    is_refused(&s, &base);
    holds(&s);
}

#[test]
fn what_is_no_business_of_the_policy_is_not() {
    let (s, base) = one();
    let pushed = s.push(&base, "topic");
    pushed.clean();
    assert_eq!(pushed.receipt(), None);
    assert!(!log(&s).exists());
}

#[test]
fn the_pusher_by_the_hostings_word() {
    let (s, base) = one();
    for (variables, name, source) in [
        (
            &[("GL_ID", "key-1"), ("GL_USERNAME", "alice")][..],
            "alice",
            "GL_USERNAME",
        ),
        (&[("GL_USER", "bob")], "bob", "GL_USER"),
        (&[("REMOTE_USER", "carol")], "carol", "REMOTE_USER"),
        (&[("GITEA_PUSHER_NAME", "dan")], "dan", "GITEA_PUSHER_NAME"),
    ] {
        let commit = s.touch(&base, "net/a.c");
        let set = |command: &mut std::process::Command| {
            command.envs(variables.iter().copied());
        };
        s.push_to(s.server(), &[(&commit, "master")], set)
            .rejected("denied-path");
        let pusher = &records(&s).pop().unwrap()["pusher"];
        assert_eq!(
            (&pusher["name"], &pusher["source"]),
            (&json!(name), &json!(source))
        );
    }
    // Whoever pushes writes there what they like.
    let mut hook = s.hook_command();
    hook.env("LOGNAME", "root").env("USER", "root");
    HookRun::of(&mut hook, b"x\n").ended(4, "");
    assert_eq!(records(&s).pop().unwrap()["pusher"]["name"], Value::Null);
}

#[test]
fn nothing_where_it_is_off() {
    let (s, base) = one();
    s.on_server(&["config", "treewarden.audit", "off"]);
    let commit = s.touch(&base, "kernel/a.c");
    let pushed = s.push(&commit, "master");
    pushed.clean();
    assert_eq!(pushed.receipt(), None);
    assert!(!log(&s).exists());
    audit(&s, &["show"])
        .ended(2)
        .says("treewarden.audit is `off`");
}

#[test]
fn where_the_config_says() {
    let (s, base) = one();
    let folder = s.folder().join("elsewhere");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("pushes.log");
    s.on_server(&["config", "treewarden.audit", path.to_str().unwrap()]);
    lands(&s, &base, "kernel/a.c");
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
    assert!(!log(&s).exists());
    holds(&s);
}
