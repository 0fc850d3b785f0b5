//! The phases of a session, for statistics and lists.

use crate::session::Session;

/// The phase of a session, as statistics show it. The machine decides by its own `Phase` (`crates/proto/src/phase.rs`)
/// which command is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionPhase {
    /// The client has not sent EHLO, HELO or LHLO yet, or not again since TLS began.
    Connected,
    /// The client is between two transactions.
    Ready,
    /// The client has begun a transaction.
    Transaction,
    /// The server receives a message, or waits for the hooks and the store to decide on it.
    Message,
    /// The session is over.
    Over,
}

impl Session {
    /// Returns the current phase.
    #[must_use]
    pub fn phase(&self) -> SessionPhase {
        if self.0.phase_flag.is_over() {
            return SessionPhase::Over;
        }
        if self.0.phase_flag.is_message() {
            return SessionPhase::Message;
        }
        let facts = self.facts();
        match (&facts.greeting.hello, &facts.transaction.envelope) {
            (_, Some(_)) => SessionPhase::Transaction,
            (Some(_), None) => SessionPhase::Ready,
            (None, None) => SessionPhase::Connected,
        }
    }

    pub(crate) fn began_message(&self) {
        self.0.phase_flag.begin_message();
    }

    pub(crate) fn ended(&self) {
        self.0.phase_flag.end();
    }
}
