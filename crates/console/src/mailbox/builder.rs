//! Options of a mailbox.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::retention::Retention;

/// How long a deletion can be undone.
const UNDO: Duration = Duration::from_secs(10);

/// How long a request waits for files that are put into the index. Then it is answered with what is there.
const PATIENCE: Duration = Duration::from_secs(1);

/// The field with the tags of a message. Other tools read it, too.
const TAGS: &str = "X-Tags";

/// Options of a [`Mailbox`](crate::Mailbox). Returned by [`Mailbox::builder`](crate::Mailbox::builder).
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is opened"]
pub struct MailboxBuilder {
    pub(super) path: PathBuf,
    pub(super) retention: Retention,
    pub(super) undo: Duration,
    pub(super) patience: Duration,
    pub(super) tags: String,
}

impl MailboxBuilder {
    pub(super) fn new(path: &Path) -> Self {
        let (retention, tags) = (Retention::all(), TAGS.to_owned());
        Self { path: path.to_owned(), retention, undo: UNDO, patience: PATIENCE, tags }
    }

    /// Sets which messages are kept. By default all are kept.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Sets how long deleted messages can be restored, before their files are removed. Default is 10 seconds.
    pub fn undo(mut self, time: Duration) -> Self {
        self.undo = time;
        self
    }

    /// Sets the field of messages that has their tags, with commas between them. The mailbox groups messages by these, and
    /// finds them by `tag:`. Default is `X-Tags`. With another field, the index is made again.
    pub fn tags_field(mut self, name: impl Into<String>) -> Self {
        self.tags = name.into();
        self
    }

    /// Sets how long a request waits for the index.
    #[cfg(test)]
    pub(crate) fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }
}
