//! What is pushed, and how it is written on the command line.

use super::{Scene, on_server};
use crate::support::{Format, LocalPush, Sandbox, everywhere};

/// The source is free text: spaces, signs and all of it.
#[test]
fn every_way_to_name_a_source() {
    let s = &Sandbox::new(Format::Sha1Files);
    let Scene {
        local, networking, ..
    } = Scene::of(s);
    let spaced = s.commit("net: a fix with spaces").on(&networking);
    let tip = spaced.touch("net/core/dev.c").make();
    local.take(&tip);
    local.git(&[
        "checkout",
        "-q",
        "-b",
        "work in-progress".replace(' ', "-").as_str(),
        &tip,
    ]);
    local.git(&["tag", "-a", "-m", "tagged", "v1"]);
    local.git(&["branch", "-f", "master", &tip]);
    let zero_abbreviated = &tip[..10];
    for source in [
        "HEAD",
        "@",
        "HEAD^{/a fix with spaces}",
        ":/net: a fix with",
        "work-in-progress",
        "refs/heads/work-in-progress",
        "v1",
        "refs/tags/v1",
        "v1^{commit}",
        "HEAD~1^0",
        &tip,
        zero_abbreviated,
    ] {
        let refused = local.push_as(&["origin", &format!("{source}:refs/heads/master")]);
        refused.rejected("denied-path").ran(1);
    }
    for words in [
        &["origin", "master"][..],
        &["origin", "+master"],
        &["origin", "refs/heads/master"],
    ] {
        local.push_as(words).rejected("denied-path").ran(1);
    }
    assert!(!on_server(s, &networking));
}

#[test]
fn a_tag_object_on_a_tree_is_judged_by_its_commit() {
    let s = &Sandbox::new(Format::Sha1Files);
    let Scene {
        local,
        networking,
        core,
        ..
    } = Scene::of(s);
    for (commit, tag) in [(&networking, "bad"), (&core, "good")] {
        local.git(&["tag", "-a", "-m", tag, tag, commit]);
    }
    local
        .push_as(&["origin", "bad:refs/heads/bpf-next/master"])
        .rejected("denied-path");
    // git keeps tags off branches: both hooks let them by.
    let good = local.push_as(&["origin", "good:refs/heads/bpf-next/master"]);
    good.clean().judged("bpf-next/master", 1).ran(1);
}

#[test]
fn what_is_no_commit_is_refused() {
    everywhere(|s| {
        let Scene { local, base, .. } = Scene::of(s);
        for source in [format!("{base}:Makefile"), format!("{base}^{{tree}}")] {
            let oid = local.git(&["rev-parse", &source]);
            let refspec = format!("{oid}:refs/heads/bpf-next/master");
            let refused = local.push_as(&["origin", &refspec]);
            refused.rejected("bad-update").says("this is none");
        }
    });
}

#[test]
fn deletions() {
    everywhere(|s| {
        let Scene { local, base, .. } = Scene::of(s);
        s.seed(&base, &["topic"]);
        for words in [
            &["origin", ":master"][..],
            &["origin", "--delete", "master"],
            &["origin", ":topic", ":refs/heads/net"],
        ] {
            local.push_as(words).rejected("ref-deleted");
        }
        local
            .push_as(&["origin", ":topic"])
            .silent()
            .moved(&[("", "topic")]);
        // git sends the deletion of what isn't there, and so both sides see two zeros.
        let absent = ["origin", ":refs/heads/absent"];
        local.push_as(&absent).rejected("bad-update");
        local
            .push_as(&["--no-verify", absent[0], absent[1]])
            .rejected_by_server("bad-update");
        local
            .push_as(&["--prune", "origin", "refs/heads/*"])
            .rejected("ref-deleted");
        s.over_preset("[[tree]]\nname = \"bpf-next/net\"\ndelete = true\n");
        local.guard("origin");
        local
            .push_as(&["origin", ":net"])
            .clean()
            .moved(&[("", "net")]);
    });
}

#[test]
fn a_rewind_by_force() {
    everywhere(|s| {
        let Scene {
            local, core, base, ..
        } = Scene::of(s);
        local.push(&core, "master").clean();
        let other = s.touch(&base, "mm/slab.c");
        local.take(&other);
        for words in [
            ["--force", "origin", &format!("{other}:master")],
            ["--force-with-lease", "origin", &format!("{other}:master")],
            ["--force-if-includes", "origin", &format!("+{base}:master")],
        ] {
            let refused = local.push_as(&words);
            refused.rejected("ref-rewound").ran(1);
        }
        // Without force it is git that refuses, and no hook is asked about the ref.
        local
            .push_as(&["origin", &format!("{other}:master")])
            .silent()
            .unsent();
        // Made to be rewound: for-next.
        local.push(&core, "for-next").clean();
        let forced = local.push_to("--force origin", &[(&other, "for-next")]);
        forced.clean().moved(&[(&other, "for-next")]);
    });
}

