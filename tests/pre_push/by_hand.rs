//! The hook's own surroundings: its arguments, input and output, and no git around it.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use super::Scene;
use crate::support::{Format, HookRun, Sandbox, everywhere};

/// A line that is accepted and one that is refused.
fn lines(scene: &Scene<'_>) -> (String, String) {
    let line = |commit: &str| format!("HEAD {commit} refs/heads/master {}\n", scene.base);
    (line(&scene.core), line(&scene.networking))
}

fn arguments(s: &Sandbox) -> [OsString; 2] {
    ["origin".into(), s.server().as_os_str().to_owned()]
}

#[test]
fn arguments_that_are_not_gits() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let (good, _) = lines(&scene);
    for words in [
        &[][..],
        &["--help"],
        &["--version"],
        &["-h"],
        &["origin"],
        &[""],
        &["pre-push"],
        &["other", "origin", "url"],
        &["pre-push.sh", "origin", "url"],
        &["--help", "origin", "url"],
        &["/x/pre-push", "origin", "url", "more"],
        &["pre-push", "pre-push", "origin", "url"],
    ] {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let mut command = scene.local.hook_command(&words);
        HookRun::of(&mut command, good.as_bytes())
            .ended(2, "this is a git hook")
            .ended(2, "nothing was sent");
    }
    // As git's shim hands them on, and as git does.
    let [name, url] = arguments(s);
    for words in [
        vec![name.clone(), url.clone()],
        vec![".git/hooks/pre-push".into(), name.clone(), url.clone()],
        vec!["pre-push".into(), name, url],
    ] {
        let mut command = scene.local.hook_command(&words);
        HookRun::of(&mut command, good.as_bytes()).ended(0, "treewarden: advice: accepted");
    }
}

#[test]
fn input_that_is_not_gits_is_refused() {
    everywhere(|s| {
        let scene = Scene::of(s);
        let (good, bad) = lines(&scene);
        let cut = &good[..good.len() - 1];
        for input in [
            "\n",
            cut,
            &good[..20],
            &format!("{good}\n"),
            &format!("{good}x"),
            &format!("{good}{cut}"),
            "two fields\n",
            "now three fields\n",
            &good["HEAD ".len()..],
            &good.replace(' ', "\t"),
        ] {
            let run = scene.local.hook(input);
            run.ended(4, "standard input").ended(4, "--no-verify");
        }
        scene.local.hook("").ended(0, "");
        // The source may hold anything but a line's end.
        let rest = bad.strip_prefix("HEAD ").unwrap();
        for source in [
            "",
            " ",
            "a b  c",
            "(delete)",
            "HEAD^{/x}",
            &format!("HEAD {} refs/heads/topic {}", scene.core, scene.base),
        ] {
            scene
                .local
                .hook(format!("{source} {rest}"))
                .rejected("denied-path");
        }
        let raw = [b"\xff\x1b[2J ", rest.as_bytes()].concat();
        let run = scene.local.hook(raw);
        run.rejected("denied-path");
        harmless(&run);
    });
}

#[test]
fn lines_that_no_honest_git_writes() {
    everywhere(|s| {
        let scene = Scene::of(s);
        let (base, core) = (&*scene.base, &*scene.core);
        let zero = s.format.zero();
        let other_len = if zero.len() == 40 { 64 } else { 40 };
        let other = "a".repeat(other_len);
        for (new, name, old) in [
            (&*zero, b"refs/heads/x".as_slice(), &*zero),
            (&other, b"refs/heads/master", base),
            (core, b"refs/heads/master", &other),
            (&core[1..], b"refs/heads/master", base),
            (&core[..12], b"refs/heads/master", base),
            (core, b"refs/heads/master", "HEAD"),
            (&core.to_uppercase(), b"refs/heads/x", base),
            (core, b"refs/heads/a..b", base),
            (core, b"refs/heads/a\x1b[2Jb", base),
            (core, b"refs/heads/\x7f", base),
            (core, b"refs/heads/a\0b", base),
            (core, b"refs/heads/", base),
            (core, b"", base),
            (core, b"HEAD", base),
            (core, b"--help", base),
            (core, b"../../config", base),
            (core, b"refs/heads/a.lock", &zero),
        ] {
            let line = [
                b"HEAD ",
                new.as_bytes(),
                b" ",
                name,
                b" ",
                old.as_bytes(),
                b"\n",
            ];
            let run = scene.local.hook(line.concat());
            run.rejected("bad-update");
            harmless(&run);
        }
        let (good, _) = lines(&scene);
        scene
            .local
            .hook(format!("{good}{good}"))
            .rejected("bad-update");
    });
}

fn harmless(run: &HookRun) {
    let acts = |byte: &u8| (*byte < 0x20 && *byte != b'\n') || *byte == 0x7f || *byte == 0x9b;
    let text = String::from_utf8_lossy(run.raw()).into_owned();
    assert!(!run.raw().iter().any(acts), "{text}");
}

