//! The message on its way through the conversation.

use bytes::BytesMut;

use super::{Machine, State};
use crate::ask::Ask;
use crate::body::{Decoded, DotDecoder, HeaderLimit, HeaderScan};
use crate::limits::Limits;
use crate::phase::Phase;
use crate::question::EndOfData;
use crate::reply::{Reply, catalog};
use crate::step::Step;

/// A message that is coming in.
#[derive(Debug)]
pub(super) struct Body {
    decoder: DotDecoder,
    header: HeaderScan,
    size: u64,
    fault: Option<Fault>,
    has_ended: bool,
}

/// Why the message cannot be taken any more; its end is still looked for.
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
    fn look_at(&mut self, content: &[u8], limits: &Limits) {
        self.size += content.len() as u64;
        if matches!(self.fault, Some(Fault::HeaderSize | Fault::Loop)) {
            return;
        }
        // A fault of the header outranks the size, so that it does not matter which of the two came in first.
        self.fault = match self.header.scan(content, limits) {
            Err(HeaderLimit::Received) => Some(Fault::Loop),
            Err(HeaderLimit::Size) => Some(Fault::HeaderSize),
            Ok(()) if Limits::passed(self.size, limits.message_size) => Some(Fault::Size),
            Ok(()) => None,
        };
    }

    /// A bare CR or LF outranks the rest: what stands behind it may be somebody's try to smuggle.
    fn refusal(&self) -> Option<Reply> {
        if self.decoder.has_bare_line_end() {
            return Some(catalog::BARE_CR_OR_LF.and_close());
        }
        self.fault.map(Fault::reply)
    }
}

impl Machine {
    pub(super) fn begin_body(&mut self) {
        self.state = State::Body(Body {
            decoder: DotDecoder::new(),
            header: HeaderScan::default(),
            size: 0,
            fault: None,
            has_ended: false,
        });
    }

    pub(super) fn body<'m>(&'m mut self, input: &mut BytesMut, output: &'m mut Vec<u8>) -> Step<'m> {
        let State::Body(body) = &mut self.state else {
            return Step::Answered;
        };
        if !body.has_ended {
            let Decoded { content, is_end } = body.decoder.decode(input);
            body.look_at(&content, &self.settings.limits);
            body.has_ended = is_end;
            if !content.is_empty() && body.refusal().is_none() {
                return Step::Body(content);
            }
        }
        if !body.has_ended {
            return Step::NeedInput;
        }
        let size = body.size;
        match body.refusal() {
            None => Step::EndOfData(Ask::new(self, output, EndOfData { size })),
            Some(refusal) => {
                self.state = State::Commands(Phase::Ready);
                self.reply(refusal.clone(), output);
                Step::BodyRefused(refusal)
            }
        }
    }
}
