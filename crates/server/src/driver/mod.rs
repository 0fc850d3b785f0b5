//! The driver runs one session. Bytes come off the wire, the machine asks, the hooks answer, and replies go
//! out.

pub(crate) mod ask_hooks;
mod authentication;
mod begin;
pub(crate) mod decoys;
mod delivery;
mod each_answer;
mod edit_replies;
pub(crate) mod findings;
mod greeting_hooks;
pub(crate) mod handshake;
pub(crate) mod kinds;
mod pace;
mod readers;
mod report;
pub(crate) mod shared;
mod shown;
pub(crate) mod waiting;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::time::SystemTime;

use mailchute_proto::{Answer, Awaits, Closing, EhloEdits, Machine, Refusal, Step, Verdict};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::connection::read_outcome::ReadOutcome;
use crate::connection::shutdown_signal::Urgency;
use crate::connection::wire::Wire;
use crate::driver::ask_hooks::ask_hooks;
use crate::driver::shared::Shared;
use crate::events::event::Event;
use crate::events::kind::Kind;
use crate::hooks::RefusedBy;
use crate::hooks::decision::is_yes;
use crate::net::arrival::Opening;
use crate::runtime::counters::Count;
use crate::session::Session;
use crate::session::disconnect::Disconnect;
use delivery::Delivery;
use greeting_hooks::greeting_hooks;
use pace::Pace;
use report::Observed;

pub(crate) struct Driver {
    shared: Arc<Shared>,
    machine: Machine,
    wire: Wire,
    output: Vec<u8>,
    session: Session,
    /// Messages begun. The number is part of a message's id.
    messages: u32,
    /// The message that comes in.
    delivery: Option<Box<Delivery>>,
    /// The pace of that message, or of chunks after a refused one.
    pace: Option<Pace>,
    /// When the server began to wait for the client in the current transaction.
    in_transaction_since: Option<Instant>,
    /// When the server began to wait for the next command.
    waiting_since: Option<Instant>,
    opening: Opening,
    /// The cause of the disconnect, if the client was refused.
    refused: Option<Disconnect>,
    /// Whether the connect hooks were asked, so that the disconnect hooks must be told.
    is_announced: bool,
    /// Commands and messages refused so far.
    refusals: u32,
    /// The origin of the refusal that is reported next.
    refused_by: Option<Box<RefusedBy>>,
    /// In LMTP, the origins of the refusals in the replies to a message, if they differ.
    refused_by_each: Vec<Option<Box<RefusedBy>>>,
}

/// Bytes of replies that may wait for the end of a pipelined group. With the last reply they fit into 16 KiB,
/// since memory that grows doubles.
const PIPELINED: usize = 14 * 1024;

/// Commands that a session answers before others have their turn. One read can bring ten thousand. Real mail
/// seldom needs more than one turn.
const TURN: u32 = 32;

impl Driver {
    /// Runs the session to its end.
    pub(crate) fn run(mut self) -> impl Future<Output = ()> {
        let (id, client) = (self.session.id(), self.session.origin());
        // XCLIENT fills it in, if it comes.
        let speaks_for = tracing::field::Empty;
        // The highest level, so that every log line of the session has it.
        let span = tracing::error_span!("session", %id, %client, speaks_for);
        // The driver is borrowed: each async function that it is moved into would keep room for it.
        async move {
            let shared = Arc::clone(&self.shared);
            let mut session = pin!(self.session_to_end());
            poll_fn(|context| {
                let _turn = shared.subscribers.turn();
                session.as_mut().poll(context)
            })
            .await;
        }
        .instrument(span)
    }

    async fn session_to_end(&mut self) {
        let proxy = Some(self.session.peer_addr()).filter(|&peer| peer != self.session.client_addr());
        tracing::debug!(name: "connected", proxy = proxy.map(tracing::field::display), "connected");
        self.shared.subscribers.tell(Kind::Connect, || Event::connect(&self.session));
        let cause = match self.converse().await {
            _ if self.wire.stop().has_closed() => Disconnect::Closed,
            Ok(cause) | Err(cause) => self.refused.unwrap_or(cause),
        };
        let cut_off = self.session.envelope();
        self.session.end_transaction(self.machine.has_pending_xforward());
        self.wire.close(cause).await;
        if self.is_announced {
            self.shared.chain.disconnect(cause, &self.session, self.shared.timeouts.hook).await;
        }
        self.session.state().clear();
        self.session.ended();
        self.cut_off_message();
        self.shared.counters.add(cause.count(), 1);
        self.report_end(cause, cut_off.as_deref());
        self.shared.subscribers.tell(Kind::Disconnect, || Event::disconnect(&self.session, cause));
    }

    /// Runs the conversation from the greeting to the last reply.
    async fn converse(&mut self) -> Result<Disconnect, Disconnect> {
        if self.opening == Opening::Tls {
            Box::pin(self.begin_inside_tls()).await?;
        }
        self.hold_greeting().await?;
        loop {
            // Boxed, so that a session that waits for its client, as most do, holds only the memory for
            // waiting: a third. The allocation costs a hundredth of the system calls of a round.
            if let Some(end) = Box::pin(self.answer_commands()).await? {
                return Ok(end);
            }
            self.wait_for_command().await?;
        }
    }

