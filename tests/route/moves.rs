//! The commands, run by a shell against a server with the hook: they must do what they promise.

use std::path::{Path, PathBuf};

use super::{NONE, PRESET, Routed};
use crate::docs;
use crate::support::{Format, Sandbox, everywhere};

/// A clone of the server with a work tree.
struct Clone<'s> {
    sandbox: &'s Sandbox,
    folder: PathBuf,
}

impl<'s> Clone<'s> {
    fn of(sandbox: &'s Sandbox) -> Self {
        let folder = sandbox.folder().join("work");
        let clone = Self { sandbox, folder };
        let server = sandbox.server().to_str().unwrap();
        let work = clone.folder.to_str().unwrap();
        let mut git = sandbox.command("git");
        git.args(["clone", "-q", "--no-checkout", server, work]);
        assert!(git.status().unwrap().success());
        clone.shell("git config advice.detachedHead false && git switch -q --detach origin/master");
        clone
    }

    /// Brings a commit from the client's repository.
    fn fetch(&self, commit: &str) {
        let client = self.sandbox.client();
        let client = client.to_str().unwrap();
        // No ref is left but `origin`'s.
        self.sandbox
            .git(&["update-ref", "refs/heads/handed-over", commit]);
        self.shell(&format!("git fetch -q {client} refs/heads/handed-over"));
    }

