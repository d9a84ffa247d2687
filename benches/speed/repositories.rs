//! The repositories that are measured in. Each is made once, below `target/bench/`, and kept as
//! long as its stamp says what would be made now.

use std::fmt::Write as _;
use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::kernel::{self, Commit, Stream};
use crate::process::Job;

/// How large the kernel-scale repository is, but for what the environment shrinks it to.
const COMMITS: usize = 160_000;
/// What its `master` is at full size, wherever it is made. A change to the generator is a change to
/// this and to [`kernel::GENERATION`].
const TIP: &str = "9886b6229754a5bcd719942a2b2abcd657064dd4";
/// How many of its newest commits the rows are about.
pub const BOUNDS: [usize; 3] = [15_000, 1_500, 100];
/// How many refs there are in the row on one commit, and how many upstream ones in those on
/// fast-forwards.
const REFS: usize = 20_000;
const UPSTREAM_REFS: usize = 1_000;
/// How many commits enter behind the upstream ones.
const ENTERING: usize = 200;

/// A folder of repositories, all of one size.
pub struct Repositories {
    folder: PathBuf,
    shrink: usize,
}

/// What a push brought and nobody has accepted: its tip, and the folder of its objects.
pub struct Pushed {
    pub tip: String,
    pub objects: PathBuf,
}

impl Repositories {
    /// One in `shrink` of the files and commits.
    pub fn new(folder: &Path, shrink: usize) -> Self {
        let folder = match shrink {
            1 => folder.to_owned(),
            _ => folder.join(format!("shrunk-{shrink}")),
        };
        Self { folder, shrink }
    }

    /// `BOUNDS` as they are for this size.
    fn bounds(&self) -> Vec<usize> {
        BOUNDS.iter().map(|bound| bound / self.shrink).collect()
    }

    /// The ref after whose commit so many more come, of one of `BOUNDS`.
    pub fn before(&self, bound: usize) -> String {
        format!("refs/bench/{}", bound / self.shrink)
    }

    /// The kernel-scale repository, packed, with a commit-graph.
    pub fn kernel(&self) -> Result<PathBuf, String> {
        let commits = COMMITS / self.shrink;
        self.made("kernel", &format!("{commits} commits"), |folder| {
            eprintln!("making the kernel-scale repository: this takes a few minutes");
            import(folder, |out| {
                kernel::write(out, commits, self.shrink, &self.bounds())
            })?;
            let tip = git_says(folder, &["rev-parse", "master"])?;
            if self.shrink == 1 && tip != TIP {
                return Err(format!("the generator made {tip} and not {TIP}"));
            }
            git(folder, &["update-ref", "-d", "refs/heads/pull"])?;
            git(folder, &["update-ref", "-d", "refs/heads/topic"])?;
            git(folder, &["repack", "-adfq"])?;
            git(folder, &["pack-refs", "--all"])?;
            git(folder, &["commit-graph", "write", "--reachable"])
        })
    }

    /// The same without a commit-graph.
    pub fn without_graph(&self) -> Result<PathBuf, String> {
        let kernel = self.kernel()?;
        self.made("kernel-no-graph", "", |folder| {
            share(&kernel, folder)?;
            fs::remove_file(folder.join("objects/info/commit-graph")).map_err(said)?;
            fs::copy(kernel.join("packed-refs"), folder.join("packed-refs")).map_err(said)?;
            Ok(())
        })
    }

    /// The same with 20,000 refs, guarded by the preset: `refs/heads/master` is `bpf-next/master`.
    pub fn many_refs(&self) -> Result<PathBuf, String> {
        let kernel = self.kernel()?;
        self.made("kernel-many-refs", "", |folder| {
            share(&kernel, folder)?;
            guard(folder)?;
            let all = git_says(&kernel, &["rev-list", "master"])?;
            let all: Vec<&str> = all.lines().collect();
            let mut refs = vec![("refs/heads/master".to_owned(), all[0])];
            for at in 0..REFS {
                let oid = all[at * all.len() / REFS];
                let name = match at % 1000 {
                    0 => format!("refs/upstream/linus/branch-{at}"),
                    1..600 => format!("refs/heads/topic/{:02}/branch-{at}", at % 89),
                    _ => format!("refs/tags/for-next-{at}"),
                };
                refs.push((name, oid));
            }
            // Linus has what comes before the newest commits, and not these.
            refs.retain(|(name, oid)| !name.contains("upstream") || *oid != all[0]);
            write_refs(folder, refs)
        })
    }

