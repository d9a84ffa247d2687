//! Where it is written, and what stays as it is.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::{own_file, server, since, with_a_past};
use crate::support::{Format, Sandbox, everywhere};

/// A policy with everything that an edit could spoil.
const LAID_OUT: &str = "# Kept by hand.\nversion = 1 # the only one\n\n\
     [[tree]] # the main one\n  name   = 'master' # so called\n  refs   = [\n    \"refs/heads/master\",\n  ] \n\
     \n  deny = [ 'networking' ]\n\n[[path-class]]\nname='networking'\npaths=['net/**']\n# the end";

/// Puts the text into a file of the git directory, and lets the config name it.
fn own(s: &Sandbox, name: &str, text: &str) -> PathBuf {
    let file = s.server().canonicalize().unwrap().join(name);
    fs::write(&file, text).unwrap();
    s.on_server(&["config", "treewarden.policy", name]);
    file
}

#[test]
fn a_file_of_the_repository_is_edited_and_keeps_its_layout() {
    everywhere(|s| {
        let (_, bad) = with_a_past(s);
        let file = own(s, "my.toml", LAID_OUT);
        s.tell(&["adopt", server(s)])
            .ended(0)
            .says(&format!("file:   {} (replaced)", file.display()))
            .says(&format!("kept:   {}.previous", file.display()))
            .says_no("config:");
        let name = "  name   = 'master' # so called\n";
        let want = LAID_OUT.replace(name, &format!("{name}  since  = \"{bad}\"\n")) + "\n";
        assert_eq!(fs::read_to_string(&file).unwrap(), want);
        let previous = file.with_file_name("my.toml.previous");
        assert_eq!(fs::read_to_string(previous).unwrap(), LAID_OUT);
        assert!(!own_file(s).exists());
        s.on_server(&["update-ref", "-d", "refs/heads/master"]);
        s.push(&bad, "master").clean();
    });
}

#[test]
fn an_inherited_tree_gets_an_entry_in_the_file() {
    everywhere(|s| {
        let (base, bad) = with_a_past(s);
        let own_text = "version = 1\nextends = \"preset:bpf-next\"\n\
                        [[tree]]\nname = \"bpf-next/master\"\nrewind = true\n";
        let file = own(s, "treewarden.toml", own_text);
        s.tell(&["adopt", server(s)]).ended(0);
        let master = "name = \"bpf-next/master\"\n";
        let want = own_text.replace(master, &format!("{master}since = \"{bad}\"\n"));
        assert_eq!(
            fs::read_to_string(file).unwrap(),
            format!("{want}\n[[tree]]\nname = \"bpf-next/net\"\nsince = \"{base}\"\n")
        );
        assert_eq!(since(s, "bpf-next/net"), [base.as_str()]);
        s.push(&base, "master").clean();
    });
}

/// Other repositories may be judged by it.
#[test]
fn a_file_elsewhere_stays_as_it_is_and_is_extended() {
    everywhere(|s| {
        s.policy(
            LAID_OUT
                .strip_prefix("# Kept by hand.\nversion = 1")
                .unwrap(),
        );
        let shared = s.folder().join("policy.toml");
        let before = fs::read(&shared).unwrap();
        let (_, bad) = with_a_past(s);
        let configured = s.on_server(&["config", "treewarden.policy"]);
        s.tell(&["adopt", server(s)])
            .ended(0)
            .says("stays as it is: the new policy extends it");
        assert_eq!(fs::read(&shared).unwrap(), before);
        let text = fs::read_to_string(own_file(s)).unwrap();
        let extends = toml::from_str::<toml::Table>(&text).unwrap();
        assert_eq!(extends["extends"].as_str(), Some(configured.as_str()));
        assert_eq!(since(s, "master"), [bad.as_str()]);
        // What is written into the shared file later counts here too.
        let added = "\n[[path-class]]\nname = \"docs\"\npaths = [\"Documentation/\"]\n";
        let changed = String::from_utf8(before)
            .unwrap()
            .replace("'networking' ]", "'networking', 'docs' ]");
        fs::write(&shared, changed + added).unwrap();
        let next = s.touch(&bad, "Documentation/x");
        s.push(&next, "master").rejected("denied-path");
    });
}

