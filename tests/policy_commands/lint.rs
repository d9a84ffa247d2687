//! `policy lint`: each remark where it is due, and none where it isn't.

use std::collections::BTreeSet;

use treewarden::lint::Topic;

use super::{Answer, on, policy};
use crate::support::{Format, Sandbox, everywhere};

/// The remarks that an answer holds: names and lines.
fn remarks(answer: &Answer) -> Vec<(String, usize)> {
    assert!(matches!(answer.status, Some(0 | 1)), "{}", answer.stderr);
    let mut found = Vec::new();
    let mut lines = answer.stdout.lines();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("warning[") {
            let name = rest.split(']').next().unwrap().to_owned();
            let place = lines.next().unwrap().rsplit(':').next().unwrap();
            found.push((name, place.parse().unwrap()));
            assert!(lines.next().unwrap().starts_with("   = help: "));
        }
    }
    assert_eq!(answer.status, Some(i32::from(!found.is_empty())));
    found
}

/// A policy of which each thing is used: the classes `a` and `b`, an upstream and two trees.
/// What is given stands on line 4, 8 and 13, and at the end from line 21.
fn whole(a: &str, b: &str, upstream: &str, more: &str) -> String {
    format!(
        "[[path-class]]\nname = 'a'\npaths = [{a}]\n[[path-class]]\n\
         name = 'b'\n#\npaths = [{b}]\n[[upstream]]\n\
         name = 'u'\n#\n#\nrefs = [{upstream}]\n[[tree]]\n\
         name = 't'\nrefs = ['refs/heads/t']\ndeny = ['a']\nupstream = ['u']\n\
         [[tree]]\nname = 's'\n{more}\n"
    )
}

const UP: &str = "'refs/up/*'";
const REST: &str = "refs = ['refs/heads/s']\ndeny = ['b']";

