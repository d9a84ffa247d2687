//! `treewarden policy install`: a policy goes into force in one step, or not at all.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod steps;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use crate::support::{Format, Sandbox, everywhere};

/// A policy that denies one class on `master`.
fn denying(folder: &str) -> String {
    format!(
        "version = 1\n[[path-class]]\nname = \"c\"\npaths = [\"{folder}/\"]\n\
         [[tree]]\nname = \"m\"\nrefs = [\"refs/heads/master\"]\ndeny = [\"c\"]\n"
    )
}

/// Writes a file beside the repositories.
fn file(s: &Sandbox, name: &str, text: &str) -> PathBuf {
    let path = s.folder().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn own_file(s: &Sandbox) -> PathBuf {
    s.server().canonicalize().unwrap().join("treewarden.toml")
}

fn install(s: &Sandbox, file: &str) -> crate::support::Told {
    let server = s.server().to_str().unwrap();
    s.tell(&["policy", "install", file, "--in", server])
}

#[test]
fn a_preset_gives_way_to_a_file_of_the_repository() {
    everywhere(|s| {
        let base = s.started();
        let (net, docs) = (s.touch(&base, "net/a.c"), s.touch(&base, "Documentation/a"));
        file(s, "new.toml", &denying("Documentation"));
        s.push(&net, "master").rejected("denied-path");
        let told = install(s, "new.toml");
        told.ended(0)
            .says(&format!("file:   {} (new)", own_file(s).display()))
            .says("config: treewarden.policy = treewarden.toml (was `preset:bpf-next`)")
            .says_no("kept:");
        s.push(&docs, "master")
            .rejected("denied-path")
            .says(&format!(" {}]", &told.value("policy after:")[..12]));
        s.push(&net, "master").clean();
        // The file that was installed has no part in it any more.
        file(s, "new.toml", "");
        s.push(&s.touch(&net, "kernel/a.c"), "master").clean();
    });
}

#[test]
fn the_file_in_force_is_replaced_and_its_text_kept() {
    everywhere(|s| {
        let base = s.started();
        let (old, new) = (denying("net"), denying("kernel"));
        fs::write(s.server().join("my.toml"), &old).unwrap();
        s.on_server(&["config", "treewarden.policy", "my.toml"]);
        file(s, "new.toml", &new);
        let told = install(s, "new.toml");
        told.ended(0).says("my.toml (replaced)").says_no("config:");
        let before = told.value("policy before:");
        let read = |name: &str| fs::read_to_string(s.server().join(name)).unwrap();
        assert_eq!(
            (read("my.toml"), read("my.toml.previous")),
            (new.clone(), old.clone())
        );
        s.push(&s.touch(&base, "kernel/a.c"), "master")
            .rejected("denied-path");
        // What is kept can be put back the same way, and forth again.
        let previous = s.server().join("my.toml.previous");
        let back = install(s, previous.to_str().unwrap());
        assert!(before.starts_with(&back.ended(0).value("policy after:")));
        assert_eq!((read("my.toml"), read("my.toml.previous")), (old, new));
        s.push(&s.touch(&base, "kernel/a.c"), "master").clean();
    });
}

#[test]
fn without_a_policy_it_is_the_way_to_one() {
    everywhere(|s| {
        let base = s.started();
        s.on_server(&["config", "--unset", "treewarden.policy"]);
        file(s, "new.toml", &denying("net"));
        install(s, "new.toml")
            .ended(0)
            .says("policy before: none that can be used: this repository has no policy")
            .says("(was not set)");
        s.push(&s.touch(&base, "net/a.c"), "master")
            .rejected("denied-path");
        // A faulty one is mended in place.
        fs::write(own_file(s), "version = 7\n").unwrap();
        install(s, "new.toml").ended(0).says("treewarden.toml:1:");
        s.push(&s.touch(&base, "kernel/a.c"), "master").clean();
        // One that the config names and that isn't there is made.
        s.on_server(&["config", "treewarden.policy", "gone.toml"]);
        install(s, "new.toml").ended(0).says("gone.toml (new)");
        assert!(s.server().join("gone.toml").exists());
    });
}

#[test]
fn faults_refuse_and_change_nothing() {
    everywhere(|s| {
        let config = || s.on_server(&["config", "--list", "--local"]);
        let entries = || fs::read_dir(s.server()).unwrap().count();
        let before = (config(), entries());
        file(s, "bad.toml", "version = 1\nfoo = 1\nbar = 1\n");
        install(s, "bad.toml")
            .ended(3)
            .says("bad.toml:2: unknown key `foo`")
            .says("bad.toml:3: unknown key `bar`");
        install(s, "gone.toml").ended(3).says("gone.toml");
        install(s, "preset:bpf-next")
            .ended(2)
            .says("git config treewarden.policy preset:bpf-next");
        file(s, "new.toml", &denying("net"));
        s.tell(&["policy", "install", "new.toml", "--in", "/nonexistent"])
            .ended(4);
        assert_eq!((config(), entries()), before);
    });
}

/// Patterns may ask for the repository's name, which is the server's to say.
#[test]
fn the_policy_is_loaded_under_the_repositorys_name() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.started();
    let asking = denying("net").replace("refs/heads/master", "bpf:refs/heads/master");
    file(s, "new.toml", &asking);
    install(s, "new.toml").ended(3).says("set `repository`");
    s.on_server(&["config", "treewarden.repository", "bpf"]);
    install(s, "new.toml").ended(0);
    s.push(&s.touch(&base, "net/a.c"), "master")
        .rejected("denied-path");
}

