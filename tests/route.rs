//! `treewarden route`: where commits belong, and the commands that put them there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod moves;

use crate::support::{Format, HookRun, Sandbox, everywhere};

const PRESET: &str = "--policy=preset:bpf-next";

/// What the command printed.
struct Routed {
    status: Option<i32>,
    text: String,
}

/// Runs the command in the client's repository.
fn route(s: &Sandbox, arguments: &[&str]) -> Routed {
    let mut command = s.treewarden();
    command.current_dir(s.client()).arg("route");
    let output = command.args(arguments).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    Routed {
        status: output.status.code(),
        text: String::from_utf8(output.stdout).unwrap(),
    }
}

/// What the command said when it could not do what was asked.
fn failed(s: &Sandbox, arguments: &[&str]) -> HookRun {
    let mut command = s.treewarden();
    command.current_dir(s.client()).arg("route");
    HookRun::of(command.args(arguments), b"")
}

impl Routed {
    /// The answers of a block, tree by tree.
    fn answers(&self, heading: &str) -> Vec<(String, String)> {
        let mut lines = self.text.lines();
        lines
            .find(|line| line.starts_with(heading))
            .unwrap_or_else(|| panic!("no {heading:?} in:\n{}", self.text));
        let block = lines.take_while(|line| line.starts_with("    "));
        let words = block.map(|line| line.trim().split_once("  ").unwrap());
        words
            .map(|(tree, said)| (tree.to_owned(), said.trim().to_owned()))
            .collect()
    }

    /// What the two trees of the preset that have path rules answer.
    fn says(&self, heading: &str, master: &str, net: &str) -> &Self {
        let wanted = [("bpf-next/master", master), ("bpf-next/net", net)]
            .map(|(tree, said)| (tree.to_owned(), said.to_owned()));
        assert_eq!(self.answers(heading), wanted, "{}", self.text);
        self
    }

    fn has(&self, text: &str) -> &Self {
        assert!(self.text.contains(text), "no {text:?} in:\n{}", self.text);
        self
    }

    fn has_no(&self, text: &str) -> &Self {
        assert!(!self.text.contains(text), "{text:?} in:\n{}", self.text);
        self
    }

    /// The last line, and the exit status that goes with it.
    fn ends(&self, status: i32, verdict: &str) -> &Self {
        let last = self.text.lines().last().unwrap_or_default();
        assert!(
            last.starts_with(&format!("treewarden: {verdict} [policy ")),
            "{}",
            self.text
        );
        assert_eq!(self.status, Some(status), "{}", self.text);
        self
    }

    /// The command below a line, as a shell takes it.
    fn command(&self, line: &str) -> String {
        let mut lines = self.text.lines();
        lines
            .find(|other| *other == line)
            .unwrap_or_else(|| panic!("no {line:?} in:\n{}", self.text));
        let block = lines.take_while(|line| line.starts_with("    "));
        block.map(|line| format!("{}\n", line.trim())).collect()
    }
}

const NO_NETWORKING: &str = "no: denied-path (networking: net/core/dev.c)";
const NO_CORE: &str = "no: only-denied-paths (core: kernel/a.c)";
const NONE: &str = "no tree takes all of it";

#[test]
fn each_commit_and_all_of_them_are_asked_about() {
    everywhere(|s| {
        let base = s.base();
        let core = s.touch(&base, "kernel/a.c");
        let net = s.touch(&core, "net/core/dev.c");
        let both = s.commit("both").on(&net);
        let both = both
            .touch("net/a.c")
            .touch("net/b.c")
            .touch("kernel/b.c")
            .make();
        let test = s.touch(&both, "tools/a.c");
        let routed = route(s, &[&format!("{base}..{test}"), PRESET]);
        routed
            .says(&format!("{} touch kernel/a.c", &core[..12]), "yes", NO_CORE)
            .says(&net[..12], NO_NETWORKING, "yes")
            .says(
                &both[..12],
                "no: denied-path (networking: net/a.c and 1 more)",
                "yes",
            )
            .says(&test[..12], "yes", "yes")
            .says(
                "all 4 commits in one push",
                "no: denied-path (2 of 4 commits)",
                "no: only-denied-paths (1 of 4 commits)",
            )
            .ends(1, NONE);
        // Oldest first.
        let at = |oid: &str| routed.text.find(&oid[..12]).unwrap();
        assert!(at(&core) < at(&net) && at(&net) < at(&test));
    });
}

