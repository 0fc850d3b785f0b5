//! Events: what happens in sessions, for those who watch and never hold a session up.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use mailchute_proto::{Envelope, HeloName, Mechanism, Recipient, Reply, Sender};

use super::kind::Kind;
use super::stage::Stage;
use crate::message::id::MessageId;
use crate::runtime::read_buffer;
use crate::session::disconnect::Disconnect;
use crate::session::{Session, SessionId};
use crate::tls::TlsFacts;

/// Something that happened in a session.
///
/// # Time
/// Each event has a time: that of the host when the session began, and what has passed since by a clock that never goes
/// back. Times of one session never go back, then. In tests with tokio's paused clock they follow that clock.
///
/// # Order
/// A subscriber gets the events of one session in the order in which they happened. Events of different sessions come in
/// any order. A session tells, in this order:
///
/// 1. `Connect`, before any hook is asked;
/// 2. for each line of the client, `Command`; then what the line is about (`Ehlo`, `Mail`, `Rcpt` before the hooks are
///    asked; `Auth` and `Message` after they have decided); then `Refused` if it was refused; then each `Reply`;
/// 3. `Secure` or `HandshakeFailed` after each TLS handshake;
/// 4. `Disconnect`, which is always the last.
///
/// # Loss
/// A subscriber that is too slow loses events and gets [`Missed`](Self::Missed) where they are missing. It gives their
/// number and the sessions whose `Disconnect` was among them. See [`Events`](crate::Events).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A client has connected; told before any hook is asked.
    #[non_exhaustive]
    Connect {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
    },
    /// A connection was closed before it became a session, for want of room or of its PROXY header.
    #[non_exhaustive]
    TurnedAway {
        /// When, by the clock of the host.
        time: SystemTime,
        /// Where the client connected from; loopback for a Unix socket.
        client: IpAddr,
    },
    /// A session is over. No other event of it follows.
    #[non_exhaustive]
    Disconnect {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// Why.
        cause: Disconnect,
    },
    /// TLS is up.
    #[non_exhaustive]
    Secure {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// What is known of TLS.
        tls: Arc<TlsFacts>,
    },
    /// A TLS handshake failed, or took too long. `Disconnect` follows. A client that closes a connection for implicit TLS
    /// without a word, as health checks do, is not told of here.
    #[non_exhaustive]
    HandshakeFailed {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// Why, for people.
        cause: String,
    },
    /// A line of the client has come, well formed or not: a command, or a response within AUTH.
    #[non_exhaustive]
    Command {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The line, without credentials, as [`escaped`](crate::escaped) shows it: cut after 1,024 bytes.
        line: String,
    },
    /// EHLO or HELO, or in LMTP LHLO; told before any hook is asked.
    #[non_exhaustive]
    Ehlo {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The name that the client gives itself.
        name: HeloName,
    },
    /// A login was decided. It is also told if the server refused the login by itself: a name that `SASLprep` prohibits,
    /// a proof that does not hold, a verifier that cannot be had.
    #[non_exhaustive]
    Auth {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The mechanism used.
        mechanism: Mechanism,
        /// The identity that the client claims; `None` if what it sent names nobody.
        identity: Option<String>,
        /// Whether the client is in.
        succeeded: bool,
    },
    /// MAIL has come; told before any hook is asked.
    #[non_exhaustive]
    Mail {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The sender.
        sender: Sender,
    },
    /// RCPT has come; told before any hook is asked.
    #[non_exhaustive]
    Rcpt {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The recipient.
        recipient: Recipient,
    },
    /// Content of a message, after dot-unstuffing. A slow subscriber loses these first.
    #[non_exhaustive]
    DataChunk {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The content.
        chunk: Bytes,
    },
    /// A message was accepted; told before its reply.
    #[non_exhaustive]
    Message {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The message's name.
        id: MessageId,
        /// Its sender and its recipients; in LMTP those for whom it was accepted.
        envelope: Arc<Envelope>,
        /// Its size in bytes.
        size: u64,
    },
    /// Something was refused, by a hook, the store or the server itself; told before the reply. In LMTP a message has one
    /// for each recipient that refuses it.
    #[non_exhaustive]
    Refused {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// What was refused.
        stage: Stage,
        /// The hook, filter, authenticator or store that refused: its type, or for a closure the method of the builder.
        /// `None` if the server refused by itself.
        hook: Option<&'static str>,
        /// The refusal, as the client gets it.
        reply: Reply,
        /// The cause that the client does not get to know, with its sources.
        cause: Option<String>,
        /// How long that hook took.
        took: Option<Duration>,
    },
    /// The server has replied.
    #[non_exhaustive]
    Reply {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The reply. The text of a challenge within AUTH is left out.
        reply: Reply,
    },
    /// This subscriber was too slow: events were dropped here.
    #[non_exhaustive]
    Missed {
        /// When the subscriber was told.
        time: SystemTime,
        /// How many events.
        count: u64,
        /// The sessions that have ended, where their `Disconnect` was among the dropped events: at most 4,096.
        ended: Vec<SessionId>,
        /// How many more sessions have ended than `ended` names. If it is not 0, forget all sessions that you keep.
        more_ended: u64,
    },
}

