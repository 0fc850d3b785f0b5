//! What waiting for the client leads to, and what may interrupt it.

use crate::session::disconnect::Disconnect;

/// What waiting for octets led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadOutcome {
    Input,
    Gone,
    Timeout,
    /// The server stops.
    Shutdown,
}

impl From<ReadOutcome> for Disconnect {
    fn from(wake: ReadOutcome) -> Self {
        match wake {
            ReadOutcome::Timeout => Self::Timeout,
            ReadOutcome::Shutdown => Self::Shutdown,
            ReadOutcome::Input | ReadOutcome::Gone => Self::ClientGone,
        }
    }
}

/// Whether a session may be stopped where it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interruptible {
    /// Between transactions.
    UntilStop,
    /// Within one.
    UntilTimeout,
}
