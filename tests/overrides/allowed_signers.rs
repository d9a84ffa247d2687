//! `allowed_signers`, held against ssh-keygen: what counts here counts there, and what doesn't,
//! doesn't. Where this is stricter, it is so for whole files and on purpose, and `STRICTER` names it.

use std::cell::Cell;
use std::path::PathBuf;

use proptest::prelude::*;
use treewarden::overrides::keyring::Keyring;

use crate::differential::hold;
use crate::support::{Format, Sandbox, ssh};

/// Whose signature ssh-keygen is asked about.
const WHO: &str = "alice@example.com";
/// When they are asked.
const NOON: &str = "2026-06-15T12:00:00Z";
const SIGNED: &[u8] = b"what is signed\n";

/// What is made of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    Bad,
    /// The file itself is refused.
    NoFile,
}

use Verdict::{Bad, Good, NoFile};

/// A signature, and two who judge it by a file that lets its key count.
struct Bench {
    sandbox: Sandbox,
    signature: PathBuf,
    /// The key that signed, and another.
    keys: [String; 2],
}

impl Bench {
    fn new() -> Self {
        let sandbox = Sandbox::new(Format::Sha1Files);
        let keys = ["alice", "bob"].map(|name| {
            let line = ssh(&sandbox, name, "ed25519").public;
            let at = line.find("ssh-ed25519").unwrap();
            let words: Vec<&str> = line[at..].split_whitespace().take(2).collect();
            words.join(" ")
        });
        let file = sandbox.folder().join("signed");
        std::fs::write(&file, SIGNED).unwrap();
        let mut command = sandbox.command("ssh-keygen");
        command.args(["-q", "-Y", "sign", "-n", "git", "-f", "alice.key"]);
        assert!(command.arg(&file).output().unwrap().status.success());
        std::fs::create_dir_all(sandbox.keyring()).unwrap();
        Self {
            signature: file.with_extension("sig"),
            sandbox,
            keys,
        }
    }

    /// `KEY` stands for the key that signed, `OTHER` for another.
    fn write(&self, text: &[u8]) {
        let mut text = text.to_vec();
        for (word, key) in ["KEY", "OTHER"].into_iter().zip(&self.keys) {
            let is_here = |at: &usize| text[*at..].starts_with(word.as_bytes());
            let places: Vec<usize> = (0..text.len()).filter(is_here).collect();
            for at in places.into_iter().rev() {
                text.splice(at..at + word.len(), key.bytes());
            }
        }
        std::fs::write(self.file(), text).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.sandbox.keyring().join("allowed_signers")
    }

    fn ours(&self) -> (Verdict, String) {
        let keyring = match Keyring::read(&self.sandbox.keyring()) {
            Ok(keyring) => keyring,
            Err(error) => return (NoFile, error.to_string()),
        };
        let signature = std::fs::read(&self.signature).unwrap();
        match keyring.verify(SIGNED, &signature, NOON.parse().unwrap()) {
            Ok(_) => (Good, String::new()),
            Err(error) => (Bad, error.to_string()),
        }
    }

    fn theirs(&self) -> (Verdict, String) {
        let mut command = self.sandbox.command("ssh-keygen");
        command.env("TZ", "UTC").args(["-Y", "verify", "-n", "git"]);
        command.arg("-f").arg(self.file()).args(["-I", WHO]);
        command.arg("-s").arg(&self.signature);
        command.arg("-Overify-time=20260615120000");
        let signed = self.signature.with_extension("");
        command.stdin(std::fs::File::open(signed).unwrap());
        let output = command.output().unwrap();
        let verdict = if output.status.success() { Good } else { Bad };
        let said = String::from_utf8_lossy(&output.stderr);
        (verdict, said.into_owned())
    }

    /// What both say of the file, and why.
    fn ask(&self, text: &[u8]) -> ([Verdict; 2], String) {
        self.write(text);
        let ((ours, why), (theirs, reason)) = (self.ours(), self.theirs());
        let shown = String::from_utf8_lossy(text);
        let why = format!("{shown}\nours: {why}\ntheirs: {reason}");
        ([ours, theirs], why)
    }
}

