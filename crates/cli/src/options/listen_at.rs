//! The addresses of `--listen`, `--tls-listen` and `--lmtp`.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs as _};
use std::str::FromStr;

use mailchute::address::Domain;
use mailchute::listen::Endpoint;

use crate::options::paths;

/// The address without any option.
pub(crate) const DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 2525);

/// An endpoint that the program opens, or a socket that it inherits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListenAddress {
    Own(Endpoint),
    /// `:2525`: this port on all interfaces, IPv6 and IPv4.
    AllInterfaces(u16),
    /// `localhost:2525`: this port on all addresses of a host name.
    Host(Domain, u16),
    /// All sockets of this name (`FileDescriptorName=`) from systemd.
    Systemd(String),
}

impl ListenAddress {
    /// Parses an endpoint on which TLS is possible.
    pub(crate) fn for_tls(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(Self::Own(Endpoint::Unix(_))) => Err(format!("implicit TLS works over TCP only; {TCP}")),
            read => read,
        }
    }

    /// Parses an endpoint of HTTP.
    pub(crate) fn for_http(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(Self::Own(Endpoint::Unix(_))) => Err(format!("HTTP is served over TCP only; {TCP}")),
            read => read,
        }
    }

    /// Returns the endpoints to open, at least one; none if systemd passes the socket.
    ///
    /// # Errors
    /// If a host name has no address.
    pub(crate) fn endpoints(&self) -> io::Result<Vec<Endpoint>> {
        let addresses = match self {
            Self::Own(endpoint) => return Ok(vec![endpoint.clone()]),
            Self::Systemd(_) => return Ok(Vec::new()),
            Self::AllInterfaces(port) => everywhere(*port),
            Self::Host(name, port) => {
                let mut addresses: Vec<SocketAddr> = Vec::new();
                for address in (&*name.to_ascii(), *port).to_socket_addrs()? {
                    // The resolver may return an address once for each kind of socket.
                    if !addresses.contains(&address) {
                        addresses.push(address);
                    }
                }
                addresses
            }
        };
        Ok(addresses.into_iter().map(Endpoint::Tcp).collect())
    }
}

/// One socket takes IPv6 and IPv4, unless the host has no IPv6 or separates the two (`net.ipv6.bindv6only`).
fn everywhere(port: u16) -> Vec<SocketAddr> {
    let (v4, v6) = ((Ipv4Addr::UNSPECIFIED, port).into(), (Ipv6Addr::UNSPECIFIED, port).into());
    let probe = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0));
    match probe.map(rustix::net::sockopt::ipv6_v6only) {
        Err(_) => vec![v4],
        Ok(Ok(true)) => vec![v6, v4],
        Ok(_) => vec![v6],
    }
}

/// The hint for a wrong address.
const TCP: &str = "write an address and a port, such as 127.0.0.1:2525, [::1]:2525 or localhost:2525; :2525 for all \
                   interfaces; 2525 for 127.0.0.1 only";

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("systemd:") {
            return match name.is_empty() || name.contains(|c: char| c == ':' || c.is_control()) {
                true => {
                    Err("write the FileDescriptorName= of a socket from systemd, such as systemd:smtp"
                        .to_owned())
                }
                false => Ok(Self::Systemd(name.to_owned())),
            };
        }
        let wrong = || {
            format!(
                "{TCP}; a path, such as unix:/run/mailchute/lmtp; or a socket from systemd, such as systemd:smtp"
            )
        };
        if let Ok(endpoint) = text.parse() {
            if let Endpoint::Unix(path) = &endpoint {
                paths::socket(path).map_err(|error| error.to_string())?;
            }
            return Ok(Self::Own(endpoint));
        }
        if text.starts_with("unix:") {
            return Err(wrong());
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (Some(host), port),
            None => (None, text),
        };
        let port = port_number(port).ok_or_else(wrong)?;
        match host {
            None => Ok(Self::Own(Endpoint::Tcp((Ipv4Addr::LOCALHOST, port).into()))),
            Some("") => Ok(Self::AllInterfaces(port)),
            Some(name) => host_name(name).map(|name| Self::Host(name, port)).ok_or_else(wrong),
        }
    }
}

fn port_number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Whether it is a name, and not a mistyped network address.
fn host_name(text: &str) -> Option<Domain> {
    let last_label = text.rsplit('.').next()?;
    if last_label.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Domain::parse(text).ok()
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(endpoint) => endpoint.fmt(f),
            Self::AllInterfaces(port) => write!(f, ":{port}"),
            Self::Host(name, port) => write!(f, "{name}:{port}"),
            Self::Systemd(name) => write!(f, "systemd:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(text: &str) -> Vec<String> {
        let place: ListenAddress = text.parse().expect(text);
        assert_eq!(place.to_string().parse(), Ok(place.clone()), "{text}");
        place.endpoints().expect(text).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn reads_addresses_ports_and_names() {
        assert_eq!(endpoints("2525"), ["127.0.0.1:2525"]);
        assert_eq!(endpoints("127.0.0.1:2525"), ["127.0.0.1:2525"]);
        assert_eq!(endpoints("[::1]:25"), ["[::1]:25"]);
        assert_eq!(endpoints("unix:/run/x"), ["unix:/run/x"]);
        assert_eq!(endpoints("systemd:smtp"), [""; 0]);
        let everywhere = endpoints(":2525");
        assert!(everywhere.iter().all(|it| it == "[::]:2525" || it == "0.0.0.0:2525"), "{everywhere:?}");
        assert!(!everywhere.is_empty());
        let local = endpoints("localhost:2525");
        assert!(local.iter().all(|it| it == "127.0.0.1:2525" || it == "[::1]:2525"), "{local:?}");
        assert!(!local.is_empty());
    }

    #[test]
    fn refuses_invalid_addresses_with_a_hint() {
        for text in [
            "",
            ":",
            "localhost",
            "localhost:",
            "localhost:smtp",
            "localhost:65536",
            ":65536",
            "65536",
            "-1",
            "+25",
            ":+25",
            "127.0.0.1",
            "127.0.0.1:65536",
            "127.0.0.1.5:25",
            "256.0.0.1:25",
            "::1:25",
            "[::1]",
            "::1",
            "*:25",
            "a b:25",
            "http://localhost:25",
            "unix:",
            "::25",
        ] {
            let error = text.parse::<ListenAddress>().expect_err(text);
            assert!(
                error.contains("such as 127.0.0.1:2525") && error.contains(":2525 for all interfaces"),
                "{text}: {error}"
            );
        }
        for text in ["systemd:", "systemd:a:b"] {
            assert!(text.parse::<ListenAddress>().expect_err(text).contains("systemd:smtp"), "{text}");
        }
        assert!(
            ListenAddress::for_tls("unix:/x")
                .is_err_and(|error| error.starts_with("implicit TLS works over TCP only; "))
        );
        assert!(ListenAddress::for_tls("localhost:465").is_ok());
    }
}