impl Event {
    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Connect { .. } => Kind::Connect,
            Self::TurnedAway { .. } => Kind::TurnedAway,
            Self::Disconnect { .. } => Kind::Disconnect,
            Self::Secure { .. } => Kind::Secure,
            Self::HandshakeFailed { .. } => Kind::HandshakeFailed,
            Self::Command { .. } => Kind::Command,
            Self::Ehlo { .. } => Kind::Ehlo,
            Self::Auth { .. } => Kind::Auth,
            Self::Mail { .. } => Kind::Mail,
            Self::Rcpt { .. } => Kind::Rcpt,
            Self::DataChunk { .. } => Kind::DataChunk,
            Self::Message { .. } => Kind::Message,
            Self::Refused { .. } => Kind::Refused,
            Self::Reply { .. } => Kind::Reply,
            Self::Missed { .. } => Kind::Missed,
        }
    }

    /// Returns when it happened.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        match self {
            Self::Connect { time, .. }
            | Self::TurnedAway { time, .. }
            | Self::Disconnect { time, .. }
            | Self::Secure { time, .. }
            | Self::HandshakeFailed { time, .. }
            | Self::Command { time, .. }
            | Self::Ehlo { time, .. }
            | Self::Auth { time, .. }
            | Self::Mail { time, .. }
            | Self::Rcpt { time, .. }
            | Self::DataChunk { time, .. }
            | Self::Message { time, .. }
            | Self::Refused { time, .. }
            | Self::Reply { time, .. }
            | Self::Missed { time, .. } => *time,
        }
    }

    /// Returns the session that the event belongs to. `TurnedAway` and `Missed` have none.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::Connect { session, .. }
            | Self::Disconnect { session, .. }
            | Self::Secure { session, .. }
            | Self::HandshakeFailed { session, .. }
            | Self::Command { session, .. }
            | Self::Ehlo { session, .. }
            | Self::Auth { session, .. }
            | Self::Mail { session, .. }
            | Self::Rcpt { session, .. }
            | Self::DataChunk { session, .. }
            | Self::Message { session, .. }
            | Self::Refused { session, .. }
            | Self::Reply { session, .. } => Some(session),
            Self::TurnedAway { .. } | Self::Missed { .. } => None,
        }
    }

    /// Bytes of memory that the event keeps while it waits, with its own; its session's are not counted.
    pub(crate) fn weight(&self) -> usize {
        let held = match self {
            Self::DataChunk { chunk, .. } => read_buffer::kept(chunk),
            Self::Command { line, .. } => line.capacity(),
            Self::Reply { reply, .. } => reply.held_octets(),
            Self::Refused { reply, cause, .. } => {
                reply.held_octets() + cause.as_ref().map_or(0, String::capacity)
            }
            Self::Auth { identity, .. } => identity.as_ref().map_or(0, String::capacity),
            Self::HandshakeFailed { cause, .. } => cause.capacity(),
            Self::Ehlo { name, .. } => name.held_octets(),
            Self::Mail { sender, .. } => sender.held_octets(),
            Self::Rcpt { recipient, .. } => recipient.held_octets(),
            Self::Message { envelope, .. } => size_of::<Envelope>() + envelope.held_octets(),
            Self::Missed { ended, .. } => ended.capacity() * size_of::<SessionId>(),
            // What is known of TLS is its session's.
            Self::Connect { .. }
            | Self::Disconnect { .. }
            | Self::Secure { .. }
            | Self::TurnedAway { .. } => 0,
        };
        size_of::<Self>() + held
    }
}
