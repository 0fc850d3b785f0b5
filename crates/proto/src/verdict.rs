//! What the outside answers to a question of the machine.

use crate::reply::{Reply, Severity, catalog};

/// The answer to one question that the conversation asks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a verdict does nothing until the question is answered with it"]
pub enum Verdict {
    /// Go on, with the standard reply of the stage.
    Accept,
    /// Refuse, with the standard refusal of the stage.
    Refuse,
    /// A positive reply goes on with this text, a negative one refuses with it, and a reply that
    /// [closes](Reply::hangs_up) hangs up.
    Reply(Reply),
}

impl Verdict {
    /// The one verdict for several recipients, where there is one reply only, as in SMTP: the first temporary refusal
    /// (4yz), else the first refusal, else the first of them.
    ///
    /// So no recipient's success is claimed that was not given. A client that is told to try again may deliver a second
    /// time to those who have the message already, which is better than to lose it for the others.
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

    /// 0 for a yes, 1 for a no for good, 2 for a no for now, which a reply that asks for more is as well.
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

    /// Whether the conversation goes on as the client wished.
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

/// `true` accepts, `false` refuses.
impl From<bool> for Verdict {
    fn from(accepts: bool) -> Self {
        if accepts { Self::Accept } else { Self::Refuse }
    }
}