/// Each topic with a policy that it is said of, the lines where, and one that is almost the same.
#[test]
fn remarks_are_made_where_they_are_due() {
    let s = &Sandbox::new(Format::Sha1Files);
    let mut seen = BTreeSet::new();
    let mut check = |topic: &str, lines: &[usize], bad: &str, good: &str| {
        let found = remarks(&on(s, "lint", bad));
        let expected: Vec<_> = lines.iter().map(|line| (topic.to_owned(), *line)).collect();
        assert_eq!(found, expected, "{bad}");
        let none = remarks(&on(s, "lint", good));
        assert_eq!(none, [], "{good}");
        seen.insert(topic.to_owned());
    };
    let classes = |a: &str, b: &str| whole(a, b, UP, REST);
    let s_tree = |more: &str| whole("'a'", "'b'", UP, more);
    let ups = |refs: &str| whole("'a'", "'b'", refs, REST);
    check(
        "shadowed-pattern",
        &[8, 8],
        &classes("'net/**'", "'net/x', 'y', '{net,z}/b'"),
        &classes("'net/*'", "'net/x/', 'y', '{net/b,z}/b'"),
    );
    check(
        "shadowed-class",
        &[5],
        &classes("'net/', '*.[ch]'", "'net/x/**', '{a,b}.c'"),
        &classes("'net/*', '*.[ch]'", "'net/x/y/**', '{a,b}.d'"),
    );
    check(
        "impossible-pattern",
        &[8, 8],
        &classes("'a'", "'./x', 'y', '{.git,z}/*'"),
        &classes("'a'", "'.x', 'y', '{.gitx,z}/*'"),
    );
    check(
        "shadowed-tree",
        &[19],
        &s_tree("refs = ['refs/heads/{t,t}']\ndeny = ['b']"),
        &s_tree("refs = ['refs/heads/{t,u}']\ndeny = ['b']"),
    );
    check(
        "shadowed-ref",
        &[21],
        &s_tree("refs = ['refs/heads/t', 'refs/heads/s']\ndeny = ['b']"),
        &s_tree("refs = ['refs/heads/s', 'refs/heads/*']\ndeny = ['b']"),
    );
    check(
        "impossible-ref",
        &[13],
        &ups("'refs/up/*', 'refs/x.lock'"),
        &ups("'refs/up/*', 'refs/x.loc'"),
    );
    let hard = |letter: &str| {
        let patterns = (0..40).map(|at| format!("'*{at:02}{letter}*'"));
        classes("'a'", &patterns.collect::<Vec<_>>().join(", "))
    };
    check("undecided", &[2], &hard("x"), &hard("/"));
    check(
        "lax-upstream",
        &[18],
        &whole("'a'", "'b'", "'refs/heads/{s,x}'", REST),
        &whole(
            "'a'",
            "'b'",
            "'refs/heads/{s,x}'",
            &REST.replace("'b'", "'a', 'b'"),
        ),
    );
    let other = "\n[[upstream]]\nname = 'v'\nrefs = ['refs/v']";
    check(
        "unused-upstream",
        &[23],
        &s_tree(&format!("{REST}{other}")),
        &s_tree(&format!("{REST}\nupstream = ['v']{other}")),
    );
    let third = |keys: &str| format!("{REST}\n[[path-class]]\nname = 'c'\n{keys}");
    check(
        "empty-class",
        &[23],
        &s_tree(&third("")),
        &s_tree(&third("paths = []\nneutral = true")),
    );
    check(
        "unused-class",
        &[23],
        &s_tree(&third("paths = ['c']")),
        &s_tree(&third("paths = ['c']\nneutral = true")),
    );
    check(
        "idle-severity",
        &[23, 23],
        &s_tree(&format!(
            "{REST}\nseverity = {{ ref-created = 'warn', message-pattern = 'warn' }}"
        )),
        &s_tree(&format!(
            "{REST}\ncreate = false\nseverity = {{ ref-created = 'warn', denied-path = 'warn' }}"
        )),
    );
    let signer = "\n[[signer]]\nname = 's'\nkeys = ['ssh:SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDZsNYbjsj1LBVRN2Q']\nmay-override = ['denied-path']\ntrees = ['*']";
    let signed = s_tree(&format!("{REST}{signer}"));
    check(
        "unbound-signers",
        &[23],
        &signed,
        &format!("repository = 'r'\n{signed}"),
    );
    check(
        "case-twin-pattern",
        &[8],
        &classes("'net/core/**'", "'Net/x', 'net/Core/a'"),
        &classes("'net/core/a'", "'Net/x', 'net/core/b', 'net/*'"),
    );
    let all = Topic::ALL.iter().map(|topic| topic.name().to_owned());
    let with_tip = ["case-twin-path", "unmatched-pattern"].map(str::to_owned);
    seen.extend(with_tip);
    assert_eq!(seen, all.collect());
}

#[test]
fn a_remark_names_the_pattern_what_is_before_it_and_the_way_out() {
    let s = &Sandbox::new(Format::Sha1Files);
    let text = whole("'net/**', 'x/{a,b}.c'", "'net/x', '{x/a,y}.c'", UP, REST);
    on(s, "lint", &text)
        .ended(
            1,
            &[
                "warning[shadowed-pattern]: `net/x` is never the first to match: \
                 `net/**` (a, p.toml:4) takes all its paths",
                "  --> p.toml:8",
                "   = help: put the class `b` before `a`, or take it out",
                "warning[shadowed-pattern]: `x/a.c`, of `{x/a,y}.c`, is never the first to match: \
                 `x/{a,b}.c` (a, p.toml:4) takes all its paths",
                "  --> p.toml:8",
            ],
        )
        .ended(1, &["treewarden: 2 remarks; no cases [policy p.toml "]);
    // No pattern does it alone.
    let text = whole("'a', '*/**'", "'**', 'b/c', 'd'", UP, REST);
    on(s, "lint", &text).ended(
        1,
        &[
            "warning[shadowed-class]: no path has the class `b`: \
             `a` (a, p.toml:4) and `*/**` (a, p.toml:4) take all its paths",
            "  --> p.toml:5",
            "   = help: put it before `a`: the first class that matches a path wins",
        ],
    );
    let text = whole("'[a-m]*', '[!a-m/]*'", "'?', '?/b'", UP, REST);
    on(s, "lint", &text).ended(
        1,
        &[
            "warning[shadowed-pattern]: `?` is never the first to match: \
             `[a-m]*` (a, p.toml:4) and `[!a-m/]*` (a, p.toml:4) take all its paths",
        ],
    );
    let text = whole("'net/', 'net/x'", "'b'", UP, REST);
    on(s, "lint", &text).ended(
        1,
        &[
            "  --> p.toml:4",
            "   = help: take it out: its class has these paths without it",
        ],
    );
}

