//! `uninstall`: everything is byte for byte what it was, once or twice.

use std::fs;

use super::{PRESET, bare, done, git, install, judges, snapshot, takes_anything, uninstall};
use crate::support::{Sandbox, everywhere};

#[test]
fn it_can_be_undone_twice() {
    everywhere(|s| {
        uninstall(s, s.server());
        let before = snapshot(s.server());
        install(s, s.server());
        install(s, s.server());
        judges(s, s.server());
        let said = uninstall(s, s.server());
        assert!(
            said.contains("removed:") && said.contains("config:"),
            "{said}"
        );
        before.is_unchanged(s.server());
        takes_anything(s, s.server());
        let said = uninstall(s, s.server());
        assert!(said.contains("nothing to do"), "{said}");
        before.is_unchanged(s.server());
    });
}

/// Configs as people write them.
#[test]
fn the_config_is_what_it_was() {
    let s = &bare();
    let config = s.server().join("config");
    let plain = fs::read_to_string(&config).unwrap();
    for more in [
        "",
        "# a comment at the end\n",
        "# a comment without an end",
        "[last]\n\tline = is open",
        "[treewarden]\n\tpolicy = open",
        "[treewarden]\n\t# ours, by hand\n",
        "[treewarden] other = x ; kept\n[a]\n\tb = c\n",
        "[treewarden \"sub\"]\n\tpolicy = x\n",
        "[TreeWarden]\n\tother = x\n\n\n[a]\nb=c\n",
        "[treewarden]\n\trepository = by hand\n",
        "[treewarden]\n\trepository = \"name\" ; by hand\n",
    ] {
        fs::write(&config, format!("{plain}{more}")).unwrap();
        let before = snapshot(s.server());
        install(s, s.server());
        assert!(snapshot(s.server()) != before, "nothing was installed");
        install(s, s.server());
        uninstall(s, s.server());
        before.is_unchanged(s.server());
    }
}

/// What was set by hand is set again, or was never touched.
#[test]
fn what_was_configured_by_hand_comes_back() {
    let s = &bare();
    let server = s.server().to_str().unwrap();
    s.on_server(&["config", "treewarden.policy", PRESET]);
    s.on_server(&["config", "treewarden.repository", "bpf"]);
    let before = snapshot(s.server());
    for arguments in [
        &[][..],
        &["--policy", PRESET],
        &["--repository", "bpf-next"],
        &["--policy", "over.toml", "--repository", "other"],
    ] {
        let policy = "extends = \"preset:bpf-next\"\nversion = 1\n";
        fs::write(s.folder().join("over.toml"), policy).unwrap();
        let command = [&["install", "--server", server], arguments].concat();
        done(s, &command);
        done(s, &command);
        uninstall(s, s.server());
        before.is_unchanged(s.server());
    }
    uninstall(s, s.server());
    before.is_unchanged(s.server());
}

/// Another policy than before, a name that comes later: all of it goes.
#[test]
fn changes_on_the_way_leave_nothing() {
    let s = &bare();
    let before = snapshot(s.server());
    let server = s.server().to_str().unwrap();
    let policy = "extends = \"preset:bpf-next\"\nversion = 1\n";
    let file = s.folder().join("over.toml");
    fs::write(&file, policy).unwrap();
    install(s, s.server());
    done(s, ["install", "--server", server, "--policy", "over.toml"]);
    assert_eq!(
        s.on_server(&["config", "treewarden.policy"]),
        file.to_str().unwrap()
    );
    done(s, ["install", "--server", server, "--repository", "bpf"]);
    uninstall(s, s.server());
    before.is_unchanged(s.server());
    assert_eq!(fs::read_to_string(file).unwrap(), policy);
}

/// Nothing of the config was install's but the notes, below a comment that git keeps a section for.
#[test]
fn notes_alone_leave_nothing() {
    let s = &bare();
    let policy = "extends = \"preset:bpf-next\"\nversion = 1\n";
    fs::write(s.server().join("treewarden.toml"), policy).unwrap();
    let config = s.server().join("config");
    let plain = fs::read_to_string(&config).unwrap();
    fs::write(&config, plain + "# the end").unwrap();
    let before = snapshot(s.server());
    done(s, ["install", "--server", s.server().to_str().unwrap()]);
    judges(s, s.server());
    uninstall(s, s.server());
    before.is_unchanged(s.server());
}

