//! The steps of the conversation.

use bytes::Bytes;

use super::ask::Ask;
use crate::client::{XClient, XForward};
use crate::envelope::{Recipient, Sender};
use crate::question::{Challenge, Command, Connect, Data, Ehlo, EndOfChunk, EndOfData, Scram, StartTls};
use crate::reply::Reply;
use crate::sasl::{Credentials, Mechanism};

/// A step of the conversation, returned by [`Machine::step`](crate::Machine::step).
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub enum Step<'m> {
    /// The input holds nothing complete. Send the output, then read more.
    NeedInput,
    /// A command was answered without a question, or a challenge was sent. Continue.
    Answered,
    /// A client has connected.
    Connect(Ask<'m, Connect>),
    /// EHLO or HELO, or in LMTP LHLO.
    Ehlo(Ask<'m, Ehlo>),
    /// STARTTLS.
    StartTls(Ask<'m, StartTls>),
    /// Send the output, perform the handshake, then call [`Machine::secured`](crate::Machine::secured). Unencrypted
    /// input after STARTTLS was dropped (RFC 3207 §4.2).
    Handshake,
    /// CRAM-MD5 needs a nonce.
    Challenge(Ask<'m, Challenge>),
    /// SCRAM needs the user's verifier, a nonce and the channel's binding.
    Scram(Ask<'m, Scram>),
    /// The client sent its credentials.
    Auth(Ask<'m, Credentials>),
    /// The client's proof is wrong. The output holds the refusal.
    AuthRefused(Box<Credentials>),
    /// `SASLprep` prohibits the client's input, or it contains no name. The output holds the refusal.
    AuthUnprepared(Mechanism),
    /// MAIL.
    Mail(Ask<'m, Sender>),
    /// RCPT.
    Rcpt(Ask<'m, Recipient>),
    /// DATA.
    Data(Ask<'m, Data>),
    /// Content of the message, never empty.
    Body(Bytes),
    /// The message ended and was refused. The output holds the reply.
    BodyRefused(Reply),
    /// A chunk of the message ended without a fault, and another follows.
    EndOfChunk(Ask<'m, EndOfChunk>),
    /// The message ended without a fault.
    EndOfData(Ask<'m, EndOfData>),
    /// XCLIENT: the session now belongs to the client that the proxy names. Answer as for a new connection. The
    /// [edits](crate::EhloEdits) are reset.
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
    /// The client sent QUIT.
    Quit,
    /// An answer closed the connection.
    HungUp,
    /// A limit of the session was reached.
    Limit,
    /// The client violated the protocol so that the session cannot continue.
    Violation,
}
