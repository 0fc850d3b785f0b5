//! The cause of the end of a session.

use std::fmt;

use mailchute_proto::Closing;

use crate::runtime::counters::Count;

/// The cause of a disconnect. Hooks and events get it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Disconnect {
    /// The client sent QUIT.
    Quit,
    /// The client closed or lost the connection without QUIT.
    ClientGone,
    /// A timeout ran out.
    Timeout,
    /// A connect hook refused the client.
    Refused,
    /// A hook closed the connection.
    Hook,
    /// A limit of the session was reached: errors, wrong passwords, transactions, the length of a line.
    Limit,
    /// The client broke the protocol, so that the server can accept nothing more from it.
    Violation,
    /// The TLS handshake failed.
    TlsFailure,
    /// The server stops.
    Shutdown,
    /// The application has closed the session by [`Session::close`](crate::Session::close).
    Closed,
}

impl Disconnect {
    /// Returns the counter of the sessions that end so.
    pub(crate) fn count(self) -> Count {
        match self {
            Self::Quit => Count::EndedByQuit,
            Self::ClientGone => Count::EndedByClient,
            Self::Timeout => Count::EndedByTimeout,
            Self::Refused => Count::EndedByConnectHook,
            Self::Hook => Count::EndedByHook,
            Self::Limit => Count::EndedByLimit,
            Self::Violation => Count::EndedByViolation,
            Self::TlsFailure => Count::EndedByTlsFailure,
            Self::Shutdown => Count::EndedByShutdown,
            Self::Closed => Count::EndedByApplication,
        }
    }
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
            Self::Closed => "closed by the application",
        })
    }
}
