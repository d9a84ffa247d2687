//! What a signer signs: the statement, a tag's whole message.
//!
//! Seven lines in one order, each `key: value`; everything in one spelling only. Parsing and
//! printing are inverse: what would be printed otherwise than it was read is refused.

use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::lines::{Lines, quoted};
use crate::finding::{Code, Lifting};
use crate::hex::hex;
use crate::report::escape::misleads;
use crate::update::{Change, Oid, RefName, RefValue};

/// The only version so far.
const VERSION: &str = "1";
/// How long a reason may be, in bytes.
const LONGEST_REASON: usize = 500;
/// How many hex digits of the digest stand in the name of the ref.
const DIGITS_IN_NAME: usize = 8;

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it lifts.
    pub lifts: Lifts,
    /// Until when it counts; whole seconds.
    pub expires: Timestamp,
    /// Why: one line.
    pub reason: String,
}

/// What an override lifts, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifts {
    /// The repository, as its policy or configuration calls it.
    pub repository: String,
    /// The ref.
    pub ref_name: RefName,
    /// The rules, in the order of their names; one at least.
    pub rules: Vec<Code>,
    /// The commits, or the update.
    pub what: What,
}

/// What broke the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// These commits, newest first; one at least.
    Commits(Vec<Oid>),
    /// This very update of the ref.
    Update(Change),
}

impl Statement {
    /// Reads a statement; what is wrong with it, if it is none.
    pub fn parse(raw: &[u8]) -> Result<Self, String> {
        let mut lines = Lines::of(raw)?;
        let version = lines.text("override-version")?;
        if version != VERSION {
            let shown = quoted(version.as_bytes());
            return Err(format!(
                "override-version is {shown}: only {VERSION} is known"
            ));
        }
        let repository = lines.text("repository")?.to_owned();
        let ref_name = lines.value("ref")?;
        let ref_name = RefName::new(ref_name)
            .ok_or_else(|| format!("`{}` is no name of a ref", quoted(ref_name)))?;
        let rules = rules(lines.text("rules")?)?;
        let what = match lines.begins("update") {
            true => What::Update(update(lines.value("update")?)?),
            false => What::Commits(commits(lines.value("commits")?)?),
        };
        let expires = moment(lines.text("expires")?)?;
        let reason = lines.text("reason")?.to_owned();
        lines.end()?;
        let statement = Self {
            lifts: Lifts {
                repository,
                ref_name,
                rules,
                what,
            },
            expires,
            reason,
        };
        statement.check()?;
        match statement.to_bytes() == raw {
            true => Ok(statement),
            false => Err("it isn't written as `treewarden override sign` writes it".into()),
        }
    }

    /// Whether it means something: what `parse` asks of a statement besides its lines.
    pub fn check(&self) -> Result<(), String> {
        self.lifts.check()?;
        if self.reason.trim().is_empty() {
            return Err("there is no reason: say why, in a line".into());
        }
        if self.reason.trim() != self.reason || !is_line(&self.reason) {
            let why = "the reason must be one line, with nothing in it that isn't seen";
            return Err(why.into());
        }
        if self.reason.len() > LONGEST_REASON {
            return Err(format!("the reason is longer than {LONGEST_REASON} bytes"));
        }
        if self.expires.subsec_nanosecond() != 0 {
            return Err("the end must be a whole second".into());
        }
        Ok(())
    }

    /// The exact bytes that are signed, each line with its end.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.lifts.to_bytes();
        let rest = format!("expires: {}\nreason: {}\n", self.expires, self.reason);
        out.extend(rest.bytes());
        out
    }

    /// The beginning of its SHA-256, as it stands in the name of the override's ref.
    pub fn digest(&self) -> String {
        let mut digest = hex(&Sha256::digest(self.to_bytes()));
        digest.truncate(DIGITS_IN_NAME);
        digest
    }
}

impl Lifts {
    /// Whether every rule can be lifted, and by what is named.
    pub fn check(&self) -> Result<(), String> {
        if self.repository.trim() != self.repository
            || self.repository.is_empty()
            || !is_line(&self.repository)
        {
            return Err("the repository has no name that an override could be bound to".into());
        }
        let wanted = match &self.what {
            What::Commits(_) => Lifting::Commits,
            What::Update(_) => Lifting::Update,
        };
        for rule in &self.rules {
            match (rule.lifting(), wanted) {
                (Lifting::Never, _) => return Err(format!("{rule} can never be lifted")),
                (Lifting::Commits, Lifting::Update) => {
                    return Err(format!("{rule} is about commits: `commits:` names them"));
                }
                (Lifting::Update, Lifting::Commits) => {
                    return Err(format!(
                        "{rule} is about the ref itself: `update:` names its old and new value"
                    ));
                }
                (Lifting::Commits | Lifting::Update, _) => {}
            }
        }
        Ok(())
    }

