//! One client, for the limit on its connections.

use std::net::IpAddr;

/// The key that a client's connections are counted by: an IPv4 address, or an IPv6 network of 64 bits. Hosts choose
/// the other 64 bits themselves.
///
/// [`TrustedProxies::countable_address`](crate::proxy::trust::TrustedProxies::countable_address) tells which connections
/// are counted at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ClientKey {
    V4([u8; 4]),
    V6([u16; 4]),
}

impl ClientKey {
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}
