//! Why a commit passes or fails: what each step says.

use super::{PRESET, explained, failed};
use crate::docs;
use crate::support::{Format, Sandbox, everywhere};

/// An explanation, block by block.
pub struct Told {
    status: Option<i32>,
    pub text: String,
}

impl Told {
    pub fn of(s: &Sandbox, arguments: &[&str]) -> Self {
        let (status, text) = explained(s, arguments);
        assert!(!text.contains('\x1b'));
        Self { status, text }
    }

    /// The lines of a block, without indentation, sentences in one line.
    fn block(&self, heading: &str) -> String {
        let start = format!("\n\n{heading}\n");
        let (_, after) = self.text.split_once(&start).unwrap_or_else(|| {
            panic!("no {heading:?} in:\n{}", self.text);
        });
        let body = after.split("\n\n").next().unwrap();
        body.replace("\n      ", " ").replace("    ", "")
    }

    pub fn says(&self, heading: &str, text: &str) -> &Self {
        let block = self.block(heading);
        assert!(
            block.contains(text),
            "no {text:?} under {heading:?} in:\n{}",
            self.text
        );
        self
    }

    pub fn says_no(&self, text: &str) -> &Self {
        assert!(!self.text.contains(text), "{text:?} in:\n{}", self.text);
        self
    }

    /// The last line, and the exit status that goes with it.
    pub fn ends(&self, status: i32, verdict: &str) -> &Self {
        let last = self.text.lines().last().unwrap_or_default();
        assert!(
            last.starts_with(&format!("treewarden: {verdict} [policy ")),
            "{}",
            self.text
        );
        assert_eq!(self.status, Some(status), "{}", self.text);
        self
    }
}

/// Explains a commit of a push from the first to the second oid.
pub fn within(s: &Sandbox, commit: &str, tree: &str, old: &str, new: &str) -> Told {
    let range = format!("{old}..{new}");
    Told::of(s, &[commit, "--tree", tree, "--in", &range, PRESET])
}

pub const MASTER: &str = "bpf-next/master";
const NET: &str = "bpf-next/net";

#[test]
fn the_page_shows_what_is_printed() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.base();
    let core = s.commit("bpf: Let programs ask for hints").on(&base);
    let core = core.touch("kernel/bpf/btf.c").make();
    let net = s.commit("xdp: Give hints to programs").on(&core);
    let net = net.touch("net/core/xdp.c").make();
    let test = s.commit("selftests/bpf: Test hints").on(&net);
    let test = test.touch("tools/testing/selftests/bpf/hints.c").make();
    s.git(&["update-ref", "refs/heads/xdp-hints", &test]);
    for name in ["heads/net", "upstream/linus/main", "upstream/net-next/main"] {
        s.git(&["update-ref", &format!("refs/{name}"), &base]);
    }
    let told = Told::of(s, &["xdp-hints^", "--tree", NET, PRESET]);
    let command = "treewarden explain xdp-hints^ --tree bpf-next/net";
    docs::shows("docs/commands.md", command, &told.text);
}

#[test]
fn a_denied_path_is_told_from_the_tree_to_the_verdict() {
    everywhere(|s| {
        let base = s.base();
        s.git(&["update-ref", "refs/heads/master", &base]);
        let bad = s.touch(&base, "net/core/dev.c");
        let told = Told::of(s, &[&bad, "--tree", MASTER, PRESET]);
        let (old, new) = (&base[..12], &bad[..12]);
        told.says("tree", &format!("refs/heads/master is at {old}"))
            .says("tree", "refs/heads/bpf-next/master is not here")
            .says(
                "tree",
                "no ref holds the upstream linus (refs/upstream/linus/*)",
            )
            .says("tree", "deny = [\"networking\"] (preset:bpf-next:")
            .says("push", &format!("refs/heads/master from {old} to {new}"))
            .says("entering", "yes: the only commit")
            .says("parents", &format!("{old}: what differs from it"))
            .says("series", "by itself")
            .says(
                "paths",
                "net/core/dev.c  [networking: `net/**` at preset:bpf-next:",
            )
            .says(
                "rules",
                "deny refuses it (denied-path): the commit changes networking: net/core/dev.c",
            )
            .says("rules", "rewind passes")
            .ends(1, "bpf-next/master refuses it: denied-path");
        assert!(
            told.text
                .starts_with(&format!("{new} touch net/core/dev.c\n"))
        );
        Told::of(
            s,
            &[
                &bad,
                "--tree",
                NET,
                PRESET,
                "--in",
                &format!("{base}..{bad}"),
            ],
        )
        .says(
            "rules",
            "deny-only passes: the commit changes nothing of core",
        )
        .ends(0, "bpf-next/net takes it");
    });
}

