//! pre-push: the server's verdict on the pusher's machine, before anything is sent.

mod asked;
mod by_hand;
mod cut_histories;
mod out_of_date;
mod partial;
mod places;
mod policies;
mod refspecs;
mod remotes;
mod same_verdict;
mod shallow;

use crate::support::{Format, Local, Sandbox, everywhere};

/// A server with a base and its upstreams, a clone of it, and a commit that each rule refuses:
/// networking on master, core on net.
struct Scene<'s> {
    local: Local<'s>,
    base: String,
    networking: String,
    core: String,
}

impl<'s> Scene<'s> {
    fn of(s: &'s Sandbox) -> Self {
        let base = s.started_with_upstreams();
        let local = s.local();
        let networking = s.touch(&base, "net/core/dev.c");
        let core = s.touch(&base, "kernel/bpf/core.c");
        local.take(&networking).take(&core);
        Self {
            local,
            base,
            networking,
            core,
        }
    }
}

fn on_server(s: &Sandbox, object: &str) -> bool {
    let mut command = s.git_in(s.server());
    let asked = command.args(["cat-file", "-e", object]).output().unwrap();
    asked.status.success()
}

#[test]
fn a_push_is_refused_before_anything_is_sent() {
    everywhere(|s| {
        let scene = Scene::of(s);
        for (commit, name, code) in [
            (&scene.networking, "master", "denied-path"),
            (&scene.core, "net", "only-denied-paths"),
        ] {
            scene.local.push(commit, name).rejected(code).ran(1);
            assert!(!on_server(s, commit));
        }
    });
}

#[test]
fn what_is_right_lands() {
    everywhere(|s| {
        let scene = Scene::of(s);
        let (networking, core) = (&*scene.networking, &*scene.core);
        let updates = [(core, "master"), (networking, "net")];
        let pushed = scene.local.push_all(&updates);
        pushed.clean().moved(&updates).ran(1);
        pushed.judged("bpf-next/master", 1);
        pushed.judged("bpf-next/net", 1);
        assert_eq!(pushed.as_servers(), pushed.servers());
    });
}

/// The same words from the same engine, to the last line.
#[test]
fn what_is_said_is_what_the_server_would_say() {
    everywhere(|s| {
        let Scene { local, base, .. } = Scene::of(s);
        let both = s
            .commit("both\x1b[31m")
            .on(&base)
            .touch("net/core/dev.c")
            .touch("kernel/bpf/core.c")
            .make();
        let core = s.line(&both, 3, |at| format!("kernel/f{at}.c"));
        for updates in [
            &[(&*both, "master")][..],
            &[(&core, "net")],
            &[(&core, "master"), (&core, "net")],
            &[(&both, "refs/heads/bpf-next/master")],
            &[("", "net"), (&both, "master")],
            &[(&both, "refs/upstream/linus/master")],
        ] {
            let ours = local.push_all(updates);
            ours.unsent();
            let servers = local.push_to("--no-verify origin", updates);
            servers.ran(0).silent();
            assert!(servers.servers().contains("treewarden: refused"));
            assert_eq!(ours.as_servers(), servers.servers());
        }
    });
}

#[test]
fn what_no_tree_governs_goes_by_in_silence() {
    everywhere(|s| {
        let scene = Scene::of(s);
        let networking = &*scene.networking;
        let updates = [(networking, "topic"), (networking, "refs/tags/x")];
        scene.local.push_all(&updates).silent().ran(1);
        assert!(on_server(s, networking));
        s.over_preset("default = \"deny\"\n");
        scene.local.guard("origin");
        let other = scene.local.push(networking, "other");
        other.rejected("ungoverned-ref");
    });
}

#[test]
fn without_verification_the_server_judges() {
    everywhere(|s| {
        let scene = Scene::of(s);
        let updates = [(&*scene.networking, "master")];
        let pushed = scene.local.push_to("--no-verify origin", &updates);
        pushed.ran(0).silent().rejected_by_server("denied-path");
    });
}

/// One that is refused keeps all others here.
#[test]
fn of_several_refs_none_is_sent_where_one_is_refused() {
    everywhere(|s| {
        let scene = Scene::of(s);
        let (networking, core) = (&*scene.networking, &*scene.core);
        let updates = [(networking, "net"), (core, "topic"), (networking, "master")];
        for to in ["origin", "--atomic origin"] {
            scene.local.push_to(to, &updates).rejected("denied-path");
            assert!(!on_server(s, networking) && !on_server(s, core));
        }
    });
}

/// The one that is wrong is the one deepest down.
#[test]
fn three_thousand_commits_of_which_the_first_is_wrong() {
    for format in [Format::Sha1Files, Format::Sha256Files] {
        let s = &Sandbox::new(format);
        let Scene {
            local, networking, ..
        } = Scene::of(s);
        let tip = s.line(&networking, 3_000, |at| format!("kernel/f{}.c", at % 100));
        let refused = local.push(&tip, "master");
        refused.rejected("denied-path");
        refused.judged("bpf-next/master", 3_001);
        refused.says(&networking[..12]);
        assert!(!on_server(s, &networking));
    }
}
