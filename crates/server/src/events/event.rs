//! Events: what happens in sessions, for those who watch and never hold a session up.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use mailchute_proto::question::Ehlo;
use mailchute_proto::{Credentials, Envelope, HeloName, Mechanism, Recipient, Sender, escaped};

use crate::message::id::MessageId;
use crate::runtime::read_buffer;
use crate::session::Session;
use crate::session::disconnect::Disconnect;
use crate::tls::TlsFacts;

/// Something that happened in a session.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A client has connected; told before any hook is asked.
    #[non_exhaustive]
    Connect {
        /// The session.
        session: Session,
    },
    /// A connection was closed before it became a session, for want of room or of its PROXY header.
    #[non_exhaustive]
    TurnedAway {
        /// Where the client connected from; loopback for a Unix socket.
        client: IpAddr,
    },
    /// A session is over.
    #[non_exhaustive]
    Disconnect {
        /// The session.
        session: Session,
        /// Why.
        cause: Disconnect,
    },
    /// TLS is up.
    #[non_exhaustive]
    Secure {
        /// The session.
        session: Session,
        /// What is known of TLS.
        tls: Arc<TlsFacts>,
    },
    /// A command line has come, well formed or not.
    #[non_exhaustive]
    Command {
        /// The session.
        session: Session,
        /// The line, without credentials, as [`escaped`](crate::escaped) shows it: cut behind 1,024 octets.
        line: String,
    },
    /// EHLO or HELO, or in LMTP LHLO.
    #[non_exhaustive]
    Ehlo {
        /// The session.
        session: Session,
        /// The name that the client gives itself.
        name: HeloName,
    },
    /// AUTH was decided.
    #[non_exhaustive]
    Auth {
        /// The session.
        session: Session,
        /// The mechanism used.
        mechanism: Mechanism,
        /// Who the client claims to be.
        identity: String,
        /// Whether the hooks said yes.
        succeeded: bool,
    },
    /// MAIL has come; told before any hook is asked.
    #[non_exhaustive]
    Mail {
        /// The session.
        session: Session,
        /// The sender.
        sender: Sender,
    },
    /// RCPT has come; told before any hook is asked.
    #[non_exhaustive]
    Rcpt {
        /// The session.
        session: Session,
        /// The recipient.
        recipient: Recipient,
    },
    /// Octets of a message, after dot-unstuffing.
    #[non_exhaustive]
    DataChunk {
        /// The session.
        session: Session,
        /// The octets.
        chunk: Bytes,
    },
    /// A message was accepted.
    #[non_exhaustive]
    Message {
        /// The session.
        session: Session,
        /// The message's name.
        id: MessageId,
        /// Its sender and its recipients.
        envelope: Arc<Envelope>,
        /// How many octets it has.
        size: u64,
    },
    /// The server has replied.
    #[non_exhaustive]
    Reply {
        /// The session.
        session: Session,
        /// The reply as sent, but for the text of a challenge within AUTH, which is left out; lines of one reply are
        /// separated by CRLF.
        reply: String,
    },
    /// This subscriber was too slow: so many events were dropped here.
    Missed(u64),
}

/// As the driver makes them.
impl Event {
    pub(crate) fn connect(session: &Session) -> Self {
        Self::Connect { session: session.clone() }
    }

    pub(crate) fn disconnect(session: &Session, cause: Disconnect) -> Self {
        Self::Disconnect { session: session.clone(), cause }
    }

    pub(crate) fn ehlo(session: &Session, ehlo: &Ehlo) -> Self {
        Self::Ehlo { session: session.clone(), name: ehlo.name.clone() }
    }

    pub(crate) fn auth(session: &Session, credentials: &Credentials, succeeded: bool) -> Self {
        let (mechanism, identity) = (credentials.mechanism(), credentials.identity().to_owned());
        Self::Auth { session: session.clone(), mechanism, identity, succeeded }
    }

    pub(crate) fn mail(session: &Session, sender: &Sender) -> Self {
        Self::Mail { session: session.clone(), sender: sender.clone() }
    }

