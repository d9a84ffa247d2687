//! Several users, at the same time or not.

use super::*;

/// No such users are on any machine that these tests run on.
const USERS: [u32; 3] = [61_231, 61_232, 61_233];
/// The group of all of them.
const GROUP: u32 = 61_230;

fn is_root() -> bool {
    let root = tempfile::tempfile().unwrap();
    std::os::unix::fs::MetadataExt::uid(&root.metadata().unwrap()) == 0
}

fn sh(s: &Sandbox, line: &str) {
    let done = s.command("sh").args(["-c", line]).output().unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// A push by one of them, who are of the group.
fn push_as(s: &Sandbox, user: u32, commit: &str, name: &str) -> std::process::Child {
    let mut command = s.command("setpriv");
    command
        .args([format!("--reuid={user}"), format!("--regid={GROUP}")])
        .arg("--clear-groups")
        .args(["git", "-c", "safe.directory=*", "push", "-q", "--force"])
        .arg("--receive-pack=git -c safe.directory=* receive-pack")
        .arg(s.server())
        .arg(format!("{commit}:refs/heads/{name}"))
        .env("GIT_DIR", s.client())
        .stderr(std::process::Stdio::piped());
    command.spawn().unwrap()
}

/// The repository is shared with the group, by git's own way.
fn shared(value: &str) -> Option<(Sandbox, String)> {
    if !is_root() {
        eprintln!("LEFT OUT: several users, since only root can be them");
        return None;
    }
    let (s, base) = one();
    s.tell(&["uninstall", "--server", s.server().to_str().unwrap()])
        .ended(0);
    s.on_server(&["config", "core.sharedRepository", value]);
    sh(
        &s,
        &format!("chgrp -R {GROUP} server.git && chmod -R g+rwX server.git"),
    );
    sh(
        &s,
        "find server.git -type d -exec chmod g+s {} +; chmod a+rx . ; chmod -R a+rX client.git",
    );
    s.small_policy("");
    sh(&s, "chmod a+r policy.toml");
    Some((s, base))
}

#[test]
fn each_of_them_is_recorded() {
    for (value, file) in [("group", 0o664), ("0660", 0o660)] {
        let Some((s, base)) = shared(value) else {
            return;
        };
        assert_eq!(mode(&s.server().join("treewarden")) & 0o2770, 0o2770);
        let mut at = base;
        for user in USERS {
            at = s.touch(&at, format!("kernel/{user}.c"));
            let done = push_as(&s, user, &at, "master").wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "{said}");
            assert_eq!(mode(&log(&s)), file, "{value}");
        }
        assert_eq!(s.at_ref("master"), Some(at));
        let uids: Vec<Value> = of_kind(&s, "landed")
            .iter()
            .map(|record| record["pusher"]["uid"].clone())
            .collect();
        assert_eq!(uids, USERS.map(Value::from));
        holds(&s);
    }
}

#[test]
fn who_may_not_write_the_log_pushes_nothing() {
    let Some((s, base)) = shared("group") else {
        return;
    };
    let commit = s.touch(&base, "kernel/a.c");
    std::fs::write(log(&s), "").unwrap();
    sh(&s, "chmod 444 server.git/treewarden/audit.jsonl");
    let done = push_as(&s, USERS[0], &commit, "master")
        .wait_with_output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        !done.status.success() && said.contains("Permission denied"),
        "{said}"
    );
    assert!(
        said.contains("whoever pushes must be allowed to write it"),
        "{said}"
    );
    assert_eq!(s.at_ref("master"), Some(base));
}

/// All of them push to the same ref, each another commit.
#[test]
fn of_racing_pushes_one_wins_and_all_are_recorded() {
    let Some((s, base)) = shared("group") else {
        return;
    };
    let commits = USERS.map(|user| s.touch(&base, format!("kernel/{user}.c")));
    let racing: Vec<_> = USERS
        .iter()
        .zip(&commits)
        .map(|(user, commit)| push_as(&s, *user, commit, "master"))
        .collect();
    let mut won = Vec::new();
    for ((mut child, commit), user) in racing.into_iter().zip(&commits).zip(USERS) {
        if child.wait().unwrap().success() {
            won.push((commit.clone(), user));
        }
    }
    let last = s.at_ref("master").unwrap();
    assert!(won.iter().any(|(commit, _)| *commit == last));
    assert_eq!(of_kind(&s, "judged").len(), USERS.len());
    let landed = of_kind(&s, "landed");
    assert_eq!(landed.len(), won.len());
    for record in landed {
        let judged = record["judged"].as_str().unwrap();
        let texts = text(&s);
        let mut lines = texts.lines();
        let line = lines.find(|line| treewarden::audit::hash(line.as_bytes()) == judged);
        let accepted: Value = serde_json::from_str(line.unwrap()).unwrap();
        assert_eq!(accepted["pusher"]["uid"], record["pusher"]["uid"]);
    }
    holds(&s);
}
