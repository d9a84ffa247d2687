//! All tests that need more than one module: real repositories, real pushes, git as witness.

mod support;

mod check;
mod commands;
mod differential;
mod docs;
mod fail_closed;
mod landings;
mod merges;
mod push;
mod refs;
mod transports;
