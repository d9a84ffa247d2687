//! Overrides: signatures by which people lift what was found.
//!
//! ```text
//! ref ──▶ tag ──▶ statement ──▶ whose word it is ──▶ whether it counts, and covers a finding ──▶ how many people
//!         tag.rs  statement.rs  examine.rs           cover.rs                                    docket.rs
//! ```
//!
//! `docs/overrides.md` says what is checked, and against whom. The other way, from a refusal to a
//! signature, is `request` and `token`; who signs does it by their own git.
pub mod appeals;
pub mod cover;
pub mod docket;
pub mod examine;
pub mod hearing;
pub mod key;
pub mod keyring;
mod lines;
pub mod ref_name;
pub mod request;
mod standing;
pub mod state;
pub mod statement;
pub mod tag;
pub mod token;
pub mod verify;
