//! Policy files as people write them: every fault told with its line and what to write instead.

use std::path::PathBuf;

use treewarden::classify::ClassMask;
use treewarden::finding::{Code, Severity};
use treewarden::policy::{self, Case, Draft, Expect, Policy, Source, Ungoverned, Unit};
use treewarden::update::RefName;

use crate::support::{Format, Sandbox};

/// Writes the files and loads the first of them.
fn load(files: &[(&str, &str)], repository: Option<&str>) -> Result<Policy, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let first = Source::File(folder.path().join(files[0].0));
    let said = |faults: policy::Faults| {
        faults
            .to_string()
            .replace(&format!("{}/", folder.path().display()), "")
    };
    policy::load(&first, repository).map_err(said)
}

fn faults(text: &str) -> String {
    load(&[("p.toml", text)], None).expect_err(text)
}

const CLASSES: &str = "version = 1\n[[path-class]]\nname = 'core'\npaths = ['kernel/']\n\
                       [[path-class]]\nname = 'docs'\npaths = ['doc/']\nneutral = true\n";

fn tree(keys: &str) -> String {
    format!("{CLASSES}[[tree]]\nname = 't'\nrefs = ['refs/heads/t']\n{keys}\n")
}

/// Begins on line 13.
fn case(keys: &str) -> String {
    format!("{}[[case]]\nname = 'c'\n{keys}\n", tree(""))
}

