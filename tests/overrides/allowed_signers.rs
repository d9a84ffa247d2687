//! `allowed_signers` as ssh-keygen reads it: the same lines, the same signature, the same verdict.
//!
//! What is taken here must be taken there. The other way round there are differences on purpose,
//! each of which has its line in `REFUSED_HERE_ALONE`.

use std::cell::Cell;
use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use treewarden::overrides::keyring::{ALLOWED_SIGNERS, Keyring};

use crate::support::{Format, Sandbox, run, ssh};

/// What is signed.
const PAYLOAD: &[u8] = b"what is signed\n";
/// When it is verified.
const NOW: &str = "2026-06-15T12:00:00Z";

/// A signature of the first of two keys.
struct Bench {
    sandbox: Sandbox,
    /// Kind and base64 of both.
    keys: [String; 2],
    signature: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let sandbox = Sandbox::new(Format::Sha1Files);
        let keys = ["one", "other"].map(|name| {
            ssh(&sandbox, name, "ed25519");
            let public = std::fs::read_to_string(sandbox.folder().join(format!("{name}.key.pub")));
            let public = public.unwrap();
            let words: Vec<&str> = public.split(' ').take(2).collect();
            words.join(" ")
        });
        let mut sign = sandbox.command("ssh-keygen");
        sign.args(["-Y", "sign", "-q", "-n", "git", "-f", "one.key"]);
        let signed = run(&mut sign, PAYLOAD);
        assert_eq!(signed.status, Some(0), "{}", signed.errors());
        std::fs::write(sandbox.folder().join("signature"), &signed.stdout).unwrap();
        std::fs::create_dir(sandbox.folder().join("keyring")).unwrap();
        Self {
            sandbox,
            keys,
            signature: signed.stdout,
        }
    }

    fn file(&self) -> PathBuf {
        self.sandbox.folder().join("keyring").join(ALLOWED_SIGNERS)
    }

    /// Puts the keys where `<K>` and `<L>` stand, and asks both.
    fn ask(&self, text: &str, now: &str) -> (Result<bool, String>, bool) {
        let text = text.replace("<K>", &self.keys[0]);
        let text = text.replace("<L>", &self.keys[1]);
        std::fs::write(self.file(), text).unwrap();
        let now: Timestamp = now.parse().unwrap();
        (self.ours(now), self.theirs(now))
    }

    fn ours(&self, now: Timestamp) -> Result<bool, String> {
        let keyring = Keyring::read(self.file().parent().unwrap());
        let keyring = keyring.map_err(|error| error.to_string())?;
        Ok(keyring.verify(PAYLOAD, &self.signature, now).is_ok())
    }

    fn theirs(&self, now: Timestamp) -> bool {
        let time = now.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%SZ");
        let mut command = self.sandbox.command("ssh-keygen");
        command
            .env("TZ", "UTC")
            .args([
                "-Y",
                "verify",
                "-n",
                "git",
                "-I",
                "alice",
                "-s",
                "signature",
            ])
            .args(["-O", &format!("verify-time={time}")])
            .arg("-f")
            .arg(self.file());
        run(&mut command, PAYLOAD).status == Some(0)
    }

    /// Both say so of a file.
    fn agree(&self, text: &str, want: bool) {
        let (ours, theirs) = self.ask(text, NOW);
        assert_eq!(
            (ours.as_ref().ok() == Some(&true), theirs),
            (want, want),
            "{text}: {ours:?}"
        );
    }
}

/// Files that both take, and the signature with them.
const TAKEN: [&str; 26] = [
    "alice <K>\n",
    "alice <K>",
    "alice <K>\r\n",
    "  \talice \t <K> a comment # and more\n",
    "alice,bob <K>\n",
    "al*,!bob <K>\n",
    "\"alice\" <K>\n",
    "\"alice,a b\" <K>\n",
    "\"alice\"<K>\n",
    "# alice\n\n \t\n#\nalice <K>\n",
    "alice namespaces=\"git\" <K>\n",
    "alice NameSpaces=\"git\" <K>\n",
    "alice namespaces=\"file,git\" <K>\n",
    "alice namespaces=\"g?t\" <K>\n",
    "alice namespaces=\"!file,*\" <K>\n",
    "alice namespaces=\"a\\\"b,git\" <K>\n",
    "alice namespaces=\"a b,git\"\t<K>\n",
    "alice valid-after=\"20260615120000Z\" <K>\n",
    "alice valid-before=\"20260615120000Z\" <K>\n",
    "alice valid-after=\"202606151200z\",valid-before=\"20260616Z\" <K>\n",
    "alice valid-before=\"99991231235959Z\" <K>\n",
    "alice namespaces=\"git\",valid-after=\"19700102Z\" <K>\n",
    "alice <L>\nalice <K>\n",
    "alice namespaces=\"file\" <K>\nalice namespaces=\"git\" <K>\n",
    "alice valid-before=\"20260101Z\" <K>\nalice <K>\n",
    "alice <K>\nalice valid-before=\"20260101Z\" <K>\n",
];

