use std::net::IpAddr;

use mailchute_proto::Domain;

use crate::net::endpoint::Endpoint;
use crate::net::network::Network;
use crate::options::domains::Domains;
use crate::options::listen_at::ListenAddress;
use crate::options::size::Size;
use crate::options::time_span::TimeSpan;

/// The values of options: endpoints, networks, domains, sizes and times print text that parses to the same value. An
/// invalid value is refused with what to write instead.
pub fn option_values(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    match text.parse::<Endpoint>() {
        Ok(endpoint) => {
            assert_eq!(endpoint.to_string().parse(), Ok(endpoint.clone()));
            let is_path = text.starts_with("unix:");
            assert_eq!(matches!(endpoint, Endpoint::Unix(_)), is_path);
            assert!(!is_path || !endpoint.is_public());
        }
        Err(error) => assert!(error.to_string().starts_with("write ")),
    }
    match text.parse::<ListenAddress>() {
        Ok(place) => assert_eq!(place.to_string().parse(), Ok(place)),
        Err(error) => assert!(error.contains("write "), "{error}"),
    }
    match text.parse::<Network>() {
        Ok(network) => agrees_with_the_reference(text, network),
        Err(error) => assert!(error.to_string().contains("write "), "{error}"),
    }
    if let Ok(domain) = Domain::parse(text) {
        assert_eq!(Domain::parse(domain.as_str()), Ok(domain));
    }
    match text.parse::<Domains>() {
        Ok(domains) => assert_eq!(domains.to_string(), text),
        Err(error) => assert!(error.contains("; write "), "{error}"),
    }
    match text.parse::<Size>() {
        Ok(size) => assert_eq!(size.to_string().parse(), Ok(size)),
        Err(error) => assert!(error.contains("write "), "{error}"),
    }
    match text.parse::<TimeSpan>() {
        Ok(time) => assert_eq!(time.to_string().parse(), Ok(time)),
        Err(error) => assert!(error.contains("write "), "{error}"),
    }
}

/// The network by its bits: it contains its own address, and no address that differs in a bit of the prefix.
fn agrees_with_the_reference(text: &str, network: Network) {
    let printed = network.to_string();
    assert_eq!(printed.parse(), Ok(network), "{text:?}");
    let (address, length) = printed.split_once('/').expect("a network has a prefix");
    let (address, length): (IpAddr, u32) =
        (address.parse().expect("an address"), length.parse().expect("a length"));
    assert!(network.contains(address), "{text:?}");
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 32),
        IpAddr::V6(address) => (address.into(), 128),
    };
    for place in 0..width {
        let flipped = bits ^ 1 << (127 - place);
        let other: IpAddr = match address {
            IpAddr::V4(_) => std::net::Ipv4Addr::from(u32::try_from(flipped >> 96).expect("32 bits")).into(),
            IpAddr::V6(_) => std::net::Ipv6Addr::from(flipped).into(),
        };
        let is_mapped = address.is_ipv6() && other.to_canonical().is_ipv4();
        assert!(is_mapped || network.contains(other) == (place >= length), "{text:?} and {other}");
    }
}