#[test]
fn one_commit_is_asked_about_by_itself() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "kernel/a.c");
        let net = s.touch(&bad, "net/core/dev.c");
        s.git(&["update-ref", "refs/remotes/origin/net", &bad]);
        route(s, &[&net, PRESET])
            .says(&net[..12], NO_NETWORKING, "yes")
            .has_no("in one push")
            .has_no(&bad[..12])
            .has(&format!(
                "bpf-next/net takes it:\n    git push origin {}:net\n",
                &net[..12]
            ))
            .ends(0, "bpf-next/net takes all of it");
        route(s, &[&bad, PRESET]).ends(0, "bpf-next/master takes all of it");
        // A root has no parent: all its paths are its own.
        let root = "no: denied-path (networking: net/core/dev.c)";
        route(s, &[&base, PRESET])
            .says(&base[..12], root, "yes")
            .ends(0, "bpf-next/net takes all of it");
    });
}

#[test]
fn a_series_is_judged_as_one() {
    everywhere(|s| {
        let base = s.base();
        let core = s.touch(&base, "kernel/a.c");
        let net = s.touch(&core, "net/core/dev.c");
        let merge = s.merge("Merge branch 'xdp'", &[&base, &net]).make();
        route(s, &[&format!("{base}..{merge}"), PRESET])
            .says(&core[..12], "yes", NO_CORE)
            .says(&merge[..12], "yes", "yes")
            .says("all 3 commits", "no: denied-path (1 of 3 commits)", "yes")
            .has(&format!(
                "git push origin {}:refs/heads/net\n",
                &merge[..12]
            ))
            .has("note: no remote-tracking ref tells what origin holds")
            .ends(0, "bpf-next/net takes all of it");
    });
}

#[test]
fn a_merge_is_judged_by_what_it_changes_itself() {
    everywhere(|s| {
        let base = s.base();
        let (one, two) = (s.touch(&base, "kernel/a.c"), s.touch(&base, "kernel/b.c"));
        let evil = s
            .merge("Merge", &[&one, &two])
            .touch("net/core/dev.c")
            .make();
        let clean = s.merge("Merge", &[&one, &two]).make();
        route(s, &[&format!("{one}..{evil}"), PRESET])
            .says(
                &two[..12],
                "yes",
                "no: only-denied-paths (core: kernel/b.c)",
            )
            .says(&evil[..12], NO_NETWORKING, "yes")
            .has("a merge can't be moved, and this one changes paths itself")
            .ends(1, NONE);
        route(s, &[&clean, PRESET]).says(&clean[..12], "yes", "yes");
    });
}

/// What a tree's own refs hold says nothing about where a commit belongs.
#[test]
fn what_the_range_stands_on_is_taken_as_there() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/core/dev.c");
        let good = s.touch(&bad, "kernel/a.c");
        for name in ["refs/heads/master", "refs/remotes/origin/master"] {
            s.git(&["update-ref", name, &base]);
        }
        route(s, &[&format!("{bad}..{good}"), PRESET])
            .says(&good[..12], "yes", NO_CORE)
            .has("git cherry-pick")
            .ends(0, "bpf-next/master takes all of it");
    });
}

