//! Several certificates: the name from the client selects one, and no name ends the connection.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::support::danger::Anything;
use crate::support::talk::listen;
use crate::support::tls::{Identity, client, start};
use crate::support::{accepting, build};
use mailchute::tls::TlsConfig;
use rustls::SignatureScheme::{ECDSA_NISTP256_SHA256, ED25519};
use rustls::pki_types::CertificateDer;
use rustls::version::{TLS12, TLS13};

fn and(config: TlsConfig, identity: &Identity) -> TlsConfig {
    config.add_certificate(identity.server()).expect("it has a name")
}

async fn serve(config: TlsConfig) -> SocketAddr {
    listen(&build(accepting().tls(config))).await
}

/// The certificate for this name, for a client that accepts any; no name if it is "".
async fn served(address: SocketAddr, name: &'static str, version: usize) -> CertificateDer<'static> {
    let mut config = client(&[[&TLS12, &TLS13][version]], &[]).with_no_client_auth();
    config
        .dangerous()
        .set_certificate_verifier(Arc::new(Anything::signed_by(&[ED25519, ECDSA_NISTP256_SHA256])));
    config.enable_sni = !name.is_empty();
    let name = if name.is_empty() { "unsaid.example" } else { name };
    let talk = start(address, &Arc::new(config), name).await.expect("the handshake succeeds");
    talk.get_ref().get_ref().1.peer_certificates().expect("a server shows one")[0].clone()
}

#[tokio::test]
async fn sni_chooses_the_certificate_and_the_first_is_the_default() {
    let first = Identity::of(&["mx.example.com", "mail.example.com"]);
    let second = Identity::of(&["lists.example.org"]);
    let wild = Identity::of(&["*.example.net"]);
    let exact = Identity::of(&["exact.example.net"]);
    let address = serve([&second, &wild, &exact].into_iter().fold(first.config(), and)).await;
    for version in [0, 1] {
        for (name, expected) in [
            ("mx.example.com", &first),
            ("mail.example.com", &first),
            ("LISTS.example.org", &second),
            ("any.example.net", &wild),
            ("exact.example.net", &exact),
            ("a.b.example.net", &first),
            ("example.net", &first),
            ("unknown.example", &first),
            ("", &first),
        ] {
            assert!(served(address, name, version).await == expected.der, "{name:?}");
        }
    }
}

#[tokio::test]
async fn sends_the_first_certificate_that_the_client_can_verify() {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["mx.example.com".to_owned()]).unwrap();
    let modern = Identity::new(&parameters.self_signed(&key).unwrap(), &key);
    let common = Identity::of(&["mx.example.com"]);
    let address = serve(and(modern.config(), &common)).await;
    assert_eq!(served(address, "mx.example.com", 1).await, modern.der);
    let mut config = client(&[&TLS13], &[]).with_no_client_auth();
    config.dangerous().set_certificate_verifier(Arc::new(Anything::signed_by(&[ECDSA_NISTP256_SHA256])));
    let talk = start(address, &Arc::new(config), "mx.example.com").await.unwrap();
    assert_eq!(talk.get_ref().get_ref().1.peer_certificates().unwrap()[0], common.der);
}

#[test]
fn refuses_a_nameless_certificate_unless_it_is_the_default() {
    let nameless = Identity::of(&[]);
    let named = Identity::of(&["mx.example.com"]);
    let error = named.config().add_certificate(nameless.server()).unwrap_err().to_string();
    assert!(error.starts_with("the certificate has no DNS name"), "{error}");
    assert!(nameless.config().add_certificate(named.server()).is_ok());
}