    /// What the override's tag points at: the newest commit, or what the ref comes to hold; where
    /// it is deleted, what it held.
    pub fn target(&self) -> Option<Oid> {
        match &self.what {
            What::Commits(commits) => commits.first().copied(),
            What::Update(Change::Create { new } | Change::Move { new, .. }) => Some(*new),
            What::Update(Change::Delete { old }) => Some(*old),
        }
    }

    /// The lines of a statement that say it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = format!(
            "override-version: {VERSION}\nrepository: {}\nref: ",
            self.repository
        )
        .into_bytes();
        out.extend(self.ref_name.as_bytes());
        let rules: Vec<&str> = self.rules.iter().map(|rule| rule.name()).collect();
        out.extend(format!("\nrules: {}\n{}\n", rules.join(","), self.what).bytes());
        out
    }
}

impl fmt::Display for What {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commits(commits) => {
                let commits: Vec<String> = commits.iter().map(Oid::to_string).collect();
                write!(out, "commits: {}", commits.join(","))
            }
            Self::Update(change) => {
                let [old, new] = both_values(*change);
                write!(out, "update: {old} {new}")
            }
        }
    }
}

/// The old and the new value, zeros where there is none.
pub fn both_values(change: Change) -> [String; 2] {
    let hex = |value: RefValue, other: RefValue| match (value, other) {
        (RefValue::At(oid), _) => oid.to_string(),
        (RefValue::Absent, RefValue::At(other)) => "0".repeat(other.format().hex_len()),
        (RefValue::Absent, RefValue::Absent) => String::new(),
    };
    let (old, new) = (change.old(), change.new_value());
    [hex(old, new), hex(new, old)]
}

/// The update between two values; `None` if it is none.
pub fn change(old: RefValue, new: RefValue) -> Option<Change> {
    match (old, new) {
        (RefValue::Absent, RefValue::Absent) => None,
        (RefValue::Absent, RefValue::At(new)) => Some(Change::Create { new }),
        (RefValue::At(old), RefValue::Absent) => Some(Change::Delete { old }),
        (RefValue::At(old), RefValue::At(new)) => Some(Change::Move { old, new }),
    }
}

fn rules(list: &str) -> Result<Vec<Code>, String> {
    let mut rules: Vec<Code> = Vec::new();
    for name in list.split(',') {
        let code = Code::named(name)
            .ok_or_else(|| format!("there is no rule `{}`", quoted(name.as_bytes())))?;
        if rules.last().is_some_and(|last| last.name() >= code.name()) {
            return Err("the rules must be in the order of their names, each once".into());
        }
        rules.push(code);
    }
    Ok(rules)
}

fn commits(list: &[u8]) -> Result<Vec<Oid>, String> {
    let mut commits: Vec<Oid> = Vec::new();
    for hex in list.split(|byte| *byte == b',') {
        let oid = Oid::from_hex(hex)
            .ok_or_else(|| format!("`{}` is no full object name", quoted(hex)))?;
        if commits.contains(&oid) {
            return Err(format!("it names {} twice", oid.short()));
        }
        commits.push(oid);
    }
    Ok(commits)
}

fn update(values: &[u8]) -> Result<Change, String> {
    let fault = || "`update:` must be `<old oid> <new oid>`, zeros for none".to_owned();
    let mut values = values.splitn(2, |byte| *byte == b' ');
    let mut value = || values.next().and_then(RefValue::from_hex).ok_or_else(fault);
    change(value()?, value()?).ok_or_else(fault)
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        let shown = quoted(text.as_bytes());
        format!("`{shown}` is no moment such as 2026-12-01T12:00:00Z")
    })
}