/// Files with which neither takes the signature.
const REFUSED: [&str; 39] = [
    "",
    "\n",
    "# alice <K>\n",
    "alice <L>\n",
    "alice\n",
    "alice \n",
    "<K>\n",
    "\"alice <K>\n",
    "alice\"x <K>\n",
    "\"\" <K>\n",
    "alice namespaces=\"file\" <K>\n",
    "alice namespaces=\"Git\" <K>\n",
    "alice namespaces=\"git,!g*\" <K>\n",
    "alice namespaces=\"!file\" <K>\n",
    "alice namespaces=\"\" <K>\n",
    "alice namespaces=\" git\" <K>\n",
    "alice namespaces=git <K>\n",
    "alice namespaces='git' <K>\n",
    "alice namespaces=\"git <K>\n",
    "alice namespaces=\"git\\\" <K>\n",
    "alice namespaces=\"git\\\\\" <K>\n",
    "alice namespaces=\"git\", <K>\n",
    "alice namespaces=\"git\" valid-after=\"20260101Z\" <K>\n",
    "alice namespaces=\"git\",namespaces=\"git\" <K>\n",
    "alice namespaces =\"git\" <K>\n",
    "alice touch-required <K>\n",
    "alice cert-authority <K>\n",
    "alice cert-authority=\"yes\" <K>\n",
    "alice valid-after=\"20260615120001Z\" <K>\n",
    "alice valid-before=\"20260615115959Z\" <K>\n",
    "alice valid-before=\"20260615Z\" <K>\n",
    "alice valid-after=\"2026\" <K>\n",
    "alice valid-after=\"20261301Z\" <K>\n",
    "alice valid-after=\"2026061512Z\" <K>\n",
    "alice valid-after=\"20260615 Z\" <K>\n",
    "alice valid-after=\"19700101Z\" <K>\n",
    "alice valid-after=\"19000101Z\" <K>\n",
    "alice valid-after=\"20260102Z\",valid-before=\"20260101Z\" <K>\n",
    "alice valid-after=\"20260101Z\",valid-before=\"20260101Z\" <K>\n",
];

/// What ssh-keygen lets pass and is a fault here, with the reason.
const REFUSED_HERE_ALONE: [(&str, &str); 7] = [
    (
        "alice ,namespaces=\"git\" <K>\n",
        "a comma stands there without an option",
    ),
    ("alice \r<K>\n", "no option, or no key"),
    ("alice valid-after=\"20260101\" <K>\n", "must end in `Z`"),
    ("alice valid-after=\"20260230Z\" <K>\n", "no time such as"),
    (
        "alice <K>\nbob cert-authority <L>\n",
        "`cert-authority` isn't taken",
    ),
    ("bob nonsense\nalice <K>\n", "line 1: "),
    ("bob\u{0} <L>\nalice <K>\n", "line 1: "),
];

#[test]
fn a_table_of_files() {
    let bench = Bench::new();
    for text in TAKEN {
        bench.agree(text, true);
    }
    for text in REFUSED {
        bench.agree(text, false);
    }
    for (text, why) in REFUSED_HERE_ALONE {
        let (ours, theirs) = bench.ask(text, NOW);
        let fault = ours.expect_err(text);
        assert!(theirs && fault.contains(why), "{text}: {theirs} {fault}");
    }
}

/// Here a principal is nobody: the policy says whose a key is.
#[test]
fn principals_are_not_asked() {
    let bench = Bench::new();
    for text in ["bob <K>\n", "!alice,* <K>\n"] {
        assert_eq!(bench.ask(text, NOW), (Ok(true), false), "{text}");
    }
}

fn time() -> impl Strategy<Value = String> {
    let date = prop_oneof![
        Just("20260101"),
        Just("20260614"),
        Just("20260615"),
        Just("20260616"),
        Just("20270101"),
        Just("20240229"),
        Just("20260431"),
        Just("00010101"),
        Just("99991231"),
    ];
    let clock = prop_oneof![
        Just(""),
        Just("1159"),
        Just("1200"),
        Just("1201"),
        Just("115959"),
        Just("120000"),
        Just("120001"),
        Just("2400"),
        Just("12"),
    ];
    let zone = prop_oneof![12 => Just("Z"), 1 => Just("z"), 1 => Just(""), 1 => Just("ZZ")];
    (date, clock, zone).prop_map(|(date, clock, zone)| format!("{date}{clock}{zone}"))
}

