//! What the outside answers to a question of the machine.

use crate::reply::Reply;

/// The answer to one question that the conversation asks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a verdict does nothing until the question is answered with it"]
pub enum Verdict {
    /// Go on, with the standard reply of the stage.
    Accept,
    /// Refuse, with the standard refusal of the stage.
    Refuse,
    /// A positive reply goes on with this text, a negative one refuses with it, and a reply that
    /// [closes](Reply::closes) hangs up.
    Reply(Reply),
}

impl Verdict {
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
