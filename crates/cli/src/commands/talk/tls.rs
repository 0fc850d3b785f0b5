//! TLS of a talk: it goes on with any certificate, and says whether the certificate is verified.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use mailchute::tls::TlsVersion;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, ProtocolVersion, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::stream::Stream;
use crate::failure::Failure;
use crate::options::talk_options::Place;

/// Opens TLS with one server.
pub(super) struct Tls {
    name: ServerName<'static>,
    roots: RootCertStore,
}

/// The facts of a TLS session with a server.
pub(super) struct Secured {
    pub(super) version: TlsVersion,
    pub(super) cipher: String,
    /// The DNS names in the certificate, not escaped.
    pub(super) names: Vec<String>,
    /// Why the certificate is not verified.
    pub(super) doubt: Option<String>,
}

impl Tls {
    pub(super) fn new(place: &Place, ca: Option<&Path>) -> Result<Self, Failure> {
        let host = match place {
            Place::Tcp { host, .. } => host.as_str(),
            Place::Unix(_) => "localhost",
        };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Failure::usage(format!("{host:?} cannot be the name in a certificate")))?;
        Ok(Self { name, roots: roots(ca)? })
    }

    pub(super) async fn handshake(&self, stream: Box<dyn Stream>) -> io::Result<(Box<dyn Stream>, Secured)> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let judge = Arc::new(Judge::new(&self.roots, Arc::clone(&provider)));
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&judge) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        let stream = TlsConnector::from(Arc::new(config)).connect(self.name.clone(), stream).await?;
        let (_, session) = stream.get_ref();
        let suite = session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        let secured = Secured {
            version: match session.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => TlsVersion::Tls1_2,
                _ => TlsVersion::Tls1_3,
            },
            // rustls calls the suites of TLS 1.3 `TLS13_…`, which no registry does.
            cipher: suite.unwrap_or("unknown").replace("TLS13_", "TLS_"),
            names: certificate.map(names).unwrap_or_default(),
            doubt: judge.doubt(),
        };
        Ok((Box::new(stream), secured))
    }
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca else {
        // Systems have some that are not what they should be.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let unusable = |why: String| Failure::unusable(format!("--ca: {}: {why}", path.display()));
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    for certificate in read.map_err(|error| unusable(error.to_string()))? {
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unusable("it holds no certificate".to_owned())) } else { Ok(roots) }
}

fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(certificate) = webpki::EndEntityCert::try_from(certificate) else { return Vec::new() };
    let mut names: Vec<_> = certificate.valid_dns_names().map(str::to_owned).collect();
    names.dedup();
    names
}

/// Verifies a certificate as usual, and keeps the outcome instead of ending the handshake. The server must still prove
/// that it has the key.
#[derive(Debug)]
struct Judge {
    provider: Arc<CryptoProvider>,
    /// `None` if there are no authorities.
    verifier: Option<Arc<WebPkiServerVerifier>>,
    doubt: Mutex<Option<String>>,
}

impl Judge {
    fn new(roots: &RootCertStore, provider: Arc<CryptoProvider>) -> Self {
        let builder =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots.clone()), Arc::clone(&provider));
        let doubt = Mutex::new(Some("no certificate was shown".to_owned()));
        Self { provider, verifier: builder.build().ok(), doubt }
    }

    fn doubt(&self) -> Option<String> {
        self.doubt.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let doubt = match &self.verifier {
            None => Some("this system has no certificates of authorities; name a file with --ca".to_owned()),
            Some(verifier) => verifier
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .err()
                .map(|error| error.to_string()),
        };
        *self.doubt.lock().unwrap_or_else(PoisonError::into_inner) = doubt;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
