//! Judgements made by hand: every shape that a report can have, and names that would do harm.

use jiff::civil::{Date, date};
use treewarden::decision::{Decision, JudgedUpdate, Judgement};
use treewarden::finding::{
    Code, CommitLine, Finding, Lifter, Offence, Offender, Origin, PathSample, Severity, TouchedPath,
};
use treewarden::overrides::key::KeyName;
use treewarden::overrides::request::Request;
use treewarden::overrides::statement::{Lifts, What};
use treewarden::policy::{self, Policy, Source};
use treewarden::report::escape::Shown;
use treewarden::report::palette::Palette;
use treewarden::report::{Format, Report, Voice};
use treewarden::update::{Change, Oid, RefName};

/// A day before the preset's review.
pub const TODAY: Date = date(2024, 9, 1);

/// Bytes that act on terminals, on runners of workflows or on readers: controls, a command, a
/// change of direction, a letter outside ASCII, and what is no UTF-8.
pub const HOSTILE: &[u8] =
    b"x\x1b[2J\r\n::error::y\t%0A##[stop-commands]z\xe2\x80\xae\xc3\xb6\x7f\xc2\x9b\xff{0}[a](b)";

pub fn policy() -> Policy {
    policy::load(&Source::Preset("bpf-next".into()), None).unwrap()
}

pub fn oid(digit: u8) -> Oid {
    Oid::from_bytes(&[digit; 20]).unwrap()
}

pub fn path(policy: &Policy, path: impl AsRef<[u8]>, origin: Origin) -> TouchedPath {
    let path = path.as_ref();
    TouchedPath {
        path: path.into(),
        matched: policy.classifier.find(path),
        origin,
    }
}

pub fn offence(digit: u8, subject: impl AsRef<[u8]>, paths: Vec<TouchedPath>) -> Offence {
    Offence {
        commit: CommitLine {
            oid: oid(digit),
            subject: subject.as_ref().into(),
        },
        paths: PathSample {
            total: paths.len(),
            paths,
        },
    }
}

/// A finding of the preset's first tree with rules on paths.
pub fn finding(policy: &Policy, severity: Severity, offender: Offender) -> Finding {
    let tree = policy
        .trees
        .iter()
        .find(|tree| tree.deny.is_some())
        .unwrap();
    Finding {
        code: Code::DeniedPath,
        severity,
        tree: Some(tree.name.clone()),
        ref_name: b"refs/heads/master".into(),
        offender,
        fault: "touches paths that this tree denies".into(),
        place: tree.deny.as_ref().map(|rule| rule.place.clone()),
        help: vec!["bpf-next/net takes it:".into(), "  git push".into()],
        lifted_by: vec![],
    }
}

pub fn decide(findings: Vec<Finding>) -> Decision {
    let update = |tree: &str, entering| JudgedUpdate {
        tree: tree.into(),
        ref_name: b"refs/heads/master".into(),
        entering,
    };
    let judgement = Judgement {
        findings,
        updates: vec![update("bpf-next/master", Some(1)), update("bpf", None)],
        notes: vec!["no ref holds the upstream linus".into()],
        requests: vec![],
    };
    judgement.decide()
}

/// A commit that touches two paths, a merge that resolved one and a commit without paths.
fn commits(policy: &Policy) -> Vec<Offence> {
    let changed = |name: &str| path(policy, name, Origin::Changed);
    let mut many = offence(2, "many", vec![changed("net/a.c"), changed("Makefile")]);
    many.paths.total = 12;
    let merged = [
        path(policy, "net/b.c", Origin::Added),
        path(policy, "net/c.c", Origin::Resolved),
    ];
    vec![
        many,
        offence(3, "Merge", merged.into()),
        offence(4, "", vec![]),
    ]
}

const KEY: &str = "ssh:SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDZsNYbjsj1LBVRN2Q";

fn lifter(key: Option<&str>) -> Lifter {
    Lifter {
        signer: "alice".into(),
        key: key.map(|key| KeyName::parse(key).unwrap()),
        ref_name: RefName::new(b"refs/overrides/x/alice-0123abcd").unwrap(),
        expires: "2026-12-01T12:00:00Z".parse().unwrap(),
        reason: "it must go in [tonight] {x} \u{202e}".into(),
    }
}