/// Files by which the signature counts.
const GOOD: &[&str] = &[
    "alice@example.com KEY\n",
    "alice@example.com KEY",
    " \t alice@example.com\t KEY  a comment \n",
    "alice@example.com KEY\r\nalice@example.com OTHER\r\n",
    "\"alice@example.com\" KEY\n",
    "\"alice@example.com\"KEY\n",
    "\"bob,alice@*\" KEY\n",
    "bob,*@example.com KEY\n",
    "* namespaces=\"git\" KEY\n",
    "* NameSpaces=\"git\" KEY\n",
    "* namespaces=\"git\"\tKEY\n",
    "* namespaces=\"file,g?t\" KEY\n",
    "* namespaces=\"git,,\" KEY\n",
    "* namespaces=\"a b,git\" KEY\n",
    "* namespaces=\"a\\\" b,git\" KEY\n",
    "* namespaces=\"a\\\\\" b,git\" KEY\n",
    "* valid-after=\"20260615Z\" KEY\n",
    "* valid-after=\"202606151200Z\" KEY\n",
    "* valid-before=\"20260615120000Z\" KEY\n",
    "* valid-before=\"20260616z\" KEY\n",
    "* valid-before=\"99991231235959Z\" KEY\n",
    "* valid-after=\"20260101Z\",valid-before=\"20270101Z\" KEY\n",
    "* valid-before=\"20200101Z\" KEY\n* KEY\n",
    "* namespaces=\"file\" KEY\n* KEY\n",
    "* KEY\n* namespaces=\"file\" KEY\n",
];

/// Files by which it does not.
const BAD: &[&str] = &[
    "alice@example.com OTHER\n",
    "\n# alice@example.com KEY\n",
    "* namespaces=\"\" KEY\n",
    "* namespaces=\"Git\" KEY\n",
    "* namespaces=\"*,!git\" KEY\n",
    "* namespaces=\"!git,*\" KEY\n",
    "* namespaces=\"!file\" KEY\n",
    "* namespaces=\" git\" KEY\n",
    "* valid-after=\"20260615120001Z\" KEY\n",
    "* valid-before=\"20260615Z\" KEY\n",
    "* valid-before=\"20260615115959Z\" KEY\n",
];

/// Files that are refused as a whole.
const NO_FILES: &[&str] = &[
    "* namespaces=\"git\\\" KEY\n",
    "* namespaces=\"git KEY\n",
    "* namespaces=git KEY\n",
    "* namespaces KEY\n",
    "* namespaces=\"git\",namespaces=\"git\" KEY\n",
    "* namespaces=\"git\", KEY\n",
    "* namespaces=\"git\" valid-after=\"20260101Z\" KEY\n",
    "* namespaces=\"git\"valid-after=\"20260101Z\" KEY\n",
    "* touch-required KEY\n",
    "* valid-after=\"20270101Z\",valid-before=\"20260101Z\" KEY\n",
    "* valid-after=\"20260101Z\",valid-before=\"20260101Z\" KEY\n",
    "* valid-after=\"2026Z\" KEY\n",
    "* valid-after=\"20261301Z\" KEY\n",
    "* valid-after=\"202606152400Z\" KEY\n",
    "* valid-after=\"-0260101Z\" KEY\n",
    "* valid-after=\"19700101Z\" KEY\n",
    "* valid-before=\"19700101Z\" KEY\n",
    "* valid-after=\"19691231Z\" KEY\n",
    "* valid-after=\"Z\" KEY\n",
    "* valid-after=\"\" KEY\n",
    "*\n",
    "* ssh-ed25519\n",
    "* ssh-ed25519 AAAA\n",
    "* namespaces=\"git\" \n",
    "\"* KEY\n",
    "a\"b\"* KEY\n",
    "* \u{c}KEY\n",
];

#[test]
fn both_say_the_same() {
    let bench = Bench::new();
    // ssh-keygen knows no difference between a file that is none and a key that doesn't count.
    for (files, want) in [
        (GOOD, [Good, Good]),
        (BAD, [Bad, Bad]),
        (NO_FILES, [NoFile, Bad]),
    ] {
        for text in files {
            let (verdicts, why) = bench.ask(text.as_bytes());
            assert_eq!(verdicts, want, "{why}");
        }
    }
}

#[test]
fn lists_of_long_patterns_let_nothing_pass() {
    let bench = Bench::new();
    for (length, want) in [(1022, Good), (1023, Bad)] {
        let text = format!("* namespaces=\"git,{}\" KEY\n", "x".repeat(length));
        let (verdicts, why) = bench.ask(text.as_bytes());
        assert_eq!(verdicts, [want, want], "{why}");
    }
}

