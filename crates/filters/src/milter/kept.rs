//! Each milter of a session and of a transaction, kept from one question to the next.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use mailchute::Session;

use super::conversation::Conversation;

/// The number of a milter in this process. A session may have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Number(u64);

impl Number {
    pub(super) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

#[derive(Default)]
struct Conversations(HashMap<Number, Conversation>);

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

#[derive(Default)]
struct Courses(HashMap<Number, Course>);

/// Takes the conversation with a milter, or begins one. A hook that is dropped while it waits does not put it back: its
/// connection may be in the middle of an answer, so the next question needs a new one.
pub(super) fn take(milter: Number, session: &Session) -> Conversation {
    let kept = session.state().with_mut(|Conversations(all)| all.remove(&milter));
    kept.flatten().unwrap_or_default()
}

/// Keeps the conversation for the next question.
pub(super) fn put_back(milter: Number, session: &Session, conversation: Conversation) {
    session.state().update(|Conversations(all)| all.insert(milter, conversation));
}

/// Returns the course of the transaction, if it is settled.
pub(super) fn course(milter: Number, session: &Session) -> Option<Course> {
    session.transaction_state().with(|Courses(all)| all.get(&milter).copied()).flatten()
}

/// Settles the course of the transaction.
pub(super) fn settle(milter: Number, session: &Session, course: Course) {
    session.transaction_state().update(|Courses(all)| all.insert(milter, course));
}
