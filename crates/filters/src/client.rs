//! The client that a filter counts: its address or network. The recipient that every client must reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mailchute::proxy::Network;
use mailchute::{Recipient, Session};

/// The networks whose clients a filter leaves alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exempt(Vec<Network>);

impl Exempt {
    pub(crate) fn add(&mut self, network: Network) {
        self.0.push(network);
    }

    /// Returns the address of the client. A process of this host that connects to a Unix socket has none, and neither has a
    /// client that a proxy does not know. An exempt client is treated like them.
    pub(crate) fn address(&self, session: &Session) -> Option<IpAddr> {
        let address = session.client_ip();
        let is_local = session.is_over_unix_socket() && address.is_loopback();
        let is_exempt =
            is_local || address.is_unspecified() || self.0.iter().any(|network| network.contains(address));
        (!is_exempt).then_some(address)
    }
}

/// Returns the network of a client: the first bits of an IPv4 address, or the first 64 bits of an IPv6 address. Hosts
/// choose the other 64 bits themselves.
pub(crate) fn network_of(address: IpAddr, v4_bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(v4_bits)).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// Returns whether a recipient is the postmaster of the host or of a domain, whom every client must reach: mail may go wrong
/// by mistake.
pub(crate) fn is_postmaster(to: &Recipient) -> bool {
    to.mailbox().is_none_or(|mailbox| mailbox.local_part().eq_ignore_ascii_case("postmaster"))
}

#[cfg(test)]
mod tests {
    use mailchute::listen::Arrival;
    use mailchute::{Server, testing};

    use super::*;

    #[test]
    fn a_network_is_the_first_bits_of_an_address() {
        for (address, bits, network) in [
            ("192.0.2.77", 24, "192.0.2.0"),
            ("192.0.2.77", 32, "192.0.2.77"),
            ("192.0.2.77", 0, "0.0.0.0"),
            ("::ffff:192.0.2.77", 24, "192.0.2.0"),
            ("2001:db8:1:2:3:4:5:6", 24, "2001:db8:1:2::"),
        ] {
            let parse = |text: &str| text.parse::<IpAddr>().expect("an address");
            assert_eq!(network_of(parse(address), bits), parse(network), "{address}/{bits}");
        }
    }

    #[test]
    fn exempt_and_unknown_clients_have_no_address() {
        let mut exempt = Exempt::default();
        exempt.add("10.0.0.0/8".parse().expect("a network"));
        for (client, is_counted) in [
            ("192.0.2.1:25", true),
            ("127.0.0.1:25", true),
            ("10.1.2.3:25", false),
            ("[::ffff:10.1.2.3]:25", false),
            ("0.0.0.0:0", false),
        ] {
            let session = testing::session().from(client.parse().expect("an address")).build();
            assert_eq!(exempt.address(&session).is_some(), is_counted, "{client}");
        }
    }

    #[tokio::test]
    async fn processes_at_a_unix_socket_have_no_address() {
        let server = Server::builder()
            .on_connect(|session| async move {
                assert_eq!(Exempt::default().address(&session), None);
            })
            .store(testing::Inbox::new())
            .build()
            .expect("a server");
        let (mut client, stream) = tokio::io::duplex(1024);
        let serving = async move { server.serve_connection(stream, Arrival::over_unix_socket()).await };
        let serving = tokio::spawn(serving);
        let mut greeting = [0; 3];
        tokio::io::AsyncReadExt::read_exact(&mut client, &mut greeting).await.expect("a greeting");
        assert_eq!(&greeting, b"220");
        drop(client);
        serving.await.expect("no panic");
    }
}
