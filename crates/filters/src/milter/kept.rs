//! Each milter of a session and of a transaction, kept from one question to the next.

use mailchute::Session;

use super::conversation::Conversation;
use crate::filter_id::{FilterId, PerFilter};

/// The decision of a milter about the transaction before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// It wants to see no more of the message.
    Accepted,
    /// The message is dropped.
    Discarded,
    /// The milter has failed.
    Failed,
}

/// Takes the conversation with a milter, or begins one. A hook that is dropped while it waits does not put it back: its
/// connection may be in the middle of an answer, so the next question needs a new one.
pub(super) fn take(milter: FilterId, session: &Session) -> Conversation {
    PerFilter::take(session.state(), milter).unwrap_or_default()
}

/// Keeps the conversation for the next question.
pub(super) fn put_back(milter: FilterId, session: &Session, conversation: Conversation) {
    PerFilter::insert(session.state(), milter, conversation);
}

/// Returns the course of the transaction, if it is settled.
pub(super) fn course(milter: FilterId, session: &Session) -> Option<Course> {
    PerFilter::get(session.transaction_state(), milter)
}

/// Settles the course of the transaction.
pub(super) fn settle(milter: FilterId, session: &Session, course: Course) {
    PerFilter::insert(session.transaction_state(), milter, course);
}
