//! A log in several files.

use super::*;

/// What lies beside the log and is an older one.
fn older(s: &Sandbox) -> Vec<PathBuf> {
    let folder = s.server().join("treewarden");
    let entries = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut older: Vec<PathBuf> = entries
        .filter(|path| !["audit.jsonl", "audit.jsonl.lock"].contains(&name(path).as_str()))
        .collect();
    older.sort();
    older
}

#[test]
fn the_chain_goes_on_in_the_next_file() {
    let (s, base) = one();
    audit(&s, &["rotate"]).ended(0).says("nothing to do");
    let mut at = base;
    for (path, records) in [("kernel/a.c", 4), ("kernel/b.c", 8), ("kernel/c.c", 12)] {
        at = lands(&s, &at, path);
        audit(&s, &["rotate"])
            .ended(0)
            .says("kept:")
            .says("receipt:");
        audit(&s, &["verify"])
            .ended(0)
            .says(&format!("{records} records"));
    }
    assert_eq!(older(&s).len(), 3);
    assert_eq!(records(&s)[0]["kind"], "rotated");
    lands(&s, &at, "kernel/d.c");
    audit(&s, &["verify"])
        .ended(0)
        .says("14 records in 4 files");
    // In the order in which they were written, whatever the files are called.
    let all: Vec<Value> = serde_json::from_str(&audit(&s, &["export"]).out()).unwrap();
    let schema = Schema::read("docs/audit.schema.json");
    for one in &all {
        assert_eq!(schema.faults(&one["record"]), None);
    }
    for (one, next) in all.iter().zip(all.iter().skip(1)) {
        assert_eq!(one["hash"], next["record"]["prev"]);
    }
    // One of the files is gone.
    std::fs::remove_file(&older(&s)[1]).unwrap();
    audit(&s, &["verify"]).ended(1).says("removed");
}

#[test]
fn files_that_were_moved_away_are_named_by_their_last_record() {
    let (s, base) = one();
    lands(&s, &base, "kernel/a.c");
    audit(&s, &["rotate"]).ended(0);
    let told = audit(&s, &["verify"]).out();
    assert!(told.contains("in 2 files"), "{told}");
    let old = &older(&s)[0];
    let kept = s.folder().join("kept.jsonl");
    std::fs::rename(old, &kept).unwrap();
    audit(&s, &["verify"])
        .ended(1)
        .says("follows a record that is not here");
    let before = s.tell(&["audit", "verify", kept.to_str().unwrap()]);
    let out = before.ended(0).out();
    let head = out.trim_end().rsplit(' ').next().unwrap().to_owned();
    audit(&s, &["verify", "--after", &head]).ended(0);
    let files = [
        kept.to_str().unwrap().to_owned(),
        log(&s).to_str().unwrap().to_owned(),
    ];
    s.tell(&["audit", "verify", &files[1], &files[0]]).ended(0);
}

#[test]
fn other_hands_may_rotate_too() {
    for ways in [
        &["mv audit.jsonl audit.jsonl.1"][..],
        &["mv audit.jsonl audit.jsonl-20260101", "touch audit.jsonl"],
        // What logrotate calls copytruncate.
        &["cp audit.jsonl audit.jsonl.1", ": >audit.jsonl"],
    ] {
        let (s, base) = one();
        let first = lands(&s, &base, "kernel/a.c");
        let folder = s.server().join("treewarden");
        for way in ways {
            let done = s
                .command("sh")
                .args(["-c", way])
                .current_dir(&folder)
                .status();
            assert!(done.unwrap().success());
        }
        lands(&s, &first, "kernel/b.c");
        audit(&s, &["verify"]).ended(0).says("4 records in 2 files");
    }
}

/// As before somebody edits something.
#[test]
fn copies_beside_the_log_are_left_out() {
    let (s, base) = one();
    let first = lands(&s, &base, "kernel/a.c");
    let folder = s.server().join("treewarden");
    std::fs::copy(log(&s), folder.join("audit.jsonl.bak")).unwrap();
    let second = lands(&s, &first, "kernel/b.c");
    std::fs::copy(log(&s), folder.join("audit.jsonl.old")).unwrap();
    audit(&s, &["verify"]).ended(0).says("4 records in 1 file");
    std::fs::remove_file(log(&s)).unwrap();
    lands(&s, &second, "kernel/c.c");
    audit(&s, &["verify"]).ended(0).says("6 records in 2 files");
}