#[test]
fn upstreams_have_their_commits_already() {
    everywhere(|s| {
        let base = s.base();
        let theirs = s.touch(&base, "net/core/dev.c");
        let ours = s.touch(&base, "kernel/a.c");
        let merge = s.merge("Merge tag 'v6.13'", &[&ours, &theirs]).make();
        let range = format!("{base}..{merge}");
        route(s, &[&range, PRESET])
            .says(&theirs[..12], NO_NETWORKING, "yes")
            .has("note: no ref holds the upstream bpf (refs/upstream/bpf/*), linus")
            .ends(1, NONE);
        // An upstream of one tree.
        s.git(&["update-ref", "refs/upstream/bpf/master", &theirs]);
        route(s, &[&range, PRESET])
            .says(
                &theirs[..12],
                "yes: an upstream of it has this already",
                "yes",
            )
            .ends(0, "bpf-next/master takes all of it");
        // One of all trees: then it is no news to anybody.
        s.git(&["update-ref", "-d", "refs/upstream/bpf/master"]);
        s.git(&["update-ref", "refs/upstream/linus/master", &theirs]);
        let routed = route(s, &[&range, PRESET]);
        routed
            .has_no(&theirs[..12])
            .says(
                "all 2 commits",
                "yes",
                "no: only-denied-paths (1 of 2 commits)",
            )
            .ends(0, "bpf-next/master takes all of it");
        s.git(&["update-ref", "refs/upstream/linus/master", &merge]);
        route(s, &[&range, PRESET])
            .has("there are no commits that a tree would have to judge")
            .ends(0, "bpf-next/master or bpf-next/net takes all of it");
    });
}

#[test]
fn messages_and_warnings_count_as_they_weigh() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/core/dev.c");
        let range = format!("{base}..{bad}");
        s.over_preset(
            "[[tree]]\nname = \"bpf-next/master\"\nenforce = \"warn\"\n\
             [[tree]]\nname = \"bpf-next/net\"\nenforce = \"off\"\n\
             [[tree]]\nname = \"bpf\"\n\
             message = [{ in = \"subject\", require = \"^bpf:\", reason = \"say where\" }]\n",
        );
        let policy = format!("--policy={}", s.folder().join("policy.toml").display());
        let routed = route(s, &[&range, &policy]);
        let answers = routed.answers(&bad[..12]);
        let said = |at: usize| answers[at].1.as_str();
        assert_eq!(answers.len(), 3, "a tree without rules isn't asked");
        assert_eq!(
            said(0),
            "yes, with a warning: denied-path (networking: net/core/dev.c)"
        );
        assert_eq!(said(1), "yes: its rules are off");
        assert_eq!(
            said(2),
            "no: message-pattern (has a subject that this tree refuses: say where)"
        );
        routed.ends(0, "bpf-next/master or bpf-next/net takes all of it");
    });
}

#[test]
fn a_commit_that_only_lacks_words_is_to_be_reworded() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/core/dev.c");
        s.small_policy("");
        let path = s.folder().join("policy.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let rule =
            "message = [{ in = \"subject\", require = \"^bpf:\", reason = \"say where\" }]\n";
        std::fs::write(&path, format!("{text}{rule}")).unwrap();
        let good = s.touch(&base, "kernel/a.c");
        let policy = format!("--policy={}", path.display());
        route(s, &[&good, &policy])
            .has(&format!(
                "    for master, reword it: git rebase -i {}^",
                &good[..12]
            ))
            .ends(1, NONE);
        route(s, &[&bad, &policy])
            .has("no: denied-path (networking: net/core/dev.c), message-pattern (")
            .has_no("reword")
            .has("no tree of this policy takes it: ask its maintainers")
            .ends(1, NONE);
    });
}

#[test]
fn where_no_tree_has_rules_every_tree_takes_everything() {
    everywhere(|s| {
        let base = s.base();
        let policy = s.folder().join("policy.toml");
        let text = "version = 1\n[[tree]]\nname = \"m\"\nrefs = [\"refs/heads/master\"]\n";
        std::fs::write(&policy, text).unwrap();
        let policy = format!("--policy={}", policy.display());
        route(s, &[&base, &policy]).ends(
            0,
            "every tree takes all of it: none has rules for paths or messages",
        );
    });
}

