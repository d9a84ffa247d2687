//! What `explain` says against what the server's hook says to the same push.

use std::collections::BTreeSet;

use super::explained;
use crate::support::{Format, Sandbox, everywhere};

/// A push to the server: what the sandbox holds before it, and what it brings.
struct Case {
    /// What is laid over the preset.
    policy: &'static str,
    tree: &'static str,
    name: &'static str,
    /// Makes the history; gives the new value.
    make: fn(&Sandbox) -> String,
}

const MASTER: (&str, &str) = ("bpf-next/master", "refs/heads/master");
const NET: (&str, &str) = ("bpf-next/net", "refs/heads/net");

fn case((tree, name): (&'static str, &'static str), make: fn(&Sandbox) -> String) -> Case {
    under("", (tree, name), make)
}

fn under(
    policy: &'static str,
    (tree, name): (&'static str, &'static str),
    make: fn(&Sandbox) -> String,
) -> Case {
    Case {
        policy,
        tree,
        name,
        make,
    }
}

/// Every rule about commits and updates, broken and kept, and what keeps commits from entering.
fn cases() -> Vec<Case> {
    vec![
        case(MASTER, |s| s.touch(&s.started(), "net/core/dev.c")),
        case(MASTER, |s| s.touch(&s.started(), "kernel/a.c")),
        case(NET, |s| s.touch(&s.started(), "kernel/a.c")),
        case(NET, |s| s.touch(&s.started(), "net/core/filter.c")),
        case(MASTER, |s| {
            s.touch(&s.touch(&s.started(), "net/a.c"), "kernel/a.c")
        }),
        case(NET, |s| {
            merged(s, &["kernel/a.c", "net/a.c", "tools/a.c"], None)
        }),
        case(NET, |s| merged(s, &["kernel/a.c", "tools/a.c"], None)),
        case(NET, |s| merged(s, &["kernel/a.c"], Some("net/evil.c"))),
        case(MASTER, |s| merged(s, &["kernel/a.c"], Some("net/evil.c"))),
        case(MASTER, |s| {
            merged(s, &["kernel/a.c", "net/a.c"], Some("tools/a.c"))
        }),
        case(NET, conflict_in_core),
        case(MASTER, conflict_in_core),
        case(NET, two_series),
        case(NET, thread),
        case(MASTER, rewound),
        case(("bpf-next/for-next", "refs/heads/for-next"), rewound),
        case(MASTER, from_upstream),
        case(MASTER, |s| s.base()),
        under("[budget]\ncommits = 1\n", MASTER, |s| {
            s.line(&s.started(), 2, |at| format!("kernel/{at}.c"))
        }),
        under(
            "[budget]\ncommits = 1\n[[tree]]\nname = \"bpf-next/master\"\nseverity = { too-much = \"warn\" }\n",
            MASTER,
            |s| s.line(&s.started(), 2, |at| format!("net/{at}.c")),
        ),
        under(
            "[[tree]]\nname = \"bpf-next/master\"\ncreate = false\n",
            MASTER,
            |s| s.base(),
        ),
        under(
            "[[tree]]\nname = \"bpf-next/master\"\nenforce = \"warn\"\n",
            MASTER,
            |s| s.touch(&s.started(), "net/a.c"),
        ),
        under(
            "[[tree]]\nname = \"bpf-next/master\"\nenforce = \"off\"\n",
            MASTER,
            |s| s.touch(&s.started(), "net/a.c"),
        ),
        under(
            "[[tree]]\nname = \"bpf-next/master\"\nenforce = \"warn\"\nseverity = { ref-rewound = \"deny\" }\n",
            MASTER,
            rewound,
        ),
        under(MESSAGES, MASTER, |s| s.touch(&s.started(), "net/a.c")),
        under(MESSAGES, MASTER, |s| merged(s, &["kernel/a.c"], None)),
        under(MESSAGES, MASTER, |s| {
            let draft = s.commit("bpf: do it").on(&s.started());
            draft.touch("kernel/a.c").make()
        }),
        under(
            "[[tree]]\nname = \"bpf-next/net\"\n\
             deny-only = { classes = [\"core\"], unless = [\"networking\"], judge = \"push\" }\n",
            NET,
            |s| s.touch(&s.touch(&s.started(), "kernel/a.c"), "net/a.c"),
        ),
    ]
}

const MESSAGES: &str = "[[tree]]\nname = \"bpf-next/master\"\n\
    message = [{ in = \"subject\", require = \"^bpf:\", reason = \"say where\" }]\n";

/// A topic with these paths, brought by a merge that adds another.
fn merged(s: &Sandbox, paths: &[&str], added: Option<&str>) -> String {
    let base = s.started();
    let topic = paths
        .iter()
        .fold(base.clone(), |tip, path| s.touch(&tip, path));
    let merge = s.merge("Merge branch 'topic'", &[&base, &topic]);
    match added {
        Some(path) => merge.touch(path).make(),
        None => merge.make(),
    }
}

fn conflict_in_core(s: &Sandbox) -> String {
    let base = s.started();
    let write = |text: &str| {
        let draft = s.commit(format!("write {text}")).on(&base);
        draft.write("kernel/bpf/verifier.c", text).make()
    };
    let (ours, theirs) = (write("ours\n"), write("theirs\n"));
    s.seed(&ours, &["net", "master"]);
    s.seed(&theirs, &["refs/upstream/linus/main"]);
    let merge = s.merge("Merge tag 'v6.13'", &[&ours, &theirs]);
    merge.write("kernel/bpf/verifier.c", "both\n").make()
}

