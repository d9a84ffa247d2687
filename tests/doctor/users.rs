//! Who may push besides who asks, and who can change what they are judged by.

use super::*;

/// No such user is on any machine that these tests run on.
const STRANGER: u32 = 61_234;

/// Lets everybody push.
fn share(s: &Sandbox) {
    s.on_server(&["config", "core.sharedRepository", "0666"]);
    for line in ["chmod -R a+rX .", "chmod -R a+w objects refs treewarden"] {
        sh(s, &format!("cd server.git && {line}"));
    }
}

#[test]
fn a_repository_that_nobody_shares_is_its_owners_matter() {
    let s = one();
    let policy = install_text(&s, SMALL);
    for path in [&policy, &hook(&s)] {
        set_mode(path, 0o700);
    }
    examined(&s).is_well().says("other-users", "(the owner)");
}

#[test]
fn others_may_not_read_the_policy() {
    let s = one();
    share(&s);
    let policy = install_text(&s, SMALL);
    examined(&s)
        .is_well()
        .says("other-users", "everybody (by core.sharedRepository)");
    set_mode(&policy, 0o600);
    let hidden = examined(&s);
    hidden
        .fails(&["other-users"])
        .says("other-users", "may not read")
        .says("other-users", "all their pushes are refused");
    hidden.is_mended_by(&s, "other-users");
}

#[test]
fn others_may_not_read_what_the_policy_extends() {
    let s = one();
    share(&s);
    let policy = install_text(&s, SMALL);
    let folder = s.folder().join("private");
    std::fs::create_dir(&folder).unwrap();
    std::fs::rename(&policy, folder.join("base.toml")).unwrap();
    install_text(&s, "extends = \"private/base.toml\"\n");
    set_mode(&folder, 0o700);
    let hidden = examined(&s);
    hidden
        .fails(&["other-users"])
        .says("other-users", "may not pass or execute");
    hidden.is_mended_by(&s, "other-users");
}

/// The one way in which a gate stands open for some users alone: git passes over a hook that
/// they may not execute.
#[test]
fn others_may_not_execute_the_hook() {
    let s = one();
    share(&s);
    set_mode(&hook(&s), 0o700);
    let open = examined(&s);
    open.fails(&["other-users"])
        .says("other-users", "git accepts every push unjudged");
    if is_root() {
        let base = s.at_ref("master").unwrap();
        let commit = s.touch(&base, "net/a.c");
        pushed_by_a_stranger(&s, &commit, true);
    }
    open.is_mended_by(&s, "other-users");
    if is_root() {
        let commit = s.touch(&s.at_ref("master").unwrap(), "net/b.c");
        pushed_by_a_stranger(&s, &commit, false);
    }
}

/// Pushes as another user for real; tells whether what must be refused is accepted.
fn pushed_by_a_stranger(s: &Sandbox, commit: &str, accepted: bool) {
    let mut command = s.command("setpriv");
    command
        .arg(format!("--reuid={STRANGER}"))
        .arg(format!("--regid={STRANGER}"))
        .arg("--clear-groups")
        .args(["git", "-c", "safe.directory=*", "push", "-q"])
        .arg("--receive-pack=git -c safe.directory=* receive-pack")
        .arg(s.server())
        .arg(format!("{commit}:refs/heads/master"))
        .env("GIT_DIR", s.client());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), accepted, "{said}");
    assert_eq!(said.contains("error[denied-path]"), !accepted, "{said}");
    assert_eq!(s.at_ref("master").as_deref() == Some(commit), accepted);
}

#[test]
fn others_may_not_enter_the_folder_of_the_hook() {
    let s = one();
    share(&s);
    set_mode(&s.server().join("hooks"), 0o700);
    let open = examined(&s);
    open.fails(&["other-users"])
        .says("other-users", "git accepts every push unjudged");
    open.is_mended_by(&s, "other-users");
}