    /// Answers all commands that have come. Returns the end of the session, or `None` if the client must send
    /// more.
    async fn answer_commands(&mut self) -> Result<Option<Disconnect>, Disconnect> {
        let mut answered = 0;
        let mut command = Observed::nothing();
        loop {
            if self.output.len() > PIPELINED {
                self.flush().await?;
            }
            if answered == TURN {
                answered = 0;
                self.wire.shrink();
                self.shared.yield_queue.pass().await;
            }
            answered += 1;
            if self.wire.stop().urgency() == Urgency::Closed && !self.machine.has_closed() {
                return Err(self.give_up(ReadOutcome::Closed).await);
            }
            if self.machine.awaits() != Awaits::Command {
                match self.delivery.take() {
                    Some(delivery) => {
                        let received = Box::pin(self.receive(delivery)).await;
                        received.inspect_err(|_| self.shared.count(Count::MessagesCutOff, &self.session))?;
                    }
                    None => Box::pin(self.discard_chunk()).await?,
                }
                self.after_reply().await?;
                continue;
            }
            self.observe_command(&mut command);
            let action = match self.step().await {
                Ok(action) => action,
                Err(outcome) => return Err(self.give_up(outcome).await),
            };
            if !matches!(action, NextAction::Read) {
                self.waiting_since = None;
            }
            match action {
                NextAction::Read => return Ok(None),
                NextAction::Report => {
                    self.report(&command);
                    self.after_reply().await?;
                }
                NextAction::Receive(delivery) => {
                    self.report(&command);
                    self.delivery = Some(delivery);
                }
                NextAction::Handshake => {
                    self.flush().await?;
                    Box::pin(self.handshake()).await?;
                    self.machine.secured();
                    self.ask_secure_hooks().await?;
                    apply_edits(&self.session, || self.machine.edits_mut());
                }
                NextAction::Close(closing) => {
                    self.flush().await?;
                    return Ok(Some(closing.into()));
                }
            }
        }
    }

