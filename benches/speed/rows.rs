//! How each row is measured. Rows that share a baseline are measured together, in turn.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::engine::{Question, read_policy};
use crate::goals::Outcome;
use crate::jobs::{
    as_hook, asked, asked_of_two, b_line, baseline, before, check, check_by_two, check_to, empty,
    file, hook,
};
use crate::process::Job;
use crate::repositories::{Repositories, git_says};
use crate::samples::{Samples, contest, peaks};

const PRESET: &str = "preset:bpf-next";

/// What the rows are measured with.
pub struct Bench {
    pub repositories: Repositories,
    /// A repository of a real history, from the environment.
    pub real: Option<PathBuf>,
    pub rounds: usize,
}

/// Outcomes by the rows' keys.
pub type Found = Vec<(&'static str, Outcome)>;

/// Rows that are measured together.
pub struct Group {
    pub keys: &'static [&'static str],
    pub measure: fn(&Bench) -> Result<Found, String>,
}

pub const GROUPS: &[Group] = &[
    Group {
        keys: &[
            "check-15000",
            "check-15000-workers",
            "walk-15000",
            "masks-15000",
            "growth",
        ],
        measure: Bench::verdicts,
    },
    Group {
        keys: &["check-15000-no-graph"],
        measure: Bench::without_graph,
    },
    Group {
        keys: &["list-15000", "list-15000-workers"],
        measure: Bench::list,
    },
    Group {
        keys: &["real-10000", "real-10000-only"],
        measure: Bench::real,
    },
    Group {
        keys: &["check-100"],
        measure: Bench::hundred,
    },
    Group {
        keys: &["merges-masks", "merges-list", "merges-list-workers"],
        measure: Bench::merges,
    },
    Group {
        keys: &["one-commit", "one-commit-shell"],
        measure: Bench::one_commit,
    },
    Group {
        keys: &["forward-15000", "forward-200"],
        measure: Bench::forward,
    },
    Group {
        keys: &["deep-time", "deep-memory"],
        measure: Bench::deep,
    },
    Group {
        keys: &["deep-everywhere-time", "deep-everywhere-memory"],
        measure: Bench::deep_everywhere,
    },
    Group {
        keys: &["memory-15000", "memory-15000-workers"],
        measure: Bench::memory,
    },
    Group {
        keys: &["policy"],
        measure: Bench::policy,
    },
];

impl Bench {
    fn verdicts(&self) -> Result<Found, String> {
        let kernel = self.repositories.kernel()?;
        let (long, short) = (
            self.repositories.before(15_000),
            self.repositories.before(1_500),
        );
        let jobs = [
            baseline(&kernel, &long, "master"),
            check(&kernel, PRESET, "bpf-next/master", &long)?,
            check(&kernel, PRESET, "bpf-next/master", &short)?,
            check(&kernel, PRESET, "bpf-next/for-next", &long)?,
            asked(Question::Masks, &kernel, PRESET, &long, "master"),
            check_by_two(&kernel, PRESET, "bpf-next/master", &long)?,
        ];
        let [git, long, short, walk, masks, workers] = all(contest(&jobs, self.rounds));
        let git = git?;
        let growth = match (&long, &short) {
            (Ok(long), Ok(short)) => Outcome::Spent(long.with(short, |long, short| long / short)),
            (Err(error), _) | (_, Err(error)) => Outcome::Failed(error.clone()),
        };
        Ok(vec![
            ("check-15000", raced(long, &git)),
            ("walk-15000", raced(walk, &git)),
            ("masks-15000", raced(masks, &git)),
            ("check-15000-workers", raced(workers, &git)),
            ("growth", growth),
        ])
    }

    fn without_graph(&self) -> Result<Found, String> {
        let kernel = self.repositories.without_graph()?;
        let before = self.repositories.before(15_000);
        let ours = check(&kernel, PRESET, "bpf-next/master", &before)?;
        self.against_b("check-15000-no-graph", ours, &kernel, &before)
    }

