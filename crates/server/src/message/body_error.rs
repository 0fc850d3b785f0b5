//! The reasons why the content of a message cannot be read.

use std::io;
use std::sync::Arc;

/// An error that keeps the content of a message from being read.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum BodyError {
    /// The message is incomplete: the client disconnected, was too slow, or sent invalid content.
    Incomplete,
    /// The content is longer than the reader wants. As a reply it is `552 5.3.4`.
    TooLong {
        /// The bytes that the reader wanted at most.
        limit: u64,
    },
    /// The reader that this message was passed to has ended, or a clone has already read the content.
    Gone,
    /// The content could not be kept for the next reader.
    Spool(Arc<io::Error>),
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Incomplete => f.write_str("the message is incomplete"),
            Self::TooLong { limit } => write!(f, "the message is longer than {limit} bytes"),
            Self::Gone => f.write_str("the content of the message is gone"),
            Self::Spool(error) => write!(f, "the message could not be spooled: {error}"),
        }
    }
}

impl std::error::Error for BodyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Spool(error) => Some(error),
            _ => None,
        }
    }
}

/// Converts the error for code that reads a message as [`AsyncRead`](tokio::io::AsyncRead).
impl From<BodyError> for io::Error {
    fn from(error: BodyError) -> Self {
        let kind = match &error {
            BodyError::Incomplete => io::ErrorKind::UnexpectedEof,
            BodyError::TooLong { .. } => io::ErrorKind::FileTooLarge,
            BodyError::Gone => io::ErrorKind::Other,
            BodyError::Spool(error) => error.kind(),
        };
        Self::new(kind, error)
    }
}
