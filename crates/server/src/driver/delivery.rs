//! A message on its way from the client to the filters and the store.

use std::sync::Arc;

use bytes::Bytes;
use mailchute_proto::question::{Data, EndOfData};
use mailchute_proto::{Answer, Ask, Envelope, Protocol, Refusal, Step, Verdict};
use tokio::time::Instant;

use super::Driver;
use super::report::{Accepted, accepted};
use crate::connection::read_outcome::ReadOutcome;
use crate::driver::each_answer::EachAnswer;
use crate::driver::readers::Readers;
use crate::driver::shared::Shared;
use crate::events::event::Event;
use crate::events::kind::Kind;
use crate::events::stage::Stage;
use crate::hooks::decision::is_yes;
use crate::hooks::{Decision, RefusedBy};
use crate::message::MessageId;
use crate::message::body;
use crate::message::{ContentLimits, Message};
use crate::runtime::counters::Count;
use crate::runtime::read_buffer::{self, READ};
use crate::session::Session;
use crate::session::disconnect::Disconnect;

/// Bytes up to which a message is read as a whole if messages have no limit.
const WHOLE_WITHOUT_LIMIT: u64 = 64 * 1024 * 1024;

/// Bytes of a message that a session receives before others have their turn. The fastest client sends that
/// many in a tenth of a millisecond.
const TURN_OF_DATA: usize = 256 * 1024;

/// A message that comes in, and its readers.
pub(super) struct Delivery {
    id: MessageId,
    began: Instant,
    envelope: Arc<Envelope>,
    /// The limit that hooks have set in bytes, and the refusal of a longer message.
    size_limit: Option<(u64, Refusal)>,
    size: u64,
    pub(super) readers: Readers,
}

impl Delivery {
    pub(super) fn new(shared: &Arc<Shared>, session: &Session, envelope: Arc<Envelope>, number: u32) -> Self {
        let (pump, body) = body::channel();
        let settings = shared.settings_of(session);
        let limit = match session.max_message_size().unwrap_or(settings.limits.message_size) {
            0 => WHOLE_WITHOUT_LIMIT,
            limit => limit,
        };
        let limits = ContentLimits { message: limit, header: settings.limits.header_size };
        let message = Message::new(number, Arc::clone(&envelope), body, session.clone(), limits);
        let id = message.id();
        let readers = Readers::new(Arc::clone(shared), pump, message, session.clone());
        let size_limit = session.size_limit();
        let declared = envelope.sender.parameters().size.unwrap_or_default();
        let mut delivery = Self { id, began: Instant::now(), envelope, size_limit, size: 0, readers };
        delivery.refuse_longer_than_limit(declared);
        delivery
    }

    /// Counts bytes of the content. The readers get no more of a message that is too long.
    fn count(&mut self, octets: usize) {
        self.size += octets as u64;
        self.refuse_longer_than_limit(self.size);
    }

    fn refuse_longer_than_limit(&mut self, octets: u64) {
        if let Some((_, refusal)) = self.size_limit.take_if(|(most, _)| octets > *most) {
            self.readers.refuse(refusal);
        }
    }

    /// Refuses the message before its content comes. Recipients that hooks have refused by name get their own
    /// refusals.
    pub(super) fn refuse(
        &self,
        refusal: Decision,
        ask: Ask<'_, Data>,
        refused_by: &mut Option<Box<RefusedBy>>,
    ) {
        let refusals = self.readers.refusals();
        if refusals.are_none() {
            *refused_by = refusal.refused_by;
            return ask.answer(refusal.answer);
        }
        let mut each = EachAnswer::new(&refusal, refusals, self.envelope.recipients.len());
        *refused_by = each.refused_by_one();
        ask.refuse_each(each.answers);
    }
}