#[test]
fn other_repositories_refs_shadow_nothing() {
    let s = &Sandbox::new(Format::Sha1Files);
    let text = "version = 1\n\
                [[tree]]\nname = 'one'\nrefs = ['one:refs/heads/*']\n\
                [[tree]]\nname = 'two'\nrefs = ['refs/heads/x']\n";
    std::fs::write(s.folder().join("p.toml"), text).unwrap();
    let lint = |name: &str| remarks(&policy(s, &["lint", "p.toml", "--repository", name]));
    assert_eq!(lint("one"), [("shadowed-tree".to_owned(), 5)]);
    assert_eq!(lint("two"), []);
}

/// What `t` refuses, whose upstream's refs the tree `s` governs, and what to say of `s`.
#[test]
fn upstreams_are_held_to_what_their_tree_refuses() {
    let s = &Sandbox::new(Format::Sha1Files);
    let text = |t: &str, s: &str| {
        format!(
            "[[path-class]]\nname = 'a'\npaths = ['a']\n\
             [[path-class]]\nname = 'b'\npaths = ['b']\n\
             [[path-class]]\nname = 'c'\npaths = ['c']\n\
             [[tree]]\nname = 'all'\nrefs = ['refs/heads/all']\ndeny = ['a', 'b', 'c']\nupstream = ['v']\n\
             [[upstream]]\nname = 'u'\nrefs = ['refs/heads/dev/*']\n\
             [[upstream]]\nname = 'v'\nrefs = ['refs/v']\n\
             [[tree]]\nname = 't'\nrefs = ['refs/heads/t']\n{t}\n\
             [[tree]]\nname = 's'\nrefs = ['refs/heads/dev/x']\n{s}\n"
        )
    };
    let message = |part: &str, more: &str| {
        format!("message = [{{ in = '{part}', require = 'x', reason = 'r'{more} }}]")
    };
    let only = |unless: &str, judge: &str| {
        format!("deny-only = {{ classes = ['a'], unless = [{unless}], judge = '{judge}' }}")
    };
    let subject = message("subject", "");
    for (t, other, hole) in [
        (
            "deny = ['a', 'b']",
            "deny = ['b', 'c']".to_owned(),
            "does not deny `a`",
        ),
        ("deny = ['a']", only("", "commit"), "does not deny `a`"),
        (
            "deny = ['a']",
            "deny = ['a']\nenforce = 'warn'".into(),
            "does not deny `a`",
        ),
        (
            "deny = ['a']",
            "deny = ['a']\nenforce = 'off'".into(),
            "does not deny `a`",
        ),
        (
            "deny = ['a']",
            "deny = ['a']\nseverity = { denied-path = 'warn' }".into(),
            "does not deny `a`",
        ),
        (
            "deny = ['a']",
            "deny = ['a']\nenforce = 'warn'\nseverity = { denied-path = 'deny' }".into(),
            "",
        ),
        ("deny = ['a']", "deny = ['b', 'a']".into(), ""),
        ("deny = ['a']\nenforce = 'warn'", String::new(), ""),
        ("", String::new(), ""),
        (
            &only("'b'", "series"),
            String::new(),
            "does not refuse `a` that comes alone",
        ),
        (&only("'b'", "series"), "deny = ['a']".into(), ""),
        (&only("'b'", "series"), only("'b'", "commit"), ""),
        (&only("'b'", "series"), only("", "series"), ""),
        (
            &only("'b'", "series"),
            only("'b'", "push"),
            "judges by the push",
        ),
        (&only("'b'", "series"), only("", "push"), ""),
        (
            &only("'b'", "series"),
            only("'b', 'c'", "series"),
            "takes `c` for an excuse",
        ),
        (
            &only("'b'", "series"),
            format!("{}\ndeny = ['c']", only("'b', 'c'", "series")),
            "",
        ),
        (&subject, String::new(), "does not ask the same of messages"),
        (
            &subject,
            message("body", ""),
            "does not ask the same of messages",
        ),
        (&subject, message("subject", ""), ""),
        (&subject, message("subject", ", merges = true"), ""),
        (
            &message("subject", ", merges = true"),
            message("subject", ""),
            "does not ask the same of messages",
        ),
        (
            "deny = ['a']",
            "deny = ['a']\nupstream = ['v']".into(),
            "trusts the upstream `v`",
        ),
        (
            "deny = ['a']\nupstream = ['u', 'v']",
            "deny = ['a']\nupstream = ['v']".into(),
            "",
        ),
        ("", "upstream = ['v']".into(), ""),
    ] {
        let t = match t.contains("upstream") {
            true => t.to_owned(),
            false => format!("{t}\nupstream = ['u']"),
        };
        let policy = text(&t, &other);
        let answer = on(s, "lint", &policy);
        let found: Vec<String> = remarks(&answer).into_iter().map(|(name, _)| name).collect();
        let lax = found.iter().filter(|name| *name == "lax-upstream").count();
        assert_eq!(
            lax,
            usize::from(!hole.is_empty()),
            "{policy}\n{}",
            answer.stdout
        );
        if !hole.is_empty() {
            let end = format!("upstream `u`, whose refs `s` governs: `s` {hole}\n");
            assert!(
                answer.stdout.contains(&end),
                "no {end} in {}",
                answer.stdout
            );
        }
    }
}

