//! Keeps what was answered, for logs and events.

use std::{mem, slice, vec};

use super::Machine;
use crate::command::Verb;
use crate::reply::{Reply, TEXT_BYTES};

/// The replies of the last step, for logs and events. See [`Machine::take_answered`].
///
/// It holds no secrets: a challenge of AUTH is [`CHALLENGE`](crate::reply::catalog::CHALLENGE) without its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "it has no effect by itself"]
pub struct Answered {
    verb: Option<Verb>,
    replies: Replies,
}

/// Almost every command has one reply, which is stored without an allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Replies {
    #[default]
    None,
    One(Reply),
    Several(Vec<Reply>),
}

impl Answered {
    /// Returns the verb of the command that was answered: AUTH throughout its exchange, [`Verb::Other`] for a line that
    /// is not a command. It is `None` for the greeting, for a message, and for unsolicited replies.
    #[must_use]
    pub fn verb(&self) -> Option<Verb> {
        self.verb
    }

    /// Returns the replies. The end of a message has one for each recipient in LMTP. A chunk has none until its content
    /// has arrived.
    pub fn replies(&self) -> &[Reply] {
        match &self.replies {
            Replies::None => &[],
            Replies::One(reply) => slice::from_ref(reply),
            Replies::Several(replies) => replies,
        }
    }

    /// Returns whether one of the replies refuses.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.replies().iter().any(Reply::is_refusal)
    }

    #[inline]
    pub(super) fn add(&mut self, reply: Reply) {
        if matches!(self.replies, Replies::None) {
            self.replies = Replies::One(reply);
        } else {
            self.add_another(reply);
        }
    }

    #[cold]
    fn add_another(&mut self, reply: Reply) {
        self.replies = Replies::Several(match mem::take(&mut self.replies) {
            Replies::None => vec![reply],
            Replies::One(first) => vec![first, reply],
            Replies::Several(mut replies) => {
                replies.push(reply);
                replies
            }
        });
    }
}

impl IntoIterator for Answered {
    type Item = Reply;
    type IntoIter = vec::IntoIter<Reply>;

    fn into_iter(self) -> Self::IntoIter {
        match self.replies {
            Replies::None => Vec::new(),
            Replies::One(reply) => vec![reply],
            Replies::Several(replies) => replies,
        }
        .into_iter()
    }
}

impl Machine {
    /// Returns what the last step has answered, and forgets it. A [`hang_up`](Self::hang_up) after the step belongs to
    /// it. The next step forgets it too.
    pub fn take_answered(&mut self) -> Answered {
        mem::take(&mut self.answered)
    }

    /// Starts a step, without replies so far.
    pub(super) fn forget_answered(&mut self) {
        self.answered.verb = None;
        if !matches!(self.answered.replies, Replies::None) {
            self.answered.replies = Replies::None;
        }
    }

    /// Records the command that is about to be answered.
    pub(super) fn answers_to(&mut self, verb: Verb) {
        self.answered.verb = Some(verb);
    }

    /// Appends a reply to the output.
    #[inline(always)]
    pub(super) fn say(&mut self, reply: Reply, output: &mut Vec<u8>) {
        if self.editor.is_none() && reply.encode_plain(output) {
            self.answered.add(reply);
        } else {
            self.say_specially(reply, output);
        }
    }

    /// Appends a reply that the application may edit, or that is not one line of ASCII.
    #[cold]
    fn say_specially(&mut self, mut reply: Reply, output: &mut Vec<u8>) {
        self.edit_standard(&mut reply, TEXT_BYTES);
        self.allow_utf8(&mut reply);
        reply.encode(output);
        self.answered.add(reply);
    }

    /// Lets a reply beyond one line of ASCII have UTF-8 where RFC 6531 §3.7.4 allows it: in 251 and 551 within a
    /// transaction with SMTPUTF8. VRFY and EXPN have decided it by their parameter.
    fn allow_utf8(&self, reply: &mut Reply) {
        if !matches!(self.answered.verb, Some(Verb::Vrfy | Verb::Expn)) {
            reply.set_utf8(self.facts.transaction.is_utf8 && matches!(reply.code().get(), 251 | 551));
        }
    }

    /// Appends a reply whose lines are known to be printable and short enough.
    pub(super) fn say_lines(&mut self, reply: Reply, output: &mut Vec<u8>) {
        reply.encode_lines(output);
        self.answered.add(reply);
    }
}
