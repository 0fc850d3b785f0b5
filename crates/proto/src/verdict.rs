//! The answer to a question of the machine.

use crate::reply::{Reply, Severity, catalog};

/// The answer to a question of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a verdict does nothing until the question is answered with it"]
pub enum Verdict {
    /// Accepts, with the standard reply of the stage.
    Accept,
    /// Refuses, with the standard refusal of the stage.
    Refuse,
    /// Answers with this reply. A positive reply accepts, a negative one refuses. A reply that [hangs
    /// up](Reply::hangs_up) closes the connection.
    Reply(Reply),
}

impl Verdict {
    /// Combines the verdicts for several recipients into one, as SMTP has a single reply. It is the first temporary
    /// refusal (4yz), else the first refusal, else the first verdict.
    ///
    /// This never claims success for a refused recipient. A client that retries may deliver twice to recipients that
    /// already have the message. That is better than losing it for the others.
    pub fn for_all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Reply(catalog::INTERNAL_ERROR);
        let mut gravest = None;
        for verdict in verdicts {
            let gravity = verdict.gravity();
            if gravest.is_none_or(|gravest| gravity > gravest) {
                (all, gravest) = (verdict, Some(gravity));
            }
        }
        all
    }

    /// Returns 0 for an acceptance, 1 for a permanent refusal, and 2 for a temporary one or a reply that asks for
    /// more.
    fn gravity(&self) -> u8 {
        match self {
            Self::Accept => 0,
            Self::Refuse => 1,
            Self::Reply(reply) => match reply.code().severity() {
                Severity::Completed => 0,
                Severity::Permanent => 1,
                _ => 2,
            },
        }
    }

    /// Returns whether the verdict accepts.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        match self {
            Self::Accept => true,
            Self::Refuse => false,
            Self::Reply(reply) => reply.is_positive(),
        }
    }
}

impl From<Reply> for Verdict {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

/// Accepts for `true` and refuses for `false`.
impl From<bool> for Verdict {
    fn from(accepts: bool) -> Self {
        if accepts { Self::Accept } else { Self::Refuse }
    }
}