/// An upstream's own upstream is judged where it is governed: the remark is on that one.
#[test]
fn trust_is_followed_from_tree_to_tree() {
    let s = &Sandbox::new(Format::Sha1Files);
    let text = "[[path-class]]\nname = 'a'\npaths = ['a']\n\
                [[upstream]]\nname = 'u'\nrefs = ['refs/heads/2']\n\
                [[upstream]]\nname = 'v'\nrefs = ['refs/heads/3']\n\
                [[tree]]\nname = '1'\nrefs = ['refs/heads/1']\ndeny = ['a']\nupstream = ['u']\n\
                [[tree]]\nname = '2'\nrefs = ['refs/heads/2']\ndeny = ['a']\nupstream = ['v']\n\
                [[tree]]\nname = '3'\nrefs = ['refs/heads/3']\n";
    let answer = on(s, "lint", text);
    assert_eq!(remarks(&answer), [("lax-upstream".to_owned(), 20)]);
    answer.ended(1, &["   = help: let `3` refuse the same, or take `v` out, so that `2` judges what comes from there"]);
    let circle = text.replace(
        "name = '3'\n",
        "name = '3'\ndeny = ['a']\nupstream = ['u', 'v']\n",
    );
    assert_eq!(remarks(&on(s, "lint", &circle)), []);
}