#[test]
fn a_relative_extends_must_hold_at_the_new_place() {
    everywhere(|s| {
        let base = s.started();
        file(s, "base.toml", &denying("net"));
        file(s, "new.toml", "extends = \"base.toml\"\n");
        install(s, "new.toml")
            .ended(3)
            .says("new.toml:1: `extends` can't be followed")
            .says(
                s.server()
                    .canonicalize()
                    .unwrap()
                    .join("base.toml")
                    .to_str()
                    .unwrap(),
            );
        assert!(!own_file(s).exists());
        fs::write(s.server().join("base.toml"), denying("kernel")).unwrap();
        install(s, "new.toml").ended(0);
        s.push(&s.touch(&base, "kernel/a.c"), "master")
            .rejected("denied-path");
    });
}

#[test]
fn what_is_in_force_already_is_told() {
    everywhere(|s| {
        file(s, "new.toml", &denying("net"));
        install(s, "new.toml").ended(0);
        let at = || own_file(s).metadata().unwrap().ino();
        let before = at();
        install(s, "new.toml")
            .ended(0)
            .says("nothing changes")
            .says("has this text already");
        let own = own_file(s);
        install(s, own.to_str().unwrap())
            .ended(0)
            .says("nothing changes")
            .says("is the file in force");
        assert_eq!(at(), before);
        // Another text that says the same goes in; what is judged stays.
        file(s, "new.toml", &format!("# why\n{}", denying("net")));
        install(s, "new.toml")
            .ended(0)
            .says("nothing changes in what is judged");
        assert!(fs::read_to_string(own).unwrap().starts_with("# why\n"));
        // A file elsewhere that is in force is not copied.
        s.policy("default = \"deny\"\n");
        install(s, "policy.toml")
            .ended(0)
            .says("policy.toml is the file in force");
        assert!(
            s.on_server(&["config", "treewarden.policy"])
                .ends_with("/policy.toml")
        );
    });
}

/// It is in its place already; all that is missing is the config.
#[test]
fn a_file_in_its_place_is_only_named() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.started();
    fs::write(own_file(s), denying("kernel")).unwrap();
    let own = own_file(s);
    install(s, own.to_str().unwrap())
        .ended(0)
        .says("config:")
        .says_no("file:")
        .says_no("kept:");
    s.push(&s.touch(&base, "kernel/a.c"), "master")
        .rejected("denied-path");
}

#[test]
fn mode_and_owner_stay_what_they_were() {
    let s = &Sandbox::new(Format::Sha1Files);
    file(s, "new.toml", &denying("net"));
    install(s, "new.toml").ended(0);
    let own = own_file(s);
    fs::set_permissions(&own, fs::Permissions::from_mode(0o604)).unwrap();
    if own.metadata().unwrap().uid() == 0 {
        std::os::unix::fs::chown(&own, Some(12), Some(34)).unwrap();
    } else {
        eprintln!("LEFT OUT: another owner, which only root can give");
    }
    let seen = || {
        let found = own.metadata().unwrap();
        (found.mode() & 0o7777, found.uid(), found.gid())
    };
    let before = seen();
    file(s, "new.toml", &denying("kernel"));
    install(s, "new.toml").ended(0);
    assert_eq!(seen(), before);
    assert_eq!(fs::read_to_string(&own).unwrap(), denying("kernel"));
}

#[test]
fn links_are_told() {
    let s = &Sandbox::new(Format::Sha1Files);
    s.on_server(&["config", "--unset", "treewarden.policy"]);
    let outside = file(s, "shared.toml", &denying("net"));
    symlink(&outside, own_file(s)).unwrap();
    // Even where the text is the same: the shared file may change.
    file(s, "new.toml", &denying("net"));
    install(s, "new.toml")
        .ended(0)
        .says("was a symbolic link to");
    assert!(!own_file(s).is_symlink());
    assert_eq!(fs::read_to_string(outside).unwrap(), denying("net"));
    fs::remove_file(own_file(s)).unwrap();
    s.on_server(&["config", "--unset", "treewarden.policy"]);
    symlink("gone", own_file(s)).unwrap();
    install(s, "new.toml")
        .ended(0)
        .says("was a symbolic link to gone");
    assert!(!own_file(s).is_symlink());
}

#[test]
fn an_adopted_history_that_gets_lost_is_told() {
    everywhere(|s| {
        let base = s.started();
        let server = s.server().to_str().unwrap();
        s.tell(&["adopt", server]).ended(0);
        file(
            s,
            "new.toml",
            "extends = \"preset:bpf-next\"\ndefault = \"deny\"\n",
        );
        install(s, "new.toml")
            .ended(0)
            .says("note: the new policy drops `since` of bpf-next/net: `treewarden adopt --tree 'bpf-next/net'`");
        s.tell(&["adopt", server])
            .ended(0)
            .says(&format!("since {base}"));
        file(
            s,
            "again.toml",
            &fs::read_to_string(own_file(s))
                .unwrap()
                .replace("deny", "allow"),
        );
        install(s, "again.toml").ended(0).says_no("note:");
    });
}
