//! What the conversation does next.

use bytes::Bytes;

use super::ask::Ask;
use crate::client::{XClient, XForward};
use crate::envelope::{Recipient, Sender};
use crate::question::{Challenge, Command, Connect, Data, Ehlo, EndOfChunk, EndOfData, Scram, StartTls};
use crate::reply::Reply;
use crate::sasl::Credentials;

/// One step of the conversation, as [`Machine::step`](crate::Machine::step) returns it.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub enum Step<'m> {
    /// The input holds nothing whole: send the output, read more.
    NeedInput,
    /// A command was answered without a question, or a challenge was sent: go on.
    Answered,
    /// A client has connected.
    Connect(Ask<'m, Connect>),
    /// EHLO or HELO, or in LMTP LHLO.
    Ehlo(Ask<'m, Ehlo>),
    /// STARTTLS.
    StartTls(Ask<'m, StartTls>),
    /// Send the output, shake hands, then call [`Machine::secured`](crate::Machine::secured). Input that came in
    /// the clear behind STARTTLS was dropped (RFC 3207 §4.2).
    Handshake,
    /// CRAM-MD5 needs a nonce.
    Challenge(Ask<'m, Challenge>),
    /// SCRAM needs the user's verifier, a nonce and the channel's binding.
    Scram(Ask<'m, Scram>),
    /// The client has given its credentials.
    Auth(Ask<'m, Credentials>),
    /// The client's proof does not hold; the refusal is in the output.
    AuthRefused(Box<Credentials>),
    /// MAIL.
    Mail(Ask<'m, Sender>),
    /// RCPT.
    Rcpt(Ask<'m, Recipient>),
    /// DATA.
    Data(Ask<'m, Data>),
    /// Octets of the message, never none.
    Body(Bytes),
    /// The message has ended and was refused; the reply is in the output.
    BodyRefused(Reply),
    /// A chunk of the message has ended well, and another one follows.
    EndOfChunk(Ask<'m, EndOfChunk>),
    /// The message has ended well.
    EndOfData(Ask<'m, EndOfData>),
    /// XCLIENT: from here on the client is the one that the proxy tells. The answer is that to a new connection, and
    /// what was [edited](crate::EhloEdits) is taken back.
    Xclient(Ask<'m, XClient>),
    /// XFORWARD.
    Xforward(Ask<'m, XForward>),
    /// Any other command.
    Command(Ask<'m, Command>),
    /// Send the output and close the connection.
    Close(Closing),
}

/// Why the conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Closing {
    /// The client said QUIT.
    Quit,
    /// An answer closed the connection.
    HungUp,
    /// A limit of the session was reached.
    Limit,
    /// The client broke the protocol in a way that leaves no common ground.
    Violation,
}
