//! What the driver tells the log and the subscribers. `docs/log.md` lists the events of the log.
//!
//! # Why
//!
//! The span of a session has the level error, so a failed hook has its client in the log at every level.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use mailchute_proto::{Envelope, HeloName, Protocol, escaped};
use tracing::level_filters::LevelFilter;

use super::Driver;
use crate::driver::shared::Shared;
use crate::events::event::Event;
use crate::hooks::RefusedBy;
use crate::message::id::MessageId;
use crate::runtime::counters::Count;
use crate::session::Session;
use crate::session::disconnect::Disconnect;
use crate::tls::{ClientCertificate, TlsFacts};

/// Octets of a text of the client's that the log shows at the default level.
const SHOWN: usize = 200;

/// Octets of a command or a reply that the log shows at the level of debug.
const SHOWN_IN_DETAIL: usize = 1000;

/// Recipients that a line of the log names.
const NAMED: usize = 10;

/// Refusals of a session with a line of their own at the default level.
const REFUSALS: u32 = 100;

/// The command that the next step reads, for the log.
pub(super) enum Observed {
    /// The octets to show as they came, and how many there were: at the default level few commands are shown.
    Raw(Octets, usize),
    /// Without control characters.
    Text(String),
}

impl Observed {
    fn raw(line: &[u8]) -> Self {
        Self::Raw(Octets::of(&line[..line.len().min(SHOWN)]), line.len())
    }

    fn text(self, most: usize) -> String {
        match self {
            Self::Raw(octets, length) => {
                let mut text = escaped(&octets.0);
                text.push_str(if length > SHOWN { "…" } else { "" });
                cut(text, most)
            }
            Self::Text(text) => cut(text, most),
        }
    }
}

/// A copy of octets in memory that goes to the next one of this thread: each command is copied, and few are shown.
pub(super) struct Octets(Vec<u8>);

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Octets {
    fn of(octets: &[u8]) -> Self {
        let mut memory = SPARE.take();
        memory.clear();
        memory.extend_from_slice(octets);
        Self(memory)
    }
}

impl Drop for Octets {
    fn drop(&mut self) {
        // A thread that ends has no place for it any more.
        let _ = SPARE.try_with(|spare| spare.set(std::mem::take(&mut self.0)));
    }
}

/// A message that the client was told is kept.
pub(super) struct Accepted<'a> {
    pub(super) id: MessageId,
    pub(super) envelope: &'a Arc<Envelope>,
    pub(super) size: u64,
    /// What the store or the last hook said.
    pub(super) store: &'a str,
    /// Since DATA or the first BDAT.
    pub(super) took: Duration,
}

/// Tells that a message is kept.
pub(super) fn accepted(shared: &Shared, session: &Session, accepted: &Accepted<'_>) {
    let Accepted { id, envelope, size, store, took } = accepted;
    session.accepted_message();
    shared.counters.add(Count::MessagesAccepted, 1);
    shared.counters.add(Count::MessageBytes, *size);
    // Texts are strings for `tracing`: so they are quoted where fields are, and odd characters in them are escaped.
    tracing::info!(
        name: "accepted",
        %id,
        helo = helo(session.helo_name().as_ref()).as_deref(),
        tls = version(session),
        user = session.identity().as_deref().map(shown).as_deref(),
        from = &*from(envelope),
        to = &*to(envelope),
        recipients = envelope.recipients.len(),
        size,
        store = &*shown(store),
        took = took.as_secs_f64(),
        "accepted"
    );
    shared.subscribers.tell(|| Event::message(session, *id, envelope, *size));
}

impl Driver {
    /// Tells of the command that the next step reads; the command, if the log may want it with the reply.
    pub(super) fn observe_command(&self) -> Option<Observed> {
        let has_subscribers = self.shared.subscribers.any();
        if !(has_subscribers || is_logged(LevelFilter::INFO)) {
            return None;
        }
        let line = self.machine.upcoming_command(&self.wire.input)?;
        if !(has_subscribers || is_logged(LevelFilter::DEBUG)) {
            return Some(Observed::raw(line));
        }
        let line = escaped(line);
        if !is_logged(LevelFilter::INFO) {
            self.shared.subscribers.tell(|| Event::command(&self.session, line));
            return None;
        }
        self.shared.subscribers.tell(|| Event::command(&self.session, line.clone()));
        Some(Observed::Text(line))
    }

    /// Tells what was answered to a command; the reply is what stands in the output from `mark` on.
    pub(super) fn report(&mut self, line: Option<Observed>, mark: usize) {
        self.report_reply(line, None, mark);
    }

    /// Tells what was answered to a message.
    pub(super) fn report_message(&mut self, id: MessageId, mark: usize) {
        self.report_reply(None, Some(id), mark);
    }

    fn report_reply(&mut self, line: Option<Observed>, id: Option<MessageId>, mark: usize) {
        let by = self.refused_by.take();
        let reply = self.output.get(mark..).unwrap_or_default();
        let is_refusal = is_refusal(reply, self.session.protocol());
        self.refusals += u32::from(is_refusal);
        let is_shown = is_refusal && self.refusals <= REFUSALS && is_logged(LevelFilter::INFO);
        if !(is_shown || self.shared.subscribers.any() || is_logged(LevelFilter::DEBUG)) {
            return;
        }
        // A reply is printable ASCII, whoever made it.
        let reply = str::from_utf8(reply).unwrap_or_default();
        // A challenge of SCRAM is all it takes to guess the password without asking us.
        let reply = if reply.starts_with("334 ") { "334" } else { reply.trim_ascii_end() };
        if reply.is_empty() {
            // BDAT is answered when its chunk has come.
            if let Some(command) = line.filter(|_| is_logged(LevelFilter::DEBUG)) {
                tracing::debug!(name: "command", command = command.text(SHOWN_IN_DETAIL), "command");
            }
            return;
        }
        if is_shown {
            refused(&self.session, line, id, reply, by.as_deref());
        } else if is_logged(LevelFilter::DEBUG) {
            let reply = on_one_line(reply, SHOWN_IN_DETAIL);
            match line {
                Some(command) => {
                    tracing::debug!(name: "command", command = command.text(SHOWN_IN_DETAIL), reply, "command");
                }
                None => tracing::debug!(name: "reply", reply, "reply"),
            }
        }
        self.shared.subscribers.tell(|| Event::reply(&self.session, reply));
    }

