//! Why the mailbox cannot answer.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::Progress;

/// The mailbox cannot answer.
#[derive(Debug, Clone)]
pub(crate) enum MailboxError {
    /// The server stops.
    Closed,
    /// The Maildir cannot be read or changed.
    Maildir(Arc<io::Error>),
    /// Not even an index in memory works.
    Index(Arc<str>),
    /// Some messages are not in the index yet.
    Incomplete(Progress),
    /// It takes too long, as on a disk that does not answer.
    Slow,
    /// It failed at this request.
    Failed,
    /// The message is longer than a page shows.
    TooLong,
}

impl fmt::Display for MailboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the server is stopping"),
            Self::Maildir(error) => write!(f, "the Maildir cannot be used: {error}"),
            Self::Index(error) => write!(f, "the index of messages cannot be used: {error}"),
            Self::Incomplete(Progress { done, total }) => {
                write!(f, "the index has {done} of {total} messages, so try again when it has all of them")
            }
            Self::Slow => f.write_str("the mailbox does not answer"),
            Self::Failed => f.write_str("the mailbox failed at this request"),
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
