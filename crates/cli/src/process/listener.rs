//! A listener of a flag.

use std::fmt;

use mailchute::listen::Endpoint;

use crate::options::args::Options;
use crate::options::listen_at::ListenAddress;
use crate::options::listener_options::{ListenerOptions, ListenerProtocol};
use crate::options::provenance::Provenance;

/// The protocol that a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Smtp,
    Smtps,
    Lmtp,
    Http,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Smtp => "smtp, starttls",
            Self::Smtps => "smtps",
            Self::Lmtp => "lmtp",
            Self::Http => "http",
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
            // HTTP is not spoken by the library, which would take it for SMTP.
            Protocol::Smtp | Protocol::Http => listener,
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

/// Everything that the flags ask for, in the order of listening. Each has the beginning of a message about it.
pub(crate) fn named(options: &Options) -> Vec<(String, Listener)> {
    fn with_names(
        provenance: &Provenance,
        option: &str,
        listeners: impl Iterator<Item = Listener>,
    ) -> Vec<(String, Listener)> {
        let listeners = listeners.enumerate();
        listeners.map(|(number, listener)| (provenance.name_of_item(option, number), listener)).collect()
    }
    let of = |option: &str, places: &[ListenAddress], protocol| {
        let listeners = places.iter().map(|place| Listener::new(place.clone(), protocol));
        with_names(&options.provenance, option, listeners)
    };
    let mut listeners = of("listen", &options.listen, Protocol::Smtp);
    listeners.extend(of("tls-listen", &options.tls_listen, Protocol::Smtps));
    listeners.extend(of("lmtp", &options.lmtp, Protocol::Lmtp));
    for listener in &options.listener {
        listeners.extend(with_names(&listener.provenance, "address", Listener::of(listener)));
    }
    if listeners.is_empty() {
        listeners =
            of("listen", &[ListenAddress::Own(Endpoint::Tcp(options.default_address()))], Protocol::Smtp);
    }
    listeners.extend(of("http", &options.web.addresses(), Protocol::Http));
    listeners
}