fn two_series(s: &Sandbox) -> String {
    let good = merged(s, &["kernel/a.c", "net/a.c"], None);
    let bad = s.touch(&s.touch(&good, "kernel/b.c"), "kernel/c.c");
    s.merge("Merge branch 'bad'", &[&good, &bad]).make()
}

fn thread(s: &Sandbox) -> String {
    let mut tip = s.started();
    for (number, path) in [(1, "kernel/a.c"), (2, "net/a.c")] {
        let link = format!("Link: https://lore.kernel.org/r/20240901-xdp-{number}-01@k.org");
        let draft = s
            .commit(format!("bpf: patch {number}\n\n{link}\n"))
            .on(&tip);
        tip = draft.touch(path).make();
    }
    tip
}

fn rewound(s: &Sandbox) -> String {
    let base = s.base();
    s.seed(&s.touch(&base, "kernel/a.c"), &["master", "for-next"]);
    s.touch(&base, "net/b.c")
}

fn from_upstream(s: &Sandbox) -> String {
    let ahead = s.touch(&s.started(), "net/a.c");
    s.seed(&ahead, &["refs/upstream/linus/main"]);
    ahead
}

/// Codes that refuse, and codes that warn.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    denied: BTreeSet<String>,
    warned: BTreeSet<String>,
}

/// What the hook said.
fn by_hook(report: &str) -> Said {
    let codes = |word: &str| {
        let marks = report.lines().filter_map(|line| line.strip_prefix(word));
        marks
            .filter_map(|rest| rest.split_once(']'))
            .map(|(code, _)| code.to_owned())
            .collect()
    };
    Said {
        denied: codes("error["),
        warned: codes("warning["),
    }
}

/// What the last line of an explanation says.
fn by_explain(text: &str) -> Said {
    let last = text.lines().last().unwrap();
    let (verdict, _) = last.split_once(" [policy ").unwrap();
    let codes = |word: &str| match verdict.split_once(word) {
        None => BTreeSet::new(),
        Some((_, rest)) => {
            let codes = rest.split(';').next().unwrap();
            codes.split(", ").map(str::to_owned).collect()
        }
    };
    Said {
        denied: codes("refuses it: "),
        warned: codes("warns: "),
    }
}

/// Each commit that the push could bring is explained, and together they break what the hook says
/// that the push breaks.
#[test]
fn a_push_is_refused_for_what_explain_says_of_its_commits() {
    let s = &Sandbox::new(Format::Sha256Files);
    for (at, case) in cases().iter().enumerate() {
        reset(s);
        s.over_preset(case.policy);
        let new = (case.make)(s);
        // The client sees the refs that the server has.
        let server = s.server().to_str().unwrap().to_owned();
        s.git(&["fetch", "-q", &server, "+refs/*:refs/*"]);
        let old = s.at_ref(case.name);
        let policy = format!("--policy={}", s.folder().join("policy.toml").display());
        let of = |commit: &str, more: &[&str]| {
            let arguments = [&[commit, "--tree", case.tree, &policy], more].concat();
            let (status, text) = explained(s, &arguments);
            let said = by_explain(&text);
            let refused = i32::from(!said.denied.is_empty());
            assert_eq!(status, Some(refused), "case {at}:\n{text}");
            said
        };
        let range = match &old {
            Some(old) => format!("--in={old}..{new}"),
            None => format!("--in={new}"),
        };
        let mut together = Said::default();
        for commit in s.git(&["rev-list", &new]).lines() {
            let said = of(commit, &[&range]);
            together.denied.extend(said.denied);
            together.warned.extend(said.warned);
        }
        let tip = of(&new, &[]);
        assert!(tip.denied.is_subset(&together.denied), "case {at}");
        let pushed = s.push(&new, case.name);
        assert_eq!(
            by_hook(&pushed.said()),
            together,
            "case {at}:\n{}",
            pushed.said()
        );
        match together.denied.is_empty() {
            true => pushed.accepted(),
            false => pushed.refused(),
        };
    }
}

/// All refs of a tree count for a real push; `--in` looks at one.
#[test]
fn what_another_ref_of_the_tree_holds_is_free_for_both() {
    everywhere(|s| {
        let base = s.base();
        let there = s.touch(&base, "net/a.c");
        s.seed(&base, &["master"]);
        s.seed(&there, &["bpf-next/master"]);
        let server = s.server().to_str().unwrap().to_owned();
        s.git(&["fetch", "-q", &server, "+refs/*:refs/*"]);
        let arguments = [&there, "--tree=bpf-next/master", super::PRESET];
        let (status, said) = explained(s, &arguments);
        assert_eq!(status, Some(0), "{said}");
        s.push(&there, "master").clean();
    });
}

/// Takes all refs away, on both sides.
fn reset(s: &Sandbox) {
    for name in s.refs().keys() {
        s.on_server(&["update-ref", "-d", name]);
    }
    for name in s.git(&["for-each-ref", "--format=%(refname)"]).lines() {
        s.git(&["update-ref", "-d", name]);
    }
}
