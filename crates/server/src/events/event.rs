//! Events: what happens in sessions, for subscribers that never hold a session up.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use mailchute_proto::{Envelope, HeloName, Mechanism, Recipient, Reply, Sender};

use super::kind::Kind;
use super::stage::Stage;
use crate::message::MessageId;
use crate::runtime::read_buffer;
use crate::session::disconnect::Disconnect;
use crate::session::{Finding, Session, SessionId};
use crate::tls::TlsFacts;

/// Something that happened in a session.
///
/// # Time
/// Each event has a time. It is the host's time at the begin of the session, plus the time that has passed
/// since by a clock that never goes back. So the times of one session never go back. In tests with tokio's
/// paused clock they follow that clock.
///
/// # Order
/// A subscriber gets the events of one session in the order in which they happened. Events of different
/// sessions come in any order. A session sends, in this order:
///
/// 1. `Connect`, before any hook is asked.
/// 2. For each line of the client: `Command`, the event for what the line is about, `Refused` if it was
///    refused, and each `Reply`. `Ehlo`, `Mail` and `Rcpt` come before the hooks are asked, `Auth` and
///    `Message` after they have decided.
/// 3. `Secure` or `HandshakeFailed` after each TLS handshake.
/// 4. `Disconnect`, which is always the last.
///
/// # Loss
/// A subscriber that is too slow loses events, and gets [`Missed`](Self::Missed) where they are missing.
/// `Missed` has their number and the sessions whose `Disconnect` was among them. See
/// [`Events`](crate::events::Events).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A client has connected. Sent before any hook is asked.
    #[non_exhaustive]
    Connect {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
    },
    /// A connection was closed before it became a session: no slot was free, or its PROXY header was missing
    /// or bad.
    #[non_exhaustive]
    TurnedAway {
        /// When, by the clock of the host.
        time: SystemTime,
        /// The address that the client connected from; loopback for a Unix socket.
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
        /// The facts of the TLS session.
        tls: Arc<TlsFacts>,
    },
    /// A TLS handshake failed or took too long. `Disconnect` follows. A client that closes a connection for
    /// implicit TLS without sending anything, as health checks do, causes no such event.
    #[non_exhaustive]
    HandshakeFailed {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// Why, for people.
        cause: String,
    },
    /// The client sent a line: a command or a response within AUTH, well formed or not.
    #[non_exhaustive]
    Command {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The line without credentials, as [`escaped`](crate::syntax::escaped) shows it. It is cut after 1,024
        /// bytes.
        line: String,
    },
    /// The client sent EHLO or HELO, or in LMTP LHLO. Sent before any hook is asked.
    #[non_exhaustive]
    Ehlo {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The name that the client gives itself.
        name: HeloName,
    },
    /// A login was decided. The event also comes if the server itself refused the login: `SASLprep` prohibits
    /// the name, the proof is wrong, or the verifier cannot be looked up.
    #[non_exhaustive]
    Auth {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The mechanism used.
        mechanism: Mechanism,
        /// The identity that the client claims. `None` if the client sent none.
        identity: Option<String>,
        /// Whether the client is logged in.
        succeeded: bool,
    },
    /// The client sent MAIL. Sent before any hook is asked.
    #[non_exhaustive]
    Mail {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The sender.
        sender: Sender,
    },
    /// The client sent RCPT. Sent before any hook is asked.
    #[non_exhaustive]
    Rcpt {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The recipient.
        recipient: Recipient,
    },
    /// Content of a message came, after dot-unstuffing. A slow subscriber loses these events first.
    #[non_exhaustive]
    DataChunk {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The content.
        chunk: Bytes,
    },
    /// A check has found something out about the client or the message.
    #[non_exhaustive]
    Finding {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The finding, such as `spf=pass`.
        finding: Finding,
    },
    /// A message was accepted. Sent before its reply.
    #[non_exhaustive]
    Message {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The message's id.
        id: MessageId,
        /// The sender and the recipients; in LMTP the recipients for whom it was accepted.
        envelope: Arc<Envelope>,
        /// Its size in bytes.
        size: u64,
    },
    /// A hook, the store or the server itself refused something. Sent before the reply. In LMTP a message has
    /// one such event for each recipient that is refused.
    #[non_exhaustive]
    Refused {
        /// When.
        time: SystemTime,
        /// The session.
        session: Session,
        /// The stage of the session.
        stage: Stage,
        /// The hook, filter, authenticator or store that refused: its type, or for a closure the method of
        /// the builder. `None` if the server itself refused.
        hook: Option<&'static str>,
        /// The refusal, as the client gets it.
        reply: Reply,
        /// The cause with its sources, which the client does not see.
        cause: Option<String>,
        /// How long the hook took. `None` also if a filter or the store refused single recipients.
        took: Option<Duration>,
        /// The name and the size of the message, if its content has come.
        message: Option<(MessageId, u64)>,
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
    /// This subscriber was too slow, and events were dropped here.
    #[non_exhaustive]
    Missed {
        /// When the subscriber gets this event.
        time: SystemTime,
        /// How many events.
        count: u64,
        /// The sessions that have ended and whose `Disconnect` was dropped: at most 4,096.
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
            Self::Finding { .. } => Kind::Finding,
            Self::Message { .. } => Kind::Message,
            Self::Refused { .. } => Kind::Refused,
            Self::Reply { .. } => Kind::Reply,
            Self::Missed { .. } => Kind::Missed,
        }
    }

    /// Returns the time of the event.
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
            | Self::Finding { time, .. }
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
            | Self::Finding { session, .. }
            | Self::Message { session, .. }
            | Self::Refused { session, .. }
            | Self::Reply { session, .. } => Some(session),
            Self::TurnedAway { .. } | Self::Missed { .. } => None,
        }
    }

    /// Returns the bytes of memory that the event holds while it waits, with its own size. The memory of its
    /// session is not counted.
    pub(crate) fn weight(&self) -> usize {
        let held = match self {
            Self::DataChunk { chunk, .. } => read_buffer::kept(chunk),
            Self::Command { line, .. } => line.capacity(),
            Self::Reply { reply, .. } => reply.held_bytes(),
            Self::Refused { reply, cause, .. } => {
                reply.held_bytes() + cause.as_ref().map_or(0, String::capacity)
            }
            Self::Auth { identity, .. } => identity.as_ref().map_or(0, String::capacity),
            Self::HandshakeFailed { cause, .. } => cause.capacity(),
            Self::Ehlo { name, .. } => name.held_bytes(),
            Self::Mail { sender, .. } => sender.held_bytes(),
            Self::Rcpt { recipient, .. } => recipient.held_bytes(),
            Self::Finding { finding, .. } => finding.held_bytes(),
            Self::Message { envelope, .. } => size_of::<Envelope>() + envelope.held_bytes(),
            Self::Missed { ended, .. } => ended.capacity() * size_of::<SessionId>(),
            // The facts of TLS belong to the session.
            Self::Connect { .. }
            | Self::Disconnect { .. }
            | Self::Secure { .. }
            | Self::TurnedAway { .. } => 0,
        };
        size_of::<Self>() + held
    }
}
