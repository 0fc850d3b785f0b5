//! The servers of `--dns`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// The port of DNS.
pub(crate) const PORT: u16 = 53;

/// A DNS server, by its address and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DnsServer(pub(crate) SocketAddr);

impl FromStr for DnsServer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        let address = text.parse().or_else(|_| bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT)));
        match address {
            Ok(address) if address.port() != 0 => Ok(Self(address)),
            _ => {
                Err("write an IP address, and a port if it is not 53, such as 127.0.0.1 or [::1]:5353"
                    .to_owned())
            }
        }
    }
}

impl fmt::Display for DnsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses_with_and_without_a_port() {
        for (text, address) in [
            ("127.0.0.1", "127.0.0.1:53"),
            ("127.0.0.1:5353", "127.0.0.1:5353"),
            ("::1", "[::1]:53"),
            ("[::1]", "[::1]:53"),
            ("[::1]:5353", "[::1]:5353"),
        ] {
            assert_eq!(text.parse::<DnsServer>().map(|server| server.to_string()), Ok(address.to_owned()));
        }
        for text in ["", "localhost", "127.0.0.1:0", "127.0.0.1:65536", "53", ":53"] {
            assert!(
                text.parse::<DnsServer>().is_err_and(|error| error.contains("such as 127.0.0.1")),
                "{text}"
            );
        }
    }
}