#[test]
fn nothing_to_push_is_nothing_to_say() {
    let s = &Sandbox::new(Format::Sha1Files);
    let Scene { local, base, .. } = Scene::of(s);
    local.git(&["checkout", "-q", "-B", "master", &base]);
    let nothing = local.push_as(&["origin", "master"]);
    nothing.silent().moved(&[]);
    assert!(nothing.all().contains("Everything up-to-date"));
}

/// What a branch is called here says nothing: where it goes does.
#[test]
fn all_matching_and_configured() {
    let s = &Sandbox::new(Format::Sha1Files);
    let Scene {
        local,
        base,
        networking,
        core,
    } = Scene::of(s);
    let branch = |name: &str, commit: &str| drop(local.git(&["branch", "-f", name, commit]));
    local.git(&["checkout", "-q", "--detach", &base]);
    branch("master", &core);
    branch("net", &networking);
    branch("mine", &networking);
    let good = [(&*core, "master"), (&*networking, "net")];
    let also = [good[0], good[1], (&*networking, "mine")];
    branch("net", &core);
    for words in [
        &["--all", "origin"][..],
        &["origin", ":"],
        &["origin", "refs/heads/*"],
    ] {
        local.push_as(words).rejected("only-denied-paths").ran(1);
    }
    local.git(&["config", "push.default", "matching"]);
    local.push_as(&["origin"]).rejected("only-denied-paths");
    local.git(&[
        "config",
        "remote.origin.push",
        "refs/heads/mine:refs/heads/master",
    ]);
    local.push_as(&["origin"]).rejected("denied-path");
    local.git(&["config", "--unset", "remote.origin.push"]);
    branch("net", &networking);
    let dry = local.push_as(&["--dry-run", "--all", "origin"]);
    dry.clean().ran(1).moved(&[]);
    local.push_as(&["origin"]).clean().moved(&good);
    s.seed(&base, &["master", "net"]);
    local.push_as(&["--all", "origin"]).clean().moved(&also);
}

#[test]
fn tags_are_nobodys_tree() {
    let s = &Sandbox::new(Format::Sha1Files);
    let Scene {
        local, networking, ..
    } = Scene::of(s);
    local.git(&["tag", "light", &networking]);
    local.git(&["tag", "-a", "-m", "heavy", "heavy", &networking]);
    let pushed = local.push_as(&["--tags", "origin"]);
    pushed.silent().ran(1);
    assert_eq!(s.at_ref("refs/tags/light").unwrap(), networking);
    let followed = local.push_as(&["--follow-tags", "origin", &format!("{networking}:master")]);
    followed.rejected("denied-path");
}

fn mirror<'s>(scene: &Scene<'s>) -> LocalPush<'s> {
    scene.local.push_as(&["--mirror", "origin"])
}

/// A mirror pushes all that is here, what was fetched included. It deletes the rest, of which git
/// tells pre-push nothing.
#[test]
fn a_mirror() {
    everywhere(|s| {
        let scene = Scene::of(s);
        let (local, base) = (&scene.local, &scene.base);
        s.on_server(&["symbolic-ref", "HEAD", "refs/heads/master"]);
        local.git(&["checkout", "-q", "-B", "master", base]);
        // No branch of that name here.
        mirror(&scene).ran(1).rejected_by_server("ref-deleted");
        local.git(&["branch", "net", base]);
        // The upstreams are here as they are there, so nothing is pushed to them.
        let passed = mirror(&scene);
        passed.silent().ran(1);
        assert_eq!(s.at_ref("refs/remotes/origin/net").as_ref(), Some(base));
        local.git(&["update-ref", "refs/upstream/linus/master", &scene.core]);
        mirror(&scene).rejected("upstream-ref-pushed");
        local.git(&["update-ref", "refs/upstream/linus/master", base]);
        local.git(&["branch", "-f", "net", &scene.core]);
        mirror(&scene).rejected("only-denied-paths");
        local.git(&["branch", "-f", "net", base]);
        s.over_preset("default = \"deny\"\n");
        local.guard("origin");
        local.git(&["update-ref", "refs/remotes/origin/more", base]);
        let refused = mirror(&scene);
        refused
            .rejected("ungoverned-ref")
            .says("refs/remotes/origin/more");
    });
}

#[test]
fn a_replace_ref_is_refused() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let name = format!("refs/replace/{}", scene.networking);
    scene.local.push(&scene.core, &name).rejected("replace-ref");
    // One that is only here misleads nobody: git sends what is replaced.
    scene.local.git(&["update-ref", &name, &scene.core]);
    let refspec = format!("{}:refs/heads/master", scene.networking);
    scene
        .local
        .push_as(&["origin", &refspec])
        .rejected("denied-path");
}
