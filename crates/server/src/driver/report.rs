//! Reports of the driver to the log and the subscribers. `docs/log.md` lists the events of the log.
//!
//! # Why
//!
//! The span of a session has the level error, so a failed hook has its client in the log at every level.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use mailchute_proto::{Answered, Envelope, HeloName, escaped};
use tracing::level_filters::LevelFilter;

use super::Driver;
use crate::driver::ask_hooks::chain_of;
use crate::driver::shared::Shared;
use crate::events::event::Event;
use crate::events::kind::Kind;
use crate::events::make::Refuser;
use crate::events::stage::Stage;
use crate::hooks::RefusedBy;
use crate::message::MessageId;
use crate::runtime::counters::Count;
use crate::session::Session;
use crate::session::disconnect::Disconnect;
use crate::tls::{ClientCertificate, TlsFacts};

/// Bytes of a client's text that the log shows at the default level.
const SHOWN: usize = 200;

/// Bytes of a command or a reply that the log shows at debug.
const SHOWN_IN_DETAIL: usize = 1000;

/// Recipients that a log line names.
const NAMED: usize = 10;

/// Refusals of a session that get a line of their own at the default level.
const REFUSALS: u32 = 100;

/// The command that the next step reads, for the log.
pub(super) enum Observed {
    /// The bytes to show as they came, and the length of the command. They are escaped later, since few
    /// commands are shown.
    Raw(Octets, usize),
    /// Text without control characters.
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

/// A copy of bytes in memory that the thread uses again. Each command is copied, and few are shown.
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
        // A thread that ends has no place for it.
        let _ = SPARE.try_with(|spare| spare.set(std::mem::take(&mut self.0)));
    }
}

/// An accepted message.
pub(super) struct Accepted<'a> {
    pub(super) id: MessageId,
    pub(super) envelope: &'a Arc<Envelope>,
    pub(super) size: u64,
    /// The text of the store, or of the filter that discarded the message.
    pub(super) store: &'a str,
    /// The time since DATA or the first BDAT.
    pub(super) took: Duration,
}

/// Reports an accepted message.
pub(super) fn accepted(shared: &Shared, session: &Session, accepted: &Accepted<'_>) {
    let Accepted { id, envelope, size, store, took } = accepted;
    session.accepted_message();
    shared.counters.add(Count::MessagesAccepted, 1);
    shared.counters.add(Count::MessageBytes, *size);
    // `tracing` gets texts as strings, so that they are quoted where fields are, and odd characters are
    // escaped.
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
    shared.subscribers.tell(Kind::Message, || Event::message(session, *id, envelope, *size));
}

impl Driver {
    /// Reports the command that the next step reads. Returns the command if the log may want it with the
    /// reply.
    pub(super) fn observe_command(&mut self) -> Option<Observed> {
        let is_wanted = self.shared.subscribers.want(Kind::Command);
        if !(is_wanted || is_logged(LevelFilter::INFO)) {
            return None;
        }
        let line = self.machine.upcoming_command(&self.wire.input)?;
        if !(is_wanted || is_logged(LevelFilter::DEBUG)) {
            return Some(Observed::raw(line));
        }
        let line = escaped(line);
        if !is_logged(LevelFilter::INFO) {
            self.shared.subscribers.tell(Kind::Command, || Event::command(&self.session, line));
            return None;
        }
        self.shared.subscribers.tell(Kind::Command, || Event::command(&self.session, line.clone()));
        Some(Observed::Text(line))
    }

    /// Reports the answer to a command.
    pub(super) fn report(&mut self, line: Option<Observed>) {
        let answered = self.machine.take_answered();
        let stage = Stage::of(answered.verb());
        self.report_answered(line, None, stage, answered);
    }

    /// Reports the answer to a message.
    pub(super) fn report_message(&mut self, id: MessageId) {
        let answered = self.machine.take_answered();
        self.report_answered(None, Some(id), Stage::Message, answered);
    }

    /// Reports an answer at another stage, without a command.
    pub(super) fn report_at(&mut self, stage: Stage) {
        let answered = self.machine.take_answered();
        self.report_answered(None, None, stage, answered);
    }

