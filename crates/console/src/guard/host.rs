//! The rule of `Host`: a name that leads here by the DNS of somebody else (DNS rebinding) is not ours.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;

use crate::guard::refusal::Refusal;

/// The two ends of a connection, which the server of the console puts into each request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listening {
    listener: SocketAddr,
    client: SocketAddr,
}

impl Listening {
    pub(crate) fn new(listener: SocketAddr, client: SocketAddr) -> Self {
        Self { listener, client }
    }

    /// Without the server of the console, only loopback names are known to be ours.
    pub(crate) fn of(request: &Request) -> Self {
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        request.extensions().get().copied().unwrap_or(Self::new(nowhere, nowhere))
    }

    pub(crate) fn client(self) -> IpAddr {
        self.client.ip()
    }
}

/// The names of the console.
#[derive(Debug)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    pub(crate) fn new(names: Vec<String>) -> Self {
        Self(names.into_iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    pub(crate) fn check(&self, named: Option<&str>, listening: Listening) -> Result<(), Refusal> {
        let Some(named) = named else {
            return Err(Refusal::no_host());
        };
        let host = without_port(named);
        let is_ours = match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) => is_own(address.to_canonical(), listening.listener.ip().to_canonical()),
            Err(_) => host == "localhost" || self.0.iter().any(|name| name == host),
        };
        if is_ours { Ok(()) } else { Err(Refusal::foreign_host(host)) }
    }
}

/// A listener at all addresses cannot know them: a port of a container is reached by the address of its machine. A page
/// of another site never has an address as its host by rebinding, which needs a name.
fn is_own(address: IpAddr, listener: IpAddr) -> bool {
    address.is_loopback() || address == listener || listener.is_unspecified()
}

/// Returns the host that a request names, in lower case. `Host` and an absolute URI must agree.
///
/// # Errors
/// A refusal if there are several, or one that cannot be read.
pub(crate) fn named(request: &Request) -> Result<Option<String>, Refusal> {
    let mut fields = request.headers().get_all(HOST).iter();
    let field = match (fields.next(), fields.next()) {
        (_, Some(_)) => return Err(Refusal::no_host()),
        (None, None) => None,
        (Some(field), None) => {
            let authority = field.to_str().ok().and_then(|text| text.parse::<Authority>().ok());
            Some(
                authority
                    .filter(|authority| !authority.as_str().contains('@'))
                    .ok_or_else(Refusal::no_host)?,
            )
        }
    };
    match (request.uri().authority(), field) {
        (Some(absolute), Some(field)) if *absolute != field => Err(Refusal::no_host()),
        (_, field) => Ok(field.map(|field| field.as_str().to_ascii_lowercase())),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(hosts: &Hosts, listener: &str, host: &str) -> bool {
        let listener = listener.parse().unwrap();
        hosts.check(Some(host), Listening::new(listener, listener)).is_ok()
    }

    #[test]
    fn only_own_addresses_and_names_are_hosts() {
        let hosts = Hosts::new(vec!["Mail.Example.com".into()]);
        for host in [
            "localhost",
            "localhost:8025",
            "127.0.0.1:8025",
            "[::1]:80",
            "[::1]",
            "127.9.9.9",
            "mail.example.com:1",
        ] {
            assert!(admits(&hosts, "127.0.0.1:8025", host), "{host}");
        }
        let foreign = [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[2001:db8::1]",
            "localhost:8025:1",
            "",
            "::1",
            "xlocalhost",
        ];
        for host in foreign {
            assert!(host == "::1" || !admits(&hosts, "127.0.0.1:8025", host), "{host}");
        }
    }

    #[test]
    fn a_listener_at_all_addresses_takes_each_address_but_no_name() {
        let hosts = Hosts::new(Vec::new());
        assert!(admits(&hosts, "0.0.0.0:8025", "192.0.2.7:8025"));
        assert!(admits(&hosts, "[::]:8025", "[2001:db8::1]:8025"));
        assert!(!admits(&hosts, "0.0.0.0:8025", "evil.example:8025"));
        assert!(admits(&hosts, "192.0.2.7:8025", "192.0.2.7"));
        assert!(!admits(&hosts, "192.0.2.7:8025", "192.0.2.8"));
    }
}
