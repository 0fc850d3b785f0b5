//! Which messages are kept.

use std::time::Duration;

/// Bounds on the messages that are kept. The oldest ones are removed first, from the Maildir too. By default all are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    pub(super) messages: Option<u64>,
    pub(super) age: Option<Duration>,
    pub(super) bytes: Option<u64>,
}

impl Retention {
    /// Keeps all messages.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Keeps at most this many messages.
    #[must_use]
    pub fn messages(self, messages: u64) -> Self {
        Self { messages: Some(messages), ..self }
    }

    /// Keeps messages no longer than this.
    #[must_use]
    pub fn age(self, age: Duration) -> Self {
        Self { age: Some(age), ..self }
    }

    /// Keeps messages of at most this many bytes in all.
    #[must_use]
    pub fn bytes(self, bytes: u64) -> Self {
        Self { bytes: Some(bytes), ..self }
    }

    /// Returns whether nothing is ever removed.
    pub(super) fn keeps_all(self) -> bool {
        self == Self::default()
    }
}