/// A step of the message that comes in.
enum DataStep {
    /// There is a chunk for the readers.
    Chunk(Bytes),
    /// The client must send more.
    NeedInput,
    /// The message has been answered.
    Answered,
    /// A BDAT has been answered, and others follow.
    ChunkAnswered,
    /// The server stops, and does not wait for the verdict.
    Interrupted(ReadOutcome),
}

impl Driver {
    /// Receives the message up to its end or the end of a BDAT, and answers that.
    pub(super) async fn receive(&mut self, mut delivery: Box<Delivery>) -> Result<(), Disconnect> {
        loop {
            match self.step_data(&mut delivery).await {
                DataStep::Chunk(chunk) => {
                    let chunk = read_buffer::to_be_kept(chunk);
                    self.pace.get_or_insert_default().told += chunk.len();
                    let event = || Event::data_chunk(&self.session, &chunk);
                    self.shared.subscribers.tell(Kind::DataChunk, event);
                    delivery.count(chunk.len());
                    let limit = self.shared.timeouts.hook;
                    if let Err(outcome) = delivery.readers.hand_on(chunk, &mut self.wire, limit).await {
                        return Err(self.give_up(outcome).await);
                    }
                }
                DataStep::NeedInput => {
                    let told = &mut self.pace.get_or_insert_default().told;
                    if *told >= READ / 2 && self.shared.subscribers.want(Kind::DataChunk) {
                        // A chunk that a subscriber has not read yet keeps the memory of the read buffer. The
                        // next read would then go to memory that is in no cache.
                        *told = 0;
                        tokio::task::yield_now().await;
                    }
                    self.wait_for_data(Some(&mut *delivery)).await?;
                }
                DataStep::Answered => {
                    self.report_message(delivery.id, delivery.size);
                    return Ok(());
                }
                DataStep::ChunkAnswered => {
                    self.report_at(Stage::Data);
                    self.delivery = Some(delivery);
                    return Ok(());
                }
                DataStep::Interrupted(outcome) => return Err(self.give_up(outcome).await),
            }
        }
    }

    /// Discards a chunk that is not wanted, and answers it.
    pub(super) async fn discard_chunk(&mut self) -> Result<(), Disconnect> {
        loop {
            let before = self.wire.input.len();
            let is_incomplete =
                matches!(self.machine.step(&mut self.wire.input, &mut self.output), Step::NeedInput);
            self.pace.get_or_insert_default().came(before - self.wire.input.len());
            if !is_incomplete {
                self.report_at(Stage::Data);
                return Ok(());
            }
            self.wait_for_data(None).await?;
        }
    }

    /// Sends what is due, and waits for more of a message or chunk.
    async fn wait_for_data(&mut self, delivery: Option<&mut Delivery>) -> Result<(), Disconnect> {
        self.flush().await?;
        if self.pace.get_or_insert_default().of_turn >= TURN_OF_DATA {
            self.pace.get_or_insert_default().of_turn = 0;
            self.shared.yield_queue.pass().await;
        }
        let (since, before) = (Instant::now(), self.wire.input.len());
        let deadline = self.message_deadline(since, self.shared.timeouts.data, delivery.is_some());
        let Some(deadline) = deadline else {
            return Err(self.give_up(ReadOutcome::Timeout).await);
        };
        let interruptible = self.interruptible();
        let outcome = match delivery {
            Some(delivery) => delivery.readers.fill(&mut self.wire, READ, deadline).await,
            None => self.wire.fill(READ, interruptible, deadline).await,
        };
        let pace = self.pace.get_or_insert_default();
        pace.waited_since(since);
        pace.of_turn += self.wire.input.len() - before;
        match outcome {
            ReadOutcome::Input => Ok(()),
            outcome => Err(self.give_up(outcome).await),
        }
    }