    fn list(&self) -> Result<Found, String> {
        let kernel = self.repositories.kernel()?;
        let before = self.repositories.before(15_000);
        let jobs = [
            baseline(&kernel, &before, "master"),
            asked(Question::List, &kernel, PRESET, &before, "master"),
            asked_of_two(Question::List, &kernel, PRESET, &before, "master"),
        ];
        let [git, list, workers] = all(contest(&jobs, self.rounds));
        let git = git?;
        Ok(vec![
            ("list-15000", raced(list, &git)),
            ("list-15000-workers", raced(workers, &git)),
        ])
    }

    fn hundred(&self) -> Result<Found, String> {
        let kernel = self.repositories.kernel()?;
        let before = self.repositories.before(100);
        let ours = check(&kernel, PRESET, "bpf-next/master", &before)?;
        let jobs = [baseline(&kernel, &before, "master"), ours];
        let [git, ours] = all(contest(&jobs, self.rounds * 3));
        Ok(vec![("check-100", raced(ours, &git?))])
    }

    fn against_b(
        &self,
        key: &'static str,
        ours: Job,
        kernel: &Path,
        before: &str,
    ) -> Result<Found, String> {
        let jobs = [baseline(kernel, before, "master"), ours];
        let [git, ours] = all(contest(&jobs, self.rounds));
        Ok(vec![(key, raced(ours, &git?))])
    }

    fn real(&self) -> Result<Found, String> {
        let Some(real) = &self.real else {
            return Ok(self.no_real(&["real-10000", "real-10000-only"]));
        };
        let tip = git_says(real, &["rev-parse", "HEAD"])?;
        let before = before(real, &tip, 10_000, &[])?;
        let policy = file("policies/git-folders.toml");
        let jobs = [
            baseline(real, &before, &tip),
            check_to(real, &policy, "deny", &before, &tip)?,
            check_to(real, &policy, "deny-only", &before, &tip)?,
        ];
        let [git, deny, only] = all(contest(&jobs, self.rounds));
        let git = git?;
        Ok(vec![
            ("real-10000", raced(deny, &git)),
            ("real-10000-only", raced(only, &git)),
        ])
    }

    fn merges(&self) -> Result<Found, String> {
        let Some(real) = &self.real else {
            return Ok(self.no_real(&["merges-masks", "merges-list", "merges-list-workers"]));
        };
        let tip = git_says(real, &["rev-parse", "HEAD"])?;
        let before = before(real, &tip, 1_000, &["--merges"])?;
        let policy = file("policies/git-folders.toml");
        let git = format!(
            "git rev-list --merges {before}..{tip} | \
             git diff-tree --stdin --remerge-diff -r -z --name-only --no-renames"
        );
        let jobs = [
            Job::shell(&git, real),
            asked(Question::MergesMasks, real, &policy, &before, &tip),
            asked(Question::MergesList, real, &policy, &before, &tip),
            asked_of_two(Question::MergesList, real, &policy, &before, &tip),
        ];
        let [git, masks, list, workers] = all(contest(&jobs, self.rounds));
        let git = git?;
        Ok(vec![
            ("merges-masks", raced(masks, &git)),
            ("merges-list", raced(list, &git)),
            ("merges-list-workers", raced(workers, &git)),
        ])
    }

