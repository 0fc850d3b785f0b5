//! One client, for limits.

use std::net::IpAddr;

/// One client, for limits by client: an IPv4 address, or an IPv6 network of 64 bits, as hosts choose the other 64 bits
/// themselves.
///
/// The server counts connections by it. Use it in your limits too, so that one host is one client everywhere.
///
/// # Examples
/// ```
/// use mailchute::limits::ClientKey;
///
/// let key = |address: &str| ClientKey::of(address.parse().unwrap());
/// assert_eq!(key("2001:db8::1"), key("2001:db8::2:1"));
/// assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
/// assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
/// assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientKey(Key);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    V4([u8; 4]),
    V6([u16; 4]),
}

impl ClientKey {
    /// Returns the client that has an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => Key::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Key::V6([a, b, c, d])
            }
        })
    }
}