#[test]
fn what_holds_a_commit_that_does_not_enter_is_named() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/a.c");
        let top = s.touch(&bad, "kernel/a.c");
        let told = || Told::of(s, &[&bad, "--tree", MASTER, PRESET]);
        let refuses = "bpf-next/master refuses it: denied-path";
        told().says("rules", "create passes").ends(1, refuses);
        // Each of what excludes it, alone.
        for (name, words) in [
            ("refs/heads/master", "the old value of the push"),
            ("refs/heads/bpf-next/master", "the old value of the push"),
            (
                "refs/upstream/linus/v6.13",
                "refs/upstream/linus/v6.13, a ref of the upstream linus",
            ),
        ] {
            s.git(&["update-ref", name, &bad]);
            told()
                .says("entering", "no, and so it isn't judged")
                .says("entering", words)
                .says_no("\npaths\n")
                .ends(0, "bpf-next/master takes it");
            s.git(&["update-ref", "-d", name]);
        }
        // A second ref of the tree, and a ref above the commit.
        s.git(&["update-ref", "refs/heads/master", &base]);
        s.git(&["update-ref", "refs/heads/bpf-next/master", &top]);
        told()
            .says("entering", "refs/heads/bpf-next/master, a ref of the tree")
            .ends(0, "bpf-next/master takes it");
        // Another tree's ref holds nothing.
        s.git(&["update-ref", "-d", "refs/heads/bpf-next/master"]);
        s.git(&["update-ref", "refs/heads/net", &bad]);
        told().ends(1, refuses);
    });
}

#[test]
fn since_holds_what_was_there_before_the_policy() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/a.c");
        let absent = "1".repeat(base.len());
        let policy = |since: &str| {
            s.small_policy("");
            let path = s.folder().join("policy.toml");
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(
                &path,
                format!("{text}since = [\"{since}\", \"{absent}\"]\n"),
            )
            .unwrap();
            format!("--policy={}", path.to_str().unwrap())
        };
        Told::of(s, &[&bad, "--tree=master", &policy(&bad)])
            .says("tree", &format!("since {}, which is here", &bad[..12]))
            .says("tree", "since 111111111111, which is not here")
            .says(
                "entering",
                &format!("{}, in the tree's `since`", &bad[..12]),
            )
            .ends(0, "master takes it");
        Told::of(s, &[&bad, "--tree=master", &policy(&base)])
            .says("entering", "yes: the only commit")
            .ends(1, "master refuses it: denied-path");
    });
}