#[test]
fn too_much_is_told_as_such() {
    everywhere(|s| {
        let base = s.base();
        let tip = s.line(&base, 3, |at| format!("kernel/f{at}.c"));
        s.over_preset("[budget]\ncommits = 2\n");
        let policy = format!("--policy={}", s.folder().join("policy.toml").display());
        failed(s, &[&format!("{base}..{tip}"), &policy])
            .ended(1, "error: too-much: more commits would enter than 2");
        s.over_preset("[budget]\ntree-objects = 1\n");
        let one = s.touch(&base, "kernel/a.c");
        let routed = route(s, &[&one, &policy]);
        let said = "no: too-much (judging needs more than 1 tree objects)";
        routed.says(&one[..12], said, said).ends(1, NONE);
    });
}

#[test]
fn the_policy_may_know_the_remote_by_another_name() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/core/dev.c");
        s.git(&["config", "remote.kernel.url", "nowhere"]);
        s.git(&["config", "remote.kernel.treewardenRepository", "other"]);
        s.git(&["update-ref", "refs/remotes/kernel/net", &base]);
        s.git(&["update-ref", "refs/remotes/kernel/bpf-next/net", &base]);
        let command = |more: &[&str]| {
            let arguments = [&[&bad, PRESET], more].concat();
            route(s, &arguments).command("bpf-next/net takes it:")
        };
        let short = &bad[..12];
        assert_eq!(
            command(&["--remote", "kernel"]),
            format!("git push kernel {short}:bpf-next/net\n")
        );
        s.git(&["config", "--unset", "remote.kernel.treewardenRepository"]);
        assert_eq!(
            command(&["--remote", "kernel"]),
            format!("git push kernel {short}:net\n")
        );
        assert_eq!(
            command(&[]),
            format!("git push origin {short}:refs/heads/net\n")
        );
        // The one of the tree's refs that is there, whichever the policy names first.
        s.git(&["update-ref", "refs/remotes/origin/bpf-next/net", &base]);
        assert_eq!(
            command(&[]),
            format!("git push origin {short}:bpf-next/net\n")
        );
    });
}

#[test]
fn what_cannot_be_routed_ends_in_its_own_status() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.base();
    failed(s, &["nowhere..", PRESET]).ended(2, "`nowhere`");
    failed(s, &["nowhere", PRESET]).ended(2, "`nowhere`");
    failed(s, &[&base, PRESET, "--remote=gone"]).ended(2, "no remote `gone`");
    failed(s, &[&base]).ended(3, "treewarden.policy");
    failed(s, &[&base, "--policy=gone.toml"]).ended(3, "gone.toml");
    failed(s, &["--", "--help", PRESET]).ended(2, "");
    let mut command = s.treewarden();
    command.args(["route", &base, PRESET]);
    HookRun::of(&mut command, b"").ended(4, "no git repository");
    let mut command = s.treewarden();
    command
        .current_dir(s.client())
        .args(["route", &base, PRESET]);
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn nothing_of_the_repository_is_printed_raw() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.base();
    let draft = s.commit("evil \x1b[2J\u{202e}subject").on(&base);
    let evil = draft
        .touch("kernel/\x1b[31m.c")
        .touch("net/\x1b]0;x\x07.c")
        .make();
    let core = s.touch(&evil, "kernel/\x1b.c");
    let routed = route(s, &[&format!("{base}..{core}"), PRESET]);
    assert!(routed.text.contains("\\x1b"));
    assert!(!routed.text.contains(['\x1b', '\x07', '\u{202e}']));
    s.small_policy("[[path-class]]\nname = \"core\"\npaths = [\"kernel/**\"]\n");
    let path = s.folder().join("policy.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let tree = "[[tree]]\nname = \"net\"\nrefs = [\"refs/heads/net\"]\ndeny = [\"core\"]\n";
    std::fs::write(&path, format!("{text}{tree}")).unwrap();
    let split = route(s, &[&evil, &format!("--policy={}", path.display())]);
    split.has("split it: its paths belong to different trees");
    assert!(!split.text.contains(['\x1b', '\x07', '\u{202e}']));
}
