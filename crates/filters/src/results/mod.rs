//! `Authentication-Results` (RFC 8601): what a server has found about a message, for the readers after it.
//!
//! [`AuthenticationResults`] builds the value of the field, and recognizes forged ones. [`received_spf`] builds the older
//! field of SPF.
//!
//! # Why
//!
//! Readers trust these fields, and senders choose texts in them: domains, selectors, the name in EHLO. A text that could
//! look like a result to any reader, however simple, is left out. It is not quoted, since not all readers know quotes.

mod field;
mod method;
mod parse;
mod received_spf;
mod text;

pub use field::AuthenticationResults;
pub use method::MethodResult;
pub(crate) use parse::dmarc_result;
pub(crate) use received_spf::may_be_of_receiver;
pub use received_spf::received_spf;