    fn shell(&self, command: &str) -> String {
        let mut shell = self.sandbox.command("sh");
        shell.args(["-e", "-c", command]).current_dir(&self.folder);
        // What a merge's message says is the maintainer's to write.
        shell.env("GIT_EDITOR", "true");
        let output = shell.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}\n{errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn route(&self, arguments: &[&str]) -> Routed {
        self.route_by(PRESET, arguments)
    }

    fn route_by(&self, policy: &str, arguments: &[&str]) -> Routed {
        let mut command = self.sandbox.treewarden();
        command.current_dir(self.path()).args(["route", policy]);
        let output = command.args(arguments).output().unwrap();
        Routed {
            status: output.status.code(),
            text: String::from_utf8(output.stdout).unwrap(),
        }
    }

    fn path(&self) -> &Path {
        &self.folder
    }

    /// The subjects that a branch of the server has above a commit, newest first.
    fn subjects(&self, base: &str, branch: &str) -> Vec<String> {
        let range = format!("{base}..refs/heads/{branch}");
        let log = self
            .sandbox
            .on_server(&["log", "--topo-order", "--format=%s", &range]);
        log.lines().map(str::to_owned).collect()
    }
}

/// The page shows a contributor's branch: a core patch, the networking that needs it, a test.
#[test]
fn the_page_shows_what_is_printed() {
    let s = &Sandbox::new(Format::Sha1Files);
    let base = s.started();
    let patches = [
        ("bpf: Let programs ask for hints", "kernel/bpf/btf.c"),
        ("xdp: Give hints to programs", "net/core/xdp.c"),
        (
            "selftests/bpf: Test hints",
            "tools/testing/selftests/bpf/hints.c",
        ),
    ];
    let tip = patches.iter().fold(base.clone(), |tip, (subject, path)| {
        s.commit(subject).on(&tip).touch(path).make()
    });
    let upstream = ["linus", "bpf", "net-next"].map(|name| format!("refs/upstream/{name}/main"));
    let clone = Clone::of(s);
    clone.fetch(&tip);
    clone.shell(&format!("git branch xdp-hints {tip}"));
    for name in upstream {
        clone.shell(&format!("git update-ref {name} {base}"));
    }
    let routed = clone.route(&["origin/net..xdp-hints"]);
    let command = "treewarden route origin/net..xdp-hints";
    docs::shows("docs/commands.md", command, &routed.text);
}

#[test]
fn a_range_that_a_tree_takes_is_pushed_as_it_is() {
    everywhere(|s| {
        let base = s.started();
        let tip = s.touch(&s.touch(&base, "net/a.c"), "net/b.c");
        let clone = Clone::of(s);
        clone.fetch(&tip);
        let routed = clone.route(&[&format!("origin/net..{tip}")]);
        let command = routed.command("bpf-next/net takes it:");
        assert_eq!(command, format!("git push origin {}:net\n", &tip[..12]));
        clone.shell(&command);
        assert_eq!(s.at_ref("net"), Some(tip.clone()));
        clone
            .route(&[&format!("{base}..{tip}")])
            .has("bpf-next/net has it already\n");
    });
}

/// The tree takes the commits, but not what they stand on here.
#[test]
fn what_stands_on_other_ground_is_picked() {
    everywhere(|s| {
        let base = s.started();
        let core = s.touch(&base, "kernel/a.c");
        s.push(&core, "master").clean();
        let tip = ["net/a.c", "net/b.c", "tools/c.c"]
            .iter()
            .fold(core.clone(), |tip, path| s.touch(&tip, path));
        let clone = Clone::of(s);
        clone.fetch(&tip);
        let routed = clone.route(&[&format!("origin/master..{tip}")]);
        routed.ends(0, "bpf-next/net takes all of it");
        clone.shell(&routed.command("bpf-next/net takes it:"));
        let landed = ["touch tools/c.c", "touch net/b.c", "touch net/a.c"];
        assert_eq!(clone.subjects(&base, "net"), landed);
    });
}

#[test]
fn a_mixed_range_is_sorted_by_where_each_commit_belongs() {
    everywhere(|s| {
        let base = s.started();
        let paths = [
            "kernel/a.c",
            "tools/a.c",
            "net/a.c",
            "tools/b.c",
            "kernel/c.c",
        ];
        let tip = paths
            .iter()
            .fold(base.clone(), |tip, path| s.touch(&tip, path));
        let clone = Clone::of(s);
        clone.fetch(&tip);
        let routed = clone.route(&[&format!("origin/master..{tip}")]);
        routed.ends(1, NONE);
        clone.shell(&routed.command("bpf-next/master takes 3 commits:"));
        clone.shell(&routed.command("bpf-next/net takes 2 commits:"));
        // Tests go where the commit before them goes.
        assert_eq!(
            clone.subjects(&base, "master"),
            ["touch kernel/c.c", "touch tools/a.c", "touch kernel/a.c"]
        );
        assert_eq!(
            clone.subjects(&base, "net"),
            ["touch tools/b.c", "touch net/a.c"]
        );
    });
}

/// The oldest commits can be pushed as they are: nothing that belongs elsewhere is below them.
#[test]
fn the_bottom_of_a_mixed_range_needs_no_picking() {
    everywhere(|s| {
        let base = s.started();
        let core = s.touch(&s.touch(&base, "kernel/a.c"), "kernel/b.c");
        let tip = s.touch(&core, "net/a.c");
        let clone = Clone::of(s);
        clone.fetch(&tip);
        let routed = clone.route(&[&format!("origin/master..{tip}")]);
        let command = routed.command("bpf-next/master takes 2 commits:");
        assert_eq!(command, format!("git push origin {}:master\n", &core[..12]));
        clone.shell(&command);
        clone.shell(&routed.command("bpf-next/net takes 1 commit:"));
        assert_eq!(clone.subjects(&base, "net"), ["touch net/a.c"]);
    });
}

/// Commits that stand side by side are all moved, though no one of them reaches the others.
#[test]
fn branches_beside_one_another_are_not_left_behind() {
    everywhere(|s| {
        let base = s.started();
        let one = s.touch(&base, "kernel/a.c");
        let two = s.touch(&base, "kernel/b.c");
        let net = s.touch(&two, "net/a.c");
        let tip = s.merge("Merge", &[&one, &net]).make();
        let clone = Clone::of(s);
        clone.fetch(&tip);
        let routed = clone.route(&[&format!("origin/master..{tip}")]);
        clone.shell(&routed.command("bpf-next/master takes 1 commit:"));
        assert_eq!(clone.subjects(&base, "master"), ["touch kernel/a.c"]);
        // The series of the merge has a networking commit, so its core patch goes along.
        clone.shell(&routed.command("bpf-next/net takes 2 commits:"));
        let landed = clone.subjects(&base, "net");
        assert_eq!(landed[1..], ["touch net/a.c", "touch kernel/b.c"]);
    });
}

/// A core patch that only its series excuses: picked one by one it would be refused.
#[test]
fn a_series_is_merged_anew_where_the_tree_judges_it_as_one() {
    everywhere(|s| {
        let base = s.started();
        let core = s.touch(&s.touch(&base, "kernel/a.c"), "net/a.c");
        let first = s.merge("Merge branch 'xdp'", &[&base, &core]).make();
        let plain = s.touch(&first, "kernel/b.c");
        let other = s.touch(&plain, "net/c.c");
        let clone = Clone::of(s);
        clone.fetch(&other);
        let routed = clone.route(&[&format!("origin/net..{other}")]);
        routed.ends(1, NONE).has("git merge --no-ff - &&");
        clone.shell(&routed.command("bpf-next/net takes 3 commits:"));
        let landed = clone.subjects(&base, "net");
        assert_eq!(landed.len(), 4, "{landed:?}");
        assert_eq!(landed[0], "touch net/c.c");
        assert!(landed[1].starts_with("Merge "), "{landed:?}");
        assert_eq!(landed[2..], ["touch net/a.c", "touch kernel/a.c"]);
        clone.shell(&routed.command("bpf-next/master takes 1 commit:"));
        assert_eq!(clone.subjects(&base, "master"), ["touch kernel/b.c"]);
    });
}

/// A contributor's branch has no merge yet: the maintainer's will make a series of it.
#[test]
fn commits_that_pass_as_one_series_are_told_so() {
    everywhere(|s| {
        let base = s.started();
        let tip = s.touch(&s.touch(&base, "kernel/a.c"), "net/a.c");
        let clone = Clone::of(s);
        clone.fetch(&tip);
        let routed = clone.route(&[&format!("origin/net..{tip}")]);
        routed.ends(1, NONE);
        let line = "or, if they are one series, bpf-next/net takes it by a merge:";
        clone.shell(&routed.command(line));
        let landed = clone.subjects(&base, "net");
        assert!(landed[0].starts_with("Merge "), "{landed:?}");
        assert_eq!(landed[1..], ["touch net/a.c", "touch kernel/a.c"]);
        // A series of core patches is none of net's however it comes.
        let core = s.touch(&s.touch(&base, "kernel/a.c"), "kernel/b.c");
        clone.fetch(&core);
        clone
            .route(&[&format!("{base}..{core}")])
            .has_no("one series");
    });
}

/// Two trees, of which each denies what the other takes.
fn either_or(s: &Sandbox) -> String {
    s.policy(
        "[[path-class]]\nname = \"networking\"\npaths = [\"net/\"]\n\
         [[path-class]]\nname = \"core\"\npaths = [\"kernel/\"]\n\
         [[tree]]\nname = \"master\"\nrefs = [\"refs/heads/master\"]\ndeny = [\"networking\"]\n\
         [[tree]]\nname = \"net\"\nrefs = [\"refs/heads/net\"]\ndeny = [\"core\"]\n",
    );
    format!("--policy={}", s.folder().join("policy.toml").display())
}

/// The newest of the commits for a tree doesn't stand on the others.
#[test]
fn what_a_merge_joined_is_not_left_behind_when_it_is_taken_apart() {
    everywhere(|s| {
        let base = s.started();
        let policy = either_or(s);
        let one = s.touch(&base, "kernel/a.c");
        let two = s.touch(&base, "kernel/b.c");
        let net = s.touch(&two, "net/a.c");
        let tip = s.merge("Merge", &[&one, &net]).make();
        let clone = Clone::of(s);
        clone.fetch(&tip);
        let routed = clone.route_by(&policy, &[&format!("{base}..{tip}")]);
        routed.ends(1, NONE);
        clone.shell(&routed.command("master takes 2 commits:"));
        assert_eq!(
            clone.subjects(&base, "master"),
            ["touch kernel/b.c", "touch kernel/a.c"]
        );
        clone.shell(&routed.command("net takes 1 commit:"));
        assert_eq!(clone.subjects(&base, "net"), ["touch net/a.c"]);
    });
}

/// Half of a commit belongs to one tree, half to another.
#[test]
fn a_commit_that_no_tree_takes_is_to_be_split() {
    everywhere(|s| {
        let base = s.started();
        let policy = either_or(s);
        let both = s.commit("both").on(&base);
        let both = both.touch("kernel/a.c").touch("net/a.c").make();
        let net = s.touch(&both, "net/b.c");
        let routed = super::route(s, &[&format!("{base}..{net}"), &policy]);
        routed
            .has(&format!(
                "{} both\n    split it: its paths belong to different trees\n",
                &both[..12]
            ))
            .has("net/a.c (networking): net\n")
            .has("kernel/a.c (core): master\n")
            .has("net takes 1 commit:\n")
            .ends(1, NONE);
    });
}

/// Where the remote hasn't got the tree, nothing can be picked onto it.
#[test]
fn a_tree_that_is_not_there_has_no_ground_to_pick_onto() {
    everywhere(|s| {
        let base = s.base();
        s.seed(&base, &["master"]);
        let net = s.touch(&base, "net/a.c");
        let clone = Clone::of(s);
        clone.fetch(&net);
        clone
            .route(&[&format!("{base}..{net}")])
            .has("bpf-next/net takes it, but has no ref there yet: all that it stands on")
            .has_no("git push")
            .ends(0, "bpf-next/net takes all of it");
        // What the upstream holds doesn't come along.
        let client = s.client();
        let fetch = format!(
            "git fetch -q {} {base}:refs/upstream/linus/main",
            client.display()
        );
        s.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        clone.shell(&fetch);
        clone
            .route(&[&format!("{base}..{net}")])
            .has(&format!("git push origin {}:refs/heads/net\n", &net[..12]));
    });
}
