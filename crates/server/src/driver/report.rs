//! Reports of the driver to the log and the subscribers. `docs/log.md` lists the events of the log.
//!
//! # Why
//!
//! The span of a session has the level error, so a failed hook has its client in the log at every level.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use mailchute_proto::{Answered, Envelope, Reply, escaped};
use tracing::level_filters::LevelFilter;

use super::Driver;
use crate::driver::ask_hooks::chain_of;
use crate::driver::kinds::Answers;
use crate::driver::shared::Shared;
use crate::driver::shown::{SHOWN, cut, from, on_one_line, shown, to};
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

/// Bytes of a command or a reply that the log shows at debug.
const SHOWN_IN_DETAIL: usize = 1000;

/// Refusals of a session that get a line of their own at the default level.
const REFUSALS: u32 = 100;

/// The command that the next step reads, for the log. The next command reuses the memory.
pub(super) struct Observed {
    /// The first bytes as they came. They are escaped later, since few commands are shown.
    bytes: [u8; SHOWN],
    /// The length of the command, if the log may want it.
    length: Option<usize>,
    /// The whole command without control characters, if the log wants every command.
    text: Option<String>,
}

impl Observed {
    pub(super) const fn nothing() -> Self {
        Self { bytes: [0; SHOWN], length: None, text: None }
    }

    fn copy(&mut self, line: &[u8]) {
        let shown = line.len().min(SHOWN);
        self.bytes[..shown].copy_from_slice(&line[..shown]);
        self.length = Some(line.len());
    }

    fn text(&self, most: usize) -> Option<String> {
        if let Some(text) = &self.text {
            return Some(cut(text.clone(), most));
        }
        let length = self.length?;
        let mut text = escaped(&self.bytes[..SHOWN.min(length)]);
        text.push_str(if length > SHOWN { "…" } else { "" });
        Some(cut(text, most))
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
    shared.count(Count::MessagesAccepted, session);
    shared.counters.add(Count::MessageBytes, *size);
    shared.subscribers.tell(Kind::Message, || Event::message(session, *id, envelope, *size));
    if session.queued().is_some() || !is_logged(LevelFilter::INFO) {
        return;
    }
    let logged = session.logged();
    // `tracing` gets texts as strings, so that they are quoted where fields are, and odd characters are
    // escaped.
    // The text is a value like the others, as a formatted one costs as much as three of them.
    tracing::info!(
        name: "accepted",
        message = "accepted",
        %id,
        helo = logged.helo.as_ref().map(|name| shown(name.as_str())).as_deref(),
        tls = logged.tls,
        user = logged.user.as_deref().map(shown).as_deref(),
        from = &*from(envelope),
        to = &*to(envelope),
        recipients = envelope.recipients.len(),
        size,
        checks = logged.checks.as_deref(),
        store = &*shown(store),
        took = took.as_secs_f64(),
    );
}

impl Driver {
    /// Reports the command that the next step reads. Copies it to `command` if the log may want it with the reply.
    pub(super) fn observe_command(&mut self, command: &mut Observed) {
        (command.length, command.text) = (None, None);
        let is_wanted = self.shared.subscribers.want(Kind::Command);
        if !(is_wanted || is_logged(LevelFilter::INFO)) {
            return;
        }
        let Some(line) = self.machine.upcoming_command(&self.wire.input) else { return };
        let is_detailed = is_logged(LevelFilter::DEBUG);
        if !is_detailed {
            command.copy(line);
        }
        if !(is_wanted || is_detailed) {
            return;
        }
        let line = escaped(line);
        command.text = is_detailed.then(|| line.clone());
        self.shared.subscribers.tell(Kind::Command, || Event::command(&self.session, line));
    }

    /// Reports the answer to a command.
    pub(super) fn report(&mut self, command: &Observed) {
        let answered = self.machine.take_answered();
        let stage = Stage::of(answered.verb());
        self.report_answered(Some(command), None, stage, answered);
    }

    /// Reports the answer to a message of this size.
    pub(super) fn report_message(&mut self, id: MessageId, size: u64) {
        let answered = self.machine.take_answered();
        self.report_answered(None, Some((id, size)), Stage::Message, answered);
    }

