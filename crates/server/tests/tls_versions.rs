//! The versions of TLS that the server speaks.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::support::odd_names::OddName;
use crate::support::talk::{Talk, connect, listen};
use crate::support::tls::{NAME, client, config, identity, start};
use crate::support::{accepting, build};
use mailchute::tls::{TlsConfig, TlsVersion};
use rustls::version::{TLS12, TLS13};
use rustls::{ProtocolVersion, SupportedProtocolVersion};

const OLD: &SupportedProtocolVersion = &TLS12;
const NEW: &SupportedProtocolVersion = &TLS13;

async fn serve(tls: Result<TlsConfig, mailchute::tls::TlsError>) -> SocketAddr {
    listen(&build(accepting().tls(tls.expect("there is a version")))).await
}

/// The version for a client with these versions, if TLS succeeds.
async fn spoken(
    address: SocketAddr,
    versions: &[&'static SupportedProtocolVersion],
) -> Option<ProtocolVersion> {
    let config = Arc::new(client(versions, &[identity()]).with_no_client_auth());
    let talk = start(address, &config, NAME).await.ok()?;
    talk.get_ref().get_ref().1.protocol_version()
}

#[tokio::test]
async fn only_clients_of_a_version_in_the_range_get_tls() {
    let (v1_2, v1_3) = (Some(ProtocolVersion::TLSv1_2), Some(ProtocolVersion::TLSv1_3));
    for (tls, to_old, to_new, to_both) in [
        (Ok(config()), v1_2, v1_3, v1_3),
        (config().versions(TlsVersion::Tls1_2..), v1_2, v1_3, v1_3),
        (config().versions(TlsVersion::Tls1_3..), None, v1_3, v1_3),
        (config().versions(..TlsVersion::Tls1_3), v1_2, None, v1_2),
        (config().versions(..=TlsVersion::Tls1_2), v1_2, None, v1_2),
        (config().versions(TlsVersion::Tls1_3..=TlsVersion::Tls1_3), None, v1_3, v1_3),
        // The last range counts.
        (config().versions(TlsVersion::Tls1_3..).and_then(|tls| tls.versions(..)), v1_2, v1_3, v1_3),
    ] {
        let address = serve(tls).await;
        for (versions, expected) in [(&[OLD][..], to_old), (&[NEW], to_new), (&[OLD, NEW], to_both)] {
            assert_eq!(spoken(address, versions).await, expected, "{versions:?}");
        }
    }
}

#[tokio::test]
async fn an_odd_name_costs_no_handshake_whatever_is_spoken() {
    let name = OddName::called(b"mx.example.com:25");
    for (range, version) in [(TlsVersion::Tls1_2, OLD), (TlsVersion::Tls1_3, NEW)] {
        let address = serve(config().versions(range..=range)).await;
        let offers: [&[_]; 2] = [&[version], &[OLD, NEW]];
        for offer in offers {
            let client = Arc::new(name.client_of_all(offer).with_no_client_auth());
            let mut talk = connect(address).await;
            talk.hello().await;
            talk.ask("STARTTLS", "220 2.0.0").await;
            let mut talk = Talk::new(name.shake(talk.into_inner(), &client).await.expect("TLS begins"));
            talk.ask("EHLO client.example", "250-mx.example.com").await;
            // Bytes after the handshake pass unchanged.
            talk.ask("NOOP", "250 2.0.0").await;
        }
    }
}

#[test]
fn a_range_without_a_version_is_refused_with_what_to_write() {
    #[allow(clippy::reversed_empty_ranges, reason = "that is the mistake")]
    let reversed = config().versions(TlsVersion::Tls1_3..=TlsVersion::Tls1_2);
    for (empty, written) in [
        (reversed, "TLSv1.3..=TLSv1.2"),
        (config().versions(..TlsVersion::Tls1_2), "..TLSv1.2"),
        (config().versions(TlsVersion::Tls1_3..TlsVersion::Tls1_3), "TLSv1.3..TLSv1.3"),
    ] {
        let error = empty.unwrap_err().to_string();
        let expected = format!("versions is {written}, with no version in it; write TlsVersion::Tls1_2..");
        assert!(error.starts_with(&expected), "{error}");
    }
}