    fn no_real(&self, keys: &[&'static str]) -> Found {
        let why = "TREEWARDEN_BENCH_REPOSITORY names no repository with git's own history";
        let left_out = |key: &&'static str| (*key, Outcome::LeftOut(why.into()));
        keys.iter().map(left_out).collect()
    }

    fn one_commit(&self) -> Result<Found, String> {
        let server = self.repositories.many_refs()?;
        let pushed = self.repositories.one_commit()?;
        let old = git_says(&server, &["rev-parse", "refs/heads/master"])?;
        let script = format!(
            "while read old new name; do {}; done",
            b_line("$old", "$new")
        );
        let line = format!("{old} {} refs/heads/master\n", pushed.tip);
        let jobs = [
            Job::new(empty()?, &server),
            as_hook(Job::new(hook()?, &server), &server, &pushed).stdin(line.as_str()),
            as_hook(Job::shell(&script, &server), &server, &pushed).stdin(line.as_str()),
        ];
        let [empty, hook, shell] = all(contest(&jobs, self.rounds * 10));
        let (hook, shell) = (hook?, shell?);
        Ok(vec![
            ("one-commit", Outcome::Above(hook.clone(), empty?)),
            ("one-commit-shell", Outcome::Raced(hook, shell)),
        ])
    }

    fn forward(&self) -> Result<Found, String> {
        let server = self.repositories.upstream()?;
        let pushed = self.repositories.entering()?;
        let old = git_says(&server, &["rev-parse", "refs/heads/master"])?;
        let tip = git_says(&self.repositories.kernel()?, &["rev-parse", "master"])?;
        let hook = hook()?;
        let ours = |new: &str| {
            let line = format!("{old} {new} refs/heads/master\n");
            as_hook(Job::new(&hook, &server), &server, &pushed).stdin(line)
        };
        let count = |new: &str| {
            let count = ["rev-list", "--count", &format!("{old}..{new}")];
            let job = Job::new("git", &server).with(count);
            let job = job.with(["--not", "--glob=refs/upstream/*"]);
            as_hook(job, &server, &pushed)
        };
        let jobs = [
            ours(&tip),
            count(&tip),
            ours(&pushed.tip),
            count(&pushed.tip),
        ];
        let [whole, whole_git, part, part_git] = all(contest(&jobs, self.rounds * 3));
        Ok(vec![
            ("forward-15000", raced(whole, &whole_git?)),
            ("forward-200", raced(part, &part_git?)),
        ])
    }

    fn deep(&self) -> Result<Found, String> {
        let deep = self.repositories.deep()?;
        let job = check(&deep, PRESET, "bpf-next/master", "refs/bench/1")?;
        Ok(self.spent("deep-time", "deep-memory", &job))
    }

    fn deep_everywhere(&self) -> Result<Found, String> {
        let deep = self.repositories.deep()?;
        let policy = file("policies/everywhere.toml");
        let job = check(&deep, &policy, "main", "refs/bench/1")?;
        Ok(self.spent("deep-everywhere-time", "deep-everywhere-memory", &job))
    }

    fn spent(&self, time: &'static str, memory: &'static str, job: &Job) -> Found {
        let [times] = all(contest(std::slice::from_ref(job), self.rounds));
        let peaks = match &times {
            Ok(_) => peaks(job),
            Err(error) => Err(error.clone()),
        };
        vec![(time, spent(times)), (memory, spent(peaks))]
    }

    fn memory(&self) -> Result<Found, String> {
        let kernel = self.repositories.kernel()?;
        let before = self.repositories.before(15_000);
        let job = check(&kernel, PRESET, "bpf-next/master", &before)?;
        let workers = check_by_two(&kernel, PRESET, "bpf-next/master", &before)?;
        Ok(vec![
            ("memory-15000", spent(peaks(&job))),
            ("memory-15000-workers", spent(peaks(&workers))),
        ])
    }

    fn policy(&self) -> Result<Found, String> {
        let read = || {
            let started = Instant::now();
            std::hint::black_box(read_policy(PRESET));
            started.elapsed().as_secs_f64() * 1000.0
        };
        let times: Vec<f64> = (0..self.rounds * 30).map(|_| read()).collect();
        Ok(vec![("policy", Outcome::Spent(Samples(times)))])
    }
}

fn raced(ours: Result<Samples, String>, git: &Samples) -> Outcome {
    match ours {
        Ok(ours) => Outcome::Raced(ours, git.clone()),
        Err(error) => Outcome::Failed(error),
    }
}

fn spent(values: Result<Samples, String>) -> Outcome {
    match values {
        Ok(values) => Outcome::Spent(values),
        Err(error) => Outcome::Failed(error),
    }
}

/// As many as there were jobs.
fn all<const N: usize>(times: Vec<Result<Samples, String>>) -> [Result<Samples, String>; N] {
    times.try_into().unwrap()
}
