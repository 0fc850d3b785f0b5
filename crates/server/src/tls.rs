//! TLS: certificates and keys from PEM, and what is known of a TLS session.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate with its key, ready to serve TLS 1.2 and 1.3.
#[derive(Clone)]
pub struct TlsConfig(pub(crate) Arc<ServerConfig>);

/// What is known of a TLS session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsFacts {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The cipher suite by its IANA name.
    pub cipher: &'static str,
    /// The name of the server that the client asked for (SNI).
    pub sni: Option<String>,
}

/// Why there is no TLS with this certificate and key.
#[derive(Debug)]
#[non_exhaustive]
pub struct TlsError {
    /// The file at fault, where it is one.
    path: Option<PathBuf>,
    fault: Fault,
}

#[derive(Debug)]
enum Fault {
    Read(io::Error),
    NotPem(String),
    NoCertificate { holds_key: bool },
    NoKey { holds_certificate: bool, is_encrypted: bool },
    Unfit(rustls::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        match &self.fault {
            Fault::Read(error) => write!(f, "cannot be read: {error}"),
            Fault::NotPem(error) => write!(f, "is not PEM: {error}"),
            Fault::NoCertificate { holds_key: true } => {
                f.write_str("holds a private key but no certificate; are certificate and key the wrong way round?")
            }
            Fault::NoCertificate { holds_key: false } => {
                f.write_str("holds no certificate: expected -----BEGIN CERTIFICATE-----")
            }
            Fault::NoKey { is_encrypted: true, .. } => f.write_str(
                "the private key is encrypted with a passphrase; write it without one, as `openssl pkey -in FILE -out NEW` does",
            ),
            Fault::NoKey { holds_certificate: true, .. } => {
                f.write_str("holds a certificate but no private key; are certificate and key the wrong way round?")
            }
            Fault::NoKey { .. } => f.write_str("holds no private key: expected -----BEGIN PRIVATE KEY-----"),
            Fault::Unfit(rustls::Error::InconsistentKeys(_)) => {
                f.write_str("the private key does not belong to the certificate")
            }
            Fault::Unfit(error) => write!(f, "certificate and key cannot be used: {error}"),
        }
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.fault {
            Fault::Read(error) => Some(error),
            Fault::Unfit(error) => Some(error),
            _ => None,
        }
    }
}

impl TlsConfig {
    /// Reads a certificate chain, its own certificate first, and the private key (PKCS #8, PKCS #1 or SEC 1).
    ///
    /// # Errors
    /// [`TlsError`] names the file and the mistake: it cannot be read, holds something else, the two files are
    /// the wrong way round, the key is encrypted or belongs to another certificate.
    pub fn from_pem_files(certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsError> {
        let (certificate, key) = (certificate.as_ref(), key.as_ref());
        let chain = parse_chain(&read(certificate)?).map_err(|fault| in_file(certificate, fault))?;
        let private = parse_key(&read(key)?).map_err(|fault| in_file(key, fault))?;
        Self::from_parts(chain, private).map_err(|fault| match fault {
            Fault::Unfit(rustls::Error::InvalidCertificate(_)) => in_file(certificate, fault),
            _ => in_file(key, fault),
        })
    }

    /// As [`from_pem_files`](Self::from_pem_files), from texts.
    ///
    /// # Errors
    /// [`TlsError`] names the mistake.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let parts = parse_chain(certificate).and_then(|chain| Ok((chain, parse_key(key)?)));
        parts
            .and_then(|(chain, key)| Self::from_parts(chain, key))
            .map_err(|fault| TlsError { path: None, fault })
    }

    /// Takes a configuration of rustls as it is, for all that this type has no method for.
    #[must_use]
    pub fn from_rustls(config: Arc<ServerConfig>) -> Self {
        Self(config)
    }

    fn from_parts(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, Fault> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map(|config| Self(Arc::new(config)))
            .map_err(Fault::Unfit)
    }
}

fn in_file(path: &Path, fault: Fault) -> TlsError {
    TlsError { path: Some(path.to_owned()), fault }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| in_file(path, Fault::Read(error)))
}

fn parse_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(not_pem)?;
    if chain.is_empty() {
        return Err(Fault::NoCertificate { holds_key: PrivateKeyDer::from_pem_slice(pem).is_ok() });
    }
    Ok(chain)
}

fn parse_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Fault> {
    match PrivateKeyDer::from_pem_slice(pem) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) => Err(Fault::NoKey {
            holds_certificate: CertificateDer::from_pem_slice(pem).is_ok(),
            is_encrypted: String::from_utf8_lossy(pem).contains("ENCRYPTED"),
        }),
        Err(error) => Err(not_pem(error)),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it stands where map_err wants a function of the error")]
fn not_pem(error: pem::Error) -> Fault {
    Fault::NotPem(error.to_string())
}

impl TlsFacts {
    pub(crate) fn of(connection: &rustls::ServerConnection) -> Self {
        use rustls::ProtocolVersion;
        Self {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                _ => "TLS",
            },
            cipher: connection.negotiated_cipher_suite().map_or("unknown", |suite| iana_name(suite.suite())),
            sni: connection.server_name().map(str::to_owned),
        }
    }
}

/// rustls calls the suites of TLS 1.3 `TLS13_…`, which no registry does.
fn iana_name(suite: rustls::CipherSuite) -> &'static str {
    use rustls::CipherSuite;
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or("unknown"),
    }
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConfig(…)")
    }
}
