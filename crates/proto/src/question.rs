//! The questions that the conversation puts to the outside, one type a stage.
//!
//! AUTH asks about [`Credentials`](crate::Credentials), MAIL about a [`Sender`](crate::Sender), RCPT about a
//! [`Recipient`](crate::Recipient).

use std::fmt;

use crate::address::HeloName;
use crate::command::Verb;
use crate::sasl::{ChannelBinding, ClientFirst, Mechanism};

/// A client has connected; the answer is the greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connect;

/// The client said EHLO or HELO, or in LMTP LHLO.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ehlo {
    /// [`Verb::Ehlo`], [`Verb::Helo`] or [`Verb::Lhlo`].
    pub verb: Verb,
    /// Whom the client says it is.
    pub name: HeloName,
    /// Whether the client has the service extensions now: not after HELO, unless it said EHLO before and the
    /// [lenient setting](crate::EnvelopeSyntax::Lenient) leaves it what that gave.
    pub is_extended: bool,
}

/// The client asked for TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartTls;

/// CRAM-MD5 has begun, and its challenge needs a [`Nonce`](crate::Nonce), which is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge;

/// SCRAM has begun: the client has said who it is. The answer is a [`ScramAnswer`](crate::ScramAnswer).
#[derive(Clone)]
#[non_exhaustive]
pub struct Scram {
    /// [`Mechanism::ScramSha256`] or [`Mechanism::ScramSha256Plus`].
    pub mechanism: Mechanism,
    /// Whom the client says it is, prepared by [`saslprep`](crate::saslprep).
    pub user: String,
    /// The channel binding that the client uses; `None` with [`Mechanism::ScramSha256`], and for a binding that
    /// nobody here knows.
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

/// DATA, or the first BDAT: the message is announced. To accept DATA is to send the 354; the answer to the message
/// itself is given at [`EndOfData`]. The octets of a BDAT that is refused are taken in and dropped;
/// [`Ask::refuse_each`](crate::Ask::refuse_each) refuses for each recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Data {
    /// By which command.
    pub transfer: Transfer,
}

/// How a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// By DATA, up to a line with a dot.
    Dot,
    /// By BDAT, in chunks (RFC 3030).
    Chunks(Chunk),
}

/// What one BDAT announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Its octets.
    pub size: u64,
    /// Whether it is the last of the message.
    pub is_last: bool,
}

/// A chunk has come to its end, and the message goes on with another (RFC 3030). A refusal is the reply to this chunk and
/// ends the transaction; nothing of the message is kept. Otherwise the reply is that the chunk was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndOfChunk {
    /// What its BDAT announced.
    pub chunk: Chunk,
}

/// The whole message has come; the answer says whether it is kept. [`Ask::answer`](crate::Ask::answer) answers for all
/// recipients, [`Ask::answer_each`](crate::Ask::answer_each) for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndOfData {
    /// Octets of the message, after dot-unstuffing.
    pub size: u64,
    /// Recipients that were accepted, the same one twice if it was asked for twice. In LMTP each has a reply of its
    /// own.
    pub recipients: usize,
}

/// Any other command: RSET, NOOP, QUIT, VRFY, EXPN, HELP, verbs of the application's own and unknown ones.
///
/// To accept gives the standard reply; for an unknown verb that is a 500.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Command {
    /// Which command; [`Verb::Other`] for all that Mailchute does not know.
    pub verb: Verb,
    /// The verb in capitals.
    pub word: String,
    /// What the client wrote behind it.
    pub argument: String,
}
