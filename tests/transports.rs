//! The same answers whichever way a push comes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::support::{Format, HttpServer, Sandbox, everywhere};

/// What a server is for: both rules, both ways, and what was right lands.
fn main_scenarios(s: &Sandbox, url: &str, change: impl Fn(&mut Command)) {
    let base = s.started();
    let push = |updates: &[(&str, &str)]| s.push_to(url, updates, &change);
    let core = s.touch(&base, "kernel/bpf/core.c");
    let networking = s.touch(&base, "net/core/dev.c");
    push(&[(&networking, "master")])
        .rejected("denied-path")
        .helps("bpf-next/net");
    push(&[(&core, "net")])
        .rejected("only-denied-paths")
        .helps("bpf-next/master");
    push(&[(&core, "master"), (&core, "net")]).rejected("only-denied-paths");
    push(&[(&core, "master"), (&networking, "net")])
        .clean()
        .judged("bpf-next/master", 1)
        .judged("bpf-next/net", 1);
    push(&[(&base, "master")]).rejected("ref-rewound");
    push(&[("", "master")]).rejected("ref-deleted");
    let series = s.line(&core, 120, |at| format!("kernel/f{at}.c"));
    push(&[(&s.touch(&series, "net/x.c"), "master")]).rejected("denied-path");
    push(&[(&series, "master")])
        .clean()
        .judged("bpf-next/master", 120);
    // Contents that git must be asked about, while they are in quarantine.
    let left = s
        .commit("left")
        .on(&series)
        .write("kernel/m.c", "1\n2\n3\n")
        .make();
    let one = s
        .commit("one")
        .on(&left)
        .write("kernel/m.c", "one\n2\n3\n")
        .make();
    let two = s
        .commit("two")
        .on(&left)
        .write("kernel/m.c", "1\n2\nthree\n")
        .make();
    let merge = s.merge("Merge", &[&one, &two]).make();
    push(&[(&merge, "master")])
        .clean()
        .judged("bpf-next/master", 4);
}

#[test]
fn by_a_path() {
    everywhere(|s| main_scenarios(s, s.server().to_str().unwrap(), |_| {}));
}

#[test]
fn by_a_file_url() {
    everywhere(|s| {
        let url = format!("file://{}", s.server().display());
        main_scenarios(s, &url, |_| {});
    });
}

#[test]
fn by_ssh() {
    everywhere(|s| {
        // What sshd does, without the crypto: a login shell with an environment of its own.
        let ssh = s.folder().join("ssh");
        let script = "#!/bin/sh\nfor last; do :; done\n\
                      exec env -i HOME=/nonexistent PATH=\"$PATH\" sh -c \"$last\"\n";
        std::fs::write(&ssh, script).unwrap();
        std::fs::set_permissions(&ssh, std::fs::Permissions::from_mode(0o755)).unwrap();
        let url = format!("ssh://git@tree.example{}", s.server().display());
        main_scenarios(s, &url, |command| {
            command
                .env("GIT_SSH_COMMAND", &ssh)
                .env("GIT_SSH_VARIANT", "simple");
        });
    });
}

#[test]
fn by_http() {
    everywhere(|s| {
        let server = HttpServer::start(s);
        main_scenarios(s, &server.url("server.git"), |command| {
            command.args(["-c", "http.version=HTTP/1.1"]);
            command.args(["-c", "http.postBuffer=100000000"]);
        });
    });
}

/// Larger than the buffer, a push comes in chunks, after a request that only asks for leave.
#[test]
fn by_http_in_chunks() {
    everywhere(|s| {
        let server = HttpServer::start(s);
        main_scenarios(s, &server.url("server.git"), |command| {
            command.args(["-c", "http.version=HTTP/1.1"]);
            command.args(["-c", "http.postBuffer=1000"]);
        });
    });
}

#[test]
fn every_version_of_the_protocol() {
    for version in ["0", "1", "2"] {
        let s = &Sandbox::new(Format::Sha1Files);
        let url = format!("file://{}", s.server().display());
        main_scenarios(s, &url, |command| {
            command.args(["-c", &format!("protocol.version={version}")]);
        });
    }
}

#[test]
fn atomic_pushes_and_push_options() {
    everywhere(|s| {
        let base = s.started();
        s.on_server(&["config", "receive.advertisePushOptions", "true"]);
        let bad = s.touch(&base, "net/x.c");
        let url = s.server().to_owned();
        let push = |flag: &str, value: &str| {
            let change = |command: &mut Command| {
                command.args(["-c", &format!("{flag}={value}")]);
            };
            s.push_to(&url, &[(&bad, "master"), (&bad, "topic")], change)
                .rejected("denied-path");
        };
        push("push.pushOption", "treewarden.skip");
        push("push.gpgSign", "false");
    });
}

/// The pusher's own environment and configuration have no say on the server.
#[test]
fn the_pushers_environment_changes_nothing() {
    everywhere(|s| {
        let base = s.started();
        let bad = s.touch(&base, "net/x.c");
        let lax = s.folder().join("lax.toml");
        std::fs::write(&lax, "version = 1\n").unwrap();
        std::fs::write(
            s.folder().join(".gitconfig"),
            format!("[treewarden]\n\tpolicy = {}\n", lax.display()),
        )
        .unwrap();
        s.push_to(s.server(), &[(&bad, "master")], |command| {
            command
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", "treewarden.policy")
                .env("GIT_CONFIG_VALUE_0", &lax)
                .env("TREEWARDEN_POLICY", &lax);
        })
        .rejected("denied-path");
    });
}

/// The hook asks git without a home, and a server's config may well name one.
#[test]
fn a_home_in_the_servers_config_does_not_matter() {
    everywhere(|s| {
        let base = s.started();
        for key in ["core.excludesFile", "core.attributesFile", "include.path"] {
            s.on_server(&["config", key, "~/nowhere"]);
        }
        s.push(&s.touch(&base, "net/x.c"), "master")
            .rejected("denied-path");
        s.push(&s.touch(&base, "kernel/x.c"), "master").clean();
    });
}
