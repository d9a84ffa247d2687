//! The main messages, whole, as a pusher sees them. Dates and names are fixed, so the commits'
//! names are too; SHA-1 alone, since the other format differs in nothing but those.

use insta::assert_snapshot;

use crate::support::{Format, Sandbox};

fn sandbox() -> Sandbox {
    Sandbox::new(Format::Sha1Files)
}

/// What the hook said, without what differs from run to run: where the sandbox is, and the
/// policy's digest, which changes with every word of the preset.
fn told(s: &Sandbox, said: &str) -> String {
    let said = said.replace(s.folder().to_str().unwrap(), "<sandbox>");
    let lines = said.lines().map(|line| match line.rsplit_once(' ') {
        Some((before, _)) if line.starts_with("treewarden: ") && line.ends_with(']') => {
            format!("{before} <digest>]\n")
        }
        _ => format!("{line}\n"),
    });
    lines.map(without_preset_line).collect()
}

/// The preset grows: where in it a pattern stands is nothing to hold on to.
fn without_preset_line(line: String) -> String {
    let mark = "preset:bpf-next:";
    let Some(at) = line.find(mark) else {
        return line;
    };
    let (before, after) = line.split_at(at + mark.len());
    let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}<line>{after}")
}

/// Refused: every upstream has a ref, so that none is noted as absent.
fn refused(s: &Sandbox, commit: &str, name: &str) -> String {
    told(s, &s.push(commit, name).refused().said())
}

fn started(s: &Sandbox) -> String {
    let base = s.base();
    let upstreams = ["linus", "bpf", "net-next"].map(|name| format!("refs/upstream/{name}/main"));
    let names: Vec<&str> = upstreams.iter().map(|name| &**name).collect();
    s.seed(&base, &[&["master", "net"], &*names].concat());
    base
}

#[test]
fn a_denied_path() {
    let s = &sandbox();
    let base = started(s);
    let draft = s.commit("xdp: count drops\n\nSome words.\n").on(&base);
    let bad = draft.touch("net/core/dev.c").touch("net/core/xdp.c").make();
    assert_snapshot!(refused(s, &bad, "master"));
}

#[test]
fn a_mixed_commit() {
    let s = &sandbox();
    let base = started(s);
    let draft = s.commit("bpf: add a hook for drops").on(&base);
    let draft = draft.touch("kernel/bpf/core.c").touch("net/core/dev.c");
    let bad = draft.touch("tools/lib/bpf/libbpf.c").make();
    assert_snapshot!(refused(s, &bad, "master"));
}

#[test]
fn a_core_series_on_net() {
    let s = &sandbox();
    let base = started(s);
    let one = s
        .commit("bpf: prepare")
        .on(&base)
        .touch("kernel/bpf/btf.c")
        .make();
    let two = s
        .commit("bpf: finish")
        .on(&one)
        .touch("kernel/bpf/core.c")
        .make();
    let merge = s.merge("Merge branch 'btf-tags'", &[&base, &two]).make();
    assert_snapshot!(refused(s, &merge, "net"));
}

#[test]
fn an_edit_by_a_merge() {
    let s = &sandbox();
    let base = started(s);
    let one = s.touch(&base, "kernel/bpf/a.c");
    let two = s.touch(&base, "kernel/bpf/b.c");
    let evil = s
        .merge("Merge branch 'a'", &[&one, &two])
        .touch("net/core/dev.c");
    assert_snapshot!(refused(s, &evil.make(), "master"));
}

#[test]
fn a_rewind() {
    let s = &sandbox();
    let base = started(s);
    s.seed(&s.touch(&base, "kernel/a.c"), &["master"]);
    assert_snapshot!(refused(s, &s.touch(&base, "kernel/b.c"), "master"));
}

#[test]
fn too_much() {
    let s = &sandbox();
    let base = started(s);
    s.over_preset("[budget]\ncommits = 2\n");
    let tip = s.line(&base, 3, |at| format!("kernel/f{at}.c"));
    assert_snapshot!(refused(s, &tip, "master"));
}

#[test]
fn a_new_tree_with_a_history() {
    let s = &sandbox();
    let base = s.base();
    assert_snapshot!(refused(s, &base, "master"));
}

#[test]
fn a_faulty_policy() {
    let s = &sandbox();
    let base = started(s);
    s.over_preset("");
    let text = "version = 1\ndefualt = \"deny\"\n[[tree]]\nname = \"m\"\nrefs = [\"heads/m\"]\n";
    std::fs::write(s.folder().join("policy.toml"), text).unwrap();
    assert_snapshot!(refused(s, &s.touch(&base, "kernel/a.c"), "master"));
}

#[test]
fn a_bad_update() {
    let s = &sandbox();
    let base = started(s);
    s.symref("refs/heads/alias", "refs/heads/master");
    assert_snapshot!(refused(s, &s.touch(&base, "kernel/a.c"), "alias"));
}

#[test]
fn what_is_accepted() {
    let s = &sandbox();
    let base = started(s);
    let good = s.touch(&base, "kernel/a.c");
    assert_snapshot!(told(s, &s.push(&good, "master").clean().said()));
}
