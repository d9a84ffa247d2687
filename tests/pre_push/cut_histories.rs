//! Random histories, cut off at random: what pre-push refuses, the server refuses too; and where
//! pre-push doesn't say that it could not see, it says what the server says.

use crate::support::{Format, Local, LocalPush, Sandbox, UPSTREAMS};

/// How many histories are tried.
const HISTORIES: u64 = 12;
/// How many commits each of them has.
const COMMITS: usize = 12;
/// How many commits of each are pushed.
const PUSHES: usize = 4;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn of<'c>(&mut self, commits: &'c [String]) -> &'c str {
        &commits[self.below(commits.len())]
    }
}

/// Commits and merges over a handful of paths, one of them networking.
fn history(s: &Sandbox, dice: &mut Dice) -> Vec<String> {
    let mut all = vec![s.base()];
    while all.len() < COMMITS {
        let (one, other) = (dice.of(&all).to_owned(), dice.of(&all).to_owned());
        let path = ["net/a.c", "mm/a.c", "mm/b.c", "fs/a.c"][dice.below(4)];
        all.push(match dice.below(3) {
            0 if one != other => s.merge("Merge", &[&one, &other]).make(),
            1 if one != other => s.merge("Merge", &[&one, &other]).touch(path).make(),
            _ => s.touch(&one, path),
        });
    }
    all
}

/// A clone that ends somewhere, and in which something else may have come from elsewhere.
fn cut<'s>(s: &'s Sandbox, dice: &mut Dice, all: &[String]) -> Local<'s> {
    let depth = format!("--depth={}", 1 + dice.below(3));
    let local = s.cloned(s.file_url(), "local", &[&depth]);
    let depth = format!("--depth={}", 1 + dice.below(3));
    match dice.below(3) {
        0 => local.git(&["fetch", "-q", "origin", UPSTREAMS]),
        _ => local.git(&["fetch", "-q", &depth, "origin", UPSTREAMS]),
    };
    if dice.below(2) == 0 {
        local.take(dice.of(all));
    }
    local.guard("origin");
    local
}

#[test]
fn nothing_that_is_cut_off_refuses_or_passes_unseen() {
    let mut seen = 0;
    for seed in 0..HISTORIES {
        eprintln!("seed {seed}");
        let dice = &mut Dice(seed);
        let s = &Sandbox::new(Format::Sha1Files);
        let rewind = dice.below(4) > 0;
        s.policy(&format!(
            "[[path-class]]\nname = \"networking\"\npaths = [\"net/**\"]\n\
             [[upstream]]\nname = \"linus\"\nrefs = [\"refs/upstream/linus/*\"]\n\
             [[tree]]\nname = \"master\"\nrefs = [\"refs/heads/master\"]\n\
             upstream = [\"linus\"]\ndeny = [\"networking\"]\nrewind = {rewind}\n",
        ));
        let all = history(s, dice);
        let master = dice.of(&all);
        s.seed(master, &["master"]);
        s.seed(dice.of(&all), &["refs/upstream/linus/master"]);
        s.on_server(&["symbolic-ref", "HEAD", "refs/heads/master"]);
        let local = cut(s, dice, &all);
        for _ in 0..PUSHES {
            let commit = dice.of(&all);
            local.take(commit);
            seen += usize::from(compare(&local, commit));
            s.seed(master, &["master"]);
        }
    }
    assert!(seen > 0, "no push met the end of its clone");
}

/// Pushes; returns true if and only if pre-push said that it could not see everything.
fn compare(local: &Local<'_>, commit: &str) -> bool {
    let refspec = format!("+{commit}:refs/heads/master");
    let ours = local.push_as(&["origin", &refspec]);
    let servers = local.push_as(&["--no-verify", "origin", &refspec]);
    let servers = match errors(&ours.ours()).is_empty() {
        true => ours.servers(),
        false => servers.servers(),
    };
    let (cut, told) = (is_cut(&ours), errors(&servers));
    for code in errors(&ours.ours()) {
        assert!(told.contains(&code), "{}\n{servers}", ours.all());
    }
    assert!(
        cut || ours.as_servers() == servers,
        "{}\n{servers}",
        ours.all()
    );
    cut
}

fn is_cut(push: &LocalPush<'_>) -> bool {
    push.ours().contains("git fetch --unshallow")
}

/// The codes that refuse.
fn errors(report: &str) -> Vec<&str> {
    let heads = report
        .lines()
        .filter_map(|line| line.strip_prefix("error["));
    heads.filter_map(|rest| rest.split(']').next()).collect()
}
