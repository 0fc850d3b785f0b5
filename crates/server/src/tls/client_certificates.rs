//! Whether clients are asked for a certificate, and which are trusted.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};

use super::error::{Fault, TlsError};
use super::peer::Trust;
use super::pem::{parse_chain, read};
use super::provider::provider;

/// Whether clients are asked for a certificate, and the authorities whose certificates are trusted.
///
/// A client is asked, and may have none or one that nobody vouches for, such as one that it signed itself; the
/// session goes on, and [`ClientCertificate::trust`](crate::ClientCertificate::trust) says what the certificate is
/// worth. Many servers of the Internet show such certificates when they send mail, so refusing them would lose it;
/// Postfix's `smtpd_tls_ask_ccert` does the same. That the client has the certificate's key is proved in any case.
///
/// [`required`](Self::required) ends the handshake of whoever has no trusted certificate.
#[derive(Debug, Clone)]
pub struct ClientCertificates {
    authorities: Arc<dyn ClientCertVerifier>,
    demand: Demand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    Optional,
    Required,
}

impl ClientCertificates {
    /// Asks for certificates, and trusts those whose chain ends at one of the certificates in this PEM file.
    ///
    /// # Errors
    /// [`TlsError`] names the file and the mistake: it cannot be read, or holds no certificate of an authority.
    pub fn from_pem_file(authorities: impl AsRef<Path>) -> Result<Self, TlsError> {
        let path = authorities.as_ref();
        Self::trusting(&read(path)?).map_err(|fault| TlsError::in_file(path, fault))
    }

    /// As [`from_pem_file`](Self::from_pem_file), from a text.
    ///
    /// # Errors
    /// [`TlsError`] names the mistake.
    pub fn from_pem(authorities: &[u8]) -> Result<Self, TlsError> {
        Self::trusting(authorities).map_err(|fault| TlsError::in_text("authorities", fault))
    }

    /// Ends the handshake of a client without a trusted certificate, and with it the session. Default is that
    /// certificates are optional: RFC 3207 §4 forbids turning away mail from the Internet for want of one.
    #[must_use]
    pub fn required(self) -> Self {
        Self { demand: Demand::Required, ..self }
    }

    fn trusting(authorities: &[u8]) -> Result<Self, Fault> {
        let mut roots = RootCertStore::empty();
        for certificate in parse_chain(authorities)? {
            roots.add(certificate).map_err(Fault::UnfitRoot)?;
        }
        let authorities = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|error| Fault::UnfitRoot(rustls::Error::General(error.to_string())))?;
        Ok(Self { authorities, demand: Demand::Optional })
    }

    /// What rustls asks during a handshake.
    pub(super) fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        match self.demand {
            Demand::Optional => Arc::new(AnyCertificate(Arc::clone(&self.authorities))),
            Demand::Required => Arc::clone(&self.authorities),
        }
    }

    /// What the certificate of a client is worth now, also when it came with a ticket of an earlier session.
    ///
    /// # Errors
    /// Why the session cannot go on.
    pub(super) fn judge(&self, chain: &[CertificateDer<'static>]) -> Result<Option<Trust>, rustls::Error> {
        let Some((leaf, others)) = chain.split_first() else {
            return match self.demand {
                Demand::Optional => Ok(None),
                Demand::Required => Err(rustls::Error::NoCertificatesPresented),
            };
        };
        match (self.authorities.verify_client_cert(leaf, others, UnixTime::now()), self.demand) {
            (Ok(_), _) => Ok(Some(Trust::Verified)),
            (Err(error), Demand::Required) => Err(error),
            (Err(error), Demand::Optional) => Ok(Some(Trust::Unverified { reason: reason(&error) })),
        }
    }
}

fn reason(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "no authority that is trusted has signed it".into()
        }
        rustls::Error::InvalidCertificate(error) => error.to_string(),
        error => error.to_string(),
    }
}

/// Lets any certificate pass whose key the client has: what it is worth is judged after the handshake.
#[derive(Debug)]
struct AnyCertificate(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
