//! Milters: filters that speak the protocol of Sendmail, such as clamav-milter, opendkim, opendmarc and rspamd.
//!
//! ```text
//!   client ──► CONNECT, EHLO, MAIL, RCPT, DATA ──► each stage is told, and decided
//!   message ──► fields, body ──► end ──► edits, then the last decision
//! ```
//!
//! [`Milter`] is the filter. It speaks version 6 of the protocol, and works with milters from version 2 on. A session has
//! one connection to each milter, which is opened at the first stage and kept for all its transactions.

mod address;
mod content;
mod conversation;
mod decision;
mod filter;
mod kept;
mod link;
mod macros;
mod options;
mod protocol;
mod requests;

pub use address::{MilterAddress, MilterAddressError};
pub use filter::Milter;
