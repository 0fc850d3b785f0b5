//! One question, to be answered before the conversation goes on.

use zeroize::Zeroizing;

use crate::edits::EhloEdits;
use crate::machine::Machine;
use crate::question::{Data, EndOfData};
use crate::reply::catalog;
use crate::sasl::Credentials;
use crate::verdict::Verdict;

/// A question of the [`Machine`] with the way to answer it.
///
/// It holds the machine, so the borrow checker sees to it that the answer comes before the next step. An `Ask`
/// that is dropped unanswered answers `451 4.3.0`.
#[derive(Debug)]
#[must_use = "a question that is dropped answers 451"]
pub struct Ask<'m, Q: Question> {
    machine: &'m mut Machine,
    output: &'m mut Vec<u8>,
    question: Option<Q>,
}

/// What can be asked; implemented by the types of [`question`](crate::question) and nowhere else.
///
/// Most are answered with a [`Verdict`]; those that ask for what the machine cannot know, with that or a refusal.
pub trait Question: sealed::Apply {}

pub(crate) mod sealed {
    use super::{Machine, Verdict, catalog};
    use crate::reply::Reply;

    /// How an answer moves the machine on.
    pub trait Apply: Sized + std::fmt::Debug {
        /// What answers the question.
        type Answer: Answer;

        /// Applies `answer` and appends the reply.
        fn apply(self, answer: Self::Answer, machine: &mut Machine, output: &mut Vec<u8>);
    }

    /// What can answer a question.
    pub trait Answer {
        /// The answer of those who drop the question: that we have failed.
        fn none() -> Self;
    }

    impl Answer for Verdict {
        fn none() -> Self {
            Self::Reply(catalog::INTERNAL_ERROR)
        }
    }

    impl<T> Answer for Result<T, Reply> {
        fn none() -> Self {
            Err(catalog::INTERNAL_ERROR)
        }
    }
}

impl<'m, Q: Question> Ask<'m, Q> {
    pub(crate) fn new(machine: &'m mut Machine, output: &'m mut Vec<u8>, question: Q) -> Self {
        Self { machine, output, question: Some(question) }
    }

    /// What is asked.
    #[expect(clippy::missing_panics_doc, reason = "answering consumes the `Ask`, so the question is there")]
    #[must_use]
    pub fn question(&self) -> &Q {
        self.question.as_ref().expect("the question is there until it is answered, and that takes the Ask")
    }

    /// The replies that wait to be sent, so that they can go out while a slow answer is awaited. Whoever sends
    /// them clears the buffer.
    pub fn unsent(&mut self) -> &mut Vec<u8> {
        self.output
    }

    /// What is asked and the replies that wait, [`question`](Self::question) and [`unsent`](Self::unsent) at once.
    #[expect(clippy::missing_panics_doc, reason = "answering consumes the `Ask`, so the question is there")]
    pub fn parts(&mut self) -> (&Q, &mut Vec<u8>) {
        let question = self.question.as_ref().expect("the question is there until it is answered");
        (question, self.output)
    }

    /// Takes the question back: nothing is answered, and the machine is free for something else.
    pub(crate) fn withdraw(&mut self) -> (&mut Machine, &mut Vec<u8>) {
        self.question = None;
        (self.machine, self.output)
    }

    /// Whether octets before the greeting end the session.
    pub(crate) fn demands_silence(&self) -> bool {
        self.machine.demands_silence()
    }

    /// What this session is offered otherwise than others. What stands there when EHLO is answered is announced; all
    /// of it is in force at once.
    pub fn edits_mut(&mut self) -> &mut EhloEdits {
        self.machine.edits_mut()
    }

    /// Answers: the machine moves on and the reply is appended to the output.
    pub fn answer(mut self, answer: Q::Answer) {
        if let Some(question) = self.question.take() {
            question.apply(answer, self.machine, self.output);
        }
    }
}

impl Ask<'_, EndOfData> {
    /// Answers for each recipient by itself, in the order in which they were accepted.
    ///
    /// In LMTP each verdict is a reply (RFC 2033 §4.2); a 421 is the last one. Recipients for whom there is no verdict
    /// are answered `451 4.3.0`. In SMTP there is one reply, that of [`Verdict::for_all`].
    pub fn answer_each(mut self, verdicts: impl IntoIterator<Item = Verdict>) {
        if let Some(question) = self.question.take() {
            question.apply_each(verdicts, self.machine, self.output);
        }
    }
}

impl Ask<'_, Credentials> {
    /// Answers as [`answer`](Self::answer) does, and remembers refused credentials, so that the same ones by another
    /// mechanism are no other guess: many clients that are refused try all mechanisms with one password. They cost an
    /// error ([`Limits::errors`](crate::Limits::errors)) and no guess ([`Limits::auth_failures`](crate::Limits::auth_failures)), once by each mechanism.
    ///
    /// What is remembered is a hash by `key`, which is to be of random octets, new for each answer. Passwords of
    /// SCRAM are never shown, so these are not remembered; a CRAM-MD5 digest is compared with passwords that come after
    /// it.
    pub fn answer_by_key(mut self, verdict: Verdict, key: [u8; 32]) {
        let key = Zeroizing::new(key);
        if let Some(question) = self.question.take() {
            question.apply_by(Some(key), verdict, self.machine, self.output);
        }
    }
}

impl Ask<'_, Data> {
    /// Refuses the message before it has come, with a verdict for each recipient, in the order in which they were
    /// accepted.
    ///
    /// In LMTP the last chunk of a message has a reply for each of them (RFC 2033 §4.2), these; a 421 is the last one.
    /// Recipients for whom there is no verdict, or one that says yes, are answered `451 4.3.0`. In SMTP, to DATA and to a
    /// chunk that is not the last there is one reply, that of [`Verdict::for_all`].
    pub fn refuse_each(mut self, verdicts: impl IntoIterator<Item = Verdict>) {
        if let Some(question) = self.question.take() {
            question.refuse_each(verdicts, self.machine, self.output);
        }
    }
}

impl<Q: Question> Drop for Ask<'_, Q> {
    fn drop(&mut self) {
        if let Some(question) = self.question.take() {
            question.apply(sealed::Answer::none(), self.machine, self.output);
        }
    }
}
