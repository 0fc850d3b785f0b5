//! Sends replies and counts errors, either of which may end the session.

use super::step::{Closing, Step};
use super::{Machine, PENALTY, State};
use crate::limits::Limits;
use crate::reply::{Reply, catalog};

/// Chunks of a refused message that do not count as errors. A client that pipelines 25 MiB in chunks of 32 KiB sends
/// fewer.
const MOST_CHUNKS_ON_THEIR_WAY: u32 = 1_000;

/// A reply to a command, and whether it ends the session.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) reply: Reply,
    pub(super) closing: Option<Closing>,
}

impl Outgoing {
    /// Creates a refusal for a broken protocol. Nothing the client sends afterwards is run.
    pub(super) fn violation(reply: Reply) -> Self {
        Self { reply: reply.hang_up(), closing: Some(Closing::Violation) }
    }

    /// Creates a refusal for a client that reached a limit of the session.
    pub(super) fn limit(reply: Reply) -> Self {
        Self { reply: reply.hang_up(), closing: Some(Closing::Limit) }
    }

    pub(super) fn without_enhanced(self) -> Self {
        Self { reply: self.reply.without_enhanced(), ..self }
    }
}

/// The recipients for which a chunk is refused.
#[derive(Debug)]
pub(super) enum Refused {
    ForAll(Reply),
    /// In LMTP, for each recipient at the last chunk of a message.
    ForEach(Box<[Reply]>),
}

/// A reply that hangs up closes the session.
impl From<Reply> for Outgoing {
    fn from(reply: Reply) -> Self {
        let closing = reply.hangs_up().then_some(Closing::HungUp);
        Self { reply, closing }
    }
}

impl Machine {
    /// Answers a command without a question.
    pub(super) fn refuse<'m>(&'m mut self, refusal: impl Into<Outgoing>, output: &mut Vec<u8>) -> Step<'m> {
        self.reply(refusal, output);
        Step::Answered
    }

    /// Appends a reply to a command and counts it if it is a refusal.
    pub(super) fn reply(&mut self, refusal: impl Into<Outgoing>, output: &mut Vec<u8>) {
        self.reply_times(refusal, 1, output);
    }

    /// Counts the refused chunks that follow a refused message.
    fn count_chunk_on_its_way(&mut self) {
        self.excused_chunks = if self.owed_to_last_chunk.is_some() { self.excused_chunks + 1 } else { 0 };
    }

    /// Returns whether the command is a chunk that may have been sent before its message was refused.
    fn was_on_its_way(&self) -> bool {
        self.owed_to_last_chunk.is_some() && self.excused_chunks <= MOST_CHUNKS_ON_THEIR_WAY
    }

    /// Replies like [`reply`](Self::reply), once for each recipient, and counts once. Nothing follows a 421.
    #[inline(always)]
    pub(super) fn reply_times(&mut self, refusal: impl Into<Outgoing>, times: usize, output: &mut Vec<u8>) {
        let Outgoing { reply, closing } = refusal.into();
        if reply.is_refusal() && self.is_one_refusal_too_many(&reply, closing, output) {
            return;
        }
        let times = if reply.is_farewell() { 1 } else { times };
        (1..times).for_each(|_| self.say(reply.clone(), output));
        if times > 0 {
            self.say(reply, output);
        }
        if let Some(closing) = closing {
            self.state = State::Closed(closing);
        }
    }

    /// Counts a refusal as an error, if it is one. Returns whether it ended the session, which replaces the reply.
    fn is_one_refusal_too_many(
        &mut self,
        reply: &Reply,
        closing: Option<Closing>,
        output: &mut Vec<u8>,
    ) -> bool {
        // More recipients than a transaction allows are not an error: the client uses another one. Nor are chunks
        // that were sent before a chunk was refused (RFC 3030 §2).
        if *reply == catalog::TOO_MANY_RECIPIENTS {
            return false;
        }
        self.count_chunk_on_its_way();
        !self.was_on_its_way() && self.is_one_error_too_many(closing, output)
    }

    /// Counts an error, which may add a delay. Returns whether it ended the session, which replaces the reply.
    fn is_one_error_too_many(&mut self, closing: Option<Closing>, output: &mut Vec<u8>) -> bool {
        let limits = &self.settings.limits;
        self.errors += 1;
        if closing.is_none() && Limits::reached(self.errors, limits.errors) {
            self.say(catalog::TOO_MANY_ERRORS, output);
            self.state = State::Closed(Closing::Limit);
            return true;
        }
        if Limits::reached(self.errors, limits.errors_before_delay) {
            self.pause = Some(PENALTY);
        }
        false
    }

    /// Counts an accepted command that carries no mail. Past the limit each is an error. Returns whether it ended the
    /// session, which replaces the reply.
    pub(super) fn is_junk_too_much(&mut self, output: &mut Vec<u8>) -> bool {
        self.junk = self.junk.saturating_add(1);
        Limits::passed(self.junk, self.settings.limits.junk_commands)
            && self.is_one_error_too_many(None, output)
    }

    /// Clears the errors and idle commands after an accepted message.
    pub(super) fn forgive(&mut self) {
        (self.errors, self.junk) = (0, 0);
    }
}