    /// Tells what the session ends with that is not the answer to anything.
    pub(super) fn report_farewell(&self, mark: usize) {
        let reply = str::from_utf8(self.output.get(mark..).unwrap_or_default()).unwrap_or_default();
        if reply.is_empty() {
            return;
        }
        tracing::debug!(name: "reply", reply = on_one_line(reply.trim_ascii_end(), SHOWN_IN_DETAIL), "reply");
        self.shared.subscribers.tell(|| Event::reply(&self.session, reply.trim_ascii_end()));
    }

    pub(super) fn report_tls(&self, facts: &TlsFacts) {
        let client = facts.client.as_deref();
        tracing::debug!(
            name: "secured",
            version = facts.version,
            cipher = facts.cipher,
            sni = facts.sni,
            resumed = facts.is_resumed,
            client_certificate = client.and_then(ClientCertificate::name).map(|name| escaped(name.as_bytes())),
            client_verified = client.map(ClientCertificate::is_verified),
            "secured"
        );
    }

    /// Tells that the session is over: at the default level only if it ended badly, and nothing else says so.
    pub(super) fn report_end(&self, cause: Disconnect, cut_off: Option<&Envelope>) {
        let is_bad = match cause {
            Disconnect::Timeout | Disconnect::Hook | Disconnect::Limit | Disconnect::Violation => true,
            Disconnect::ClientGone | Disconnect::Shutdown | Disconnect::Closed => cut_off.is_some(),
            Disconnect::Quit | Disconnect::Refused | Disconnect::TlsFailure => false,
        };
        let (session, messages) = (&self.session, self.session.messages());
        if is_bad || self.refusals > REFUSALS {
            tracing::info!(
                name: "disconnected",
                %cause,
                helo = helo(session.helo_name().as_ref()).as_deref(),
                tls = version(session),
                user = session.identity().as_deref().map(shown).as_deref(),
                from = cut_off.map(from).as_deref(),
                messages,
                refusals = self.refusals,
                took = self.began.elapsed().as_secs_f64(),
                "disconnected"
            );
        } else {
            tracing::debug!(name: "disconnected", %cause, messages, "disconnected");
        }
    }
}

fn refused(
    session: &Session,
    line: Option<Observed>,
    id: Option<MessageId>,
    reply: &str,
    by: Option<&RefusedBy>,
) {
    let envelope = session.envelope();
    tracing::info!(
        name: "refused",
        id = id.map(tracing::field::display),
        helo = helo(session.helo_name().as_ref()).as_deref(),
        tls = version(session),
        user = session.identity().as_deref().map(shown).as_deref(),
        from = envelope.as_deref().map(from).as_deref(),
        to = envelope.as_deref().filter(|_| id.is_some()).map(to).as_deref(),
        command = line.map(|line| line.text(SHOWN)),
        reply = on_one_line(reply, SHOWN),
        stage = by.map(|by| by.stage.name()),
        hook = by.map(|by| by.hook),
        took = by.map(|by| by.took.as_secs_f64()),
        "refused"
    );
}

/// Whether anything of this level may be logged. It is one look at a number, where `tracing::enabled!` asks the subscriber.
fn is_logged(level: LevelFilter) -> bool {
    level <= LevelFilter::current()
}

/// Whether a reply, or in LMTP one of those to a message, says no.
fn is_refusal(reply: &[u8], protocol: Protocol) -> bool {
    let says_no = |line: &[u8]| matches!(line, [b'4' | b'5', ..]);
    says_no(reply) || protocol == Protocol::Lmtp && reply.split(|&octet| octet == b'\n').any(says_no)
}

fn helo(name: Option<&HeloName>) -> Option<Cow<'_, str>> {
    name.map(|name| shown(name.as_str()))
}

fn version(session: &Session) -> Option<&'static str> {
    session.tls().map(|facts| facts.version)
}

fn from(envelope: &Envelope) -> Cow<'_, str> {
    shown(envelope.sender.as_str())
}

fn to(envelope: &Envelope) -> Cow<'_, str> {
    if let [recipient] = &*envelope.recipients {
        return shown(recipient.as_str());
    }
    let mut text = String::new();
    for (index, recipient) in envelope.recipients.iter().enumerate() {
        if index == NAMED || text.len() > 4 * SHOWN {
            text.push_str(",…");
            break;
        }
        text.push_str(if index == 0 { "" } else { "," });
        text.push_str(&shown(recipient.as_str()));
    }
    text.into()
}

fn on_one_line(reply: &str, most: usize) -> String {
    cut(reply.replace("\r\n", " / "), most)
}

/// A text of the client's as the default level shows it. Almost all are shown as they are.
fn shown(text: &str) -> Cow<'_, str> {
    if text.len() <= SHOWN && text.bytes().fold(true, |so_far, octet| so_far & matches!(octet, b' '..=b'~')) {
        return text.into();
    }
    cut(escaped(text.as_bytes()), SHOWN).into()
}

/// The text, or its first `most` octets with a sign that there is more.
fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    text
}