#[test]
fn others_may_not_execute_the_program() {
    let s = one();
    share(&s);
    let real = bin(&s).join("treewarden-pre-receive");
    let program = write_program(&s, "");
    std::fs::copy(&real, &program).unwrap();
    set_mode(&program, 0o744);
    let shut = examined(&s);
    shut.fails(&["other-users"])
        .says("other-users", "all their pushes are refused");
    shut.is_mended_by(&s, "other-users");
}

#[test]
fn others_may_not_read_the_config() {
    let s = one();
    share(&s);
    set_mode(&s.server().join("config"), 0o600);
    let shut = examined(&s);
    shut.fails(&["other-users"]);
    shut.is_mended_by(&s, "other-users");
}

/// The bits don't tell all: here the program's own interpreter is out of reach.
#[test]
fn root_finds_out_by_trying() {
    if !is_root() {
        return;
    }
    let s = one();
    share(&s);
    let private = s.folder().join("private");
    std::fs::create_dir(&private).unwrap();
    std::fs::copy("/bin/sh", private.join("sh")).unwrap();
    set_mode(&private, 0o700);
    let real = bin(&s).join("treewarden-pre-receive");
    let (sh, real) = (private.join("sh"), real.display());
    write_program(&s, &format!("#!{}\nexec '{real}' \"$@\"\n", sh.display()));
    examined(&s)
        .is(1, &["other-users"], &["binary"])
        .says("other-users", "does not start: it ended with 126");
}

#[test]
fn a_group_that_pushes_needs_the_groups_permissions() {
    let s = one();
    s.on_server(&["config", "core.sharedRepository", "group"]);
    // To install shares the folder of the audit log.
    let policy = install_text(&s, SMALL);
    set_mode(&policy, 0o640);
    examined(&s).is_well().says("other-users", "group ");
    if !is_root() {
        return;
    }
    // Not the group that pushes, but another one.
    std::os::unix::fs::chown(&policy, None, Some(STRANGER)).unwrap();
    examined(&s).fails(&["other-users"]);
}

#[test]
fn a_group_can_change_the_policy() {
    if !is_root() {
        return;
    }
    let s = one();
    let policy = install_text(&s, SMALL);
    std::os::unix::fs::chown(&policy, None, Some(STRANGER)).unwrap();
    set_mode(&policy, 0o664);
    let open = examined(&s);
    open.warns(&["writable"])
        .says("writable", &format!("group {STRANGER} can change"));
    // The group that pushes, by the repository's own word.
    s.on_server(&["config", "core.sharedRepository", "group"]);
    sh(
        &s,
        &format!("cd server.git && chgrp {STRANGER} . treewarden && chmod g+w treewarden"),
    );
    examined(&s).warns(&["writable"]).says(
        "writable",
        "may push by core.sharedRepository, and can change",
    );
    sh(&s, &open.help("writable"));
    examined(&s).is_well();
}

/// All that decides what is accepted, or holds it.
#[test]
fn everybody_can_change_what_the_gate_leans_on() {
    let s = one();
    let included = s.folder().join("included");
    let nested = s.folder().join("nested");
    std::fs::write(&included, "[include]\n\tpath = nested\n").unwrap();
    // Nothing stands in it as yet.
    std::fs::write(&nested, "").unwrap();
    s.on_server(&["config", "include.path", included.to_str().unwrap()]);
    let chained = s.server().join("hooks/pre-receive.chained");
    std::fs::write(&chained, "#!/bin/sh\n").unwrap();
    for (path, mode) in [(&included, 0o644), (&nested, 0o644), (&chained, 0o755)] {
        set_mode(path, mode);
    }
    examined(&s).is_well();
    // Nor is that there which this one leads to.
    let drop_box = s.folder().join("drop-box");
    std::fs::create_dir(&drop_box).unwrap();
    std::fs::write(&nested, "[include]\n\tpath = drop-box/gone\n").unwrap();
    let inside = |name: &str| s.server().join(name);
    for path in [
        included,
        nested,
        drop_box,
        chained,
        inside("refs"),
        inside("refs/heads"),
        inside("objects"),
        inside("objects/pack"),
        inside("HEAD"),
    ] {
        let mode = path.metadata().unwrap().mode();
        set_mode(&path, mode | 0o002);
        let open = examined(&s);
        let path = path.canonicalize().unwrap();
        open.fails(&["writable"]).says(
            "writable",
            &format!("everybody can change {}", path.display()),
        );
        open.is_mended_by(&s, "writable");
    }
}

