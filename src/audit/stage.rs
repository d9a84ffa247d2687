//! The stages of an append, at each of which a hook can be killed. Only the library's own tests
//! do that; elsewhere these are nothing.

/// Something was just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The lock is held.
    Locked,
    /// The pending record is written.
    Pending,
    /// The log has the record, and the disk may not.
    Appended,
    /// The disk has it.
    Synced,
    /// Nothing is pending any more.
    Done,
}

#[cfg(not(test))]
pub use silent::{half, reached};
#[cfg(test)]
pub use tested::{ALL, VARIABLE, half, reached};

#[cfg(not(test))]
mod silent {
    use super::Stage;

    /// Nothing.
    pub fn reached(_: Stage) {}

    /// Nothing.
    pub fn half(_: Stage, _: impl FnOnce() -> std::io::Result<()>) {}
}

#[cfg(test)]
mod tested {
    use super::Stage;

    /// Names the stage at which the process is to end.
    pub const VARIABLE: &str = "TREEWARDEN_TEST_STAGE";

    /// All stages; those that end with `-half` are in the middle of a write.
    pub const ALL: [&str; 7] = [
        "Locked",
        "Pending-half",
        "Pending",
        "Appended-half",
        "Appended",
        "Synced",
        "Done",
    ];

    #[allow(clippy::disallowed_methods)]
    fn is_meant(name: &str) -> bool {
        std::env::var_os(VARIABLE).is_some_and(|meant| meant == name)
    }

    pub fn reached(stage: Stage) {
        if is_meant(&format!("{stage:?}")) {
            std::process::abort();
        }
    }

    /// Before a write: does only half of it.
    pub fn half(stage: Stage, write_half: impl FnOnce() -> std::io::Result<()>) {
        if is_meant(&format!("{stage:?}-half")) {
            write_half().unwrap();
            std::process::abort();
        }
    }
}