    /// The same with 1,000 upstream refs, one of which has all; `master` lacks the newest 15,000.
    pub fn upstream(&self) -> Result<PathBuf, String> {
        let kernel = self.kernel()?;
        self.made("kernel-upstream", "", |folder| {
            share(&kernel, folder)?;
            guard(folder)?;
            let all = git_says(&kernel, &["rev-list", "master"])?;
            let all: Vec<&str> = all.lines().collect();
            let upstream = (0..UPSTREAM_REFS).map(|at| {
                let name = format!("refs/upstream/linus/branch-{at}");
                (name, all[at * all.len() / UPSTREAM_REFS])
            });
            let mut refs: Vec<_> = upstream.collect();
            let before = git_says(&kernel, &["rev-parse", &self.before(15_000)])?;
            refs.push(("refs/heads/master".to_owned(), &before));
            write_refs(folder, refs)
        })
    }

    /// One commit on `master`, loose in a quarantine, as receive-pack leaves it.
    pub fn one_commit(&self) -> Result<Pushed, String> {
        self.pushed("push-one", 1)
    }

    /// 200 commits on `master`, packed in a quarantine.
    pub fn entering(&self) -> Result<Pushed, String> {
        self.pushed("push-entering", ENTERING)
    }

    fn pushed(&self, name: &str, commits: usize) -> Result<Pushed, String> {
        let kernel = self.kernel()?;
        let folder = self.made(name, "", |folder| {
            let alternate = format!("{}\n", kernel.join("objects").display());
            fs::create_dir_all(folder.join("objects/info")).map_err(said)?;
            fs::write(folder.join("objects/info/alternates"), alternate).map_err(said)?;
            let from = git_says(&kernel, &["rev-parse", "master"])?;
            import(folder, |out| core_commits(Stream::new(out), &from, commits))?;
            // The hook is told where the rest is by its own repository.
            fs::remove_file(folder.join("objects/info/alternates")).map_err(said)
        })?;
        let tip = fs::read_to_string(folder.join("refs/heads/master")).map_err(said)?;
        Ok(Pushed {
            tip: tip.trim().to_owned(),
            objects: folder.join("objects"),
        })
    }

    /// A repository with a tree of 10^10 paths, `master`, on a commit with one, `refs/bench/1`.
    pub fn deep(&self) -> Result<PathBuf, String> {
        self.made("deep", "", |folder| {
            let file = Job::new("git", folder)
                .with(["hash-object", "-w", "--stdin"])
                .stdin("one\n")
                .output()?;
            let mut entry = format!("100644 blob {file}\tfile-");
            let top = |tree: &str| tree_of(folder, &format!("040000 tree {tree}\tdrivers\n"));
            let first = commit_of(
                folder,
                &top(&tree_of(folder, &format!("{entry}0\n"))?)?,
                &[],
            )?;
            for _ in 0..10 {
                let mut entries = String::new();
                for at in 0..10 {
                    writeln!(entries, "{entry}{at}").unwrap();
                }
                entry = format!("040000 tree {}\tpart-", tree_of(folder, &entries)?);
            }
            let (_, tree) = entry.split_once("tree ").unwrap();
            let tree = top(tree.split('\t').next().unwrap())?;
            let tip = commit_of(folder, &tree, &["-p", &first])?;
            git(folder, &["update-ref", "refs/bench/1", &first])?;
            git(folder, &["update-ref", "refs/heads/master", &tip])
        })
    }

