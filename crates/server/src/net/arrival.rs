//! A connection as it comes in: from whom, and what is spoken on it.

use std::net::SocketAddr;
use std::sync::Arc;

use mailchute_proto::Protocol;

use crate::net::endpoint::Endpoint;
use crate::net::peer::Peer;

/// A connection as it comes in.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) origin: Peer,
    pub(crate) service: Service,
    /// Where it was taken, unless the application has brought it.
    pub(crate) listener: Option<Arc<Endpoint>>,
}

impl Arrival {
    /// One that the application has brought.
    pub(crate) fn brought(client: SocketAddr, service: Service) -> Self {
        Self { origin: Peer::Network(client), service, listener: None }
    }
}

/// The service that a listener offers to its clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) protocol: Protocol,
    pub(crate) opening: Opening,
}

impl Service {
    pub(crate) const SMTP: Self = Self { protocol: Protocol::Smtp, opening: Opening::Plain };
    pub(crate) const SMTP_INSIDE_TLS: Self = Self { protocol: Protocol::Smtp, opening: Opening::Tls };
    pub(crate) const LMTP: Self = Self { protocol: Protocol::Lmtp, opening: Opening::Plain };
}

/// How a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// In the clear; TLS comes by STARTTLS if at all.
    Plain,
    /// With a TLS handshake (RFC 8314).
    Tls,
}
