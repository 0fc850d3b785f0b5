//! For which sessions something is asked.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::session::Session;

/// One condition on a session.
#[derive(Clone)]
pub(crate) enum Condition {
    /// The session came in by the listener of this name.
    Listener(Arc<str>),
    /// The application's own.
    Predicate(Arc<dyn Fn(&Session) -> bool + Send + Sync>),
}

impl Condition {
    fn holds(&self, session: &Session) -> bool {
        match self {
            Self::Listener(name) => session.listener() == Some(name),
            Self::Predicate(holds) => {
                catch_unwind(AssertUnwindSafe(|| holds(session))).unwrap_or_else(|_| {
                    // Policy that should perhaps apply applies.
                    tracing::error!(name: "hook-panicked", "a predicate panicked");
                    true
                })
            }
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

/// Something that is asked where all its conditions hold.
pub(crate) struct Conditional<T: ?Sized> {
    conditions: Vec<Condition>,
    asked: Arc<T>,
}

impl<T: ?Sized> Conditional<T> {
    /// Asked in all sessions.
    pub(super) fn always(asked: Arc<T>) -> Self {
        Self { conditions: Vec::new(), asked }
    }

    pub(super) fn add(&mut self, condition: Condition) {
        self.conditions.push(condition);
    }

    /// Returns what is to be asked, if it is in this session.
    pub(super) fn of(&self, session: &Session) -> Option<&T> {
        self.conditions.iter().all(|condition| condition.holds(session)).then_some(&*self.asked)
    }

    /// Whether it may be asked in sessions of this listener; for `None`, in those of any.
    pub(super) fn may_be_on(&self, listener: Option<&str>) -> bool {
        self.conditions.iter().all(|condition| match condition {
            Condition::Listener(name) => listener == Some(name),
            Condition::Predicate(_) => true,
        })
    }
}
