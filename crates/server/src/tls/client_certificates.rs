//! Whether clients are asked for a certificate, and which certificates are trusted.
//!
//! # Why
//!
//! A client's certificate is judged after the handshake, by one rule for full and resumed sessions. If certificates
//! are optional, an unverified one costs no mail, as in Postfix; hooks see that it is unverified.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, RootCertStore};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};

use super::error::{Fault, TlsError};
use super::peer::Trust;
use super::pem::{parse_chain, read};
use super::provider::provider;

/// Whether the server asks clients for a certificate, and the authorities that it trusts.
///
/// A client that is asked may have no certificate, or one that no trusted authority vouches for, such as a self-signed
/// one. The session continues, and [`ClientCertificate::trust`](crate::tls::ClientCertificate::trust) says what the
/// certificate is worth. Many servers of the Internet show such certificates when they send mail, so refusing them
/// would lose it. Postfix's `smtpd_tls_ask_ccert` does the same.
///
/// A certificate counts only if the client proved that it has the certificate's key. Where TLS cannot check that, the
/// client counts as one without a certificate:
///
/// - The certificate is not X.509 version 3.
/// - Its RSA key is shorter than 2,048 bits.
/// - Its key or the signature is of an unknown kind.
/// - The signature is wrong.
///
/// [`required`](Self::required) ends the handshake of a client without a trusted certificate.
#[derive(Debug, Clone)]
pub struct ClientCertificates {
    roots: Arc<RootCertStore>,
    authorities: Arc<dyn ClientCertVerifier>,
    demand: Demand,
    usage: Usage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    Optional,
    Required,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Usage {
    Client,
    Any,
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

    /// Does the same as [`from_pem_file`](Self::from_pem_file), from a text.
    ///
    /// # Errors
    /// [`TlsError`] names the mistake.
    pub fn from_pem(authorities: &[u8]) -> Result<Self, TlsError> {
        Self::trusting(authorities).map_err(|fault| TlsError::in_text("authorities", fault))
    }

    /// Ends the handshake of a client without a trusted certificate, and with it the session.
    ///
    /// By default certificates are optional: RFC 3207 §4 forbids refusing mail from the Internet for lack of one.
    #[must_use]
    pub fn required(self) -> Self {
        Self { demand: Demand::Required, ..self }
    }

    /// Trusts certificates that were issued for any purpose, such as for servers (extended key usage, RFC 5280
    /// §4.2.1.12).
    ///
    /// By default a certificate must be for clients (`clientAuth`) or have no such restriction. Public authorities now
    /// issue certificates for servers only, and mail servers show those as clients too.
    #[must_use]
    pub fn any_usage(self) -> Self {
        Self { usage: Usage::Any, ..self }
    }

    fn trusting(authorities: &[u8]) -> Result<Self, Fault> {
        let mut roots = RootCertStore::empty();
        for certificate in parse_chain(authorities)? {
            roots.add(certificate).map_err(Fault::UnfitRoot)?;
        }
        let roots = Arc::new(roots);
        let authorities = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), provider())
            .build()
            .map_err(|error| Fault::UnfitRoot(rustls::Error::General(error.to_string())))?;
        Ok(Self { roots, authorities, demand: Demand::Optional, usage: Usage::Client })
    }

    pub(super) fn is_required(&self) -> bool {
        self.demand == Demand::Required
    }

    /// Returns the verifier, which checks signatures and knows the names of the authorities.
    pub(super) fn authorities(&self) -> &dyn ClientCertVerifier {
        &*self.authorities
    }

    /// Verifies that one of the authorities vouches for a certificate.
    pub(super) fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        match self.authorities.verify_client_cert(leaf, others, now) {
            Ok(_) => Ok(()),
            Err(_) if self.usage == Usage::Any && self.is_verified_for_any_usage(leaf, others, now) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn is_verified_for_any_usage(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> bool {
        let algorithms = provider().signature_verification_algorithms.all;
        EndEntityCert::try_from(leaf).is_ok_and(|leaf| {
            leaf.verify_for_usage(algorithms, &self.roots.roots, others, now, AnyUsage, None, None).is_ok()
        })
    }

    /// Judges a client's certificate now, even if it came with a ticket of an earlier session.
    ///
    /// # Errors
    /// The reason why the session cannot continue.
    pub(super) fn judge(&self, chain: &[CertificateDer<'static>]) -> Result<Option<Trust>, rustls::Error> {
        let Some((leaf, others)) = chain.split_first() else {
            return match self.demand {
                Demand::Optional => Ok(None),
                Demand::Required => Err(rustls::Error::NoCertificatesPresented),
            };
        };
        match (self.verify(leaf, others, UnixTime::now()), self.demand) {
            (Ok(()), _) => Ok(Some(Trust::Verified)),
            (Err(error), Demand::Required) => Err(error),
            (Err(error), Demand::Optional) => Ok(Some(Trust::Unverified { reason: reason(&error) })),
        }
    }
}

/// Accepts every usage that can be read.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, mut usages: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        usages.try_for_each(|usage| usage.map(|_| ()))
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