/// What `--in` names counts, and not what the refs hold.
#[test]
fn another_push_can_be_named() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/a.c");
        let top = s.touch(&bad, "kernel/a.c");
        s.git(&["update-ref", "refs/heads/master", &top]);
        within(s, &bad, MASTER, &base, &top)
            .says("push", &format!("from {} to {}", &base[..12], &top[..12]))
            .says("entering", "yes: one of 2 commits")
            .ends(1, "bpf-next/master refuses it: denied-path");
        within(s, &top, MASTER, &base, &top).ends(0, "bpf-next/master takes it");
        let note = "note: another commit of this push would be refused: denied-path\n";
        assert!(within(s, &top, MASTER, &base, &top).text.contains(note));
        within(s, &base, MASTER, &base, &top)
            .says("entering", "the old value of the push")
            .ends(0, "bpf-next/master takes it");
        Told::of(s, &[&base, "--tree", MASTER, "--in", &top, PRESET])
            .says("push", "is created at")
            .says("parents", "none: all its paths")
            .says("paths", "Makefile\n")
            .ends(1, "bpf-next/master refuses it: denied-path");
    });
}

#[test]
fn a_rewind_refuses_the_commit_too() {
    everywhere(|s| {
        let base = s.base();
        let there = s.touch(&base, "kernel/a.c");
        let here = s.touch(&base, "kernel/b.c");
        within(s, &here, MASTER, &there, &here)
            .says(
                "rules",
                "deny passes: the commit changes nothing of networking",
            )
            .says(
                "rules",
                "rewind refuses it (ref-rewound): the new value doesn't contain",
            )
            .ends(1, "bpf-next/master refuses it: ref-rewound");
    });
}

/// A core patch, a networking patch, and the merge that brings them.
fn series(s: &Sandbox) -> [String; 4] {
    let base = s.base();
    let core = s
        .commit("bpf: prepare")
        .on(&base)
        .touch("kernel/bpf/btf.c")
        .make();
    let net = s
        .commit("xdp: use it")
        .on(&core)
        .touch("net/core/xdp.c")
        .make();
    let merge = s.merge("Merge branch 'xdp'", &[&base, &net]).make();
    [base, core, net, merge]
}

#[test]
fn a_series_names_its_merge_and_who_excuses_whom() {
    everywhere(|s| {
        let [base, core, net, merge] = series(s);
        let short = |oid: &str| oid[..12].to_owned();
        within(s, &core, NET, &base, &merge)
            .says(
                "series",
                &format!(
                    "3 commits, together since the merge {} brings",
                    short(&merge)
                ),
            )
            .says("series", &format!("{} bpf: prepare", short(&core)))
            .says("series", &format!("{} xdp: use it", short(&net)))
            .says(
                "rules",
                "deny-only passes: its series changes core: kernel/bpf/btf.c;",
            )
            .says(
                "rules",
                &format!(
                    "{} (\"xdp: use it\") excuses it, which changes networking: net/core/xdp.c",
                    short(&net)
                ),
            )
            .ends(0, "bpf-next/net takes it");
        within(s, &net, NET, &base, &merge)
            .says(
                "rules",
                &format!(
                    "core: kernel/bpf/btf.c, in {} (\"bpf: prepare\")",
                    short(&core)
                ),
            )
            .says(
                "rules",
                "the commit excuses it, since it changes networking: net/core/xdp.c",
            )
            .ends(0, "bpf-next/net takes it");
        // Without the merge each is a series of its own.
        within(s, &core, NET, &base, &net)
            .says("series", "by itself")
            .says("rules", "deny-only refuses it (only-denied-paths): the commit changes core: kernel/bpf/btf.c; nothing of shared or networking excuses it")
            .ends(1, "bpf-next/net refuses it: only-denied-paths");
    });
}

/// A test in a refused series is refused with it, though it touches nothing that is denied.
#[test]
fn a_series_is_refused_whole() {
    everywhere(|s| {
        let base = s.base();
        let core = s
            .commit("bpf: prepare")
            .on(&base)
            .touch("kernel/a.c")
            .make();
        let test = s.touch(&core, "tools/testing/a.c");
        let merge = s.merge("Merge branch 'core'", &[&base, &test]).make();
        for commit in [&core, &test, &merge] {
            within(s, commit, NET, &base, &merge)
                .says("rules", "its series changes core: kernel/a.c")
                .ends(1, "bpf-next/net refuses it: only-denied-paths")
                .says_no("note: ");
        }
        within(s, &test, NET, &base, &merge).says("rules", "(\"bpf: prepare\")");
    });
}

