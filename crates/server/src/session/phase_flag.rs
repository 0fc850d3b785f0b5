//! The part of a session's phase that the facts do not tell.

use std::sync::atomic::{AtomicU8, Ordering};

/// Tells whether a message comes, or the session is over.
#[derive(Debug, Default)]
pub(super) struct PhaseFlag(AtomicU8);

const NEITHER: u8 = 0;
const MESSAGE: u8 = 1;
const OVER: u8 = 2;

impl PhaseFlag {
    pub(super) fn begin_message(&self) {
        self.0.store(MESSAGE, Ordering::Relaxed);
    }

    /// Ends the message, if one was under way.
    pub(super) fn end_message(&self) {
        if self.is_message() {
            self.0.store(NEITHER, Ordering::Relaxed);
        }
    }

    pub(super) fn end(&self) {
        self.0.store(OVER, Ordering::Relaxed);
    }

    pub(super) fn is_message(&self) -> bool {
        self.0.load(Ordering::Relaxed) == MESSAGE
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed) == OVER
    }
}
