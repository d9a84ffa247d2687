//! The engine, held against git and against slow, obvious references: random histories, every
//! case the same in every run, and, when asked for, a real repository.
//!
//! | module | what is compared |
//! |---|---|
//! | `history` | nothing: it makes the histories |
//! | `witness` | nothing: it asks git |
//! | `changes` | changed paths with `git diff-tree` |
//! | `merges` | merges' own changes with `reference`, and that with `git merge-tree` |
//! | `contents` | the same of files that can be aligned in many ways, with `git merge-tree` |
//! | `entering` | entering commits and merge bases with git, and with reachability spelt out |
//! | `commit_graph` | the same where git has written its commit-graph, whole or broken |
//! | `pushed` | the same of what a push brings, with reachability spelt out |
//! | `series` | series with their definition |
//! | `refs` | refs with `git for-each-ref` |
//! | `classifier` | the compiled patterns with a matcher of a few lines |
//! | `globs` | the same, and walks from folder to folder, with globset |
//! | `real` | the first two, on a repository of your own |

mod changes;
mod classifier;
mod commit_graph;
mod contents;
mod engine;
mod entering;
mod globs;
mod history;
mod merges;
mod pushed;
mod real;
mod reference;
mod refs;
mod series;
mod witness;

use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

/// Checks that a property holds for so many values, the same ones in every run. It fails by
/// panicking; `PROPTEST_CASES` asks for another number.
pub fn hold<S>(cases: u32, strategy: S, property: impl Fn(&S::Value))
where
    S: Strategy<Value: Debug>,
{
    let asked = Config::default().cases;
    let config = Config {
        cases: if asked == 256 { cases } else { asked },
        max_shrink_iters: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, random);
    let outcome = runner.run(&strategy, |value| {
        property(&value);
        Ok(())
    });
    if let Err(TestError::Fail(reason, smallest)) = outcome {
        panic!("{reason}\n{smallest:#?}");
    }
    outcome.unwrap();
}
