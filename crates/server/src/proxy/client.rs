//! The client of a session, as its proxies have named it.
//!
//! # Why
//!
//! XCLIENT asks the connect hooks again, since the client has changed, and moves the slot to the new client.
//! Everything that hooks kept or changed for the previous client is dropped. The counts of errors and guesses
//! go on.
//!
//! As in Postfix, STARTTLS keeps the client that XCLIENT named, but drops its login and its hello. A proxy that passes
//! its client's STARTTLS on would otherwise lend it its own address and rights.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use mailchute_proto::{Attribute, XClient};

use crate::proxy::Header;

/// The client that a proxy speaks for. A session without a proxy has none.
#[derive(Debug, Clone)]
pub(crate) struct ProxiedClient {
    pub(crate) address: SocketAddr,
    pub(crate) destination: Option<SocketAddr>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) reverse_name: Option<Arc<str>>,
}

impl ProxiedClient {
    pub(crate) fn of(address: SocketAddr) -> Self {
        Self { address, destination: None, name: None, reverse_name: None }
    }

    pub(crate) fn by_header(header: Header) -> Option<Box<Self>> {
        match header {
            Header::Local => None,
            Header::Proxied { client, destination } => {
                Some(Box::new(Self { destination: Some(destination), ..Self::of(client) }))
            }
        }
    }

    /// Applies an XCLIENT. Attributes that it does not carry stay, but a new address discards the old port and names.
    pub(crate) fn update(&mut self, told: &XClient) {
        if let Some(address) = &told.addr {
            *self = Self { destination: self.destination, ..Self::of(SocketAddr::new(ip(address), 0)) };
        }
        if let Some(port) = &told.port {
            self.address.set_port(port.known().copied().unwrap_or_default());
        }
        if let Some(name) = &told.name {
            self.name = name.known().map(|name| name.as_str().into());
        }
        if let Some(name) = &told.reverse_name {
            self.reverse_name = name.known().map(|name| name.as_str().into());
        }
        let before = self.destination;
        let address = told.dest_addr.as_ref().map_or(before.map(|to| to.ip()), |told| told.known().copied());
        let port = told.dest_port.as_ref().map_or(before.map(|to| to.port()), |told| told.known().copied());
        self.destination = address.map(|address| SocketAddr::new(address, port.unwrap_or_default()));
    }
}

/// Returns the unspecified address for one that the proxy does not know. It is in no network, while the proxy's own
/// address would be trusted.
fn ip(told: &Attribute<IpAddr>) -> IpAddr {
    told.known().copied().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}
