//! The chained hook: what it is given, what its answer does, and when it isn't asked.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::{bare, install, program, script, uninstall};
use crate::support::{HookRun, Sandbox};

/// The server's hook, by another program.
fn foreign(s: &Sandbox, text: &str) -> PathBuf {
    let hook = s.server().join("hooks/pre-receive");
    script(&hook, text);
    hook
}

/// The same, with ours installed before it.
fn chained(text: &str) -> Sandbox {
    let s = bare();
    foreign(&s, text);
    install(&s, s.server());
    s
}

/// The installed hook, run as receive-pack runs it.
fn hook(s: &Sandbox) -> Command {
    let mut command = s.command("hooks/pre-receive");
    command.current_dir(s.server()).env("GIT_DIR", ".");
    command
}

/// An update that is accepted: its objects are there already.
fn accepted(s: &Sandbox) -> String {
    let base = s.started();
    let good = s.touch(&base, "kernel/a.c");
    s.seed(&good, &["topic"]);
    format!("{base} {good} refs/heads/master\n")
}

const TELL: &str = "out=$HOME/told\n\
    mkdir -p \"$out\"\n\
    cat >\"$out/stdin\"\n\
    pwd >\"$out/cwd\"\n\
    echo \"$#\" \"$@\" >\"$out/arguments\"\n\
    env >\"$out/environment\"\n";

/// What the hook of [`TELL`] was given, but for what differs from push to push.
fn told(s: &Sandbox) -> BTreeMap<String, String> {
    let folder = s.folder().join("told");
    let mut told = BTreeMap::new();
    for name in ["stdin", "cwd", "arguments", "environment"] {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        if name != "environment" {
            told.insert(name.to_owned(), text);
            continue;
        }
        for line in text.lines() {
            let (key, value) = line.split_once('=').unwrap();
            // The quarantine's name is random, and `_` is the shell's.
            let value = if value.contains("tmp_objdir") || key == "_" {
                ""
            } else {
                value
            };
            told.insert(format!("${key}"), value.to_owned());
        }
    }
    fs::remove_dir_all(folder).unwrap();
    told
}

#[test]
fn it_is_given_what_git_gives_a_hook() {
    let s = &bare();
    foreign(s, TELL);
    let base = s.started();
    let change = |command: &mut Command| {
        command.args(["-c", "push.pushOption=an option"]);
        command.env("GIT_COMMITTER_DATE", "1725148800 +0000");
    };
    s.on_server(&["config", "receive.advertisePushOptions", "true"]);
    let (one, two) = (s.touch(&base, "kernel/a.c"), s.touch(&base, "net/a.c"));
    let push = || {
        let updates = [(one.as_str(), "master"), (&two, "net"), (&two, "topic")];
        s.push_to(s.server(), &updates, change).accepted();
        told(s)
    };
    let alone = push();
    assert_eq!(alone["stdin"].lines().count(), 3);
    assert_eq!(alone["$GIT_PUSH_OPTION_0"], "an option");
    assert!(alone.contains_key("$GIT_QUARANTINE_PATH"));
    for name in ["master", "net"] {
        s.seed(&base, &[name]);
    }
    s.on_server(&["update-ref", "-d", "refs/heads/topic"]);
    install(s, s.server());
    assert_eq!(push(), alone);
}

#[test]
fn its_refusal_refuses_with_its_status() {
    let s = &chained("read old new name\necho \"no $name\" >&2\nexit 7\n");
    let line = accepted(s);
    HookRun::of(&mut hook(s), line.as_bytes())
        .ended(7, "treewarden: accepted")
        .ended(7, "no refs/heads/master\n")
        .ended(
            7,
            "treewarden: refused: hooks/pre-receive.chained ended with 7\n",
        );
    let base = s.at_ref("master").unwrap();
    s.push(&s.touch(&base, "kernel/b.c"), "master")
        .refused()
        .says("no refs/heads/master");
}

#[test]
fn a_signal_refuses_as_a_shell_tells_it() {
    let s = &chained("kill -TERM $$\n");
    let line = accepted(s);
    HookRun::of(&mut hook(s), line.as_bytes()).ended(128 + 15, "ended with 143");
}