#[test]
fn a_relative_path_to_elsewhere_leads_there_still() {
    let s = &Sandbox::new(Format::Sha1Files);
    let (_, bad) = with_a_past(s);
    fs::write(s.folder().join("shared.toml"), LAID_OUT).unwrap();
    s.on_server(&["config", "treewarden.policy", "../shared.toml"]);
    s.tell(&["adopt", server(s)]).ended(0);
    assert_eq!(since(s, "master"), [bad]);
}

/// It judges nothing, so somebody else has a use for it.
#[test]
fn a_file_that_is_not_in_force_is_left_alone() {
    everywhere(|s| {
        with_a_past(s);
        fs::write(own_file(s), "# notes\n").unwrap();
        let config = || s.on_server(&["config", "--list", "--local"]);
        let before = config();
        s.tell(&["adopt", server(s)])
            .ended(4)
            .says("treewarden.toml is there, but the policy in force is preset:bpf-next");
        assert_eq!(fs::read_to_string(own_file(s)).unwrap(), "# notes\n");
        assert_eq!(config(), before);
    });
}

#[test]
fn a_faulty_policy_is_told_with_all_its_faults() {
    everywhere(|s| {
        with_a_past(s);
        let text = "version = 1\nx = 1\ny = 1\n";
        let file = own(s, "treewarden.toml", text);
        s.tell(&["adopt", server(s)])
            .ended(3)
            .says("treewarden.toml:2: unknown key `x`")
            .says("treewarden.toml:3: unknown key `y`");
        assert_eq!(fs::read_to_string(file).unwrap(), text);
        s.on_server(&["config", "--unset", "treewarden.policy"]);
        fs::remove_file(own_file(s)).unwrap();
        s.tell(&["adopt", server(s)]).ended(3).says("has no policy");
    });
}

#[test]
fn mode_and_owner_stay_what_they_were() {
    let s = &Sandbox::new(Format::Sha1Files);
    with_a_past(s);
    let file = own(s, "treewarden.toml", LAID_OUT);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let is_root = file.metadata().unwrap().uid() == 0;
    if is_root {
        std::os::unix::fs::chown(&file, Some(12), Some(34)).unwrap();
    } else {
        eprintln!("LEFT OUT: another owner, which only root can give");
    }
    let seen = |file: &Path| {
        let found = file.metadata().unwrap();
        (found.mode() & 0o7777, found.uid(), found.gid())
    };
    let before = seen(&file);
    s.tell(&["adopt", server(s)]).ended(0);
    assert_ne!(fs::read_to_string(&file).unwrap(), LAID_OUT);
    assert_eq!(seen(&file), before);
    assert_eq!(seen(&file.with_extension("toml.previous")), before);
}

/// Who can read the repository's config can read the policy; its owner alone writes it.
#[test]
fn a_new_file_can_be_read_by_those_who_can_read_the_config() {
    let s = &Sandbox::new(Format::Sha1Files);
    with_a_past(s);
    for (config, policy) in [(0o664, 0o644), (0o640, 0o640), (0o600, 0o600)] {
        let mode = fs::Permissions::from_mode(config);
        fs::set_permissions(s.server().join("config"), mode).unwrap();
        s.on_server(&["config", "treewarden.policy", "preset:bpf-next"]);
        s.tell(&["adopt", server(s)]).ended(0);
        assert_eq!(own_file(s).metadata().unwrap().mode() & 0o7777, policy);
        fs::remove_file(own_file(s)).unwrap();
    }
}

/// A policy in force is no symbolic link: pushes would be refused.
#[test]
fn a_link_inside_the_repository_gives_way_too() {
    let s = &Sandbox::new(Format::Sha1Files);
    let (_, bad) = with_a_past(s);
    let folder = s.server().canonicalize().unwrap();
    fs::create_dir(folder.join("policies")).unwrap();
    let real = folder.join("policies/real.toml");
    fs::write(&real, LAID_OUT).unwrap();
    symlink("policies/real.toml", own_file(s)).unwrap();
    s.on_server(&["config", "--unset", "treewarden.policy"]);
    s.tell(&["adopt", server(s)])
        .ended(0)
        .says("was a symbolic link to policies/real.toml, which stays as it is");
    assert!(own_file(s).symlink_metadata().unwrap().is_file());
    assert_eq!(fs::read_to_string(&real).unwrap(), LAID_OUT);
    assert_eq!(since(s, "master"), [bad]);
}

