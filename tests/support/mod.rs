//! What the tests stand on: a server, a client, a fixed clock, and pushes that can be asked what
//! came of them.
//!
//! Nothing of the machine takes part but its git: the environment is cleared, no user's or
//! system's configuration is read, and dates advance by a minute a commit, so that the names of
//! objects are the same in every run.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::disallowed_methods
)]

mod cli;
mod commits;
mod hook;
mod http;
mod keys;
mod local;
mod push;
mod sandbox;
mod statement;

pub use cli::Told;
pub use hook::HookRun;
pub use http::HttpServer;
pub use keys::{Gpg, Key, ssh};
pub use local::{Local, LocalPush, UPSTREAMS};
pub use push::Pushed;
pub use sandbox::{Format, Sandbox, everywhere};
pub use statement::in_hours;
