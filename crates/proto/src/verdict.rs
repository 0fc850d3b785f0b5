//! The answers to questions: a verdict, or a refusal.

use crate::refusal::Refusal;
use crate::reply::{Reply, catalog};

/// A verdict, or the refusal that the client gets. Most questions of the conversation are answered so.
///
/// `?` turns every [`std::error::Error`] into a [`Refusal`].
pub type Answer = Result<Verdict, Refusal>;

/// The answer to one question that the conversation asks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a verdict does nothing until the question is answered with it"]
pub enum Verdict {
    /// Go on, with the standard reply of the stage.
    Accept,
    /// Go on, with the text and the enhanced status code of this reply. The code stays that of the stage, except for 251 at
    /// RCPT and for commands other than those of a transaction.
    ///
    /// A reply that [hangs up](Reply::hang_up) closes the connection. A reply whose code does not say yes (2yz) is a mistake,
    /// and answers `451 4.3.0`: return `Err` with a [`Refusal`] instead.
    AcceptWith(Reply),
    /// Refuse, with the standard refusal of the stage.
    Refuse,
}

impl Verdict {
    /// Accepts if `condition` holds, and otherwise refuses with the standard refusal of the stage.
    ///
    /// It is an [`Answer`], so that it can end a hook.
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
    /// None: a condition that does not hold is the verdict [`Refuse`](Self::Refuse).
    pub fn accept_if(condition: bool) -> Answer {
        Ok(if condition { Self::Accept } else { Self::Refuse })
    }

    /// The one answer for several recipients, where there is one reply only, as in SMTP: the first temporary refusal
    /// (4yz), else the first refusal, else the first answer.
    ///
    /// So no recipient's success is claimed that was not given. A client that is told to try again may deliver a second
    /// time to those who have the message already, which is better than to lose it for the others.
    ///
    /// # Errors
    /// The refusal that speaks for all; without any answer `451 4.3.0`.
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

    /// Returns whether the conversation goes on as the client wished.
    #[must_use]
    pub const fn is_positive(&self) -> bool {
        match self {
            Self::Accept => true,
            Self::Refuse => false,
            Self::AcceptWith(reply) => reply.is_positive(),
        }
    }
}

/// 0 for a yes, 1 for a no for good, 2 for a no for now, which a mistake is as well.
fn gravity(answer: &Answer) -> u8 {
    match answer {
        Ok(Verdict::Refuse) => 1,
        Ok(verdict) if verdict.is_positive() => 0,
        Err(refusal) if refusal.code().get() >= 500 => 1,
        Ok(_) | Err(_) => 2,
    }
}

/// The answer to a question that nobody has answered: we have failed.
pub(crate) const fn unanswered() -> Refusal {
    Refusal::from_reply(catalog::INTERNAL_ERROR)
}
