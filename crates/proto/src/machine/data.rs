//! Receives a message.
//!
//! # Why
//!
//! A refusal is sent at the chunk during which it is known (`Step::EndOfChunk`). The readers run once with the bytes
//! of the chunk, and the client does not wait for them. A positive verdict waits for the last chunk.
//!
//! Chunks after a refused one count as one error together: a client that pipelines sent them before it could know.

use bytes::{Buf, BytesMut};

use super::answer::resolve;
use super::ask::Ask;
use super::ask::sealed::Apply;
use super::outgoing::{Outgoing, Refused};
use super::step::Step;
use super::{Machine, State};
use crate::body::{ChunkDecoder, ContentKind, Decoded, DotDecoder, HeaderLimit, HeaderScan, Treatment};
use crate::limits::Limits;
use crate::phase::Phase;
use crate::question::{Chunk, Data, EndOfChunk, EndOfData, Transfer};
use crate::reply::{Reply, catalog};
use crate::verdict::Answer;

/// A message being received.
#[derive(Debug)]
pub(super) struct Body {
    decoder: Decoder,
    /// How bare line ends are treated.
    treatment: Treatment,
    header: HeaderScan,
    size: u64,
    /// Accepted recipients.
    recipients: usize,
    fault: Option<Fault>,
    has_ended: bool,
}

#[derive(Debug)]
enum Decoder {
    Dot(DotDecoder),
    Chunks { decoder: ChunkDecoder, chunk: Chunk },
}

impl Decoder {
    fn decode(&mut self, input: &mut BytesMut) -> Decoded {
        match self {
            Self::Dot(decoder) => decoder.decode(input),
            Self::Chunks { decoder, chunk } => {
                let decoded = decoder.decode(input);
                if decoded.is_end && chunk.is_last {
                    decoder.end();
                }
                decoded
            }
        }
    }

    fn has_bare_line_end(&self) -> bool {
        match self {
            Self::Dot(decoder) => decoder.has_bare_line_end(),
            Self::Chunks { decoder, .. } => decoder.has_bare_line_end(),
        }
    }

    /// Returns the current chunk, if another one follows.
    fn unfinished(&self) -> Option<Chunk> {
        match self {
            Self::Chunks { chunk, .. } if !chunk.is_last => Some(*chunk),
            _ => None,
        }
    }
}

/// Why the message cannot be accepted. Its end must still be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Size,
    HeaderSize,
    Loop,
}

impl Fault {
    fn reply(self) -> Reply {
        match self {
            Self::Size => catalog::MESSAGE_TOO_LARGE,
            Self::HeaderSize => catalog::HEADER_TOO_LARGE,
            Self::Loop => catalog::MAIL_LOOP,
        }
    }
}

impl Body {
    fn new(decoder: Decoder, treatment: Treatment, recipients: usize) -> Self {
        let header = HeaderScan::default();
        Self { decoder, treatment, header, size: 0, recipients, fault: None, has_ended: false }
    }

    /// Returns the number of recipients of the message.
    pub(super) fn recipients(&self) -> usize {
        self.recipients
    }

    /// Returns how many bytes of the message have been received.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    fn look_at(&mut self, content: &[u8], limits: &Limits, most: u64) {
        self.size += content.len() as u64;
        if matches!(self.fault, Some(Fault::HeaderSize | Fault::Loop)) {
            return;
        }
        // A header fault outranks the size, so the order of arrival does not matter.
        self.fault = match self.header.scan(content, limits) {
            Err(HeaderLimit::Received) => Some(Fault::Loop),
            Err(HeaderLimit::Size) => Some(Fault::HeaderSize),
            Ok(()) if Limits::passed(self.size, most) => Some(Fault::Size),
            // Dropped content is lost, even if the limit rises later.
            Ok(()) => self.fault,
        };
    }

    /// Returns whether the rest is read only to find the end.
    pub(super) fn is_refused(&self) -> bool {
        self.fault.is_some() || self.violation().is_some()
    }

    /// Returns the fault of the line ends, if any.
    fn violation(&self) -> Option<Reply> {
        match &self.treatment {
            Treatment::Untouched if self.decoder.has_bare_line_end() => Some(catalog::BARE_CR_OR_LF),
            treatment if treatment.has_lone_dot() => Some(catalog::LONE_DOT),
            _ => None,
        }
    }

    /// A bare CR or LF outranks other faults: what follows may be a smuggled message.
    fn refusal(&self) -> Option<Outgoing> {
        let violation = self.violation().map(Outgoing::violation);
        violation.or_else(|| self.fault.map(|fault| fault.reply().into()))
    }
}

impl Machine {
    pub(super) fn begin_body(&mut self) {
        let treatment = Treatment::new(self.settings.bare_line_ends, Transfer::Dot);
        let decoder = Decoder::Dot(DotDecoder::new());
        self.state = State::Body(Body::new(decoder, treatment, self.accepted_recipients()));
    }

    /// Starts the first chunk of a message.
    pub(super) fn begin_chunks(&mut self, chunk: Chunk) {
        let (kind, treatment) = if self.facts.transaction.is_binary {
            (ContentKind::Binary, Treatment::Untouched)
        } else {
            (ContentKind::Lines, Treatment::new(self.settings.bare_line_ends, Transfer::Chunks(chunk)))
        };
        let mut decoder = ChunkDecoder::new(kind);
        decoder.begin(chunk.size);
        let decoder = Decoder::Chunks { decoder, chunk };
        self.state = State::Body(Body::new(decoder, treatment, self.accepted_recipients()));
    }