    /// Reports an answer at another stage, without a command.
    pub(super) fn report_at(&mut self, stage: Stage) {
        let answered = self.machine.take_answered();
        self.report_answered(None, None, stage, answered);
    }

    fn report_answered(
        &mut self,
        command: Option<&Observed>,
        message: Option<(MessageId, u64)>,
        stage: Stage,
        answered: Answered,
    ) {
        let (by, by_each) = (self.refused_by.take(), mem::take(&mut self.refused_by_each));
        let origin = |index: usize| by.as_deref().or_else(|| by_each.get(index)?.as_deref());
        let is_refusal = answered.is_refusal();
        if is_refusal {
            self.refusals += 1;
            self.shared.counters.add(Count::Refusals, 1);
        }
        self.count_replies(stage, &answered);
        let is_shown = self.refusals <= REFUSALS && self.session.queued().is_none();
        if is_refusal && is_shown && is_logged(LevelFilter::INFO) {
            let first = answered.replies().iter().position(Reply::is_refusal);
            let id = message.map(|(id, _)| id);
            refused(&self.session, stage, command, id, &answered, first.and_then(origin));
        } else if is_logged(LevelFilter::DEBUG) {
            in_detail(command, &answered);
        }
        let Self { shared, session, .. } = self;
        if is_refusal && shared.subscribers.want(Kind::Refused) {
            let replies = answered.replies().iter().enumerate();
            for (index, reply) in replies.filter(|(_, reply)| reply.is_refusal()) {
                let by = || refuser(origin(index), message);
                let event = || Event::refused(session, stage, reply.clone(), by());
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
        self.count_replies(Stage::Disconnect, &answered);
        self.tell_replies(answered);
    }

    fn count_replies(&self, stage: Stage, answered: &Answered) {
        let answers = match answered.verb() {
            Some(verb) => Answers::Command(verb),
            None if stage == Stage::Message => Answers::Message,
            None => Answers::Nothing,
        };
        for reply in answered.replies() {
            self.shared.kinds.reply(answers, reply.code());
        }
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
            let logged = session.logged();
            tracing::info!(
                name: "disconnected",
                %cause,
                helo = logged.helo.as_ref().map(|name| shown(name.as_str())).as_deref(),
                tls = logged.tls,
                user = logged.user.as_deref().map(shown).as_deref(),
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
    command: Option<&Observed>,
    id: Option<MessageId>,
    answered: &Answered,
    by: Option<&RefusedBy>,
) {
    let (envelope, logged) = (session.envelope(), session.logged());
    tracing::info!(
        name: "refused",
        id = id.map(tracing::field::display),
        helo = logged.helo.as_ref().map(|name| shown(name.as_str())).as_deref(),
        tls = logged.tls,
        user = logged.user.as_deref().map(shown).as_deref(),
        from = envelope.as_deref().map(from).as_deref(),
        to = envelope.as_deref().filter(|_| id.is_some()).map(to).as_deref(),
        command = command.and_then(|command| command.text(SHOWN)),
        reply = on_one_line(answered, SHOWN),
        checks = logged.checks.as_deref(),
        stage = by.map(|_| stage.name()),
        hook = by.map(|by| by.hook),
        took = by.and_then(|by| by.took).map(|took| took.as_secs_f64()),
        "refused"
    );
}

/// Returns the origin of a refusal, for its event.
fn refuser(by: Option<&RefusedBy>, message: Option<(MessageId, u64)>) -> Refuser {
    let cause = by.and_then(|by| by.cause.as_ref()).map(|cause| chain_of(&**cause));
    Refuser { hook: by.map(|by| by.hook), cause, took: by.and_then(|by| by.took), message }
}

fn in_detail(command: Option<&Observed>, answered: &Answered) {
    // BDAT is answered when its chunk has come.
    let reply = (!answered.replies().is_empty()).then(|| on_one_line(answered, SHOWN_IN_DETAIL));
    match (command.and_then(|command| command.text(SHOWN_IN_DETAIL)), reply) {
        (Some(command), reply) => {
            tracing::debug!(name: "command", command, reply, "command");
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
