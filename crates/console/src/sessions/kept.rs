//! One session as the ring keeps it.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mailchute::events::Event;
use mailchute::session::{Protocol, SessionId};
use mailchute::tls::TlsFacts;
use mailchute::{Disconnect, Reply, Session};

use super::record::{Record, Records, Refused};

/// Bytes that the records of one session take at most.
const MOST: usize = 64 * 1024;

/// Bytes that are left when a session has more than [`MOST`]. Space is made for many records at once.
const LEFT: usize = 56 * 1024;

/// A session: its facts, and the records of what happened.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) id: SessionId,
    pub(super) began: SystemTime,
    /// Whether the session has been watched from its begin.
    pub(super) is_whole: bool,
    pub(super) protocol: Protocol,
    /// The address of the client. `None` for a local socket.
    client: Option<IpAddr>,
    /// The proxy that named the client.
    pub(super) proxy: Option<IpAddr>,
    pub(super) listener: Option<String>,
    /// The server's end of the connection.
    pub(super) local: Option<std::net::SocketAddr>,
    pub(super) tls: Option<Arc<TlsFacts>>,
    pub(super) user: Option<Arc<str>>,
    pub(super) messages: u32,
    pub(super) refusals: u32,
    pub(super) has_failed_handshake: bool,
    pub(super) is_over: bool,
    /// `None` if it is open, or if its end was missed.
    pub(super) end: Option<Disconnect>,
    pub(super) records: Records,
    /// The count of missed events when the last event came.
    seen_missed: u64,
    /// XCLIENT may have named another client.
    is_client_new: bool,
    /// The bytes of memory without those of the records.
    facts_bytes: usize,
}

impl Kept {
    /// Returns a session without records, which go into the buffer. `missed` is the number of events that were missed before.
    pub(super) fn new(session: &Session, first: &Event, missed: u64, buffer: Vec<u8>) -> Self {
        let mut kept = Self {
            id: session.id(),
            began: first.time(),
            is_whole: matches!(first, Event::Connect { .. }),
            protocol: session.protocol(),
            client: None,
            proxy: None,
            listener: session.listener().map(str::to_owned),
            local: session.local_addr(),
            tls: None,
            user: session.identity(),
            messages: 0,
            refusals: 0,
            has_failed_handshake: false,
            is_over: false,
            end: None,
            records: Records::within(buffer),
            seen_missed: missed,
            is_client_new: false,
            facts_bytes: 0,
        };
        kept.take_client(session);
        kept.facts_bytes = kept.count_facts();
        kept
    }

    fn take_client(&mut self, session: &Session) {
        let (client, peer) = (session.client_addr(), session.peer_addr());
        let is_local = session.is_over_unix_socket() && client == peer;
        self.client = (!is_local).then(|| client.ip().to_canonical());
        self.proxy = (client != peer).then(|| peer.ip().to_canonical());
        self.is_client_new = false;
    }

    /// Returns the address of the client, or `a local socket`.
    pub(super) fn client(&self) -> String {
        self.client.map_or_else(|| "a local socket".to_owned(), |address| address.to_string())
    }

    /// Returns the bytes of memory that it holds.
    pub(super) fn counted_bytes(&self) -> usize {
        self.facts_bytes + self.records.held_bytes()
    }

    /// Returns the bytes without those of the records. They change with few events.
    fn count_facts(&self) -> usize {
        let listener = self.listener.as_ref().map_or(0, String::capacity);
        let certificate = self.tls.as_ref().and_then(|tls| tls.client.as_ref());
        // The names of a certificate are also in its DER.
        let tls = self.tls.as_ref().map_or(0, |_| size_of::<TlsFacts>())
            + certificate.map_or(0, |certificate| 2 * certificate.der.len());
        let user = self.user.as_ref().map_or(0, |user| user.len());
        size_of::<Self>() + listener + tls + user
    }

