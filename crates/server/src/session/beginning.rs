//! The begin of a session.

use std::time::SystemTime;

use tokio::time::Instant;

/// The begin of a session, by the clock of the host and by one that never goes back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beginning {
    pub(super) time: SystemTime,
    pub(super) moment: Instant,
}

impl Beginning {
    pub(super) fn now() -> Self {
        Self { time: SystemTime::now(), moment: Instant::now() }
    }
}