#[test]
fn every_fault_names_its_line_and_what_to_write() {
    for (text, line, hint) in [
        ("", 1, "`version = 1` is needed"),
        ("version = 2", 1, "`version = 1` is needed"),
        (
            "version = 1\nrepositry = 'x'",
            2,
            "unknown key `repositry`; did you mean `repository`?",
        ),
        (
            "version = 1\nsigners = []",
            2,
            "unknown key `signers`; did you mean `signer`?",
        ),
        (
            "version = 1\nreview-by = 'soon'",
            2,
            "`review-by` must be a date",
        ),
        ("version = 1\nreview-by = 2027-01-01T00:00:00Z", 2, "a date"),
        (
            "version = 1\ndefault = 'alow'",
            2,
            "`default` must be `allow` or `deny`, not `alow`",
        ),
        (
            "version = 1\n[budget]\ncommits = 0",
            3,
            "`commits` must be a whole number from 1 up",
        ),
        (
            "version = 1\n[budget]\nseconds = -1",
            3,
            "a whole number from 1 up",
        ),
        (
            "version = 1\n[[path-class]]\npaths = ['a']",
            2,
            "`name` is needed here",
        ),
        (
            "version = 1\n[[path-class]]\nname = 'a'\npaths = ['/a']",
            4,
            "drop the leading `/`",
        ),
        (
            "version = 1\n[[path-class]]\nname = 'a'\npaths = ['a**']",
            4,
            "must be a whole component",
        ),
        (
            "version = 1\n[[path-class]]\nname = 'a'\n[[path-class]]\nname = 'a'",
            5,
            "taken already",
        ),
        (
            "version = 1\n[[upstream]]\nname = 'u'\nrefs = ['heads/x']",
            4,
            "write `refs/heads/heads/x`",
        ),
        (
            "version = 1\n[[upstream]]\nname = 'u'",
            2,
            "`refs` is needed here",
        ),
        (
            "version = 1\n[[upstream]]\nname = 'u'\nrefs = ['r:refs/x']",
            4,
            "set `repository`",
        ),
        (
            &tree("deny = ['cor']"),
            12,
            "no [[path-class]] is called `cor`; did you mean `core`?",
        ),
        (&tree("deny = ['docs']"), 12, "the class `docs` is neutral"),
        (&tree("deny = 'core'"), 12, "`deny` must be an array"),
        (
            &tree("deny-only = { unless = ['core'] }"),
            12,
            "`deny-only` needs `classes`",
        ),
        (
            &tree("deny-only = { classes = ['core'], judge = 'patch' }"),
            12,
            "`commit` or `series` or `push`",
        ),
        (
            &tree("upstream = ['u']"),
            12,
            "no [[upstream]] is called `u`",
        ),
        (&tree("since = 'abc'"), 12, "40 or 64 lower-case hex digits"),
        (&tree("since = 7"), 12, "`since` holds object names"),
        (&tree("enforce = 'maybe'"), 12, "`deny` or `warn` or `off`"),
        (
            &tree("severity = { denied-path = 'off' }"),
            12,
            "`deny` or `warn`",
        ),
        (
            &tree("severity = { bad-update = 'warn' }"),
            12,
            "unknown key `bad-update`",
        ),
        (
            &tree("enforce = 'off'\nseverity = { denied-path = 'warn' }"),
            13,
            "leaves nothing",
        ),
        (
            &tree("message = [{ in = 'subject', require = 'x' }]"),
            12,
            "`reason` is needed",
        ),
        (
            &tree("message = [{ in = 'head', require = 'x', reason = 'r' }]"),
            12,
            "`subject` or `body`",
        ),
        (
            &tree("message = [{ in = 'body', reason = 'r' }]"),
            12,
            "either `require` or `forbid`",
        ),
        (
            &tree("message = [{ in = 'body', forbid = '(', reason = 'r' }]"),
            12,
            "no regular expression",
        ),
        (&tree("integrates = ['x']"), 12, "unknown key `integrates`"),
        (
            &case("tree = 't'\nexpect = 'accept'"),
            13,
            "a case has `paths`, a `message`, or both",
        ),
        (
            &case("paths = ['a']\nexpect = 'accept'"),
            13,
            "`tree` is needed here",
        ),
        (
            &case("tree = 'tt'\npaths = ['a']\nexpect = 'accept'"),
            15,
            "no [[tree]] is called `tt`; did you mean `t`?",
        ),
        (
            &case("tree = 't'\npaths = ['a']"),
            13,
            "`expect` is needed here",
        ),
        (
            &case("tree = 't'\npaths = ['a']\nexpect = 'denied-paths'"),
            17,
            "not `denied-paths`; did you mean `denied-path`?",
        ),
        (
            &case("tree = 't'\npaths = ['a']\nexpect = 'ref-rewound'"),
            17,
            "not `ref-rewound`, which is not found in a commit by itself",
        ),
        (
            &case("tree = 't'\npaths = ['ok', 'net/']\nexpect = 'accept'"),
            16,
            "no commit has a file at `net/`",
        ),
        (
            &case("tree = 't'\npaths = ['a/../b']\nexpect = 'accept'"),
            16,
            "no commit has a file at `a/../b`",
        ),
        (
            &case("tree = 't'\npath = 'a'"),
            16,
            "unknown key `path`; did you mean `paths`?",
        ),
    ] {
        let said = faults(text);
        let found = said
            .lines()
            .any(|fault| fault.starts_with(&format!("p.toml:{line}: ")) && fault.contains(hint));
        assert!(
            found,
            "{text}\n--- wanted line {line}: {hint}\n--- said {said}"
        );
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let said = faults("version = 1\nfoo = 1\n[[tree]]\nname = 't'\nrefs = ['x']\ncreate = 1\n");
    assert_eq!(said.lines().count(), 3, "{said}");
}

#[test]
fn a_policy_that_extends_another_overrides_it() {
    let lower = tree("deny = ['core']\nrewind = true");
    let upper = "version = 1\nextends = 'lower.toml'\ndefault = 'deny'\n\
                 [[path-class]]\nname = 'first'\npaths = ['kernel/x']\n\
                 [[tree]]\nname = 't'\nrewind = false\n";
    let policy = load(&[("upper.toml", upper), ("lower.toml", &lower)], None).unwrap();
    let tree = &policy.trees[0];
    assert!(matches!(policy.ungoverned, Ungoverned::Denied(_)));
    assert!(!tree.rewind.allowed);
    // New classes come first, so that they can take paths from inherited ones.
    assert_eq!(
        policy.class_name(policy.classifier.find(b"kernel/x").map(|found| found.class)),
        "first"
    );
    let deny = tree.deny.as_ref().unwrap();
    assert_eq!(deny.classes, ClassMask::of(Some(1)));
    assert_eq!(deny.place.file().rsplit('/').next(), Some("lower.toml"));
}

#[test]
fn inherited_cases_are_overridden_by_name() {
    let lower = format!(
        "{}[[case]]\nname = 'other'\ntree = 't'\npaths = ['a']\nexpect = 'accept'\n",
        case("tree = 't'\npaths = ['kernel/a']\nexpect = 'denied-path'")
    );
    let upper = "version = 1\nextends = 'lower.toml'\n\
                 [[case]]\nname = 'c'\nexpect = 'accept'\n";
    let policy = load(&[("upper.toml", upper), ("lower.toml", &lower)], None).unwrap();
    let cases: Vec<_> = policy
        .cases
        .iter()
        .map(|case| (case.name.as_str(), case.paths.clone(), case.expect))
        .collect();
    let path = |text: &str| vec![text.to_owned()];
    assert_eq!(
        cases,
        [
            ("c", path("kernel/a"), Expect::Nothing),
            ("other", path("a"), Expect::Nothing)
        ]
    );
}

#[test]
fn extending_ends_somewhere() {
    let circle = load(&[("p.toml", "version = 1\nextends = 'p.toml'\n")], None).unwrap_err();
    assert!(circle.contains("extend one another"), "{circle}");
    let gone = load(&[("p.toml", "version = 1\nextends = 'gone.toml'\n")], None).unwrap_err();
    assert!(
        gone.contains("p.toml:2: `extends` can't be followed") && gone.contains("gone.toml"),
        "{gone}"
    );
}

#[test]
fn the_digest_covers_the_merged_policy_and_no_layout() {
    let whole = tree("deny = ['core']");
    let digest = |files: &[(&str, &str)]| load(files, None).unwrap().digest;
    let plain = digest(&[("p.toml", &whole)]);
    assert_eq!(
        plain,
        digest(&[("q.toml", &format!("# why\n{}", whole.replace(" = ", "=")))])
    );
    let extended = [
        ("p.toml", "version = 1\nextends = 'q.toml'\n"),
        ("q.toml", whole.as_str()),
    ];
    assert_eq!(plain, digest(&extended));
    assert_ne!(plain, digest(&[("p.toml", &tree("deny = []"))]));
    let with_case =
        format!("{whole}[[case]]\nname = 'c'\ntree = 't'\npaths = ['a']\nexpect = 'accept'\n");
    assert_eq!(plain, digest(&[("p.toml", &with_case)]));
}

#[test]
fn refs_may_ask_for_a_repository() {
    let text = "version = 1\nrepository = 'one'\n\
                [[tree]]\nname = 't'\nrefs = ['one:refs/heads/a', '{two,three}:refs/heads/b', 'refs/heads/x/*']\n";
    let governs = |repository, name: &str| {
        let policy = load(&[("p.toml", text)], repository).unwrap();
        policy
            .tree_of(&RefName::new(name.as_bytes()).unwrap())
            .is_some()
    };
    assert!(governs(None, "refs/heads/a"));
    assert!(!governs(Some("two"), "refs/heads/a"));
    assert!(governs(Some("three"), "refs/heads/b"));
    assert!(governs(Some("four"), "refs/heads/x/y"));
    assert!(!governs(Some("four"), "refs/heads/x/y/z"));
    assert!(!governs(None, "refs/heads/a/b"));
}

#[test]
fn severity_wins_over_enforce() {
    let text = tree("enforce = 'warn'\nseverity = { denied-path = 'deny' }");
    let policy = load(&[("p.toml", &text)], None).unwrap();
    assert_eq!(policy.trees[0].severity(Code::DeniedPath), Severity::Deny);
    assert_eq!(policy.trees[0].severity(Code::RefRewound), Severity::Warn);
}

#[test]
fn presets_load_in_every_repository_that_they_name() {
    for preset in policy::preset::PRESETS {
        let source = Source::Preset(preset.name.into());
        let draft = Draft::of(&source, preset.text);
        let worked_out = policy::load_draft(&draft, None).unwrap().digest;
        assert_eq!(
            preset.digest, worked_out,
            "{source}: its digest is another one"
        );
        for repository in [None, Some("bpf"), Some("bpf-next"), Some("other")] {
            let policy = policy::load(&source, repository).unwrap();
            assert!(!policy.trees.is_empty());
            assert_eq!(policy.digest, worked_out);
        }
        // What a hook reads of it lacks the cases and the comments, and nothing else; and what is
        // left stands on the same lines.
        let rules = Draft::of(&source, preset.rules);
        let rules = policy::load_draft(&rules, None).unwrap();
        assert_eq!(rules.digest, worked_out);
        let whole = policy::load_draft(&draft, None).unwrap();
        let places = |policy: &Policy| {
            let trees = policy.trees.iter().map(|tree| tree.place.to_string());
            let classes = policy.classes.iter();
            let patterns = classes.flat_map(|class| &class.patterns);
            let patterns = patterns.map(|pattern| pattern.place.to_string());
            trees.chain(patterns).collect::<Vec<_>>()
        };
        assert_eq!(places(&rules), places(&whole));
        let in_force = policy::load_trusted(&source, None).unwrap();
        assert!(in_force.cases.is_empty() && !preset.rules.contains("[[case]]"));
        assert!(!policy::load(&source, None).unwrap().cases.is_empty());
    }
    let policy = policy::load(&Source::Preset("bpf-next".into()), None).unwrap();
    let judged = |tree: &str| {
        policy
            .trees
            .iter()
            .find(|known| known.name == tree)
            .unwrap()
    };
    assert!(judged("bpf-next/master").deny.is_some());
    assert_eq!(
        judged("bpf-next/net").deny_only.as_ref().unwrap().judge,
        Unit::Series
    );
}

#[test]
fn a_case_of_a_preset_can_be_laid_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.toml");
    let text = "extends = 'preset:bpf-next'\n[[case]]\nname = 'networking is refused on master'\nexpect = 'accept'\n";
    std::fs::write(&path, text).unwrap();
    let policy = policy::load_trusted(&Source::File(path), None).unwrap();
    let laid_over = |case: &&Case| case.name == "networking is refused on master";
    let case = policy.cases.iter().find(laid_over).unwrap();
    assert_eq!(case.expect, Expect::Nothing);
    assert!(!case.paths.is_empty());
}

