//! One question, to be answered before the conversation goes on.
//!
//! # Why
//!
//! An `Ask` borrows the machine but not the input. So no question can be passed over, and the driver can read on and
//! notice that a client has gone while a hook is awaited. A question for data is answered with data or a refusal: a
//! verdict would say nothing.

use zeroize::Zeroizing;

use crate::edits::EhloEdits;
use crate::machine::Machine;
use crate::question::{Data, EndOfData};
use crate::sasl::Credentials;
use crate::verdict::Answer;

/// A question of the [`Machine`] with the way to answer it.
///
/// It borrows the machine, so the compiler ensures an answer before the next step. An `Ask` dropped without an answer
/// answers `451 4.3.0`.
#[derive(Debug)]
#[must_use = "a question that is dropped answers 451"]
pub struct Ask<'m, Q: Question> {
    machine: &'m mut Machine,
    output: &'m mut Vec<u8>,
    question: Option<Q>,
}

/// A question. Only the types of [`question`](crate::question) and a few others of this crate implement it.
///
/// Most are answered with an [`Answer`]. A question for data takes the data or a refusal.
pub trait Question: sealed::Apply {}

pub(crate) mod sealed {
    use super::Machine;
    use crate::refusal::Refusal;

    /// How an answer changes the machine.
    pub trait Apply: Sized + std::fmt::Debug {
        /// The type of the answer.
        type Answer: Unanswered;

        /// Applies `answer` and appends the reply.
        fn apply(self, answer: Self::Answer, machine: &mut Machine, output: &mut Vec<u8>);
    }

    /// An answer to a question.
    pub trait Unanswered {
        /// Returns the answer to a dropped question: the server has failed.
        fn unanswered() -> Self;
    }

    impl<T> Unanswered for Result<T, Refusal> {
        fn unanswered() -> Self {
            Err(crate::verdict::unanswered())
        }
    }
}

impl<'m, Q: Question> Ask<'m, Q> {
    pub(crate) fn new(machine: &'m mut Machine, output: &'m mut Vec<u8>, question: Q) -> Self {
        Self { machine, output, question: Some(question) }
    }

    /// Returns the question.
    #[expect(clippy::missing_panics_doc, reason = "answering consumes the `Ask`, so the question is there")]
    #[must_use]
    pub fn question(&self) -> &Q {
        self.question.as_ref().expect("the question is there until it is answered, and that takes the Ask")
    }

    /// Returns the unsent replies, so that they can be sent during a slow answer. The caller clears the buffer after
    /// sending.
    pub fn unsent(&mut self) -> &mut Vec<u8> {
        self.output
    }

    /// Returns the question and the unsent replies: [`question`](Self::question) and [`unsent`](Self::unsent)
    /// together.
    #[expect(clippy::missing_panics_doc, reason = "answering consumes the `Ask`, so the question is there")]
    pub fn parts(&mut self) -> (&Q, &mut Vec<u8>) {
        let question = self.question.as_ref().expect("the question is there until it is answered");
        (question, self.output)
    }

    /// Withdraws the question without an answer and frees the machine.
    pub(crate) fn withdraw(&mut self) -> (&mut Machine, &mut Vec<u8>) {
        self.question = None;
        (self.machine, self.output)
    }

    /// Returns whether input before the greeting ends the session.
    pub(crate) fn demands_silence(&self) -> bool {
        self.machine.demands_silence()
    }

    /// Returns the changes to the EHLO offer of this session. The reply to EHLO announces them; they apply at once.
    pub fn edits_mut(&mut self) -> &mut EhloEdits {
        self.machine.edits_mut()
    }

    /// Answers the question and appends the reply to the output.
    pub fn answer(mut self, answer: Q::Answer) {
        if let Some(question) = self.question.take() {
            question.apply(answer, self.machine, self.output);
        }
    }
}

impl Ask<'_, EndOfData> {
    /// Answers for each recipient, in the order of acceptance.
    ///
    /// In LMTP each verdict is a reply (RFC 2033 §4.2), up to the first 421. Recipients without a verdict get `451
    /// 4.3.0`. In SMTP the reply is that of [`Verdict::for_all`](crate::Verdict::for_all).
    pub fn answer_each(mut self, answers: impl IntoIterator<Item = Answer>) {
        if let Some(question) = self.question.take() {
            question.apply_each(answers, self.machine, self.output);
        }
    }
}

impl Ask<'_, Credentials> {
    /// Answers like [`answer`](Self::answer) and remembers refused credentials. The same ones by another mechanism
    /// are then not a new guess: many refused clients try all mechanisms with one password. Each mechanism may repeat
    /// them once. That costs an error ([`Limits::errors`](crate::Limits::errors)) but not a guess
    /// ([`Limits::auth_failures`](crate::Limits::auth_failures)).
    ///
    /// The machine keeps a hash by `key`, which must be random and new for each answer. SCRAM never reveals a
    /// password, so none is kept. A CRAM-MD5 digest is compared with later passwords.
    pub fn answer_by_key(mut self, answer: Answer, key: [u8; 32]) {
        let key = Zeroizing::new(key);
        if let Some(question) = self.question.take() {
            question.apply_by(Some(key), answer, self.machine, self.output);
        }
    }
}

impl Ask<'_, Data> {
    /// Refuses the message before its content, with a verdict for each recipient in the order of acceptance.
    ///
    /// In LMTP the last chunk of a message gets these replies (RFC 2033 §4.2), up to the first 421. A recipient
    /// without a refusal gets `451 4.3.0`. SMTP, DATA and other chunks get one reply, that of [`Verdict::for_all`](crate::Verdict::for_all).
    pub fn refuse_each(mut self, answers: impl IntoIterator<Item = Answer>) {
        if let Some(question) = self.question.take() {
            question.refuse_each(answers, self.machine, self.output);
        }
    }
}

impl<Q: Question> Drop for Ask<'_, Q> {
    fn drop(&mut self) {
        if let Some(question) = self.question.take() {
            question.apply(sealed::Unanswered::unanswered(), self.machine, self.output);
        }
    }
}
