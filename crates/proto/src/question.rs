//! The questions of the conversation, one type for each stage.
//!
//! AUTH asks about [`Credentials`](crate::Credentials), MAIL about a [`Sender`](crate::Sender), RCPT about a
//! [`Recipient`](crate::Recipient).

use std::fmt;

use crate::address::HeloName;
use crate::command::Verb;
use crate::sasl::{ChannelBinding, ClientFirst, Mechanism};

/// A client has connected. The answer is the greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connect;

/// The client sent EHLO or HELO, or LHLO in LMTP.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ehlo {
    /// [`Verb::Ehlo`], [`Verb::Helo`] or [`Verb::Lhlo`].
    pub verb: Verb,
    /// The name that the client gave.
    pub name: HeloName,
    /// Whether the client has the service extensions. It has none after HELO, unless it sent EHLO before and the
    /// [lenient setting](crate::EnvelopeSyntax::Lenient) keeps them.
    pub is_extended: bool,
}

/// The client asked for TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartTls;

/// CRAM-MD5 has begun. The answer is the [`Nonce`](crate::Nonce) for its challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge;

/// SCRAM has begun, and the client has named its user. The answer is a [`ScramAnswer`](crate::ScramAnswer).
#[derive(Clone)]
#[non_exhaustive]
pub struct Scram {
    /// [`Mechanism::ScramSha256`] or [`Mechanism::ScramSha256Plus`].
    pub mechanism: Mechanism,
    /// The user that the client named, prepared by [`saslprep`](crate::saslprep).
    pub user: String,
    /// The channel binding that the client uses. It is `None` with [`Mechanism::ScramSha256`] and for an unknown
    /// binding.
    pub channel_binding: Option<ChannelBinding>,
    pub(crate) first: ClientFirst,
}

impl fmt::Debug for Scram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mechanism, user, channel_binding, first: _ } = self;
        f.debug_struct("Scram")
            .field("mechanism", mechanism)
            .field("user", user)
            .field("channel_binding", channel_binding)
            .finish_non_exhaustive()
    }
}

/// DATA, or the first BDAT, announces a message. Acceptance sends the 354; [`EndOfData`] answers the message itself.
/// The content of a refused BDAT is read and dropped. [`Ask::refuse_each`](crate::Ask::refuse_each) refuses for each
/// recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Data {
    /// The command that transfers it.
    pub transfer: Transfer,
}

/// How a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// By DATA, up to a line with a single dot.
    Dot,
    /// By BDAT, in chunks (RFC 3030).
    Chunks(Chunk),
}

/// A chunk announced by BDAT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Its size in bytes.
    pub size: u64,
    /// Whether it is the last of the message.
    pub is_last: bool,
}

/// A chunk has ended, and another one follows (RFC 3030). A refusal is the reply to this chunk, ends the transaction
/// and discards the message. Otherwise the reply confirms the chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndOfChunk {
    /// The chunk as announced.
    pub chunk: Chunk,
}

/// The message is complete. The answer decides whether it is kept. [`Ask::answer`](crate::Ask::answer) answers for
/// all recipients, [`Ask::answer_each`](crate::Ask::answer_each) for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndOfData {
    /// Bytes of the message, after dot-unstuffing.
    pub size: u64,
    /// Accepted recipients, including repeated ones. In LMTP each gets a reply.
    pub recipients: usize,
    /// Whether the client sent a bare CR or LF, which [`BareLineEnds`](crate::BareLineEnds) allowed. Never with BINARYMIME.
    pub has_bare_line_end: bool,
}

/// Any other command: RSET, NOOP, QUIT, VRFY, EXPN, HELP, verbs of the application, and unknown verbs.
///
/// Acceptance gives the standard reply, which is a 500 for an unknown verb.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Command {
    /// The verb; [`Verb::Other`] if Mailchute does not know it.
    pub verb: Verb,
    /// The verb in capitals.
    pub word: String,
    /// The argument after the verb, without the parameter SMTPUTF8 of VRFY and EXPN.
    pub argument: String,
    /// VRFY or EXPN had the parameter SMTPUTF8: the reply may hold UTF-8 (RFC 6531 §3.7.4.2).
    pub smtputf8: bool,
}
