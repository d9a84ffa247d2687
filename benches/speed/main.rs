//! `cargo bench`: whole processes of treewarden side by side with git's, and whether they are as
//! fast as they are meant to be. `docs/performance.md` says how to run it and what it shows.
//!
//! | module | what it holds |
//! |---|---|
//! | `goals` | the rows, their gates and aims, and what can come of one |
//! | `rows` | how each is measured |
//! | `jobs` | what is started for it |
//! | `samples` | runs side by side, medians |
//! | `process` | one process: its time, its memory |
//! | `engine` | what no command does alone: the engine asked for masks or paths |
//! | `repositories` | what it is measured in, made once |
//! | `kernel` | the kernel-scale repository |
//! | `random` | random numbers that are the same in every run |
//! | `table` | what is printed, and written into the page |
//! | `start_up` | the size of the hook and its start-up alone |

// A bench fails by panicking, starts processes, reads the environment and prints: the bans of
// `clippy.toml` and `Cargo.toml`, and the pedantry, are for what is shipped.
#![allow(
    clippy::disallowed_methods,
    clippy::exit,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::pedantic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod engine;
mod goals;
mod jobs;
mod kernel;
mod process;
mod random;
mod repositories;
mod rows;
mod samples;
mod start_up;
mod table;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use engine::Question;
use goals::Outcome;
use repositories::Repositories;
use rows::{Bench, Found, GROUPS};

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match begin(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What the first argument asks for: a mode for the runner's own use, or the bench.
fn begin(arguments: &[OsString]) -> Result<(), String> {
    let first = arguments.first().and_then(|first| first.to_str());
    let first = first.unwrap_or_default();
    if first == process::PEAK {
        process::print_peak(&arguments[1..]);
        return Ok(());
    }
    match Question::parse(first) {
        Some(question) => {
            engine::answer(question, &arguments[1..]).map_err(|error| error.to_string())
        }
        None => run(arguments),
    }
}

/// The bench itself. cargo adds `--bench`; whatever runs it without, such as
/// `cargo test --all-targets`, wants nothing measured.
fn run(arguments: &[OsString]) -> Result<(), String> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    if !words.contains(&"--bench") {
        return Ok(());
    }
    let rounds = number("TREEWARDEN_BENCH_RUNS", 7)?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    let blesses = words.contains(&"--bless");
    let filter = words.iter().find(|word| !word.starts_with("--"));
    if filter == Some(&"start-up") {
        return start_up::print(rounds * 10);
    }
    let shrink = number("TREEWARDEN_BENCH_SHRINK", 1)?;
    let bench = Bench {
        repositories: Repositories::new(&folder, shrink),
        real: std::env::var_os("TREEWARDEN_BENCH_REPOSITORY").map(Into::into),
        rounds,
    };
    let found = measure(&bench, filter.copied().unwrap_or_default())?;
    let text = table::table(&found, rounds, shrink)?;
    println!("{text}");
    match (blesses, filter.is_none() && shrink == 1) {
        (true, true) => table::bless(&text),
        (true, false) => Err("--bless wants the whole table, at its full size".into()),
        (false, _) => Ok(()),
    }
}

/// The rows whose keys hold the filter. Each is told as soon as it is known.
fn measure(bench: &Bench, filter: &str) -> Result<Found, String> {
    let mut found = Found::new();
    for group in GROUPS {
        if !group.keys.iter().any(|key| key.contains(filter)) {
            continue;
        }
        let known = found.len();
        eprintln!("measuring {}", group.keys.join(", "));
        match (group.measure)(bench) {
            Ok(outcomes) => found.extend(outcomes),
            Err(error) => {
                let failed = |key: &&'static str| (*key, Outcome::Failed(error.clone()));
                found.extend(group.keys.iter().map(failed));
            }
        }
        eprint!("{}", table::rows(&found[known..]));
    }
    found.retain(|(key, _)| key.contains(filter));
    match found.is_empty() {
        true => Err(format!("no row's name holds `{filter}`")),
        false => Ok(found),
    }
}

/// A whole number above 0 from the environment.
fn number(name: &str, unless_set: usize) -> Result<usize, String> {
    let Ok(text) = std::env::var(name) else {
        return Ok(unless_set);
    };
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("{name}: `{text}` is no number above 0"))
}