/// Names of refs and subjects that act on a terminal, pushed for real.
#[test]
fn nothing_acts_on_the_terminal() {
    let s = &Sandbox::new(Format::Sha1Files);
    s.over_preset("default = \"deny\"\n");
    let scene = Scene::of(s);
    let commit = s
        .commit("\x1b]0;subject\x07\u{202e}")
        .on(&scene.base)
        .touch(b"net/\x1b[31m\xff".as_slice())
        .make();
    scene.local.take(&commit);
    for name in [
        "refs/heads/master".as_bytes(),
        "refs/heads/\u{202e}x\u{9b}".as_bytes(),
        b"refs/heads/\xff\x80",
    ] {
        let refspec = [commit.as_bytes(), b":", name].concat();
        let refused = scene
            .local
            .push_as(&[OsStr::new("origin"), OsStr::from_bytes(&refspec)]);
        refused.says("treewarden: advice: refused").unsent();
        let ours = refused.ours();
        let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!ours.contains(acts), "{ours:?}");
    }
}

#[test]
fn an_object_that_is_nowhere_is_refused() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let absent = s.format.zero().replace('0', "7");
    let line = format!("HEAD {absent} refs/heads/master {}\n", scene.base);
    let run = scene.local.hook(line);
    run.ended(4, &absent)
        .ended(4, "missing")
        .ended(4, "--no-verify");
}

/// What can't be understood can't be judged, here as there.
#[test]
fn an_object_that_is_malformed_stops_the_push() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let blob = s.blob("x");
    let tree = s.raw_tree(&[("100644", b"b", &blob), ("100644", b"a", &blob)]);
    let commit = s.commit_tree(&tree, &[&scene.base]);
    scene.local.make(&commit);
    let refspec = format!("{commit}:refs/heads/master");
    let stopped = scene.local.push_as(&["origin", &refspec]);
    stopped.stopped(&format!("object {tree} is malformed"));
    let passed = scene.local.push_as(&["--no-verify", "origin", &refspec]);
    assert!(
        passed.servers().contains("is malformed"),
        "{}",
        passed.all()
    );
}

/// Nothing governs the ref, so nothing is read.
#[test]
fn an_object_that_nobody_asks_for_may_be_missing() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let absent = s.format.zero().replace('0', "7");
    let run = scene
        .local
        .hook(format!("x {absent} refs/heads/topic {absent}\n"));
    run.ended(0, "");
    assert_eq!(run.raw(), b"");
}

#[test]
fn input_that_cannot_be_read_is_refused() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let mut command = scene.local.hook_command(&arguments(s));
    let folder = File::open(s.folder()).unwrap();
    let output = command.stdin(folder).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
}

/// Whoever pushes would take silence for "nothing to say".
#[test]
fn a_report_that_cannot_be_written_is_no_acceptance() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let (good, bad) = lines(&scene);
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let broken_pipe = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    for (line, status) in [(&good, 4), (&bad, 1)] {
        let run = |stderr: Stdio| {
            let mut command = scene.local.hook_command(&arguments(s));
            let input = s.folder().join("input");
            std::fs::write(&input, line).unwrap();
            command.stdin(File::open(&input).unwrap()).stderr(stderr);
            command.status().unwrap().code()
        };
        assert_eq!(run(full().into()), Some(status));
        assert_eq!(run(broken_pipe().into()), Some(status));
    }
    // Without a standard error at all, a refusal is still one.
    let mut command = scene.local.command("sh");
    let program = env!("CARGO_BIN_EXE_treewarden-pre-push");
    command.args(["-c", "exec \"$0\" \"$@\" 2>&-", program]);
    command.args(arguments(s));
    HookRun::of(&mut command, bad.as_bytes()).ended(1, "");
}

#[test]
fn surroundings_that_are_not_a_repository() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let (good, _) = lines(&scene);
    // One that only git makes out: it passes over it.
    std::fs::write(scene.local.git_dir().join("refs/odd"), "").unwrap();
    let outside = s.folder().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let run = |command: &mut Command| HookRun::of(command, good.as_bytes());
    let hook = || scene.local.hook_command(&arguments(s));
    run(hook().current_dir(&outside)).ended(4, "here is none");
    for (key, value, says) in [
        ("GIT_DIR", "/nonexistent", "nonexistent"),
        ("GIT_DIR", "kernel", "kernel"),
        ("PATH", "/nonexistent", "git"),
    ] {
        run(hook().env(key, value))
            .ended(4, says)
            .ended(4, "nothing was sent");
    }
    let mut command = hook();
    command.current_dir(&outside);
    run(command.env("GIT_DIR", scene.local.git_dir())).ended(0, "treewarden: advice: accepted");
}

#[test]
fn a_clone_that_cannot_be_read_is_refused() {
    let s = &Sandbox::new(Format::Sha1Files);
    let scene = Scene::of(s);
    let (good, _) = lines(&scene);
    let git_dir = scene.local.git_dir();
    let config = git_dir.join("config");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}[unclosed\n")).unwrap();
    scene.local.hook(&good).ended(4, "nothing was sent");
    std::fs::write(&config, text).unwrap();
    std::fs::write(git_dir.join("shallow"), "no object name\n").unwrap();
    scene.local.hook(&good).ended(4, "graft");
    std::fs::remove_file(git_dir.join("shallow")).unwrap();
    std::fs::write(git_dir.join("refs/heads/broken"), "no object name\n").unwrap();
    scene
        .local
        .hook(&good)
        .ended(0, "treewarden: advice: accepted");
}
