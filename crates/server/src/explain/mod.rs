//! The meaning of a session, in plain English: its commands, replies and codes, TLS, phases, and why it ended.
//!
//! The tables of commands and replies are those of the conversation itself, so they speak as the server does. Each
//! [`Explanation`] is for a person who sees SMTP for the first time.
//!
//! # Examples
//! ```
//! use mailchute::command::Verb;
//! use mailchute::{Disconnect, explain};
//!
//! println!("{}", explain::verb(Verb::StartTls));
//! println!("{}", explain::disconnect(Disconnect::Timeout));
//! assert_eq!(explain::keyword("PIPELINING").title, "Several commands at once");
//! ```

mod disconnect;
mod narrator;
mod notes;
mod stages;
mod tls;
mod transcript;

pub use disconnect::disconnect;
pub use mailchute_proto::explain::*;
pub use narrator::Narrator;
pub use stages::{phase, stage};
pub use tls::{cipher, handshake_failed, tls, tls_version};
pub use transcript::ExplainedTranscript;
