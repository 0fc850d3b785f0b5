//! Why the mailbox cannot answer.

use std::fmt;
use std::io;
use std::sync::Arc;

/// The mailbox cannot answer.
#[derive(Debug, Clone)]
pub(crate) enum MailboxError {
    /// The server stops.
    Closed,
    /// The Maildir cannot be read or changed.
    Maildir(Arc<io::Error>),
    /// Not even an index in memory works.
    Index(Arc<str>),
    /// The message is longer than a page shows.
    TooLong,
}

impl fmt::Display for MailboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the server is stopping"),
            Self::Maildir(error) => write!(f, "the Maildir cannot be used: {error}"),
            Self::Index(error) => write!(f, "the index of messages cannot be used: {error}"),
            Self::TooLong => f.write_str("the message is too long to be shown"),
        }
    }
}

impl std::error::Error for MailboxError {}

impl From<io::Error> for MailboxError {
    fn from(error: io::Error) -> Self {
        Self::Maildir(Arc::new(error))
    }
}
