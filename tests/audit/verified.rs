//! What was done to a log shows, with its line.

use super::*;

/// A server with a log of six records: three pushes that landed.
fn six() -> (Sandbox, Vec<String>) {
    let (s, base) = one();
    let mut at = base;
    for path in ["kernel/a.c", "kernel/b.c", "kernel/c.c"] {
        at = lands(&s, &at, path);
    }
    holds(&s);
    let lines = text(&s).lines().map(str::to_owned).collect();
    (s, lines)
}

/// The log with these lines has a fault that names this one.
fn is_found(s: &Sandbox, lines: &[String], line: usize, what: &str) {
    std::fs::write(log(s), format!("{}\n", lines.join("\n"))).unwrap();
    let told = audit(s, &["verify"]);
    told.ended(1)
        .says(&format!("audit.jsonl:{line}"))
        .says(what);
}

#[test]
fn an_altered_record() {
    let (s, lines) = six();
    for at in 0..5 {
        let mut altered = lines.clone();
        altered[at] = altered[at].replace("\"uid\":", "\"uid\":1");
        is_found(&s, &altered, at + 1, "was altered");
    }
    let mut altered = lines.clone();
    altered[2] = "{}".into();
    is_found(&s, &altered, 3, "is no record");
    altered[2] = lines[2].replace("\"version\":1", "\"version\": 1");
    is_found(&s, &altered, 3, "was altered");
    altered[2] = lines[2].replace("master", "m\u{e4}ster");
    is_found(&s, &altered, 3, "was altered");
}

#[test]
fn a_removed_record() {
    let (s, lines) = six();
    for at in 0..5 {
        let mut less = lines.clone();
        less.remove(at);
        is_found(&s, &less, at + 1, "removed");
    }
}

#[test]
fn reordered_records() {
    let (s, lines) = six();
    for at in 0..5 {
        let mut other = lines.clone();
        other.swap(at, at + 1);
        is_found(&s, &other, at + 2, "");
    }
    let mut twice = lines.clone();
    twice.insert(3, lines[2].clone());
    is_found(&s, &twice, 4, "reordered, put in, or removed");
}

#[test]
fn a_truncated_record() {
    let (s, lines) = six();
    let text = lines.join("\n");
    std::fs::write(log(&s), &text[..text.len() - 20]).unwrap();
    audit(&s, &["verify"])
        .ended(1)
        .says("audit.jsonl:6 is truncated");
    // The next push goes on, and it still shows.
    let at = s.at_ref("master").unwrap();
    lands(&s, &at, "kernel/d.c");
    audit(&s, &["verify"])
        .ended(1)
        .says("audit.jsonl:6 is truncated")
        .says("1 fault: 8 records");
}

/// The end of a log is held by nothing but receipts.
#[test]
fn the_last_record_by_its_receipt() {
    let (s, lines) = six();
    let hash = treewarden::audit::hash(lines[5].as_bytes());
    audit(&s, &["verify", "--receipt", &hash]).ended(0);
    std::fs::write(log(&s), format!("{}\n", lines[..5].join("\n"))).unwrap();
    holds(&s);
    audit(&s, &["verify", "--receipt", &hash])
        .ended(1)
        .says("no record has the receipt");
    for too_short in [&hash[..11], "no hash at all!", ""] {
        audit(&s, &["verify", "--receipt", too_short]).ended(2);
    }
}

#[test]
fn a_new_chain_is_no_continuation() {
    let (s, lines) = six();
    let mut spliced = lines.clone();
    spliced.extend(lines.clone());
    is_found(&s, &spliced, 7, "begins a new chain");
}

#[test]
fn a_log_without_records_holds() {
    let (s, _) = one();
    holds(&s);
    std::fs::write(log(&s), "").unwrap();
    holds(&s);
}
