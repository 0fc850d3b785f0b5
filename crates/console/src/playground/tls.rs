//! TLS of the playground: a certificate that is made at the start, and a client that trusts only this one.

use std::error::Error;
use std::sync::Arc;

use mailchute::tls::TlsConfig;
use rcgen::CertifiedKey;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::pipe::ClientEnd;

/// The host name of the playground's server.
pub(super) const HOSTNAME: &str = "play.example";

/// The TLS of both sides.
pub(super) struct Tls {
    pub(super) server: TlsConfig,
    client: Arc<ClientConfig>,
}

impl Tls {
    /// Makes a certificate, and what trusts it.
    pub(super) fn new() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed([HOSTNAME.to_owned()])?;
        let server = TlsConfig::from_pem(cert.pem().as_bytes(), signing_key.serialize_pem().as_bytes())?;
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone())?;
        let provider = Arc::new(crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { server, client: Arc::new(config) })
    }

    pub(super) fn connector(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.client)
    }
}

/// Makes a handshake as a client does after STARTTLS.
pub(super) async fn handshake(
    connector: Arc<ClientConfig>,
    client: ClientEnd,
) -> std::io::Result<TlsStream<ClientEnd>> {
    let name = ServerName::try_from(HOSTNAME).map_err(std::io::Error::other)?;
    TlsConnector::from(connector).connect(name, client).await
}
