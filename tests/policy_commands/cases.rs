//! `policy test`: what cases come to, and that pushes come to the same.

use treewarden::policy::{self, Expect, Source};

use super::{on, policy};
use crate::support::{Format, Sandbox};

/// A policy with a tree `t` that has these keys, and these cases: the keys of each.
fn with(tree: &str, cases: &[&str]) -> String {
    let mut text = format!(
        "[[path-class]]\nname = 'net'\npaths = ['net/']\n\
         [[path-class]]\nname = 'core'\npaths = ['kernel/']\n\
         [[tree]]\nname = 't'\nrefs = ['refs/heads/t']\n{tree}\n"
    );
    for (at, case) in cases.iter().enumerate() {
        text += &format!("[[case]]\nname = 'case {at}'\ntree = 't'\n{case}\n");
    }
    text
}

/// Which of the cases hold, by their keys.
fn holding<'c>(s: &Sandbox, tree: &str, cases: &[&'c str]) -> Vec<&'c str> {
    let answer = on(s, "test", &with(tree, cases));
    let ok = |at: &usize| answer.stdout.contains(&format!("ok      case {at}\n"));
    let failed = (0..cases.len()).filter(|at| !ok(at)).count();
    assert_eq!(
        answer.status,
        Some(i32::from(failed > 0)),
        "{}",
        answer.stderr
    );
    let failures = answer.stdout.matches("FAILED  case ").count();
    assert_eq!(failures, failed, "{}", answer.stdout);
    (0..cases.len()).filter(ok).map(|at| cases[at]).collect()
}

#[test]
fn a_case_that_fails_shows_what_was_found_instead() {
    let s = &Sandbox::new(Format::Sha1Files);
    let text = with(
        "deny = ['net']",
        &[
            "paths = ['net/a.c', 'kernel/a.c', 'Makefile']\nexpect = 'accept'",
            "paths = ['kernel/a.c']\nexpect = 'denied-path'",
            "paths = ['net/a.c']\nexpect = 'denied-path'",
        ],
    );
    on(s, "test", &text)
        .ended(
            1,
            &[
                "FAILED  case 0",
                "  --> p.toml:12 (tree t)",
                "   |     net/a.c  [net: `net/` at p.toml:4]",
                "   |     kernel/a.c  [core: `kernel/` at p.toml:7]",
                "   |     Makefile  [none]",
                "   = expected: accept",
                "   = found:    denied-path: deny = ['net'] (p.toml:11)",
                "FAILED  case 1",
                "  --> p.toml:17 (tree t)",
                "   |     kernel/a.c  [core: `kernel/` at p.toml:7]",
                "   = expected: denied-path",
                "   = found:    nothing",
                "ok      case 2",
            ],
        )
        .ended(1, &["treewarden: 3 cases, 2 FAILED [policy p.toml "]);
}

#[test]
fn cases_that_hold_end_in_0_and_so_do_none() {
    let s = &Sandbox::new(Format::Sha1Files);
    let text = with(
        "deny = ['net']",
        &["paths = ['net']\nexpect = 'denied-path'"],
    );
    on(s, "test", &text).ended(0, &["ok      case 0", "treewarden: 1 case, all ok "]);
    on(s, "test", &with("", &[])).ended(0, &["treewarden: no cases "]);
}

#[test]
fn a_warning_counts_and_what_is_off_does_not() {
    let s = &Sandbox::new(Format::Sha1Files);
    let denied = "paths = ['net/a.c']\nexpect = 'denied-path'";
    let accepted = "paths = ['net/a.c']\nexpect = 'accept'";
    for (keys, holds) in [
        ("enforce = 'warn'", denied),
        ("severity = { denied-path = 'warn' }", denied),
        ("enforce = 'off'", accepted),
    ] {
        let tree = format!("deny = ['net']\n{keys}");
        assert_eq!(holding(s, &tree, &[denied, accepted]), [holds], "{keys}");
    }
    on(
        s,
        "test",
        &with("deny = ['net']\nenforce = 'warn'", &[accepted]),
    )
    .ended(1, &["   = found:    denied-path, which only warns: deny"]);
}

