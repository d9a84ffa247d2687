//! `[[signer]]` and `[override]` as people write them.

use std::path::Path;

use treewarden::finding::Code;
use treewarden::policy::{self, Policy, Source};

use crate::support::{Format, Sandbox};

const A: &str = "ssh:SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDZsNYbjsj1LBVRN2Q";
const B: &str = "openpgp:0123456789ABCDEF0123456789ABCDEF01234567";

fn load(folder: &Path, text: &str) -> Result<Policy, String> {
    let file = folder.join("p.toml");
    std::fs::write(&file, text).unwrap();
    policy::load(&Source::File(file), None).map_err(|faults| faults.to_string())
}

/// Signers begin on line 9.
const HEAD: &str = "version = 1\nrepository = 'r'\n[[path-class]]\nname = 'core'\npaths = ['a']\n\
                    [[tree]]\nname = 'main'\nrefs = ['refs/heads/main']\n";

/// A signer, faultless but for what `change` makes of one of the lines; `name` is on line 10, `keys`
/// on 11, `may-override` on 12, `trees` on 13, and what follows on 14.
fn signer(from: &str, to: &str) -> String {
    let whole = format!(
        "{HEAD}[[signer]]\nname = 'alice'\nkeys = ['{A}']\nmay-override = ['denied-path']\n\
         trees = ['main']\n"
    );
    assert!(whole.contains(from), "{from}");
    whole.replacen(from, to, 1)
}

fn and(more: &str) -> String {
    signer("", "") + more
}

#[test]
fn every_fault_of_a_signer_names_its_line() {
    let folder = tempfile::tempdir().unwrap();
    load(folder.path(), &and("")).unwrap();
    let bob = |keys: &str| {
        and(&format!(
            "[[signer]]\nname = 'bob'\nkeys = [{keys}]\nmay-override = []\ntrees = ['*']\n"
        ))
    };
    let a = format!("'{A}'");
    let keys = format!("keys = ['{A}']\n");
    for (text, line, hint) in [
        (
            and("email = []\n"),
            14,
            "unknown key `email`; did you mean `emails`?",
        ),
        (signer("name = 'alice'\n", ""), 9, "`name` is needed here"),
        (signer("alice", "a/b"), 10, "stands in the name of a ref"),
        (signer("alice", "a..b"), 10, "stands in the name of a ref"),
        (signer("alice", "-a"), 10, "stands in the name of a ref"),
        (signer(&keys, ""), 9, "`keys` is needed here"),
        (signer(&a, ""), 11, "`keys` is needed here"),
        (signer(&a, "'alice'"), 11, "names no key"),
        (
            signer(&a, "'openpgp:0123456789ABCDEF'"),
            11,
            "a whole fingerprint",
        ),
        (
            signer(&a, "'ssh:MD5:00:11'"),
            11,
            "`ssh-keygen -l` shows it",
        ),
        (
            signer(&a, &format!("{a}, {a}")),
            11,
            "this key stands here twice",
        ),
        (bob(&a), 16, "this key is that of `alice` already"),
        (
            bob(&format!("'{B}', '{B}'")),
            16,
            "this key stands here twice",
        ),
        (
            bob(&format!("'{B}'")).replace("bob", "alice"),
            15,
            "taken already",
        ),
        (
            signer("may-override = ['denied-path']\n", ""),
            9,
            "`may-override` is needed here",
        ),
        (
            signer("denied-path", "bad-update"),
            12,
            "`bad-update` can never be lifted",
        ),
        (
            signer("denied-path", "bad-override"),
            12,
            "`bad-override` can never be lifted",
        ),
        (
            signer("denied-path", "denied-paths"),
            12,
            "there is no rule `denied-paths`; did you mean `denied-path`?",
        ),
        (
            signer("trees = ['main']\n", ""),
            9,
            "`trees` is needed here",
        ),
        (
            signer("trees = ['main']", "trees = ['mian']"),
            13,
            "no [[tree]] is called `mian`; did you mean `main`?",
        ),
        (
            signer("trees = ['main']", "trees = ['x/*']"),
            13,
            "no [[tree]] is called `x/*`",
        ),
        (
            signer("trees = ['main']", "trees = ['[']"),
            13,
            "unclosed character class",
        ),
    ] {
        let faults = load(folder.path(), &text).expect_err(&text);
        assert!(
            faults.contains(&format!("p.toml:{line}: ")),
            "{line}: {faults}"
        );
        assert!(faults.contains(hint), "{hint}: {faults}");
    }
}