#[test]
fn its_acceptance_accepts() {
    let s = &chained("echo to stdout; echo to stderr >&2\n");
    let base = s.started();
    s.push(&s.touch(&base, "kernel/a.c"), "master")
        .clean()
        .says("to stdout")
        .says("to stderr");
    // Also what no tree governs, where treewarden is silent.
    s.push(&base, "topic")
        .clean()
        .says("to stdout")
        .says_no("treewarden");
}

/// What treewarden refuses is refused, and the chained hook never hears of it.
#[test]
fn it_is_asked_after_an_acceptance_alone() {
    let s = &chained("touch \"$HOME/asked\"\n");
    let base = s.started();
    let asked = s.folder().join("asked");
    s.push(&s.touch(&base, "net/a.c"), "master")
        .rejected("denied-path");
    let policy = s.on_server(&["config", "treewarden.policy"]);
    s.on_server(&["config", "treewarden.policy", "preset:gone"]);
    let good = s.touch(&base, "kernel/a.c");
    s.push(&good, "master").refused();
    HookRun::of(&mut hook(s), b"what?\n").ended(4, "treewarden: refused");
    assert!(!asked.exists());
    s.on_server(&["config", "treewarden.policy", &policy]);
    s.push(&good, "master").clean();
    assert!(asked.exists());
}

/// More than a pipe holds: neither the broken pipe nor the full one is anybody's fault.
#[test]
fn it_need_not_read() {
    let s = &chained("exit 0\n");
    let base = s.base();
    let commit = s.touch(&base, "kernel/a.c");
    let names: Vec<String> = (0..2000).map(|at| format!("topic/{at:0>40}")).collect();
    let updates: Vec<_> = names
        .iter()
        .map(|name| (commit.as_str(), name.as_str()))
        .collect();
    s.push_all(&updates).accepted();
    s.seed(&base, &["master"]);
    let zero = s.format.zero();
    let many = |count: usize| -> String {
        let lines = (0..count).map(|at| format!("{zero} {commit} refs/heads/many/{at}\n"));
        lines.collect()
    };
    HookRun::of(&mut hook(s), many(100_000).as_bytes()).ended(0, "");
}

/// A process that it leaves behind holds the pipe open and reads nothing.
#[test]
fn what_it_leaves_behind_is_not_waited_for() {
    let s = &chained("exec 3<&0\nsleep 60 <&3 >/dev/null 2>&1 &\necho $! >\"$HOME/sleeper\"\n");
    let commit = s.base();
    let zero = s.format.zero();
    let lines = (0..20_000).map(|at| format!("{zero} {commit} refs/heads/many/{at}\n"));
    let started = Instant::now();
    HookRun::of(&mut hook(s), lines.collect::<String>().as_bytes()).ended(0, "");
    assert!(started.elapsed() < Duration::from_secs(30));
    let sleeper = fs::read_to_string(s.folder().join("sleeper")).unwrap();
    Command::new("kill").arg(sleeper.trim()).status().unwrap();
}

/// Everything that is read is there, however much it is.
#[test]
fn it_reads_all_of_a_large_push() {
    let s = &chained("wc -l >\"$HOME/lines\"\n");
    let commit = s.base();
    let zero = s.format.zero();
    let lines = (0..20_000).map(|at| format!("{zero} {commit} refs/heads/many/{at}\n"));
    HookRun::of(&mut hook(s), lines.collect::<String>().as_bytes()).ended(0, "");
    let counted = fs::read_to_string(s.folder().join("lines")).unwrap();
    assert_eq!(counted.trim(), "20000");
}

#[test]
fn what_cannot_be_run_refuses_with_the_reason() {
    let s = &bare();
    let path = foreign(s, "");
    program(&path, "#!/nonexistent/interpreter\n", 0o755);
    install(s, s.server());
    let line = accepted(s);
    HookRun::of(&mut hook(s), line.as_bytes())
        .ended(4, "hooks/pre-receive.chained can't be run: No such file")
        .ended(4, "treewarden: refused");
    let base = s.at_ref("master").unwrap();
    s.push(&s.touch(&base, "kernel/b.c"), "master").refused();
}

