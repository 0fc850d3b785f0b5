//! The SMTP conversation as a state machine (RFC 5321 and its service extensions).
//!
//! The machine takes bytes and asks typed questions; it takes answers and returns bytes. It has no I/O, no clock, no
//! threads and no `unsafe`. So the same conversation runs over a socket, inside TLS or in a test. The result does not
//! depend on how the input is split.
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
//!                body (dot-unstuffing) ──► Step::Body(bytes) … Step::EndOfData(ask)
//! ```
//!
//! [`Machine`] shows the loop that drives it. The crate `mailchute` is that loop over tokio and rustls, with hooks
//! that answer.

mod address;
mod body;
mod characters;
mod client;
mod command;
mod edits;
mod envelope;
pub mod explain;
mod extension;
mod facts;
mod held;
mod in_order;
mod limits;
mod line;
mod machine;
pub mod next_hop;
mod offer;
mod params;
mod phase;
mod protocol;
pub mod question;
mod refusal;
mod reply;
mod sasl;
mod settings;
mod typed_state;
mod usual;
mod verdict;

pub use address::*;
pub use characters::{escaped, is_control};
pub use client::{Attribute, MessageSource, ProxiedProtocol, XClient, XForward};
pub use command::Verb;
pub use edits::{EhloEdits, EhloError};
pub use envelope::{Envelope, Recipient, Sender};
pub use extension::Extension;
pub use in_order::Progress;
pub use limits::Limits;
pub use machine::answered::Answered;
pub use machine::ask::{Ask, Question};
pub use machine::standard::{EditReplies, EditReplyError, StandardReply};
pub use machine::step::{Closing, Step};
pub use machine::{Awaits, Machine};
pub use params::*;
pub use protocol::Protocol;
pub use refusal::{HiddenCause, Refusal};
pub use reply::{Code, Enhanced, Reply, ReplyError, Severity, catalog};
pub use sasl::{
    ChannelBinding, CramMd5Digest, Credentials, Mechanism, Nonce, Password, ScramAnswer, ScramVerifier,
    ScramVerifierError, Token, saslprep,
};
pub use settings::{
    AuthPolicy, BareLineEnds, EnvelopeSyntax, PlaintextAuth, PriorityProfile, Settings, TlsPolicy,
};
pub use typed_state::TypedState;
pub use verdict::{Answer, Verdict};
