//! A listener of a flag.

use std::fmt;

use mailchute::listen::Endpoint;

use crate::options::listen_at::ListenAddress;
use crate::options::listener_options::{ListenerOptions, ListenerProtocol};

/// The protocol that a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Smtp,
    Smtps,
    Lmtp,
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
    /// The name that a policy goes by. Without one, it is the address as the option has it.
    pub(crate) name: Option<String>,
    /// The mode of the file of a Unix socket.
    pub(crate) mode: Option<u32>,
}

impl Listener {
    /// A listener whose policy is that of the server.
    pub(crate) fn new(place: ListenAddress, protocol: Protocol) -> Self {
        Self { place, protocol, name: None, mode: None }
    }

    /// Returns the listeners of a `[[listener]]`, one for each address.
    pub(crate) fn of(options: &ListenerOptions) -> impl Iterator<Item = Self> {
        let protocol = match options.protocol {
            ListenerProtocol::Lmtp => Protocol::Lmtp,
            ListenerProtocol::Smtp if options.has_implicit_tls() => Protocol::Smtps,
            ListenerProtocol::Smtp => Protocol::Smtp,
        };
        options.address.iter().map(move |place| Self {
            place: place.clone(),
            protocol,
            name: Some(options.name()),
            mode: options.mode,
        })
    }

    /// Returns the listener of the library for an endpoint to open.
    pub(crate) fn open(&self, endpoint: Endpoint) -> mailchute::Listener {
        match self.mode {
            Some(mode) => self.on(endpoint).mode(mode),
            None => self.on(endpoint),
        }
    }

    /// Returns the listener of the library for an address or a socket.
    pub(crate) fn on(&self, address: impl Into<mailchute::Listener>) -> mailchute::Listener {
        let listener = address.into();
        let listener = match self.protocol {
            Protocol::Smtp => listener,
            Protocol::Smtps => listener.implicit_tls(),
            Protocol::Lmtp => listener.lmtp(),
        };
        match &self.name {
            Some(name) => listener.name(name.as_str()),
            None => listener.name(self.place.to_string()),
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.place, self.protocol)
    }
}
