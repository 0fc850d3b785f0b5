//! The lengths of prefixes that `a`, `mx`, `ip4` and `ip6` compare (RFC 7208 §5.6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A `dual-cidr-length`: how many bits of an address are compared, for each family.
#[derive(Clone, Copy, Debug)]
pub(super) struct DualCidr {
    pub(super) v4: u8,
    pub(super) v6: u8,
}

impl DualCidr {
    /// Takes a `dual-cidr-length` off the end of a text. Returns `None` if it is wrong.
    pub(super) fn split_off(text: &str) -> Option<(&str, Self)> {
        let (text, v6) = match without_digits(text) {
            Some((before, digits)) if before.ends_with('/') => {
                (&before[..before.len() - 1], length(digits, 128)?)
            }
            _ => (text, 128),
        };
        let (text, v4) = match without_digits(text) {
            Some((before, digits)) => (before, length(digits, 32)?),
            None => (text, 32),
        };
        Some((text, Self { v4, v6 }))
    }
}

/// Splits `/` and the digits after it off the end.
fn without_digits(text: &str) -> Option<(&str, &str)> {
    let (before, digits) = text.rsplit_once('/')?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some((before, digits))
}

/// A length without leading zeros, up to `max`.
pub(super) fn length(digits: &str, max: u8) -> Option<u8> {
    let is_number =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits.len() == 1 || !digits.starts_with('0'));
    digits.parse().ok().filter(|&length| is_number && length <= max)
}

/// Returns whether an address of the client's family is equal to the client's in its first bits.
pub(super) fn matches(client: IpAddr, network: IpAddr, cidr: DualCidr) -> bool {
    match (client, network) {
        (IpAddr::V4(client), IpAddr::V4(network)) => matches_v4(client, network, cidr.v4),
        (IpAddr::V6(client), IpAddr::V6(network)) => matches_v6(client, network, cidr.v6),
        _ => false,
    }
}

fn matches_v4(client: Ipv4Addr, network: Ipv4Addr, length: u8) -> bool {
    let mask = u32::MAX.checked_shl(u32::from(32 - length)).unwrap_or(0);
    (client.to_bits() ^ network.to_bits()) & mask == 0
}

fn matches_v6(client: Ipv6Addr, network: Ipv6Addr, length: u8) -> bool {
    let mask = u128::MAX.checked_shl(u32::from(128 - length)).unwrap_or(0);
    (client.to_bits() ^ network.to_bits()) & mask == 0
}
