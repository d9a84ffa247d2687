//! The audit log, and the hook that writes down what has landed.

use super::*;

#[test]
fn a_log_is_well_before_and_after_a_push() {
    let s = one();
    examined(&s).is_well().says("audit", "without a record yet");
    let commit = s.touch(&s.at_ref("master").unwrap(), "kernel/a.c");
    s.push(&commit, "master").clean();
    examined(&s)
        .is_well()
        .says("audit", "last 2 records")
        .says("post-receive", "is treewarden's");
}

#[test]
fn it_is_off() {
    let s = one();
    s.on_server(&["config", "treewarden.audit", "off"]);
    std::fs::remove_file(s.server().join("hooks/post-receive")).unwrap();
    examined(&s)
        .is_well()
        .says("audit", "treewarden.audit = off");
}

#[test]
fn the_folder_is_not_there() {
    let s = one();
    std::fs::remove_dir(s.server().join("treewarden")).unwrap();
    let shut = examined(&s);
    shut.fails(&["audit"]).says("audit", "is not there");
    shut.is_mended_by(&s, "audit");
}

#[test]
fn something_else_is_in_the_logs_place() {
    let s = one();
    std::fs::create_dir(s.server().join("treewarden/audit.jsonl")).unwrap();
    examined(&s).fails(&["audit"]).says("audit", "is no file");
}

#[test]
fn whoever_may_push_may_not_write_it() {
    let s = one();
    s.on_server(&["config", "core.sharedRepository", "0666"]);
    for line in ["chmod -R a+rX .", "chmod -R a+w objects refs"] {
        sh(&s, &format!("cd server.git && {line}"));
    }
    let shut = examined(&s);
    shut.fails(&["audit"]).says("audit", "may not write");
    shut.is_mended_by(&s, "audit");
}

#[test]
fn one_of_its_last_records_was_removed() {
    let s = one();
    let commit = s.touch(&s.at_ref("master").unwrap(), "net/a.c");
    for _ in 0..3 {
        s.push(&commit, "master").refused();
    }
    let log = s.server().join("treewarden/audit.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.remove(1);
    std::fs::write(&log, format!("{}\n", lines.join("\n"))).unwrap();
    examined(&s)
        .fails(&["audit"])
        .says("audit", "does not follow the one before it");
}

#[test]
fn post_receive_is_not_run() {
    let s = one();
    let hook = s.server().join("hooks/post-receive");
    set_mode(&hook, 0o644);
    let open = examined(&s);
    open.warns(&["post-receive"])
        .says("post-receive", "is not executable");
    open.is_mended_by(&s, "post-receive");
    std::fs::remove_file(&hook).unwrap();
    examined(&s)
        .warns(&["post-receive"])
        .says("post-receive", "is not there");
}

/// Asks for the refs; what the check said.
fn refs(s: &Sandbox) -> (Option<i32>, String) {
    let server = s.server().to_str().unwrap();
    let arguments = ["doctor", "--refs", "--no-canary", server];
    let output = s.treewarden().args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| line.contains(" refs: "));
    let told = lines.collect::<Vec<_>>().join("\n");
    (output.status.code(), told)
}

#[test]
fn a_ref_that_moved_while_the_hook_was_off_is_named() {
    let s = one();
    let base = s.at_ref("master").unwrap();
    // What was there before the log.
    let (status, told) = refs(&s);
    assert_eq!(status, Some(0));
    assert!(
        told.contains("refs/heads/master") && told.contains("refs/heads/net"),
        "{told}"
    );
    let first = s.touch(&base, "kernel/a.c");
    let other = s.touch(&base, "net/a.c");
    s.push_all(&[(&first, "master"), (&other, "net")]).clean();
    assert!(
        refs(&s).1.starts_with("ok    refs: 2 refs"),
        "{}",
        refs(&s).1
    );
    // Accepted, and not landed.
    let update = s.server().join("hooks/update");
    crate::install::script(&update, "exit 1\n");
    s.push(&s.touch(&first, "kernel/b.c"), "master").declined();
    std::fs::remove_file(&update).unwrap();
    assert!(refs(&s).1.starts_with("ok "), "{}", refs(&s).1);
    set_mode(&hook(&s), 0o644);
    let unjudged = s.touch(&first, "net/b.c");
    s.push(&unjudged, "master").accepted();
    set_mode(&hook(&s), 0o755);
    let (_, told) = refs(&s);
    assert!(told.starts_with("warn  refs: refs/heads/master"), "{told}");
    assert!(
        told.contains(&unjudged[..12]) && !told.contains("heads/net"),
        "{told}"
    );
    // And once more past the log as a whole.
    s.seed(&first, &["net"]);
    assert!(refs(&s).1.contains("refs/heads/net"), "{}", refs(&s).1);
    s.push(&s.touch(&unjudged, "kernel/c.c"), "master")
        .accepted();
    assert!(!refs(&s).1.contains("refs/heads/master"), "{}", refs(&s).1);
}