#[test]
fn a_link_out_of_the_repository_gives_way_and_is_told() {
    let s = &Sandbox::new(Format::Sha1Files);
    let (_, bad) = with_a_past(s);
    let shared = s.folder().canonicalize().unwrap().join("shared.toml");
    fs::write(&shared, LAID_OUT).unwrap();
    symlink(&shared, own_file(s)).unwrap();
    s.on_server(&["config", "--unset", "treewarden.policy"]);
    s.tell(&["adopt", server(s)]).ended(0).says(&format!(
        "was a symbolic link to {}, which stays as it is",
        shared.display()
    ));
    assert!(own_file(s).symlink_metadata().unwrap().is_file());
    assert_eq!(fs::read_to_string(&shared).unwrap(), LAID_OUT);
    assert_eq!(since(s, "master"), [bad]);
    s.tell(&["adopt", server(s)])
        .ended(0)
        .says("nothing changes");
}

#[test]
fn a_link_that_leads_nowhere_is_a_fault() {
    let s = &Sandbox::new(Format::Sha1Files);
    with_a_past(s);
    symlink("gone", own_file(s)).unwrap();
    s.on_server(&["config", "--unset", "treewarden.policy"]);
    s.tell(&["adopt", server(s)])
        .ended(3)
        .says("treewarden.toml");
    assert!(own_file(s).is_symlink());
}

/// The hook runs in the repository's own git directory, wherever the administrator stands.
#[test]
fn from_a_linked_worktree_the_repository_itself_is_adopted() {
    let s = &Sandbox::new(Format::Sha1Files);
    let (_, bad) = with_a_past(s);
    let tree = s.folder().join("work");
    s.on_server(&[
        "worktree",
        "add",
        "-q",
        "--detach",
        tree.to_str().unwrap(),
        &bad,
    ]);
    let mut command = s.treewarden();
    command.arg("adopt").current_dir(&tree);
    assert!(command.output().unwrap().status.success());
    assert!(own_file(s).exists());
    assert_eq!(since(s, "bpf-next/master"), [bad.as_str()]);
    // The config says where the policy is to whoever reads it, from there too.
    let mut check = s.treewarden();
    check
        .args(["check", "HEAD", "--ref", "master"])
        .current_dir(&tree);
    assert!(check.output().unwrap().status.success());
}

/// Another owner could be another one who may change what is judged.
#[test]
fn an_owner_that_cannot_be_kept_is_an_error() {
    let s = &Sandbox::new(Format::Sha1Files);
    with_a_past(s);
    let file = own(s, "treewarden.toml", LAID_OUT);
    if file.metadata().unwrap().uid() != 0 {
        eprintln!("LEFT OUT: another user's repository, which only root can make");
        return;
    }
    let program = s.folder().join("treewarden");
    fs::copy(env!("CARGO_BIN_EXE_treewarden"), &program).unwrap();
    let mut give = s.command("chown");
    give.args(["-R", "12:34"]).arg(s.folder());
    assert!(give.status().unwrap().success());
    std::os::unix::fs::chown(&file, Some(0), Some(0)).unwrap();
    let adopt = || {
        let mut command = s.command("setpriv");
        command.args(["--reuid=12", "--regid=34", "--clear-groups", "--"]);
        command.arg(&program).arg("adopt").arg(s.server());
        command.output().unwrap()
    };
    let refused = adopt();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(4), "{said}");
    assert!(said.contains("its owner can't be kept"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), LAID_OUT);
    std::os::unix::fs::chown(&file, Some(12), Some(34)).unwrap();
    assert_eq!(adopt().status.code(), Some(0));
    assert_ne!(fs::read_to_string(&file).unwrap(), LAID_OUT);
}