fn patterns() -> impl Strategy<Value = String> {
    let pattern = prop_oneof![
        4 => "(git|\\*|g\\?t|g\\*|file|!file|!g\\*|\\?\\?\\?|Git|!git)",
        1 => "[!*?git ]{0,5}",
        1 => "[g*?i]{1,4}(\\\\\\\\)?(\\\\\")?",
    ];
    prop::collection::vec(pattern, 1..4).prop_map(|all| all.join(","))
}

fn option() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => patterns().prop_map(|text| format!("namespaces=\"{text}\"")),
        3 => time().prop_map(|text| format!("valid-after=\"{text}\"")),
        3 => time().prop_map(|text| format!("Valid-Before=\"{text}\"")),
        1 => prop_oneof![Just("cert-authority"), Just("no-touch-required"), Just("x=\"y\"")]
            .prop_map(str::to_owned),
    ]
}

/// A line whose principals fit.
fn line() -> impl Strategy<Value = String> {
    let principals = "(alice|\"alice\"|\\*|bob,alice|al\\?ce)";
    let options = prop::collection::vec(option(), 0..4).prop_map(|all| all.join(","));
    let key = prop_oneof![5 => Just("<K>"), 1 => Just("<L>")];
    let comment = "( a comment| #|  \"|)";
    (
        "[ \t]{0,2}",
        principals,
        "[ \t]{1,2}",
        options,
        "[ \t]{0,2}",
        key,
        comment,
    )
        .prop_map(|(indent, principals, blank, options, more, key, comment)| {
            let blanks = if options.is_empty() { "" } else { " " };
            format!("{indent}{principals}{blank}{options}{blanks}{more}{key}{comment}")
        })
}

/// The same with a character put in or taken out, behind the principals.
fn spoilt_line() -> impl Strategy<Value = String> {
    let character = prop::sample::select("\" \t\\,=#!*Z0\u{b}".chars().collect::<Vec<_>>());
    (
        line(),
        any::<prop::sample::Index>(),
        character,
        any::<bool>(),
    )
        .prop_map(|(line, at, character, put)| {
            let indent = line.len() - line.trim_start().len();
            let start = indent + line.trim_start().find([' ', '\t']).unwrap() + 1;
            let at = start + at.index(line.len() - start);
            let mut line = line;
            match put {
                true => line.insert(at, character),
                false => drop(line.remove(at)),
            }
            line
        })
}

/// What came of many texts.
#[derive(Debug, Default)]
struct Count {
    taken: Cell<u32>,
    refused: Cell<u32>,
    faults: Cell<u32>,
}

/// Asks about many texts. Where the file has a fault here, ssh-keygen must not take the signature
/// either, but for times without a zone and days that no calendar has.
fn compare(texts: impl Strategy<Value = String>, cases: u32) -> Count {
    let bench = Bench::new();
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let count = Count::default();
    let one_more = |counter: &Cell<u32>| counter.set(counter.get() + 1);
    let ran = TestRunner::new(config).run(&texts, |text| {
        let (ours, theirs) = bench.ask(&text, NOW);
        match ours {
            Ok(taken) => {
                one_more(if taken { &count.taken } else { &count.refused });
                prop_assert_eq!(taken, theirs, "{}", text);
            }
            Err(why) => {
                one_more(&count.faults);
                let on_purpose = why.contains("must end in `Z`") || why.contains("no time such as");
                prop_assert!(!theirs || on_purpose, "{}: {}", text, why);
            }
        }
        Ok(())
    });
    ran.unwrap();
    count
}

#[test]
fn single_lines() {
    let count = compare(line(), 400);
    assert!(
        count.taken.get() > 50 && count.refused.get() > 50,
        "{count:?}"
    );
    assert!(count.faults.get() > 20, "{count:?}");
}

#[test]
fn spoilt_lines() {
    let count = compare(spoilt_line(), 400);
    assert!(
        count.taken.get() > 20 && count.faults.get() > 100,
        "{count:?}"
    );
}

/// Several lines, none of which has a fault.
#[test]
fn whole_files() {
    let good = (
        prop_oneof![Just("<K>"), Just("<L>")],
        patterns(),
        "(bob,)?alice",
    );
    let good = good.prop_map(|(key, patterns, principals)| {
        let patterns = patterns.replace('"', "").replace('\\', "");
        format!("{principals} namespaces=\"{patterns}\" {key}")
    });
    let line = prop_oneof![3 => good, 1 => "(#|# alice|[ \t]{0,2}|[ \t]#x)"];
    let file = prop::collection::vec(line, 0..5).prop_map(|lines| lines.join("\n"));
    let count = compare(file, 200);
    assert!(
        count.taken.get() > 50 && count.refused.get() > 50,
        "{count:?}"
    );
    assert_eq!(count.faults.get(), 0, "{count:?}");
}
