//! The phases of a session, for statistics and lists.

use std::sync::atomic::{AtomicU8, Ordering};

/// The phase of a session.
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

/// The part of the phase that the facts do not tell.
#[derive(Debug, Default)]
pub(super) struct Progress(AtomicU8);

const MESSAGE: u8 = 1;
const OVER: u8 = 2;

impl Progress {
    pub(super) fn begin_message(&self) {
        self.0.store(MESSAGE, Ordering::Relaxed);
    }

    /// Ends the message, if one was under way.
    pub(super) fn end_message(&self) {
        if self.0.load(Ordering::Relaxed) == MESSAGE {
            self.0.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn end(&self) {
        self.0.store(OVER, Ordering::Relaxed);
    }

    /// Returns the phase, if it is known without the facts.
    pub(super) fn phase(&self) -> Option<SessionPhase> {
        match self.0.load(Ordering::Relaxed) {
            OVER => Some(SessionPhase::Over),
            MESSAGE => Some(SessionPhase::Message),
            _ => None,
        }
    }
}
