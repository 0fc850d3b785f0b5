//! Conditions: in which sessions a hook, authenticator or filter is asked.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::decision::Decision;
use crate::session::Session;

/// One condition on a session.
#[derive(Clone)]
pub(crate) enum Condition {
    /// The session came in on the listener of this name.
    Listener(Arc<str>),
    /// A predicate of the application.
    Predicate(Arc<dyn Fn(&Session) -> bool + Send + Sync>),
}

/// A predicate panicked.
#[derive(Debug)]
pub(super) struct Panicked;

impl From<Panicked> for Decision {
    fn from(_: Panicked) -> Self {
        Self::FAILED
    }
}

impl Condition {
    fn holds(&self, session: &Session) -> Result<bool, Panicked> {
        match self {
            Self::Listener(name) => Ok(session.listener() == Some(name)),
            Self::Predicate(holds) => catch_unwind(AssertUnwindSafe(|| holds(session))).map_err(|_| {
                tracing::error!(name: "hook-panicked", "a predicate panicked");
                Panicked
            }),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listener(name) => write!(f, "on({name:?})"),
            Self::Predicate(_) => f.write_str("when(…)"),
        }
    }
}

/// A hook, authenticator or filter that is asked where all its conditions hold.
pub(crate) struct Conditional<T: ?Sized> {
    conditions: Vec<Condition>,
    asked: Box<T>,
}

impl<T: ?Sized> Conditional<T> {
    /// Makes one that is asked in all sessions.
    pub(super) fn always(asked: Box<T>) -> Self {
        Self { conditions: Vec::new(), asked }
    }

    pub(super) fn add(&mut self, condition: Condition) {
        self.conditions.push(condition);
    }

    pub(super) fn asked_mut(&mut self) -> &mut T {
        &mut self.asked
    }

    /// Returns it if its conditions hold in this session. It can only restrict the client, so it is asked
    /// after a panic too.
    pub(super) fn restricting(&self, session: &Session) -> Option<&T> {
        let applies = self.conditions.iter().all(|condition| condition.holds(session).unwrap_or(true));
        applies.then_some(&*self.asked)
    }

    /// Returns it if its conditions hold in this session. It can let the client in, so a panic is an error.
    pub(super) fn granting(&self, session: &Session) -> Result<Option<&T>, Panicked> {
        for condition in &self.conditions {
            if !condition.holds(session)? {
                return Ok(None);
            }
        }
        Ok(Some(&*self.asked))
    }

    /// Returns whether it may be asked in sessions of this listener, or of any listener for `None`.
    pub(super) fn may_be_on(&self, listener: Option<&str>) -> bool {
        self.conditions.iter().all(|condition| match condition {
            Condition::Listener(name) => listener == Some(name),
            Condition::Predicate(_) => true,
        })
    }
}
