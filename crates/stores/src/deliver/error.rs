//! Why mail cannot be taken out of a stream.

use std::error::Error;
use std::fmt;
use std::io;

/// Why mail cannot be taken out of a stream. Its text says what to do instead.
#[derive(Debug)]
#[non_exhaustive]
pub enum DeliverError {
    /// The URL does not name a stream, or an option is wrong. The text says which.
    Option(String),
    /// A file cannot be read.
    File(io::Error),
    /// No stream takes the subject.
    NoStream(String),
    /// A consumer of this name reads another subject.
    OtherConsumer {
        /// The name of the consumer.
        name: String,
        /// The subject that it reads.
        subject: String,
    },
    /// NATS cannot be reached, or does not answer. It may later.
    Unreachable(Box<dyn Error + Send + Sync>),
}

impl DeliverError {
    pub(super) fn unreachable(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unreachable(error.into())
    }

    /// Returns whether it may work later without another configuration.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::NoStream(_))
    }
}

impl fmt::Display for DeliverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(text) => f.write_str(text),
            Self::File(error) => error.fmt(f),
            Self::NoStream(subject) => write!(
                f,
                "no stream has the subject {subject}; make one, for example by: nats stream add MAIL --subjects '{subject}'"
            ),
            Self::OtherConsumer { name, subject } => write!(
                f,
                "the consumer {name} of this stream reads {subject:?}; give another name for this subject, or delete that \
                 consumer"
            ),
            Self::Unreachable(error) => write!(f, "NATS cannot be reached: {error}"),
        }
    }
}

impl Error for DeliverError {}
