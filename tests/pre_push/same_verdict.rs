//! Of a clone that has everything, pre-push says what the server's hook says: every finding, word
//! for word, and the verdict.

use std::collections::BTreeMap;

use super::Scene;
use crate::support::{Format, Local, LocalPush, Sandbox};

/// A push: what it is, what goes where, and the rules that it breaks.
struct Case {
    what: &'static str,
    updates: Vec<(String, &'static str)>,
    breaks: &'static [&'static str],
}

fn case(
    what: &'static str,
    updates: &[(&str, &'static str)],
    breaks: &'static [&'static str],
) -> Case {
    let owned = updates
        .iter()
        .map(|(commit, name)| ((*commit).to_owned(), *name));
    Case {
        what,
        updates: owned.collect(),
        breaks,
    }
}

const POLICY: &str = r#"
default = "deny"
[budget]
commits = 200
[[tree]]
name = "bpf-next/net"
create = false
[[tree]]
name = "bpf-next/master"
[[tree.message]]
forbid = "(?i)^wip"
in = "subject"
reason = "not ready"
[[tree]]
name = "wary"
refs = ["refs/heads/wary"]
enforce = "warn"
deny = ["networking"]
"#;

/// Commits of every kind, on the tips of master and net.
fn table(s: &Sandbox, scene: &Scene<'_>) -> Vec<Case> {
    let base = &*scene.base;
    let (core, networking) = (&*scene.core, &*scene.networking);
    let on = |parent: &str, path: &str| s.touch(parent, path);
    let draft = |parent: &str, subject: &str| s.commit(subject).on(parent);
    let both = draft(base, "both").touch("net/a.c").touch("mm/a.c").make();
    let renamed = draft(base, "away")
        .rename("net/core/dev.c", "kernel/dev.c")
        .make();
    let removed = draft(base, "gone").delete("net/core/dev.c").make();
    let linked = draft(base, "link").link("net/link", "elsewhere").make();
    let gitlink = draft(base, "module").gitlink("net/module", core).make();
    let reverted = draft(networking, "Revert")
        .write("net/core/dev.c", "int dev;\n")
        .make();
    let wip = draft(base, "WIP: mm").touch("mm/a.c").make();
    let neutral = on(base, "Documentation/a.rst");
    let series = on(&on(base, "kernel/bpf/btf.c"), "net/core/sock.c");
    let merged = s.merge("Merge series", &[base, &series]).make();
    let clean = s.merge("Merge", &[core, &on(base, "mm/b.c")]).make();
    let evil = s
        .merge("Evil merge", &[core, &on(base, "mm/c.c")])
        .write("net/core/dev.c", "int evil;\n")
        .make();
    let octopus = s
        .merge("Octopus", &[core, &on(base, "mm/d.c"), &on(base, "mm/e.c")])
        .make();
    let net_merge = s.merge("Merge net", &[core, networking]).make();
    let line = s.line(base, 30, |at| format!("net/f{at}.c"));
    let long = s.line(base, 201, |at| format!("mm/f{}.c", at % 7));
    let root = s.commit("another root").write("mm/root.c", "").make();
    let rooted = draft(base, "Merge root")
        .on(&root)
        .write("mm/root.c", "")
        .make();
    let tag = s.git(&["rev-parse", "refs/tags/tagged"]);
    let blob = s.git(&["rev-parse", &format!("{base}:Makefile")]);
    let upstream = on(base, "net/upstream.c");
    s.seed(&upstream, &["refs/upstream/bpf/master"]);
    let pulled = s.merge("Merge bpf", &[core, &upstream]).make();
    vec![
        case("core", &[(core, "master")], &[]),
        case("networking", &[(networking, "master")], &["denied-path"]),
        case("networking on net", &[(networking, "net")], &[]),
        case("core on net", &[(core, "net")], &["only-denied-paths"]),
        case("both", &[(&both, "master")], &["denied-path"]),
        case("both on net", &[(&both, "net")], &[]),
        case("renamed", &[(&renamed, "master")], &["denied-path"]),
        case("removed", &[(&removed, "master")], &["denied-path"]),
        case("linked", &[(&linked, "master")], &["denied-path"]),
        case("gitlink", &[(&gitlink, "master")], &["denied-path"]),
        case("reverted", &[(&reverted, "master")], &["denied-path"]),
        case("message", &[(&wip, "master")], &["message-pattern"]),
        case("neutral", &[(&neutral, "net"), (&neutral, "master")], &[]),
        case("patches", &[(&series, "net")], &["only-denied-paths"]),
        case("series", &[(&merged, "net")], &[]),
        case("clean merge", &[(&clean, "master")], &[]),
        case("evil merge", &[(&evil, "master")], &["denied-path"]),
        case("octopus", &[(&octopus, "master")], &[]),
        case("merge of net", &[(&net_merge, "master")], &["denied-path"]),
        case("merge of upstream", &[(&pulled, "master")], &[]),
        case("upstream", &[(&upstream, "master")], &[]),
        case("upstream on net", &[(&upstream, "net")], &[]),
        case("many", &[(&line, "master")], &["denied-path"]),
        case("too many", &[(&long, "master")], &["too-much"]),
        case("another root", &[(&rooted, "master")], &[]),
        case("only the root", &[(&root, "master")], &["ref-rewound"]),
        case("deleted", &[("", "master")], &["ref-deleted"]),
        case("deleted free", &[("", "topic")], &["ungoverned-ref"]),
        case("rewound", &[(base, "for-next")], &[]),
        case(
            "rewound net",
            &[(&root, "net")],
            &["only-denied-paths", "ref-rewound"],
        ),
        case("created", &[(networking, "bpf-next/net")], &["ref-created"]),
        case("created master", &[(base, "bpf-next/master")], &[]),
        case(
            "renamed ref",
            &[("", "master"), (base, "bpf-next/master")],
            &["ref-deleted"],
        ),
        case("free", &[(core, "other")], &["ungoverned-ref"]),
        case(
            "upstream ref",
            &[(core, "refs/upstream/bpf/x")],
            &["upstream-ref-pushed"],
        ),
        case("replace", &[(core, "refs/replace/0")], &["replace-ref"]),
        case("twin", &[(core, "MASTER")], &["bad-update"]),
        case(
            "namespace",
            &[(core, "refs/namespaces/n/refs/heads/master")],
            &["bad-update"],
        ),
        case("tag", &[(&tag, "bpf-next/master")], &["denied-path"]),
        case("blob", &[(&blob, "bpf-next/master")], &["bad-update"]),
        case("warned", &[(networking, "wary")], &["denied-path"]),
        case(
            "several",
            &[(networking, "master"), (core, "net"), (&wip, "other")],
            &["denied-path", "only-denied-paths", "ungoverned-ref"],
        ),
        case(
            "some",
            &[(core, "master"), (core, "net")],
            &["only-denied-paths"],
        ),
    ]
}

#[test]
fn of_every_kind_of_push() {
    for format in [Format::Sha1Files, Format::Sha256Files] {
        let s = &Sandbox::new(format);
        let scene = Scene::of(s);
        s.over_preset(POLICY);
        scene.local.guard("origin");
        s.git(&["tag", "-a", "-m", "tagged", "tagged", &scene.networking]);
        s.seed(&scene.core, &["for-next"]);
        s.seed(&scene.base, &["topic"]);
        let table = table(s, &scene);
        let local = &scene.local;
        local.git(&["fetch", "-q", "origin"]);
        let standing = s.refs();
        for case in &table {
            eprintln!("{}", case.what);
            compare(local, case);
            restore(s, &standing);
            local.git(&["fetch", "-q", "--prune", "origin"]);
        }
    }
}

fn compare(local: &Local<'_>, case: &Case) {
    let updates: Vec<(&str, &str)> = case
        .updates
        .iter()
        .map(|(commit, name)| (commit.as_str(), *name))
        .collect();
    let ours = local.push_to("--force origin", &updates);
    let denied = ours.ours().contains("error[");
    let servers = if denied {
        ours.unsent();
        let servers = local.push_to("--no-verify --force origin", &updates);
        assert!(servers.servers().contains("treewarden: refused"));
        servers.servers()
    } else {
        ours.moved(&updates);
        ours.servers()
    };
    assert_eq!(ours.as_servers(), servers);
    assert_eq!(codes(&ours), case.breaks);
}

/// The codes of all findings, each once.
fn codes(push: &LocalPush<'_>) -> Vec<String> {
    let text = push.ours();
    let heads = text
        .lines()
        .filter(|line| line.starts_with("error[") || line.starts_with("warning["));
    let code = |line: &str| {
        let (_, rest) = line.split_once('[').unwrap();
        rest.split_once(']').unwrap().0.to_owned()
    };
    let all: std::collections::BTreeSet<String> = heads.map(code).collect();
    all.into_iter().collect()
}

/// Puts the server's refs back to where they were.
fn restore(s: &Sandbox, standing: &BTreeMap<String, String>) {
    for name in s.refs().keys().filter(|name| !standing.contains_key(*name)) {
        s.on_server(&["update-ref", "-d", name]);
    }
    for (name, value) in standing {
        s.on_server(&["update-ref", name, value]);
    }
}