#[test]
fn a_thread_is_known_by_its_links() {
    everywhere(|s| {
        let base = s.base();
        let mailed = |parent: &str, path: &str, number: usize| {
            let link = format!("https://lore.kernel.org/r/20240901-xdp-{number}-0123@k.org");
            let message = format!("touch {path}\n\nLink: {link}\n");
            s.commit(message).on(parent).touch(path).make()
        };
        let core = mailed(&base, "kernel/a.c", 1);
        let net = mailed(&core, "net/a.c", 2);
        within(s, &core, NET, &base, &net)
            .says(
                "series",
                "2 commits, posted as one thread by their Link: lines",
            )
            .ends(0, "bpf-next/net takes it");
        // On a tree that judges each commit there is no such series.
        within(s, &core, MASTER, &base, &net).says("series", "by itself");
    });
}

#[test]
fn a_push_can_be_the_unit() {
    everywhere(|s| {
        let base = s.base();
        let core = s.touch(&base, "kernel/a.c");
        let net = s.touch(&core, "net/a.c");
        s.over_preset(
            "[[tree]]\nname = \"bpf-next/net\"\n\
             deny-only = { classes = [\"core\"], unless = [\"networking\"], judge = \"push\" }\n",
        );
        let policy = format!("--policy={}", s.folder().join("policy.toml").display());
        let range = format!("{base}..{net}");
        Told::of(s, &[&core, "--tree", NET, "--in", &range, &policy])
            .says("series", "the whole push is judged as one, 2 commits")
            .says(
                "rules",
                "deny-only passes: the push changes core: kernel/a.c;",
            )
            .ends(0, "bpf-next/net takes it");
    });
}

#[test]
fn messages_are_told_rule_by_rule() {
    everywhere(|s| {
        let base = s.base();
        s.small_policy("");
        let path = s.folder().join("policy.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let rules = "message = [\n\
            { in = \"subject\", require = \"^bpf:\", reason = \"say where\" },\n\
            { in = \"body\", forbid = \"WIP\", merges = true, reason = \"finish it\" },\n]\n";
        std::fs::write(&path, format!("{text}{rules}")).unwrap();
        let policy = format!("--policy={}", path.display());
        let told = |commit: &str| {
            let range = format!("{base}..{commit}");
            Told::of(s, &[commit, "--tree=master", "--in", &range, &policy])
        };
        let draft = |message: &str| s.commit(message).on(&base).touch("Makefile").make();
        told(&draft("bpf: do it\n\nDone.\n"))
            .says("rules", "message passes: the subject has what is required")
            .says(
                "rules",
                "message passes: the body has nothing that is forbidden",
            )
            .ends(0, "master takes it");
        told(&draft("do it\n\nWIP\n"))
            .says("rules", "message refuses it (message-pattern): the subject misses what is required: say where")
            .says("rules", "message refuses it (message-pattern): the body has what is forbidden: finish it")
            .ends(1, "master refuses it: message-pattern");
        let (one, two) = (draft("bpf: one"), draft("bpf: two"));
        told(&s.merge("Merge", &[&one, &two]).touch("Makefile").make())
            .says("rules", "message passes: merges aren't asked")
            .ends(0, "master takes it");
    });
}

#[test]
fn what_is_not_enforced_is_not_judged() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/a.c");
        let range = format!("{base}..{bad}");
        let told = |enforce: &str| {
            s.over_preset(&format!(
                "[[tree]]\nname = \"bpf-next/master\"\nenforce = \"{enforce}\"\n"
            ));
            let policy = format!("--policy={}", s.folder().join("policy.toml").display());
            Told::of(s, &[&bad, "--tree", MASTER, "--in", &range, &policy])
        };
        told("off")
            .says("entering", "nothing is judged: the tree's findings are off")
            .says("rules", "none is asked")
            .ends(0, "bpf-next/master takes it");
        told("warn")
            .says("tree", "enforce = \"warn\"")
            .says("rules", "deny warns of it (denied-path)")
            .ends(0, "bpf-next/master takes it, and warns: denied-path");
        within(s, &bad, "bpf-next/for-next", &base, &bad)
            .says("entering", "no rule of the tree looks at commits")
            .ends(0, "bpf-next/for-next takes it");
    });
}

