//! A listener of a flag.

use std::fmt;

use crate::options::listen_at::ListenAddress;

/// The protocol that a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Smtp,
    Smtps,
    Lmtp,
}

impl Protocol {
    /// Creates a listener of the library for this protocol.
    pub(crate) fn on(self, address: impl Into<mailchute::Listener>) -> mailchute::Listener {
        let listener = address.into();
        match self {
            Self::Smtp => listener,
            Self::Smtps => listener.implicit_tls(),
            Self::Lmtp => listener.lmtp(),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smtp => "smtp, starttls",
            Self::Smtps => "smtps",
            Self::Lmtp => "lmtp",
        })
    }
}

/// An endpoint and its protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) place: ListenAddress,
    pub(crate) protocol: Protocol,
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.place, self.protocol)
    }
}
