//! Overrides.
pub mod cover;
pub mod docket;
pub mod examine;
pub mod key;
pub mod keyring;
pub mod ref_name;
pub mod request;
pub mod state;
pub mod statement;
pub mod tag;
pub mod token;
pub mod verify;