    /// Starts a chunk. The first of a message raises a question; later ones follow its answer.
    pub(super) fn begin_chunk<'m>(&'m mut self, chunk: Chunk, output: &'m mut Vec<u8>) -> Step<'m> {
        let Some(mut body) = self.chunked.take() else {
            return Step::Data(Ask::new(self, output, Data { transfer: Transfer::Chunks(chunk) }));
        };
        if let Decoder::Chunks { decoder, chunk: current } = &mut body.decoder {
            decoder.begin(chunk.size);
            *current = chunk;
        }
        body.has_ended = false;
        self.state = State::Body(*body);
        Step::Answered
    }

    /// Starts a chunk that will be dropped.
    pub(super) fn begin_skip(&mut self, chunk: Chunk, refused: Refused, then: Phase) {
        let is_out_of_order = matches!(self.state, State::Commands(phase) if phase == then);
        let owed = if is_out_of_order {
            // A pipelining client did not know yet that no recipient was accepted.
            let lost_all = matches!(then, Phase::Transaction { recipients: 0, any_refused: true });
            self.owed_to_last_chunk.or(lost_all.then_some(1))
        } else {
            let owed = self.replies_for(self.accepted_recipients());
            self.end_transaction();
            Some(owed)
        };
        self.state = State::Skipping { left: chunk.size, is_last: chunk.is_last, refused, owed, then };
    }

    /// Refuses a chunk. The last one gets all replies due to its message, another one gets one.
    fn refuse_chunk(
        &mut self,
        refusal: impl Into<Outgoing>,
        is_last: bool,
        owed: Option<usize>,
        output: &mut Vec<u8>,
    ) {
        self.reply_times(refusal, if is_last { owed.unwrap_or(1) } else { 1 }, output);
        self.owed_to_last_chunk = owed.filter(|_| !is_last);
    }

    pub(super) fn skip<'m>(&'m mut self, input: &mut BytesMut, output: &'m mut Vec<u8>) -> Step<'m> {
        let State::Skipping { left, then, .. } = &mut self.state else {
            return Step::Answered;
        };
        let length = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
        input.advance(length);
        *left -= length as u64;
        if *left > 0 {
            return Step::NeedInput;
        }
        let then = State::Commands(*then);
        if let State::Skipping { is_last, refused, owed, .. } = std::mem::replace(&mut self.state, then) {
            match refused {
                Refused::ForAll(refusal) => self.refuse_chunk(refusal, is_last, owed, output),
                Refused::ForEach(refusals) => {
                    self.reply_each(refusals.into_iter().map(Err).collect(), output);
                }
            }
        }
        Step::Answered
    }

    pub(super) fn body<'m>(&'m mut self, input: &mut BytesMut, output: &'m mut Vec<u8>) -> Step<'m> {
        let most = self.offer().message_size();
        let State::Body(body) = &mut self.state else {
            return Step::Answered;
        };
        if !body.has_ended {
            let Decoded { content, is_end } = body.decoder.decode(input);
            let is_last = is_end && body.decoder.unfinished().is_none();
            let content = body.treatment.pass(content, is_last);
            body.look_at(&content, &self.settings.limits, most);
            body.has_ended = is_end;
            if !content.is_empty() && !body.is_refused() {
                return Step::Body(content);
            }
        }
        if !body.has_ended {
            return Step::NeedInput;
        }
        let (size, recipients) = (body.size, body.recipients);
        let has_bare_line_end = body.decoder.has_bare_line_end();
        let unfinished = body.decoder.unfinished();
        match (body.refusal(), unfinished) {
            (None, Some(chunk)) => Step::EndOfChunk(Ask::new(self, output, EndOfChunk { chunk })),
            (None, None) => {
                Step::EndOfData(Ask::new(self, output, EndOfData { size, recipients, has_bare_line_end }))
            }
            (Some(refusal), _) => {
                self.refuse_body(refusal.clone(), unfinished.is_none(), recipients, output);
                Step::BodyRefused(refusal.reply)
            }
        }
    }

    /// Ends the transaction and refuses what has been received.
    fn refuse_body(
        &mut self,
        refusal: impl Into<Outgoing>,
        is_last: bool,
        recipients: usize,
        output: &mut Vec<u8>,
    ) {
        self.end_transaction();
        let owed = Some(self.replies_for(recipients));
        self.refuse_chunk(refusal, is_last, owed, output);
    }
}

impl Apply for EndOfChunk {
    type Answer = Answer;

    fn apply(self, answer: Answer, machine: &mut Machine, output: &mut Vec<u8>) {
        let State::Body(body) = std::mem::replace(&mut machine.state, State::Commands(Phase::Chunks)) else {
            return;
        };
        let refusal = match resolve(answer, catalog::OK, catalog::MESSAGE_REFUSED) {
            Ok(reply) if !reply.hangs_up() => {
                machine.chunked = Some(Box::new(body));
                return machine.say(catalog::chunk_received(self.chunk.size), output);
            }
            Ok(_) => catalog::HUNG_UP,
            Err(refusal) => refusal,
        };
        machine.refuse_body(refusal, false, body.recipients, output);
    }
}
