//! Networks, as settings name them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// An IP network in CIDR notation, or a single address.
///
/// An IPv6 network within `::ffff:0:0/96` is taken for the IPv4 network that it maps, and an address that came
/// mapped is compared as IPv4.
///
/// # Examples
/// ```
/// use mailchute::Network;
///
/// let network: Network = "10.0.0.0/8".parse()?;
/// assert!(network.contains("10.1.2.3".parse().unwrap()));
/// assert!(network.contains("::ffff:10.1.2.3".parse().unwrap()));
/// assert!(!network.contains("192.0.2.1".parse().unwrap()));
/// assert_eq!("2001:db8::1".parse::<Network>()?.to_string(), "2001:db8::1/128");
/// # Ok::<(), mailchute::NetworkError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpNet);

/// Why a text is no [`Network`]; it says what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkError {
    text: String,
    fault: Fault,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fault {
    NoNetwork,
    /// The address goes on behind the prefix; the network that was meant.
    HostBits(IpNet),
}

/// Bits that IPv6 puts before a mapped IPv4 address.
const MAPPED: u8 = 96;

impl Network {
    /// Whether an address belongs to the network.
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
                "{text:?} is no network; write one such as 10.0.0.0/8 or 2001:db8::/32, or an address"
            ),
            Fault::HostBits(network) => {
                write!(f, "{text:?} has an address that goes on behind its prefix; write {network}")
            }
        }
    }
}

impl std::error::Error for NetworkError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_addresses_are_read() {
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
    fn what_is_no_network_is_refused_with_what_to_write() {
        for text in ["", "localhost", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "2001:db8::/129", "10.0.0.0/8 "]
        {
            let error = text.parse::<Network>().unwrap_err().to_string();
            assert!(error.contains("such as 10.0.0.0/8"), "{error}");
        }
        let error = "10.0.0.1/8".parse::<Network>().unwrap_err().to_string();
        assert!(error.ends_with("write 10.0.0.0/8"), "{error}");
    }

    #[test]
    fn families_are_not_mixed_up() {
        let all_v6: Network = "::/0".parse().unwrap();
        assert!(all_v6.contains("2001:db8::1".parse().unwrap()));
        assert!(!all_v6.contains("192.0.2.1".parse().unwrap()));
    }
}
