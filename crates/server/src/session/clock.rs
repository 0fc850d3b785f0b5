//! The time of a session.

use std::time::SystemTime;

use tokio::time::Instant;

use super::Session;

impl Session {
    /// Returns when the session began.
    pub(crate) fn began(&self) -> Instant {
        self.0.began.moment
    }

    /// Returns the time of day for the session's events: the host's time at the begin, plus the time that has
    /// passed since. So it never goes back within a session, even if somebody sets the clock.
    pub(crate) fn time(&self) -> SystemTime {
        self.0.began.time + self.0.began.moment.elapsed()
    }
}