#[test]
fn an_unreadable_policy_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let said = policy::load(&Source::File(PathBuf::from(folder.path())), None).unwrap_err();
    assert!(
        said.to_string()
            .contains(&*folder.path().display().to_string())
    );
}

/// What a policy says reaches the terminals of those who push.
#[test]
fn nothing_in_a_faulty_policy_acts_on_a_terminal() {
    let s = Sandbox::new(Format::Sha1Files);
    let base = s.started();
    let policy = s.folder().join("odd.toml");
    let text = "version = 1\n[[path-class]]\nname = 'a'\npaths = [\"x\\u001b[2J\\u202e/**b\"]\n";
    std::fs::write(&policy, text).unwrap();
    s.on_server(&["config", "treewarden.policy", policy.to_str().unwrap()]);
    let pushed = s.push(&s.touch(&base, "kernel/a.c"), "master");
    pushed.refused().says("x\\x1b[2J\\u{202e}/**b");
    assert!(!pushed.raw().contains(&0x1b), "{:?}", pushed.said());
    // One fault, told once.
    assert_eq!(pushed.said().matches("odd.toml:").count(), 1);
    let output = s
        .treewarden()
        .args(["policy", "lint", policy.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(!output.stderr.contains(&0x1b));
}

/// A pipe that nobody writes into would hold a push up for ever.
#[test]
fn a_policy_is_a_regular_file() {
    let s = Sandbox::new(Format::Sha1Files);
    let base = s.started();
    let pipe = s.folder().join("pipe.toml");
    let made = s.command("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    s.on_server(&["config", "treewarden.policy", pipe.to_str().unwrap()]);
    s.push(&s.touch(&base, "kernel/a.c"), "master")
        .refused()
        .says("no regular file");
}

/// A command that is printed is pasted into a shell.
#[test]
fn odd_names_in_commands_are_words_for_a_shell() {
    let s = Sandbox::new(Format::Sha1Files);
    let base = s.started();
    s.policy(
        "[[path-class]]\nname = \"networking\"\npaths = [\"net/**\"]\n\
         [[tree]]\nname = \"m\"\nrefs = [\"refs/heads/master\"]\ndeny = [\"networking\"]\n\
         [[tree]]\nname = \"odd\"\nrefs = [\"refs/heads/net$(id);x\"]\n\
         deny-only = { classes = [], unless = [\"networking\"], judge = \"commit\" }\n",
    );
    s.seed(&base, &["net$(id);x"]);
    let networking = s.touch(&base, "net/a.c");
    let pushed = s.push(&networking, "master");
    let command = format!("git push origin {}:'net$(id);x'", &networking[..12]);
    pushed.rejected("denied-path").helps(&command);
}
