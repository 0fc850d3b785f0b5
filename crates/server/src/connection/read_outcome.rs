//! What waiting for the client leads to, and what may interrupt it.

use crate::session::disconnect::Disconnect;

/// What waiting for octets led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    Input,
    Gone,
    Timeout,
    /// The server stops.
    Stop,
}

impl From<Wake> for Disconnect {
    fn from(wake: Wake) -> Self {
        match wake {
            Wake::Timeout => Self::Timeout,
            Wake::Stop => Self::Shutdown,
            Wake::Input | Wake::Gone => Self::ClientGone,
        }
    }
}

/// Whether a session may be stopped where it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Between transactions.
    UntilStop,
    /// Within one.
    UntilTimeout,
}
