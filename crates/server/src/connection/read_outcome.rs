//! The outcome of waiting for the client, and what may interrupt the wait.

use crate::session::disconnect::Disconnect;

/// The outcome of waiting for bytes of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadOutcome {
    Input,
    Gone,
    Timeout,
    /// The server stops.
    Shutdown,
    /// The application closes the session.
    Closed,
}

impl From<ReadOutcome> for Disconnect {
    fn from(wake: ReadOutcome) -> Self {
        match wake {
            ReadOutcome::Timeout => Self::Timeout,
            ReadOutcome::Shutdown => Self::Shutdown,
            ReadOutcome::Closed => Self::Closed,
            ReadOutcome::Input | ReadOutcome::Gone => Self::ClientGone,
        }
    }
}

/// How a stop of the server affects a session that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interruptible {
    /// Between transactions: the stop ends the wait.
    UntilStop,
    /// Within a transaction: it may come to its end.
    UntilTimeout,
}
