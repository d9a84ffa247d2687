//! The rules. Each looks at what it is given and names what is broken; none reads a repository,
//! prints, or knows what comes before or after it. Their codes' table is in `finding`.
//!
//! | module | codes |
//! |---|---|
//! | `refs` | `bad-update`, `replace-ref`, `upstream-ref-pushed`, `ungoverned-ref`, `ref-created`, `ref-deleted`, `ref-rewound` |
//! | `paths` | `denied-path`, `only-denied-paths` |
//! | `messages` | `message-pattern` |
//!
//! `bad-override` and `override-ref-changed` are found where overrides are read, in
//! `overrides::docket`.

pub mod messages;
pub mod paths;
pub mod refs;

use crate::error::Error;
use crate::finding::Code;
use crate::git::{CommitIx, Range, Touched};
use crate::policy::Place;
use crate::update::Oid;

/// A rule that commits break, before it is put into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which rule.
    pub code: Code,
    /// Who breaks it.
    pub who: Who,
    /// The paths to be shown: their classes, by how they came to be changed.
    pub show: Touched,
    /// The fault, in a few words.
    pub fault: String,
    /// The policy's line.
    pub place: Place,
}

/// The commits that break a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// One by itself.
    Commit(CommitIx),
    /// Several that are judged as one.
    Unit {
        /// What they are together.
        what: &'static str,
        /// How many there are.
        size: usize,
        /// Those of them that touch what is denied.
        offending: Vec<CommitIx>,
    },
}

impl Who {
    /// The commits at fault, by their names.
    pub fn commits(&self, range: &Range) -> Result<Vec<Oid>, Error> {
        let all = match self {
            Self::Commit(at) => std::slice::from_ref(at),
            Self::Unit { offending, .. } => offending,
        };
        let rows = all.iter().map(|at| range.row(*at));
        rows.map(|row| Ok(row?.oid)).collect()
    }
}
