//! TLS towards a next hop.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::connection::Stream;

/// How TLS is used towards the next hop, where the connection does not begin with it (`smtps:`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HopTls {
    /// STARTTLS if the next hop offers it, whatever its certificate says, as between mail servers of the Internet. If the
    /// handshake fails, mail goes without TLS.
    #[default]
    Opportunistic,
    /// STARTTLS, with a certificate that names the host of the URL. Otherwise no mail goes.
    Require,
    /// No TLS.
    Off,
}

/// Certificates for both sides, from files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Files<'f> {
    /// The authorities that are trusted instead of those of the system.
    pub(crate) ca: Option<&'f Path>,
    /// Our own certificate and its key.
    pub(crate) own: Option<(&'f Path, &'f Path)>,
}

/// Opens TLS with next hops.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    pub(super) is_verified: bool,
}

impl Tls {
    /// Reads the files. With `verifies` the certificate of the next hop must name its host.
    pub(super) fn new(verifies: bool, files: Files<'_>) -> io::Result<Self> {
        Ok(Self { connector: Arc::new(config(verifies, files)?).into(), is_verified: verifies })
    }

    pub(super) async fn handshake(
        &self,
        name: ServerName<'static>,
        stream: Box<dyn Stream>,
    ) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(self.connector.connect(name, stream).await?))
    }
}

/// Reads the files of a client. With `verifies` the certificate of the server must name its host.
pub(crate) fn config(verifies: bool, files: Files<'_>) -> io::Result<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    let builder = if verifies {
        builder.with_root_certificates(roots(files.ca)?)
    } else {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
    };
    match files.own {
        None => Ok(builder.with_no_client_auth()),
        Some((certificate, key)) => {
            let chain = certificates(certificate)?;
            let key_of = PrivateKeyDer::from_pem_file(key).map_err(|error| of_file(key, error))?;
            builder.with_client_auth_cert(chain, key_of).map_err(|error| of_file(key, error))
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("is_verified", &self.is_verified).finish_non_exhaustive()
    }
}

fn roots(ca: Option<&Path>) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| of_file(path, error))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            // Systems have some that are not what they should be.
            let (added, _) = roots.add_parsable_certificates(found.certs);
            if added == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    "this system has no certificates of authorities; install the package ca-certificates, or name a file",
                ));
            }
        }
    }
    Ok(roots)
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let all = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match all {
        Ok(all) if all.is_empty() => Err(of_file(path, "it holds no certificate")),
        all => all.map_err(|error| of_file(path, error)),
    }
}

fn of_file(path: &Path, error: impl fmt::Display) -> io::Error {
    io::Error::other(format!("{}: {error}", path.display()))
}

/// Takes any certificate: opportunistic TLS hides mail from those who only listen.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