/// The same with what could be signed.
fn asking(decision: Decision) -> Decision {
    let (Decision::Accept(mut judgement) | Decision::Reject(mut judgement)) = decision;
    let change = Change::Move {
        old: oid(1),
        new: oid(2),
    };
    let request = |rule, what| Request {
        lifts: Lifts {
            repository: "bpf-next".into(),
            ref_name: RefName::new(b"refs/heads/m\xff").unwrap(),
            rules: vec![rule],
            what,
        },
        change,
        signers: vec!["alice".into(), "bob".into()],
    };
    judgement.requests = vec![
        request(Code::DeniedPath, What::Commits(vec![oid(2), oid(3)])),
        request(Code::RefRewound, What::Update(change)),
    ];
    judgement.decide()
}

fn hostile(policy: &Policy) -> Finding {
    let paths = vec![
        path(policy, [b"net/", HOSTILE].concat(), Origin::Changed),
        path(policy, HOSTILE, Origin::Changed),
    ];
    let offender = Offender::Commit(offence(5, HOSTILE, paths));
    Finding {
        ref_name: [b"refs/heads/", HOSTILE].concat(),
        // A name in a policy holds no controls.
        tree: Some("t\u{202e}::{0}%0A](b)".into()),
        help: vec![format!("drop {}", Shown(HOSTILE))],
        ..finding(policy, Severity::Deny, offender)
    }
}

/// Every shape, each with a name.
pub fn all(policy: &Policy) -> Vec<(&'static str, Decision)> {
    let commit = |at: usize| Offender::Commit(commits(policy)[at].clone());
    let unit = |what| Offender::Unit {
        what,
        size: 9,
        commits: commits(policy),
        offending: (1..=7).map(oid).collect(),
    };
    let bare = Offender::Unit {
        what: "series",
        size: 2,
        commits: vec![],
        offending: vec![oid(1), oid(2)],
    };
    let update = Finding {
        code: Code::BadUpdate,
        tree: None,
        place: None,
        help: vec![],
        ..finding(policy, Severity::Deny, Offender::Update)
    };
    let deny = |offender| finding(policy, Severity::Deny, offender);
    let lifted = Finding {
        lifted_by: vec![lifter(Some(KEY)), lifter(None)],
        help: vec![],
        ..deny(commit(0))
    };
    let warn = |offender| finding(policy, Severity::Warn, offender);
    let many = |count| (0..count).flat_map(|_| [warn(commit(0)), deny(commit(0))]);
    vec![
        ("nothing found", decide(vec![])),
        ("nothing judged", Judgement::default().decide()),
        ("a warning", decide(vec![warn(commit(0))])),
        ("a commit", decide(vec![deny(commit(0))])),
        ("a merge", decide(vec![deny(commit(1))])),
        ("no paths", decide(vec![deny(commit(2))])),
        ("a series", decide(vec![deny(unit("series"))])),
        ("a push", decide(vec![deny(unit("push"))])),
        ("no words", decide(vec![deny(bare)])),
        ("an update", decide(vec![update])),
        ("hostile names", decide(vec![hostile(policy)])),
        ("lifted", decide(vec![lifted])),
        ("asked for", asking(decide(vec![deny(commit(0))]))),
        ("many", decide(many(25).collect())),
    ]
}

/// What is printed of a decision, on both streams.
pub fn both(
    decision: &Decision,
    policy: &Policy,
    format: Format,
    palette: &Palette,
) -> [String; 2] {
    let report = Report {
        decision,
        policy,
        voice: Voice::Verdict,
        today: TODAY,
    };
    printed(&report, format, palette)
}

/// The same of a report.
pub fn printed(report: &Report<'_>, format: Format, palette: &Palette) -> [String; 2] {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    report
        .write(format, palette, &mut stdout, &mut stderr)
        .unwrap();
    [stdout, stderr].map(|stream| String::from_utf8(stream).unwrap())
}

/// What is printed of a decision on standard output.
pub fn document(decision: &Decision, policy: &Policy, format: Format) -> String {
    let [stdout, stderr] = both(decision, policy, format, &Palette::PLAIN);
    assert_eq!(stderr, "", "{format:?}");
    stdout
}

/// Nothing in the text acts on a terminal.
pub fn assert_printable(text: &str, what: &str) {
    let acts = |character: char| {
        character.is_control() && character != '\n'
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
    };
    assert!(!text.contains(acts), "{what}: {text:?}");
}
