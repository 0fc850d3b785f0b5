//! The commands of the program, and what they build from the options.
//!
//! Directories stand in this order, and each imports only what stands below it: `commands`, `process`, `users`,
//! `options`, `log`, then the files `text_file` and `failure`. No files import each other in a circle.
//! `crates/cli/tests/rooms.rs` checks both.

pub(crate) mod build;
pub(crate) mod certificates;
pub(crate) mod chaos;
pub(crate) mod check;
#[cfg(feature = "nats")]
pub(crate) mod deliver;
pub(crate) mod filters;
pub(crate) mod hash_password;
pub(crate) mod healthcheck;
pub(crate) mod http;
#[cfg(feature = "console")]
pub(crate) mod inbox_mark;
pub(crate) mod local_domains;
pub(crate) mod narration;
pub(crate) mod prompt;
pub(crate) mod reach;
pub(crate) mod recipients;
#[cfg(feature = "console")]
pub(crate) mod release;
#[cfg(not(feature = "console"))]
#[path = "no_release.rs"]
pub(crate) mod release;
pub(crate) mod reload;
pub(crate) mod serve;
pub(crate) mod store;
#[cfg(any(feature = "console", feature = "nats"))]
pub(crate) mod taken_mail;
pub(crate) mod talk;
pub(crate) mod warnings;
