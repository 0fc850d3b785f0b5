//! A reply of the machine, and what it means for the session.

use crate::reply::Reply;
use crate::step::Closing;

/// What is said to a command, and whether the session ends with it.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) reply: Reply,
    pub(super) closing: Option<Closing>,
}

impl Refusal {
    /// The client broke the protocol: after this nothing that it sends is run.
    pub(super) fn violation(reply: Reply) -> Self {
        Self { reply: reply.and_close(), closing: Some(Closing::Violation) }
    }

    /// The client has had all that a session gives.
    pub(super) fn limit(reply: Reply) -> Self {
        Self { reply: reply.and_close(), closing: Some(Closing::Limit) }
    }

    pub(super) fn without_enhanced(self) -> Self {
        Self { reply: self.reply.without_enhanced(), ..self }
    }
}

/// A reply that closes is somebody's wish to hang up.
impl From<Reply> for Refusal {
    fn from(reply: Reply) -> Self {
        let closing = reply.closes().then_some(Closing::HungUp);
        Self { reply, closing }
    }
}
