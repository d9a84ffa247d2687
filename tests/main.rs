//! All tests that need more than one module: real repositories, real pushes, git as witness.

// A test fails by panicking, starts processes and reads the environment: the bans of
// `clippy.toml` and `Cargo.toml`, and the pedantry, are for what is shipped.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::pedantic,
    clippy::print_stderr,
    clippy::unwrap_used
)]

mod support;

mod adopt;
mod audit;
mod check;
mod commands;
mod demo;
mod differential;
mod docs;
mod doctor;
mod explain;
mod fail_closed;
mod formats;
mod install;
mod landings;
mod merges;
mod overrides;
mod pause;
mod policy;
mod policy_check;
mod policy_commands;
mod policy_install;
mod pre_push;
mod progress;
mod push;
mod quick_start;
mod refs;
mod route;
mod transports;
