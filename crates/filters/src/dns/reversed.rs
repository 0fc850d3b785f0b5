//! Addresses in names: the first part comes last (RFC 1035 §3.5, RFC 3596 §2.5, RFC 5782 §2.1).

use std::net::IpAddr;

/// Returns the four numbers of an IPv4 address, or the 32 digits of an IPv6 address, as labels in reverse order.
///
/// An IPv4 address that is mapped into IPv6 counts as IPv4.
pub(crate) fn reversed(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}")
        }
        IpAddr::V6(address) => {
            let digits = format!("{:032x}", address.to_bits());
            let mut labels = String::with_capacity(63);
            for digit in digits.chars().rev() {
                if !labels.is_empty() {
                    labels.push('.');
                }
                labels.push(digit);
            }
            labels
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_of_an_address_comes_last() {
        for (address, labels) in [
            ("192.0.2.99", "99.2.0.192"),
            ("::ffff:192.0.2.99", "99.2.0.192"),
            ("2001:db8:1:2:3:4:567:89ab", "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2"),
        ] {
            assert_eq!(reversed(address.parse().expect("an address")), labels);
        }
    }
}
