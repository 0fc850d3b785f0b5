//! Answers the end of a message: one reply in SMTP, one for each accepted recipient in LMTP (RFC 2033 §4.2, §4.3).
//!
//! # Why
//!
//! After a refused chunk the last chunk still gets a reply for each recipient in LMTP. A client that pipelines has
//! sent it before it could know, and counts on these replies.

use super::answer::resolve;
use super::ask::sealed::Apply;
use super::outgoing::Refused;
use super::step::Closing;
use super::{Machine, State};
use crate::phase::Phase;
use crate::protocol::Protocol;
use crate::question::{Data, EndOfData, Transfer};
use crate::refusal::Refusal;
use crate::reply::{Reply, catalog};
use crate::verdict::{Answer, Verdict, unanswered};

impl Machine {
    /// Returns how many replies the end of a message has.
    pub(super) fn replies_for(&self, recipients: usize) -> usize {
        match self.facts.connection.protocol {
            Protocol::Smtp => 1,
            Protocol::Lmtp => recipients,
        }
    }

    /// Returns the number of accepted recipients of the current transaction.
    pub(super) fn accepted_recipients(&self) -> usize {
        match (&self.state, &self.chunked) {
            (State::Commands(Phase::Transaction { recipients, .. }), _) => *recipients,
            (State::Commands(Phase::Chunks), Some(body)) => body.recipients(),
            _ => 0,
        }
    }

    /// Sends each recipient's reply, up to the first 421. All refusals together count as one error, and as none if a
    /// recipient accepted the message.
    pub(super) fn reply_each(&mut self, resolved: Vec<Result<Reply, Reply>>, output: &mut Vec<u8>) {
        let mut counts = resolved.iter().all(Result::is_err);
        if !counts {
            self.forgive();
        }
        let mut closes = false;
        for Ok(reply) | Err(reply) in resolved {
            let is_farewell = reply.is_farewell();
            closes |= reply.hangs_up();
            if std::mem::take(&mut counts) {
                self.reply(reply, output);
                if matches!(self.state, State::Closed(Closing::Limit)) {
                    return;
                }
            } else {
                self.say(reply, output);
            }
            if is_farewell {
                break;
            }
        }
        if closes {
            self.state = State::Closed(Closing::HungUp);
        }
    }
}

impl Apply for EndOfData {
    type Answer = Answer;

    fn apply(self, answer: Answer, machine: &mut Machine, output: &mut Vec<u8>) {
        machine.end_transaction();
        let resolved = resolve_message(answer);
        if resolved.is_ok() {
            machine.forgive();
        }
        let (Ok(reply) | Err(reply)) = resolved;
        machine.reply_times(reply, machine.replies_for(self.recipients), output);
    }
}

impl EndOfData {
    pub(crate) fn apply_each(
        self,
        answers: impl IntoIterator<Item = Answer>,
        machine: &mut Machine,
        output: &mut Vec<u8>,
    ) {
        if machine.facts.connection.protocol == Protocol::Smtp {
            return self.apply(Verdict::for_all(answers), machine, output);
        }
        machine.end_transaction();
        let unanswered = std::iter::repeat(Err(unanswered()));
        let answers = answers.into_iter().chain(unanswered).take(self.recipients);
        machine.reply_each(answers.map(resolve_message).collect(), output);
    }
}

impl Data {
    pub(crate) fn refuse_each(
        self,
        refusals: impl IntoIterator<Item = Answer>,
        machine: &mut Machine,
        output: &mut Vec<u8>,
    ) {
        let recipients = machine.accepted_recipients();
        let unanswered = std::iter::repeat(Err(unanswered()));
        let refusals = refusals.into_iter().chain(unanswered).take(recipients).map(|answer| {
            // An acceptance can only come after the message.
            resolve_message(answer).err().unwrap_or(catalog::INTERNAL_ERROR)
        });
        match self.transfer {
            Transfer::Chunks(chunk)
                if chunk.is_last && machine.facts.connection.protocol == Protocol::Lmtp =>
            {
                let refused = Refused::ForEach(refusals.collect());
                machine.begin_skip(chunk, refused, Phase::Ready);
            }
            _ => self.apply(Verdict::for_all(refusals.map(Refusal::from_reply).map(Err)), machine, output),
        }
    }
}

fn resolve_message(answer: Answer) -> Result<Reply, Reply> {
    resolve(answer, catalog::MESSAGE_ACCEPTED, catalog::MESSAGE_REFUSED)
}
