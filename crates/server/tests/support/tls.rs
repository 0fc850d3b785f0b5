//! Certificates, and a client that trusts them.

use std::sync::{Arc, OnceLock};

use mailchute::{Io, TlsConfig};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::DuplexStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::talk::Talk;

/// The name in the certificate.
pub(crate) const NAME: &str = "mx.example.com";

/// A certificate with its key.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
    der: rustls::pki_types::CertificateDer<'static>,
}

/// A certificate of its own making.
pub(crate) fn make_identity() -> Identity {
    let key = KeyPair::generate().expect("keys can be made");
    let certificate = CertificateParams::new(vec![NAME.to_owned()])
        .and_then(|parameters| parameters.self_signed(&key))
        .expect("the name is a domain");
    Identity { certificate: certificate.pem(), key: key.serialize_pem(), der: certificate.der().clone() }
}

/// The identity of this test process.
pub(crate) fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(make_identity)
}

/// For [`Builder::tls`](mailchute::Builder::tls).
pub(crate) fn config() -> TlsConfig {
    let Identity { certificate, key, .. } = identity();
    TlsConfig::from_pem(certificate.as_bytes(), key.as_bytes()).expect("it was just made")
}

/// Shakes hands over `stream` as the client.
pub(crate) async fn secure<S: Io>(
    stream: S,
    versions: &[&'static SupportedProtocolVersion],
) -> Talk<TlsStream<S>> {
    let mut roots = RootCertStore::empty();
    roots.add(identity().der.clone()).expect("it is a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .expect("ring has these versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(NAME).expect("it is a domain");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    Talk::new(stream.expect("the handshake succeeds"))
}

/// Says EHLO and STARTTLS and shakes hands; EHLO inside TLS is left to the caller.
pub(crate) async fn start_tls(mut talk: Talk<DuplexStream>) -> Talk<TlsStream<DuplexStream>> {
    talk.hello().await;
    talk.ask("STARTTLS", "220 2.0.0").await;
    secure(talk.into_inner(), rustls::ALL_VERSIONS).await
}