#[test]
fn too_much_is_told_as_such() {
    everywhere(|s| {
        let base = s.base();
        let tip = s.line(&base, 3, |at| format!("kernel/f{at}.c"));
        s.over_preset("[budget]\ncommits = 2\n");
        let policy = format!("--policy={}", s.folder().join("policy.toml").display());
        let range = format!("{base}..{tip}");
        Told::of(s, &[&tip, "--tree", MASTER, "--in", &range, &policy])
            .says("entering", "not known: more commits would enter than 2")
            .ends(1, "bpf-next/master refuses it: too-much");
    });
}

/// A tree whose refs are many has none to push to by itself.
#[test]
fn a_tree_of_many_refs_wants_the_push_named() {
    everywhere(|s| {
        let base = s.base();
        let bad = s.touch(&base, "net/a.c");
        let policy = s.folder().join("policy.toml");
        std::fs::write(
            &policy,
            "version = 1\n[[path-class]]\nname = \"n\"\npaths = [\"net/\"]\n\
             [[tree]]\nname = \"stable\"\nrefs = [\"refs/heads/stable/*\"]\ndeny = [\"n\"]\n",
        )
        .unwrap();
        let policy = format!("--policy={}", policy.display());
        let arguments = [&bad, "--tree=stable", policy.as_str()];
        failed(s, &arguments).ended(2, "--in");
        let range = format!("--in={base}..{bad}");
        Told::of(s, &[&arguments[..], &[&range]].concat())
            .says("push", "a ref of the tree from")
            .says("tree", "refs/heads/stable/* is not here")
            .ends(1, "stable refuses it: denied-path");
        s.git(&["update-ref", "refs/heads/stable/6.1", &base]);
        Told::of(s, &arguments)
            .says("push", "refs/heads/stable/6.1 from")
            .ends(1, "stable refuses it: denied-path");
        s.git(&["update-ref", "refs/heads/stable/6.6", &base]);
        failed(s, &arguments).ended(2, "--in");
    });
}

/// A commit's subject and its paths are the pusher's words.
#[test]
fn nothing_of_the_repository_is_printed_raw() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.base();
    let draft = s.commit("evil \x1b[2J\u{202e}subject").on(&base);
    let core = draft.touch("kernel/\x1b[31m.c").make();
    let net = s
        .commit("\x1b]0;x\x07 net")
        .on(&core)
        .touch("net/\x1b.c")
        .make();
    let merge = s
        .merge("Merge \x1b", &[&base, &net])
        .touch("net/\x1b2.c")
        .make();
    for commit in [&core, &net, &merge] {
        for tree in [MASTER, NET] {
            let told = within(s, commit, tree, &base, &merge);
            assert!(told.text.contains("\\x1b"));
            assert!(!told.text.contains(['\x1b', '\x07', '\u{202e}']));
        }
    }
}

/// A commit may change more paths than anybody reads.
#[test]
fn very_many_paths_are_counted() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.base();
    let mut draft = s.commit("many").on(&base);
    for at in 0..502 {
        draft = draft.write(format!("kernel/{at:03}.c"), "same\n");
    }
    let many = draft.make();
    let told = within(s, &many, MASTER, &base, &many);
    told.says("paths", "kernel/499.c")
        .says("paths", "… and 2 more paths");
    assert_eq!(told.text.matches("[core: ").count(), 500);
}
