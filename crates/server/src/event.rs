//! Events: what happens in sessions, for those who watch and never hold a session up.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use bytes::Bytes;
use mailchute_proto::question::Ehlo;
use mailchute_proto::{Credentials, Envelope, HeloName, Mechanism, Recipient, Sender};
use tokio::sync::mpsc;

use crate::disconnect::Disconnect;
use crate::message::MessageId;
use crate::session::Session;
use crate::tls::TlsFacts;

/// Something that happened in a session.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A client has connected; no hook was asked yet.
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
        /// The line, without credentials; octets that are not printable are escaped.
        line: String,
    },
    /// EHLO or HELO, or in LMTP LHLO.
    #[non_exhaustive]
    Ehlo {
        /// The session.
        session: Session,
        /// Whom the client says it is.
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
    /// MAIL has come; no hook was asked yet.
    #[non_exhaustive]
    Mail {
        /// The session.
        session: Session,
        /// Who sends.
        sender: Sender,
    },
    /// RCPT has come; no hook was asked yet.
    #[non_exhaustive]
    Rcpt {
        /// The session.
        session: Session,
        /// Who shall receive.
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
        /// Who sent it, and to whom.
        envelope: Arc<Envelope>,
        /// Its octets.
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

    /// Octets that the event keeps in memory while it waits, beyond its own size.
    fn weight(&self) -> usize {
        match self {
            Self::DataChunk { chunk, .. } => chunk.len(),
            _ => 0,
        }
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
            Self::Mail { sender, .. } => write!(f, "mail from <{sender}>"),
            Self::Rcpt { recipient, .. } => write!(f, "rcpt to <{recipient}>"),
            Self::DataChunk { chunk, .. } => write!(f, "data: {} octets", chunk.len()),
            Self::Message { id, size, .. } => write!(f, "message {id}: {size} octets"),
            Self::Reply { reply, .. } => write!(f, "reply: {}", reply.replace("\r\n", " / ")),
            Self::Missed(count) => write!(f, "missed {count} events"),
        }
    }
}

/// What a client sent, fit for a line of a log: control characters and broken UTF-8 are escaped.
pub(crate) fn escaped(octets: &[u8]) -> String {
    // As almost all are; a loop that the compiler turns into vector code.
    if octets.iter().all(|octet| matches!(octet, b' '..=b'~')) {
        return String::from_utf8_lossy(octets).into_owned();
    }
    let mut text = String::with_capacity(octets.len());
    for piece in octets.utf8_chunks() {
        for c in piece.valid().chars() {
            if c.is_control() { text.extend(c.escape_default()) } else { text.push(c) }
        }
        for octet in piece.invalid() {
            text.push_str(&format!("\\x{octet:02x}"));
        }
    }
    text
}

/// Events that one subscriber may be behind before it loses some.
const BACKLOG: usize = 1_024;

/// Octets of message data that one subscriber may be behind before it loses some.
const BACKLOG_OCTETS: usize = 4 * 1024 * 1024;

/// Everybody who watches.
#[derive(Debug, Default)]
pub(crate) struct Subscribers {
    /// So that without a subscriber an event costs one look at this number.
    count: AtomicUsize,
    list: RwLock<Vec<Subscriber>>,
}

#[derive(Debug)]
struct Subscriber {
    queue: mpsc::UnboundedSender<Event>,
    backlog: Arc<Backlog>,
}

/// What bounds a queue. A bounded channel's semaphore would take a lock for each event that is read.
#[derive(Debug, Default)]
struct Backlog {
    events: AtomicUsize,
    octets: AtomicUsize,
    missed: AtomicU64,
}

/// A subscription to the events of a server, made by [`Server::events`](crate::Server::events).
///
/// A subscriber that is more than 1,024 events or 4 MiB of message data behind loses events and is told how many by
/// [`Event::Missed`]; no session waits for it. Events of one session come in their order.
#[derive(Debug)]
pub struct Events {
    queue: mpsc::UnboundedReceiver<Event>,
    backlog: Arc<Backlog>,
    /// Weak, so that the end of the server ends the subscription.
    subscribers: Weak<Subscribers>,
}

impl Subscribers {
    pub(crate) fn subscribe(self: &Arc<Self>) -> Events {
        let (sender, queue) = mpsc::unbounded_channel();
        let backlog = Arc::new(Backlog::default());
        self.list
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Subscriber { queue: sender, backlog: Arc::clone(&backlog) });
        self.count.fetch_add(1, Ordering::Release);
        Events { queue, backlog, subscribers: Arc::downgrade(self) }
    }

    /// Whether anybody watches.
    pub(crate) fn any(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    /// Tells everybody who watches; the event is made only if there is somebody.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        if !self.any() {
            return;
        }
        let list = self.list.read().unwrap_or_else(PoisonError::into_inner);
        // Most have one, which gets the event itself.
        let Some((last, others)) = list.split_last() else { return };
        let event = event();
        others.iter().for_each(|subscriber| subscriber.tell(event.clone()));
        last.tell(event);
    }
}

impl Subscriber {
    fn tell(&self, event: Event) {
        let Backlog { events, octets, missed } = &*self.backlog;
        let weight = event.weight();
        let octets_waiting = octets.fetch_add(weight, Ordering::Relaxed);
        let events_waiting = events.fetch_add(1, Ordering::Relaxed);
        // A single chunk may be longer than the bound, so one always fits an empty backlog.
        let fits = weight == 0 || octets_waiting == 0 || octets_waiting + weight <= BACKLOG_OCTETS;
        if !fits || events_waiting >= BACKLOG {
            self.backlog.shrink(weight);
            missed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        // Where others are missing, the word of it stands before this one. Whoever has left is taken off the list.
        let gap = if missed.load(Ordering::Relaxed) > 0 { missed.swap(0, Ordering::Relaxed) } else { 0 };
        if gap > 0 {
            events.fetch_add(1, Ordering::Relaxed);
            let _ = self.queue.send(Event::Missed(gap));
        }
        let _ = self.queue.send(event);
    }
}

impl Backlog {
    fn shrink(&self, weight: usize) {
        self.events.fetch_sub(1, Ordering::Relaxed);
        self.octets.fetch_sub(weight, Ordering::Relaxed);
    }
}

impl Events {
    /// The next event; `None` when the server and all its sessions are gone and all events were read.
    ///
    /// # Cancel safety
    /// Safe: no event is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Event> {
        let event = match self.queue.try_recv() {
            Ok(event) => event,
            // Others were missed, and none has come since that could bring the word.
            Err(_) => match self.backlog.missed.swap(0, Ordering::Relaxed) {
                0 => self.queue.recv().await?,
                missed => return Some(Event::Missed(missed)),
            },
        };
        self.backlog.shrink(event.weight());
        Some(event)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let Some(subscribers) = self.subscribers.upgrade() else { return };
        subscribers.count.fetch_sub(1, Ordering::Release);
        let mut list = subscribers.list.write().unwrap_or_else(PoisonError::into_inner);
        list.retain(|subscriber| !Arc::ptr_eq(&subscriber.backlog, &self.backlog));
    }
}