/// The hook of a version that chained nothing, and noted nothing.
#[test]
fn an_older_versions_install() {
    let s = &bare();
    let before = snapshot(s.server());
    let older = || {
        let program = env!("CARGO_BIN_EXE_treewarden-pre-receive");
        let hook = s.server().join("hooks/pre-receive");
        super::script(&hook, &format!("exec '{program}'\n"));
        s.on_server(&["config", "treewarden.policy", PRESET]);
        s.on_server(&["config", "treewarden.repository", "bpf-next"]);
    };
    older();
    uninstall(s, s.server());
    before.is_unchanged(s.server());
    older();
    let said = done(s, ["install", "--server", s.server().to_str().unwrap()]);
    assert!(!said.contains("chained"), "{said}");
    let shim = fs::read_to_string(s.server().join("hooks/pre-receive")).unwrap();
    assert!(shim.ends_with(" \"$0\" \"$@\"\n"), "{shim}");
    judges(s, s.server());
    uninstall(s, s.server());
    before.is_unchanged(s.server());
}

/// A policy that was configured, without a hook, is nothing that install did.
#[test]
fn what_was_never_installed_is_left_alone() {
    let s = &bare();
    s.on_server(&["config", "treewarden.policy", PRESET]);
    let before = snapshot(s.server());
    let said = uninstall(s, s.server());
    assert!(said.contains("nothing to do"), "{said}");
    before.is_unchanged(s.server());
}

/// The notes tell what to take back, though the hook was removed by hand.
#[test]
fn the_config_goes_where_the_hook_is_gone() {
    let s = &bare();
    let before = snapshot(s.server());
    install(s, s.server());
    fs::remove_file(s.server().join("hooks/pre-receive")).unwrap();
    uninstall(s, s.server());
    before.is_unchanged(s.server());
}

/// git made no folder for hooks: install does, and it goes again unless somebody used it.
#[test]
fn a_folder_that_was_made_goes() {
    let s = &bare();
    git(
        s,
        s.folder(),
        &["init", "-q", "--bare", "--template=", "plain.git"],
    );
    let plain = s.folder().join("plain.git");
    let before = snapshot(&plain);
    install(s, &plain);
    install(s, &plain);
    judges(s, &plain);
    uninstall(s, &plain);
    before.is_unchanged(&plain);
    install(s, &plain);
    fs::write(plain.join("hooks/update"), "").unwrap();
    uninstall(s, &plain);
    assert!(plain.join("hooks/update").exists());
    // One that was there is nobody's to remove.
    fs::remove_file(plain.join("hooks/update")).unwrap();
    let before = snapshot(&plain);
    install(s, &plain);
    uninstall(s, &plain);
    before.is_unchanged(&plain);
}

/// A config that is a link stays one.
#[test]
fn a_config_that_is_a_symbolic_link() {
    let s = &bare();
    let (config, real) = (s.server().join("config"), s.folder().join("real"));
    fs::rename(&config, &real).unwrap();
    std::os::unix::fs::symlink(&real, &config).unwrap();
    let before = [snapshot(s.server()), snapshot(&real)];
    install(s, s.server());
    judges(s, s.server());
    uninstall(s, s.server());
    before[0].is_unchanged(s.server());
    before[1].is_unchanged(&real);
}

/// What the administrator did with both hooks in one repository: each goes by itself.
#[test]
fn both_hooks_in_one_repository() {
    for first in ["--server", "--local"] {
        let s: &Sandbox = &bare();
        s.on_server(&["remote", "add", "origin", "nowhere"]);
        let server = s.server().to_str().unwrap();
        let before = snapshot(s.server());
        for place in ["--server", "--local"] {
            done(s, ["install", place, server, "--policy", PRESET]);
        }
        done(s, ["uninstall", first, server]);
        assert_eq!(s.on_server(&["config", "treewarden.policy"]), PRESET);
        if first == "--local" {
            judges(s, s.server());
        }
        let second = ["--server", "--local"]
            .into_iter()
            .find(|place| *place != first);
        done(s, ["uninstall", second.unwrap(), server]);
        before.is_unchanged(s.server());
    }
}

/// What somebody set after the install is theirs, and what was there before isn't put over it.
#[test]
fn what_was_set_by_hand_since_is_left() {
    for before in [None, Some("preset:bpf")] {
        let s = &bare();
        if let Some(policy) = before {
            s.on_server(&["config", "treewarden.policy", policy]);
        }
        let server = s.server().to_str().unwrap();
        let place = ["install", "--no-doctor", "--server", server];
        let named = ["--policy", PRESET, "--repository", "bpf-next"];
        done(s, [&place[..], &named].concat());
        s.on_server(&["config", "treewarden.policy", "/etc/by-hand.toml"]);
        let said = uninstall(s, s.server());
        assert!(
            said.contains("left:       treewarden.policy, which"),
            "{said}"
        );
        assert!(!said.contains("treewarden.repository"), "{said}");
        let kept = s.on_server(&["config", "--get-regexp", "treewarden"]);
        assert_eq!(kept, "treewarden.policy /etc/by-hand.toml");
        assert!(!s.server().join("hooks/pre-receive").exists());
        // Another install takes its place, and gives it back.
        let by_hand = snapshot(&s.server().join("config"));
        install(s, s.server());
        uninstall(s, s.server());
        by_hand.is_unchanged(&s.server().join("config"));
    }
}
