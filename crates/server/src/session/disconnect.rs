//! Why a session ended.

use std::fmt;

use mailchute_proto::Closing;

/// The cause of a disconnect, told once to hooks and events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Disconnect {
    /// The client said QUIT.
    Quit,
    /// The client closed or lost the connection without QUIT.
    ClientGone,
    /// A timeout ran out.
    Timeout,
    /// The connect hook had refused the client.
    Refused,
    /// A hook hung up.
    Hook,
    /// A limit of the session was reached: errors, wrong passwords, transactions, the length of a line.
    Limit,
    /// The client broke the protocol so that nothing more can be taken from it.
    Violation,
    /// The TLS handshake failed.
    TlsFailure,
    /// The server stops.
    Shutdown,
}

impl From<Closing> for Disconnect {
    fn from(closing: Closing) -> Self {
        match closing {
            Closing::Quit => Self::Quit,
            Closing::Limit => Self::Limit,
            Closing::Violation => Self::Violation,
            _ => Self::Hook,
        }
    }
}

impl fmt::Display for Disconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quit => "quit",
            Self::ClientGone => "client gone",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::Hook => "hung up by a hook",
            Self::Limit => "limit reached",
            Self::Violation => "protocol violation",
            Self::TlsFailure => "TLS failure",
            Self::Shutdown => "shutdown",
        })
    }
}