/// git hands what has no `#!` line to the shell.
#[test]
fn a_script_without_an_interpreter_is_the_shells() {
    let s = &bare();
    let path = foreign(s, "");
    program(&path, "echo in a shell >&2\nexit 9\n", 0o755);
    let base = s.base();
    s.push(&base, "topic").declined().says("in a shell");
    install(s, s.server());
    s.push(&base, "topic").declined().says("in a shell");
    let line = accepted(s);
    HookRun::of(&mut hook(s), line.as_bytes()).ended(9, "in a shell");
}

/// git passes over a hook that isn't executable, and over a link that leads nowhere.
#[test]
fn what_git_passes_over_is_passed_over() {
    let s = &bare();
    let path = foreign(s, "exit 1\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let said = install(s, s.server());
    assert!(
        said.contains("pre-receive.chained, which is not executable"),
        "{said}"
    );
    let base = s.started();
    s.push(&s.touch(&base, "kernel/a.c"), "master").clean();
    let chained = path.with_extension("chained");
    fs::set_permissions(&chained, fs::Permissions::from_mode(0o755)).unwrap();
    s.push(&s.touch(&base, "kernel/b.c"), "master").refused();
    fs::remove_file(&chained).unwrap();
    for target in ["gone", "pre-receive.chained", "pre-receive/below"] {
        std::os::unix::fs::symlink(target, &chained).unwrap();
        let tip = s.at_ref("master").unwrap();
        s.push(&s.touch(&tip, "kernel/c.c"), "master").clean();
        fs::remove_file(&chained).unwrap();
    }
}

/// A folder can't be run, though its mode allows it: so git says too.
#[test]
fn a_folder_in_its_place_refuses() {
    let s = &chained("");
    let path = s.server().join("hooks/pre-receive.chained");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let base = s.started();
    s.push(&s.touch(&base, "kernel/a.c"), "master")
        .refused()
        .says("can't be run");
}

/// Our own shim in the chained hook's place ends, and refuses.
#[test]
fn a_shim_chained_to_itself_refuses() {
    let s = &chained("");
    let path = s.server().join("hooks/pre-receive");
    let shim = fs::read_to_string(&path).unwrap();
    program(&path.with_extension("chained"), &shim, 0o755);
    let base = s.started();
    s.push(&s.touch(&base, "kernel/a.c"), "master").refused();
}

/// The program by itself is a hook without a chain. All else that it is asked is not judged, and
/// not accepted.
#[test]
fn the_program_takes_the_hooks_path_and_nothing_else() {
    let s = &chained("exit 7\n");
    let line = accepted(s);
    let with = |arguments: &[&str]| HookRun::of(s.hook_command().args(arguments), line.as_bytes());
    with(&[]).ended(0, "treewarden: accepted");
    with(&["hooks/pre-receive"]).ended(7, "treewarden: accepted");
    with(&["elsewhere/pre-receive"]).ended(0, "treewarden: accepted");
    for arguments in [
        &["--help"][..],
        &["--version"],
        &[""],
        &["hooks"],
        &["hooks/pre-receive.chained"],
        &["hooks/pre-push"],
        &["hooks/pre-receive", "--help"],
        &["hooks/pre-receive", "hooks/pre-receive"],
    ] {
        with(arguments).ended(2, "takes no arguments");
    }
}

/// A hook that is named without its folder is not looked for on `PATH`.
#[test]
fn it_is_the_one_beside_the_hook() {
    let s = &chained("exit 7\n");
    let line = accepted(s);
    let bin = s.folder().join("bin");
    fs::create_dir(&bin).unwrap();
    script(&bin.join("pre-receive.chained"), "exit 8\n");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = s.hook_command();
    command.env("GIT_DIR", s.server()).env("PATH", path);
    command
        .current_dir(s.server().join("hooks"))
        .arg("pre-receive");
    HookRun::of(&mut command, line.as_bytes()).ended(7, "");
}

#[test]
fn it_is_alone_again_after_uninstall() {
    let s = &chained("echo alone >&2\n");
    uninstall(s, s.server());
    let base = s.started();
    let bad = s.touch(&base, "net/a.c");
    s.push(&bad, "master")
        .clean()
        .says("alone")
        .says_no("treewarden");
    assert!(!Path::new(&s.server().join("hooks/pre-receive.chained")).exists());
}
