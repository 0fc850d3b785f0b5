//! A certificate of the server with its key, ready to serve.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ConfigBuilder, ServerConfig, WantsVerifier};

use super::error::{Fault, TlsError};
use super::identity::{Answers, Identity};
use super::pem::{parse_chain, parse_key, read};
use super::version::Versions;

/// A certificate of the server, with the intermediate certificates after it and its private key.
///
/// Clones are cheap and share the key. Several [configurations](crate::tls::TlsConfig) may have the same certificate, such
/// as those of two [listeners](crate::Builder::on).
///
/// # Examples
/// ```no_run
/// use mailchute::tls::{Certificate, TlsConfig};
///
/// let tls = TlsConfig::new(Certificate::from_pem_files("mx.pem", "mx.key")?)
///     .add_certificate(Certificate::from_pem_files("lists.pem", "lists.key")?)?;
/// # Ok::<(), mailchute::tls::TlsError>(())
/// ```
#[derive(Clone)]
pub struct Certificate {
    pub(super) identity: Arc<Identity>,
    /// The configuration of rustls for all versions of TLS, which the certificate is to complete.
    pub(super) base: ConfigBuilder<ServerConfig, WantsVerifier>,
    /// The file of the certificate, for errors.
    file: Option<PathBuf>,
}

impl Certificate {
    /// Reads a certificate chain, the server's own certificate first, and the private key (PKCS #8, PKCS #1 or SEC 1).
    ///
    /// An expired certificate is accepted, with a warning in the log. Text around the PEM, byte order marks of UTF-8
    /// and line ends of any kind are ignored.
    ///
    /// # Errors
    /// [`TlsError`] names the file and the mistake:
    ///
    /// - The file cannot be read, or holds something else.
    /// - The two files are the wrong way round.
    /// - The key is encrypted, or belongs to another certificate.
    /// - The certificate is of X.509 version 1, or its key is of a kind or length that TLS does not use.
    pub fn from_pem_files(certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsError> {
        let (certificate, key) = (certificate.as_ref(), key.as_ref());
        let chain =
            parse_chain(&read(certificate)?).map_err(|fault| TlsError::in_file(certificate, fault))?;
        let private = parse_key(&read(key)?).map_err(|fault| TlsError::in_file(key, fault))?;
        Self::new(chain, private, Some(certificate)).map_err(|fault| {
            TlsError::in_file(if fault.is_of_certificate() { certificate } else { key }, fault)
        })
    }

    /// Does the same as [`from_pem_files`](Self::from_pem_files), from texts.
    ///
    /// # Errors
    /// [`TlsError`] names the text and the mistake.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain = parse_chain(certificate).map_err(|fault| TlsError::in_text("certificate", fault))?;
        let private = parse_key(key).map_err(|fault| TlsError::in_text("private key", fault))?;
        Ok(Self::new(chain, private, None)?)
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        file: Option<&Path>,
    ) -> Result<Self, Fault> {
        let base = Versions::default().base()?;
        let identity = Arc::new(Identity::new(chain, key, base.crypto_provider())?);
        Ok(Self { identity, base, file: file.map(Path::to_owned) })
    }

    /// Returns the DNS names in the certificate. Clients that ask for one of them (SNI) get it.
    #[must_use]
    pub fn names(&self) -> &[String] {
        self.identity.names()
    }

    /// Returns whether the certificate is for the host of this name, as clients decide that (RFC 9525 §6.3).
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        self.identity.answers(Some(host)) != Answers::NotAtAll
    }

    /// Returns the end of the time for which the certificate is valid, or `None` if it cannot be read.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.identity.expires()
    }

    /// Returns the error of a certificate that cannot be used, with its file if it has one.
    pub(super) fn blame(&self, fault: Fault) -> TlsError {
        match &self.file {
            Some(file) => TlsError::in_file(file, fault),
            None => fault.into(),
        }
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.names()).finish()
    }
}
