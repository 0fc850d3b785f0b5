//! The SMTP conversation as a state machine (RFC 5321 and its service extensions).
//!
//! Octets go in, typed questions come out; answers go in, octets come out. There is no I/O in here, no clock,
//! no thread and no `unsafe`, so the same conversation runs over a socket, inside TLS or in a test, and however
//! its input is cut into pieces it says the same.
//!
//! ```text
//!            input                                    output
//!   client ────────► line ──► command ──► phase        ▲
//!                     │        address    (is it       │ reply
//!                     │        params      in order?)  │
//!                     │                      │         │
//!                     │                      ▼         │
//!                     │                 Step::Mail(ask) ──► the outside decides
//!                     │                        ask.answer(verdict)
//!                     ▼
//!                body (dot-unstuffing) ──► Step::Body(octets) … Step::EndOfData(ask)
//! ```
//!
//! [`Machine`] shows the loop that drives it. The crate `mailchute` is that loop over tokio and rustls, with
//! hooks that give the answers.

mod address;
mod body;
mod characters;
mod client;
mod command;
mod edits;
mod envelope;
mod extension;
mod facts;
mod held;
mod limits;
mod line;
mod machine;
mod offer;
mod params;
mod phase;
mod protocol;
pub mod question;
pub mod reply;
mod sasl;
mod settings;
mod verdict;

pub use address::*;
pub use characters::{escaped, is_control};
pub use client::{Attribute, MessageSource, ProxiedProtocol, XClient, XForward};
pub use command::Verb;
pub use edits::{EhloEdits, EhloError};
pub use envelope::{Envelope, Recipient, Sender};
pub use extension::Extension;
pub use limits::Limits;
pub use machine::ask::{Ask, Question};
pub use machine::step::{Closing, Step};
pub use machine::{Awaits, Machine};
pub use params::*;
pub use protocol::Protocol;
pub use reply::{Code, Enhanced, Reply, ReplyError, Severity};
pub use sasl::{
    ChannelBinding, CramMd5Digest, Credentials, Mechanism, Nonce, Password, ScramAnswer, ScramVerifier,
    ScramVerifierError, Token, saslprep,
};
pub use settings::{
    AuthPolicy, BareLineEnds, EnvelopeSyntax, PlaintextAuth, PriorityProfile, Settings, TlsPolicy,
};
pub use verdict::Verdict;