    /// Takes one step: puts the machine's question to the hooks, and gives their answer back.
    async fn step(&mut self) -> Result<NextAction, ReadOutcome> {
        let Self { shared, machine, wire, output, session, refused_by, .. } = self;
        if shared.settings.demanding.future_release.is_some() {
            machine.tell_time(SystemTime::now().into());
        }
        match machine.step(&mut wire.input, output) {
            Step::NeedInput => return Ok(NextAction::Read),
            Step::Handshake => return Ok(NextAction::Handshake),
            Step::Close(closing) => return Ok(NextAction::Close(closing)),
            Step::Answered => {}
            Step::Connect(mut ask) => {
                self.is_announced = true;
                let hooks = greeting_hooks(shared, session, self.opening);
                let answer = ask_hooks(shared, wire, ask.unsent(), session, hooks, refused_by).await?;
                self.refused = (!is_yes(&answer)).then_some(Disconnect::Refused);
                apply_edits(session, || ask.edits_mut());
                if is_yes(&answer) && wire.has_input().await && ask.is_out_of_turn(&wire.input) {
                    ask.talked_ahead(&wire.input);
                } else {
                    ask.answer(answer);
                }
            }
            Step::Ehlo(mut ask) => {
                let (ehlo, unsent) = ask.parts();
                shared.subscribers.tell(Kind::Ehlo, || Event::ehlo(session, ehlo));
                let answer =
                    ask_hooks(shared, wire, unsent, session, shared.chain.ehlo(ehlo, session), refused_by)
                        .await?;
                if is_yes(&answer) {
                    session.set_helo(ehlo.clone());
                }
                apply_edits(session, || ask.edits_mut());
                ask.answer(answer);
            }
            Step::StartTls(mut ask) => {
                let (_, unsent) = ask.parts();
                let hooks = shared.chain.start_tls(session);
                let answer = ask_hooks(shared, wire, unsent, session, hooks, refused_by).await?;
                ask.answer(answer);
            }
            Step::Challenge(ask) => ask.answer(authentication::nonce(shared, session)),
            Step::Scram(mut ask) => {
                let (scram, unsent) = ask.parts();
                let answer = authentication::scram(shared, wire, unsent, scram, session, refused_by).await?;
                if wire.input.is_empty() { ask.answer(answer) } else { ask.talked_ahead() }
            }
            Step::AuthRefused(credentials) => {
                let (mechanism, identity) = (credentials.mechanism(), credentials.identity());
                authentication::refused(shared, session, mechanism, Some(identity));
            }
            Step::AuthUnprepared(mechanism) => authentication::refused(shared, session, mechanism, None),
            Step::Auth(mut ask) => {
                let (credentials, unsent) = ask.parts();
                let answer =
                    authentication::judge(shared, wire, unsent, credentials, session, refused_by).await?;
                if wire.stop().has_closed() {
                    ask.answer(answer);
                    return Ok(NextAction::Report);
                }
                let talked_ahead = !wire.input.is_empty();
                let succeeded = is_yes(&answer) && !talked_ahead;
                shared.subscribers.tell(Kind::Auth, || Event::auth(session, credentials, succeeded));
                shared.kinds.login(credentials.mechanism(), succeeded);
                if talked_ahead {
                    ask.talked_ahead();
                    return Ok(NextAction::Report);
                }
                let mechanism = Some(credentials.mechanism());
                session.authenticated(succeeded.then(|| credentials.identity()), mechanism);
                authentication::decide(ask, answer);
            }
            Step::Mail(mut ask) => {
                let (sender, unsent) = ask.parts();
                shared.subscribers.tell(Kind::Mail, || Event::mail(session, sender));
                session.forget_refused_mail();
                let hooks = shared.chain.mail_from(sender, session);
                let answer = ask_hooks(shared, wire, unsent, session, hooks, refused_by).await?;
                if is_yes(&answer) {
                    session.begin_transaction(sender.clone());
                } else {
                    session.forget_size_limit();
                }
                ask.answer(answer);
            }
            Step::Rcpt(mut ask) => {
                let (recipient, unsent) = ask.parts();
                shared.subscribers.tell(Kind::Rcpt, || Event::rcpt(session, recipient));
                let hooks = shared.chain.rcpt_to(recipient, session);
                let answer = ask_hooks(shared, wire, unsent, session, hooks, refused_by).await?;
                if is_yes(&answer) {
                    session.add_recipient(recipient.clone());
                }
                session.count_refused_recipient(&answer);
                shared.counters.decide(is_yes(&answer), Count::RecipientsAccepted, Count::RecipientsRefused);
                ask.answer(answer);
            }
            Step::Data(mut ask) => {
                // The machine asks for data only inside a transaction.
                let envelope = session.envelope().ok_or(ReadOutcome::Gone)?;
                let hooks = shared.chain.data(&envelope, session);
                let answer = ask_hooks(shared, wire, ask.unsent(), session, hooks, refused_by).await?;
                if !goes_on(&answer) {
                    shared.count(Count::MessagesRefused, session);
                    ask.answer(answer);
                    return Ok(NextAction::Report);
                }
                self.messages += 1;
                session.began_message();
                let mut delivery = Box::new(Delivery::new(shared, session, envelope, self.messages));
                let wanted = delivery.readers.until_wanted(wire, ask.unsent(), shared.timeouts.hook).await;
                wanted.inspect_err(|_| shared.count(Count::MessagesCutOff, session))?;
                let Some(refusal) = delivery.readers.take_refusal() else {
                    ask.answer(Ok(Verdict::Accept));
                    return Ok(NextAction::Receive(delivery));
                };
                shared.count(Count::MessagesRefused, session);
                delivery.refuse(refusal, ask, refused_by);
            }
            Step::Xclient(mut ask) => {
                let (told, unsent) = ask.parts();
                session.apply_xclient(told);
                let client = session.client_ip();
                tracing::Span::current().record("speaks_for", tracing::field::display(client));
                let (answer, refused) =
                    match wire.reassign(shared.proxies.countable_address(session.origin())) {
                        Ok(()) => {
                            let hooks = shared.chain.connect(session);
                            let answer = ask_hooks(shared, wire, unsent, session, hooks, refused_by).await?;
                            (answer, Disconnect::Refused)
                        }
                        Err(full) => (Err(Refusal::from_reply(full.reply()).hang_up()), Disconnect::Limit),
                    };
                self.refused = (!is_yes(&answer)).then_some(refused);
                apply_edits(session, || ask.edits_mut());
                ask.answer(answer);
            }
            Step::Xforward(ask) => {
                session.apply_xforward(ask.question());
                ask.answer(Ok(Verdict::Accept));
            }
            Step::Command(mut ask) => {
                let (command, unsent) = ask.parts();
                let hooks = shared.chain.command(command, session);
                let answer = ask_hooks(shared, wire, unsent, session, hooks, refused_by).await?;
                ask.answer(answer);
            }
            // The steps of a body come only while one is received.
            _ => return Err(ReadOutcome::Gone),
        }
        Ok(NextAction::Report)
    }
}

/// The driver's action after a step.
enum NextAction {
    /// Wait for more input.
    Read,
    /// Report the reply, and go on.
    Report,
    /// Receive a message.
    Receive(Box<Delivery>),
    /// Begin TLS.
    Handshake,
    /// Send the last reply, and end the session.
    Close(Closing),
}

/// Returns whether the message is to be received. A hook may accept it and hang up.
fn goes_on(answer: &Answer) -> bool {
    match answer {
        Ok(Verdict::AcceptWith(reply)) => reply.is_positive() && !reply.hangs_up(),
        answer => is_yes(answer),
    }
}

/// Passes what a hook has changed for the session to the machine.
fn apply_edits<'m>(session: &Session, machines: impl FnOnce() -> &'m mut EhloEdits) {
    if let Some(edits) = session.ehlo_edits() {
        *machines() = *edits;
    }
}