#[test]
fn every_fault_of_the_terms_names_its_line() {
    let folder = tempfile::tempdir().unwrap();
    for (terms, line, hint) in [
        (
            "requires = 1",
            15,
            "unknown key `requires`; did you mean `required`?",
        ),
        (
            "required = 0",
            15,
            "`required` must be a whole number from 1 up",
        ),
        (
            "required = 2",
            15,
            "2 people are required, and there are 1 [[signer]]s",
        ),
        (
            "max-lifetime = 'long'",
            15,
            "`max-lifetime` must be such as \"12h\" or \"7d\"",
        ),
        ("max-lifetime = '0h'", 15, "`max-lifetime` must be such as"),
        ("max-lifetime = '-1h'", 15, "`max-lifetime` must be such as"),
        ("max-lifetime = '1y'", 15, "`max-lifetime` must be such as"),
        ("max-lifetime = 7", 15, "`max-lifetime` must be"),
        ("not-by-author = 'yes'", 15, "`not-by-author` must be"),
        ("not-by-author = true", 9, "`emails` is needed for `alice`"),
        (
            "not-by-pusher = true",
            9,
            "`accounts` is needed for `alice`",
        ),
    ] {
        let text = and(&format!("[override]\n{terms}\n"));
        let faults = load(folder.path(), &text).expect_err(&text);
        assert!(
            faults.contains(&format!("p.toml:{line}: ")),
            "{line}: {faults}"
        );
        assert!(faults.contains(hint), "{hint}: {faults}");
    }
}

#[test]
fn what_is_said_is_what_counts() {
    let folder = tempfile::tempdir().unwrap();
    let default = load(folder.path(), &and("")).unwrap().terms;
    assert_eq!(
        (default.required, default.max_lifetime.as_hours()),
        (1, 168)
    );
    assert!(!default.not_by_author && !default.not_by_pusher);
    let text = and(
        "emails = ['a@b']\naccounts = ['al']\n[override]\nrequired = 1\nmax-lifetime = '36h'\n\
         not-by-author = true\nnot-by-pusher = true\n",
    );
    let said = load(folder.path(), &text).unwrap();
    assert_eq!(said.terms.max_lifetime.as_hours(), 36);
    assert!(said.terms.not_by_author && said.terms.not_by_pusher);
    assert_eq!(said.signers[0].accounts, ["al"]);
    assert_eq!(said.signers[0].may_override, [Code::DeniedPath]);
}

/// The upper policy takes a key away from a signer of the lower one, and adds another person.
#[test]
fn signers_of_one_name_are_one() {
    let folder = tempfile::tempdir().unwrap();
    let lower = folder.path().join("lower.toml");
    std::fs::write(
        &lower,
        and("emails = ['a@b']\n[override]\nmax-lifetime = '2h'\n"),
    )
    .unwrap();
    let upper = format!(
        "version = 1\nextends = 'lower.toml'\n[[signer]]\nname = 'alice'\nkeys = ['{B}']\n\
         [[signer]]\nname = 'bob'\nkeys = ['{A}']\nmay-override = ['ref-rewound']\ntrees = ['*']\n\
         [override]\nrequired = 2\n"
    );
    let policy = load(folder.path(), &upper).unwrap();
    let names: Vec<&str> = policy.signers.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["bob", "alice"]);
    let alice = &policy.signers[1];
    assert_eq!(alice.keys.len(), 1);
    assert_eq!(alice.keys[0].0.to_string(), B);
    assert_eq!(alice.may_override, [Code::DeniedPath]);
    assert_eq!(alice.emails, ["a@b"]);
    assert_eq!(policy.terms.required, 2);
    assert_eq!(policy.terms.max_lifetime.as_hours(), 2);
}

#[test]
fn signers_and_terms_are_shown() {
    let sandbox = Sandbox::new(Format::Sha1Files);
    let at = sandbox.folder().join("p.toml").display().to_string();
    let show = |text: &str| {
        std::fs::write(sandbox.folder().join("p.toml"), text).unwrap();
        let told = sandbox.tell(&["policy", "show", "p.toml"]);
        told.ended(0);
        told
    };
    show(&and("emails = ['a@b']\n[override]\nmax-lifetime = '2h'\n"))
        .says(
            &format!(
                "\n[[signer]]  # AT:9\nname = \"alice\"  # AT:10\nkeys = [\"{A}\"]  # AT:11\n\
             may-override = [\"denied-path\"]  # AT:12\ntrees = [\"main\"]  # AT:13\n\
             emails = [\"a@b\"]  # AT:14\n"
            )
            .replace("AT", &at),
        )
        .says(
            &"[override]  # AT:15\nrequired = 1  # default\nmax-lifetime = \"2h\"  # AT:16\n\
             not-by-author = false  # default\nnot-by-pusher = false  # default\n"
                .replace("AT", &at),
        );
    show(&and("")).says("max-lifetime = \"168h\"  # default\n");
    show(HEAD).says_no("signer").says_no("[override]");
}
