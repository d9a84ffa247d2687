//! The only place that knows git2, and the only one that starts a git process.
//!
//! | module | what it gives |
//! |---|---|
//! | `command` | a git process with a clean environment and a deadline |
//! | `libgit2` | what libgit2 is told before it opens anything |
//! | `open` | a repository, the quarantine included; its configuration |
//! | `again` | the same repository for another thread |
//! | `hooks` | where git looks for hooks |
//! | `config_file` | changes to a config file, all of them or none |
//! | `settings` | configuration, read from one repository and written for another |
//! | `trial` | a push between scratch repositories, to see what a hook says of it |
//! | `refs` | refs as they stand |
//! | `ages` | when refs last moved |
//! | `kept` | whether git moves a ref once its hook has accepted it |
//! | `refspec` | what remote-tracking refs tell of a remote |
//! | `remotes` | remote repositories, as a clone knows them |
//! | `reflog` | what refs held before |
//! | `objects` | commits, parsed from their raw bytes, and other objects |
//! | `tree_object` | tree objects, parsed from their raw bytes |
//! | `file_bytes` | the bytes of a file of which little may be wanted |
//! | `names` | a table of object names in such a file |
//! | `commit_graph` | git's commit-graph: trees, parents and dates of commits in files of its own |
//! | `commits` | commits by number, from there or from their objects |
//! | `history` | the same by name; what descends from what |
//! | `merge_bases` | merge bases, of many merges at once |
//! | `mainline` | the same of all merges on one line of history |
//! | `signing` | tags and pushes of whoever runs this, by their own git |
//! | `users_key` | the public key by which they sign |
//! | `shallow` | what the end of a shallow clone could hide |
//! | `range` | the entering commits |
//! | `brought` | the same without a look at what hides others, where a push is plain |
//! | `trees` | tree objects for walks that read many: out of packs, and compared side by side |
//! | `changes` | which classes each of them touches: the seam, and the engine |
//! | `merge` | what a merge itself changes |
//! | `account` | the same in full, for whoever asks why |
//! | `content` | what git itself would make of contents that both sides changed |

mod account;
mod again;
mod ages;
mod brought;
mod changes;
mod command;
mod commit_graph;
mod commits;
mod config_file;
mod content;
mod file_bytes;
mod history;
mod hooks;
mod kept;
mod libgit2;
mod mainline;
mod merge;
mod merge_bases;
mod names;
mod objects;
mod open;
mod range;
mod reflog;
mod refs;
mod refspec;
mod remotes;
mod settings;
mod shallow;
mod signing;
mod tree_object;
mod trees;
mod trial;
mod users_key;

pub use account::{MergeAccount, Sides};
pub use changes::{BatchChanges, Changes, Jobs, Touched};
pub use command::CleanGit;
pub use config_file::{ConfigFile, Written};
pub use history::{History, KnownCommits, Lineage};
pub use hooks::{ConfigScope, HookSide, Hooks, HooksPath};
pub use mainline::WORTH as LINE;
pub use merge::Departure;
pub use objects::SmallTag;
pub use open::{Quarantine, Repo};
pub use range::{CommitIx, CommitRow, Parent, Range};
pub use reflog::{Moved, Reflog};
pub use refs::{RefTable, Standing};
pub use refspec::Refspecs;
pub use tree_object::{Leaf, Mode};
pub use trial::{Setting, Trial, Tried};
pub use users_key::UsersKey;
