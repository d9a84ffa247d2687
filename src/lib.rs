//! Git hooks that keep every commit in the tree where it belongs.
//!
//! A push is judged in one way and one order, and only [`gate`] knows it:
//!
//! ```text
//! stdin ─▶ ref updates ─▶ trees ─▶ entering commits ─▶ series ─▶ changed paths ─▶ classes
//!          input          rules     git                 series     git               classify
//!                         ::refs    ::Range                        ::Changes
//!       ─▶ findings ─▶ decision ─▶ report ─▶ exit status
//!          rules        decision    report     error::Exit
//! ```
//!
//! # Invariants
//!
//! - The hook's exit status 0 has one source, [`decision::Decision::Accept`]; a [`chain`]ed hook
//!   can only refuse after it. Whatever else happens refuses: an [`error::Error`] never maps to
//!   [`error::Exit::Accept`].
//! - An error in a walk ends it with that error, never with fewer commits. An object that can't
//!   be understood is an error, never passed over.
//! - The zero oid is no [`update::Oid`]; absence is [`update::RefValue::Absent`].
//! - Rules see masks of classes ([`git::Touched`]), never lists of paths, and read no repository.
//!   [`git::Changes`] is the seam behind which an engine can be replaced.
//! - Nothing from a push reaches a terminal but through [`report::escape::Shown`], or in a
//!   document of printable ASCII.
//! - What judges asks git with a cleared environment and without replace refs; only [`git`] starts
//!   it, and only [`git`] knows git2. The clock and the environment are read in [`ambient`].
//! - All work on a push is paid for out of one [`budget::Budget`].
//! - A [`policy::Policy`] that exists is valid: what holds one checks nothing again.
//!
//! # Modules
//!
//! | module | what it holds |
//! |---|---|
//! | [`update`] | object names, ref names, ref updates: one type for each fact |
//! | [`input`] | the hook's standard input, parsed |
//! | [`policy`] | the policy file: read, merged, validated |
//! | [`git`] | repositories: refs, history, ranges, what commits and merges change |
//! | [`classify`] | from a path to its class |
//! | [`series`] | which entering commits belong together |
//! | [`rules`] | the rules, each from what it is given to what is broken |
//! | [`overrides`] | signatures that lift what was found |
//! | [`standing`] | whose refs a push is judged against |
//! | [`doubt`] | what a clone can't know of a push |
//! | [`judge`] | one update of one tree, from entering commits to findings |
//! | [`route`] | where a refused commit belongs |
//! | [`notes`] | what is said beside the findings |
//! | [`survey`] | which trees take commits, and how to get them there |
//! | [`explain`] | why a commit passes or fails, step by step |
//! | [`manual`] | what the documentation says of a code |
//! | [`gate`] | the pipeline |
//! | [`cases`] | the policy's own cases, judged |
//! | [`lint`] | remarks on a policy that is valid |
//! | [`finding`], [`decision`] | what is said of a push, and the verdict |
//! | [`report`] | how it is printed |
//! | [`dry_run`] | what a policy says of pushes that were made already |
//! | [`compare`] | two policies beside each other |
//! | [`adopt`] | which history was before the policy |
//! | [`deploy`] | puts a policy into force, in one step |
//! | [`doctor`] | whether the gate is shut |
//! | [`audit`] | the log of what was pushed, and what came of it |
//! | [`budget`] | how much work a push may ask for |
//! | [`progress`] | that work is still going on |
//! | [`ambient`] | the clock and the environment |
//! | [`error`] | errors and exit statuses |
//! | [`hook`], [`pre_push`], [`post_receive`], [`cli`] | the programs, from their input to their exit status |
//! | [`chain`] | another program's hook, run after an acceptance |
//! | [`owner`] | whose new files are |
//! | [`pause`] | trees whose rules only warn, for a while |
//! | [`install`] | hooks and their config, put in place and taken out |

pub mod adopt;
pub mod ambient;
pub mod audit;
pub mod budget;
pub mod cases;
pub mod chain;
pub mod classify;
pub mod cli;
pub mod compare;
mod court;
pub mod decision;
pub mod deploy;
pub mod doctor;
pub mod doubt;
pub mod dry_run;
pub mod error;
pub mod explain;
pub mod finding;
pub mod gate;
pub mod git;
mod hex;
pub mod hook;
pub mod input;
pub mod install;
pub mod judge;
pub mod lint;
pub mod manual;
pub mod notes;
pub mod overrides;
pub mod owner;
pub mod pause;
pub mod policy;
pub mod post_receive;
pub mod pre_push;
pub mod progress;
pub mod report;
pub mod route;
pub mod rules;
pub mod series;
pub mod standing;
pub mod survey;
pub mod update;
