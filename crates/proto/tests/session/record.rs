//! The record of a session.

use mailchute_proto::{Closing, Protocol};

/// The record of a session, as the client and the store saw it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) output: Vec<u8>,
    /// The messages that ended without a fault, whatever the hook then answered.
    pub(crate) messages: Vec<Message>,
    /// Every question the machine asked, in order.
    pub(crate) questions: Vec<String>,
    /// The output's length in bytes whenever a reply was held back.
    pub(crate) held_back: Vec<usize>,
    pub(crate) closing: Option<Closing>,
    pub(crate) protocol: Protocol,
}

/// A message with its envelope.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    pub(crate) content: Vec<u8>,
    /// The output's length in bytes before its reply.
    pub(crate) replied_at: usize,
}
