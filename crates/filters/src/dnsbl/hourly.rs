//! Warnings that come once an hour, however often their reason occurs.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const HOUR: Duration = Duration::from_secs(3600);

/// The last time that a warning was given.
#[derive(Debug, Default)]
pub(super) struct Hourly(Mutex<Option<Instant>>);

impl Hourly {
    /// Returns whether the warning is due. It is not due again for an hour.
    pub(super) fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= HOUR);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}