    pub(crate) fn rcpt(session: &Session, recipient: &Recipient) -> Self {
        Self::Rcpt { session: session.clone(), recipient: recipient.clone() }
    }

    pub(crate) fn secure(session: &Session, tls: Arc<TlsFacts>) -> Self {
        Self::Secure { session: session.clone(), tls }
    }

    pub(crate) fn command(session: &Session, line: String) -> Self {
        Self::Command { session: session.clone(), line }
    }

    pub(crate) fn reply(session: &Session, reply: &str) -> Self {
        Self::Reply { session: session.clone(), reply: reply.to_owned() }
    }

    pub(crate) fn data_chunk(session: &Session, chunk: &Bytes) -> Self {
        Self::DataChunk { session: session.clone(), chunk: chunk.clone() }
    }

    pub(crate) fn message(session: &Session, id: MessageId, envelope: &Arc<Envelope>, size: u64) -> Self {
        Self::Message { session: session.clone(), id, envelope: Arc::clone(envelope), size }
    }
}

impl Event {
    /// The session that the event belongs to.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::Connect { session }
            | Self::Disconnect { session, .. }
            | Self::Secure { session, .. }
            | Self::Command { session, .. }
            | Self::Ehlo { session, .. }
            | Self::Auth { session, .. }
            | Self::Mail { session, .. }
            | Self::Rcpt { session, .. }
            | Self::DataChunk { session, .. }
            | Self::Message { session, .. }
            | Self::Reply { session, .. } => Some(session),
            Self::TurnedAway { .. } | Self::Missed(_) => None,
        }
    }

    /// Octets of memory that the event keeps while it waits, with its own; its session's are not counted.
    pub(crate) fn weight(&self) -> usize {
        let held = match self {
            Self::DataChunk { chunk, .. } => read_buffer::kept(chunk),
            Self::Command { line, .. } => line.capacity(),
            Self::Reply { reply, .. } => reply.capacity(),
            Self::Auth { identity, .. } => identity.capacity(),
            Self::Ehlo { name, .. } => name.held_octets(),
            Self::Mail { sender, .. } => sender.held_octets(),
            Self::Rcpt { recipient, .. } => recipient.held_octets(),
            Self::Message { envelope, .. } => size_of::<Envelope>() + envelope.held_octets(),
            // What is known of TLS is its session's.
            Self::Connect { .. }
            | Self::Disconnect { .. }
            | Self::Secure { .. }
            | Self::TurnedAway { .. }
            | Self::Missed(_) => 0,
        };
        size_of::<Self>() + held
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(session) = self.session() {
            write!(f, "{} ", session.id())?;
        }
        match self {
            Self::Connect { session } => write!(f, "connect from {}", session.origin()),
            Self::TurnedAway { client } => write!(f, "turned away {client}"),
            Self::Disconnect { cause, .. } => write!(f, "disconnect: {cause}"),
            Self::Secure { tls, .. } => write!(f, "secure: {} {}", tls.version, tls.cipher),
            Self::Command { line, .. } => write!(f, "command: {line}"),
            Self::Ehlo { name, .. } => write!(f, "hello from {}", escaped(name.as_str().as_bytes())),
            Self::Auth { mechanism, identity, succeeded, .. } => {
                let outcome = if *succeeded { "succeeded" } else { "failed" };
                write!(f, "auth {mechanism} as {} {outcome}", escaped(identity.as_bytes()))
            }
            Self::Mail { sender, .. } => write!(f, "mail from <{}>", escaped(sender.as_str().as_bytes())),
            Self::Rcpt { recipient, .. } => {
                write!(f, "rcpt to <{}>", escaped(recipient.as_str().as_bytes()))
            }
            Self::DataChunk { chunk, .. } => write!(f, "data: {} octets", chunk.len()),
            Self::Message { id, size, .. } => write!(f, "message {id}: {size} octets"),
            Self::Reply { reply, .. } => write!(f, "reply: {}", reply.replace("\r\n", " / ")),
            Self::Missed(count) => write!(f, "missed {count} events"),
        }
    }
}