    /// Takes the next step of the message; at its end, waits for the verdict and answers.
    async fn step_data(&mut self, delivery: &mut Delivery) -> DataStep {
        let Self { shared, machine, wire, output, session, pace, refused_by, refused_by_each, .. } = self;
        let Delivery { id, began, envelope, readers, .. } = delivery;
        let before = wire.input.len();
        let step = machine.step(&mut wire.input, output);
        pace.get_or_insert_default().came(before - wire.input.len());
        match step {
            Step::Body(chunk) => DataStep::Chunk(chunk),
            Step::NeedInput => DataStep::NeedInput,
            // A chunk begins.
            Step::Answered => DataStep::ChunkAnswered,
            Step::EndOfChunk(ask) => {
                let Some(decision) = readers.refusal_so_far().await else {
                    ask.answer(Ok(Verdict::Accept));
                    return DataStep::ChunkAnswered;
                };
                shared.count(Count::MessagesRefused, session);
                readers.cut_off();
                if readers.refusals().are_none() {
                    *refused_by = decision.refused_by;
                    ask.answer(decision.answer);
                } else {
                    let recipients = envelope.recipients.len();
                    let mut each = EachAnswer::new(&decision, readers.refusals(), recipients);
                    *refused_by = each.refused_by_one();
                    ask.answer(Verdict::for_all(each.answers));
                }
                DataStep::Answered
            }
            Step::EndOfData(ask) => {
                let &EndOfData { size, recipients, has_bare_line_end, .. } = ask.question();
                if has_bare_line_end {
                    session.add_finding("line-ends", "bare");
                }
                let ended = Instant::now();
                let decided = readers.until_decided(wire, shared.timeouts.store, ended).await;
                shared.kinds.wait(ended.elapsed());
                if let Err(outcome) = decided {
                    return DataStep::Interrupted(outcome);
                }
                let decision = readers.take_decision();
                if decision.has_failed() {
                    shared.kinds.fail();
                }
                if readers.refusals().are_none() {
                    *refused_by = decision.refused_by;
                    let answer = decision.answer;
                    if is_yes(&answer) {
                        let store = text_of(&answer);
                        let took = began.elapsed();
                        accepted(shared, session, &Accepted { id: *id, envelope, size, store, took });
                    } else {
                        shared.count(Count::MessagesRefused, session);
                    }
                    ask.answer(answer);
                    return DataStep::Answered;
                }
                let mut each = EachAnswer::new(&decision, readers.refusals(), recipients);
                if session.protocol() == Protocol::Lmtp {
                    *refused_by_each = each.refused_by;
                } else {
                    *refused_by = each.refused_by_one();
                }
                let answers = each.answers;
                if let Some(envelope) = kept_for(envelope, &answers, session.protocol()) {
                    let store = answers.iter().find(|answer| is_yes(answer)).map_or("", text_of);
                    let took = began.elapsed();
                    accepted(shared, session, &Accepted { id: *id, envelope: &envelope, size, store, took });
                } else {
                    shared.count(Count::MessagesRefused, session);
                }
                ask.answer_each(answers);
                DataStep::Answered
            }
            // A refusal, whose reply is in the output. No other step comes before the end of the message.
            _ => {
                shared.count(Count::MessagesRefused, session);
                readers.cut_off();
                DataStep::Answered
            }
        }
    }
}

/// Returns the envelope of the recipients for whom an LMTP client is told that the message is kept, if there
/// are any.
fn kept_for(envelope: &Arc<Envelope>, answers: &[Answer], protocol: Protocol) -> Option<Arc<Envelope>> {
    if protocol == Protocol::Smtp || !answers.iter().any(is_yes) {
        return None;
    }
    let mut kept = Envelope::new(envelope.sender.clone());
    let recipients = envelope.recipients.iter().zip(answers);
    kept.recipients =
        recipients.filter(|(_, answer)| is_yes(answer)).map(|(recipient, _)| recipient.clone()).collect();
    Some(kept.into())
}

fn text_of(answer: &Answer) -> &str {
    match answer {
        Ok(Verdict::AcceptWith(reply)) => reply.text(),
        _ => "",
    }
}
