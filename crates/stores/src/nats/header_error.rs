//! The error of a header of NATS.

use std::error::Error;
use std::fmt;

/// Why headers of NATS are not a [`StreamEnvelope`](crate::StreamEnvelope), or cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// A required header is missing.
    Missing(&'static str),
    /// A header stands more than once.
    Twice(&'static str),
    /// The value of a header is wrong.
    Wrong {
        /// The header.
        name: &'static str,
        /// Why, in words.
        why: String,
    },
}

impl HeaderError {
    pub(super) fn wrong(name: &'static str, why: impl fmt::Display) -> Self {
        Self::Wrong { name, why: why.to_string() }
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "{name} is missing"),
            Self::Twice(name) => write!(f, "{name} stands twice"),
            Self::Wrong { name, why } => write!(f, "{name}: {why}"),
        }
    }
}

impl Error for HeaderError {}