#[test]
fn messages_are_asked_for_where_the_case_has_one() {
    let s = &Sandbox::new(Format::Sha1Files);
    let tree = "message = [{ in = 'subject', require = '^net: ', reason = 'r' }]";
    let cases = [
        "paths = ['net/a.c']\nexpect = 'accept'",
        "message = 'net: x'\nexpect = 'accept'",
        "message = 'x'\nexpect = 'message-pattern'",
        "message = 'x'\npaths = ['net/a.c']\nexpect = 'message-pattern'",
        "message = 'x'\nmerge = true\nexpect = 'accept'",
    ];
    assert_eq!(holding(s, tree, &cases), cases);
    let tree = format!("{}, merges = true }}]", tree.strip_suffix(" }]").unwrap());
    assert_eq!(holding(s, &tree, &cases), cases[..4]);
    // Whatever else is found: both of these are.
    let both = "message = 'x'\npaths = ['net/a.c']\nexpect = ";
    let both = ["message-pattern", "denied-path"].map(|code| format!("{both}'{code}'"));
    let both = [both[0].as_str(), both[1].as_str()];
    assert_eq!(holding(s, &format!("{tree}\ndeny = ['net']"), &both), both);
}

#[test]
fn a_merge_adds_its_paths() {
    let s = &Sandbox::new(Format::Sha1Files);
    let tree = "deny-only = { classes = ['core'], unless = ['net'] }";
    let paths = "paths = ['kernel/a.c', 'net/a.c']\n";
    let plain = format!("{paths}expect = 'accept'");
    let merge = format!("{paths}merge = true\nexpect = 'only-denied-paths'");
    let cases = [plain.as_str(), merge.as_str()];
    assert_eq!(holding(s, tree, &cases), cases);
    let denied = "paths = ['net/a.c']\nmerge = true\nexpect = 'denied-path'";
    assert_eq!(holding(s, "deny = ['net']", &[denied]), [denied]);
}

#[test]
fn no_name_acts_on_a_terminal() {
    let s = &Sandbox::new(Format::Sha1Files);
    let text = with("", &["message = 'x'\nexpect = 'denied-path'"]);
    let text = text.replace("'case 0'", "\"a\\u202eb\"");
    on(s, "test", &text).ended(1, &["FAILED  a\\u{202e}b"]);
}

/// The preset's cases as real pushes: what they expect is what the hook says.
#[test]
fn pushes_come_to_what_the_presets_cases_expect() {
    let s = &Sandbox::new(Format::Sha1Files);
    policy(s, &["test", "preset:bpf-next"]).ended(0, &["all ok [policy preset:bpf-next "]);
    let preset = policy::load(&Source::Preset("bpf-next".into()), None).unwrap();
    let base = s.base();
    let refs = |tree: usize| {
        let all = preset.trees[tree].literal_refs();
        all.last().unwrap().to_owned()
    };
    for tree in 0..preset.trees.len() {
        s.seed(&base, &[&refs(tree)]);
    }
    assert!(preset.cases.len() >= 12);
    for case in &preset.cases {
        let side = s.commit("a side without paths").on(&base).make();
        let mut draft = match case.merge {
            false => s
                .commit(case.message.as_deref().unwrap_or("a case"))
                .on(&base),
            true => s.merge("a case", &[&base, &side]),
        };
        for path in &case.paths {
            draft = draft.touch(path);
        }
        let commit = draft.make();
        let name = refs(case.tree);
        let pushed = s.push(&commit, &name);
        match case.expect {
            Expect::Nothing => pushed.clean(),
            Expect::Finding(code) => pushed.rejected(code.name()),
        };
        s.seed(&base, &[&name]);
    }
}