    /// A bare repository that `fill` is given empty, unless it is there already. The stamp is
    /// written last: what has one is whole.
    fn made(
        &self,
        name: &str,
        of: &str,
        fill: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<PathBuf, String> {
        let folder = self.folder.join(format!("{name}.git"));
        let stamp = folder.join("made-for-the-benches");
        let wanted = format!("generation {} {of}\n", kernel::GENERATION);
        if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(folder);
        }
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(said)?;
        }
        fs::create_dir_all(&folder).map_err(said)?;
        git(
            &folder,
            &["init", "--quiet", "--bare", "--initial-branch=master", "."],
        )?;
        fill(&folder)?;
        fs::write(stamp, wanted).map_err(said)?;
        Ok(folder)
    }
}

/// Commits to files that the preset has in `core`, one after the other.
fn core_commits(
    mut stream: Stream<impl std::io::Write>,
    from: &str,
    commits: usize,
) -> std::io::Result<()> {
    const FILES: [&str; 4] = [
        "kernel/bpf/verifier.c",
        "kernel/bpf/btf.c",
        "include/linux/bpf_verifier.h",
        "arch/x86/net/bpf_jit_comp.c",
    ];
    for at in 0..commits {
        let number = u32::try_from(at).unwrap();
        let date = kernel::LATEST + u64::from(number);
        stream.commit(&Commit {
            branch: "refs/heads/master",
            from: (at == 0).then_some(from),
            merged: None,
            author: "A U Thor <author@example.org>",
            dates: (date, date),
            message: "bpf: Let the verifier know\n\nSigned-off-by: A U Thor <author@example.org>\n",
            files: &[(at, FILES[at % FILES.len()], Some([number + 1; 6]))],
        })?;
    }
    stream.finish()
}

fn import(
    folder: &Path,
    write: impl FnOnce(BufWriter<std::process::ChildStdin>) -> std::io::Result<()>,
) -> Result<(), String> {
    let mut child = Command::new("git")
        .args(["fast-import", "--done", "--quiet", "--force"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(said)?;
    write(BufWriter::new(child.stdin.take().unwrap())).map_err(said)?;
    match child.wait().map_err(said)?.success() {
        true => Ok(()),
        false => Err("git fast-import failed".into()),
    }
}

/// Gives a repository the objects of another, in the same files.
fn share(from: &Path, to: &Path) -> Result<(), String> {
    for below in ["objects/pack", "objects/info"] {
        fs::create_dir_all(to.join(below)).map_err(said)?;
        for entry in fs::read_dir(from.join(below)).map_err(said)? {
            let entry = entry.map_err(said)?;
            fs::hard_link(entry.path(), to.join(below).join(entry.file_name())).map_err(said)?;
        }
    }
    Ok(())
}

/// Has the hook judge by the preset.
fn guard(folder: &Path) -> Result<(), String> {
    git(folder, &["config", "treewarden.policy", "preset:bpf-next"])?;
    // What is measured is judging: a record costs what the disk takes to sync it.
    git(folder, &["config", "treewarden.audit", "off"])?;
    git(folder, &["config", "treewarden.repository", "bpf-next"])
}

fn write_refs(folder: &Path, mut refs: Vec<(String, &str)>) -> Result<(), String> {
    refs.sort();
    let mut text = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
    for (name, oid) in refs {
        writeln!(text, "{oid} {name}").unwrap();
    }
    fs::write(folder.join("packed-refs"), text).map_err(said)
}

fn tree_of(folder: &Path, entries: &str) -> Result<String, String> {
    Job::new("git", folder)
        .with(["mktree"])
        .stdin(entries)
        .output()
}

/// The commit of a tree object.
pub fn commit_of(folder: &Path, tree: &str, parents: &[&str]) -> Result<String, String> {
    let mut job = Job::new("git", folder)
        .with(["commit-tree", "-m", "drivers: Add some", tree])
        .with(parents);
    for name in ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"] {
        job = job.set(name, "A U Thor");
    }
    for name in ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
        job = job.set(name, "author@example.org");
    }
    for name in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
        job = job.set(name, format!("{} +0000", kernel::LATEST));
    }
    job.output()
}

fn git(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    git_says(folder, arguments).map(|_| ())
}

/// What git answers.
pub fn git_says(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    Job::new("git", folder).with(arguments).output()
}

/// An error in words.
fn said(error: std::io::Error) -> String {
    error.to_string()
}
