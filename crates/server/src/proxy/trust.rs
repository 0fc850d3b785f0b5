//! Trust in proxies.
//!
//! # Why
//!
//! XCLIENT and XFORWARD are allowed by the first client of the connection: the one in the PROXY header, if
//! there is one. Otherwise every client of a proxy could use them, even if the header names none. As in
//! Postfix, XCLIENT does not change this trust.

use std::net::IpAddr;

use crate::net::network::Network;
use crate::net::peer::Peer;
use crate::proxy::Header;

#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies {
    /// The peers that must begin with a PROXY header.
    pub(crate) proxies: Vec<Network>,
    /// The clients that may send XCLIENT and XFORWARD.
    pub(crate) xclients: Vec<Network>,
}

impl TrustedProxies {
    /// Returns whether nothing was set.
    pub(crate) fn is_default(&self) -> bool {
        self.proxies.is_empty() && self.xclients.is_empty()
    }

    pub(crate) fn is_proxy(&self, peer: Peer) -> bool {
        is_in(&self.proxies, peer)
    }

    /// Returns whether the first client of a connection may send XCLIENT and XFORWARD. If a PROXY header names none, the
    /// client is not the proxy itself: the proxy may have passed on a client that it could not name.
    pub(crate) fn may_speak_for_others(&self, peer: Peer, header: Option<Header>) -> bool {
        match header {
            None => is_in(&self.xclients, peer),
            Some(Header::Proxied { client, .. }) => is_in(&self.xclients, Peer::Network(client)),
            Some(Header::Local) => false,
        }
    }

    /// Returns the address that a client's connection counts for, if any. A client that speaks for others counts as
    /// those, as soon as it names them.
    pub(crate) fn countable_address(&self, client: Peer) -> Option<IpAddr> {
        client.countable_address().filter(|_| !is_in(&self.xclients, client))
    }
}

/// Returns whether a peer is in one of the networks. A Unix socket is in none, although it has an address.
fn is_in(networks: &[Network], origin: Peer) -> bool {
    match origin {
        Peer::Network(address) => networks.iter().any(|network| network.contains(address.ip())),
        Peer::UnixSocket => false,
    }
}
