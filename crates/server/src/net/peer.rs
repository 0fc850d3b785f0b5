//! Where a connection comes from.
//!
//! # Why
//!
//! Clients of a Unix socket have the address 127.0.0.1:0, so that hooks need no `Option`;
//! `is_over_unix_socket` tells them apart. They are not counted as one client, since a mail server speaks
//! there for everyone.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Network(SocketAddr),
    /// A process of this host, which has no network address.
    UnixSocket,
}

impl Peer {
    /// Returns the address. For a Unix socket it is loopback with port 0.
    pub(crate) fn addr(self) -> SocketAddr {
        match self {
            Self::Network(address) => address,
            Self::UnixSocket => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        }
    }

    /// Returns the address that connections are counted by. Those of a Unix socket are not counted, as one local server
    /// brings them all. Nor are those of clients whose address a proxy does not know.
    pub(crate) fn countable_address(self) -> Option<IpAddr> {
        match self {
            Self::Network(address) => Some(address.ip().to_canonical()).filter(|ip| !ip.is_unspecified()),
            Self::UnixSocket => None,
        }
    }
}

/// For logs.
impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(address) => address.ip().to_canonical().fmt(f),
            Self::UnixSocket => f.write_str("a local socket"),
        }
    }
}
