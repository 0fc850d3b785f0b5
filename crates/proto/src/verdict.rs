//! The answers to questions: a verdict, or a refusal.

use crate::refusal::Refusal;
use crate::reply::{Reply, catalog};

/// A verdict, or the refusal for the client. Most questions of the conversation take this answer.
///
/// `?` turns every [`std::error::Error`] into a [`Refusal`].
pub type Answer = Result<Verdict, Refusal>;

/// The answer to one question that the conversation asks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a verdict does nothing until the question is answered with it"]
pub enum Verdict {
    /// Accepts, with the standard reply of the stage.
    Accept,
    /// Accepts, with the text and the enhanced status code of this reply. The code stays that of the stage, except for
    /// 251 at RCPT and for commands outside transactions.
    ///
    /// A reply that [hangs up](Reply::hang_up) closes the connection. A reply that is not positive (2yz) is a mistake,
    /// and answers `451 4.3.0`: return `Err` with a [`Refusal`] instead.
    AcceptWith(Reply),
    /// Refuses, with the standard refusal of the stage.
    Refuse,
}

impl Verdict {
    /// Accepts if `condition` is true, and otherwise refuses with the standard refusal of the stage.
    ///
    /// It returns an [`Answer`], so it can be the last expression of a hook.
    ///
    /// ```
    /// use mailchute_proto::{Answer, Verdict};
    ///
    /// fn rcpt_to(address: &str) -> Answer {
    ///     Verdict::accept_if(address.ends_with("@example.com"))
    /// }
    ///
    /// assert_eq!(rcpt_to("bob@example.com"), Ok(Verdict::Accept));
    /// assert_eq!(rcpt_to("bob@example.org"), Ok(Verdict::Refuse));
    /// ```
    ///
    /// # Errors
    /// Never fails. A false condition is the verdict [`Refuse`](Self::Refuse).
    pub fn accept_if(condition: bool) -> Answer {
        Ok(if condition { Self::Accept } else { Self::Refuse })
    }

    /// Accepts if `condition` holds, and otherwise refuses with `refusal`.
    ///
    /// It is an [`Answer`], so that it can end a hook.
    ///
    /// ```
    /// use mailchute_proto::{Answer, Refusal, Verdict};
    ///
    /// const UNKNOWN: Refusal = Refusal::from_static(550, (5, 1, 1), "No such user");
    ///
    /// fn rcpt_to(address: &str) -> Answer {
    ///     Verdict::accept_or(address.ends_with("@example.com"), UNKNOWN)
    /// }
    ///
    /// assert_eq!(rcpt_to("bob@example.com"), Ok(Verdict::Accept));
    /// assert_eq!(rcpt_to("bob@example.org"), Err(UNKNOWN));
    /// ```
    ///
    /// # Errors
    /// `refusal`, if the condition does not hold.
    pub fn accept_or(condition: bool, refusal: Refusal) -> Answer {
        if condition { Ok(Self::Accept) } else { Err(refusal) }
    }

    /// Combines the answers for several recipients into one, for a stage with a single reply, as in SMTP: the first
    /// temporary refusal (4yz), else the first refusal, else the first answer.
    ///
    /// So no recipient's success is claimed falsely. A client that is told to try again may deliver twice to those who
    /// have the message already. That is better than losing it for the others.
    ///
    /// # Errors
    /// The refusal that stands for all answers. Without any answer it is `451 4.3.0`.
    pub fn for_all(answers: impl IntoIterator<Item = Answer>) -> Answer {
        let mut all = Err(unanswered());
        let mut gravest = None;
        for answer in answers {
            let gravity = gravity(&answer);
            if gravest.is_none_or(|gravest| gravity > gravest) {
                (all, gravest) = (answer, Some(gravity));
            }
        }
        all
    }

    /// Returns whether this accepts.
    #[must_use]
    pub const fn is_positive(&self) -> bool {
        match self {
            Self::Accept => true,
            Self::Refuse => false,
            Self::AcceptWith(reply) => reply.is_positive(),
        }
    }
}

/// 0 for acceptance, 1 for a permanent refusal, 2 for a temporary one or a mistake.
fn gravity(answer: &Answer) -> u8 {
    match answer {
        Ok(Verdict::Refuse) => 1,
        Ok(verdict) if verdict.is_positive() => 0,
        Err(refusal) if refusal.code().get() >= 500 => 1,
        Ok(_) | Err(_) => 2,
    }
}

/// The answer to a question without an answer: the server has failed.
pub(crate) const fn unanswered() -> Refusal {
    Refusal::from_reply(catalog::INTERNAL_ERROR)
}
