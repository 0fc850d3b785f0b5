//! Networks, as settings name them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// An IP network in CIDR notation, or a single address.
///
/// An IPv6 network within `::ffff:0:0/96` counts as the IPv4 network that it maps. A mapped address is compared as IPv4.
///
/// # Examples
/// ```
/// use mailchute::proxy::Network;
///
/// let network: Network = "10.0.0.0/8".parse()?;
/// assert!(network.contains("10.1.2.3".parse().unwrap()));
/// assert!(network.contains("::ffff:10.1.2.3".parse().unwrap()));
/// assert!(!network.contains("192.0.2.1".parse().unwrap()));
/// assert_eq!("2001:db8::1".parse::<Network>()?.to_string(), "2001:db8::1/128");
/// # Ok::<(), mailchute::proxy::NetworkError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpNet);

/// The error for a text that does not name a [`Network`]. It says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkError {
    text: String,
    fault: Fault,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    NoNetwork,
    /// The address has bits after the prefix. The value is the network that was probably meant.
    HostBits(IpNet),
}

/// The bits before a mapped IPv4 address in IPv6.
const MAPPED: u8 = 96;

impl Network {
    /// Returns whether an address belongs to the network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical().into())
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(address.into());
        }
        let error = |fault| NetworkError { text: text.to_owned(), fault };
        let network: IpNet = text.parse().map_err(|_| error(Fault::NoNetwork))?;
        if network.addr() != network.network() {
            return Err(error(Fault::HostBits(network.trunc())));
        }
        let is_mapped = network.addr().is_ipv6() && network.addr().to_canonical().is_ipv4();
        match network.prefix_len().checked_sub(MAPPED).filter(|_| is_mapped) {
            Some(length) => IpNet::new(network.addr().to_canonical(), length)
                .map(Self)
                .map_err(|_| error(Fault::NoNetwork)),
            None => Ok(Self(network)),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, fault } = self;
        match fault {
            Fault::NoNetwork => write!(
                f,
                "{text:?} is not a network; write one such as 10.0.0.0/8 or 2001:db8::/32, or an address"
            ),
            Fault::HostBits(network) => {
                write!(f, "{text:?} has an address that goes on after its prefix; write {network}")
            }
        }
    }
}

impl std::error::Error for NetworkError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_networks_and_addresses() {
        for (text, printed) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
            ("::ffff:192.0.2.1", "192.0.2.1/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), printed, "{text}");
        }
    }

    #[test]
    fn refuses_other_text_and_says_what_to_write() {
        for text in ["", "localhost", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "2001:db8::/129", "10.0.0.0/8 "]
        {
            let error = text.parse::<Network>().unwrap_err().to_string();
            assert!(error.contains("such as 10.0.0.0/8"), "{error}");
        }
        let error = "10.0.0.1/8".parse::<Network>().unwrap_err().to_string();
        assert!(error.ends_with("write 10.0.0.0/8"), "{error}");
    }

    #[test]
    fn keeps_address_families_apart() {
        let all_v6: Network = "::/0".parse().unwrap();
        assert!(all_v6.contains("2001:db8::1".parse().unwrap()));
        assert!(!all_v6.contains("192.0.2.1".parse().unwrap()));
    }
}