    fn report_answered(
        &mut self,
        line: Option<Observed>,
        id: Option<MessageId>,
        stage: Stage,
        answered: Answered,
    ) {
        let by = self.refused_by.take();
        let is_refusal = answered.is_refusal();
        self.refusals += u32::from(is_refusal);
        if is_refusal && self.refusals <= REFUSALS && is_logged(LevelFilter::INFO) {
            refused(&self.session, stage, line, id, &answered, by.as_deref());
        } else if is_logged(LevelFilter::DEBUG) {
            in_detail(line, &answered);
        }
        let Self { shared, session, .. } = self;
        if is_refusal && shared.subscribers.want(Kind::Refused) {
            for reply in answered.replies().iter().filter(|reply| reply.is_refusal()) {
                let event = || Event::refused(session, stage, reply.clone(), refuser(by.as_deref()));
                shared.subscribers.tell(Kind::Refused, event);
            }
        }
        self.tell_replies(answered);
    }

    /// Reports a farewell, which does not answer anything.
    pub(super) fn report_farewell(&mut self) {
        let answered = self.machine.take_answered();
        if is_logged(LevelFilter::DEBUG) {
            in_detail(None, &answered);
        }
        self.tell_replies(answered);
    }

    fn tell_replies(&self, answered: Answered) {
        if self.shared.subscribers.want(Kind::Reply) {
            for reply in answered {
                self.shared.subscribers.tell(Kind::Reply, || Event::reply(&self.session, reply));
            }
        }
    }

    pub(super) fn report_tls(&self, facts: &TlsFacts) {
        let client = facts.client.as_deref();
        tracing::debug!(
            name: "secured",
            version = facts.version.name(),
            cipher = facts.cipher,
            sni = facts.sni,
            resumed = facts.is_resumed,
            client_certificate = client.and_then(ClientCertificate::name).map(|name| escaped(name.as_bytes())),
            client_verified = client.map(ClientCertificate::is_verified),
            "secured"
        );
    }

    /// Reports the end of the session. At the default level it is only logged if it is a bad end that nothing
    /// else reports.
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
                took = self.session.began().elapsed().as_secs_f64(),
                "disconnected"
            );
        } else {
            tracing::debug!(name: "disconnected", %cause, messages, "disconnected");
        }
    }
}

fn refused(
    session: &Session,
    stage: Stage,
    line: Option<Observed>,
    id: Option<MessageId>,
    answered: &Answered,
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
        reply = on_one_line(answered, SHOWN),
        stage = by.map(|_| stage.name()),
        hook = by.map(|by| by.hook),
        took = by.map(|by| by.took.as_secs_f64()),
        "refused"
    );
}

/// Returns the origin of a refusal, for its event.
fn refuser(by: Option<&RefusedBy>) -> Refuser {
    let cause = by.and_then(|by| by.cause.as_ref()).map(|cause| chain_of(&**cause));
    Refuser { hook: by.map(|by| by.hook), cause, took: by.map(|by| by.took) }
}

fn in_detail(line: Option<Observed>, answered: &Answered) {
    // BDAT is answered when its chunk has come.
    let reply = (!answered.replies().is_empty()).then(|| on_one_line(answered, SHOWN_IN_DETAIL));
    match (line, reply) {
        (Some(command), reply) => {
            tracing::debug!(name: "command", command = command.text(SHOWN_IN_DETAIL), reply, "command");
        }
        (None, Some(reply)) => tracing::debug!(name: "reply", reply, "reply"),
        (None, None) => {}
    }
}

/// Returns whether anything of this level may be logged. This reads one number, while `tracing::enabled!`
/// asks the subscriber.
fn is_logged(level: LevelFilter) -> bool {
    level <= LevelFilter::current()
}

fn helo(name: Option<&HeloName>) -> Option<Cow<'_, str>> {
    name.map(|name| shown(name.as_str()))
}

fn version(session: &Session) -> Option<&'static str> {
    session.tls().map(|facts| facts.version.name())
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

fn on_one_line(answered: &Answered, most: usize) -> String {
    let mut text = String::new();
    for reply in answered.replies() {
        if text.len() > most {
            break;
        }
        text.push_str(if text.is_empty() { "" } else { " / " });
        text.push_str(reply.to_string().trim_end());
    }
    cut(text, most)
}

/// Returns a client's text as the default level shows it. Almost all texts are shown as they are.
fn shown(text: &str) -> Cow<'_, str> {
    if text.len() <= SHOWN && text.bytes().fold(true, |so_far, octet| so_far & matches!(octet, b' '..=b'~')) {
        return text.into();
    }
    cut(escaped(text.as_bytes()), SHOWN).into()
}

/// Returns the text, or its first `most` bytes with a sign that there is more.
fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push('…');
    }
    text
}