#[test]
fn a_third_user_can_change_the_gate() {
    if !is_root() {
        return;
    }
    let s = one();
    let policy = install_text(&s, SMALL);
    let program = write_program(&s, "");
    std::fs::copy(bin(&s).join("treewarden-pre-receive"), &program).unwrap();
    for path in [
        policy,
        program,
        hook(&s),
        s.server().join("hooks"),
        s.server().join("refs/heads"),
    ] {
        std::os::unix::fs::chown(&path, Some(STRANGER), None).unwrap();
        let open = examined(&s);
        open.warns(&["writable"])
            .says("writable", &format!("user {STRANGER}, who is neither"))
            .says("writable", path.canonicalize().unwrap().to_str().unwrap());
        let help = open.help("writable");
        let (_, command) = help.split_once("or: ").unwrap();
        sh(&s, command);
        examined(&s).is_well();
    }
}

/// Whose repository it is not, libgit2 won't open it for: the help names who should ask.
#[test]
fn somebody_elses_repository() {
    if !is_root() {
        return;
    }
    let s = one();
    sh(&s, &format!("chown -R {STRANGER} server.git"));
    let theirs = examined(&s);
    theirs
        .is(4, &["repository"], &[])
        .says("repository", "owned");
    assert!(
        theirs
            .help("repository")
            .contains(&format!("sudo -u '#{STRANGER}'"))
    );
    let mut command = s.command("setpriv");
    command
        .arg(format!("--reuid={STRANGER}"))
        .arg(format!("--regid={STRANGER}"))
        .arg("--clear-groups")
        .arg(bin(&s).join("treewarden"))
        .arg("doctor")
        .arg(s.server());
    run(&mut command).is_well();
}

/// Where root may look at others' repositories, what the owner's own git config says is not seen:
/// doctor doesn't call it well, and whoever follows its advice finds out.
#[test]
fn the_owners_own_config_counts_and_not_that_of_who_asks() {
    if !is_root() {
        return;
    }
    let s = one();
    let safe = "[safe]\n\tdirectory = *\n";
    std::fs::write(s.folder().join(".gitconfig"), safe).unwrap();
    sh(&s, &format!("chown -R {STRANGER} server.git"));
    let home = s.folder().join("home");
    std::fs::create_dir(&home).unwrap();
    let config = "[core]\n\thooksPath = /nonexistent\n";
    std::fs::write(home.join(".gitconfig"), config).unwrap();
    let asked_by_root = examined(&s);
    asked_by_root
        .warns(&["hooks-path"])
        .says("hooks-path", "and was not read");
    let help = asked_by_root.help("hooks-path");
    let server = s.server().canonicalize().unwrap();
    let command = format!(
        "sudo -u '#{STRANGER}' treewarden doctor {}",
        server.display()
    );
    assert!(help.ends_with(&command), "{help}");
    let mut command = s.command("setpriv");
    command
        .arg(format!("--reuid={STRANGER}"))
        .arg(format!("--regid={STRANGER}"))
        .arg("--clear-groups")
        .arg(bin(&s).join("treewarden"))
        .arg("doctor")
        .arg(s.server())
        .env("HOME", &home);
    run(&mut command).fails(&["hooks-path", "canary"]);
    // What the repository itself says goes before what any user says.
    let hooks = s.server().join("hooks");
    s.on_server(&["config", "core.hooksPath", hooks.to_str().unwrap()]);
    examined(&s).is_well();
}
