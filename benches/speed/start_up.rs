//! How large the hook is, and how long it takes to start: what needs no large repository, and is
//! printed for every change.

use crate::jobs::{empty, hook};
use crate::process::Job;
use crate::repositories::commit_of;

use crate::samples::contest;

/// The name of the tree without entries, which git knows without having it.
const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// Prints both. The hook opens a repository, reads its policy, and finds that no tree governs what
/// is pushed.
pub fn print(rounds: usize) -> Result<(), String> {
    let hook = hook()?;
    let size = std::fs::metadata(&hook)
        .map_err(|error| error.to_string())?
        .len();
    let server = tempfile::tempdir().map_err(|error| error.to_string())?;
    for arguments in [
        &["init", "--quiet", "--bare", "."][..],
        &["config", "treewarden.policy", "preset:bpf-next"],
    ] {
        Job::new("git", server.path()).with(arguments).output()?;
    }
    let oid = commit_of(server.path(), EMPTY_TREE, &[])?;
    let zero = "0".repeat(oid.len());
    let jobs = [
        Job::new(empty()?, server.path()),
        Job::new(&hook, server.path())
            .set("GIT_DIR", ".")
            .stdin(format!("{zero} {oid} refs/heads/topic\n")),
    ];
    let mut times = contest(&jobs, rounds).into_iter();
    let (empty, hook) = (times.next().unwrap()?, times.next().unwrap()?);
    let above = hook.with(&empty, |hook, empty| hook - empty);
    println!("treewarden-pre-receive: {:.1} MiB", mib(size));
    println!(
        "start-up: {:.2} ms, {:.2} ms over an empty process ({:.2} ms); medians of {} runs",
        hook.median(),
        above.median(),
        empty.median(),
        hook.0.len()
    );
    Ok(())
}

#[allow(clippy::cast_precision_loss)]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
