//! A reply of the machine, and what it means for the session: it may close it, and errors are counted.

use super::step::{Closing, Step};
use super::{Machine, PENALTY, State};
use crate::limits::Limits;
use crate::reply::{Reply, catalog};

/// Chunks of a refused message that are no errors. A client that pipelines 25 MiB in chunks of 32 KiB sends fewer.
const MOST_CHUNKS_ON_THEIR_WAY: u32 = 1_000;

/// What is said to a command, and whether the session ends with it.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) reply: Reply,
    pub(super) closing: Option<Closing>,
}

impl Refusal {
    /// The client broke the protocol: after this nothing that it sends is run.
    pub(super) fn violation(reply: Reply) -> Self {
        Self { reply: reply.hang_up(), closing: Some(Closing::Violation) }
    }

    /// The client has had all that a session gives.
    pub(super) fn limit(reply: Reply) -> Self {
        Self { reply: reply.hang_up(), closing: Some(Closing::Limit) }
    }

    pub(super) fn without_enhanced(self) -> Self {
        Self { reply: self.reply.without_enhanced(), ..self }
    }
}

/// For whom a chunk is refused.
#[derive(Debug)]
pub(super) enum Refused {
    ForAll(Reply),
    /// In LMTP, for each recipient of a message that has come to its last chunk.
    ForEach(Box<[Reply]>),
}

/// A reply that closes is somebody's wish to hang up.
impl From<Reply> for Refusal {
    fn from(reply: Reply) -> Self {
        let closing = reply.hangs_up().then_some(Closing::HungUp);
        Self { reply, closing }
    }
}

impl Machine {
    /// Answers a command by oneself.
    pub(super) fn refuse<'m>(&'m mut self, refusal: impl Into<Refusal>, output: &mut Vec<u8>) -> Step<'m> {
        self.reply(refusal, output);
        Step::Answered
    }

    /// Appends a reply to a command, and counts it if it is a refusal.
    pub(super) fn reply(&mut self, refusal: impl Into<Refusal>, output: &mut Vec<u8>) {
        self.reply_times(refusal, 1, output);
    }

    /// Counts the refused chunks that follow a refused message.
    fn count_chunk_on_its_way(&mut self) {
        self.excused_chunks = if self.owed_to_last_chunk.is_some() { self.excused_chunks + 1 } else { 0 };
    }

    /// Whether the command is a chunk that may have been sent before its message was refused.
    fn was_on_its_way(&self) -> bool {
        self.owed_to_last_chunk.is_some() && self.excused_chunks <= MOST_CHUNKS_ON_THEIR_WAY
    }

    /// As [`reply`](Self::reply), said once for each recipient that waits for it, and counted once. Behind a 421
    /// nothing more is said.
    pub(super) fn reply_times(&mut self, refusal: impl Into<Refusal>, times: usize, output: &mut Vec<u8>) {
        let Refusal { reply, closing } = refusal.into();
        // Who has more recipients than a transaction takes is no offender: the rest goes into the next one. Nor is
        // who had sent on when a chunk was refused (RFC 3030 §2).
        if reply.is_refusal() && reply != catalog::TOO_MANY_RECIPIENTS {
            self.count_chunk_on_its_way();
            if !self.was_on_its_way() && self.is_one_error_too_many(closing, output) {
                return;
            }
        }
        let times = if reply.is_farewell() { 1 } else { times };
        (0..times).for_each(|_| reply.encode(output));
        if let Some(closing) = closing {
            self.state = State::Closed(closing);
        }
    }

    /// Counts an error, which may cost time; with one too many the session ends instead of what was to be said.
    fn is_one_error_too_many(&mut self, closing: Option<Closing>, output: &mut Vec<u8>) -> bool {
        let limits = &self.settings.limits;
        self.errors += 1;
        if closing.is_none() && Limits::reached(self.errors, limits.errors) {
            catalog::TOO_MANY_ERRORS.encode(output);
            self.state = State::Closed(Closing::Limit);
            return true;
        }
        if Limits::reached(self.errors, limits.errors_before_delay) {
            self.pause = Some(PENALTY);
        }
        false
    }

    /// Counts a command that is accepted and brings no message; past their limit each is an error. Says whether the
    /// session ends with it, instead of what was to be said.
    pub(super) fn is_junk_too_much(&mut self, output: &mut Vec<u8>) -> bool {
        self.junk = self.junk.saturating_add(1);
        Limits::passed(self.junk, self.settings.limits.junk_commands)
            && self.is_one_error_too_many(None, output)
    }

    /// A message was accepted, which pays for all that was wrong or idle before.
    pub(super) fn forgive(&mut self) {
        (self.errors, self.junk) = (0, 0);
    }
}