/// Returns true if and only if the text is one line, all of which is seen.
fn is_line(text: &str) -> bool {
    !text.chars().any(|it| it.is_control() || misleads(it))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: &str = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
    const B: &str = "2a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    fn text(rules: &str, what: &str) -> String {
        format!(
            "override-version: 1\nrepository: bpf-next\nref: refs/heads/master\nrules: {rules}\n\
             {what}\nexpires: 2026-12-01T12:00:00Z\nreason: the fix must go in tonight\n"
        )
    }

    fn whole() -> String {
        text("denied-path,message-pattern", &format!("commits: {A},{B}"))
    }

    fn fault(text: &str) -> String {
        Statement::parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_statement_is_read_and_printed() {
        let statement = Statement::parse(whole().as_bytes()).unwrap();
        assert_eq!(statement.lifts.target().unwrap().to_string(), A);
        assert_eq!(statement.to_bytes(), whole().as_bytes());
        assert_eq!(statement.digest().len(), DIGITS_IN_NAME);
        let known = Sha256::digest(whole());
        assert!(hex(&known).starts_with(&statement.digest()));
    }

    #[test]
    fn updates_name_both_values() {
        for (rule, old, new, target) in [
            ("ref-rewound", A, B, B),
            ("ref-created", ZERO, B, B),
            ("ref-deleted", A, ZERO, A),
        ] {
            let text = text(rule, &format!("update: {old} {new}"));
            let statement = Statement::parse(text.as_bytes()).unwrap();
            assert_eq!(statement.lifts.target().unwrap().to_string(), target);
        }
        let none = text("ref-rewound", &format!("update: {ZERO} {ZERO}"));
        assert!(fault(&none).contains("zeros for none"));
    }

    #[test]
    fn lines_are_neither_missing_nor_more_nor_elsewhere() {
        let whole = whole();
        let lines: Vec<&str> = whole.lines().collect();
        let joined = |lines: &[&str]| lines.join("\n") + "\n";
        for at in 0..lines.len() {
            let mut fewer = lines.clone();
            fewer.remove(at);
            assert!(fault(&joined(&fewer)).contains("must be"), "{at}");
            let mut more = lines.clone();
            more.insert(at, "note: x");
            assert!(fault(&joined(&more)).contains("must be"), "{at}");
            if at > 0 {
                let mut swapped = lines.clone();
                swapped.swap(at - 1, at);
                assert!(fault(&joined(&swapped)).contains("must be"), "{at}");
            }
        }
        let last = fault(&format!("{whole}note: x\n"));
        assert!(last.contains("one too many"), "{last}");
        assert!(fault(whole.trim_end()).contains("no end"));
    }

    #[test]
    fn each_fault_is_told() {
        let odd = |from: &str, to: &str| fault(&whole().replace(from, to));
        for (from, to, told) in [
            ("override-version: 1", "override-version: 2", "only 1"),
            ("refs/heads/master", "master", "no name of a ref"),
            ("denied-path,", "denied-paths,", "no rule `denied-paths`"),
            ("denied-path,", "denied-path,denied-path,", "each once"),
            (
                "denied-path,message-pattern",
                "message-pattern,denied-path",
                "in the order",
            ),
            ("denied-path,", "bad-update,", "can never be lifted"),
            ("message-pattern", "ref-rewound", "about the ref itself"),
            (A, &A[1..], "no full object name"),
            (B, A, "twice"),
            ("12:00:00Z", "12:00:00", "no moment"),
            ("12:00:00Z", "14:00:00+02:00", "isn't written as"),
            ("12:00:00Z", "12:00:00.5Z", "whole second"),
            ("the fix", " the fix", "one line"),
            ("the fix", "\u{202e}the fix", "one line"),
            ("the fix must go in tonight", "", "no reason"),
            ("bpf-next", "", "no name"),
        ] {
            let got = odd(from, to);
            assert!(got.contains(told), "{from} -> {to}: {got}");
        }
        let about_commits = text("denied-path", &format!("update: {A} {B}"));
        assert!(fault(&about_commits).contains("about commits"));
        let long = "x".repeat(LONGEST_REASON + 1);
        assert!(odd("the fix must go in tonight", &long).contains("longer"));
    }

    fn any_statement() -> impl Strategy<Value = Statement> {
        let oid = || any::<[u8; 20]>().prop_filter_map("zero", |raw| Oid::from_bytes(&raw));
        let update = (
            proptest::option::of(oid()),
            proptest::option::of(oid()),
            proptest::sample::subsequence(of(Lifting::Update), 1..3),
        )
            .prop_filter_map("no update", |(old, new, rules)| {
                let value = |oid: Option<Oid>| oid.map_or(RefValue::Absent, RefValue::At);
                Some((rules, What::Update(change(value(old), value(new))?)))
            });
        let commits = (
            proptest::collection::vec(oid(), 1..5),
            proptest::sample::subsequence(of(Lifting::Commits), 1..3),
        )
            .prop_map(|(commits, rules)| (rules, What::Commits(commits)));
        (
            "[a-z][a-z0-9/-]{0,8}",
            "[a-z\u{f6}][a-z\u{f6}0-9-]{0,8}",
            prop_oneof![update, commits],
            0i64..4_000_000_000,
            "[!-~\u{e4}][ -~\u{e4}]{0,20}[!-~]",
        )
            .prop_map(|(repository, branch, (rules, what), seconds, reason)| {
                let ref_name = RefName::new(format!("refs/heads/{branch}").as_bytes()).unwrap();
                Statement {
                    lifts: Lifts {
                        repository,
                        ref_name,
                        rules,
                        what,
                    },
                    expires: Timestamp::from_second(seconds).unwrap(),
                    reason,
                }
            })
    }

    /// The rules that can be lifted so, in the order of their names.
    fn of(lifting: Lifting) -> Vec<Code> {
        let all = Code::ALL.iter().copied();
        let mut codes: Vec<Code> = all.filter(|code| code.lifting() == lifting).collect();
        codes.sort_by_key(|code| code.name());
        codes
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(statement in any_statement()) {
            prop_assert_eq!(Statement::parse(&statement.to_bytes()), Ok(statement));
        }

        /// Whatever is read is printed as it was.
        #[test]
        fn a_changed_byte_is_never_the_same_statement(
            statement in any_statement(),
            at in any::<proptest::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut raw = statement.to_bytes();
            let at = at.index(raw.len());
            raw[at] = byte;
            if let Ok(read) = Statement::parse(&raw) {
                prop_assert_eq!(read.to_bytes(), raw);
            }
        }
    }
}