    /// Adds an event of this session. `missed` is the number of all events that were missed so far. `scratch` is memory that is
    /// used again.
    pub(super) fn add(&mut self, event: &Event, session: &Session, missed: u64, scratch: &mut Vec<u8>) {
        let at = event.time().duration_since(self.began).unwrap_or_default();
        if missed > self.seen_missed {
            self.push(at, &Record::Missed(missed - self.seen_missed));
            self.seen_missed = missed;
        }
        match event {
            Event::Command { line, .. } => {
                // Only a proxy that may, names another client.
                self.is_client_new |= line.get(..7).is_some_and(|verb| verb.eq_ignore_ascii_case("XCLIENT"));
                self.push(at, &Record::Command(line));
            }
            Event::Reply { reply, .. } => {
                if self.is_client_new {
                    self.take_client(session);
                    self.user = session.identity();
                    self.facts_bytes = self.count_facts();
                }
                self.push(at, &Record::Reply(&wire(reply, scratch)));
            }
            Event::Secure { tls, .. } => {
                self.tls = Some(Arc::clone(tls));
                self.user = None;
                self.facts_bytes = self.count_facts();
                self.push(at, &Record::Secure(&format!("{} {}", tls.version, tls.cipher)));
            }
            Event::HandshakeFailed { cause, .. } => {
                self.has_failed_handshake = true;
                self.push(at, &Record::HandshakeFailed(cause));
            }
            Event::Auth { mechanism, identity, succeeded, .. } => {
                let identity = identity.as_deref();
                if *succeeded {
                    self.user = session.identity().or_else(|| identity.map(Arc::from));
                    self.facts_bytes = self.count_facts();
                }
                let (mechanism, identity) = (mechanism.name(), identity.unwrap_or_default());
                self.push(at, &Record::Auth { mechanism, identity, succeeded: *succeeded });
            }
            Event::Finding { finding, .. } => self.push(at, &Record::Finding(&finding.to_string())),
            Event::Message { id, size, .. } => {
                self.messages += 1;
                self.push(at, &Record::Message { id: &id.to_string(), size: *size });
            }
            Event::Refused { stage, hook, reply, cause, took, message, .. } => {
                self.refusals += 1;
                let id = message.map(|(id, size)| (id.to_string(), size));
                self.push(
                    at,
                    &Record::Refused(Refused {
                        stage: stage.name(),
                        hook: hook.unwrap_or_default(),
                        cause: cause.as_deref().unwrap_or_default(),
                        took: took.map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX)),
                        message: id.as_ref().map(|(id, size)| (&**id, *size)),
                        reply: &wire(reply, scratch),
                    }),
                );
            }
            Event::Disconnect { cause, .. } => {
                self.end = Some(*cause);
                self.end(at, &cause.to_string());
            }
            // The others say nothing that a command does not say.
            _ => {}
        }
    }

    /// Ends the session, whose last event was missed.
    pub(super) fn end_unseen(&mut self, now: SystemTime, missed: u64) {
        if !self.is_over {
            let at = now.duration_since(self.began).unwrap_or_default();
            self.push(at, &Record::Missed(missed - self.seen_missed));
            self.end(at, "");
        }
    }

    fn end(&mut self, at: Duration, cause: &str) {
        self.push(at, &Record::End(cause));
        self.is_over = true;
    }

    /// Moves the records to memory of their size, and returns the buffer that they were in.
    pub(super) fn compact(&mut self) -> Vec<u8> {
        self.records.compact()
    }

    fn push(&mut self, at: Duration, record: &Record<'_>) {
        self.records.push(at, record);
        if self.records.bytes().len() > MOST {
            self.records.keep_last(LEFT);
        }
    }
}

/// Returns a reply as the client gets it, with CRLF between its lines and not after the last.
fn wire<'s>(reply: &Reply, scratch: &'s mut Vec<u8>) -> Cow<'s, str> {
    scratch.clear();
    reply.encode(scratch);
    String::from_utf8_lossy(scratch.strip_suffix(b"\r\n").unwrap_or_default())
}
