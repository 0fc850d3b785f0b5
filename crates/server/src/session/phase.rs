//! How far a session is.

use std::sync::atomic::{AtomicU8, Ordering};

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionPhase {
    /// The client has not said EHLO, HELO or LHLO yet, or not again since TLS began.
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

/// What the facts do not say about the phase.
#[derive(Debug, Default)]
pub(super) struct Progress(AtomicU8);

const MESSAGE: u8 = 1;
const OVER: u8 = 2;

impl Progress {
    pub(super) fn begin_message(&self) {
        self.0.store(MESSAGE, Ordering::Relaxed);
    }

    /// The message, if one was under way, has ended.
    pub(super) fn end_message(&self) {
        if self.0.load(Ordering::Relaxed) == MESSAGE {
            self.0.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn end(&self) {
        self.0.store(OVER, Ordering::Relaxed);
    }

    /// The phase, where it is known without the facts.
    pub(super) fn phase(&self) -> Option<SessionPhase> {
        match self.0.load(Ordering::Relaxed) {
            OVER => Some(SessionPhase::Over),
            MESSAGE => Some(SessionPhase::Message),
            _ => None,
        }
    }
}