#[test]
fn a_tip_is_asked_for_what_patterns_match() {
    everywhere(|s| {
        let tip = s
            .commit("a tree")
            .write("net/a.c", "")
            .write("net/A.c", "")
            .write("net/b.c", "")
            .write("net/B.c", "")
            .write("kernel/\u{d6}.c", "")
            .write("kernel/\u{f6}.c", "")
            .write(b"kernel/\xff", "")
            .write(b"kernel/\xfe", "")
            .make();
        let text = "version = 1\n\
                    [[path-class]]\nname = 'first'\npaths = ['net/a.c', 'net/gone.c']\nneutral = true\n\
                    [[path-class]]\nname = 'net'\npaths = ['net/', 'net/{b,x,y}.c', 'kernel/\u{d6}.c']\nneutral = true\n";
        let file = s.folder().join("p.toml");
        std::fs::write(&file, text).unwrap();
        let lint = |more: &[&str]| {
            let mut command = s.treewarden();
            command
                .current_dir(s.client())
                .args(["policy", "lint"])
                .arg(&file);
            let output = command.args(more).output().unwrap();
            let folder = format!("{}/", s.folder().display());
            Answer {
                status: output.status.code(),
                stdout: String::from_utf8(output.stdout)
                    .unwrap()
                    .replace(&folder, ""),
                stderr: String::from_utf8(output.stderr).unwrap(),
            }
        };
        // `net/` before `net/{b,x,y}.c` is remarked on whatever there is in the tree object.
        let shadowed = ("shadowed-pattern".to_owned(), 8);
        assert_eq!(remarks(&lint(&[])), std::slice::from_ref(&shadowed));
        let answer = lint(&["--tip", &tip]);
        let at = |name: &str, line: usize| (name.to_owned(), line);
        let expected = [
            at("unmatched-pattern", 4),
            shadowed,
            at("case-twin-path", 8),
            at("case-twin-path", 8),
            at("unmatched-pattern", 8),
        ];
        assert_eq!(remarks(&answer), expected);
        for line in [
            "`net/A.c` (net) and `net/a.c` (first) differ in case only".to_owned(),
            "`kernel/\u{d6}.c` (net) and `kernel/\u{f6}.c` (none) differ in case only".to_owned(),
            format!("`net/gone.c` matches no path of {tip}"),
            format!("`net/x.c` and `net/y.c`, of `net/{{b,x,y}}.c`, match no path of {tip}"),
        ] {
            assert!(
                answer.stdout.contains(&line),
                "no {line} in {}",
                answer.stdout
            );
        }
        lint(&["--tip", "gone"]).failed(2, "`gone` names no commit here");
    });
}

#[test]
fn a_tip_is_read_within_the_budget() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.base();
    let text = "version = 1\n[budget]\ntree-objects = 2\n";
    let file = s.folder().join("p.toml");
    std::fs::write(&file, text).unwrap();
    let mut command = s.treewarden();
    command
        .current_dir(s.client())
        .args(["policy", "lint", "--tip", &base]);
    let output = command.arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&base) && said.contains('2'), "{said}");
    policy(s, &["lint", "p.toml", "--tip", "HEAD"]).failed(4, "no git repository");
}

#[test]
fn cases_that_fail_are_shown_and_count() {
    let s = &Sandbox::new(Format::Sha1Files);
    let case = |expect: &str| {
        let more =
            format!("{REST}\n[[case]]\nname = 'c'\ntree = 't'\npaths = ['a']\nexpect = '{expect}'");
        whole("'a'", "'b'", UP, &more)
    };
    let shown = on(s, "test", &case("accept")).stdout;
    let (failure, _) = shown.split_once("treewarden:").unwrap();
    on(s, "lint", &case("accept")).ended(
        1,
        &[&format!(
            "{failure}treewarden: no remarks; 1 case, 1 FAILED [policy p.toml "
        )],
    );
    on(s, "lint", &case("denied-path")).ended(
        0,
        &["treewarden: no remarks; 1 case, all ok [policy p.toml "],
    );
}

#[test]
fn presets_have_nothing_to_remark_on() {
    let s = &Sandbox::new(Format::Sha1Files);
    for repository in ["bpf-next", "bpf", "other"] {
        let answer = policy(s, &["lint", "preset:bpf-next", "--repository", repository]);
        answer.ended(0, &["treewarden: no remarks; "]);
        assert_eq!(answer.stdout.lines().count(), 1, "{}", answer.stdout);
    }
}

#[test]
fn no_text_of_a_policy_acts_on_a_terminal() {
    let s = &Sandbox::new(Format::Sha1Files);
    let text = whole("'net/'", "\"net/\\u001bc\", 'b'", UP, REST);
    let answer = on(s, "lint", &text);
    answer.ended(1, &["warning[shadowed-pattern]: `net/\\x1bc` is never the first to match: `net/` (a, p.toml:4) takes all its paths"]);
}
