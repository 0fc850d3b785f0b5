//! The messages of the Maildir, with an index for search.
//!
//! ```text
//!   requests ──► worker's thread ──► scan of names ──► files that wait ──► index ──► lists
//!  (handle)       (worker)          (scan, walk)         (entry)       (SQLite)
//! ```
//!
//! # Why
//!
//! The Maildir is the truth, and other programs change it too. Nothing is done when a message is received: the names in the
//! Maildir are compared with the index when somebody looks. So receiving costs the same with and without the mailbox.

mod builder;
mod change;
mod directory;
mod entry;
mod error;
mod handle;
mod id;
mod index;
mod known;
mod later_parts;
mod name;
mod results;
mod retention;
mod scan;
mod search;
mod summary;
mod trace;
mod walk;
#[cfg(target_os = "linux")]
mod watches;
#[cfg(not(target_os = "linux"))]
#[path = "no_watches.rs"]
mod watches;
mod worker;

#[cfg(test)]
mod tests;

pub use builder::MailboxBuilder;
pub use handle::Mailbox;
pub use retention::Retention;

pub(crate) use change::{Change, Deletion};
pub(crate) use error::MailboxError;
pub(crate) use id::Id;
pub(crate) use search::Search;
pub(crate) use summary::{Group, Groups, Listing, Progress, Summary};
