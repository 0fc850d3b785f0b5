//! Certificates, and a client that trusts them.

use std::sync::{Arc, OnceLock};

use mailchute::listen::Io;
use mailchute::tls::{Certificate, TlsConfig};
use rcgen::{CertificateParams, KeyPair};
use rustls::client::WantsClientCert;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, SupportedProtocolVersion};
use tokio::io::DuplexStream;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::talk::{Talk, connect};

/// The name in the certificate.
pub(crate) const NAME: &str = "mx.example.com";

/// A certificate with its key.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) der: rustls::pki_types::CertificateDer<'static>,
}

impl Identity {
    /// A self-signed certificate with these names.
    pub(crate) fn of(names: &[&str]) -> Self {
        Self::by(KeyPair::generate().expect("keys can be made"), names)
    }

    /// A certificate of this key.
    pub(crate) fn by(key: KeyPair, names: &[&str]) -> Self {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let certificate = CertificateParams::new(names)
            .and_then(|parameters| parameters.self_signed(&key))
            .expect("the names are domains");
        Self::new(&certificate, &key)
    }

    pub(crate) fn new(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        Self { certificate: certificate.pem(), key: key.serialize_pem(), der: certificate.der().clone() }
    }

    pub(crate) fn server(&self) -> Certificate {
        Certificate::from_pem(self.certificate.as_bytes(), self.key.as_bytes()).expect("it was just made")
    }

    /// For [`Builder::tls`](mailchute::Builder::tls).
    pub(crate) fn config(&self) -> TlsConfig {
        TlsConfig::new(self.server())
    }
}

/// A self-signed certificate.
pub(crate) fn make_identity() -> Identity {
    Identity::of(&[NAME])
}

/// The identity of this test process.
pub(crate) fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(make_identity)
}

/// Its certificate.
pub(crate) fn certificate() -> &'static [u8] {
    &identity().der
}

/// For [`Builder::tls`](mailchute::Builder::tls).
pub(crate) fn config() -> TlsConfig {
    identity().config()
}

/// A client that trusts these certificates.
pub(crate) fn client(
    versions: &[&'static SupportedProtocolVersion],
    trusted: &[&Identity],
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    for identity in trusted {
        roots.add(identity.der.clone()).expect("it is a certificate");
    }
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .expect("the provider has these versions")
        .with_root_certificates(roots)
}

/// Performs the handshake over `stream` as the client.
pub(crate) async fn secure<S: Io>(
    stream: S,
    versions: &[&'static SupportedProtocolVersion],
) -> Talk<TlsStream<S>> {
    let config = client(versions, &[identity()]).with_no_client_auth();
    shake(stream, &Arc::new(config), NAME).await.expect("the handshake succeeds")
}

/// Performs the handshake over `stream` as this client, with a server of this name.
pub(crate) async fn shake<S: Io>(
    stream: S,
    config: &Arc<ClientConfig>,
    name: &'static str,
) -> std::io::Result<Talk<TlsStream<S>>> {
    let name = ServerName::try_from(name).expect("it is a domain");
    TlsConnector::from(Arc::clone(config)).connect(name, stream).await.map(Talk::new)
}

/// Connects, sends STARTTLS and performs the handshake.
pub(crate) async fn start(
    address: std::net::SocketAddr,
    config: &Arc<ClientConfig>,
    name: &'static str,
) -> std::io::Result<Talk<TlsStream<TcpStream>>> {
    let mut talk = connect(address).await;
    talk.hello().await;
    talk.ask("STARTTLS", "220 2.0.0").await;
    shake(talk.into_inner(), config, name).await
}

/// Sends EHLO and STARTTLS and performs the handshake. The caller sends EHLO inside TLS.
pub(crate) async fn start_tls(mut talk: Talk<DuplexStream>) -> Talk<TlsStream<DuplexStream>> {
    talk.hello().await;
    talk.ask("STARTTLS", "220 2.0.0").await;
    secure(talk.into_inner(), rustls::ALL_VERSIONS).await
}
