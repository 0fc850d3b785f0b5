//! Why a next hop is of no use now.

use std::error::Error;
use std::fmt;
use std::io;

use mailchute::Refusal;
use mailchute_proto::next_hop::{BadReply, ServerReply};

/// Why a connection to a next hop failed. Another connection, or another target, may do better.
#[derive(Debug)]
pub(crate) enum HopError {
    Io(io::Error),
    /// The handshake failed.
    Tls(io::Error),
    /// It has not answered in time, and to what.
    Late(&'static str),
    BadReply(BadReply),
    /// It refuses to serve: at the greeting, at EHLO, at STARTTLS, at AUTH, or by 421.
    Refused(&'static str, ServerReply),
    /// It does not offer what the configuration demands.
    Lacks(&'static str),
    /// All connections that there may be are in use.
    Busy,
}

impl HopError {
    /// The refusal that our client gets: nothing of the next hop's trouble is its fault, so it is to try again.
    pub(crate) fn refusal(self) -> Refusal {
        let refusal = match self {
            Self::Busy => {
                Refusal::new(451, (4, 4, 5), "Too many messages are on their way to the next server")
            }
            _ => Refusal::new(451, (4, 4, 1), "The next server cannot be reached"),
        };
        refusal.with_cause(self)
    }
}

impl fmt::Display for HopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Tls(error) => write!(f, "TLS: {error}"),
            Self::Late(what) => write!(f, "no answer to {what} in time"),
            Self::BadReply(error) => error.fmt(f),
            Self::Refused(what, reply) => write!(f, "{what} was answered {reply}"),
            Self::Lacks(what) => write!(f, "it does not offer {what}"),
            Self::Busy => f.write_str("all connections to the next server are in use"),
        }
    }
}

impl Error for HopError {}

impl From<io::Error> for HopError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<BadReply> for HopError {
    fn from(error: BadReply) -> Self {
        Self::BadReply(error)
    }
}
