//! What can't be recorded isn't accepted.

use std::os::unix::fs::symlink;

use super::*;
use crate::install::script;

/// A commit that breaks no rule is refused for this reason; what breaks one still is, by its rule.
fn refuses(s: &Sandbox, base: &str, reason: &str) {
    s.push(&s.touch(base, "kernel/a.c"), "master")
        .refused()
        .says("treewarden: refused: the push could not be recorded")
        .says("administrator")
        .says(reason);
    is_refused(s, base)
        .says("this refusal is not recorded")
        .says(reason);
    // What isn't recorded anyway needs no log.
    s.push(base, "topic").clean();
}

#[test]
fn the_folder_is_missing() {
    let (s, base) = one();
    std::fs::remove_dir(s.server().join("treewarden")).unwrap();
    refuses(&s, &base, "treewarden install --server");
    let policy = s.folder().join("policy.toml");
    s.install(policy.to_str().unwrap());
    lands(&s, &base, "kernel/a.c");
}

#[test]
fn a_folder_is_in_the_logs_place() {
    let (s, base) = one();
    std::fs::create_dir(log(&s)).unwrap();
    refuses(&s, &base, "must be moved away");
}

#[test]
fn a_link_is_in_the_logs_place() {
    let (s, base) = one();
    let other = s.folder().join("other");
    std::fs::write(&other, "").unwrap();
    symlink(&other, log(&s)).unwrap();
    refuses(&s, &base, "is a symbolic link");
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "");
}

#[test]
fn a_link_is_in_the_place_of_what_is_pending() {
    let (s, base) = one();
    let other = s.folder().join("other");
    std::fs::write(&other, "kept").unwrap();
    symlink(&other, s.server().join("treewarden/audit.jsonl.pending")).unwrap();
    lands(&s, &base, "kernel/a.c");
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "kept");
    holds(&s);
}

#[test]
fn the_log_is_a_pipe() {
    let (s, base) = one();
    let made = s.command("mkfifo").arg(log(&s)).status().unwrap();
    assert!(made.success());
    refuses(&s, &base, "is no file");
}

/// As on a full disk, but for the number of the error.
#[test]
fn there_is_no_room() {
    let (s, base) = one();
    let first = lands(&s, &base, "kernel/a.c");
    let before = text(&s);
    let hook = s.server().join("hooks/pre-receive");
    let program = env!("CARGO_BIN_EXE_treewarden-pre-receive");
    script(
        &hook,
        &format!("trap '' XFSZ\nulimit -f 1\nexec '{program}' \"$0\"\n"),
    );
    std::fs::write(log(&s), before.repeat(3)).unwrap();
    refuses(&s, &first, "there must be room for it");
    assert_eq!(text(&s), before.repeat(3), "half a record was left");
    std::fs::write(log(&s), &before).unwrap();
    script(&hook, &format!("exec '{program}' \"$0\"\n"));
    lands(&s, &first, "kernel/b.c");
    holds(&s);
}

#[test]
fn a_disk_that_is_full() {
    let (s, base) = one();
    let folder = s.server().join("treewarden");
    let mount = |command: &mut std::process::Command| command.output().unwrap().status.success();
    let mut small = s.command("mount");
    small
        .args(["-t", "tmpfs", "-o", "size=16k", "none"])
        .arg(&folder);
    if !mount(&mut small) {
        eprintln!("LEFT OUT: a full disk, since no small one can be mounted here");
        return;
    }
    let filled = (0..).find_map(|at| {
        let path = folder.join(format!("fill-{at}"));
        std::fs::write(path, [0; 4096]).err()
    });
    let pushed = s.push(&s.touch(&base, "kernel/a.c"), "master");
    let said = pushed.said();
    let moved = s.at_ref("master");
    assert!(mount(s.command("umount").arg(&folder)));
    assert_eq!(filled.unwrap().kind(), std::io::ErrorKind::StorageFull);
    assert!(said.contains("No space left on device"), "{said}");
    assert_eq!(moved, Some(base));
}

#[test]
fn somebody_holds_the_lock() {
    let (s, base) = one();
    lands(&s, &base, "kernel/a.c");
    let lock = s.server().join("treewarden/audit.jsonl.lock");
    let file = std::fs::File::open(&lock).unwrap();
    file.lock().unwrap();
    let commit = s.touch(&s.at_ref("master").unwrap(), "kernel/b.c");
    s.push(&commit, "master")
        .refused()
        .says("has held this lock");
    file.unlock().unwrap();
    s.push(&commit, "master").clean();
    holds(&s);
}

#[test]
fn the_config_names_no_file() {
    let (s, base) = one();
    s.on_server(&["config", "treewarden.audit", ""]);
    s.push(&s.touch(&base, "kernel/a.c"), "master")
        .refused()
        .says("treewarden.audit names no file");
}
