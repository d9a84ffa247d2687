//! What has landed, and what only was accepted.

use serde_json::json;

use super::*;

#[test]
fn it_names_the_record_that_accepted_it() {
    let (s, base) = one();
    let commit = s.touch(&base, "kernel/a.c");
    let pushed = s.push_all(&[(&commit, "master"), (&commit, "topic")]);
    pushed.clean();
    let [landed] = &of_kind(&s, "landed")[..] else {
        panic!("{}", text(&s));
    };
    assert_eq!(landed["judged"], json!(pushed.receipt()));
    assert_eq!(landed["updates_total"], 2);
    assert_eq!(landed["updates"][0]["tree"], "master");
    assert_eq!(landed["updates"][1]["tree"], Value::Null);
    holds(&s);
}

/// git's own say comes after the hook's.
#[test]
fn accepted_is_not_landed() {
    let (s, base) = one();
    s.on_server(&["config", "receive.denyDeletes", "true"]);
    let commit = s.touch(&base, "kernel/a.c");
    let update = s.server().join("hooks/update");
    crate::install::script(&update, "exit 1\n");
    s.push(&commit, "master").declined();
    assert_eq!(of_kind(&s, "judged")[0]["decision"], "accept");
    assert_eq!(of_kind(&s, "landed"), Vec::<Value>::new());
}

/// What got past the other hook stands out.
#[test]
fn without_a_record_of_the_judging_it_says_so() {
    let (s, base) = one();
    let hook = s.server().join("hooks/pre-receive");
    std::fs::remove_file(&hook).unwrap();
    let commit = s.touch(&base, "net/a.c");
    s.push(&commit, "master").accepted();
    let landed = &records(&s)[0];
    assert_eq!(
        (&landed["kind"], &landed["judged"]),
        (&json!("landed"), &Value::Null)
    );
    assert_eq!(landed["updates"][0]["tree"], "master");
    // No business of the policy.
    s.push(&commit, "topic").accepted();
    assert_eq!(records(&s).len(), 1);
}

#[test]
fn where_it_cannot_be_written_that_is_said() {
    let (s, base) = one();
    let commit = s.touch(&base, "kernel/a.c");
    std::fs::remove_file(s.server().join("hooks/pre-receive")).unwrap();
    std::fs::remove_dir(s.server().join("treewarden")).unwrap();
    s.push(&commit, "master")
        .accepted()
        .says("the push has landed, and that is not recorded");
}

#[test]
fn another_programs_hook_hears_of_it_whatever_happens() {
    let (s, base) = one();
    s.tell(&["uninstall", "--server", s.server().to_str().unwrap()])
        .ended(0);
    let heard = s.folder().join("heard");
    let other = s.server().join("hooks/post-receive");
    crate::install::script(&other, &format!("cat >>'{}'\n", heard.display()));
    s.small_policy("");
    let first = lands(&s, &base, "kernel/a.c");
    let told = std::fs::read_to_string(&heard).unwrap();
    assert_eq!(told, format!("{base} {first} refs/heads/master\n"));
    std::fs::remove_file(s.server().join("hooks/pre-receive")).unwrap();
    std::fs::remove_file(log(&s)).unwrap();
    std::fs::create_dir(log(&s)).unwrap();
    let second = s.touch(&first, "kernel/b.c");
    s.push(&second, "master").accepted().says("is not recorded");
    assert_eq!(std::fs::read_to_string(&heard).unwrap().lines().count(), 2);
}