/// Files that ssh-keygen takes, as far as it reads, and that are refused here.
const STRICTER: &[(&[u8], &str)] = &[
    (
        b"bob cert-authority KEY\n* KEY\n",
        "`cert-authority` isn't taken",
    ),
    (
        b"* cert-authority OTHER\n* KEY\n",
        "`cert-authority` isn't taken",
    ),
    (b"bob touch OTHER\n* KEY\n", "`touch` is no option"),
    (b"* KEY\n* touch OTHER\n", "`touch` is no option"),
    (b"bob\n* KEY\n", "line 1: there is no key that can be read"),
    (b"* valid-after=\"20260101\" KEY\n", "must end in `Z`"),
    (b"* valid-before=\"203001011200\" KEY\n", "must end in `Z`"),
    (b"* valid-after=\"20260231Z\" KEY\n", "is no time such as"),
    (b"* ,namespaces=\"git\" KEY\n", "`` is no option"),
    (
        b"* valid-after=\"20260101Z\",,namespaces=\"git\" KEY\n",
        "`` is no option",
    ),
    (b"al\"ice@example.com\" KEY\n", "a quote stands inside"),
    (b"*,a\"b c\" KEY\n", "a quote stands inside"),
    (b"\"\" OTHER\n* KEY\n", "there are no principals"),
    (b"bob\0 OTHER\n* KEY\n", "there is a NUL in it"),
    (b"* \rKEY\n", "is no option, or no key"),
    (b"* KEY caf\xe9\n", "this is no UTF-8"),
];

#[test]
fn some_files_are_taken_by_ssh_alone() {
    let bench = Bench::new();
    for (text, told) in STRICTER {
        let ([ours, theirs], why) = bench.ask(text);
        assert_eq!([ours, theirs], [NoFile, Good], "{why}");
        assert!(why.contains(told), "{why}");
    }
}

/// One of the texts between bars.
fn any_of(texts: &'static str) -> impl Strategy<Value = String> {
    let texts: Vec<&str> = texts.split('|').collect();
    prop::sample::select(texts).prop_map(str::to_owned)
}

fn any_option() -> impl Strategy<Value = String> {
    let pattern = any_of("git|g*|*|?it|file|!git|!f*|!*|gi|git?|*t||\\\"|a b|\\");
    let namespaces = prop::collection::vec(pattern, 1..4)
        .prop_map(|patterns| format!("namespaces=\"{}\"", patterns.join(",")));
    let moment = any_of(
        "20250101|20260615|202606151200|20260615115959|20260615120000|20260615120001|20260616\
         |20300101|20260631|202606152500|1970010100000",
    );
    let end = any_of("Z|Z|Z|Z|z|");
    let name = any_of("valid-after|valid-before|Valid-Before");
    let time = (name, moment, end).prop_map(|(name, at, end)| format!("{name}=\"{at}{end}\""));
    prop_oneof![6 => namespaces, 6 => time, 1 => any_of("cert-authority|x|x=\"y\"|")]
}

fn any_line() -> impl Strategy<Value = String> {
    let who = any_of("alice@example.com|*|\"alice@example.com\"|bob,alice@*|\"*,bob\"|a\"b\"*");
    let blank = || any_of(" | |  |\t| \t ");
    let options = (prop::collection::vec(any_option(), 0..3), blank()).prop_map(|(all, blank)| {
        let blank = if all.is_empty() { "" } else { &blank };
        all.join(",") + blank
    });
    let key = any_of("KEY|KEY|KEY|OTHER");
    let rest = any_of("|| a comment| \"|\r");
    (who, blank(), options, key, rest)
        .prop_map(|(who, blank, options, key, rest)| format!("{who}{blank}{options}{key}{rest}\n"))
}

/// What counts here counts there. A file that is taken here is read to the same end there.
#[test]
fn generated_files_are_read_the_same() {
    let bench = Bench::new();
    let files = prop::collection::vec(any_line(), 1..3).prop_map(|lines| lines.concat());
    let counts = Cell::new((0, 0));
    hold(60, files, |text| {
        let ([ours, theirs], why) = bench.ask(text.as_bytes());
        let (good, bad) = counts.get();
        match ours {
            NoFile => return,
            Good => counts.set((good + 1, bad)),
            Bad => counts.set((good, bad + 1)),
        }
        assert_eq!(ours, theirs, "{why}");
    });
    let (good, bad) = counts.get();
    assert!(good > 5 && bad > 5, "{good} good, {bad} bad");
}
